"""Writing the lock: old or new, never half, whatever happens meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.builders import stamped, ui
from tests.scenarios import small

if TYPE_CHECKING:
    from tests.scenarios.place import Place

LIMITED = """
import resource, sys
from comfylock.cli.main import main
size = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
sys.exit(main(sys.argv[1:]))
"""
"""Runs the command where no file may grow beyond a size, as on a disk that is full."""

KILLED = """
import os, signal, sys
from comfylock.cli.main import main
event, folder = sys.argv.pop(1), os.path.realpath(sys.argv[-1])

def told(name, arguments):
    if name == event and f"{folder}/.comfylock-" in str(arguments):
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(told)
sys.exit(main(sys.argv[1:]))
"""
"""Runs the command and kills it when it begins a step of writing the lock."""

STEPS = ("tempfile.mkstemp", "os.chmod", "os.rename")

needs_limits = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX")


@pytest.fixture
def stale(shop: Place) -> Place:
    """A lock that a warm cache can renew without any service."""
    assert shop.run("lock").code == 0
    old = shop.lock
    small.publish_news(shop.world)
    shop.environment["COMFYLOCK_CACHE_DIR"] = str(shop.folder / "warm")
    assert shop.run("lock", "--upgrade").code == 0
    assert old is not None
    assert shop.lock != old
    shop.lock_file.write_bytes(old)
    return shop


@needs_limits
def test_a_full_disk_is_told_in_a_sentence_and_the_old_lock_stays(stale: Place) -> None:
    before = stale.files()
    for size in (1, 100, len(before["comfy.lock"]) - 1):
        ended = stale.outside(str(size), "lock", "--upgrade", code=LIMITED)
        assert ended.code == 2, ended.err
        assert stale.files() == before
        [line] = [line for line in ended.err.splitlines() if line.startswith("error: ")]
        assert line.startswith(f"error: {stale.lock_file}: cannot be written: File too large")
        assert line.endswith("; what was there is as it was")
        assert "hint: what was learnt is kept" in ended.err
        assert "Traceback" not in ended.err


@needs_limits
def test_a_lock_that_stays_needs_nothing_to_be_writable(shop: Place) -> None:
    assert shop.run("lock").code == 0
    before = shop.files()
    for words in (("lock",), ("lock", "--check")):
        ended = shop.outside("0", *words, code=LIMITED)
        assert (ended.code, ended.err) == (0, ""), words
    assert shop.files() == before


@needs_limits
def test_no_room_for_what_is_fetched_is_told_in_a_sentence(shop: Place) -> None:
    assert shop.run("lock").code == 0
    small.publish_news(shop.world)
    before = shop.files()
    cold = str(shop.folder / "cold")
    ended = shop.outside("0", "lock", "--upgrade", code=LIMITED, COMFYLOCK_CACHE_DIR=cold)
    assert (ended.code, shop.files()) == (2, before)
    assert "error: temporary files: cannot be written: " in ended.err
    assert "hint: make room, or set TMPDIR to a folder that has some" in ended.err
    assert "Traceback" not in ended.err


@needs_limits
def test_a_cache_that_cannot_be_written_costs_nothing_but_time(shop: Place) -> None:
    (shop.folder / "file").write_bytes(b"")
    ended = shop.run("lock", COMFYLOCK_CACHE_DIR=str(shop.folder / "file" / "cache"))
    assert ended.code == 0, ended.err
    assert shop.lock is not None


def test_a_folder_that_is_gone_is_told(shop: Place) -> None:
    shop.project.rename(shop.folder / "elsewhere")
    ended = shop.run("lock")
    assert ended.code == 2
    assert "there is no such folder" in ended.err


@needs_limits
@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_the_lock_is_whole_and_a_second_run_carries_on(
    stale: Place, step: str
) -> None:
    before = stale.files()
    ended = stale.outside(step, "lock", "--upgrade", code=KILLED)
    assert ended.code == -signal.SIGKILL
    assert stale.lock == before["comfy.lock"]
    left = [name for name in stale.files() if name.startswith(".comfylock-")]
    assert len(left) <= 1
    for name in left:
        os.utime(stale.project / name, (1000, 1000))
    ended, sent = stale.sent("lock", "--upgrade")
    assert (ended.code, sent) == (0, {})
    assert stale.files().keys() == before.keys()
    assert stale.run("lock", "--check").code == 0


@needs_limits
def test_killed_at_any_moment_the_lock_is_whole(stale: Place) -> None:
    old = stale.lock
    done = stale.process("lock", "--upgrade")
    done.communicate()
    new = stale.lock
    assert new != old
    for at in range(3):
        stale.lock_file.write_bytes(old or b"")
        process = stale.process("lock", "--upgrade")
        try:
            process.wait(0.3 + 0.15 * at)
        except subprocess.TimeoutExpired:  # still running: that is when it is killed
            process.send_signal(signal.SIGKILL)
        process.communicate()
        assert stale.lock in {old, new}


def test_two_writers_at_once_leave_one_lock_whole(shop: Place) -> None:
    shop.write("workflows/other.json", ui(stamped(1, "GammaNode", cnr_id="gamma")))
    wanted = []
    for name in ("main", "other"):
        assert shop.run("lock", str(shop.project / "workflows" / f"{name}.json")).code == 0
        wanted.append(shop.lock)
    for _ in range(2):
        shop.lock_file.unlink()
        running = [
            shop.process("lock", str(shop.project / "workflows" / f"{name}.json"))
            for name in ("main", "other")
        ]
        for process in running:
            _, err = process.communicate()
            assert process.returncode == 0, err.decode()
        assert shop.lock in wanted
        assert not [name for name in shop.files() if name.startswith(".comfylock-")]


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_is_neither_replaced_nor_followed(stale: Place) -> None:
    elsewhere = stale.folder / "shared.lock"
    stale.lock_file.rename(elsewhere)
    stale.lock_file.symlink_to(elsewhere)
    before = elsewhere.read_bytes()
    assert stale.run("lock").code == 0
    ended = stale.run("lock", "--upgrade")
    assert ended.code == 2
    assert "comfy.lock: is a link to " in ended.err
    assert stale.lock_file.is_symlink()
    assert elsewhere.read_bytes() == before
    elsewhere.unlink()
    assert stale.run("lock").code == 2
    assert not elsewhere.exists()
