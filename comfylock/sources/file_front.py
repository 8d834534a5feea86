"""What a download's first bytes say it is: a file, a web page, a pointer to something else."""

from __future__ import annotations

import io

from comfylock.names import printable
from comfylock.net.pages import is_page
from comfylock.patterns import Pattern

KEPT = 4096
"""Bytes from the front that are kept."""

_TITLE = Pattern(r"(?i)<title[^>]{0,200}>([^<]{1,300})</title")
_POINTER = b"version https://git-lfs.github.com/spec/"


class TooLargeError(Exception):
    """More came than anybody wants."""


class Front(io.BytesIO):
    """Takes in a download of at most `limit` bytes and keeps its front."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit
        self._beyond = 0

    def write(self, data: bytes, /) -> int:  # type: ignore[override]
        """Take in what came.

        Raises:
            TooLargeError: it is more than the limit.
        """
        kept = data[: max(0, KEPT - super().tell())]
        super().write(kept)
        self._beyond += len(data) - len(kept)
        if self.tell() > self._limit:
            raise TooLargeError
        return len(data)

    def tell(self) -> int:
        """Return how much has come."""
        return super().tell() + self._beyond

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go back to the start: the download begins again."""
        self._beyond = 0
        return super().seek(offset, whence)


def is_lfs_pointer(front: bytes) -> bool:
    """Say whether this is what git keeps in the place of a large file. Source: git-lfs v1."""
    return front.startswith(_POINTER)


def title_of(front: bytes) -> str | None:
    """Return a web page's title, safe to show."""
    match = _TITLE.search(front.decode("utf-8", "replace"))
    return printable(" ".join(match[1].split()), 80) if match else None


def what_it_is(front: bytes) -> str:
    """Return a few words for what should have been an archive."""
    if not front:
        return "empty"
    if is_lfs_pointer(front):
        return "a git-lfs pointer"
    if is_page("", front, ""):
        title = title_of(front)
        return f"a web page (`{title}`)" if title else "a web page or an error message"
    return "something else"
