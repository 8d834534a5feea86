"""Digests: sha256 of streams, the ids that git gives to blobs."""

from __future__ import annotations

import hashlib
import os
import stat
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

CHUNK = 1 << 20
"""Bytes read at once."""

BLOCK = 4 << 20
"""Bytes read at once of a file: in so large pieces that threads hardly meet at Python's lock."""


class Stamp(NamedTuple):
    """What tells a file that was changed from one that was not, without reading it."""

    size: int
    """Bytes."""
    mtime: int
    """Nanoseconds; so is the next, which no program can set."""
    ctime: int
    inode: int
    device: int


class ChangedError(OSError):
    """A file was written to, or took another's place, while it was hashed."""


class NotAFileError(OSError):
    """There is a folder, a device or a pipe where a file should be."""


def stamp_of(status: os.stat_result) -> Stamp:
    """Return a file's stamp."""
    return Stamp(
        status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev
    )


def sha256_of_file(path: str, goes_on: Callable[[], bool] = lambda: True) -> tuple[str, Stamp]:
    """Return the sha256 (lower-case hex) of a regular file, links followed, and its stamp.

    `goes_on` is asked after each block.

    Raises:
        InterruptedError: it was to go on no longer.
        NotAFileError: it is no regular file; a pipe is not waited for.
        ChangedError: it changed meanwhile, so the digest is of nothing that ever was.
        OSError: it cannot be read.
    """
    handle = os.open(path, os.O_RDONLY | _UNBLOCKED)
    with open(handle, "rb", buffering=0) as stream:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise NotAFileError(path)
        before, digest, read = stamp_of(status), hashlib.sha256(), 0
        block = memoryview(bytearray(min(BLOCK, before.size + 1)))
        while count := stream.readinto(block):
            digest.update(block[:count])
            read += count
            if not goes_on():
                raise InterruptedError(path)
        after = stamp_of(os.fstat(handle))
        if before != after or read != after.size or stamp_of(os.stat(path)) != after:
            raise ChangedError(path)
    return digest.hexdigest(), after


_UNBLOCKED = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def sha256_of_stream(stream: BinaryIO) -> tuple[str, int]:
    """Return the sha256 (lower-case hex) of a stream from where it stands, and its length."""
    digest, size = hashlib.sha256(), 0
    while chunk := stream.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
    return digest.hexdigest(), size


def git_blob_id(data: bytes) -> str:
    """Return the id that git gives to a file's content (sha1 of `blob LENGTH`, NUL, content)."""
    digest = hashlib.sha1(b"blob %d\0" % len(data), usedforsecurity=False)
    digest.update(data)
    return digest.hexdigest()
