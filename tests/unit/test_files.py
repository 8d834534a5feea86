from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from comfylock.files import PREFIX, remove_leftovers, write_atomically

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_is_written_with_its_folders(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "c.json"
    assert write_atomically(str(path), b"new") is True
    assert path.read_bytes() == b"new"
    assert os.listdir(path.parent) == ["c.json"]


@pytest.mark.parametrize("old", [b"", b"ne", b"news", b"old"])
def test_other_bytes_are_replaced(tmp_path: Path, old: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(old)
    assert write_atomically(str(path), b"new") is True
    assert path.read_bytes() == b"new"


def test_equal_bytes_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"same")
    before = path.stat()
    assert write_atomically(str(path), b"same") is False
    after = path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_the_mode_is_that_of_any_new_file(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_bytes(b"")
    write_atomically(str(tmp_path / "a"), b"x")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def test_what_cannot_be_written_leaves_no_rest(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_atomically(str(tmp_path / "taken"), b"x")
    assert os.listdir(tmp_path) == ["taken"]
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(OSError, match=r"director|exists"):
        write_atomically(str(tmp_path / "file" / "below"), b"x")
    assert (tmp_path / "file").read_bytes() == b"old"


def test_a_full_disk_keeps_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(str(path), b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def test_leftovers_of_the_killed_go_and_all_else_stays(tmp_path: Path) -> None:
    for name in (f"{PREFIX}old", f"{PREFIX}new", "own"):
        (tmp_path / name).write_bytes(b"")
        if not name.endswith("new"):
            os.utime(tmp_path / name, (1000, 1000))
    (tmp_path / f"{PREFIX}folder").mkdir()
    remove_leftovers(str(tmp_path), 2000)
    assert sorted(os.listdir(tmp_path)) == [f"{PREFIX}folder", f"{PREFIX}new", "own"]
    remove_leftovers(str(tmp_path / "absent"), 2000)
