"""The registry's own verbs, and which layers a project sees."""

from __future__ import annotations

import os

from comfylock.registry.store import Registry, bundled_folder, shared_registry

PROJECT_LAYER = os.path.join(".comfylock", "registry")


def project_registry(project: str) -> Registry:
    """Return the registry as a project sees it: its own, the user's, the updated, the bundled."""
    layers = [
        folder
        for folder in (
            os.path.join(project, PROJECT_LAYER),
            os.path.join(user_folder(), "registry"),
            os.path.join(cache_folder(), "registry"),
        )
        if os.path.isdir(folder)
    ]
    return shared_registry((*layers, bundled_folder()))


def user_folder() -> str:
    """Return where the user's own settings of comfylock are."""
    base = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    return os.path.join(base, "comfylock")


def cache_folder() -> str:
    """Return where comfylock keeps what it can fetch again; `COMFYLOCK_CACHE_DIR` moves it."""
    chosen = os.environ.get("COMFYLOCK_CACHE_DIR")
    if chosen:
        return chosen
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "comfylock")
