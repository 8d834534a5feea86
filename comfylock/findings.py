"""What a look at a lock or a machine found: one shape, so that every format can print it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Severity = Literal["note", "warning", "error"]
"""How grave, in the words of SARIF."""

SEVERITIES: tuple[Severity, ...] = ("note", "warning", "error")
"""From the lightest to the gravest."""

About = Literal["comfyui", "pack", "python", "model", "workflow", "file", "settings", "lock"]
"""What a subject is."""


class Finding(Struct, frozen=True, order=True):
    """One thing that somebody should know, and what mends it."""

    about: About
    subject: str
    """A pack's name, a model's `folder/name`, a path: what the finding is about."""
    kind: str
    """A stable word: `pickle-danger`."""
    severity: Severity
    message: str
    """One sentence without a full stop; a stranger's words may be in it."""
    place: str = ""
    """Where in the subject, or in which file: `archive/data.pkl, byte 40`."""
    mend: str = ""
    """One command, or what to write where; empty if nothing mends it."""
    ignored: str | None = None
    """The reason for which a person ignores it; None if nobody does."""


def rank(severity: Severity) -> int:
    """Return a severity as a number: the graver, the higher."""
    return SEVERITIES.index(severity)
