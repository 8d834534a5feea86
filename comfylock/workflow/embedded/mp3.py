"""Workflows in MP3 files: user-defined text and comments of the ID3v2 tag."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from comfylock.workflow.embedded import flac
from comfylock.workflow.embedded.document import tag_key
from comfylock.workflow.embedded.json_text import text_of
from comfylock.workflow.embedded.source import DamagedError, inflate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.workflow.embedded.document import Findings
    from comfylock.workflow.embedded.source import Source

_HEADER_SIZE = 10
_UNSYNCHRONISED = 0x80
_EXTENDED = 0x40
_TEXTS = frozenset((b"TXX", b"TXXX"))
_COMMENTS = frozenset((b"COM", b"COMM"))
_FRAME_NAME = re.compile(rb"[A-Z0-9]{4}|\0{4}")


def read(source: Source, found: Findings) -> None:
    """Find the documents of an MP3 file, or of a FLAC file behind an ID3 tag.

    Source: https://id3.org/id3v2.4.0-structure, https://id3.org/id3v2.3.0, https://id3.org/id3v2-00
    """
    head = source.up_to(0, _HEADER_SIZE)
    if head[:3] != b"ID3":
        return
    if len(head) < _HEADER_SIZE:
        raise DamagedError("ends too early")
    size = _synchsafe(head[6:10])
    body = source.up_to(_HEADER_SIZE, size)
    version, flags = head[3], head[5]
    for name, data in _frames(body, version, flags, source):
        _frame(name, data, found)
    if len(body) < size:
        raise DamagedError("ends inside its ID3 tag")
    if source.up_to(_HEADER_SIZE + size, 4) == b"fLaC":
        flac.read(source, found, _HEADER_SIZE + size)


def _frames(body: bytes, version: int, flags: int, source: Source) -> Iterator[tuple[bytes, bytes]]:
    """Yield name and content of the frames that can hold a document."""
    if flags & _UNSYNCHRONISED and version < 4:
        body = _resynchronise(body)
    at = 0
    if flags & _EXTENDED:
        if version == 2:
            # Here the flag means a compression that was never defined.
            return
        at = _synchsafe(body[:4]) if version == 4 else 4 + int.from_bytes(body[:4], "big")
    width = 3 if version == 2 else 4
    header = 6 if version == 2 else 10
    while len(body) - at >= header and body[at]:
        source.step()
        name = body[at : at + width]
        size = _frame_size(body, at, version)
        start, at = at + header, at + header + size
        if at > len(body):
            raise DamagedError("has a damaged ID3 tag")
        if name in _TEXTS or name in _COMMENTS:
            flag = body[start - 1] if version > 2 else 0
            yield name, _content(body[start:at], version, flag, whole=flags)


def _frame_size(body: bytes, at: int, version: int) -> int:
    if version == 2:
        return int.from_bytes(body[at + 3 : at + 6], "big")
    field = body[at + 4 : at + 8]
    plain = int.from_bytes(field, "big")
    if version == 3:
        return plain
    # iTunes wrote plain numbers where version 2.4 has seven bits to the byte.
    safe = _synchsafe(field)
    for size in (safe, plain):
        behind = at + 10 + size
        if behind == len(body) or _FRAME_NAME.match(body, behind):
            return size
    return safe


def _content(data: bytes, version: int, flag: int, *, whole: int) -> bytes:
    """Return a frame's content without grouping, length, compression and unsynchronisation."""
    if version == 4:
        data = data[bool(flag & 0x40) :]
        if flag & 0x02 or whole & _UNSYNCHRONISED:
            data = _resynchronise(data)
        data = data[4 * (flag & 0x01) :]
        encrypted, compressed = flag & 0x04, flag & 0x08
    else:
        data = data[4 * bool(flag & 0x80) + bool(flag & 0x20) :]
        encrypted, compressed = flag & 0x40, flag & 0x80
    if encrypted:
        return b""
    return inflate(data) if compressed else data


def _frame(name: bytes, data: bytes, found: Findings) -> None:
    encoding = data[0] if data else 0
    # A comment has a language of three letters before its description.
    skip = 4 if name in _COMMENTS else 1
    wide = encoding in {1, 2}
    end = data.find(bytes(2 if wide else 1), skip)
    while wide and end > 0 and (end - skip) % 2:
        end = data.find(b"\0\0", end + 1)
    if end < 0:
        return
    description = _decode(encoding, data[skip : min(end, skip + 256)])
    key = tag_key(description) or ("comment" if name in _COMMENTS else None)
    if key:
        found.tag(key, _decode(encoding, data[end + (2 if wide else 1) :]))


def _decode(encoding: int, data: bytes) -> str:
    if encoding == 1:
        return data.decode("utf-16", "replace")
    if encoding == 2:
        return data.decode("utf-16-be", "replace")
    return text_of(data)


def _synchsafe(data: bytes) -> int:
    value = 0
    for byte in data:
        value = value << 7 | byte & 0x7F
    return value


def _resynchronise(data: bytes) -> bytes:
    return data.replace(b"\xff\0", b"\xff")
