"""Writing files so that nobody ever sees half of one."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from typing import TYPE_CHECKING

from comfylock.reading import read_regular

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = ".comfylock-"
"""How the names of temporary files begin."""


def write_atomically(path: str, data: bytes) -> bool:
    """Write a file by way of a temporary one beside it; False if it already holds these bytes.

    Raises:
        OSError: it cannot be written; the old content is intact and no temporary file is left.
    """
    return write_together({path: data})


def write_together(files: Mapping[str, bytes]) -> bool:
    """Write files that belong together, in order; False if all hold their bytes already.

    None gets its name before all are on the disk, so that a full disk leaves the old ones.

    Raises:
        OSError: they cannot be written; no temporary file is left.
    """
    temporary: dict[str, str] = {}
    try:
        for path, data in files.items():
            if not holds(path, data):
                temporary[path] = _written(os.path.dirname(os.path.abspath(path)), data)
        is_changed = bool(temporary)
        for path in list(temporary):
            os.replace(temporary[path], path)
            del temporary[path]
    except BaseException:
        for left in temporary.values():
            with suppress(FileNotFoundError):  # interrupted just after it got its name
                os.unlink(left)
        raise
    return is_changed


def holds(path: str, data: bytes) -> bool:
    """Say whether a regular file has these bytes; a pipe is not waited for."""
    try:
        return read_regular(path, len(data) + 1) == data
    except OSError:
        return False


def _written(folder: str, data: bytes) -> str:
    """Return a temporary file with these bytes, for whoever may read a usual one."""
    os.makedirs(folder, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=PREFIX, dir=folder)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
    except BaseException:
        os.unlink(temporary)
        raise
    return temporary


def remove_leftovers(folder: str, before: float) -> None:
    """Remove temporary files that a killed process left, last changed before a moment.

    `before` is in seconds since 1970; what cannot be removed stays.
    """
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(PREFIX) and entry.is_file(follow_symlinks=False):
                with suppress(OSError):
                    if entry.stat(follow_symlinks=False).st_mtime < before:
                        os.unlink(entry.path)
