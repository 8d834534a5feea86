"""Which container is a file? Told from its first bytes, never from its name."""

from __future__ import annotations

HEAD_SIZE = 1024
"""Bytes that `sniff` should be given: SVG may begin with a long comment; 64 do for the rest."""

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x1a\x45\xdf\xa3", "webm"),
    (b"fLaC", "flac"),
    (b"OggS", "ogg"),
    (b"ID3", "mp3"),
    (b"glTF", "glb"),
)
_MOVIE_BOXES = frozenset((b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"))
_AVIF = frozenset((b"avif", b"avis"))
_OTHER_IMAGES = frozenset(
    (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"crx ")
)


def sniff(head: bytes) -> str | None:
    """Return the name of the container that a file begins with, or None.

    One of `png`, `webp`, `jpeg`, `avif`, `mp4` (also MOV, M4V), `webm` (also MKV), `flac`,
    `ogg`, `mp3`, `glb`, `svg`, `safetensors`.
    """
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return None if name == "mp3" and not _is_id3(head) else name
    if head[:4] == b"RIFF":
        return "webp" if head[8:12] == b"WEBP" else None
    if head[4:8] == b"ftyp":
        return _by_brand(head)
    if head[4:8] in _MOVIE_BOXES:
        # Words such as `free` stand in plain text too, but a box size is not four letters.
        return None if head[:4].isascii() and head[:4].decode("ascii").isprintable() else "mp4"
    if head[8:9] == b"{" and head[4:8] == b"\0\0\0\0":
        return "safetensors"
    if _is_mpeg_audio(head):
        return "mp3"
    return "svg" if _is_svg(head) else None


def _by_brand(head: bytes) -> str | None:
    size = int.from_bytes(head[:4], "big")
    listed = head[16 : min(size, len(head))]
    brands = {head[8:12], *(listed[at : at + 4] for at in range(0, len(listed), 4))}
    if brands & _AVIF:
        return "avif"
    return None if head[8:12] in _OTHER_IMAGES else "mp4"


def _is_id3(head: bytes) -> bool:
    return len(head) >= 10 and head[3] in {2, 3, 4} and all(byte < 0x80 for byte in head[6:10])


def _is_mpeg_audio(head: bytes) -> bool:
    """Tell a layer III frame header with no reserved field; UTF-16 and AAC are none."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return False
    version, bitrate, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    return version != 1 and bitrate not in {0, 15} and rate != 3


def _is_svg(head: bytes) -> bool:
    if head[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        text = head.decode("utf-16", "replace")
    else:
        text = head.removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    text = text.lstrip()
    for _ in range(16):
        if text.startswith("<?"):
            text = text.partition("?>")[2].lstrip()
        elif text.startswith("<!--"):
            text = text.partition("-->")[2].lstrip()
        elif text[:9].lower() == "<!doctype":
            return text[9:].lstrip()[:3].lower() == "svg"
        else:
            break
    return text.startswith(("<svg", "<svg:svg"))
