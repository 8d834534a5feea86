"""Small writers of the media files that the tests read: only what a reader looks at is real."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Sequence
from typing import Any

UI: dict[str, Any] = {
    "last_node_id": 1,
    "last_link_id": 0,
    "nodes": [
        {"id": 1, "type": "KSampler", "title": "naïve “日本”", "widgets_values": [1, "euler"]}
    ],
    "links": [],
    "version": 0.4,
}
API: dict[str, Any] = {"1": {"class_type": "KSampler", "inputs": {"seed": 1, "name": "a\\b:c=d"}}}
WORKFLOW = json.dumps(UI)
PROMPT = json.dumps(API)
BOTH = (("workflow", WORKFLOW), ("prompt", PROMPT))
VHS_COMMENT = json.dumps({"prompt": PROMPT, "workflow": UI})

Pairs = Sequence[tuple[str, str]]


# PNG


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_text(key: str, text: str | bytes) -> bytes:
    raw = text if isinstance(text, bytes) else text.encode("latin-1")
    return png_chunk(b"tEXt", key.encode() + b"\0" + raw)


def png_ztext(key: str, text: str | bytes) -> bytes:
    raw = text if isinstance(text, bytes) else text.encode("latin-1")
    return png_chunk(b"zTXt", key.encode() + b"\0\0" + zlib.compress(raw))


def png_itext(key: str, text: str, *, compress: bool = False) -> bytes:
    raw = zlib.compress(text.encode()) if compress else text.encode()
    flags = b"\1\0" if compress else b"\0\0"
    return png_chunk(b"iTXt", key.encode() + b"\0" + flags + b"en\0Schl\xc3\xbcssel\0" + raw)


def png_comf(key: str, text: str) -> bytes:
    return png_chunk(b"comf", key.encode() + b"\0" + text.encode("latin-1"))


def png(before: bytes = b"", after: bytes = b"") -> bytes:
    """A valid picture of 1 by 1, with chunks before and after its pixels."""
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    pixels = png_chunk(b"IDAT", zlib.compress(b"\0\0"))
    return b"\x89PNG\r\n\x1a\n" + head + before + pixels + after + png_chunk(b"IEND", b"")


# Exif, WebP, JPEG

Tag = tuple[int, int, bytes]
MAKE, MODEL, DESCRIPTION, USER_COMMENT = 0x010F, 0x0110, 0x010E, 0x9286
ASCII, UNDEFINED, LONG = 2, 7, 4


def ascii_tag(tag: int, text: str) -> Tag:
    return (tag, ASCII, text.encode() + b"\0")


def _directory(tags: Sequence[Tag], start: int, order: str) -> bytes:
    at = start + 2 + 12 * len(tags) + 4
    entries, values = b"", b""
    for tag, kind, value in sorted(tags):
        if kind == LONG:
            entries += struct.pack(order + "HHI", tag, kind, 1) + value
            continue
        entries += struct.pack(order + "HHII", tag, kind, len(value), at + len(values))
        values += value + b"\0" * (len(value) % 2)
    return struct.pack(order + "H", len(tags)) + entries + bytes(4) + values


def exif(tags: Sequence[Tag] = (), sub: Sequence[Tag] = (), order: str = "<") -> bytes:
    """A TIFF header with a directory, and an Exif directory below it if `sub` is given."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    first = list(tags)
    if sub:
        first.append((0x8769, LONG, bytes(4)))
        end = 8 + len(_directory(first, 8, order))
        first[-1] = (0x8769, LONG, struct.pack(order + "I", end))
    head = mark + struct.pack(order + "I", 8) + _directory(first, 8, order)
    return head + (_directory(sub, len(head), order) if sub else b"")


def exif_both() -> bytes:
    """What ComfyUI's SaveAnimatedWEBP writes."""
    return exif([ascii_tag(MODEL, "prompt:" + PROMPT), ascii_tag(MAKE, "workflow:" + WORKFLOW)])


def riff_chunk(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def webp(exif_data: bytes, *, frames: int = 2) -> bytes:
    body = b"WEBP" + riff_chunk(b"VP8X", bytes(10)) + riff_chunk(b"ANMF", bytes(33)) * frames
    body += riff_chunk(b"EXIF", exif_data) + riff_chunk(b"XMP ", b"<x/>")
    return b"RIFF" + struct.pack("<I", len(body)) + body


def jpeg_segment(marker: int, data: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(data) + 2) + data


def jpeg(*segments: bytes) -> bytes:
    frame = jpeg_segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0") + b"".join(segments)
    return b"\xff\xd8" + frame + jpeg_segment(0xDA, bytes(10)) + b"\x12\x34" * 50 + b"\xff\xd9"


# MP4, MOV, AVIF


def box(kind: bytes, *parts: bytes, wide: bool = False) -> bytes:
    data = b"".join(parts)
    if wide:
        return struct.pack(">I4sQ", 1, kind, 16 + len(data)) + data
    return struct.pack(">I4s", 8 + len(data), kind) + data


def data_box(text: str | bytes, kind: int = 1) -> bytes:
    raw = text if isinstance(text, bytes) else text.encode()
    return box(b"data", struct.pack(">II", kind, 0), raw)


def keyed_meta(pairs: Pairs, *, plain: bool = False, prefix: str = "") -> bytes:
    """`meta` with `keys` and `ilst`, as ISO's full box or QuickTime's plain one."""
    keys = b"".join(box(b"mdta", (prefix + key).encode()) for key, _ in pairs)
    items = (box(struct.pack(">I", n), data_box(v)) for n, (_, v) in enumerate(pairs, 1))
    parts = [
        box(b"hdlr", bytes(8), b"mdta", bytes(13)),
        box(b"keys", struct.pack(">II", 0, len(pairs)), keys),
        box(b"ilst", *items),
    ]
    return box(b"meta", *([] if plain else [bytes(4)]), *parts)


def itunes_meta(*items: bytes) -> bytes:
    return box(b"meta", bytes(4), box(b"hdlr", bytes(8), b"mdir", bytes(13)), box(b"ilst", *items))


def freeform(name: str, text: str) -> bytes:
    mean = box(b"mean", bytes(4), b"com.apple.iTunes")
    return box(b"----", mean, box(b"name", bytes(4), name.encode()), data_box(text))


def moov(*parts: bytes) -> bytes:
    return box(b"moov", box(b"mvhd", bytes(100)), *parts)


def mp4(pairs: Pairs = BOTH, *, frames: bytes = bytes(500), first: bool = False) -> bytes:
    """A movie as ffmpeg's `use_metadata_tags` writes it; `moov` last unless `first`."""
    movie, pixels = moov(box(b"udta", keyed_meta(pairs))), box(b"mdat", frames)
    return box(b"ftyp", b"isom", bytes(4), b"isommp41") + (
        movie + pixels if first else box(b"free") + pixels + movie
    )


def avif(exif_data: bytes, *, method: int = 0, version: int = 1) -> bytes:
    """An image with one Exif item, in the file (method 0) or in `idat` (1)."""
    item = struct.pack(">I", 0) + exif_data
    kind = box(b"ftyp", b"avif", bytes(4), b"avifmif1")
    wide = ">I" if version == 2 else ">H"

    def meta(offset: int) -> bytes:
        entry = box(b"infe", b"\2\0\0\0", struct.pack(">HH", 1, 0), b"av01\0")
        exif_entry = box(b"infe", b"\2\0\0\0", struct.pack(">HH", 2, 0), b"Exif\0")
        info = box(b"iinf", bytes(4), struct.pack(">H", 2), entry, exif_entry)
        where = struct.pack(wide, 2) + (struct.pack(">H", method) if version else b"")
        where += struct.pack(">HHII", 0, 1, offset, len(item))
        head = bytes((version, 0, 0, 0, 0x44, 0)) + struct.pack(wide, 1)
        parts = [box(b"hdlr", bytes(24)), info, box(b"iloc", head, where)]
        return box(b"meta", bytes(4), *parts, *([box(b"idat", item)] if method else []))

    start = 0 if method else len(kind) + len(meta(0)) + 8
    return kind + meta(start) + box(b"mdat", b"" if method else item, bytes(200))


# WebM, Matroska


def ebml(kind: int, *parts: bytes, unknown: bool = False) -> bytes:
    data = b"".join(parts)
    raw = kind.to_bytes((kind.bit_length() + 7) // 8)
    size = b"\x01" + b"\xff" * 7 if unknown else (len(data) | 1 << 56).to_bytes(8)
    return raw + size + data


def ebml_tags(pairs: Pairs) -> bytes:
    simple = (
        ebml(0x67C8, ebml(0x45A3, key.upper().encode()), ebml(0x4487, text.encode()))
        for key, text in pairs
    )
    return ebml(0x1254C367, ebml(0x7373, ebml(0x63C0), *simple))


def cluster(*, unknown: bool = False) -> bytes:
    return ebml(0x1F43B675, ebml(0xE7, b"\0"), ebml(0xA3, bytes(300)), unknown=unknown)


def seek_head(kind: int, position: int) -> bytes:
    entry = ebml(0x4DBB, ebml(0x53AB, kind.to_bytes(4)), ebml(0x53AC, position.to_bytes(8)))
    return ebml(0x114D9B74, entry)


def webm(pairs: Pairs = BOTH, *, index: bool = True, unknown: bool = False) -> bytes:
    """Tags behind the frames; `index` says where; `unknown` leaves sizes open, as live streams."""
    info, frames = ebml(0x1549A966, bytes(20)), cluster(unknown=unknown) * 3
    head = seek_head(0x1254C367, len(seek_head(0x1254C367, 0)) + len(info) + len(frames))
    body = [head if index else b"", info, frames, ebml_tags(pairs)]
    start = ebml(0x1A45DFA3, ebml(0x4282, b"webm"))
    return start + ebml(0x18538067, *body, unknown=unknown)


# FLAC, Ogg, MP3


def comments(pairs: Pairs) -> bytes:
    rows = [f"{key}={text}".encode() for key, text in pairs]
    body = b"".join(struct.pack("<I", len(row)) + row for row in rows)
    return struct.pack("<I", 3) + b"abc" + struct.pack("<I", len(rows)) + body


def flac(pairs: Pairs = BOTH) -> bytes:
    block = comments([("TITLE", "x"), *pairs])
    head = b"fLaC\0" + (34).to_bytes(3) + bytes(34)
    return head + b"\x84" + len(block).to_bytes(3) + block + b"\xff\xf8" * 40


def ogg_page(data: bytes, lacing: bytes, *, serial: int = 7, begins: bool = False) -> bytes:
    head = struct.pack("<4sBBQIII", b"OggS", 0, 2 * begins, 0, serial, 0, 0)
    return head + bytes((len(lacing),)) + lacing + data


def ogg_packet(packet: bytes, *, serial: int = 7) -> list[bytes]:
    """The pages of one packet."""
    lacing = b"\xff" * (len(packet) // 255) + bytes((len(packet) % 255,))
    return [
        ogg_page(packet[at * 255 : (at + 255) * 255], lacing[at : at + 255], serial=serial)
        for at in range(0, len(lacing), 255)
    ]


def ogg(pairs: Pairs = BOTH, codec: str = "opus") -> bytes:
    block = comments([("ENCODER", "x"), *pairs])
    head, packet = {
        "opus": (b"OpusHead" + bytes(11), b"OpusTags" + block),
        "vorbis": (b"\x01vorbis" + bytes(23), b"\x03vorbis" + block + b"\1"),
        "flac": (b"\x7fFLAC" + bytes(46), b"\x84" + len(block).to_bytes(3) + block),
    }[codec]
    pages = [ogg_page(head, bytes((len(head),)), begins=True), *ogg_packet(packet)]
    return b"".join(pages) + ogg_page(bytes(100), b"\x64")


def synchsafe(number: int) -> bytes:
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


_ENCODINGS = ("latin-1", "utf-16", "utf-16-be", "utf-8")


def id3_text(key: str, text: str, *, encoding: int = 3, language: bytes = b"") -> bytes:
    """The content of a TXXX frame, or of COMM if a language is given."""
    name, end = _ENCODINGS[encoding], b"\0\0" if encoding in {1, 2} else b"\0"
    return bytes((encoding,)) + language + key.encode(name) + end + text.encode(name)


def id3_frame(name: bytes, data: bytes, *, version: int = 4, flags: int = 0) -> bytes:
    if version == 2:
        return name + len(data).to_bytes(3) + data
    size = synchsafe(len(data)) if version == 4 else struct.pack(">I", len(data))
    return name + size + struct.pack(">H", flags) + data


def id3(*frames: bytes, version: int = 4, flags: int = 0, padding: int = 20) -> bytes:
    body = b"".join(frames) + bytes(padding)
    return b"ID3" + bytes((version, 0, flags)) + synchsafe(len(body)) + body


def mp3(pairs: Pairs = BOTH) -> bytes:
    frames = (id3_frame(b"TXXX", id3_text(key, text)) for key, text in pairs)
    return id3(*frames) + b"\xff\xfb\x90\x00" + bytes(400)


# GLB, SVG, safetensors


def glb(extras: Any, *, geometry: bytes = bytes(64)) -> bytes:
    raw = extras if isinstance(extras, bytes) else json.dumps(extras).encode()
    text = b'{"asset":{"version":"2.0","extras":' + raw + b'},"scenes":[]}'
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text
    chunks += struct.pack("<I4s", len(geometry), b"BIN\0") + geometry
    return b"glTF" + struct.pack("<II", 2, 12 + len(chunks)) + chunks


def svg(content: str, element: str = "metadata") -> bytes:
    head = '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="1">'
    return f"{head}<{element}>{content}</{element}><path d='M0 0'/></svg>\n".encode()


def safetensors(metadata: Pairs = BOTH, *, tensors: bytes = bytes(64)) -> bytes:
    header = {"__metadata__": dict(metadata), "x": {"dtype": "F32", "data_offsets": [0, 64]}}
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + tensors


def samples() -> dict[str, bytes]:
    """One file of each container that carries both documents, by the container's name."""
    cdata = f"<![CDATA[{json.dumps({'prompt': API, 'workflow': UI})}]]>"
    return {
        "png": png(png_text("workflow", WORKFLOW), png_itext("prompt", PROMPT, compress=True)),
        "webp": webp(exif_both()),
        "jpeg": jpeg(jpeg_segment(0xE1, b"Exif\0\0" + exif_both())),
        "avif": avif(exif_both()),
        "mp4": mp4(),
        "webm": webm(),
        "flac": flac(),
        "ogg": ogg(),
        "mp3": mp3(),
        "glb": glb({"prompt": API, "workflow": WORKFLOW}),
        "svg": svg(cdata),
        "safetensors": safetensors(),
    }
