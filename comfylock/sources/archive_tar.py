"""Archives of the Comfy Registry's first months: tar.gz, read once from front to end."""

from __future__ import annotations

import gzip
import io
import stat
import tarfile
from typing import TYPE_CHECKING, BinaryIO, TypeVar, cast

from comfylock.definitions.pack_files import PYTHON_SIZE, TOTAL_SIZE
from comfylock.hashing import sha256_of_stream
from comfylock.sources.archive_entries import (
    MAX_ENTRIES,
    ArchiveError,
    Entry,
    check_entries,
    check_total,
)
from comfylock.sources.source_facts import wanted_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")

MAX_READ = 8 << 20
"""Bytes that the reader may want at once: the greatest header, or a file of source."""

_STEP = 1 << 16


class _Unpacked(io.RawIOBase):
    """A gzip's content, forwards only, for as long as it stays in bounds."""

    def __init__(self, stream: BinaryIO, packed: int) -> None:
        self._content = gzip.GzipFile(fileobj=stream)
        self._packed = packed

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._content.tell()

    def read(self, size: int = -1, /) -> bytes:
        if not 0 <= size <= MAX_READ:
            raise ArchiveError("holds a header of many megabytes", is_hostile=True)
        data = self._content.read(size)
        check_total(self.tell(), self._packed)
        return data

    def seek(self, offset: int, whence: int = 0, /) -> int:
        assert whence == 0
        while self.tell() < offset and self.read(min(_STEP, offset - self.tell())):
            pass
        return self.tell() if self.tell() <= offset else self._content.seek(offset)


def read_tar(
    stream: BinaryIO, look: Callable[[Iterable[str], Callable[[str], bytes | None]], T]
) -> T:
    """Return what `look` makes of the files of a tar.gz. Unpacks nothing.

    Raises:
        ArchiveError: it is none, or must not be unpacked.
        OSError, EOFError, zlib.error: it is damaged.
    """
    packed = stream.seek(0, 2)
    stream.seek(0)
    entries: list[Entry] = []
    contents: dict[str, bytes] = {}
    room = TOTAL_SIZE
    try:
        unpacked = _Unpacked(stream, packed)
        with tarfile.open(fileobj=unpacked, mode="r:") as archive:
            while (member := archive.next()) is not None:
                # `tar -c .` writes every name with `./`, and the folder itself.
                member.name = member.name.removeprefix("./")
                if member.name == "." and member.isdir():
                    continue
                entries.append(_entry(member))
                if len(entries) > MAX_ENTRIES:
                    break
                if _is_read(member, room):
                    opened = archive.extractfile(member)
                    assert opened is not None
                    contents[member.name] = opened.read(member.size)
                    room -= member.size
        while unpacked.read(_STEP):
            pass  # to the checksum at its end
    except tarfile.TarError as error:
        raise ArchiveError("is damaged or cut short") from error
    check_entries(entries, packed)
    files = [entry.name for entry in entries if not entry.is_folder]
    return look(files, contents.get)


def tar_digests(stream: BinaryIO, limit: int) -> dict[str, str]:
    """Return path to sha256 of every file of a tar.gz; nothing if they are larger than a limit.

    Raises:
        ArchiveError: it must not be unpacked.
        OSError, EOFError, zlib.error: it is damaged.
    """
    packed = stream.seek(0, 2)
    stream.seek(0)
    found: dict[str, str] = {}
    total = 0
    try:
        with tarfile.open(fileobj=_Unpacked(stream, packed), mode="r:") as archive:
            while (member := archive.next()) is not None:
                total += member.size
                if total > limit:
                    return {}
                opened = archive.extractfile(member) if member.isreg() else None
                if opened is not None:
                    name = member.name.removeprefix("./")
                    found[name] = sha256_of_stream(cast("BinaryIO", opened))[0]
    except tarfile.TarError as error:
        raise ArchiveError("is damaged or cut short") from error
    return dict(sorted(found.items()))


def _is_read(member: tarfile.TarInfo, room: int) -> bool:
    if not member.isreg() or member.size > min(room, PYTHON_SIZE):
        return False
    return bool(wanted_files([member.name], with_classes=True))


def _entry(member: tarfile.TarInfo) -> Entry:
    if member.isdir():
        return Entry(member.name, 0, stat.S_IFDIR, is_folder=True)
    kinds = [(member.isreg(), stat.S_IFREG), (member.issym() or member.islnk(), stat.S_IFLNK)]
    kind = next((kind for fits, kind in kinds if fits), stat.S_IFCHR)
    return Entry(member.name, member.size, kind)
