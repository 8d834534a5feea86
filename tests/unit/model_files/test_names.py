"""Files that are not what they are called, and formats that run code without a pickle."""

from __future__ import annotations

import io
import json
import struct
import zipfile

import pytest

from tests import checkpoints
from tests.checkpoints import Named, Tensor, checkpoint, legacy, tarred, zipped
from tests.looking import CLEAN, EVIL, OLD_EVIL, look, words

ORDINARY = checkpoints.ordinary()


def safetensors() -> bytes:
    header = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    return struct.pack("<Q", len(header)) + header + b"\0" * 4


@pytest.mark.parametrize("name", ["a.safetensors", "a.SFT", "a.gguf", "a.onnx", "a.npy", "a.h5"])
@pytest.mark.parametrize("data", [EVIL, CLEAN, zipped(CLEAN, {}), legacy({"a": Tensor()})])
def test_pickles_in_disguise(name: str, data: bytes) -> None:
    if data == CLEAN:
        data = ORDINARY["old.pth"]
    facts = look(data, name)
    assert "disguise" in words(facts)
    assert facts.grade == "dangerous"


def test_what_is_better_than_its_name() -> None:
    for data, found in ((safetensors(), "safetensors"), (b"GGUF\x03\0\0\0" + b"\0" * 40, "gguf")):
        for name in ("a.pt", "a.ckpt", "a.bin", "a.pth"):
            facts = look(data, name)
            assert (facts.format, facts.claimed, facts.has_pickle) == (found, "pickle", False)
            assert facts.traits == ()
    assert look(safetensors(), "a.safetensors").claimed == ""
    assert look(b"", "a.pt").format == "empty"
    assert look(b"not a model", "a.safetensors").claimed == "safetensors"


def test_a_tar_that_begins_as_safetensors() -> None:
    """torch tries tar before it gives up; the header is a name that JSON goes on from."""
    tar = bytearray(tarred({"first": b"", "storages": CLEAN, "tensors": CLEAN, "pickle": EVIL}))
    tar[0:100] = (struct.pack("<Q", 200) + b'{"x": "').ljust(100, b" ")
    tar[148:156] = b" " * 8
    tar[148:156] = b"%06o\0 " % sum(tar[:512])
    facts = look(bytes(tar), "a.pt")
    assert facts.grade == "dangerous"
    assert "two-formats" in words(facts)
    assert look(bytes(tar), "a.safetensors").format == "safetensors"


def test_a_pickle_that_begins_as_a_gguf() -> None:
    data = b"GGUF\x03\0\0\0\0" + OLD_EVIL
    assert look(data, "a.pt").grade == "dangerous"
    assert words(look(data, "a.gguf")) == {"call", "disguise", "two-formats"}


def test_text_is_no_pickle() -> None:
    for text in (b"config: 1\nname: x\n", b"copy this\nthere\n", b"(a prompt:1.2), nice\n", b"N."):
        assert look(text, "notes.txt").format == "unknown"


def test_7z_is_told() -> None:
    facts = look(b"7z\xbc\xaf\x27\x1c" + b"\0" * 90, "model.pt")
    assert (facts.format, words(facts)) == ("seven-zip", {"unread"})


def test_keras() -> None:
    config = json.dumps({"layers": [{"class_name": "Lambda", "config": {"function": "4wEA"}}]})
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("config.json", config)
        archive.writestr("metadata.json", "{}")
    facts = look(out.getvalue(), "a.keras")
    assert (facts.format, words(facts)) == ("keras", {"lambda"})
    weights = b"\x89HDF\r\n\x1a\n" + b"\0" * 300_000 + config.encode()
    assert words(look(weights, "a.h5")) == {"lambda"}
    assert words(look(weights.replace(b"Lambda", b"Linear"), "a.h5")) == set()


# ONNX


def field(number: int, data: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def onnx(location: str, *, nested: bool = False) -> bytes:
    entry = field(1, b"location") + field(2, location.encode())
    tensor = field(8, b"w") + field(13, entry)
    graph = field(2, b"g") + field(5, tensor)
    if nested:
        graph = field(1, field(5, field(1, b"body") + field(6, graph)))
    return b"\x08\x07" + field(2, b"tool") + field(7, graph)


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("path", ["../../etc/passwd", "/etc/passwd", "C:\\x", "a/../../b", "..\\x"])
def test_onnx_that_reads_elsewhere(path: str, *, nested: bool) -> None:
    facts = look(onnx(path, nested=nested), "a.onnx")
    assert (facts.format, words(facts), facts.grade) == ("onnx", {"outside"}, "dangerous")


def test_onnx_with_its_own_data() -> None:
    assert look(onnx("weights/a.data"), "a.onnx").traits == ()
    assert look(onnx("../x")[:-4], "a.onnx").format == "onnx"


def test_names_as_values_are_taken_as_they_are() -> None:
    assert look(checkpoint({"dtype": Named("torch", "float16")})).traits == ()
