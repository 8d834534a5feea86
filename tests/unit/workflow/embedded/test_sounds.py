from __future__ import annotations

import struct
import zlib

import pytest

from tests import media
from tests.media import BOTH, PROMPT, VHS_COMMENT, WORKFLOW
from tests.reading import embedded, found

EXPECTED = list(BOTH)


@pytest.mark.parametrize("key", ["comment", "COMMENT", "DESCRIPTION"])
def test_flac_comments(key: str) -> None:
    assert found(media.flac()) == EXPECTED
    assert found(media.flac([(key, VHS_COMMENT)])) == EXPECTED
    assert found(media.flac([("LYRICS", WORKFLOW)])) == []


def test_flac_behind_an_id3_tag() -> None:
    assert found(media.id3() + media.flac()) == EXPECTED


@pytest.mark.parametrize("codec", ["opus", "vorbis", "flac"])
def test_ogg_comments(codec: str) -> None:
    assert found(media.ogg(codec=codec)) == EXPECTED


def test_ogg_comments_over_many_pages() -> None:
    long = '{"nodes": ["' + "x" * 200_000 + '"]}'
    data = media.ogg([("WORKFLOW", long), ("prompt", PROMPT)])
    assert data.count(b"OggS") > 4
    assert found(data) == [("workflow", long), ("prompt", PROMPT)]


def test_ogg_packet_of_a_multiple_of_255_bytes() -> None:
    room = (
        255 - (len(b"OpusTags") + len(media.comments([("ENCODER", "x"), ("workflow", "{}")]))) % 255
    )
    text = "{" + " " * room + "}"
    assert found(media.ogg([("workflow", text)])) == [("workflow", text)]


def test_ogg_streams_side_by_side() -> None:
    begin = [
        media.ogg_page(b"OpusHead", b"\x08", serial=1, begins=True),
        media.ogg_page(b"\x80theora", b"\x07", serial=2, begins=True),
    ]
    audio = media.ogg_packet(b"OpusTags" + media.comments([("prompt", PROMPT)]), serial=1)
    video = media.ogg_packet(b"\x81theora" + media.comments([("workflow", WORKFLOW)]), serial=2)
    assert (
        found(b"".join([*begin, *audio, media.ogg_page(b"x", b"\1", serial=1), *video])) == EXPECTED
    )


@pytest.mark.parametrize(
    ("data", "container", "problem"),
    [
        (media.ogg()[:300], "ogg", "the Ogg file ends too early"),
        (media.ogg()[:47], "ogg", "the Ogg file ends before its comments"),
        (media.ogg()[:47] + b"x" * 40, "ogg", "the Ogg file has a damaged page"),
        (media.flac()[:300], "flac", "the FLAC file ends too early"),
        (
            b"fLaC\x84\0\0\x08" + bytes(4) + b"\1\0\0\0",
            "flac",
            "the FLAC file has damaged comments",
        ),
        (b"fLaC\x84\0\0\x04\xff\xff\xff\xff", "flac", "the FLAC file has damaged comments"),
        (media.mp3()[:300], "mp3", "the MP3 file has a damaged ID3 tag"),
        (b"ID3\4\0", "mp3", "the MP3 file ends too early"),
        (b"ID3\4\0\0\0\0\1\0" + bytes(20), "mp3", "the MP3 file ends inside its ID3 tag"),
    ],
)
def test_damage_is_said(data: bytes, container: str, problem: str) -> None:
    assert embedded(data, container).problem == problem


@pytest.mark.parametrize("encoding", [0, 1, 2, 3])
@pytest.mark.parametrize(("version", "name"), [(2, b"TXX"), (3, b"TXXX"), (4, b"TXXX")])
def test_mp3_text_in_all_encodings(encoding: int, version: int, name: bytes) -> None:
    rows = [("Workflow", '{"a": "é"}'), ("PROMPT", PROMPT)]
    frames = [
        media.id3_frame(name, media.id3_text(key, text, encoding=encoding), version=version)
        for key, text in rows
    ]
    expected = [("workflow", '{"a": "é"}'), ("prompt", PROMPT)]
    assert found(media.id3(*frames, version=version)) == expected


@pytest.mark.parametrize(
    "frame",
    [
        media.id3_frame(b"COMM", media.id3_text("", VHS_COMMENT, language=b"eng")),
        media.id3_frame(b"COMM", media.id3_text("", VHS_COMMENT, encoding=1, language=b"eng")),
        media.id3_frame(b"TXXX", media.id3_text("comment", VHS_COMMENT)),
    ],
)
def test_mp3_comments(frame: bytes) -> None:
    picture = media.id3_frame(b"APIC", bytes(1000))
    assert found(media.id3(picture, frame)) == EXPECTED


def test_mp3_comment_with_a_key_as_description() -> None:
    frame = media.id3_frame(b"COMM", media.id3_text("prompt", PROMPT, language=b"eng"))
    words = media.id3_frame(b"COMM", media.id3_text("", "a song", language=b"eng"))
    assert found(media.id3(words, frame)) == [("prompt", PROMPT)]


def test_mp3_frame_whose_utf_16_has_a_zero_byte_on_the_border() -> None:
    content = b"\2" + "workflow".encode("utf-16-be") + b"\0\0" + "{Ā}".encode("utf-16-be")
    text = content.replace("{Ā}".encode("utf-16-be"), '{"Ā":1}'.encode("utf-16-be"))
    assert found(media.id3(media.id3_frame(b"TXXX", text))) == [("workflow", '{"Ā":1}')]
    odd = b"\2" + "Āworkflow".encode("utf-16-be") + b"\0\0" + "{}".encode("utf-16-be")
    assert found(media.id3(media.id3_frame(b"TXXX", odd))) == []


def test_mp3_unsynchronisation() -> None:
    frame = media.id3_text("workflow", WORKFLOW, encoding=1)
    stuffed = frame.replace(b"\xff", b"\xff\0")
    assert stuffed != frame
    by_frame = media.id3_frame(b"TXXX", stuffed, flags=0x02)
    by_tag = media.id3_frame(b"TXXX", stuffed)
    old = media.id3_frame(b"TXXX", frame, version=3).replace(b"\xff", b"\xff\0")
    for data in (
        media.id3(by_frame),
        media.id3(by_tag, flags=0x80),
        media.id3(old, version=3, flags=0x80),
    ):
        assert found(data) == [("workflow", WORKFLOW)]


def test_mp3_extended_headers() -> None:
    newer = media.synchsafe(6) + b"\1\0"
    older = struct.pack(">I", 6) + bytes(6)
    text = media.id3_text("workflow", WORKFLOW)
    expected = [("workflow", WORKFLOW)]
    assert found(media.id3(newer, media.id3_frame(b"TXXX", text), flags=0x40)) == expected
    frame = media.id3_frame(b"TXXX", text, version=3)
    assert found(media.id3(older, frame, version=3, flags=0x40)) == expected
    assert found(media.id3(frame, version=2, flags=0x40)) == []


def test_mp3_compressed_grouped_and_encrypted_frames() -> None:
    text = media.id3_text("workflow", WORKFLOW)
    packed = zlib.compress(text)
    size = struct.pack(">I", len(text))
    expected = [("workflow", WORKFLOW)]
    newer = media.id3_frame(b"TXXX", b"g" + media.synchsafe(len(text)) + packed, flags=0x49)
    assert found(media.id3(newer)) == expected
    older = media.id3_frame(b"TXXX", size + b"g" + packed, version=3, flags=0xA0)
    assert found(media.id3(older, version=3)) == expected
    secret = media.id3_frame(b"TXXX", text, flags=0x04)
    assert found(media.id3(secret)) == []


def test_mp3_plain_sizes_in_version_4() -> None:
    first = media.id3_frame(b"TXXX", media.id3_text("other", "x" * 300), version=3)
    second = media.id3_frame(b"TXXX", media.id3_text("workflow", WORKFLOW), version=3)
    assert found(media.id3(first, second)) == [("workflow", WORKFLOW)]


def test_mp3_without_a_tag() -> None:
    assert found(b"\xff\xfb\x90\x64" + bytes(400)) == []
    assert found(media.id3(media.id3_frame(b"TXXX", b"")), "mp3") == []


def test_ogg_with_too_many_streams_or_another_codec() -> None:
    begin = b"".join(media.ogg_page(b"x", b"\1", serial=n, begins=True) for n in range(20))
    packets = [page for n in range(20) for page in media.ogg_packet(b"other", serial=n)]
    assert found(begin + b"".join(packets)) == []


def test_ogg_comments_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("comfylock.workflow.embedded.ogg.MAX_VALUE", 1 << 16)
    result = embedded(media.ogg([("workflow", "{" + " " * 200_000 + "}")]))
    assert "a piece of metadata of more than" in (result.problem or "")
