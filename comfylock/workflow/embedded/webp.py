"""Workflows in WebP files: the Exif chunk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.workflow.embedded.source import DamagedError
from comfylock.workflow.embedded.tiff import read_exif

if TYPE_CHECKING:
    from comfylock.workflow.embedded.document import Findings
    from comfylock.workflow.embedded.source import Source


def read(source: Source, found: Findings) -> None:
    """Find the documents of a WebP file.

    Source: https://developers.google.com/speed/webp/docs/riff_container
    """
    declared = int.from_bytes(source.exactly(4, 4), "little") + 8
    offset = 12
    while offset + 8 <= source.size:
        source.step()
        head = source.exactly(offset, 8)
        if offset >= declared and not head[:4].isalnum():
            break
        length = int.from_bytes(head[4:], "little")
        if head[:4] == b"EXIF":
            read_exif(source.exactly(offset + 8, length), source, found)
        offset += 8 + length + length % 2
        # A last chunk of odd size often lacks its padding.
        if offset > source.size + 1:
            raise DamagedError("ends inside a chunk")
    if declared > source.size + 1:
        raise DamagedError("ends too early")
