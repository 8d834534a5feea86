"""What came of resolving: a lock, what stands in its way, and what a person should know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from comfylock.lockfile.schema import Gap, Lock, ModelPin, PackPin, PythonPin

if TYPE_CHECKING:
    from comfylock.resolve.python_packages import (
        PythonResolution,  # noqa: TC004 - outcomes are never decoded
    )

NoticeCode = Literal[
    "pending",
    "flagged",
    "deprecated",
    "banned",
    "stamp-missing",
    "stamps-differ",
    "unpinned-request",
    "renamed",
    "provenance",
    "not-provided",
    "gated",
    "private",
    "unhashed",
    "fallback",
    "mirror",
    "doubt",
    "protected",
    "requirement",
    "built",
]
"""Why something is worth a look; stable, part of `--json`."""


class Notice(Struct, frozen=True, order=True):
    """Something that a person should know; not in the way of a lock, but of `--strict`."""

    subject: str
    """The pack's name, the model's `folder/name`, the image or the target."""
    code: NoticeCode
    message: str
    """One sentence without a full stop."""


class Unreachable(Struct, frozen=True, order=True):
    """A service that did not answer, and what could therefore not be learnt."""

    service: str
    message: str
    subjects: tuple[str, ...] = ()
    hint: str = ""
    """What to do about it, if that is known."""


class Pinned(Struct, frozen=True):
    """A pin that was found, with what there is to say about it."""

    pin: PackPin | ModelPin
    notices: tuple[Notice, ...] = ()


class Packages(Struct, frozen=True):
    """The Python packages of a lock, the files that hold them, and what there is to say."""

    pins: tuple[PythonPin, ...] = ()
    files: dict[str, bytes] = {}
    """File name to its bytes, of all targets."""
    gaps: tuple[Gap, ...] = ()
    notices: tuple[Notice, ...] = ()
    resolutions: tuple[PythonResolution, ...] = ()
    """Of the targets that were chosen anew, sorted by target."""
    kept: int = 0


class Resolution(Struct, frozen=True):
    """A lock with everything that could be pinned, and all that could not."""

    lock: Lock
    notices: tuple[Notice, ...] = ()
    gaps: tuple[Gap, ...] = ()
    """Also in the lock, as its `unresolved`."""
    mismatches: tuple[Gap, ...] = ()
    """Of the gaps, those where bytes are not what somebody promised."""
    unreachable: tuple[Unreachable, ...] = ()
    """If there are any the lock is not whole and must not be written."""
    kept: int = 0
    """Pins of the old lock that stayed without a question."""
    files: dict[str, bytes] = {}
    """What stands beside the lock, by name: the pylock of each target."""
    python: tuple[PythonResolution, ...] = ()
    """How the Python packages were chosen, of the targets that were chosen anew."""


class Moves(Struct, frozen=True):
    """Which pins may move although they would still do."""

    everything: bool = False
    packages: dict[str, str | None] = {}
    """Pack or model name to the exact version asked for, None for the newest."""

    def moves(self, *names: str) -> bool:
        """Say whether an entry with one of these names may move."""
        return self.everything or any(name.lower() in self.packages for name in names)

    def names(self, *names: str) -> bool:
        """Say whether an entry was asked for by name."""
        return any(name.lower() in self.packages for name in names)

    def version_of(self, *names: str) -> str | None:
        """Return the exact version asked for, if any."""
        return next((v for n in names if (v := self.packages.get(n.lower()))), None)
