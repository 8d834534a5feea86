from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from comfylock.workflow.embedded import source
from tests import media
from tests.media import BOTH, PROMPT, VHS_COMMENT, WORKFLOW
from tests.reading import embedded, found

if TYPE_CHECKING:
    from collections.abc import Callable

EXPECTED = list(BOTH)


@pytest.mark.parametrize("write", [media.png_text, media.png_ztext, media.png_itext])
def test_png_text_chunks(write: Callable[[str, str], bytes]) -> None:
    chunks = b"".join(write(key, text) for key, text in BOTH)
    assert found(media.png(before=chunks)) == EXPECTED
    assert found(media.png(after=chunks)) == EXPECTED


def test_png_compressed_itext_and_apng_chunks() -> None:
    after = media.png_itext("workflow", WORKFLOW, compress=True) + media.png_comf("prompt", PROMPT)
    assert found(media.png(after=after)) == EXPECTED


def test_png_keywords_are_whole_words_of_any_case() -> None:
    chunks = media.png_text("Workflow", WORKFLOW) + media.png_text("workflows", PROMPT)
    chunks += media.png_text("parameters", PROMPT) + media.png_text("x" * 79, PROMPT)
    assert found(media.png(before=chunks)) == [("workflow", WORKFLOW)]


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_png_text_in_either_encoding(encoding: str) -> None:
    text = '{"nodes": ["é"]}'
    chunk = media.png_text("workflow", text.encode(encoding))
    assert found(media.png(before=chunk)) == [("workflow", text)]


def test_png_checksums_do_not_matter() -> None:
    chunk = media.png_text("workflow", WORKFLOW)
    assert found(media.png(before=chunk[:-4] + b"oops")) == [("workflow", WORKFLOW)]


def test_png_exif_chunk() -> None:
    assert found(media.png(before=media.png_chunk(b"eXIf", media.exif_both()))) == EXPECTED


def test_png_words_under_prompt_are_no_document() -> None:
    assert found(media.png(before=media.png_text("prompt", "a cat, masterpiece"))) == []


def test_png_zip_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MAX_VALUE", 1 << 20)
    bomb = media.png_ztext("workflow", "{" + " " * (2 << 20) + "}")
    result = embedded(media.png(before=media.png_text("prompt", PROMPT) + bomb))
    assert [document.key for document in result.documents] == ["prompt"]
    assert result.problem == "the PNG file holds a piece of metadata of more than 1 MiB"


@pytest.mark.parametrize(
    ("chunk", "problem"),
    [
        (media.png_chunk(b"zTXt", b"workflow\0\0nonsense"), "compressed metadata that cannot be"),
        (media.png_chunk(b"zTXt", media.png_ztext("workflow", WORKFLOW)[8:-12]), "is cut short"),
        (struct.pack(">I4s", 1 << 31, b"tEXt"), "has a chunk of impossible size"),
        (struct.pack(">I4s", 5000, b"IDAT"), "ends inside a chunk"),
        (struct.pack(">I4s", 5000, b"tEXt") + b"workflow\0{", "ends too early"),
    ],
)
def test_png_damage_is_said_and_keeps_what_came_before(chunk: bytes, problem: str) -> None:
    result = embedded(media.png(before=media.png_text("prompt", PROMPT) + chunk))
    assert [document.text for document in result.documents] == [PROMPT]
    assert problem in (result.problem or "")


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("prefix", [b"", b"Exif\0\0"])
def test_webp_exif(order: str, prefix: bytes) -> None:
    tags = [
        media.ascii_tag(media.MODEL, "Prompt:" + PROMPT),
        media.ascii_tag(media.DESCRIPTION, "Workflow: " + WORKFLOW),
        media.ascii_tag(0x0131, "software: 1.0"),
        (0x0100, media.LONG, bytes(4)),
    ]
    assert found(media.webp(prefix + media.exif(tags, order=order))) == EXPECTED


def test_webp_padding_and_trailing_bytes() -> None:
    data = media.webp(media.exif([media.ascii_tag(media.MAKE, "workflow:" + WORKFLOW)]) + b"odd")
    assert found(data) == [("workflow", WORKFLOW)]
    assert found(data + b"\0\0\0\0\0\0\0\0\0\0") == [("workflow", WORKFLOW)]


def test_webp_without_metadata() -> None:
    assert found(b"RIFF\x0c\0\0\0WEBPVP8 \0\0\0\0") == []
    assert embedded(b"RIFF\xff\0\0\0WEBPVP8 \0\0\0\0").problem == "the WebP file ends too early"


@pytest.mark.parametrize(
    "comment",
    [
        b"ASCII\0\0\0" + VHS_COMMENT.encode(),
        bytes(8) + VHS_COMMENT.encode(),
        b"UNICODE\0" + VHS_COMMENT.encode(),
        b"UNICODE\0" + VHS_COMMENT.encode("utf-16-le"),
        b"UNICODE\0" + VHS_COMMENT.encode("utf-16-be"),
        b"UNICODE\0" + VHS_COMMENT.encode("utf-16"),
        b"JIS\0\0\0\0\0" + VHS_COMMENT.encode(),
        VHS_COMMENT.encode(),
    ],
)
def test_exif_user_comment(comment: bytes) -> None:
    data = media.exif(sub=[(media.USER_COMMENT, media.UNDEFINED, comment)])
    assert found(media.jpeg(media.jpeg_segment(0xE1, b"Exif\0\0" + data))) == EXPECTED


def test_exif_user_comment_with_a_label_or_with_words() -> None:
    tag = (media.USER_COMMENT, media.UNDEFINED, b"ASCII\0\0\0workflow:" + WORKFLOW.encode())
    words = (media.USER_COMMENT, media.UNDEFINED, b"ASCII\0\0\0a cat\nSteps: 20, Seed: 1")
    assert found(media.webp(media.exif(sub=[tag]))) == [("workflow", WORKFLOW)]
    assert found(media.webp(media.exif(sub=[words]))) == []


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"nonsense", "has Exif data that cannot be read"),
        (media.exif_both()[:20], "has Exif data that is cut short"),
        (media.exif_both()[:-40], "has Exif data that is cut short"),
        (b"II*\0\xff\xff\xff\xff", "has Exif data that is cut short"),
    ],
)
def test_exif_damage_is_said(data: bytes, problem: str) -> None:
    assert embedded(media.webp(data)).problem == f"the WebP file {problem}"


def test_exif_directory_that_contains_itself() -> None:
    loop = (0x8769, media.LONG, struct.pack("<I", 8))
    data = media.exif([loop, media.ascii_tag(media.MAKE, "workflow:" + WORKFLOW)])
    assert found(media.webp(data)) == [("workflow", WORKFLOW)]


def test_exif_tags_that_share_one_long_value_are_counted() -> None:
    value = b"workflow:{" + b" " * 100_000
    count = 4000
    start = 8 + 2 + 12 * count
    entry = struct.pack("<HHII", media.MAKE, media.ASCII, len(value), start)
    data = b"II*\0" + struct.pack("<IH", 8, count) + entry * count + value
    result = embedded(media.webp(data))
    assert result.problem == "the WebP file holds more than 256 MiB of metadata"
    assert len(result.documents) == 1


def test_jpeg_comment_and_other_segments() -> None:
    segments = [
        media.jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>"),
        media.jpeg_segment(0xFE, VHS_COMMENT.encode()),
    ]
    assert found(media.jpeg(segments[0], b"\xff\xff" + segments[1])) == EXPECTED
    assert found(media.jpeg(media.jpeg_segment(0xFE, b"made by a program"))) == []


@pytest.mark.parametrize(
    ("text", "key"), [(WORKFLOW, "workflow"), (PROMPT, "prompt"), ('{"a": 1}', None)]
)
def test_jpeg_comment_that_is_a_bare_workflow(text: str, key: str | None) -> None:
    expected = [(key, text)] if key else []
    assert found(media.jpeg(media.jpeg_segment(0xFE, text.encode()))) == expected


def test_jpeg_damage_is_said() -> None:
    head = b"\xff\xd8\xff"
    assert (
        embedded(head + b"\xe0\0\1xx").problem == "the JPEG file has a segment of impossible size"
    )
    assert embedded(head + b"\xe0\0\2xx").problem == "the JPEG file has a damaged segment"
    assert embedded(head + b"\xe0\0\x20xx").problem == "the JPEG file ends too early"
    assert found(head + b"\x01\xff\xd9") == []


@pytest.mark.parametrize("method", [0, 1])
@pytest.mark.parametrize("version", [1, 2])
def test_avif_exif_item(method: int, version: int) -> None:
    data = media.avif(media.exif_both(), method=method, version=version)
    assert found(data) == EXPECTED


def test_avif_first_version_of_the_item_table() -> None:
    assert found(media.avif(media.exif_both(), version=0)) == EXPECTED


def test_avif_without_an_exif_item() -> None:
    kind = media.box(b"ftyp", b"avif", bytes(4))
    no_items = media.box(b"iinf", bytes(6))
    assert found(kind + media.box(b"meta", bytes(4))) == []
    assert found(kind + media.box(b"meta", bytes(4), no_items, media.box(b"iloc"))) == []
    assert embedded(kind).problem == "the AVIF file has no `meta` box"


def test_avif_damaged_item_table() -> None:
    data = media.avif(media.exif_both()).replace(b"\1\0\0\0\x44\0\0\1", b"\1\0\0\0\x44\0\xff\xff")
    result = embedded(data)
    assert result.problem == "the AVIF file has a damaged item table"
    assert len(result.documents) == 2


def test_svg_elements() -> None:
    pair = f'{{"prompt": {PROMPT}, "workflow": {WORKFLOW}}}'
    assert found(media.svg(f"\n<![CDATA[\n{pair}\n]]>\n")) == EXPECTED
    assert found(media.svg(pair.replace("&", "&amp;").replace('"', "&quot;"))) == EXPECTED
    assert found(media.svg(WORKFLOW, "desc")) == [("workflow", WORKFLOW)]
    assert found(media.svg("<rdf:RDF/>")) == []


def test_svg_text_in_parts() -> None:
    first, second = VHS_COMMENT[:30], VHS_COMMENT[30:]
    assert found(media.svg(f"<![CDATA[{first}]]><![CDATA[{second}]]>")) == EXPECTED
    text = '{"nodes": ["<&é😀"]}'
    quoted = text.replace("<", "&#x3C;").replace("&é", "&#38;é")
    quoted = quoted.replace("😀", "&#128512;")
    assert found(media.svg(quoted, "desc")) == [("workflow", text)]


def test_svg_in_utf_16_and_several_elements() -> None:
    text = f"<svg><metadata/><metadata id='a'>x</metadata><desc>{WORKFLOW}</desc></svg>"
    assert found(text.encode("utf-16")) == [("workflow", WORKFLOW)]


@pytest.mark.parametrize("text", ["<svg><metadata>{", "<svg><metadata><![CDATA[{</metadata>"])
def test_svg_damage_is_said(text: str) -> None:
    assert "the SVG file has no `" in (embedded(text.encode()).problem or "")
    assert embedded(b"<svg><path").problem == "the SVG file ends too early"


def test_avif_exif_item_in_too_many_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("comfylock.workflow.embedded.avif.MAX_VALUE", 100)
    result = embedded(media.avif(media.exif_both()))
    assert "a piece of metadata of more than" in (result.problem or "")


def test_svg_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("comfylock.workflow.embedded.svg.MAX_VALUE", 1 << 20)
    data = media.svg(WORKFLOW, "desc") + b" " * (1 << 20)
    result = embedded(data)
    assert [document.text for document in result.documents] == [WORKFLOW]
    assert result.problem == "the SVG file is larger than 1 MiB"
