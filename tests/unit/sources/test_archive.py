from __future__ import annotations

import gzip
import io
import os
import stat
import struct
import tarfile
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from comfylock.definitions.pack_files import PYTHON_SIZE
from comfylock.sources import archive_entries, archive_tar
from comfylock.sources.archive import read_archive
from comfylock.sources.archive_entries import (
    MAX_ENTRIES,
    ArchiveError,
    Entry,
    check_entries,
    check_total,
)
from comfylock.sources.interface import Missing, SourceFacts
from tests.services.node_archive import node_tar, node_zip, pack_files

if TYPE_CHECKING:
    from collections.abc import Callable

FILES = pack_files(["A", "B"], ["numpy>=1"], install__py="raise SystemExit\n")
PACKERS = {"zip": node_zip, "tar": node_tar}


def read(data: bytes, *, with_classes: bool = True) -> SourceFacts | Missing:
    return read_archive(io.BytesIO(data), "the archive", with_classes=with_classes)


def zipped(*entries: tuple[str, bytes, int], flags: int = 0) -> bytes:
    """A zip of these names, contents and Unix modes, whatever they are."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for at, (name, content, mode) in enumerate(entries):
            entry = zipfile.ZipInfo(chr(ord("q") + at) * len(name.encode()))
            entry.external_attr = mode << 16
            archive.writestr(entry, content)
    data = written.getvalue()
    for at, (name, _, _) in enumerate(entries):
        raw = name.encode()
        data = data.replace(bytes([ord("q") + at]) * len(raw), raw)
    return data.replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00%c" % flags)


def tarred(*entries: tarfile.TarInfo) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for entry in entries:
            archive.addfile(entry, io.BytesIO(b"\0" * entry.size))
    return gzip.compress(written.getvalue(), mtime=0)


def member(name: str, **fields: Any) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    for key, value in fields.items():
        setattr(entry, key, value)
    return entry


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_a_packs_files_are_read_where_they_lie(pack: Callable[[Any], bytes]) -> None:
    assert read(pack(FILES)) == SourceFacts(
        ("install.py",), ("numpy>=1 # requirements.txt:1",), ("A", "B")
    )
    assert read(pack(FILES), with_classes=False) == SourceFacts(
        ("install.py",), ("numpy>=1 # requirements.txt:1",)
    )


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_huge_files_are_left_alone(pack: Callable[[Any], bytes]) -> None:
    huge = {**FILES, "data.py": b"#" * (PYTHON_SIZE + 1), "model.bin": os.urandom(1 << 20)}
    found = read(pack(huge))
    assert isinstance(found, SourceFacts)
    assert found.class_types == ("A", "B")


def test_folders_are_no_files() -> None:
    folder = ("web/", b"", stat.S_IFDIR | 0o755)
    found = read(zipped(folder, folder, ("web/a.js", b"", 0)))
    assert found == SourceFacts(class_types=())
    found = read(tarred(member("web", type=tarfile.DIRTYPE), member("web/a.js", size=3)))
    assert found == SourceFacts(class_types=())
    found = read(tarred(member(".", type=tarfile.DIRTYPE), member("./install.py")))
    assert found == SourceFacts(("install.py",), class_types=())
    assert read(node_zip({})) == SourceFacts(class_types=())


HOSTILE = {
    "/etc/passwd": "a path that leaves its folder",
    "../up.py": "a path that leaves its folder",
    "a/../../up.py": "a path that leaves its folder",
    "C:/windows.py": "a path that leaves its folder",
    "a\\..\\up.py": "a path that leaves its folder",
    "a//b.py": "a path that leaves its folder",
    "./a.py": "a path that leaves its folder",
    "new\nline.py": "a name that is none",
    "nul\0.py": "a name that is none",
    "y" * 1001: "a name that is none",
}


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_are_refused(name: str) -> None:
    found = read(zipped((name, b"", stat.S_IFREG | 0o644)))
    assert isinstance(found, Missing)
    assert found.reason == "not-allowed"
    assert found.message.startswith(f"the archive holds {HOSTILE[name]}: `")
    assert found.message.isprintable()


@pytest.mark.parametrize("name", ["../up.py", "/abs.py", "a\\b.py", "a//b.py"])
def test_hostile_names_in_a_tar_are_refused(name: str) -> None:
    found = read(tarred(member(name)))
    assert isinstance(found, Missing)
    assert found.reason == "not-allowed"


@pytest.mark.parametrize(
    ("mode", "what"), [(stat.S_IFLNK, "a link"), (stat.S_IFIFO, "a special file")]
)
def test_links_and_special_files_are_refused(mode: int, what: str) -> None:
    found = read(zipped(("a.py", b"/etc/passwd", mode | 0o777)))
    assert isinstance(found, Missing)
    assert found.message == f"the archive holds {what}: `a.py`"


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        (tarfile.SYMTYPE, "a link"),
        (tarfile.LNKTYPE, "a link"),
        (tarfile.FIFOTYPE, "a special file"),
        (tarfile.CHRTYPE, "a special file"),
    ],
)
def test_links_and_special_files_in_a_tar_are_refused(kind: bytes, what: str) -> None:
    found = read(tarred(member("a.py", type=kind, linkname="../b")))
    assert isinstance(found, Missing)
    assert found.message == f"the archive holds {what}: `a.py`"


def test_names_that_overwrite_each_other_are_refused() -> None:
    found = read(zipped(("a.py", b"1", 0), ("a.py", b"2", 0)))
    assert isinstance(found, Missing)
    assert found.message == "the archive holds a name that comes twice: `a.py`"
    found = read(zipped(("a", b"1", 0), ("a/b/c", b"2", 0)))
    assert isinstance(found, Missing)
    assert found.message == "the archive holds a file and a folder of one name: `a/b/c`"


def test_encrypted_files_are_refused() -> None:
    found = read(zipped(("a.py", b"1", 0), flags=1))
    assert found == Missing(
        "not-an-archive", "the archive holds encrypted files", "choose another version of it"
    )


# bombs


def test_what_unpacks_to_far_more_than_its_size_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(archive_entries, "HARMLESS", 1 << 20)
    for pack in PACKERS.values():
        found = read(pack({"zeros.bin": bytes(8 << 20)}))
        assert isinstance(found, Missing)
        assert found.message == "the archive would unpack to more than 100 times its size"


def test_what_would_fill_a_disk_is_refused() -> None:
    entries = [Entry(f"{number}.bin", 1 << 30, 0) for number in range(17)]
    with pytest.raises(ArchiveError, match="more than 16 GiB"):
        check_entries(entries, 1 << 34)
    check_total(1 << 34, 1 << 33)


def test_too_many_files_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    many = (Entry(str(number), 0, 0) for number in range(MAX_ENTRIES + 1))
    with pytest.raises(ArchiveError, match="more than 50000 files"):
        check_entries(many, 1)
    monkeypatch.setattr(archive_tar, "MAX_ENTRIES", 2)
    monkeypatch.setattr(archive_entries, "MAX_ENTRIES", 2)
    found = read(tarred(*(member(name) for name in "abcd")))
    assert isinstance(found, Missing)
    assert found.reason == "not-allowed"


@pytest.mark.parametrize(
    ("at", "value"),
    [(10, struct.pack("<H", 0xFFFF)), (10, struct.pack("<H", 60_000)), (12, b"\xff\xff\xff\x7f")],
)
def test_lists_of_too_many_files_are_not_even_read(at: int, value: bytes) -> None:
    data = bytearray(node_zip(FILES))
    end = data.rindex(b"PK\x05\x06") + at
    data[end : end + len(value)] = value
    found = read(bytes(data))
    assert isinstance(found, Missing)
    assert found.reason == "not-allowed"


def test_a_zip_for_huge_archives_is_refused() -> None:
    data = node_zip(FILES)
    at = data.rindex(b"PK\x05\x06")
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1)
    found = read(data[:at] + locator + data[at:])
    assert isinstance(found, Missing)
    assert found.reason == "not-allowed"


def test_a_tar_with_a_huge_header_is_refused() -> None:
    header = tarfile.TarInfo("pax")
    header.type, header.size = tarfile.XHDTYPE, 1 << 30
    data = gzip.compress(header.tobuf() + bytes(1 << 20), mtime=0)
    found = read(data)
    assert isinstance(found, Missing)
    assert found.message == "the archive holds a header of many megabytes"


# damage


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_a_truncated_archive_is_damaged(pack: Callable[[Any], bytes]) -> None:
    whole = pack({**FILES, "model.bin": os.urandom(5000)})
    for end in (6, 100, len(whole) // 2, len(whole) - 1):
        found = read(whole[:end])
        assert isinstance(found, Missing), end
        assert found.reason == "not-an-archive"


def test_flipped_bytes_raise_nothing() -> None:
    for pack in PACKERS.values():
        whole = pack(FILES)
        for at in range(0, len(whole), 7):
            damaged = bytearray(whole)
            damaged[at] ^= 0xFF
            assert isinstance(read(bytes(damaged)), SourceFacts | Missing)


def test_a_gzip_of_something_else_is_damaged() -> None:
    found = read(gzip.compress(b"no tar at all" * 100))
    assert isinstance(found, Missing)
    assert found.message == "the archive is damaged or cut short"


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "empty"),
        (b"hello", "something else"),
        (b"\xef\xbb\xbf\n<!DOCTYPE html><title>\n Log\nin </title>", "a web page (`Log in`)"),
        (b"<html>", "a web page or an error message"),
        (b'{ "error" : "x"}', "a web page or an error message"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a git-lfs pointer"),
    ],
)
def test_what_is_no_archive_is_named(data: bytes, what: str) -> None:
    found = read(data)
    assert isinstance(found, Missing)
    assert found.message == f"the archive is no archive but {what}"
