"""Workflows in PNG and animated PNG files: text chunks, before and after the pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.workflow.embedded.document import KEYS
from comfylock.workflow.embedded.source import DamagedError, inflate
from comfylock.workflow.embedded.tiff import read_exif

if TYPE_CHECKING:
    from comfylock.workflow.embedded.document import Findings
    from comfylock.workflow.embedded.source import Source

_SIGNATURE_SIZE = 8
_FRAME_SIZE = 12
"""Bytes around a chunk's data: length, type, checksum."""

_TEXT_CHUNKS = frozenset((b"tEXt", b"zTXt", b"iTXt", b"comf"))


def read(source: Source, found: Findings) -> None:
    """Find the documents of a PNG file. Checksums are not looked at.

    Source: https://www.w3.org/TR/png-3/#11textinfo; `comf` (`key`, NUL, JSON) is ComfyUI's
    own chunk, which its SaveAnimatedPNG writes after the first frame.
    """
    offset = _SIGNATURE_SIZE
    while True:
        source.step()
        head = source.up_to(offset, 8)
        length, kind = int.from_bytes(head[:4], "big"), head[4:8]
        if kind == b"IEND":
            return
        if len(head) < 8:
            raise DamagedError("ends before its `IEND` chunk")
        if length >= 1 << 31:
            raise DamagedError("has a chunk of impossible size")
        if kind in _TEXT_CHUNKS:
            _text_chunk(source, kind, offset + 8, length, found)
        elif kind == b"eXIf":
            read_exif(source.exactly(offset + 8, length), source, found)
        offset += length + _FRAME_SIZE
        if offset > source.size:
            raise DamagedError("ends inside a chunk")


def _text_chunk(source: Source, kind: bytes, offset: int, length: int, found: Findings) -> None:
    keyword, nul, _ = source.up_to(offset, min(length, 80)).partition(b"\0")
    key = keyword.decode("latin-1").lower()
    if not nul or key not in KEYS:
        return
    skip = len(keyword) + 1
    data = source.exactly(offset + skip, length - skip)
    if kind == b"zTXt":
        data = inflate(data[1:])
    elif kind == b"iTXt":
        # Compression flag and method, language, NUL, translated keyword, NUL, text.
        text = data[2:].partition(b"\0")[2].partition(b"\0")[2]
        data = inflate(text) if data[:1] == b"\1" else text
    found.tag(key, data)
