"""The boxes that MP4, MOV and AVIF files are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from comfylock.workflow.embedded.source import DamagedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.workflow.embedded.source import Source


class Box(NamedTuple):
    """One box: its type and where its content is."""

    kind: bytes
    start: int
    end: int
    """Not behind the end of what holds it."""
    cut: bool
    """It claims to be longer than what holds it."""

    @property
    def size(self) -> int:
        """Bytes of content."""
        return self.end - self.start


def boxes(source: Source, start: int, end: int) -> Iterator[Box]:
    """Yield the boxes between two offsets, reading their headers only.

    A box that is cut short is yielded as far as it goes before the error is raised.
    Source: ISO/IEC 14496-12 section 4.2.

    Raises:
        DamagedError: a box is cut short or has an impossible size.
    """
    while end - start >= 8:
        source.step()
        head = source.exactly(start, min(16, end - start))
        size, kind, content = int.from_bytes(head[:4], "big"), head[4:8], start + 8
        if size == 1:
            size, content = int.from_bytes(head[8:16], "big"), start + 16
        elif size == 0:
            size = end - start
        if size < content - start:
            raise DamagedError("has a box of impossible size")
        stop = start + size
        yield Box(kind, content, min(stop, end), stop > end)
        if stop > end:
            raise cut_short(kind)
        start = stop


def cut_short(kind: bytes) -> DamagedError:
    """Return the error for a file that ends inside a box."""
    name = kind.decode("latin-1")
    return DamagedError(f"ends inside its `{name}` box" if name.isalnum() else "ends inside a box")
