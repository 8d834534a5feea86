from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING

import pytest

from tests import media
from tests.media import BOTH, PROMPT, VHS_COMMENT, WORKFLOW, box, ebml
from tests.reading import counted, embedded, found

if TYPE_CHECKING:
    from pathlib import Path

EXPECTED = list(BOTH)
COMMENT = [("comment", VHS_COMMENT)]


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("pairs", [BOTH, COMMENT])
def test_movie_metadata_before_or_after_the_frames(first: bool, pairs: media.Pairs) -> None:
    assert found(media.mp4(pairs, first=first)) == EXPECTED


@pytest.mark.parametrize(
    "parts",
    [
        media.keyed_meta(BOTH),
        media.keyed_meta(BOTH, plain=True),
        media.keyed_meta(COMMENT, prefix="com.apple.quicktime."),
        box(b"udta", media.keyed_meta(BOTH, plain=True), bytes(4)),
        box(b"udta", media.itunes_meta(box(b"\xa9cmt", media.data_box(VHS_COMMENT)))),
        box(b"udta", media.itunes_meta(*(media.freeform(key, text) for key, text in BOTH))),
        box(
            b"udta", box(b"\xa9cmt", struct.pack(">HH", len(VHS_COMMENT), 0), VHS_COMMENT.encode())
        ),
    ],
)
def test_movie_places(parts: bytes) -> None:
    assert found(box(b"ftyp", b"qt  ", bytes(4)) + media.moov(parts)) == EXPECTED


def test_movie_text_in_utf_16() -> None:
    item = media.data_box(VHS_COMMENT.encode("utf-16-be"), kind=2)
    data = media.moov(box(b"udta", media.itunes_meta(box(b"\xa9cmt", item))))
    assert found(data, "mp4") == EXPECTED


def test_movie_other_items_are_not_taken() -> None:
    other = [("title", WORKFLOW), ("prompt", PROMPT)]
    items = [box(b"\xa9nam", media.data_box(WORKFLOW)), media.freeform("lyrics", WORKFLOW)]
    assert found(media.mp4(other)) == [("prompt", PROMPT)]
    assert found(media.moov(media.itunes_meta(*items)), "mp4") == []


def test_movie_box_sizes_of_64_bits_and_to_the_end() -> None:
    wide = box(b"mdat", bytes(100), wide=True)
    movie = media.moov(box(b"udta", media.keyed_meta(BOTH)))
    assert found(wide + movie, "mp4") == EXPECTED
    assert found(wide + bytes(4) + movie[4:], "mp4") == EXPECTED


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (media.mp4()[:200], "ends inside its `mdat` box"),
        (media.mp4(first=True)[:300], "ends inside its `data` box"),
        (media.mp4(first=True)[:140], "ends inside its `moov` box"),
        (box(b"free"), "has no `moov` box"),
        (struct.pack(">I4sI", 4, b"moov", 0), "has a box of impossible size"),
        (struct.pack(">I4sQ", 1, b"moov", 5), "has a box of impossible size"),
        (media.moov(media.keyed_meta(BOTH).replace(b"\0\0\0\x10mdta", b"\0\0\0\x01mdta")), "key"),
    ],
)
def test_movie_damage_is_said(data: bytes, problem: str) -> None:
    result = embedded(data, "mp4")
    assert problem in (result.problem or "")
    assert result.documents == ()


def test_movie_of_gigabytes_takes_a_handful_of_reads(tmp_path: Path) -> None:
    path = tmp_path / "large.mp4"
    frames = 5 << 30
    movie = media.moov(box(b"udta", media.keyed_meta(BOTH)))
    with path.open("w+b") as file:
        file.write(box(b"ftyp", b"isom", bytes(4)))
        file.write(struct.pack(">I4sQ", 1, b"mdat", 16 + frames))
        file.truncate(file.tell() + frames)
        file.seek(0, 2)
        file.write(movie)
        result, stream = counted(file, "mp4", file.tell())
    assert [document.text for document in result.documents] == [WORKFLOW, PROMPT]
    assert result.problem is None
    assert stream.bytes_read < len(movie) + 500
    assert stream.reads < 30


@pytest.mark.parametrize("index", [True, False])
@pytest.mark.parametrize("pairs", [BOTH, COMMENT])
def test_matroska_tags(index: bool, pairs: media.Pairs) -> None:
    assert found(media.webm(pairs, index=index)) == EXPECTED


def test_matroska_with_sizes_left_open() -> None:
    assert found(media.webm(index=False, unknown=True)) == EXPECTED


def test_matroska_index_of_an_index() -> None:
    tags = media.ebml_tags(BOTH)
    frames = media.cluster() * 2
    size = len(media.seek_head(0, 0))
    second = media.seek_head(0x1254C367, size + len(frames) + size)
    first = media.seek_head(0x114D9B74, size + len(frames))
    data = ebml(0x1A45DFA3) + ebml(0x18538067, first, frames, second, tags)
    result, stream = counted(io.BytesIO(data), "webm", len(data))
    assert [document.text for document in result.documents] == [WORKFLOW, PROMPT]
    assert stream.bytes_read < len(data)


@pytest.mark.parametrize("kind", [0x1254C367, 0x114D9B74, 0x1549A966])
def test_matroska_index_that_is_wrong(kind: int) -> None:
    body = [media.seek_head(kind, 0), media.ebml_tags(BOTH), media.cluster()]
    assert found(ebml(0x1A45DFA3) + ebml(0x18538067, *body), "webm") == EXPECTED


def test_matroska_tags_in_tags() -> None:
    inner = ebml(0x67C8, ebml(0x4487, WORKFLOW.encode()), ebml(0x45A3, b"WORKFLOW"))
    for _ in range(3):
        inner = ebml(0x67C8, ebml(0x45A3, b"OUTER"), inner)
    data = ebml(0x1A45DFA3) + ebml(0x18538067, ebml(0x1254C367, ebml(0x7373, inner)))
    assert found(data) == [("workflow", WORKFLOW)]


def test_matroska_depth_is_limited() -> None:
    inner = ebml(0x67C8, ebml(0x45A3, b"WORKFLOW"), ebml(0x4487, WORKFLOW.encode()))
    for _ in range(2000):
        inner = ebml(0x67C8, inner)
    assert found(ebml(0x1A45DFA3) + ebml(0x18538067, ebml(0x1254C367, inner))) == []


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (ebml(0x1A45DFA3), "has no segment"),
        (ebml(0x1A45DFA3) + bytes(20), "has a damaged element"),
        (media.webm()[:500], "ends before its tags"),
        (media.webm(index=False)[:500], "ends too early"),
        (ebml(0x1A45DFA3, unknown=True), "has an element of unknown size"),
        (ebml(0x1A45DFA3)[:5], "ends too early"),
    ],
)
def test_matroska_damage_is_said(data: bytes, problem: str) -> None:
    assert embedded(data, "webm").problem == f"the WebM file {problem}"


def test_matroska_files_that_hold_several_tags_segments_or_none() -> None:
    start = ebml(0x1A45DFA3)
    first, second = (media.ebml_tags([row]) for row in BOTH)
    assert found(start + ebml(0x18538067, first, second, media.cluster())) == EXPECTED
    assert (
        found(start + ebml(0x18538067, media.cluster()) + ebml(0x18538067, second)) == EXPECTED[1:]
    )
    assert found(start + ebml(0x18538067, media.cluster())) == []


def test_matroska_index_that_points_before_the_file_or_at_one_place_twice() -> None:
    heads = media.seek_head(0x1254C367, 2 * len(media.seek_head(0, 0)))
    body = [heads, heads, media.ebml_tags(BOTH), media.cluster()]
    assert found(ebml(0x1A45DFA3) + ebml(0x18538067, *body)) == EXPECTED
