"""What a lock holds, as trees of workflows, packs and models. No network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.errors import UsageError
from comfylock.lockfile.schema import ComfyuiPin
from comfylock.ops.check import exists
from comfylock.resolve.explain import (
    Branch,
    all_names,
    chosen,
    named,
    needed_tree,
    users_tree,
)

if TYPE_CHECKING:
    from comfylock.lockfile.schema import Lock


class Tree(Struct, frozen=True):
    """The trees of a lock."""

    roots: tuple[Branch, ...]
    is_inverted: bool
    """The roots are packs and models, not workflows."""
    comfyui: ComfyuiPin | None
    unresolved: int
    """What the lock could not pin, shown or not."""


def tree(
    project: str, names: tuple[str, ...] = (), *, is_inverted: bool = False, depth: int = 1
) -> Tree:
    """Return what a project's workflows need, or who needs it; of some names if any are given.

    Raises:
        UsageError: there is no lock, or nothing in it has one of the names.
        LockParseError, LockVersionError, LockConflictError: it cannot be understood.
    """
    lock = exists(project)
    # Names are looked for at the first level, also where that is not shown.
    shown = users_tree(lock, max(depth, 1)) if is_inverted else needed_tree(lock, max(depth, 1))
    if names:
        shown = chosen(shown, {pair for name in names for pair in meant(lock, name)})
    if not depth:
        shown = tuple(Branch(r.kind, r.name, r.pin, r.groups, r.remarks) for r in shown)
    return Tree(shown, is_inverted, lock.comfyui, len(lock.unresolved))


def meant(lock: Lock, name: str) -> set[tuple[str, str]]:
    """Return the kinds and names that somebody means; a class type means its packs.

    Raises:
        UsageError: nothing in the lock has that name.
    """
    found = named(lock, name)
    if found.is_empty:
        from comfylock.registry.nearest import nearest  # noqa: PLC0415 - only mistakes need it

        near = nearest(name.strip(), all_names(lock))
        hint = f"did you mean `{near[0]}`?" if near else "comfylock tree"
        raise UsageError(f"nothing called `{name}` is locked", hint=hint)
    wanted: set[tuple[str, str]] = {("workflow", path) for path in found.workflows}
    wanted |= {("pack", pack) for pack in found.packs}
    wanted |= {("model", key) for key in found.models}
    wanted |= {("class-type", name) for name in found.class_types}
    wanted |= set(found.others)
    classes = set(found.class_types)
    return wanted | {("pack", pin.name) for pin in lock.packs if classes & set(pin.provides)}
