"""Pin everything that workflows need: analysis, services and the old lock make a new one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from comfylock.errors import LockConflictError, LockParseError, WriteError
from comfylock.lockfile.canonical import lock_faults
from comfylock.lockfile.diff import Changes, diff
from comfylock.lockfile.edited import refuse_edited
from comfylock.lockfile.markers import split_conflict
from comfylock.lockfile.merge import Conflict, merge
from comfylock.lockfile.read import read_lock
from comfylock.lockfile.satisfy import unsatisfied
from comfylock.lockfile.schema import Lock
from comfylock.lockfile.write import refuse_loss, write_lock
from comfylock.ops.companions import digests_of, read_companions, write_lock_and_companions
from comfylock.ops.lock_moves import check_moves, locked_names, refuse_unknown
from comfylock.ops.places import file_of
from comfylock.ops.project import (
    Needs,
    lock_path,
    locked_inputs,
    project_config,
    project_needs,
    read_bytes,
)
from comfylock.ops.registry import project_registry
from comfylock.ops.services import RECENT, Effort, Mode, open_services
from comfylock.resolve.engine import resolve
from comfylock.resolve.outcome import Moves, Resolution

if TYPE_CHECKING:
    from collections.abc import Mapping

    from comfylock.config import Config
    from comfylock.ops.analyze import Reporter as FileReporter
    from comfylock.ops.services import Services
    from comfylock.ops.upgrade_moves import Move  # noqa: TC004 - never decoded
    from comfylock.python.changes import PackageChange  # noqa: TC004 - never decoded
    from comfylock.registry.store import Registry
    from comfylock.resolve.side_by_side import Reporter


FOLLOWING = frozenset({"options", "comfyui", "image", "python"})
"""What follows from the project and its workflows, not from either side of a merge."""


class LockRequest(Struct, frozen=True):
    """What a run of `lock` is asked for."""

    project: str = "."
    paths: tuple[str, ...] = ()
    moves: Moves = Moves()
    is_offline: bool = False
    is_dry: bool = False
    """Write nothing."""
    allows_unresolved: bool = False
    requires_hashes: bool = False
    is_strict: bool = False
    """Refuse to write where there is anything to note."""
    checks_definitions: bool = False
    """Refuse to write where a move would break a workflow that works."""
    allows_breaking: bool = False
    """Write all the same, and say what breaks."""
    record: str | None = None
    """A folder to keep every answer in that was used."""
    replay: str | None = None
    """A folder of such answers, instead of all services."""
    effort: Effort = Effort()


class LockOutcome(Struct, frozen=True):
    """What became of it."""

    path: str
    resolution: Resolution
    changes: Changes
    needs: Needs
    unhashed: tuple[str, ...] = ()
    """Models without a digest, if those are refused."""
    conflicts: tuple[Conflict, ...] = ()
    """Entries of a merge that both sides have and neither may win silently."""
    is_writable: bool = False
    """Nothing stands in the way of this lock."""
    is_written: bool = False
    """The file was changed by this run."""
    asked: dict[str, tuple[int, int]] = {}
    """Service to the facts that were needed of it, and those of them that it was asked for."""
    is_offline: bool = False
    moves: tuple[Move, ...] = ()
    """What the pins that move do to the workflows, where that was asked for."""
    packages: dict[str, tuple[PackageChange, ...]] = {}
    """Target to the Python packages that came, went or moved; new targets are not in it."""


class Learnt(Struct, frozen=True):
    """What a run learnt besides the resolution."""

    asked: dict[str, tuple[int, int]] = {}
    moves: tuple[Move, ...] = ()


def lock(
    request: LockRequest,
    environ: Mapping[str, str] | None = None,
    *,
    reporter: Reporter | None = None,
    files: FileReporter | None = None,
) -> LockOutcome:
    """Resolve a project's workflows and write its lock, if nothing stands in the way.

    What stands in the way is in the outcome, not raised. Uses the network unless told not to.
    `environ` holds tokens, endpoints and the cache's place; the process's own by default.

    Raises:
        UsageError, ConfigError, LockParseError: something given is faulty.
        LockVersionError: the lock is of a newer format, or would lose what a newer revision says.
        WriteError: the lock cannot be written; the old one is intact.
    """
    environ = os.environ if environ is None else environ
    config = project_config(request.project, environ)
    path = lock_path(request.project)
    data = read_bytes(path)
    old, conflicts = _old_lock(data, path, request.moves)
    inputs = locked_inputs(request.project, request.paths, config, old)
    registry = project_registry(request.project)
    needs = project_needs(request.project, inputs, config, registry, files)
    beside = read_companions(request.project, old)
    doubtful = check_moves(request.moves, needs, old, beside)
    if (
        data is not None
        and not conflicts
        and _is_current(request, config, data, old, needs, beside)
    ):
        kept = len(old.packs) + len(old.models) + len(old.images) + len(old.python)
        unchanged = Resolution(old, gaps=old.unresolved, kept=kept)
        return LockOutcome(path, unchanged, Changes(), needs, is_writable=True)
    refuse_loss(old)
    resolution, learnt = _resolved(request, config, environ, needs, old, registry, reporter, beside)
    refuse_unknown(doubtful, locked_names(resolution.lock))
    allowed = (
        request.allows_unresolved or config.allow_unresolved,
        request.requires_hashes or config.require_hashes,
    )
    return _settled(request, allowed, old, needs, resolution, conflicts, learnt, beside)


def _resolved(
    request: LockRequest,
    config: Config,
    environ: Mapping[str, str],
    needs: Needs,
    old: Lock,
    registry: Registry,
    reporter: Reporter | None,
    companions: Mapping[str, bytes],
) -> tuple[Resolution, Learnt]:
    """Return what came of asking the services, and how much each was asked.

    Raises:
        WriteError: there is no room for what is fetched on the way.
    """
    try:
        with open_services(config, environ, _mode(request)) as services:
            resolution = resolve(
                needs.requirements,
                old,
                request.moves,
                services.sources,
                registry,
                services.executor,
                reporter,
                companions,
            )
            moves = _judged(request, needs, old, resolution, services, registry)
            return resolution, Learnt(services.asked(), moves)
    except OSError as error:  # what goes wrong with services has errors of its own
        told = f"cannot be written: {error.strerror or error}"
        hint = "make room, or set TMPDIR to a folder that has some"
        raise WriteError(error.filename or "temporary files", told, hint=hint) from error


def _judged(
    request: LockRequest,
    needs: Needs,
    old: Lock,
    resolution: Resolution,
    services: Services,
    registry: Registry,
) -> tuple[Move, ...]:
    """Return what the pins that move do to the workflows, where that was asked for."""
    if not request.checks_definitions or resolution.unreachable:
        return ()
    from comfylock.ops.upgrade_moves import judge_lock_moves  # noqa: PLC0415 - only if asked for

    names = dict.fromkeys(need.path for need in needs.requirements.workflows)
    paths = dict.fromkeys(file_of(request.project, name) for name in names)
    return judge_lock_moves(
        old,
        resolution.lock,
        services.definitions,
        tuple(paths),
        registry,
        services.executor,
        request.project,
    )


def _is_current(
    request: LockRequest,
    config: Config,
    data: bytes,
    old: Lock,
    needs: Needs,
    companions: Mapping[str, bytes],
) -> bool:
    """Say whether a resolution would leave the lock as it is, so that none is needed."""
    moves = request.moves
    if moves.everything or moves.packages or request.record or needs.unreadable:
        return False
    # What a newer revision says besides is no reason to write; conflict markers and another
    # layout are.
    if not old.unknown and data != write_lock(old):
        return False
    return not unsatisfied(
        old,
        needs.requirements,
        require_hashes=request.requires_hashes or config.require_hashes,
        digests=digests_of(companions),
    )


def _mode(request: LockRequest) -> Mode:
    moves = request.moves
    mode = Mode(
        is_offline=request.is_offline,
        record=request.record,
        replay=request.replay,
        effort=request.effort,
    )
    return replace(mode, max_age=RECENT) if moves.everything or moves.packages else mode


def _old_lock(data: bytes | None, path: str, moves: Moves) -> tuple[Lock, tuple[Conflict, ...]]:
    """Return the lock there is, both sides of a merge joined; an empty one if there is none.

    Entries that both sides have with different pins are conflicts, unless they are to move.
    """
    if data is None:
        return Lock(), ()
    try:
        old = read_lock(data, path)
        refuse_edited(old, path)
        return old, ()  # noqa: TRY300 - the other way out is a merge
    except LockConflictError:
        sides = split_conflict(data, path)
    base = read_lock(sides.base, path) if sides.base is not None else None
    merged = merge(base, read_lock(sides.ours, path), read_lock(sides.theirs, path))
    found = [c for c in merged.conflicts if c.kind not in FOLLOWING]
    return merged.lock, tuple(c for c in found if not moves.moves(c.name))


def _settled(
    request: LockRequest,
    allowed: tuple[bool, bool],
    old: Lock,
    needs: Needs,
    resolution: Resolution,
    conflicts: tuple[Conflict, ...],
    learnt: Learnt,
    beside: Mapping[str, bytes],
) -> LockOutcome:
    """Write the lock if nothing stands in the way, and say what became of it."""
    allows_gaps, requires_hashes = allowed
    path = lock_path(request.project)
    unhashed = (
        tuple(pin.key for pin in resolution.lock.models if not pin.sha256)
        if requires_hashes
        else ()
    )
    is_writable = not (
        resolution.unreachable
        or resolution.mismatches
        or conflicts
        or unhashed
        or (resolution.gaps and not allows_gaps)
        or (needs.unreadable and not allows_gaps)
        or (request.is_strict and resolution.notices)
        or (not request.allows_breaking and not all(move.is_safe for move in learnt.moves))
    )
    new = _bytes(resolution.lock) if is_writable else b""
    is_written = False
    if is_writable and not request.is_dry:
        is_written = write_lock_and_companions(path, new, resolution.files, old)
    return LockOutcome(
        path=path,
        resolution=resolution,
        changes=diff(old, resolution.lock),
        needs=needs,
        unhashed=unhashed,
        conflicts=conflicts,
        is_writable=is_writable,
        is_written=is_written,
        asked=learnt.asked,
        is_offline=request.is_offline,
        moves=learnt.moves,
        packages=_moved_packages(old, resolution, beside),
    )


def _moved_packages(
    old: Lock, resolution: Resolution, beside: Mapping[str, bytes]
) -> dict[str, tuple[PackageChange, ...]]:
    """Return which Python packages moved, of the targets that were locked before."""
    after = {pin.target: pin for pin in resolution.lock.python}
    pairs = [(pin, after[pin.target]) for pin in old.python if pin.target in after]
    moved = [(before, now) for before, now in pairs if before.sha256 != now.sha256]
    if not moved:
        return {}
    from comfylock.python.changes import package_changes  # noqa: PLC0415 - seldom needed

    return {
        now.target: package_changes(beside.get(before.file, b""), resolution.files[now.file])
        for before, now in moved
        if now.file in resolution.files
    }


def _bytes(lock: Lock) -> bytes:
    """Return a lock's bytes, once it is sure that they can be read again.

    Raises:
        LockParseError: something in it is too odd for a lock, such as a name of a workflow.
    """
    faults = lock_faults(lock)
    if faults:
        raise LockParseError("what was resolved", faults, hint="rename what is named here")
    return write_lock(lock)
