"""Workflows in Ogg files (Opus, Vorbis, FLAC, Theora): the comment packet of each stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.workflow.embedded.flac import COMMENTS
from comfylock.workflow.embedded.source import MAX_VALUE, DamagedError
from comfylock.workflow.embedded.vorbis_comment import read_comments

if TYPE_CHECKING:
    from comfylock.workflow.embedded.document import Findings
    from comfylock.workflow.embedded.source import Source

_BEGINS = 2
_MAX_STREAMS = 16
_PREFIXES = (b"OpusTags", b"\x03vorbis", b"\x81theora")


def read(source: Source, found: Findings) -> None:
    """Find the documents of an Ogg file: the second packet of each stream, over many pages.

    Source: RFC 3533 (pages), RFC 7845 section 5.2 (`OpusTags`), the Vorbis I specification
    section 5.
    """
    pending: dict[int, bytearray] = {}
    offset = 0
    while offset < source.size:
        source.step()
        head = source.exactly(offset, 27)
        if head[:4] != b"OggS":
            raise DamagedError("has a damaged page")
        lacing = source.exactly(offset + 27, head[26])
        offset += 27 + len(lacing)
        serial = int.from_bytes(head[14:18], "little")
        if head[5] & _BEGINS:
            # The first page holds the first packet and nothing else.
            if len(pending) < _MAX_STREAMS:
                pending[serial] = bytearray()
        elif serial in pending and _append(source, offset, lacing, pending[serial]):
            _comments(bytes(pending.pop(serial)), source, found)
        if not pending:
            return
        offset += sum(lacing)
    raise DamagedError("ends before its comments")


def _append(source: Source, offset: int, lacing: bytes, packet: bytearray) -> bool:
    """Add what a page has of a packet; return whether the packet is complete."""
    length = 0
    complete = False
    for part in lacing:
        length += part
        if part < 255:
            complete = True
            break
    packet += source.exactly(offset, length)
    if len(packet) > MAX_VALUE:
        raise DamagedError(f"holds a piece of metadata of more than {MAX_VALUE >> 20} MiB")
    return complete


def _comments(packet: bytes, source: Source, found: Findings) -> None:
    for prefix in _PREFIXES:
        if packet.startswith(prefix):
            read_comments(packet[len(prefix) :], source, found)
            return
    # FLAC in Ogg: one metadata block for each packet, the comments first. Its length in the
    # block's header must fit, other codecs have other things there.
    is_block = packet[:1] != b"" and packet[0] & 0x7F == COMMENTS
    if is_block and int.from_bytes(packet[1:4], "big") == len(packet) - 4:
        read_comments(packet[4:], source, found)
