"""What a verification is asked for, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.findings import Finding
from comfylock.verifying.findings import Item, exit_code

if TYPE_CHECKING:
    from comfylock.verifying.environments import Comparison  # noqa: TC004 - never decoded


class VerifyRequest(Struct, frozen=True):
    """What a run of `verify` is asked for; a project's files are always compared."""

    project: str = "."
    paths: tuple[str, ...] = ()
    installed: str | None = None
    """ComfyUI's folder."""
    model_roots: tuple[str, ...] = ()
    """Further folders that hold `checkpoints`, `loras` and so on."""
    path_files: tuple[str, ...] = ()
    """Further `extra_model_paths.yaml`."""
    groups: tuple[str, ...] | None = ()
    """The groups that must be installed; None: all of them."""
    python: str | None = None
    """An interpreter, or the folder of an environment."""
    target: str | None = None
    """Which of the lock's targets the environment is of; None: the one that fits."""
    server: str | None = None
    """The address of a running ComfyUI."""
    is_upstream: bool = False
    against: tuple[str, ...] = ()
    """One or two locks, projects or inventories."""
    inventory: str | None = None
    """A file to write what is installed to."""


class VerifyOutcome(Struct, frozen=True):
    """What became of it."""

    lock: str
    parts: tuple[str, ...]
    """What was looked at: `files`, `upstream`, `installed`, `python`, `server`, `against`."""
    findings: tuple[Finding, ...] = ()
    items: tuple[Item, ...] = ()
    comparison: Comparison | None = None
    """Two environments side by side, if that was asked for."""
    unreachable: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Services that did not answer: a sentence, and what could therefore not be learnt."""
    hashed: int = 0
    """Files that were read to be hashed; the others had not changed."""
    written: str | None = None
    """The inventory that was written."""

    def exit_code(self, *, strict: bool = False) -> int:
        """Return what it means to a shell; with `strict` warnings fail too."""
        return exit_code(self.findings, strict=strict, away=bool(self.unreachable))
