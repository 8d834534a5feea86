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
    from comfylock.definitions.signature import DefinitionSet
    from comfylock.errors import (
        ComfylockError,
        ConfigError,
        DefinitionsError,
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
    from comfylock.findings import Finding
    from comfylock.lockfile.diff import diff
    from comfylock.lockfile.read import read_lock
    from comfylock.lockfile.schema import Lock
    from comfylock.lockfile.write import write_lock
    from comfylock.model import Report, WorkflowReport
    from comfylock.ops.analyze import analyze, analyze_each
    from comfylock.ops.audit import AuditOutcome, AuditRequest, audit
    from comfylock.ops.check import CheckOutcome, check
    from comfylock.ops.definitions import load_definitions
    from comfylock.ops.emit import EmitOutcome, EmitRequest, emit_files
    from comfylock.ops.lock import LockOutcome, LockRequest, lock
    from comfylock.ops.upgrade_check import UpgradeOutcome, check_upgrade
    from comfylock.ops.upgrade_moves import Move, judge_move
    from comfylock.ops.verify import verify
    from comfylock.ops.verify_request import VerifyOutcome, VerifyRequest
    from comfylock.ops.workflow_check import Checker, WorkflowCheck, check_workflows
    from comfylock.registry.store import Registry
    from comfylock.resolve.outcome import Moves
    from comfylock.verifying.findings import Item

__all__ = [
    "AuditOutcome",
    "AuditRequest",
    "CheckOutcome",
    "Checker",
    "ComfylockError",
    "ConfigError",
    "DefinitionSet",
    "DefinitionsError",
    "EmitError",
    "EmitOutcome",
    "EmitRequest",
    "Finding",
    "IntegrityError",
    "Item",
    "Lock",
    "LockConflictError",
    "LockOutcome",
    "LockParseError",
    "LockRequest",
    "LockVersionError",
    "Move",
    "Moves",
    "Registry",
    "RegistryError",
    "Report",
    "Settings",
    "SourceUnavailableError",
    "UpgradeOutcome",
    "UsageError",
    "VerifyOutcome",
    "VerifyRequest",
    "WorkflowCheck",
    "WorkflowError",
    "WorkflowReport",
    "__version__",
    "analyze",
    "analyze_each",
    "audit",
    "check",
    "check_upgrade",
    "check_workflows",
    "diff",
    "emit_files",
    "judge_move",
    "load_definitions",
    "lock",
    "read_lock",
    "verify",
    "write_lock",
]

_HOMES = {
    "AuditOutcome": "comfylock.ops.audit",
    "AuditRequest": "comfylock.ops.audit",
    "CheckOutcome": "comfylock.ops.check",
    "Checker": "comfylock.ops.workflow_check",
    "ComfylockError": "comfylock.errors",
    "ConfigError": "comfylock.errors",
    "DefinitionSet": "comfylock.definitions.signature",
    "DefinitionsError": "comfylock.errors",
    "EmitError": "comfylock.errors",
    "EmitOutcome": "comfylock.ops.emit",
    "EmitRequest": "comfylock.ops.emit",
    "Finding": "comfylock.findings",
    "IntegrityError": "comfylock.errors",
    "Item": "comfylock.verifying.findings",
    "Lock": "comfylock.lockfile.schema",
    "LockConflictError": "comfylock.errors",
    "LockOutcome": "comfylock.ops.lock",
    "LockParseError": "comfylock.errors",
    "LockRequest": "comfylock.ops.lock",
    "LockVersionError": "comfylock.errors",
    "Move": "comfylock.ops.upgrade_moves",
    "Moves": "comfylock.resolve.outcome",
    "Registry": "comfylock.registry.store",
    "RegistryError": "comfylock.errors",
    "Report": "comfylock.model",
    "Settings": "comfylock.analysis.analyzer",
    "SourceUnavailableError": "comfylock.errors",
    "UpgradeOutcome": "comfylock.ops.upgrade_check",
    "UsageError": "comfylock.errors",
    "VerifyOutcome": "comfylock.ops.verify_request",
    "VerifyRequest": "comfylock.ops.verify_request",
    "WorkflowCheck": "comfylock.ops.workflow_check",
    "WorkflowError": "comfylock.errors",
    "WorkflowReport": "comfylock.model",
    "analyze": "comfylock.ops.analyze",
    "analyze_each": "comfylock.ops.analyze",
    "audit": "comfylock.ops.audit",
    "check": "comfylock.ops.check",
    "check_upgrade": "comfylock.ops.upgrade_check",
    "check_workflows": "comfylock.ops.workflow_check",
    "diff": "comfylock.lockfile.diff",
    "emit_files": "comfylock.ops.emit",
    "judge_move": "comfylock.ops.upgrade_moves",
    "load_definitions": "comfylock.ops.definitions",
    "lock": "comfylock.ops.lock",
    "read_lock": "comfylock.lockfile.read",
    "verify": "comfylock.ops.verify",
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
