"""What is in an archive of a pack: looked into where it lies, never unpacked, never trusted."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable
from typing import BinaryIO, TypeVar, cast

from comfylock.definitions.pack_files import PYTHON_SIZE
from comfylock.hashing import sha256_of_stream
from comfylock.sources.archive_entries import (
    MAX_ENTRIES,
    ArchiveError,
    Entry,
    check_entries,
    too_many,
)
from comfylock.sources.file_front import what_it_is
from comfylock.sources.interface import Missing, SourceFacts
from comfylock.sources.source_facts import facts_of

T = TypeVar("T")
Read = Callable[[str], bytes | None]
"""A file's bytes by its name in the archive; None for one that is not read."""

MAX_DIRECTORY = 32 << 20
"""Bytes of a zip's list of entries, which is read as a whole."""

MAX_DIGESTED = 2 << 30
"""Bytes of all files together, unpacked, whose digests are taken."""

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


def read_archive(stream: BinaryIO, what: str, *, with_classes: bool) -> SourceFacts | Missing:
    """Return what the files of a zip or tar.gz say. Unpacks nothing, runs nothing.

    `what` names the archive in a message.
    """

    def look(names: Iterable[str], read: Read) -> SourceFacts:
        return facts_of(names, read, with_classes=with_classes, with_source=True)

    return look_into(stream, what, look)


def look_into(stream: BinaryIO, what: str, look: Callable[[Iterable[str], Read], T]) -> T | Missing:
    """Return what `look` makes of the names and bytes of an archive's files.

    `what` names the archive in a message.
    """
    stream.seek(0)
    front = stream.read(4096)
    try:
        if front.startswith(b"\x1f\x8b"):
            from comfylock.sources.archive_tar import read_tar  # noqa: PLC0415 - hardly ever met

            return read_tar(stream, look)
        if front.startswith(b"PK"):
            return _read_zip(stream, look)
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


def _read_zip(stream: BinaryIO, look: Callable[[Iterable[str], Read], T]) -> T:
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

        return look(files, read)


def file_digests(stream: BinaryIO) -> dict[str, str]:
    """Return path to sha256 of every file in an archive that `read_archive` took; sorted.

    Empty if it would unpack to more than MAX_DIGESTED bytes, or turns out to be damaged.
    """
    stream.seek(0)
    try:
        if stream.read(2) == b"\x1f\x8b":
            from comfylock.sources.archive_tar import tar_digests  # noqa: PLC0415 - as above

            return tar_digests(stream, MAX_DIGESTED)
        with zipfile.ZipFile(stream) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if sum(member.file_size for member in members) > MAX_DIGESTED:
                return {}
            return dict(sorted((each.filename, _digest(archive, each)) for each in members))
    except (ArchiveError, *_FAULTS):
        return {}


def _digest(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> str:
    with archive.open(member) as opened:
        return sha256_of_stream(cast("BinaryIO", opened))[0]


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
        raise too_many()
    if entries > MAX_ENTRIES or length > MAX_DIRECTORY:
        raise too_many()
