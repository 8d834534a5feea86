"""What is in an archive of a pack: looked into where it lies, never unpacked, never trusted."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING, BinaryIO

from msgspec import Struct

from comfylock.definitions.pack_files import PYTHON_SIZE
from comfylock.names import leaves_its_folder, printable
from comfylock.sources.file_front import what_it_is
from comfylock.sources.interface import Missing, SourceFacts
from comfylock.sources.source_facts import facts_of

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_ENTRIES = 50_000
MAX_DIRECTORY = 32 << 20
"""Bytes of a zip's list of entries, which is read as a whole."""

MAX_UNPACKED = 16 << 30
"""Bytes of all entries together."""

MAX_RATIO = 100
HARMLESS = 256 << 20
"""Bytes unpacked below which it does not matter how well they were packed."""

_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OSError,
    EOFError,
    OverflowError,
    struct.error,
)
"""What reading a damaged or strange archive raises."""

_END = b"PK\x05\x06"
_END_64 = b"PK\x06\x07"
_END_SIZE = 22


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


def read_archive(stream: BinaryIO, what: str, *, with_classes: bool) -> SourceFacts | Missing:
    """Return what the files of a zip or tar.gz say. Unpacks nothing, runs nothing.

    `what` names the archive in a message.
    """
    stream.seek(0)
    front = stream.read(4096)
    try:
        if front.startswith(b"\x1f\x8b"):
            from comfylock.sources.archive_tar import read_tar  # noqa: PLC0415 - hardly ever met

            return read_tar(stream, with_classes=with_classes)
        if front.startswith(b"PK"):
            return _read_zip(stream, with_classes=with_classes)
    except ArchiveError as error:
        told, hint = f"{what} {error.told}", "choose another version of it"
        if error.is_hostile:
            return Missing("not-allowed", told, hint)
        return Missing("not-an-archive", told, hint)
    except _FAULTS:
        told = f"{what} is damaged or cut short"
        return Missing("not-an-archive", told, "choose another version of it")
    told = f"{what} is no archive but {what_it_is(front)}"
    return Missing("not-an-archive", told, "try again later, or choose another version of it")


def _read_zip(stream: BinaryIO, *, with_classes: bool) -> SourceFacts:
    size = stream.seek(0, 2)
    _check_directory(stream, size)
    with zipfile.ZipFile(stream) as archive:
        members = archive.infolist()
        check_entries(map(_entry, members), size)
        if any(member.flag_bits & 0x1 for member in members):
            raise ArchiveError("holds encrypted files")
        files = {member.filename: member for member in members if not member.is_dir()}

        def read(name: str) -> bytes | None:
            if files[name].file_size > PYTHON_SIZE:
                return None
            with archive.open(files[name]) as opened:
                return opened.read(PYTHON_SIZE + 1)

        return facts_of(files, read, with_classes=with_classes)


def _entry(member: zipfile.ZipInfo) -> Entry:
    kind = stat.S_IFMT(member.external_attr >> 16)
    return Entry(member.orig_filename, member.file_size, kind, member.is_dir())


def _check_directory(stream: BinaryIO, size: int) -> None:
    """Refuse a zip whose list of entries is too long, before anything reads it as a whole.

    Source: APPNOTE.TXT 4.3.16.
    """
    begin = max(0, size - _END_SIZE - 0xFFFF - 20)
    stream.seek(begin)
    tail = stream.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_SIZE:
        raise ArchiveError("is damaged or cut short")
    entries, length = struct.unpack("<HI", tail[at + 10 : at + 16])
    # Archives of more entries or bytes than are taken here are the only ones that need zip64.
    if tail[max(0, at - 20) : at].startswith(_END_64) or entries == 0xFFFF:
        raise _too_many()
    if entries > MAX_ENTRIES or length > MAX_DIRECTORY:
        raise _too_many()


def _too_many() -> ArchiveError:
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
            raise _too_many()
        check_name(entry, seen)
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


def check_name(entry: Entry, seen: dict[str, bool]) -> None:
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
