from __future__ import annotations

import subprocess
import sys

import pytest

from comfylock.workflow.embedded import CONTAINERS, sniff
from tests import media


@pytest.mark.parametrize("container", sorted(CONTAINERS))
def test_a_container_is_told_from_64_bytes(container: str) -> None:
    assert sniff(media.samples()[container][:64]) == container


@pytest.mark.parametrize(
    ("head", "container"),
    [
        (b"\0\0\0\x14ftypqt  \0\0\2\0qt  ", "mp4"),
        (b"\0\0\0\x1cftypM4V \0\0\0\1isom", "mp4"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", "avif"),
        (b"\0\0\0\x1cftypavis\0\0\0\0avismsf1", "avif"),
        (b"\0\0\0\x08wide\0\0\1\0mdat", "mp4"),
        (b"\0\0\0\1mdat\0\0\0\1\0\0\0\0", "mp4"),
        (b"\0\1\0\0moov\0\0\0\x6cmvhd", "mp4"),
        (b"\xff\xfb\x90\x64" + bytes(20), "mp3"),
        (b"\xff\xf3\x40\xc0" + bytes(20), "mp3"),
        (b"<svg xmlns=", "svg"),
        (b"\xef\xbb\xbf \n<svg>", "svg"),
        (b"<?xml version='1.0'?><!-- a --><!-- b -->\n<svg:svg", "svg"),
        (b"<?xml version='1.0'?>\n<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'http", "svg"),
        ("<?xml version='1.0'?><svg>".encode("utf-16"), "svg"),
        (b'\x40\0\0\0\0\0\0\0{"__metadata__"', "safetensors"),
    ],
)
def test_other_beginnings(head: bytes, container: str) -> None:
    assert sniff(head) == container


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"{",
        b'{"nodes": []}',
        b"the free software",
        b"the moov software",
        b"RIFF\0\0\0\0WAVEfmt ",
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        b"ID3 is a kind of tag",
        b"\xff\xfe{\0}\0",
        b"\xff\xf1\x50\x80AAC",
        b"\xff\xfb",
        b"<html><svg>",
        b"<!-- never closed",
        b"<?xml version='1.0'?><rss>",
        b"\x89PNG\r\n",
        b"12345678{",
        bytes(64),
    ],
)
def test_other_files_are_no_container(head: bytes) -> None:
    assert sniff(head) is None


def test_sniffing_loads_no_container_module() -> None:
    code = (
        "import sys; from comfylock.workflow.embedded import sniff; sniff(bytes(64));"
        "print([m for m in sys.modules if m in {'zlib', 'html', 'xml', 'pathlib'}"
        " or m.endswith(('.png', '.webm', '.isobmff'))])"
    )
    run = subprocess.run(
        [sys.executable, "-Sc", f"import sys; sys.path[:0] = {sys.path!r}; {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = run.stdout.strip()
    assert "png" not in loaded
    assert "webm" not in loaded
    assert "isobmff" not in loaded
