"""Which pins of a lock have something newer? Asks the services; writes nothing."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from comfylock.lockfile.comfyui_needs import NAME
from comfylock.lockfile.document import image_key
from comfylock.ops.check import exists
from comfylock.ops.project import project_config
from comfylock.ops.services import Mode, open_services
from comfylock.ops.tree import meant
from comfylock.resolve.newest import Survey, survey
from comfylock.resolve.newest_environment import newer_comfyui, newer_image

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from comfylock.lockfile.schema import Lock
    from comfylock.resolve.newest import Newer
    from comfylock.resolve.side_by_side import Reporter
    from comfylock.resolve.sources import Sources


class OutdatedOutcome(Struct, frozen=True):
    """What is newer, and what it took to learn that."""

    survey: Survey
    asked: dict[str, tuple[int, int]]
    """By service how many questions there were, and how many went to it."""


def outdated(
    project: str,
    names: tuple[str, ...],
    environ: Mapping[str, str],
    *,
    is_offline: bool = False,
    reporter: Reporter | None = None,
) -> OutdatedOutcome:
    """Return what is newer than the pins of a lock, of some names if any are given.

    Services that do not answer are in the outcome, not raised. Uses the network unless told not
    to. A workflow's name means all that it needs.

    Raises:
        UsageError: there is no lock, or nothing in it has one of the names.
        ConfigError, LockParseError, LockVersionError, LockConflictError: something is faulty.
    """
    lock = exists(project)
    wanted = _wanted(lock, names)
    config = project_config(project, environ)
    with open_services(config, environ, Mode(is_offline=is_offline)) as services:
        sources = services.sources
        below = _environment(wanted, sources)
        found = survey(wanted.packs, wanted.models, sources, services.executor, reporter, below)
        return OutdatedOutcome(found, services.asked())


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
