"""What every kind of output is given and what it gives back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from comfylock.emit.plan import Plan


class Emitted(Struct, frozen=True):
    """One file that was made from a lock."""

    name: str
    """Where it belongs below the output's folder, `/` between parts."""
    data: bytes
    """It carries `lockfile.mark.lock_mark` of the plan's digest."""
    is_executable: bool = False
    notes: tuple[str, ...] = ()
    """What the format could not say, or a person should know: sentences without a full stop."""


class Generator(Protocol):
    """Makes one kind of output."""

    def __call__(self, plan: Plan) -> tuple[Emitted, ...]:
        """Return the files, the main one first; the same plan gives the same bytes.

        Raises:
            EmitError: the lock does not hold what this kind must have.
            UsageError: the settings do not fit together, or not with the lock.
        """
