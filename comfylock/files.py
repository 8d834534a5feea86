"""Writing files so that nobody ever sees half of one."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress

PREFIX = ".comfylock-"
"""How the names of temporary files begin."""


def write_atomically(path: str, data: bytes) -> bool:
    """Write a file by way of a temporary one beside it; False if it already holds these bytes.

    Raises:
        OSError: it cannot be written; the old content is intact and no temporary file is left.
    """
    try:
        with open(path, "rb") as stream:
            if stream.read(len(data) + 1) == data:
                return False
    except OSError:
        pass
    folder = os.path.dirname(os.path.abspath(path))
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
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    return True


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
