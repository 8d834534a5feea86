"""What an archive's list of entries may say before anybody would unpack it."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.names import leaves_its_folder, printable

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_ENTRIES = 50_000
MAX_UNPACKED = 16 << 30
"""Bytes of all entries together."""

MAX_RATIO = 100
HARMLESS = 256 << 20
"""Bytes unpacked below which it does not matter how well they were packed."""


class Entry(Struct, frozen=True):
    """One entry of an archive, as its list names it."""

    name: str
    size: int
    """Bytes, unpacked."""
    kind: int
    """The file type of a Unix mode (`stat.S_IFMT`); 0 where the archive has none."""
    is_folder: bool = False


class ArchiveError(Exception):
    """An archive that is none, or one that nobody should unpack: a sentence's second half."""

    def __init__(self, told: str, *, is_hostile: bool = False) -> None:
        super().__init__(told)
        self.told = told
        self.is_hostile = is_hostile


def too_many() -> ArchiveError:
    """Return the error for an archive of too many entries."""
    return ArchiveError(f"holds more than {MAX_ENTRIES} files", is_hostile=True)


def check_entries(entries: Iterable[Entry], packed: int) -> None:
    """Refuse archives that would leave their folder, overwrite each other, or fill a disk.

    Raises:
        ArchiveError: it must not be unpacked.
    """
    seen: dict[str, bool] = {}
    total = 0
    for entry in entries:
        if len(seen) >= MAX_ENTRIES:
            raise too_many()
        _check_name(entry, seen)
        total += entry.size
        check_total(total, packed)
    files = {name for name, is_folder in seen.items() if not is_folder}
    for name in seen:
        at = name.find("/")
        while at >= 0:
            if name[:at] in files:
                raise _hostile(name, "a file and a folder of one name")
            at = name.find("/", at + 1)


def check_total(unpacked: int, packed: int) -> None:
    """Refuse what would fill a disk.

    Raises:
        ArchiveError: it must not be unpacked.
    """
    if unpacked > MAX_UNPACKED:
        told = f"would unpack to more than {MAX_UNPACKED >> 30} GiB"
        raise ArchiveError(told, is_hostile=True)
    if unpacked > HARMLESS and unpacked > packed * MAX_RATIO:
        told = f"would unpack to more than {MAX_RATIO} times its size"
        raise ArchiveError(told, is_hostile=True)


def _check_name(entry: Entry, seen: dict[str, bool]) -> None:
    """Refuse an entry that leaves the folder, is no plain file, or comes twice; else note it.

    Raises:
        ArchiveError: it must not be unpacked.
    """
    name = entry.name.rstrip("/") if entry.is_folder else entry.name
    if entry.kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        what = "a link" if entry.kind == stat.S_IFLNK else "a special file"
        raise _hostile(name, what)
    parts = name.split("/")
    if not name or leaves_its_folder(name) or "\\" in name or "" in parts or "." in parts:
        raise _hostile(name, "a path that leaves its folder")
    if any(ord(c) < 32 or "\ud800" <= c <= "\udfff" for c in name) or len(name) > 1000:
        raise _hostile(name, "a name that is none")
    if name in seen:
        if seen[name] and entry.is_folder:
            return
        raise _hostile(name, "a name that comes twice")
    seen[name] = entry.is_folder


def _hostile(name: str, what: str) -> ArchiveError:
    return ArchiveError(f"holds {what}: `{printable(name, 80)}`", is_hostile=True)
