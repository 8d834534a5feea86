"""Looking at a disk that somebody else filled: no pipe is waited for, no circle gone round."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_FILES = 500_000
"""Files below one folder that are looked at, about."""

MAX_FOLDERS = 100_000
"""Folders that are entered; links can make many out of few."""

MAX_DEPTH = 64


class Walk(Struct):
    """What was found below a folder."""

    files: dict[str, os.stat_result]
    """Relative path, `/` between parts, to the status of what it leads to."""
    links: dict[str, str]
    """Of these, those that are symbolic links, with what they lead to."""
    dangling: list[str]
    """Links that lead nowhere."""
    odd: list[str]
    """What is neither file nor folder."""
    unreadable: list[tuple[str, str]]
    """What could not be listed, and why."""


def walk(
    folder: str,
    *,
    follows: bool,
    skips: Callable[[str, str], bool] | None = None,
    most_folders: int = MAX_FOLDERS,
) -> Walk:
    """Return every file below a folder, sorted; folders behind links only if it `follows`.

    A folder that several links lead to is in several places; only a circle is not gone round.
    `skips` says of a folder (its relative path and its name) that it is not to be entered.
    """
    found = Walk({}, {}, [], [], [])
    waiting: list[tuple[str, str, frozenset[tuple[int, int]]]] = [(folder, "", frozenset())]
    entered = 0
    while waiting:
        path, prefix, above = waiting.pop()
        entered += 1
        if entered > most_folders or len(found.files) >= MAX_FILES:
            found.unreadable.append((prefix.rstrip("/"), "there is more than is looked at"))
            break
        here = _identity(path, prefix, found)
        if here is None or here in above:
            continue
        way = above | {here} if here[1] else above
        for entry in _entries(path, prefix, found):
            name = f"{prefix}{entry.name}"
            status = _status(entry, name, found)
            if status is None:
                continue
            if stat.S_ISDIR(status.st_mode):
                is_entered = prefix.count("/") < MAX_DEPTH and (follows or name not in found.links)
                if is_entered and not (skips is not None and skips(name, entry.name)):
                    waiting.append((entry.path, f"{name}/", way))
            elif stat.S_ISREG(status.st_mode):
                found.files[name] = status
            else:
                found.odd.append(name)
    found.files = dict(sorted(found.files.items()))
    return found


def _identity(path: str, prefix: str, found: Walk) -> tuple[int, int] | None:
    """Return device and inode of a folder (0 where a file system has none); None: it is gone."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        found.unreadable.append((prefix.rstrip("/"), error.strerror or str(error)))
        return None
    return status.st_dev, status.st_ino


def _entries(path: str, prefix: str, found: Walk) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            yield from entries
    except FileNotFoundError:
        return
    except OSError as error:
        found.unreadable.append((prefix.rstrip("/"), error.strerror or str(error)))


def _status(entry: os.DirEntry[str], name: str, found: Walk) -> os.stat_result | None:
    try:
        if entry.is_symlink():
            found.links[name] = os.readlink(entry.path)
        return entry.stat()
    except FileNotFoundError:
        if name in found.links:
            found.dangling.append(name)
    except OSError as error:
        if name in found.links:
            found.dangling.append(name)
        else:
            found.unreadable.append((name, error.strerror or str(error)))
    return None


def inside(folder: str, name: str) -> str:
    """Return the path of a name with `/` between its parts, below a folder."""
    # Not os.path.join: it costs as much as looking at the file.
    return f"{folder}{os.sep}{name if os.sep == '/' else name.replace('/', os.sep)}"


def read_small(path: str, limit: int) -> bytes | None:
    """Return a regular file's bytes; None if there is none, or it is larger than the limit.

    Raises:
        OSError: it is there and cannot be read.
    """
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except (FileNotFoundError, NotADirectoryError):
        return None
    with open(handle, "rb") as stream:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return None
        data = stream.read(limit + 1)
    return data if len(data) <= limit else None
