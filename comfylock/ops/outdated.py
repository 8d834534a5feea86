"""Which pins of a lock have something newer, and what would it break? Writes nothing."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from comfylock.lockfile.comfyui_needs import NAME
from comfylock.lockfile.document import image_key
from comfylock.ops.check import exists
from comfylock.ops.places import file_of
from comfylock.ops.project import project_config
from comfylock.ops.registry import project_registry
from comfylock.ops.services import RECENT, Mode, open_services
from comfylock.ops.tree import meant
from comfylock.resolve.newest import Survey, survey
from comfylock.resolve.newest_environment import newer_comfyui, newer_image

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from comfylock.lockfile.schema import ComfyuiPin, Lock, PackPin
    from comfylock.ops.services import Services
    from comfylock.ops.upgrade_moves import Move, PinMove  # noqa: TC004 - never decoded
    from comfylock.resolve.newest import Newer
    from comfylock.resolve.side_by_side import Reporter
    from comfylock.resolve.sources import Sources


class OutdatedOutcome(Struct, frozen=True):
    """What is newer, and what it took to learn that."""

    survey: Survey
    asked: dict[str, tuple[int, int]]
    """By service how many questions there were, and how many went to it."""
    moves: dict[str, Move] = {}
    """By name what the newest would do to the locked workflows: of ComfyUI and packs that are
    outdated, where that was asked for."""


def outdated(
    project: str,
    names: tuple[str, ...],
    environ: Mapping[str, str],
    *,
    is_offline: bool = False,
    reads_definitions: bool = True,
    reporter: Reporter | None = None,
) -> OutdatedOutcome:
    """Return what is newer than the pins of a lock, of some names if any are given.

    With `reads_definitions` the source of what is outdated and of what is newest is read, never
    run, and the locked workflows are judged by both. Services that do not answer are in the
    outcome, not raised. Uses the network unless told not to. A workflow's name means all that it
    needs.

    Raises:
        UsageError: there is no lock, or nothing in it has one of the names.
        ConfigError, LockParseError, LockVersionError, LockConflictError: something is faulty.
    """
    lock = exists(project)
    wanted = _wanted(lock, names)
    config = project_config(project, environ)
    with open_services(config, environ, Mode(is_offline=is_offline, max_age=RECENT)) as services:
        sources = services.sources
        below = _environment(wanted, sources)
        found = survey(wanted.packs, wanted.models, sources, services.executor, reporter, below)
        moves: dict[str, Move] = {}
        if reads_definitions:
            moves = _moves(project, lock, found, services, reporter)
        return OutdatedOutcome(found, services.asked(), moves)


def _moves(
    project: str, lock: Lock, found: Survey, services: Services, reporter: Reporter | None
) -> dict[str, Move]:
    """Return what moving to the newest would do, by the pins' names."""
    wanted = [move for entry in found.entries if (move := _pin_move(project, lock, entry))]
    if not wanted:
        return {}
    from comfylock.ops.upgrade_moves import judge_pins  # noqa: PLC0415 - only if something is newer

    registry = project_registry(project)
    judged = judge_pins(
        wanted, services.definitions, registry, services.executor, project, reporter
    )
    return {move.name: move for move in judged}


def _pin_move(project: str, lock: Lock, entry: Newer) -> PinMove | None:
    """Return the move from a pin to what is newest; None if it is none of ComfyUI or a pack."""
    if entry.status != "outdated" or entry.kind not in ("comfyui", "pack"):
        return None
    from comfylock.ops.upgrade_moves import PinMove  # noqa: PLC0415 - only if something is newer

    after: ComfyuiPin | PackPin
    if entry.kind == "comfyui":
        assert lock.comfyui is not None
        before: ComfyuiPin | PackPin = lock.comfyui
        after = replace(lock.comfyui, version=entry.newest, commit=entry.commit)
        users = lock.workflows
    else:
        before = pack = next(pin for pin in lock.packs if pin.name == entry.name)
        name = entry.renamed or pack.name
        after = replace(pack, name=name, version=entry.newest, commit=entry.commit)
        users = tuple(each for each in lock.workflows if pack.name in each.packs)
    files = dict.fromkeys(file_of(project, each.path) for each in users)
    return PinMove(entry.name, before, after, tuple(files))


def _environment(wanted: Lock, sources: Sources) -> dict[str, Callable[[], Newer]]:
    """Return the questions about ComfyUI and images."""
    found: dict[str, Callable[[], Newer]] = {
        image_key(pin): partial(newer_image, pin, sources.images) for pin in wanted.images
    }
    if wanted.comfyui is not None:
        found[NAME] = partial(newer_comfyui, wanted.comfyui, sources.git)
    return found


def _wanted(lock: Lock, names: tuple[str, ...]) -> Lock:
    """Return the pins that are meant, as a lock of these alone."""
    if not names:
        return lock
    wanted = {pair for name in names for pair in meant(lock, name)}
    for entry in lock.workflows:
        if ("workflow", entry.path) in wanted:
            wanted |= {("pack", name) for name in entry.packs}
            wanted |= {("model", key) for key in entry.models}
    return replace(
        lock,
        comfyui=lock.comfyui if ("comfyui", NAME) in wanted else None,
        images=tuple(pin for pin in lock.images if ("image", image_key(pin)) in wanted),
        packs=tuple(pin for pin in lock.packs if ("pack", pin.name) in wanted),
        models=tuple(pin for pin in lock.models if ("model", pin.key) in wanted),
    )
