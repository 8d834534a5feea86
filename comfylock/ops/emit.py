"""From a project's lock to files, and whether those that are there are what it gives.

No network, no clock; of the project only its settings, its lock and the pylocks beside it are
read, and its workflows where they are there, to refuse a lock that is stale.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from comfylock.config.emit import KINDS, EmitSettings, read_emit
from comfylock.config.tables import Table
from comfylock.emit.kinds import TABLE, generator
from comfylock.emit.planning import plan_of
from comfylock.errors import ComfylockError, EmitError, IntegrityError, UsageError
from comfylock.lockfile.edited import refuse_edited
from comfylock.lockfile.read import read_lock
from comfylock.ops.project import lock_path, project_config, read_bytes
from comfylock.python.pylock import MAX_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from comfylock.config import Config
    from comfylock.emit.interface import Emitted  # noqa: TC004 - outcomes are never decoded
    from comfylock.emit.plan import Plan  # noqa: TC004
    from comfylock.lockfile.schema import Lock

ALL = "all"
LEADING = "script"
"""The kind that leads from an earlier lock to the present one, and back."""


class EmitRequest(Struct, frozen=True):
    """What is asked for."""

    kinds: tuple[str, ...]
    """Of KINDS, or `all` alone."""
    project: str = "."
    settings: dict[str, Any] = {}
    """Settings by their names in `[emit]`, before those of comfylock.toml."""
    previous: str | None = None
    """The file of a lock that is installed now, for a way from there to here."""
    is_frozen: bool = False
    """Take the lock as it is, stale or not."""


class Made(Struct, frozen=True):
    """One kind of output, or why there is none."""

    kind: str
    files: tuple[Emitted, ...] = ()
    refusal: ComfylockError | None = None


class EmitOutcome(Struct, frozen=True):
    """What came of a request."""

    plan: Plan
    made: tuple[Made, ...]
    """In the order of KINDS."""

    @property
    def files(self) -> tuple[Emitted, ...]:
        """Every file, the kinds in their order."""
        return tuple(file for made in self.made for file in made.files)

    @property
    def refusals(self) -> tuple[Made, ...]:
        """The kinds that the lock or the settings do not allow."""
        return tuple(made for made in self.made if made.refusal is not None)


def emit_files(request: EmitRequest, environ: Mapping[str, str] | None = None) -> EmitOutcome:
    """Return what a project's lock gives; nothing is written.

    One kind that cannot be made is an error where it was asked for alone; with `all` it is a
    refusal beside the others.

    Raises:
        UsageError: there is no lock, no such kind, or the settings do not fit.
        ConfigError, LockParseError, LockVersionError, LockConflictError: something is faulty.
        EmitError: the lock is stale, not everything is pinned, or a kind cannot be made.
        IntegrityError: a pylock beside the lock is not the one that was locked.
    """
    environ = os.environ if environ is None else environ
    config = project_config(request.project, environ)
    settings = emit_settings(config, request.settings)
    kinds = asked_kinds(request.kinds, settings)
    if request.previous is not None and LEADING not in kinds:
        told = f"an earlier lock says nothing to `{'`, `'.join(kinds)}`"
        raise UsageError(told, hint=f"comfylock emit {LEADING} --from OLD.lock")
    path = lock_path(request.project)
    lock, digest = _lock_at(path)
    if not request.is_frozen:
        _refuse_stale(request.project, lock, environ)
    previous = _previous(request.previous, settings) if request.previous else None
    files = companions(request.project, lock)
    plan = plan_of(lock, digest, settings, companions=files, previous=previous)
    made = tuple(_make(kind, plan, is_alone=len(kinds) == 1) for kind in kinds)
    return EmitOutcome(plan, made)


def emit_settings(config: Config, given: Mapping[str, Any]) -> EmitSettings:
    """Return the settings of a project, with others before them.

    Raises:
        UsageError: one of the others is wrong; all faults are told.
    """
    faults: list[tuple[str, str]] = []
    changes = read_emit(Table(dict(given), "", faults))
    if faults:
        told = "; ".join(f"`{path}` {message}" for path, message in faults)
        raise UsageError(told, hint="comfylock emit --help")
    return replace(config.emit or EmitSettings(), **changes)


def asked_kinds(kinds: tuple[str, ...], settings: EmitSettings) -> tuple[str, ...]:
    """Return the kinds to emit, each once, in the order of KINDS.

    Raises:
        UsageError: one is unknown, or there is none.
    """
    if not kinds:
        raise UsageError("say what to emit", hint="comfylock emit all -o DIR")
    if ALL in kinds:
        if len(kinds) > 1:
            raise UsageError("`all` stands alone: it is every kind", hint="comfylock emit --help")
        kinds = settings.kinds or tuple(TABLE)
    for kind in kinds:
        if kind not in TABLE:
            import difflib  # noqa: PLC0415 - only mistakes need it

            near = difflib.get_close_matches(kind, (ALL, *TABLE), 1, 0.5)
            hint = f"did you mean `{near[0]}`?" if near else "comfylock emit --help"
            raise UsageError(f"there is no kind `{kind}`", hint=hint)
    return tuple(kind for kind in KINDS if kind in kinds)


def companions(project: str, lock: Lock) -> dict[str, bytes]:
    """Return the pylocks beside a lock that are there, by name.

    Raises:
        IntegrityError: one is not the one that was locked.
        LockParseError: one cannot be read.
    """
    found: dict[str, bytes] = {}
    for pin in lock.python:
        path = os.path.join(project, pin.file)
        data = read_bytes(path, MAX_FILE)
        if data is None:
            continue
        digest = hashlib.sha256(data).hexdigest()
        if digest != pin.sha256:
            told = f"expected {pin.sha256}\n  actual   {digest}"
            raise IntegrityError(f"{path} is not what was locked\n  {told}", hint="comfylock lock")
        found[pin.file] = data
    return found


def _make(kind: str, plan: Plan, *, is_alone: bool) -> Made:
    try:
        return Made(kind, generator(kind)(plan))
    except (EmitError, UsageError) as error:
        if is_alone:
            raise
        return Made(kind, refusal=error)


def _lock_at(path: str) -> tuple[Lock, str]:
    data = read_bytes(path)
    if data is None:
        raise UsageError(f"no lockfile at `{path}`", hint="comfylock lock")
    lock = read_lock(data, path)
    refuse_edited(lock, path)
    return lock, hashlib.sha256(data).hexdigest()


def _previous(path: str, settings: EmitSettings) -> Plan:
    """Return the plan of the lock that is installed now; what it could not pin does not matter."""
    lock, digest = _lock_at(path)
    relaxed = replace(settings, allow_unpinned=True, variants=("full",), targets=(), tier=None)
    folder = os.path.dirname(path)
    found = ((pin, read_bytes(os.path.join(folder, pin.file), MAX_FILE)) for pin in lock.python)
    files = {
        pin.file: data
        for pin, data in found
        if data is not None and hashlib.sha256(data).hexdigest() == pin.sha256
    }
    return plan_of(lock, digest, relaxed, companions=files)


def _refuse_stale(project: str, lock: Lock, environ: Mapping[str, str]) -> None:
    """Refuse a lock that its workflows have left behind, where they are there to be asked."""
    if not any(_is_there(os.path.join(project, path)) for path in lock.options.inputs):
        return
    from comfylock.ops.check import check  # noqa: PLC0415 - a lock alone needs no analysis

    outcome = check(project, (), environ, allows_unresolved=True)
    if outcome.is_current:
        return
    reasons = [drift.message for drift in outcome.drift]
    reasons += [f"{path} cannot be read: {why}" for path, why in outcome.unreadable]
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    hint = "`comfylock lock --check` tells more; `comfylock lock` renews it; `--frozen` takes it"
    raise EmitError(f"{outcome.path} is stale: {reasons[0]}{more}", hint=hint)


def _is_there(path: str) -> bool:
    if not any(letter in path for letter in "*?["):
        return os.path.exists(path)
    import glob  # noqa: PLC0415 - patterns are rare

    return next(glob.iglob(path, recursive=True), None) is not None
