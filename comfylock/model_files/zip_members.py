"""The members of a zip archive, read as torch's reader does: flags and checksums hold nobody up.

Python's zipfile refuses an archive whose flags, names or checksums do not fit; torch's miniz loads
it. So what does not fit is a trait here, and the bytes are looked into all the same.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.model_files.facts import Trait

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.model_files.part import Part

MAX_MEMBERS = 100_000
TAIL = 22 + (1 << 16)
"""Bytes at the end in which the archive's directory is announced."""

_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_ENCRYPTED = 0x2041
"""Flags of encryption, old and new, and of a masked directory."""


class Member(Struct, frozen=True):
    """A file in an archive."""

    name: str
    method: int
    """0 stored, 8 deflated; others are rare."""
    start: int
    """Where its bytes begin."""
    packed: int
    """Bytes as stored."""
    size: int
    """Bytes as unpacked, as the archive claims."""
    crc: int


def has_directory(part: Part) -> bool:
    """Say whether the end of a file leads to a zip archive's directory."""
    return any(True for _ in _directories(part))


def read_members(part: Part, traits: list[Trait]) -> Iterator[Member]:
    """Yield every member of every directory that a reader could mean; oddities go to `traits`."""
    seen: dict[str, int] = {}
    places: set[int] = set()
    starts = list(_directories(part))
    if not starts:
        traits.append(Trait("suspicious", "zip-broken", "is a zip archive without a directory"))
    if len(starts) > 1:
        detail = "is a zip archive with several directories, of which readers take one or another"
        traits.append(Trait("suspicious", "zip-several", detail))
    for at, shift in starts:
        for offset, entry, name, extra in _entries(part, at):
            if len(seen) >= MAX_MEMBERS:
                detail = f"has more than {MAX_MEMBERS} members, the rest was not looked into"
                traits.append(Trait("dangerous", "unread", detail))
                return
            member = _member(part, entry, name, extra, shift, traits)
            if member is None or member.start in places:
                continue
            places.add(member.start)
            if seen.setdefault(name, offset) != offset and len(starts) == 1:
                traits.append(Trait("suspicious", "zip-twice", f"holds `{name}` twice"))
            yield member


def _directories(part: Part) -> Iterator[tuple[int, int]]:
    """Yield where directories begin, each with what has to be added to places in the archive."""
    base = max(0, part.size - TAIL)
    tail = part.read(base, TAIL)
    found: set[int] = set()
    at = tail.rfind(b"PK\x05\x06")
    for _ in range(4):
        if at < 0:
            return
        for start, shift in _announced(part, base + at, tail[at : at + _END.size]):
            if start not in found and part.read(start, 4) == b"PK\x01\x02":
                found.add(start)
                yield start, shift
        at = tail.rfind(b"PK\x05\x06", 0, at)


def _announced(part: Part, at: int, data: bytes) -> Iterator[tuple[int, int]]:
    if len(data) < _END.size:
        return
    size, offset = _END.unpack(data)[5:7]
    yield offset, 0
    yield at - size, at - size - offset
    locator = part.read(at - 20, 20)
    if locator[:4] == b"PK\x06\x07":
        place = int.from_bytes(locator[8:16], "little")
        for where in (place, at - 20 - _END64.size):
            record = part.read(where, _END64.size)
            if len(record) == _END64.size and record[:4] == b"PK\x06\x06":
                size, offset = _END64.unpack(record)[8:10]
                yield offset, 0
                yield where - size, where - size - offset


_Entry = tuple[int, ...]


def _entries(part: Part, at: int) -> Iterator[tuple[int, _Entry, str, bytes]]:
    """Yield the entries of a directory, as far as they are entries."""
    while True:
        data = part.read(at, _ENTRY.size)
        if len(data) < _ENTRY.size or data[:4] != b"PK\x01\x02":
            return
        entry: _Entry = _ENTRY.unpack(data)[1:]
        name_size, extra_size, comment_size = entry[9:12]
        names = part.read(at + _ENTRY.size, name_size + extra_size)
        yield at, entry, _text(names[:name_size]), names[name_size:]
        at += _ENTRY.size + name_size + extra_size + comment_size


def _member(
    part: Part, entry: _Entry, name: str, extra: bytes, shift: int, traits: list[Trait]
) -> Member | None:
    flags, method = entry[2:4]
    crc, packed, size = entry[6:9]
    offset = entry[15]
    packed, size, offset = _wide(extra, packed, size, offset)
    offset += shift
    local = part.read(offset, _LOCAL.size)
    if len(local) < _LOCAL.size or local[:4] != b"PK\x03\x04":
        detail = f"has no `{name}` where its directory says"
        traits.append(Trait("suspicious", "zip-broken", detail))
        return None
    values = _LOCAL.unpack(local)[1:]
    start = offset + _LOCAL.size + values[8] + values[9]
    own = _text(part.read(offset + _LOCAL.size, values[8]))
    traits += _oddities(name, own, (flags, values[1]), (method, values[2]))
    if method == 0 and packed != size:
        traits.append(Trait("suspicious", "zip-size", f"gives two sizes for `{name}`"))
        packed = max(packed, size)
    return Member(name, method, start, packed, size, crc)


def _oddities(
    name: str, own: str, flags: tuple[int, int], methods: tuple[int, int]
) -> Iterator[Trait]:
    if own != name:
        detail = f"calls `{name}` of its directory `{own}` in its place"
        yield Trait("suspicious", "zip-name", detail)
    if (flags[0] | flags[1]) & _ENCRYPTED:
        detail = f"says that `{name}` is encrypted, which older torch does not mind"
        yield Trait("suspicious", "zip-flags", detail)
    if methods[0] != methods[1]:
        yield Trait("suspicious", "zip-method", f"names two compressions for `{name}`")


def _wide(extra: bytes, packed: int, size: int, offset: int) -> tuple[int, int, int]:
    """Return sizes and place, from the 64-bit fields where the others are full."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        field = extra[at + 4 : at + 4 + length]
        at += 4 + length
        if kind != 1:
            continue
        numbers = [int.from_bytes(field[i : i + 8], "little") for i in range(0, len(field) - 7, 8)]
        if size == 0xFFFFFFFF and numbers:
            size = numbers.pop(0)
        if packed == 0xFFFFFFFF and numbers:
            packed = numbers.pop(0)
        if offset == 0xFFFFFFFF and numbers:
            offset = numbers.pop(0)
        break
    return packed, size, offset


def _text(name: bytes) -> str:
    return name.decode("utf-8", "replace")
