"""Which pins of a lock have something newer? Asks the services; writes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.ops.check import exists
from comfylock.ops.project import project_config
from comfylock.ops.services import Mode, open_services
from comfylock.ops.tree import meant
from comfylock.resolve.newest import Survey, survey

if TYPE_CHECKING:
    from collections.abc import Mapping

    from comfylock.lockfile.schema import Lock, ModelPin, PackPin
    from comfylock.resolve.side_by_side import Reporter


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
    packs, models = _wanted(lock, names)
    config = project_config(project, environ)
    with open_services(config, environ, Mode(is_offline=is_offline)) as services:
        found = survey(packs, models, services.sources, services.executor, reporter)
        return OutdatedOutcome(found, services.asked())


def _wanted(lock: Lock, names: tuple[str, ...]) -> tuple[tuple[PackPin, ...], tuple[ModelPin, ...]]:
    if not names:
        return lock.packs, lock.models
    wanted = {pair for name in names for pair in meant(lock, name)}
    for entry in lock.workflows:
        if ("workflow", entry.path) in wanted:
            wanted |= {("pack", name) for name in entry.packs}
            wanted |= {("model", key) for key in entry.models}
    return (
        tuple(pin for pin in lock.packs if ("pack", pin.name) in wanted),
        tuple(pin for pin in lock.models if ("model", pin.key) in wanted),
    )
