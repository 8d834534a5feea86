"""Workflows in AVIF files: the Exif item."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.workflow.embedded.isobmff import boxes, cut_short
from comfylock.workflow.embedded.source import MAX_VALUE, DamagedError
from comfylock.workflow.embedded.tiff import read_exif

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.workflow.embedded.document import Findings
    from comfylock.workflow.embedded.isobmff import Box
    from comfylock.workflow.embedded.source import Source

_MAX_TABLE = 4 << 20
_IN_FILE = 0
_IN_ITEM_DATA = 1


class _Fields:
    """Reads big-endian numbers of given widths, one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, width: int) -> int:
        end = self._at + width
        if end > len(self._data):
            raise DamagedError("has a damaged item table")
        value = int.from_bytes(self._data[self._at : end], "big")
        self._at = end
        return value


def read(source: Source, found: Findings) -> None:
    """Find the documents of an AVIF file.

    Source: ISO/IEC 14496-12 sections 8.11.3 (`iloc`) and 8.11.6 (`iinf`), ISO/IEC 23008-12
    annex A (Exif items).
    """
    for box in boxes(source, 0, source.size):
        if box.kind == b"meta":
            _metadata(source, box, found)
            if box.cut:
                raise cut_short(box.kind)
            return
    raise DamagedError("has no `meta` box")


def _metadata(source: Source, meta: Box, found: Findings) -> None:
    parts: dict[bytes, Box] = {}
    for box in boxes(source, meta.start + 4, meta.end):
        parts.setdefault(box.kind, box)
    if b"iinf" not in parts or b"iloc" not in parts:
        return
    wanted = set(_exif_items(source, parts[b"iinf"]))
    if not wanted:
        return
    table = source.exactly(parts[b"iloc"].start, min(parts[b"iloc"].size, _MAX_TABLE))
    for item, method, extents in _locations(table, source):
        if item not in wanted or method not in {_IN_FILE, _IN_ITEM_DATA}:
            continue
        base = parts[b"idat"].start if method == _IN_ITEM_DATA and b"idat" in parts else 0
        _exif(source, [(base + offset, length) for offset, length in extents], found)


def _exif_items(source: Source, box: Box) -> Iterator[int]:
    version = source.exactly(box.start, 4)[0]
    for entry in boxes(source, box.start + (6 if version == 0 else 8), box.end):
        head = source.up_to(entry.start, 14)
        width = 2 if head[:1] == b"\2" else 4
        # Version and flags, id, protection, type.
        if entry.kind == b"infe" and head[6 + width : 10 + width] == b"Exif":
            yield int.from_bytes(head[4 : 4 + width], "big")


def _locations(table: bytes, source: Source) -> Iterator[tuple[int, int, list[tuple[int, int]]]]:
    """Yield each item's id, construction method, and extents as offset and length."""
    fields = _Fields(table)
    version = fields.take(4) >> 24
    sizes = fields.take(2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version else 0
    wide = 4 if version == 2 else 2
    for _ in range(fields.take(wide)):
        source.step()
        item = fields.take(wide)
        method = fields.take(2) & 15 if version else _IN_FILE
        fields.take(2)
        base = fields.take(base_size)
        extents = []
        for _ in range(fields.take(2)):
            source.step()
            fields.take(index_size)
            offset = base + fields.take(offset_size)
            extents.append((offset, fields.take(length_size)))
        yield item, method, extents


def _exif(source: Source, extents: list[tuple[int, int]], found: Findings) -> None:
    if sum(length for _, length in extents) > MAX_VALUE:
        raise DamagedError(f"holds a piece of metadata of more than {MAX_VALUE >> 20} MiB")
    # A length of zero means up to the end of the file.
    data = b"".join(
        source.exactly(offset, length or source.size - offset) for offset, length in extents
    )
    header = 4 + int.from_bytes(data[:4], "big")
    read_exif(data[header:], source, found)
