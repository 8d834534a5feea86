"""Files around pickles: what torch, numpy, joblib and keras open is opened, what lies is told."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import pickle
import struct
import sys
import zipfile
import zlib
from typing import TYPE_CHECKING

import pytest

from comfylock.model_files.look import look_at
from tests import checkpoints
from tests.checkpoints import Call, Named, Tensor, Writer, checkpoint, legacy, tarred, zipped
from tests.pickle_attacks import attacks

if TYPE_CHECKING:
    from comfylock.model_files.facts import FileFacts

EVIL = attacks("made-by-an-attack")["stack-global"].data
OLD_EVIL = attacks("made-by-an-attack")["global-reduce"].data
CLEAN = Writer().pickle({"a": 1})
ORDINARY = checkpoints.ordinary()


def look(data: bytes, name: str = "model.pt") -> FileFacts:
    return look_at(io.BytesIO(data), name)


def words(facts: FileFacts) -> set[str]:
    return {trait.word for trait in facts.traits}


@pytest.mark.parametrize("name", sorted(ORDINARY))
def test_ordinary_checkpoints_are_pickles_and_nothing_else(name: str) -> None:
    facts = look(ORDINARY[name], name)
    assert (facts.traits, facts.has_pickle, facts.claimed) == ((), True, "")
    kinds = {"old.pth": "legacy-torch", "older.pth": "tar"}
    assert facts.format == kinds.get(name, "torch")


def test_a_whole_model_is_suspicious_and_no_more() -> None:
    layer = Call("torch.nn.modules.linear", "Linear", (), {"weight": Tensor(), "in_features": 2})
    facts = look(checkpoint({"model": layer}))
    assert (facts.grade, words(facts)) == ("suspicious", {"call"})


# torch's zip


def entry(data: bytes) -> tuple[int, int]:
    """Where the first member's local header and its entry in the directory begin."""
    return data.index(b"PK\x03\x04"), data.index(b"PK\x01\x02")


def patched(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def test_an_attack_in_a_checkpoint() -> None:
    facts = look(zipped(EVIL, {"0": 4}))
    assert (facts.format, facts.grade) == ("torch", "dangerous")
    assert facts.traits[0].place == "archive/data.pkl, byte 13"


@pytest.mark.parametrize("flag", [0x1, 0x40, 0x2000, 0x2041])
@pytest.mark.parametrize("where", ["local", "directory", "both"])
def test_flags_that_stop_zipfile_and_not_torch(flag: int, where: str) -> None:
    data = zipped(EVIL, {})
    local, central = entry(data)
    if where in {"local", "both"}:
        data = patched(data, local + 6, struct.pack("<H", flag))
    if where in {"directory", "both"}:
        data = patched(data, central + 8, struct.pack("<H", flag))
    facts = look(data)
    assert facts.grade == "dangerous"
    assert {"zip-flags", "call"} <= words(facts)


def test_a_wrong_checksum() -> None:
    data = zipped(EVIL, {})
    local, central = entry(data)
    data = patched(patched(data, local + 14, b"\0\0\0\1"), central + 16, b"\0\0\0\1")
    with zipfile.ZipFile(io.BytesIO(data)) as archive, pytest.raises(zipfile.BadZipFile):
        archive.read("archive/data.pkl")
    assert {"zip-checksum", "call"} <= words(look(data))
    clean = patched(zipped(CLEAN, {}), local + 14, b"\0\0\0\1")
    assert look(patched(clean, clean.index(b"PK\x01\x02") + 16, b"\0\0\0\1")).grade == "suspicious"


def test_a_name_in_its_place_that_is_not_the_directory_s() -> None:
    data = zipped(EVIL, {})
    local, _ = entry(data)
    data = patched(data, local + 30, b"archive/data.PKL")
    assert {"zip-name", "call"} <= words(look(data))
    central = data.index(b"archive/data.pkl", local + 60)
    data = patched(patched(data, local + 30, b"archive/data.pkl"), central, b"archive/datq.txt")
    assert look(data).grade == "dangerous"


def test_two_members_of_one_name() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("archive/data.pkl", CLEAN)
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("archive/data.pkl", EVIL)
    assert {"zip-twice", "call"} <= words(look(out.getvalue()))


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_compressed_members(method: int) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("archive/data.pkl", EVIL)
        archive.writestr("weights/inner.npy", object_array(EVIL))
    facts = look(out.getvalue())
    assert {t.place.partition(",")[0] for t in facts.traits if t.grade == "dangerous"} == {
        "archive/data.pkl",
        "weights/inner.npy",
    }


def test_a_method_that_nobody_unpacks_is_told() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("archive/data.pkl", EVIL)
    assert words(look(out.getvalue())) == {"unread"}


@pytest.mark.parametrize("name", ["config.p", "readme.txt", "version2", "data/0"])
def test_pickles_under_other_names(name: str) -> None:
    facts = look(zipped(CLEAN, {}, **{name: EVIL}))
    assert facts.grade == "dangerous"
    assert facts.traits[0].place.startswith(f"archive/{name}, ")


def test_bytes_of_tensors_are_no_pickles_by_chance() -> None:
    for raw in (b"\x80\x02" + b"\xff" * 62, b"(" * 64, b"cabc\n" * 12, b"\x80\x04N." + b"\0" * 60):
        assert look(zipped(CLEAN, {}, **{"data/7": raw})).traits == ()


@pytest.mark.parametrize("order", ["evil last", "evil first", "evil in the comment"])
def test_archives_behind_each_other(order: str) -> None:
    good, bad = zipped(CLEAN, {}), zipped(EVIL, {})
    if order == "evil in the comment":
        data = good[:-2] + struct.pack("<H", len(bad)) + bad
    else:
        data = good + bad if order == "evil last" else bad + good
    facts = look(data)
    assert facts.grade == "dangerous"


def test_an_archive_behind_something_else() -> None:
    facts = look(b"#!/bin/sh\n" + b"echo\n" * 40 + zipped(EVIL, {}))
    assert facts.grade == "dangerous"


def test_an_archive_behind_a_pickle() -> None:
    facts = look(CLEAN + zipped(EVIL, {}))
    assert facts.grade == "dangerous"
    assert "two-formats" in words(facts)


def test_an_archive_in_an_archive() -> None:
    inner = zipped(CLEAN, {}, **{"more.zip": zipped(EVIL, {})})
    facts = look(zipped(CLEAN, {}, **{"packed.zip": inner}))
    assert facts.grade == "dangerous"
    places = {trait.place for trait in facts.traits}
    assert "archive/packed.zip, archive/more.zip, archive/data.pkl, byte 13" in places


def test_an_archive_that_is_cut_off() -> None:
    assert words(look(zipped(EVIL, {})[:-30])) == {"zip-broken"}


# other containers


def test_old_checkpoints() -> None:
    facts = look(legacy(None, data=EVIL))
    assert (facts.format, facts.grade) == ("legacy-torch", "dangerous")
    assert facts.traits[0].place == "pickle 4, byte 122"
    assert words(look(legacy({"a": 1})[:60])) == {"broken"}


def test_tars_of_torch() -> None:
    raw = struct.pack("<q", 4) + b"\xff" * 16
    storages = pickle.dumps(2, 2) + Writer().pickle(("0", "cpu")) + raw
    for members in (
        {"storages": storages, "tensors": CLEAN, "pickle": EVIL},
        {"storages": storages + OLD_EVIL, "tensors": CLEAN, "pickle": CLEAN},
        {"storages": storages + EVIL, "tensors": CLEAN, "pickle": CLEAN},
    ):
        facts = look(tarred(members))
        assert (facts.format, facts.grade) == ("tar", "dangerous"), members


def test_a_tar_whose_first_name_is_a_pickle() -> None:
    facts = look(tarred({"cos\nmkdir\n(Vmade\ntR.": b""}))
    assert facts.grade == "dangerous"


def object_array(data: bytes, descr: str = "|O", version: int = 1) -> bytes:
    header = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': (1,), }}\n".encode()
    size = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + size + header + data


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("descr", ["|O", "O", "<O8"])
def test_arrays_of_objects(version: int, descr: str) -> None:
    assert look(object_array(EVIL, descr, version), "a.npy").grade == "dangerous"
    clean = look(object_array(CLEAN, descr, version), "a.npy")
    assert (clean.grade, clean.has_pickle) == ("plain", True)


def test_arrays_of_numbers() -> None:
    facts = look(object_array(EVIL, "<f8"), "a.npy")
    assert (facts.traits, facts.has_pickle) == ((), False)
    assert words(look(b"\x93NUMPY\x01", "a.npy")) == {"broken"}
    assert words(look(b"\x93NUMPY\x02\0\xff\xff\xff\xff", "a.npy")) == {"broken"}
    assert words(look(object_array(b""), "a.npy")) == {"broken"}


def test_arrays_in_an_npz() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", object_array(b"\0" * 8, "<f8"))
        archive.writestr("b.npy", object_array(EVIL))
    facts = look(out.getvalue(), "a.npz")
    assert (facts.format, facts.grade, facts.claimed) == ("npz", "dangerous", "")


def wrapper(dtype: str, shape: tuple[int, ...], padding: int | None = 16) -> bytes:
    """joblib's stand-in for an array, up to the bytes that follow."""
    state = {
        "shape": shape,
        "dtype": Call("numpy", "dtype", (dtype, False, True)),
        "numpy_array_alignment_bytes": padding,
    }
    made = Call("joblib.numpy_pickle", "NumpyArrayWrapper", (), state)
    return Writer().value(made)


def joblib(*pieces: bytes) -> bytes:
    return b"\x80\x02](" + b"".join(pieces) + b"e."


def test_joblib_goes_on_behind_an_array() -> None:
    raw = b"\x03\0\0\0" + b"c" * 24
    good = joblib(wrapper("f8", (3,)), raw, Writer().value("x"))
    assert {t.detail for t in look(good, "a.joblib").traits} == {
        "calls `joblib.numpy_pickle.NumpyArrayWrapper`"
    }
    bad = joblib(wrapper("f8", (3,)), raw, OLD_EVIL[:-1])
    assert look(bad, "a.joblib").grade == "dangerous"
    objects = joblib(wrapper("O8", (1,), None), EVIL, Writer().value("x"))
    assert look(objects, "a.joblib").grade == "dangerous"
    texts = joblib(wrapper("U5", (2,), None), b"\0" * 40, OLD_EVIL[:-1])
    assert look(texts, "a.joblib").grade == "dangerous"


@pytest.mark.parametrize("dtype", ["V7", "M8[ns]", "zzz"])
def test_joblib_s_arrays_of_unknown_length_hide_nothing(dtype: str) -> None:
    bad = joblib(wrapper(dtype, (3,)), b"\xff" * 21, OLD_EVIL[:-1])
    assert look(bad, "a.joblib").grade == "dangerous"


def alone(data: bytes) -> bytes:
    return lzma.compress(data, lzma.FORMAT_ALONE)


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress, bz2.compress, lzma.compress, alone])
def test_compressed_pickles(pack: object) -> None:
    assert callable(pack)
    assert look(pack(EVIL + b"\0" * 300_000), "a.joblib").grade == "dangerous"
    assert look(pack(CLEAN), "a.joblib").grade == "plain"
    assert look(pack(EVIL)[:-3], "a.pkl").grade == "dangerous"


def test_a_bomb_stays_small() -> None:
    bomb = zlib.compress(b"\x80\x02" + b"N" * (20 << 20))
    facts = look(bomb, "a.joblib")
    assert words(facts) == {"unread"}


# files that are not what they are called


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
    assert look(data, "a.gguf").traits == ()


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


@pytest.mark.skipif(sys.maxsize < 2**32, reason="needs 64 bits")
def test_sizes_of_64_bits() -> None:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(out, "w") as archive,
        archive.open(zipfile.ZipInfo("archive/data.pkl"), "w", force_zip64=True) as member,
    ):
        member.write(EVIL)
    data = out.getvalue()
    central = data.index(b"PK\x01\x02")
    extra = struct.pack("<2H3Q", 1, 24, len(EVIL), len(EVIL), 0)
    head = bytearray(data[central : central + 46 + 16])
    head[20:28] = b"\xff" * 8
    head[30:32] = struct.pack("<H", len(extra))
    head[42:46] = b"\xff" * 4
    directory = bytes(head) + extra
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    place = central + len(directory)
    wide = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, len(directory), central)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, place, 1)
    facts = look(data[:central] + directory + wide + locator + end)
    assert (facts.format, facts.grade) == ("torch", "dangerous")
