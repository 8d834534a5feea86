"""Would moving a pin break a workflow? The question that `lock --upgrade` asks.

`judge_move` is pure: whoever has the definitions of both versions gets the answer.
`judge_lock_moves` has them read from the source of both pins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from comfylock.definitions.pack_files import collect_files
from comfylock.definitions.set_file import read_set
from comfylock.definitions.signature_source import source_signatures
from comfylock.errors import SourceUnavailableError
from comfylock.lockfile.comfyui_needs import NAME as COMFYUI
from comfylock.lockfile.schema import PackPin
from comfylock.model import Problem
from comfylock.ops.upgrade_check import Impact, check_upgrade
from comfylock.sources.interface import Missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from comfylock.definitions.signature import DefinitionSet
    from comfylock.lockfile.schema import ComfyuiPin, Lock
    from comfylock.registry.store import Registry
    from comfylock.sources.pin_definitions import PinDefinitions

    Pin = PackPin | ComfyuiPin


class Move(Struct, frozen=True):
    """What moving one pin would do to workflows."""

    name: str
    broken: tuple[Impact, ...] = ()
    """Workflows that work with the old version and would not with the new one."""
    changed: tuple[Impact, ...] = ()
    """Workflows that would behave differently."""
    unreadable: tuple[Problem, ...] = ()
    """Workflows that could not be read."""
    note: str | None = None
    """Why nothing can be said, where that is so; a sentence."""

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


def judge_lock_moves(
    old: Lock,
    new: Lock,
    definitions: PinDefinitions,
    workflows: Sequence[str],
    registry: Registry,
) -> tuple[Move, ...]:
    """Return what each pin that moves between two locks would do to workflows, sorted by name.

    Pins that come or go are no moves. Uses the network for definitions that nobody read yet;
    what a service cannot give is a note of that move.
    """
    moves: list[Move] = []
    for name, before, after in _moved(old, new):
        try:
            sides = [_definitions(pin, definitions) for pin in (before, after)]
        except SourceUnavailableError as error:
            moves.append(Move(name, note=f"what it declares is not known: {error}"))
            continue
        missing = next((each for each in sides if isinstance(each, str)), None)
        if missing is not None:
            moves.append(Move(name, note=missing))
            continue
        first, second = (each for each in sides if not isinstance(each, str))
        moves.append(judge_move(name, first, second, workflows, registry))
    return tuple(moves)


def _moved(old: Lock, new: Lock) -> Iterator[tuple[str, Pin, Pin]]:
    """Yield the pins that both locks have and that differ."""
    if old.comfyui and new.comfyui and old.comfyui.commit != new.comfyui.commit:
        yield COMFYUI, old.comfyui, new.comfyui
    before = {pin.name: pin for pin in old.packs}
    for pin in sorted(new.packs, key=lambda each: each.name):
        held = before.get(pin.name)
        if held is not None and (held.version, held.commit) != (pin.version, pin.commit):
            yield pin.name, held, pin


def _definitions(pin: Pin, definitions: PinDefinitions) -> DefinitionSet | str:
    """Return what a pin declares, or a sentence why that is not known."""
    if pin.commit and pin.repository:
        found = definitions.of_commit(pin.repository, pin.commit)
    elif isinstance(pin, PackPin) and pin.source == "comfy-registry" and pin.version:
        found = definitions.of_version(pin.name, pin.version)
    else:
        return "what it declares can be read of git and of the Comfy Registry alone"
    if isinstance(found, Missing):
        return found.message
    return read_set(msgspec.json.decode(found.text))


def definitions_of(
    module: str, names: Iterable[str], read: Callable[[str], bytes | None]
) -> DefinitionSet:
    """Return what the files of one version declare, wherever `read` finds them. Runs nothing.

    `names` are paths relative to the pack, or to ComfyUI's checkout; `module` is what the pack's
    folder in `custom_nodes` is called.
    """
    return source_signatures(collect_files(names, read), module=module)[0]
