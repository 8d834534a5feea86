"""Workflows in Exif data, which is a small TIFF file inside WebP, JPEG, AVIF or PNG."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from comfylock.workflow.embedded.source import DamagedError

if TYPE_CHECKING:
    from comfylock.workflow.embedded.document import Findings
    from comfylock.workflow.embedded.source import Source

EXIF_PREFIX = b"Exif\0\0"
"""Stands before the TIFF header in JPEG, and in some WebP files."""

_ENTRY_SIZE = 12
_EXIF_DIRECTORY = 0x8769
_USER_COMMENT = 0x9286
_TEXT_TYPES = frozenset((1, 2, 7, 129))
"""BYTE, ASCII, UNDEFINED, UTF-8: one byte for each count."""


def read_exif(data: bytes, source: Source, found: Findings) -> None:
    """Find the documents in Exif data: any text tag `workflow:{…}`, and the user comment.

    Source: TIFF 6.0 section 2, Exif 2.3 section 4.6.5; ComfyUI's SaveAnimatedWEBP writes
    `prompt:` into Model and `workflow:` into Make and the tags below it.
    """
    data = data.removeprefix(EXIF_PREFIX)
    order: Literal["little", "big"]
    if data[:4] == b"II*\0":
        order = "little"
    elif data[:4] == b"MM\0*":
        order = "big"
    else:
        raise DamagedError("has Exif data that cannot be read")
    first = int.from_bytes(data[4:8], order)
    for second in _directory(data, first, order, source, found)[:1]:
        _directory(data, second, order, source, found)


def _directory(
    data: bytes, start: int, order: Literal["little", "big"], source: Source, found: Findings
) -> list[int]:
    """Take the texts of one directory and return where its Exif directories are."""
    count = int.from_bytes(data[start : start + 2], order)
    end = start + 2 + count * _ENTRY_SIZE
    further = []
    for at in range(start + 2, min(end, len(data) - _ENTRY_SIZE + 1), _ENTRY_SIZE):
        source.step()
        tag = int.from_bytes(data[at : at + 2], order)
        kind = int.from_bytes(data[at + 2 : at + 4], order)
        size = int.from_bytes(data[at + 4 : at + 8], order)
        value = int.from_bytes(data[at + 8 : at + 12], order)
        if tag == _EXIF_DIRECTORY:
            further.append(value)
        elif kind in _TEXT_TYPES and size > 4:
            _text(tag, data, value, size, found)
    if end > len(data):
        raise DamagedError("has Exif data that is cut short")
    return further


def _text(tag: int, data: bytes, start: int, size: int, found: Findings) -> None:
    # Only texts that can be meant are copied: a thousand tags may share one long value.
    opening = data[start : start + min(size, 32)]
    if tag == _USER_COMMENT:
        found.labelled(user_comment(data[start : start + size]))
    elif opening.lower().lstrip(b" ").startswith((b"workflow", b"prompt", b"{", b'"')):
        found.labelled(data[start : start + size])
    else:
        return
    if start + size > len(data):
        raise DamagedError("has Exif data that is cut short")


def user_comment(data: bytes) -> bytes | str:
    """Return the text of an Exif user comment, after its eight bytes of character code.

    `UNICODE` does not say which byte order; writers use both, and some write UTF-8.
    """
    code, text = data[:8], data[8:]
    if code == b"UNICODE\0":
        if text[:2] in {b"\xff\xfe", b"\xfe\xff"}:
            return text.decode("utf-16", "replace")
        if text[:1] == b"\0":
            return text.decode("utf-16-be", "replace")
        if text[1:2] == b"\0":
            return text.decode("utf-16-le", "replace")
        return text
    if code == b"JIS\0\0\0\0\0":
        return text.decode("iso2022_jp", "replace")
    return text if code in {b"ASCII\0\0\0", bytes(8)} else data
