"""Reading files that somebody else put there: no pipe is waited for, no device is read."""

from __future__ import annotations

import os
import stat

_UNBLOCKED = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def read_regular(path: str, limit: int) -> bytes:
    """Return up to `limit` bytes of a regular file, links followed.

    Raises:
        OSError: it is not there, cannot be read, or is no regular file.
    """
    handle = os.open(path, os.O_RDONLY | _UNBLOCKED)
    with open(handle, "rb") as stream:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(0, "it is no regular file", path)
        return stream.read(limit)
