"""The list of `name=value` comments that FLAC and Ogg files share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.workflow.embedded.document import tag_key
from comfylock.workflow.embedded.source import DamagedError

if TYPE_CHECKING:
    from comfylock.workflow.embedded.document import Findings
    from comfylock.workflow.embedded.source import Source

_MAX_NAME = 256


def read_comments(data: bytes, source: Source, found: Findings) -> None:
    """Find the documents in a Vorbis comment block.

    Source: https://www.xiph.org/vorbis/doc/v-comment.html
    """
    at = 4 + int.from_bytes(data[:4], "little")
    count = int.from_bytes(data[at : at + 4], "little")
    at += 4
    for _ in range(count):
        source.step()
        length = int.from_bytes(data[at : at + 4], "little")
        start, at = at + 4, at + 4 + length
        if at > len(data):
            raise DamagedError("has damaged comments")
        equals = data.find(b"=", start, min(at, start + _MAX_NAME))
        name = data[start : max(equals, start)].decode("latin-1")
        if tag_key(name):
            found.tag(name, data[equals + 1 : at])
    if at > len(data):
        raise DamagedError("has damaged comments")
