"""Where comfylock keeps what it learnt, and how to look after it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def cache_root(environ: Mapping[str, str]) -> str:
    """Return the folder of all caches: COMFYLOCK_CACHE_DIR, else the user's."""
    chosen = environ.get("COMFYLOCK_CACHE_DIR")
    if chosen:
        return chosen
    base = environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "comfylock")


def cache_folder(environ: Mapping[str, str]) -> str:
    """Return the folder of the services' answers."""
    return os.path.join(cache_root(environ), "answers")
