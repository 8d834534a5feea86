"""Reading bytes in order, from a file's part or a decompressor, never more than was asked for."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from comfylock.model_files.budget import Budget

if TYPE_CHECKING:
    from collections.abc import Callable

CHUNK = 1 << 16
"""Bytes that are fetched at a time: what a file claims about itself decides nothing."""


class Feed:
    """A stream that is read once, with its own place, counted in bytes from its begin."""

    def __init__(
        self,
        pull: Callable[[int], bytes],
        leap: Callable[[int], int] | None = None,
        budget: Budget | None = None,
    ) -> None:
        """`pull(n)` returns up to n more bytes, none at the end; `leap(n)` passes over up to n."""
        self.budget = budget or Budget()
        self._pull = pull
        self._leap = leap
        self._held = b""
        self._at = 0
        self.position = 0

    def take(self, count: int) -> bytes:
        """Return so many bytes, fewer at the end; the caller asks for no more than it can hold."""
        while len(self._held) - self._at < count and self._more():
            pass
        data = self._held[self._at : self._at + count]
        self._at += len(data)
        self.position += len(data)
        return data

    def peek(self, count: int) -> bytes:
        """Return the next bytes without passing over them."""
        data = self.take(count)
        self._at -= len(data)
        self.position -= len(data)
        return data

    def skip(self, count: int) -> bool:
        """Pass over so many bytes; say whether there were as many."""
        held = min(count, len(self._held) - self._at)
        self._at += held
        self.position += held
        left = count - held
        if left and self._leap is not None:
            passed = self._leap(left)
            self.position += passed
            return passed == left
        while left:
            data = self.take(min(left, CHUNK))
            if not data:
                return False
            left -= len(data)
        return True

    def line(self, limit: int) -> tuple[bytes, bool]:
        """Return a line without its end, cut at a limit but read whole; and whether it ended."""
        kept = bytearray()
        while True:
            end = self._held.find(b"\n", self._at)
            stop = len(self._held) if end < 0 else end
            kept += self._held[self._at : min(stop, self._at + max(limit - len(kept), 0))]
            passed = stop - self._at + (end >= 0)
            self._at += passed
            self.position += passed
            if end >= 0:
                return bytes(kept), True
            if not self._more():
                return bytes(kept), False

    def _more(self) -> bool:
        data = self._pull(CHUNK)
        self._held = self._held[self._at :] + data
        self._at = 0
        return bool(data)


def window(file: IO[bytes], start: int, end: int, budget: Budget | None = None) -> Feed:
    """Return a feed of a part of an open file, which others may read elsewhere meanwhile."""
    place = start
    account = budget or Budget()

    def pull(count: int) -> bytes:
        nonlocal place
        file.seek(place)
        data = file.read(account.bytes(max(0, min(count, end - place))))
        place += len(data)
        return data

    def leap(count: int) -> int:
        nonlocal place
        passed = max(0, min(count, end - place))
        place += passed
        return passed

    return Feed(pull, leap, account)


def held(data: bytes, budget: Budget | None = None) -> Feed:
    """Return a feed of bytes in memory."""
    place = 0

    def pull(count: int) -> bytes:
        nonlocal place
        piece = data[place : place + count]
        place += len(piece)
        return piece

    return Feed(pull, budget=budget)
