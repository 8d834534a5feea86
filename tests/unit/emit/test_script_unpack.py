"""Archives of packs are unpacked into their folder, or not at all."""

from __future__ import annotations

import io
import stat
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import comfylock
from tests.services.node_archive import node_tar, node_zip

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAM = Path(comfylock.__file__).parent / "emit/templates/script/unpack.py"


def _unpack(folder: Path, archive: bytes) -> tuple[int, str]:
    """Run the program as the script does; its exit code and what it says."""
    (folder / "archive").write_bytes(archive)
    done = subprocess.run(
        [sys.executable, "-I", "-B", "-", folder / "archive", folder / "new", folder / "record"],
        input=PROGRAM.read_bytes(),
        capture_output=True,
        check=False,
    )
    return done.returncode, done.stderr.decode()


def _zip(*entries: tuple[str, int]) -> bytes:
    """A zip of entries with their Unix modes, each of one byte."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, mode in entries:
            entry = zipfile.ZipInfo("x")
            entry.filename = entry.orig_filename = name
            entry.external_attr = mode << 16
            archive.writestr(entry, b"x")
    return stream.getvalue()


def _tar(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        entry = tarfile.TarInfo(name)
        entry.type, entry.linkname = kind, target
        archive.addfile(entry)
    return stream.getvalue()


@pytest.mark.parametrize("pack", [node_zip, node_tar])
def test_files_and_their_digests(tmp_path: Path, pack: Callable[[dict[str, bytes]], bytes]) -> None:
    files = {"__init__.py": b"x", "web/js/é 'a'.js": b"y", "deep/er/still.txt": b""}
    code, said = _unpack(tmp_path, pack(files))
    assert (code, said) == (0, "")
    for name, content in files.items():
        assert (tmp_path / "new" / name).read_bytes() == content
    tracked = (tmp_path / "new/.tracking").read_text().split("\n")
    assert tracked == sorted(files)
    check = ["sha256sum", "--check", "--strict", "--quiet", str(tmp_path / "record")]
    assert subprocess.run(check, cwd=tmp_path / "new", check=False).returncode == 0


def test_programs_stay_programs(tmp_path: Path) -> None:
    _unpack(tmp_path, _zip(("run.sh", stat.S_IFREG | 0o4777), ("plain", stat.S_IFREG | 0o600)))
    modes = [(tmp_path / "new" / name).stat().st_mode & 0o7777 for name in ("run.sh", "plain")]
    assert modes == [0o755, 0o644]


HOSTILE = {
    "climbs": _zip(("../evil", 0)),
    "climbs deeper": _zip(("a/../../evil", 0)),
    "absolute": _zip(("/var/comfylock-evil", 0)),
    "backslash": _zip(("..\\evil", 0)),
    "drive": _zip(("C:/evil", 0)),
    "empty part": _zip(("a//b", 0)),
    "newline": _zip(("a\nb", 0)),
    "escape": _zip(("a\x1bb", 0)),
    "nothing": _zip(),
    "twice": _zip(("a", 0), ("b", 0)).replace(b"b", b"a"),
    "file and folder": _zip(("a", 0), ("a/b", 0)),
    "zip link": _zip(("link", stat.S_IFLNK | 0o777)),
    "zip device": _zip(("device", stat.S_IFCHR | 0o666)),
    "tar link": _tar("link", tarfile.SYMTYPE, "/etc"),
    "tar hard link": _tar("link", tarfile.LNKTYPE, "/etc/passwd"),
    "tar device": _tar("device", tarfile.CHRTYPE),
    "tar fifo": _tar("fifo", tarfile.FIFOTYPE),
    "tar climbs": _tar("../evil"),
    "tar absolute": _tar("/var/comfylock-evil"),
    "no archive": b"<html>Sign in</html>",
    "cut short": node_zip({"a.py": b"x" * 999})[:-40],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_archives_are_refused(tmp_path: Path, name: str) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    code, said = _unpack(inner, HOSTILE[name])
    assert code == 1
    assert "archive" in said or "cannot be unpacked" in said
    assert said.strip().isprintable()
    assert not (inner / "record").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["inner"]
    assert {path.name for path in inner.iterdir()} <= {"archive", "new"}
    assert not any(path.is_symlink() for path in inner.rglob("*"))


@pytest.mark.large
def test_an_archive_that_becomes_far_larger(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
        archive.open("zeros", "w") as entry,
    ):
        for _ in range(300):
            entry.write(bytes(1 << 20))
    code, said = _unpack(tmp_path, stream.getvalue())
    assert (code, said.strip()) == (1, "the archive unpacks to far more than its size")
