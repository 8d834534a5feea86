"""A part of an open file: a whole file, or what is stored as it is in an archive."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from comfylock.model_files.budget import Budget
from comfylock.model_files.feed import window

if TYPE_CHECKING:
    from comfylock.model_files.feed import Feed

MAX_READ = 1 << 20


class Part:
    """Bytes from one place in a file to another."""

    def __init__(self, file: IO[bytes], start: int, end: int, budget: Budget | None = None) -> None:
        self.file = file
        self.budget = budget or Budget()
        self.start = start
        self.end = max(start, end)

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return self.end - self.start

    def read(self, at: int, count: int) -> bytes:
        """Return up to so many bytes (1 MiB at most) from a place in the part."""
        begin = self.start + at
        count = min(count, self.end - begin, MAX_READ)
        if at < 0 or count <= 0:
            return b""
        self.file.seek(begin)
        return self.file.read(self.budget.bytes(count))

    def inner(self, at: int, count: int) -> Part:
        """Return a part of the part, cut to what is there."""
        begin = min(self.start + max(at, 0), self.end)
        return Part(self.file, begin, min(begin + max(count, 0), self.end), self.budget)

    def feed(self, at: int = 0) -> Feed:
        """Return its bytes in order, from a place on."""
        return window(self.file, self.start + at, self.end, self.budget)
