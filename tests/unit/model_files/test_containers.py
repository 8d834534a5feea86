"""Files around pickles: what numpy, joblib and old torch open is opened."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import struct
import zipfile
import zlib

import pytest

from comfylock.model_files.budget import Budget
from comfylock.model_files.look import look_at
from tests.checkpoints import Call, Writer, legacy, tarred
from tests.looking import CLEAN, EVIL, OLD_EVIL, look, object_array, words
from tests.pickle_attacks import attacks


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


@pytest.mark.parametrize("name", ["inst", "obj", "global-reduce", "stack-global", "binstring"])
def test_attacks_behind_raw_bytes(name: str) -> None:
    raw = struct.pack("<q", 4) + b"\xff" * 16
    storages = pickle.dumps(2, 2) + Writer().pickle(("0", "cpu")) + raw
    data = attacks("never-made")[name].data
    facts = look(tarred({"storages": storages + data, "tensors": CLEAN, "pickle": CLEAN}))
    assert facts.grade == "dangerous"


def test_too_many_beginnings_are_no_place_to_hide() -> None:
    storages = pickle.dumps(2, 2) + b"\xff" + b"\x80\x02N0N0N0N0N0N0" * 60_000 + EVIL
    facts = look(tarred({"storages": storages, "tensors": CLEAN, "pickle": CLEAN}))
    assert "unread" in words(facts)
    assert facts.grade == "dangerous"


def test_a_pickle_that_begins_as_bz2() -> None:
    data = b"BZh\0\0" + b"x" * 0x685A + b"0" + OLD_EVIL
    assert look(data, "a.pkl").grade == "dangerous"


def test_a_row_without_end_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("comfylock.model_files.pickles.MAX_PICKLES", 50)
    data = b"N." * 60 + EVIL
    assert ("dangerous", "unread") in {(t.grade, t.word) for t in look(data, "a.pkl").traits}


def test_a_tar_whose_first_name_is_a_pickle() -> None:
    facts = look(tarred({"cos\nmkdir\n(Vmade\ntR.": b""}))
    assert facts.grade == "dangerous"


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
    facts = look_at(io.BytesIO(bomb), "a.joblib", Budget(operations=100_000))
    assert words(facts) == {"unread"}


_ODD = [{"id": lzma.FILTER_LZMA1, "dict_size": 0x5000}]
STREAMS = {
    "behind an empty gzip": gzip.compress(b"") + gzip.compress(EVIL),
    "in two gzips": gzip.compress(EVIL[:5]) + gzip.compress(EVIL[5:]),
    "behind gzip's padding": gzip.compress(b"") + b"\0" * 70_000 + gzip.compress(EVIL),
    "behind an empty bz2": bz2.compress(b"") + bz2.compress(EVIL),
    "behind an empty xz": lzma.compress(b"") + lzma.compress(EVIL),
    "in xz at its best": lzma.compress(EVIL, preset=9),
    "in lzma of odd size": lzma.compress(EVIL, lzma.FORMAT_ALONE, filters=_ODD),
}


@pytest.mark.parametrize("where", STREAMS)
def test_every_compressed_stream_of_a_file_is_looked_into(where: str) -> None:
    """Python's readers, which joblib uses, take streams in a row for one."""
    assert look(STREAMS[where], "model.joblib").grade == "dangerous"


def test_what_needs_too_much_memory_is_told() -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 30}]
    data = lzma.compress(EVIL, filters=filters)
    assert "unread" in words(look(data, "model.joblib"))
