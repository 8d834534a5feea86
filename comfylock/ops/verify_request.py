"""What a verification is asked for, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.errors import UsageError
from comfylock.findings import Finding
from comfylock.verifying.findings import Item, exit_code

if TYPE_CHECKING:
    from comfylock.lockfile.schema import Lock
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


def refuse_nonsense(request: VerifyRequest) -> None:
    """Refuse what makes no sense together.

    Raises:
        UsageError: with what to leave out.
    """
    if request.inventory is not None and request.installed is None:
        hint = "comfylock verify --installed DIR --inventory FILE"
        raise UsageError("an inventory is made of an installation", hint=hint)
    if len(request.against) == 2 and request.installed is not None:
        hint = "leave one of them out"
        raise UsageError("--installed and two files of --against are three to compare", hint=hint)
    if len(request.against) > 2:
        raise UsageError("--against compares two at the most")


def refuse_unknown(request: VerifyRequest, lock: Lock) -> None:
    """Refuse names that the lock does not have: nothing would be compared for them.

    Raises:
        UsageError: with those that it has.
    """
    named = [entry.groups for entry in lock.workflows]
    named += [pin.groups for pin in lock.packs] + [pin.groups for pin in lock.models]
    groups = {name for names in named for name in names}
    for group in request.groups or ():
        if group not in groups:
            known = f"it has {', '.join(sorted(groups))}" if groups else "it has none"
            raise UsageError(f"the lock has no group `{group}`; {known}")
    targets = [pin.target for pin in lock.python]
    if request.target is not None and request.target not in targets:
        hint = f"--target one of {', '.join(targets)}" if targets else None
        raise UsageError(f"the lock has no target `{request.target}`", hint=hint)
