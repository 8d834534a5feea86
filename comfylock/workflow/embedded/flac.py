"""Workflows in FLAC files: the Vorbis comment block."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.workflow.embedded.vorbis_comment import read_comments

if TYPE_CHECKING:
    from comfylock.workflow.embedded.document import Findings
    from comfylock.workflow.embedded.source import Source

COMMENTS = 4
"""The type of a metadata block that holds Vorbis comments."""

_LAST = 0x80


def read(source: Source, found: Findings, start: int = 0) -> None:
    """Find the documents of a FLAC file that begins at an offset.

    Source: RFC 9639 section 8
    """
    offset, last = start + 4, 0
    while not last:
        source.step()
        head = source.exactly(offset, 4)
        length, last = int.from_bytes(head[1:], "big"), head[0] & _LAST
        if head[0] & ~_LAST == COMMENTS:
            read_comments(source.exactly(offset + 4, length), source, found)
        offset += 4 + length
