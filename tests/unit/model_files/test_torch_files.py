"""torch's zip: what torch opens is opened, whatever is done to trip scanners."""

from __future__ import annotations

import io
import struct
import sys
import zipfile

import pytest

from tests import checkpoints
from tests.checkpoints import Call, Tensor, checkpoint, zipped
from tests.looking import CLEAN, EVIL, OLD_EVIL, look, object_array, words

ORDINARY = checkpoints.ordinary()


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


def test_many_oddities_hide_nothing() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(2500):
            archive.writestr(f"n/{number:04}", b"x")
        archive.writestr("archive/data.pkl", EVIL)
    data = out.getvalue()
    head, tail = data[: data.index(b"PK\1\2")], data[data.index(b"PK\1\2") :]
    facts = look(head.replace(b"n/", b"m/") + tail)
    assert facts.grade == "dangerous"
    assert len(facts.traits) <= 1000


def test_many_oddities_in_a_pickle_hide_nothing() -> None:
    names = b"".join(b"cpack\nname%d\n0" % number for number in range(3000))
    assert look(zipped(b"\x80\x02" + names + OLD_EVIL, {})).grade == "dangerous"
    inner = b"".join(
        b"C" + bytes([len(held)]) + held + b"0"
        for held in (b"\x80\x02cpack\nname%d\nN0." % number for number in range(300))
    )
    evil = b"\x8c\x02os\x8c\x05mkdir\x86N\x93)R."
    facts = look(zipped(b"\x80\x04" + inner + evil, {}))
    assert facts.grade == "dangerous"


def test_an_archive_that_is_cut_off() -> None:
    assert words(look(zipped(EVIL, {})[:-30])) == {"zip-broken"}


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
