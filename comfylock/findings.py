"""What a look at a lock or a machine found: one shape, so that every format can print it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Severity = Literal["note", "warning", "error"]
"""How grave, in the words of SARIF."""

SEVERITIES: tuple[Severity, ...] = ("note", "warning", "error")
"""From the lightest to the gravest."""

About = Literal[
    "workflow",
    "file",
    "comfyui",
    "pack",
    "model",
    "python",
    "image",
    "server",
    "settings",
    "lock",
]
"""What a subject is."""


class Meaning(Struct, frozen=True):
    """What one kind of finding says."""

    severity: Severity
    """Unless a project says otherwise."""
    told: str
    """One sentence without a full stop."""
    is_integrity: bool = False
    """Bytes are not those of the pin."""
    is_unreadable: bool = False
    """Something could not be looked at."""
    is_open: bool = False
    """Nothing speaks against the subject, and not all of it could be compared."""


class Finding(Struct, frozen=True):
    """One thing that somebody should know, and what mends it."""

    kind: str
    """A stable word: `model-missing`, `pickle-danger`."""
    severity: Severity
    about: About
    subject: str
    """A pack's name, a model's `folder/name`, a path: what the finding is about."""
    message: str
    """One sentence without a full stop; a stranger's words may be in it."""
    place: str | None = None
    """Where in the subject, or in which file: `archive/data.pkl, byte 40`."""
    mend: str | None = None
    """One command, or what to do where none can; None if nothing mends it."""
    expected: str | None = None
    actual: str | None = None
    ignored: str | None = None
    """The reason for which a person ignores it; None if nobody does."""


def rank(severity: Severity) -> int:
    """Return a severity as a number: the graver, the higher."""
    return SEVERITIES.index(severity)
