"""Workflows in MP4, MOV and M4V files: the metadata of the movie, not its frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.workflow.embedded.document import tag_key
from comfylock.workflow.embedded.isobmff import boxes, cut_short
from comfylock.workflow.embedded.json_text import text_of
from comfylock.workflow.embedded.source import DamagedError

if TYPE_CHECKING:
    from comfylock.workflow.embedded.document import Findings
    from comfylock.workflow.embedded.isobmff import Box
    from comfylock.workflow.embedded.source import Source

_COMMENT = b"\xa9cmt"
_FREEFORM = b"----"
_UTF16 = 2
_MAX_KEYS = 1 << 20
_MAX_NAME = 256


def read(source: Source, found: Findings) -> None:
    """Find the documents of a movie, wherever its `moov` box is; frames are skipped by size.

    Source: https://developer.apple.com/documentation/quicktime-file-format/metadata_atoms_and_types;
    ffmpeg's `use_metadata_tags` writes `moov/udta/meta` with `keys` and `ilst`.
    """
    for box in boxes(source, 0, source.size):
        if box.kind == b"moov":
            _holder(source, box, found)
            if box.cut:
                raise cut_short(box.kind)
            return
    raise DamagedError("has no `moov` box")


def _holder(source: Source, holder: Box, found: Findings) -> None:
    """Walk `moov`, or the user data in it."""
    for box in boxes(source, holder.start, holder.end):
        if box.kind == b"udta" and holder.kind == b"moov":
            _holder(source, box, found)
        elif box.kind == b"meta":
            _metadata(source, box, found)
        elif box.kind == _COMMENT and box.size > 4:
            # QuickTime text: length, language, text.
            length = int.from_bytes(source.exactly(box.start, 2), "big")
            found.tag("comment", source.up_to(box.start + 4, min(length, box.size - 4)))


def _metadata(source: Source, meta: Box, found: Findings) -> None:
    # ISO's box begins with version and flags, which are zero; QuickTime's with its first child.
    start = meta.start + 4 * (source.up_to(meta.start, 4) == bytes(4))
    keys: list[str] = []
    for box in boxes(source, start, meta.end):
        if box.kind == b"keys":
            keys = _keys(source, box)
            break
    for box in boxes(source, start, meta.end):
        if box.kind == b"ilst":
            for item in boxes(source, box.start, box.end):
                _item(source, item, keys, found)


def _keys(source: Source, box: Box) -> list[str]:
    data = source.up_to(box.start + 8, min(box.size - 8, _MAX_KEYS))
    names = []
    at = 0
    while len(data) - at >= 8:
        size = int.from_bytes(data[at : at + 4], "big")
        if size < 8:
            raise DamagedError("has a metadata key of impossible size")
        names.append(text_of(data[at + 8 : at + min(size, _MAX_NAME)]))
        at += size
    return names


def _item(source: Source, item: Box, keys: list[str], found: Findings) -> None:
    number = int.from_bytes(item.kind, "big")
    name = "comment" if item.kind == _COMMENT else ""
    if 1 <= number <= len(keys):
        name = keys[number - 1]
    elif not name and item.kind != _FREEFORM:
        return
    for box in boxes(source, item.start, item.end):
        if box.kind == b"name" and item.kind == _FREEFORM:
            name = text_of(source.up_to(box.start + 4, min(box.size - 4, _MAX_NAME)))
        elif box.kind == b"data" and tag_key(name) and not box.cut:
            kind = int.from_bytes(source.exactly(box.start, 4), "big")
            value = source.up_to(box.start + 8, box.size - 8)
            found.tag(name, value.decode("utf-16-be", "replace") if kind == _UTF16 else value)
