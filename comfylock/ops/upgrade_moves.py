"""Would moving a pin break a workflow? The question that `lock --upgrade` asks.

`judge_move` is pure: whoever has the definitions of both versions gets the answer.
`judge_pins` has them read from the source of both pins.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from comfylock.definitions.pack_files import collect_files
from comfylock.definitions.set_file import read_set
from comfylock.definitions.signature_source import source_signatures
from comfylock.errors import RefusedError, SourceUnavailableError
from comfylock.lockfile.comfyui_needs import NAME as COMFYUI
from comfylock.lockfile.schema import ComfyuiPin, PackPin
from comfylock.model import Problem
from comfylock.names import printable
from comfylock.ops.upgrade_check import Impact, check_upgrade
from comfylock.ops.workflow_check import shown_path
from comfylock.sources.interface import Missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from concurrent.futures import Executor

    from comfylock.definitions.signature import DefinitionSet
    from comfylock.lockfile.schema import Lock
    from comfylock.registry.store import Registry
    from comfylock.resolve.side_by_side import Reporter
    from comfylock.sources.pin_definitions import PinDefinitions
    from comfylock.workflow.discover import Paths

Pin = PackPin | ComfyuiPin
Mark = Literal["breaks", "changes", "unknown", "safe"]

MAX_NAMES = 4
"""Class types that one sentence names."""


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

    @property
    def mark(self) -> Mark:
        """Return the worst that is known of it, in a word; `unknown`: `note` has the reason."""
        if self.broken:
            return "breaks"
        if self.note is not None or self.unreadable:
            return "unknown"
        return "changes" if self.changed else "safe"


def judge_move(
    name: str,
    old: DefinitionSet,
    new: DefinitionSet,
    workflows: Paths,
    registry: Registry,
) -> Move:
    """Return what moving a pin from one set of definitions to another does to workflows.

    `name` is the pack's, or `comfyui`; each set may hold that one pack alone. No network.
    """
    outcome = check_upgrade(old, new, workflows, registry)
    broken = tuple(each for each in outcome.impacts if each.is_broken)
    changed = tuple(each for each in outcome.impacts if each.hits and not each.is_broken)
    return Move(name, broken, changed, outcome.unreadable)


class PinMove(Struct, frozen=True):
    """A pin that moves, or could, and the workflows that it may matter to."""

    name: str
    before: Pin
    after: Pin
    workflows: tuple[str, ...]
    """Files."""


def judge_lock_moves(
    old: Lock,
    new: Lock,
    definitions: PinDefinitions,
    workflows: Sequence[str],
    registry: Registry,
    executor: Executor,
    project: str = "",
) -> tuple[Move, ...]:
    """Return what each pin that moves between two locks would do to workflows, sorted by name.

    Pins that come or go are no moves. Uses the network as `judge_pins`.
    """
    files = tuple(workflows)
    moves = [PinMove(name, before, after, files) for name, before, after in _moved(old, new)]
    return judge_pins(moves, definitions, registry, executor, project)


def judge_pins(
    moves: Sequence[PinMove],
    definitions: PinDefinitions,
    registry: Registry,
    executor: Executor,
    project: str = "",
    reporter: Reporter | None = None,
) -> tuple[Move, ...]:
    """Return what each of these moves would do to its workflows, in the order given.

    Workflows are called as a lock calls them: relative to the project's folder.

    Uses the network for definitions that nobody read yet, side by side; what a service cannot
    give is a note of that move. A move that no workflow hangs on is not looked into.
    """
    if reporter is not None:
        reporter.begin(sum(bool(move.workflows) for move in moves))
    asked = [
        executor.submit(_both, move, definitions) if move.workflows else None for move in moves
    ]
    found: list[Move] = []
    for move, future in zip(moves, asked, strict=True):
        if future is None:
            found.append(Move(move.name))
            continue
        sides = future.result()
        if isinstance(sides, str):
            found.append(Move(move.name, note=sides))
        else:
            found.append(_relative(_judged(move, sides, registry), project))
        if reporter is not None:
            reporter.done(move.name)
    return tuple(found)


def _both(move: PinMove, definitions: PinDefinitions) -> tuple[DefinitionSet, DefinitionSet] | str:
    """Return what both versions of a pin declare, or a sentence why that is not known."""
    try:
        before, after = (_definitions(pin, definitions) for pin in (move.before, move.after))
    except (SourceUnavailableError, RefusedError) as error:
        return f"what it declares is not known: {error}"
    if isinstance(before, str):
        return before
    return after if isinstance(after, str) else (before, after)


def _judged(move: PinMove, sides: tuple[DefinitionSet, DefinitionSet], registry: Registry) -> Move:
    found = judge_move(move.name, *sides, move.workflows, registry)
    note = _unread(move.before, sides)
    return found if note is None else replace(found, note=note)


def _relative(move: Move, project: str) -> Move:
    """Return a move with its workflows' paths without the project's folder in front."""
    before = shown_path(os.path.join(project, "")) if project else ""
    return replace(
        move,
        broken=tuple(replace(each, path=each.path.removeprefix(before)) for each in move.broken),
        changed=tuple(replace(each, path=each.path.removeprefix(before)) for each in move.changed),
        unreadable=tuple(
            replace(each, path=each.path.removeprefix(before)) for each in move.unreadable
        ),
    )


def _unread(pin: Pin, sides: tuple[DefinitionSet, DefinitionSet]) -> str | None:
    """Return which class types of a pack, that workflows need, its source does not tell of."""
    needed = pin.provides if isinstance(pin, PackPin) else ()
    old, new = (each.classes for each in sides)
    if not old or (not new and sides[1].is_partial):
        version = "the newer" if old else "the locked"
        return f"the source of {version} version declares no class type that can be read"
    hidden = [
        name
        for name in needed
        if (name not in new and (sides[1].is_partial or name not in old))
        or any(side[name].is_partial for side in (old, new) if name in side)
    ]
    if not hidden:
        return None
    told = ", ".join(f"`{printable(name, 60)}`" for name in hidden[:MAX_NAMES])
    more = f" and {len(hidden) - MAX_NAMES} more" if len(hidden) > MAX_NAMES else ""
    return f"its source does not tell without being run what {told}{more} takes"


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
