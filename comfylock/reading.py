"""Reading files that somebody else put there: no pipe is waited for, no device is read."""

from __future__ import annotations

import os
import stat
from typing import BinaryIO

_UNBLOCKED = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def open_regular(path: str) -> BinaryIO:
    """Return a regular file opened for reading, links followed.

    Raises:
        OSError: it is not there, cannot be read, or is no regular file.
    """
    # An opener's handle is closed where `open` itself refuses, as it does for a folder.
    stream = open(path, "rb", opener=_unblocked)  # noqa: SIM115 - the caller closes it
    if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        stream.close()
        raise OSError(0, "it is no regular file", path)
    return stream


def _unblocked(path: str, flags: int) -> int:
    return os.open(path, flags | _UNBLOCKED)


def read_regular(path: str, limit: int) -> bytes:
    """Return up to `limit` bytes of a regular file, links followed.

    Raises:
        OSError: it is not there, cannot be read, or is no regular file.
    """
    with open_regular(path) as stream:
        return stream.read(limit)
