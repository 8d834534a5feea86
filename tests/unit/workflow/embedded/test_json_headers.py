from __future__ import annotations

import io
import struct

import pytest

from tests import media
from tests.media import API, BOTH, PROMPT, UI, WORKFLOW
from tests.reading import counted, embedded, found

EXPECTED = list(BOTH)


@pytest.mark.parametrize(
    "extras", [{"prompt": API, "workflow": UI}, {"prompt": PROMPT, "workflow": WORKFLOW}]
)
def test_glb_extras(extras: object) -> None:
    data = media.glb(extras, geometry=bytes(1 << 20))
    result, stream = counted(io.BytesIO(data), "glb", len(data))
    assert [(document.key, document.text) for document in result.documents] == EXPECTED
    assert stream.bytes_read < 5000


def test_glb_extras_with_bare_nan() -> None:
    data = media.glb(b'{"prompt": {"1": [NaN, -Infinity, "NaN \\" NaN", Infinity]}}')
    assert found(data) == [("prompt", '{"1": [null, null, "NaN \\" NaN", null]}')]


@pytest.mark.parametrize("extras", [b"null", b"[1]", b'"text"', b"{}", b'{"prompt": null}'])
def test_glb_without_documents(extras: bytes) -> None:
    assert found(media.glb(extras)) == []


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (media.glb(b"{")[:-1], "has a JSON part that cannot be read"),
        (media.glb(b"[" * 100_000), "has a JSON part that cannot be read"),
        (media.glb({})[:40], "ends too early"),
        (media.glb({}).replace(b"JSON", b"BIN\0"), "does not begin with JSON"),
    ],
)
def test_glb_damage_is_said(data: bytes, problem: str) -> None:
    assert embedded(data, "glb").problem == f"the GLB file {problem}"


def test_safetensors_metadata() -> None:
    data = media.safetensors(tensors=bytes(1 << 20))
    result, stream = counted(io.BytesIO(data), "safetensors", len(data))
    assert [(document.key, document.text) for document in result.documents] == EXPECTED
    assert stream.bytes_read < 5000


def test_safetensors_without_documents() -> None:
    text = b'{"x": {"dtype": "F32"}}'
    assert found(struct.pack("<Q", len(text)) + text) == []
    assert found(media.safetensors([("prompt", "a cat"), ("format", "pt")])) == []


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (struct.pack("<Q", 30_000_000) + b"{}", "has a header of more than 25 MB"),
        (struct.pack("<Q", 30) + b"{}", "ends too early"),
        (struct.pack("<Q", 2) + b"{x", "has a header that cannot be read"),
    ],
)
def test_safetensors_damage_is_said(data: bytes, problem: str) -> None:
    assert embedded(data, "safetensors").problem == f"the safetensors file {problem}"
