"""Workflows in JPEG files: Exif data and comments, before the pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.workflow.embedded.source import DamagedError
from comfylock.workflow.embedded.tiff import EXIF_PREFIX, read_exif

if TYPE_CHECKING:
    from comfylock.workflow.embedded.document import Findings
    from comfylock.workflow.embedded.source import Source

_COMMENT = 0xFE
_APP1 = 0xE1
_PIXELS = 0xDA
_END = 0xD9
_BARE = frozenset((0x01, *range(0xD0, 0xD9)))
"""Markers without a length: TEM, RST0 to RST7, SOI."""


def read(source: Source, found: Findings) -> None:
    """Find the documents of a JPEG file.

    Source: ITU-T T.81 annex B; Exif 2.3 section 4.7.2. ComfyUI itself writes none into JPEG,
    third-party savers do.
    """
    offset = 2
    while True:
        source.step()
        head = source.exactly(offset, 2)
        marker = head[1]
        if head[0] != 0xFF:
            raise DamagedError("has a damaged segment")
        if marker in {_PIXELS, _END}:
            return
        if marker == 0xFF:
            offset += 1
        elif marker in _BARE:
            offset += 2
        else:
            length = int.from_bytes(source.exactly(offset + 2, 2), "big")
            if length < 2:
                raise DamagedError("has a segment of impossible size")
            _segment(source, marker, offset + 4, length - 2, found)
            offset += 2 + length


def _segment(source: Source, marker: int, offset: int, length: int, found: Findings) -> None:
    if marker == _COMMENT:
        found.labelled(source.exactly(offset, length))
    elif marker == _APP1 and source.up_to(offset, 6) == EXIF_PREFIX:
        read_exif(source.exactly(offset, length), source, found)
