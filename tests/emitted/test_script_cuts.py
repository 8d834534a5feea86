"""Cut off, killed, run twice at once: the next run goes on, and no name ever has wrong bytes."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.emitted.studio import COMFYUI, weights

if TYPE_CHECKING:
    from comfylock.lockfile.schema import Lock
    from tests.emitted.machine import Machine
    from tests.emitted.studio import Studio

MODELS = ("ae.safetensors", "base.safetensors", "sub dir/it's.safetensors", "x4.pth")


def _cut(machine: Machine, studio: Studio, cuts: int, size: int) -> None:
    """Download one model over a line that breaks so many times, at random bytes."""
    studio.size = size
    machine.emit(studio.lock(packs=(), comfyui=None, models=(studio.hub_model(),)))
    (machine.comfyui).mkdir()
    (machine.comfyui / "main.py").touch()
    cutter = machine.gate.cutter
    cutter.most, cutter.largest = cuts, size // cuts
    for _ in range(cuts):
        if machine.run(JOBS="1").code == 0:
            break
    file = machine.models / "vae/ae.safetensors"
    assert file.read_bytes() == weights("ae.safetensors", size)
    assert cutter.cuts == cuts
    served = [asked for asked in machine.world.hub.asked if asked.path.startswith("/content/")]
    starts = [int(each.headers.get("range", "bytes=0-")[6:-1]) for each in served]
    assert starts == sorted(starts)
    assert starts[-1] > 0


def test_a_download_survives_cuts(machine: Machine, studio: Studio) -> None:
    _cut(machine, studio, 10, 400_000)


@pytest.mark.large
def test_a_download_survives_two_hundred_cuts(machine: Machine, studio: Studio) -> None:
    _cut(machine, studio, 200, 8_000_000)


def _session(leader: int) -> list[int]:
    """The processes of a session, which is one that this test began."""
    found = []
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/stat", "rb") as stream:
                fields = stream.read().rpartition(b") ")[2].split()
        except (OSError, ValueError):
            continue
        if name.isdigit() and int(fields[3]) == leader and fields[0] != b"Z":
            found.append(int(name))
    return found


def _kill(process: subprocess.Popen[bytes], *, everything: bool) -> None:
    if not everything:
        process.kill()
    while everything and (left := _session(process.pid)):
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
    process.communicate()


def _hold_to_the_names(machine: Machine, lock: Lock) -> None:
    """Whatever has its final name is whole."""
    for pin in lock.models:
        file = machine.models / str(pin.folder) / pin.name
        assert not file.exists() or file.read_bytes() == weights(pin.name)
    packs: dict[str, tuple[str, ...]] = {
        "alpha": ("__init__.py", "pyproject.toml", "web/js/é 'quoted'.js", ".tracking"),
        "gamma": ("__init__.py", "run.sh", "deps/lib/lib.py"),
    }
    for name, files in packs.items():
        folder = machine.packs / name
        assert not folder.exists() or all((folder / file).exists() for file in files)
    if (machine.comfyui / "main.py").exists():
        assert all((machine.comfyui / file).exists() for file in COMFYUI)


@pytest.mark.parametrize("everything", [True, False])
def test_a_killed_run_leaves_nothing_half_done(
    machine: Machine, studio: Studio, everything: bool
) -> None:
    _killed(machine, studio, 3, everything=everything)


@pytest.mark.large
def test_runs_killed_at_many_moments(machine: Machine, studio: Studio) -> None:
    _killed(machine, studio, 60, everything=True)


def _killed(machine: Machine, studio: Studio, times: int, *, everything: bool) -> None:
    chance = random.Random(times)
    lock = studio.lock()
    machine.emit(lock, variants=("full",))
    machine.world.delay(0.03)
    ended = []
    for _ in range(times):
        process = machine.begin()
        time.sleep(chance.uniform(0.1, 1.2))
        ended.append(process.poll())
        _kill(process, everything=everything)
        _hold_to_the_names(machine, lock)
    assert None in ended
    machine.world.delay(0)
    done = machine.run()
    assert done.code == 0, done.err
    assert set(done.outcomes().values()) <= {"present", "installed"}
    _hold_to_the_names(machine, lock)
    assert machine.run("--verify").code == 0
    assert "nothing to do" in machine.run().err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_run_that_is_asked_to_end_ends_at_once(
    machine: Machine, studio: Studio, number: signal.Signals, code: int
) -> None:
    machine.emit(studio.lock())
    machine.world.delay(10)
    process = machine.begin()
    while not machine.world.git.asked and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(number)
    begin = time.monotonic()
    _, err = process.communicate(timeout=20)
    assert time.monotonic() - begin < 8
    assert process.returncode == code, err
    assert b"is continued next time" in err
    while _session(process.pid):  # what was ended may take a moment to be gone
        assert time.monotonic() - begin < 8
        time.sleep(0.05)
    assert not list((machine.root / "tmp").iterdir())


def _without(machine: Machine, *names: str) -> str:
    """A PATH with the machine's programs, but for some."""
    folder = machine.root / "programs"
    folder.mkdir()
    for place in ("/bin", "/usr/bin", "/usr/local/bin"):
        for entry in os.scandir(place):
            link = folder / entry.name
            if entry.name not in names and not os.path.lexists(link):
                link.symlink_to(entry.path)
    return f"{machine.root / 'stubs'}:{folder}"


@pytest.mark.parametrize("has_flock", [True, False])
def test_two_runs_at_once(machine: Machine, studio: Studio, has_flock: bool) -> None:
    lock = studio.lock()
    machine.emit(lock)
    path = {} if has_flock else {"PATH": _without(machine, "flock")}
    machine.world.delay(0.05)
    both = [machine.begin(**path) for _ in range(2)]
    said = [process.communicate(timeout=60)[1].decode() for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sum("another run is under way" in text for text in said) == 1
    assert sum("nothing to do" in text for text in said) == 1
    assert len(machine.world.registry.asked) == 1
    _hold_to_the_names(machine, lock)


def test_without_flock_a_dead_run_holds_nobody_up(machine: Machine, studio: Studio) -> None:
    machine.emit(studio.lock(packs=(), models=()))
    dead = subprocess.Popen(["true"])
    dead.wait()
    held = machine.comfyui / ".comfylock/lock.d"
    held.mkdir(parents=True)
    (held / "who").write_text(f"{os.uname().nodename} {dead.pid}\n")
    assert machine.run(PATH=_without(machine, "flock")).code == 0
    assert not held.exists()
