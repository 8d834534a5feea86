"""Looking after the cache: how large it is, and deleting what it holds and nothing else."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.net.cache import HEAD
from comfylock.patterns import Pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHARD = Pattern(r"[0-9a-f]{2}\Z")
_ENTRY = Pattern(r"[0-9a-f]{64}\.json\Z")
_LEFT_OVER = Pattern(r"[0-9a-f]{64}\.json\.\d+-\d+\.tmp\Z")


class Size(Struct, frozen=True):
    """What a cache holds."""

    entries: int
    size: int
    """Bytes, half-written files included."""


def size(folder: str) -> Size:
    """Return how many answers a cache holds and how large they are."""
    found = list(_files(folder))
    entries = sum(not is_left_over for _, _, is_left_over in found)
    return Size(entries, sum(status.st_size for _, status, _ in found))


def clean(folder: str) -> Size:
    """Delete every answer; return what went. Files that are not the cache's stay."""
    return _delete(folder, None)


def prune(folder: str, older_than: float, now: float) -> Size:
    """Delete what was written more than `older_than` seconds before `now`; return what went."""
    return _delete(folder, now - older_than)


def _delete(folder: str, before: float | None) -> Size:
    entries = total = 0
    for path, status, is_left_over in _files(folder):
        if before is not None and status.st_mtime >= before:
            continue
        with suppress(OSError):  # somebody else's process may have been faster
            os.unlink(path)
            entries += not is_left_over
            total += status.st_size
    for shard in _shards(folder):
        with suppress(OSError):  # not empty
            os.rmdir(shard)
    return Size(entries, total)


def _files(folder: str) -> Iterator[tuple[str, os.stat_result, bool]]:
    """Yield the cache's own files: path, status, and whether it was never finished."""
    for shard in _shards(folder):
        for entry in _listed(shard):
            is_left_over = _LEFT_OVER.match(entry.name) is not None
            is_named = is_left_over or _ENTRY.match(entry.name) is not None
            if not is_named or not entry.name.startswith(os.path.basename(shard)):
                continue
            with suppress(OSError):
                if entry.is_file(follow_symlinks=False) and _is_own(entry.path):
                    yield entry.path, entry.stat(follow_symlinks=False), is_left_over


def _shards(folder: str) -> list[str]:
    return [
        entry.path
        for entry in _listed(folder)
        if _SHARD.match(entry.name) and entry.is_dir(follow_symlinks=False)
    ]


def _listed(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []


def _is_own(path: str) -> bool:
    """Say whether a file begins as entries do; one that a crash cut short does as well."""
    with open(path, "rb") as stream:
        return HEAD.startswith(head := stream.read(len(HEAD))) or head == HEAD
