"""Would moving a pin break a workflow? The question that `lock --upgrade` and `outdated` may ask.

Pure: whoever has the definitions of both versions (from source at a commit, from an archive,
from a saved set) gets the answer; nothing is fetched here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.definitions.pack_files import collect_files
from comfylock.definitions.signature_source import source_signatures
from comfylock.model import Problem
from comfylock.ops.upgrade_check import Impact, check_upgrade

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from comfylock.definitions.signature import DefinitionSet
    from comfylock.registry.store import Registry


class Move(Struct, frozen=True):
    """What moving one pin would do to workflows."""

    name: str
    broken: tuple[Impact, ...] = ()
    """Workflows that work with the old version and would not with the new one."""
    changed: tuple[Impact, ...] = ()
    """Workflows that would behave differently."""
    unreadable: tuple[Problem, ...] = ()
    """Workflows that could not be read."""

    @property
    def is_safe(self) -> bool:
        """Say whether nothing is known to break."""
        return not self.broken


def judge_move(
    name: str,
    old: DefinitionSet,
    new: DefinitionSet,
    workflows: Iterable[str],
    registry: Registry,
) -> Move:
    """Return what moving a pin from one set of definitions to another does to workflows.

    `name` is the pack's, or `comfyui`; each set may hold that one pack alone. No network.
    """
    outcome = check_upgrade(old, new, workflows, registry)
    broken = tuple(each for each in outcome.impacts if each.is_broken)
    changed = tuple(each for each in outcome.impacts if each.hits and not each.is_broken)
    return Move(name, broken, changed, outcome.unreadable)


def definitions_of(
    module: str, names: Iterable[str], read: Callable[[str], bytes | None]
) -> DefinitionSet:
    """Return what the files of one version declare, wherever `read` finds them. Runs nothing.

    `names` are paths relative to the pack, or to ComfyUI's checkout; `module` is what the pack's
    folder in `custom_nodes` is called.
    """
    return source_signatures(collect_files(names, read), module=module)[0]
