"""Whatever the bytes: no exception, bounded reads, and nothing lost without a word."""

from __future__ import annotations

import io
import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comfylock.workflow.embedded import CONTAINERS, sniff
from comfylock.workflow.embedded.source import MAX_STEPS
from tests import media
from tests.reading import counted, embedded

SAMPLES = media.samples()
NAMES = sorted(CONTAINERS)
SOUND = {name: embedded(SAMPLES[name], name) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_a_file_cut_anywhere_is_complete_or_has_a_problem(name: str) -> None:
    data = SAMPLES[name]
    for size in range(8, len(data)):
        result = embedded(data[:size], name)
        assert result.documents == SOUND[name].documents or result.problem is not None, size
        assert set(result.documents) <= set(SOUND[name].documents)


@pytest.mark.parametrize("name", NAMES)
def test_a_size_that_lies_does_no_harm(name: str) -> None:
    data = SAMPLES[name]
    for size in (-1, 0, 1, len(data) // 2, len(data) + 1, 1 << 70):
        result = embedded(data, name, size)
        assert size != 0 or result.documents == ()


@settings(max_examples=60, deadline=None)
@given(name=st.sampled_from(NAMES), seed=st.integers(0, 1 << 32), count=st.integers(1, 30))
def test_changed_bytes_do_not_raise(name: str, seed: int, count: int) -> None:
    dice = random.Random(seed)
    data = bytearray(SAMPLES[name])
    for _ in range(count):
        data[dice.randrange(min(len(data), 400))] = dice.choice(
            (0, 1, 0x7F, 0xFF, dice.randrange(256))
        )
    result, stream = counted(io.BytesIO(bytes(data)), name, len(data))
    assert stream.bytes_read <= 64 * len(data)
    assert result.problem is None or result.problem.startswith("the ")


@settings(max_examples=60, deadline=None)
@given(name=st.sampled_from(NAMES), data=st.binary(max_size=300))
def test_any_bytes_do_not_raise(name: str, data: bytes) -> None:
    head = SAMPLES[name][:20]
    for candidate in (data, head + data):
        sniff(candidate[:64])
        result, stream = counted(io.BytesIO(candidate), name, len(candidate))
        assert len(result.documents) <= 32
        assert stream.bytes_read <= 64 * len(candidate) + 64


def test_a_container_read_as_another_does_not_raise() -> None:
    for name in NAMES:
        for other in NAMES:
            result = embedded(SAMPLES[name], other)
            assert name == other or len(result.documents) <= 2


@pytest.mark.parametrize(
    ("name", "head", "part"),
    [
        ("png", SAMPLES["png"][:8], media.png_chunk(b"IDAT", b"")),
        ("mp4", b"", media.box(b"free")),
        ("webm", media.ebml(0x1A45DFA3) + media.ebml(0x18538067, unknown=True), b"\xec\x80"),
        ("jpeg", b"\xff\xd8", b"\xff"),
        ("ogg", SAMPLES["ogg"][:47], media.ogg_page(b"", b"")),
        ("mp3", b"ID3\4\0\0\x7f\x7f\x7f\x7f", b"TXXX\0\0\0\0\0\0"),
        ("flac", b"fLaC", b"\1\0\0\0"),
    ],
    ids=["png", "mp4", "webm", "jpeg", "ogg", "mp3", "flac"],
)
def test_endless_parts_end(name: str, head: bytes, part: bytes) -> None:
    data = head + part * (MAX_STEPS + 10)
    result = embedded(data, name)
    assert result.problem == f"the {CONTAINERS[name]} file has more than {MAX_STEPS} parts"


def test_items_that_share_one_extent_are_counted() -> None:
    length, count = 1 << 20, 1000
    exif = bytes(4) + media.exif([media.ascii_tag(media.MAKE, "workflow:" + media.WORKFLOW)])

    def head(offset: int) -> bytes:
        entries = (
            media.box(b"infe", b"\2\0\0\0", struct.pack(">HH", n, 0), b"Exif") for n in range(count)
        )
        rows = b"".join(struct.pack(">HHHHII", n, 0, 0, 1, offset, length) for n in range(count))
        info = media.box(b"iinf", bytes(4), struct.pack(">H", count), *entries)
        table = media.box(b"iloc", b"\1\0\0\0\x44\0", struct.pack(">H", count), rows)
        return media.box(b"ftyp", b"avif") + media.box(b"meta", bytes(4), info, table)

    data = head(len(head(0))) + exif.ljust(length, b"\0")
    result, stream = counted(io.BytesIO(data), "avif", len(data))
    assert [document.text for document in result.documents] == [media.WORKFLOW]
    assert result.problem == "the AVIF file holds more than 256 MiB of metadata"
    assert stream.bytes_read <= 256 << 20
