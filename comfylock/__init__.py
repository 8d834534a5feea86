"""From ComfyUI workflows to a locked, verified environment.

    import comfylock
    report = comfylock.analyze("workflows/")
    print(report.packs, report.models, report.minimum)

What is in `__all__` is the public API; everything else may change.
"""

from __future__ import annotations

__version__ = "0.1.0"

TYPE_CHECKING = False  # type checkers take it for true; typing would cost a start 4 ms
if TYPE_CHECKING:
    from comfylock.analysis.analyzer import Settings
    from comfylock.errors import ComfylockError, ConfigError, RegistryError, WorkflowError
    from comfylock.model import Report, WorkflowReport
    from comfylock.ops.analyze import analyze, analyze_each
    from comfylock.registry.store import Registry

__all__ = [
    "ComfylockError",
    "ConfigError",
    "Registry",
    "RegistryError",
    "Report",
    "Settings",
    "WorkflowError",
    "WorkflowReport",
    "__version__",
    "analyze",
    "analyze_each",
]

_HOMES = {
    "ComfylockError": "comfylock.errors",
    "ConfigError": "comfylock.errors",
    "Registry": "comfylock.registry.store",
    "RegistryError": "comfylock.errors",
    "Report": "comfylock.model",
    "Settings": "comfylock.analysis.analyzer",
    "WorkflowError": "comfylock.errors",
    "WorkflowReport": "comfylock.model",
    "analyze": "comfylock.ops.analyze",
    "analyze_each": "comfylock.ops.analyze",
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
