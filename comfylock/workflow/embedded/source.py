"""Where container bytes come from: bounded reads of a seekable stream.

Every reader of a container walks its boxes through one `Source`, so the limits on bytes, steps
and sizes hold for all of them, whatever the file claims about itself.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import BinaryIO

MAX_VALUE = 64 << 20
"""Bytes that one piece of metadata may have, after inflation."""

MAX_READ = 4 * MAX_VALUE
"""Bytes that are read from one file before giving up."""

MAX_STEPS = 100_000
"""Chunks, boxes, frames and pages that are walked in one file before giving up."""


class DamagedError(Exception):
    """A container cannot be walked further; the text continues `the PNG file …`."""


class Source:
    """A seekable stream of known size whose reads are bounded and counted."""

    __slots__ = ("_bytes", "_steps", "_stream", "size")

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream = stream
        self._bytes = MAX_READ
        self._steps = MAX_STEPS
        self.size = max(size, 0)

    def up_to(self, offset: int, length: int) -> bytes:
        """Return the bytes at an offset, fewer where the file ends before.

        Raises:
            DamagedError: more was asked for than one value, or one file, may have.
        """
        length = min(length, self.size - offset)
        if length <= 0 or offset < 0:
            return b""
        if length > MAX_VALUE:
            raise DamagedError(f"holds a piece of metadata of more than {MAX_VALUE >> 20} MiB")
        self._bytes -= length
        if self._bytes < 0:
            raise DamagedError(f"holds more than {MAX_READ >> 20} MiB of metadata")
        self._stream.seek(offset)
        return self._stream.read(length)

    def exactly(self, offset: int, length: int) -> bytes:
        """Return just so many bytes at an offset.

        Raises:
            DamagedError: the file ends before, or see `up_to`.
        """
        data = self.up_to(offset, length)
        if len(data) != length:
            raise DamagedError("ends too early")
        return data

    def step(self) -> None:
        """Count one more chunk, box, frame or page.

        Raises:
            DamagedError: there were too many.
        """
        self._steps -= 1
        if self._steps < 0:
            raise DamagedError(f"has more than {MAX_STEPS} parts")


def inflate(data: bytes) -> bytes:
    """Return what a zlib stream holds.

    Raises:
        DamagedError: it is damaged, cut short, or holds more than one value may have.
    """
    inflater = zlib.decompressobj()
    try:
        text = inflater.decompress(data, MAX_VALUE)
    except zlib.error as error:
        raise DamagedError("holds compressed metadata that cannot be read") from error
    if not inflater.eof:
        if inflater.unconsumed_tail or len(text) == MAX_VALUE:
            raise DamagedError(f"holds a piece of metadata of more than {MAX_VALUE >> 20} MiB")
        raise DamagedError("holds compressed metadata that is cut short")
    return text
