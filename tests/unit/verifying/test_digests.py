from __future__ import annotations

import hashlib
import os
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest

from comfylock.hashing import ChangedError, NotAFileError, sha256_of_file
from comfylock.verifying import digests
from comfylock.verifying.digests import Digests, Trouble

if TYPE_CHECKING:
    from pathlib import Path

LATER = 10**10
"""Nanoseconds after now: whoever looks then may remember what was written just now."""


def later() -> int:
    return time.time_ns() + LATER


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    made = []
    for number in range(20):
        path = tmp_path / f"{number}.bin"
        path.write_bytes(bytes([number]) * (number * 1000))
        made.append(str(path))
    return made


def expected(paths: list[str]) -> dict[str, str]:
    found = {}
    for path in paths:
        with open(path, "rb") as stream:
            found[path] = hashlib.sha256(stream.read()).hexdigest()
    return found


def test_every_file_is_hashed_once(files: list[str]) -> None:
    made = Digests(None, later)
    assert made.find([*files, files[0]]) == expected(files)
    assert made.hashed == len(files)


def test_a_second_run_reads_nothing_again(files: list[str], tmp_path: Path) -> None:
    memory = str(tmp_path / "cache/digests.json")
    first = Digests(memory, later)
    found = first.find(files)
    first.save()
    second = Digests(memory, later)
    assert second.find(files) == found
    assert second.hashed == 0


@pytest.mark.parametrize("change", ["bytes", "bytes and time", "size", "replaced", "link"])
def test_what_changed_is_read_again(files: list[str], tmp_path: Path, change: str) -> None:
    memory = str(tmp_path / "digests.json")
    first = Digests(memory, later)
    first.find(files)
    first.save()
    path, data = files[7], b"other".ljust(7000, b"!")
    status = os.stat(path)
    if change == "replaced":
        (tmp_path / "new").write_bytes(data)
        os.utime(tmp_path / "new", ns=(status.st_atime_ns, status.st_mtime_ns))
        os.replace(tmp_path / "new", path)
    elif change == "link":
        (tmp_path / "other").write_bytes(data)
        os.unlink(path)
        os.symlink(tmp_path / "other", path)
    else:
        with open(path, "wb") as stream:
            stream.write(data + (b"?" if change == "size" else b""))
        if change == "bytes and time":
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    second = Digests(memory, later)
    assert second.find(files) == expected(files)
    assert second.hashed == 1


def test_what_was_written_just_now_is_not_remembered(files: list[str], tmp_path: Path) -> None:
    """Another write in the same instant would show the same time."""
    memory = str(tmp_path / "digests.json")
    first = Digests(memory, lambda: os.stat(files[0]).st_mtime_ns)
    first.find(files)
    first.save()
    second = Digests(memory, later)
    second.find(files)
    assert second.hashed == len(files)


def test_a_file_that_changes_while_it_is_hashed(tmp_path: Path) -> None:
    path = tmp_path / "growing.bin"
    path.write_bytes(b"x" * (32 << 20))
    over = threading.Event()

    def write() -> None:
        with path.open("r+b") as stream:
            while not over.is_set():
                stream.seek(0)
                stream.write(os.urandom(8))
                stream.flush()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        made = Digests(str(tmp_path / "digests.json"), later)
        found = made.find([str(path)])[str(path)]
    finally:
        over.set()
        thread.join()
    assert isinstance(found, Trouble)
    assert found.kind == "changing"
    made.save()
    assert not (tmp_path / "digests.json").exists()


def test_a_file_that_is_replaced_while_it_is_hashed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"a" * 100)
    real = os.fstat

    def swap(handle: int) -> os.stat_result:
        (tmp_path / "b.bin").write_bytes(b"b" * 100)
        os.replace(tmp_path / "b.bin", path)
        return real(handle)

    monkeypatch.setattr(os, "fstat", swap)
    with pytest.raises(ChangedError):
        sha256_of_file(str(path))


def test_files_that_are_none(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    paths = [str(tmp_path / name) for name in ("pipe", "folder", "nothing", "/dev/zero")]
    found = Digests(None, later).find(paths)
    kinds = [each.kind for each in found.values() if isinstance(each, Trouble)]
    assert sorted(kinds) == ["not-a-file", "not-a-file", "not-a-file", "vanished"]
    with pytest.raises(NotAFileError):
        sha256_of_file(paths[0])


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b'{"format": 9, "files": {}}', b'{"format": 1, "files": 3}', b"\xff"]
)
def test_a_damaged_memory_counts_as_none(files: list[str], tmp_path: Path, data: bytes) -> None:
    (tmp_path / "digests.json").write_bytes(data)
    made = Digests(str(tmp_path / "digests.json"), later)
    assert made.find(files) == expected(files)
    made.save()
    assert Digests(str(tmp_path / "digests.json"), later).find(files) == expected(files)


def test_two_processes_remember_what_both_learnt(files: list[str], tmp_path: Path) -> None:
    memory = str(tmp_path / "digests.json")
    one, two = Digests(memory, later), Digests(memory, later)
    one.find(files[:10])
    two.find(files[10:])
    one.save()
    two.save()
    third = Digests(memory, later)
    third.find(files)
    assert third.hashed == 0


def test_the_memory_is_bounded(
    files: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "MAX_REMEMBERED", 5)
    memory = str(tmp_path / "digests.json")
    first = Digests(memory, later)
    first.find(files)
    first.find(files[:5])
    first.save()
    second = Digests(memory, later)
    second.find(files)
    assert second.hashed == len(files) - 5


def test_a_memory_that_cannot_be_written_is_no_error(files: list[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    made = Digests(str(tmp_path / "file/digests.json"), later)
    made.find(files)
    made.save()
    assert made.hashed == len(files)


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    path = os.path.join(os.fsencode(tmp_path), b"\xff.bin")
    with open(path, "wb") as stream:
        stream.write(b"x")
    name = os.fsdecode(path)
    made = Digests(str(tmp_path / "digests.json"), later)
    assert made.find([name]) == {name: hashlib.sha256(b"x").hexdigest()}
    made.save()


class _Interrupted(threading.Thread):
    """Sends the main thread an interruption once a file was read to its end."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.has_read = threading.Event()

    def begin(self, total: int) -> None:
        """Nothing to do."""
        del total

    def done(self, path: str) -> None:
        """A file was read."""
        del path
        self.has_read.set()

    def run(self) -> None:
        """Wait for it, then interrupt as Ctrl-C does."""
        self.has_read.wait(20)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


@pytest.mark.skipif(os.name == "nt", reason="threads get no signals there")
def test_an_interruption_waits_for_no_large_file(tmp_path: Path) -> None:
    small, large = tmp_path / "small.bin", tmp_path / "large.bin"
    small.write_bytes(b"small")
    with large.open("wb") as stream:
        stream.truncate(40 << 30)  # a hole: a minute to read, nothing on the disk
    for path in (small, large):
        os.utime(path, (1, 1))
    memory = str(tmp_path / "digests.json")

    def far() -> int:
        return time.time_ns() + 10**12

    watcher = _Interrupted()
    made = Digests(memory, far, jobs=2, progress=watcher)
    watcher.start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        made.find([str(small), str(large)])
    assert time.monotonic() - began < 10
    made.save()
    again = Digests(memory, far)
    assert again.find([str(small)])[str(small)] == hashlib.sha256(b"small").hexdigest()
    assert again.hashed == 0
