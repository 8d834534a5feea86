"""The cache on this machine: where it is, how large, and making it smaller."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.net import cache_care

if TYPE_CHECKING:
    from collections.abc import Mapping

DAY = 86400.0
"""Seconds."""


class CacheOutcome(Struct, frozen=True):
    """What the cache holds, or what was deleted of it."""

    folder: str
    """Where the answers are, below the cache's folder."""
    entries: int = 0
    bytes: int = 0


def cache_root(environ: Mapping[str, str]) -> str:
    """Return the folder of everything that comfylock keeps and can fetch again."""
    chosen = environ.get("COMFYLOCK_CACHE_DIR")
    if chosen:
        return chosen
    home = environ.get("HOME") or os.path.expanduser("~")
    return os.path.join(environ.get("XDG_CACHE_HOME") or os.path.join(home, ".cache"), "comfylock")


def cache_folder(environ: Mapping[str, str]) -> str:
    """Return the folder of the services' answers; what `registry update` fetched is beside it."""
    return os.path.join(cache_root(environ), "answers")


def info(environ: Mapping[str, str]) -> CacheOutcome:
    """Return how many answers are kept and how large they are."""
    folder = cache_folder(environ)
    return _outcome(folder, cache_care.size(folder))


def prune(environ: Mapping[str, str], days: float, now: float) -> CacheOutcome:
    """Delete the answers older than some days; return what went. `now`: seconds since 1970."""
    folder = cache_folder(environ)
    return _outcome(folder, cache_care.prune(folder, days * DAY, now))


def clean(environ: Mapping[str, str]) -> CacheOutcome:
    """Delete every answer and nothing else; return what went."""
    folder = cache_folder(environ)
    return _outcome(folder, cache_care.clean(folder))


def _outcome(folder: str, size: cache_care.Size) -> CacheOutcome:
    return CacheOutcome(folder, size.entries, size.size)
