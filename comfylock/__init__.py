"""From ComfyUI workflows to a locked, verified environment.

    import comfylock
    report = comfylock.analyze("workflows/")
    print(report.packs, report.models, report.minimum)
    outcome = comfylock.lock(comfylock.LockRequest(paths=("workflows/",)))

What is in `__all__` is the public API; everything else may change.
"""

from __future__ import annotations

__version__ = "0.1.0"

TYPE_CHECKING = False  # type checkers take it for true; typing would cost a start 4 ms
if TYPE_CHECKING:
    from comfylock.analysis.analyzer import Settings
    from comfylock.errors import (
        ComfylockError,
        ConfigError,
        EmitError,
        IntegrityError,
        LockConflictError,
        LockParseError,
        LockVersionError,
        RegistryError,
        SourceUnavailableError,
        UsageError,
        WorkflowError,
    )
    from comfylock.lockfile.diff import diff
    from comfylock.lockfile.read import read_lock
    from comfylock.lockfile.schema import Lock
    from comfylock.lockfile.write import write_lock
    from comfylock.model import Report, WorkflowReport
    from comfylock.ops.analyze import analyze, analyze_each
    from comfylock.ops.check import CheckOutcome, check
    from comfylock.ops.emit import EmitOutcome, EmitRequest, emit_files
    from comfylock.ops.lock import LockOutcome, LockRequest, lock
    from comfylock.registry.store import Registry
    from comfylock.resolve.outcome import Moves

__all__ = [
    "CheckOutcome",
    "ComfylockError",
    "ConfigError",
    "EmitError",
    "EmitOutcome",
    "EmitRequest",
    "IntegrityError",
    "Lock",
    "LockConflictError",
    "LockOutcome",
    "LockParseError",
    "LockRequest",
    "LockVersionError",
    "Moves",
    "Registry",
    "RegistryError",
    "Report",
    "Settings",
    "SourceUnavailableError",
    "UsageError",
    "WorkflowError",
    "WorkflowReport",
    "__version__",
    "analyze",
    "analyze_each",
    "check",
    "diff",
    "emit_files",
    "lock",
    "read_lock",
    "write_lock",
]

_HOMES = {
    "CheckOutcome": "comfylock.ops.check",
    "ComfylockError": "comfylock.errors",
    "ConfigError": "comfylock.errors",
    "EmitError": "comfylock.errors",
    "EmitOutcome": "comfylock.ops.emit",
    "EmitRequest": "comfylock.ops.emit",
    "IntegrityError": "comfylock.errors",
    "Lock": "comfylock.lockfile.schema",
    "LockConflictError": "comfylock.errors",
    "LockOutcome": "comfylock.ops.lock",
    "LockParseError": "comfylock.errors",
    "LockRequest": "comfylock.ops.lock",
    "LockVersionError": "comfylock.errors",
    "Moves": "comfylock.resolve.outcome",
    "Registry": "comfylock.registry.store",
    "RegistryError": "comfylock.errors",
    "Report": "comfylock.model",
    "Settings": "comfylock.analysis.analyzer",
    "SourceUnavailableError": "comfylock.errors",
    "UsageError": "comfylock.errors",
    "WorkflowError": "comfylock.errors",
    "WorkflowReport": "comfylock.model",
    "analyze": "comfylock.ops.analyze",
    "analyze_each": "comfylock.ops.analyze",
    "check": "comfylock.ops.check",
    "diff": "comfylock.lockfile.diff",
    "emit_files": "comfylock.ops.emit",
    "lock": "comfylock.ops.lock",
    "read_lock": "comfylock.lockfile.read",
    "write_lock": "comfylock.lockfile.write",
}


def __getattr__(name: str) -> object:
    # Public names load their module when first used, so that `import comfylock` costs nothing.
    if name not in _HOMES:
        raise AttributeError(f"module `comfylock` has no attribute `{name}`")
    from importlib import import_module  # noqa: PLC0415

    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
