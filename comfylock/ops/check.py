"""Is the lock current? Workflows against lock: no network, no cache, nothing written (P14, P15)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.errors import UsageError
from comfylock.lockfile.edited import refuse_edited
from comfylock.lockfile.satisfy import Drift, unsatisfied
from comfylock.lockfile.schema import Lock
from comfylock.model import Problem
from comfylock.ops.project import load_lock, lock_path, locked_inputs, project_config, project_needs
from comfylock.ops.registry import project_registry

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from comfylock.lockfile.drift import Kind
    from comfylock.ops.places import Place  # noqa: TC004 - an outcome is never decoded

BY_ABSENCE: frozenset[Kind] = frozenset(
    {"GroupChanged", "OrphanGap", "OrphanModel", "OrphanNodeType", "OrphanPin"}
)
"""Reasons that a workflow which cannot be read gives by not being there."""


class CheckOutcome(Struct, frozen=True):
    """Whether a lock is what the workflows need, and every reason why not."""

    path: str
    lock: Lock
    drift: tuple[Drift, ...] = ()
    unreadable: tuple[tuple[str, str], ...] = ()
    """Inputs that could not be read: path and sentence."""
    findings: tuple[Problem, ...] = ()
    read: frozenset[str] = frozenset()
    """Workflows that were compared, by their paths in the lock."""
    unread: dict[str, int] = {}
    """Of these, those of which some nodes could not be read: how many."""
    places: dict[Drift, tuple[Place, ...]] = {}
    """The nodes that show each reason (P13)."""

    @property
    def is_current(self) -> bool:
        """Say whether a resolution would leave the lock as it is."""
        return not self.drift and not self.unreadable


def check(
    project: str = ".",
    paths: tuple[str, ...] = (),
    environ: Mapping[str, str] | None = None,
    *,
    allows_unresolved: bool = False,
    requires_hashes: bool = False,
) -> CheckOutcome:
    """Compare a project's workflows with its lock. No network.

    Raises:
        UsageError: there is no lock.
        ConfigError, LockParseError, LockVersionError, LockConflictError: something is faulty.
    """
    environ = os.environ if environ is None else environ
    lock = exists(project)
    config = project_config(project, environ)
    inputs = locked_inputs(project, paths, config, lock)
    registry = project_registry(project)
    needs = project_needs(project, inputs, config, registry)
    beside: dict[str, str] = {}
    if lock.python:
        from comfylock.ops.companions import digests_of, read_companions  # noqa: PLC0415

        beside = digests_of(read_companions(project, lock))
    drift = unsatisfied(
        lock,
        needs.requirements,
        digests=beside,
        allow_unresolved=allows_unresolved or config.allow_unresolved,
        require_hashes=requires_hashes or config.require_hashes,
    )
    if needs.unreadable:
        drift = _judged(drift, lock, {path for path, _ in needs.unreadable})
    places: dict[Drift, tuple[Place, ...]] = {}
    if drift:
        from comfylock.ops.places import drift_places  # noqa: PLC0415 - a current lock needs none

        places = drift_places(project, drift, needs.requirements, lock)
    return CheckOutcome(
        lock_path(project),
        lock,
        drift,
        needs.unreadable,
        needs.findings,
        frozenset(need.path for need in needs.requirements.workflows),
        needs.unread,
        places,
    )


def _judged(drift: tuple[Drift, ...], lock: Lock, unreadable: set[str]) -> tuple[Drift, ...]:
    """Leave out what only looks superfluous because these files, or folders, cannot be read."""
    unseen = [entry for entry in lock.workflows if covers(unreadable, entry.path)]
    paths = {entry.path for entry in unseen}
    names = {name for entry in unseen for name in (*entry.packs, *entry.models)}
    names |= {kind for pin in lock.packs if pin.name in names for kind in pin.provides}
    names |= {gap.name for gap in lock.unresolved if not paths.isdisjoint(gap.workflows)}
    return tuple(
        each
        for each in drift
        if not (each.kind == "OrphanWorkflow" and each.subject in paths)
        and not (each.kind in BY_ABSENCE and each.workflow is None and each.subject in names)
    )


def covers(paths: Collection[str], path: str) -> bool:
    """Say whether a workflow is one of these files, or in one of these folders."""
    file = path.partition("#")[0]
    return any(file == each or file.startswith(f"{each}/") for each in paths)


def exists(project: str) -> Lock:
    """Return a project's lock, whatever its workflows need by now. No network.

    Raises:
        UsageError: there is none.
        LockParseError, LockVersionError, LockConflictError: it cannot be understood.
    """
    path = lock_path(project)
    lock = load_lock(path)
    if lock is None:
        raise UsageError(f"no lockfile at `{path}`", hint="comfylock lock")
    refuse_edited(lock, path)
    return lock
