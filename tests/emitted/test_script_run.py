"""The script for real: fresh, again, groups, a dry run, verifying, other arguments."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from comfylock.cli.main import main
from comfylock.lockfile.write import write_lock
from tests.emitted.studio import weights

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.emitted.machine import Machine
    from tests.emitted.studio import Studio


def _git(machine: Machine, *words: str) -> str:
    done = subprocess.run(
        ["git", *words], env=machine.variables(), capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_a_fresh_machine_gets_everything(machine: Machine, studio: Studio) -> None:
    lock = studio.lock()
    machine.emit(lock)
    done = machine.run(ENABLE_VIDEO="1")
    assert done.code == 0, done.err
    assert set(done.outcomes().values()) == {"installed"}
    for pin in lock.models:
        file = machine.models / str(pin.folder) / pin.name
        assert file.read_bytes() == weights(pin.name)
    assert lock.comfyui is not None
    assert _git(machine, "-C", str(machine.comfyui), "rev-parse", "HEAD") == lock.comfyui.commit
    alpha = machine.packs / "alpha"
    assert (alpha / "web/js/é 'quoted'.js").read_bytes() == b"//"
    assert "__init__.py" in (alpha / ".tracking").read_text().split("\n")
    gamma = machine.packs / "gamma"
    assert (gamma / "deps/lib/lib.py").read_text() == "V = 1\n"
    assert (gamma / "run.sh").stat().st_mode & 0o111
    assert _git(machine, "-C", str(gamma), "status", "--porcelain") == ""
    assert _git(machine, "-C", str(gamma), "remote", "get-url", "origin").endswith("carl/gamma")
    assert (machine.packs / "single.py").read_text() == "NODE_CLASS_MAPPINGS = {}\n"
    assert not list(machine.root.rglob("*.part"))
    assert not list((machine.root / "tmp").iterdir())


def test_what_it_installed_satisfies_verify(
    machine: Machine, studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = studio.lock()
    machine.emit(lock, variants=("full",))
    assert machine.run().code == 0
    project = machine.root / "project"
    project.mkdir()
    (project / "comfy.lock").write_bytes(write_lock(lock))
    assert main(["verify", "--installed", str(machine.comfyui), "-C", str(project)]) == 0
    told = capsys.readouterr().out
    assert "7 of 8 things verified, 1 unproven; 1 note" in told, told
    assert "[pack-unproven]" in told, "nobody here has seen the locked archive"


def test_a_second_run_asks_nobody_and_writes_nothing(machine: Machine, studio: Studio) -> None:
    machine.emit(studio.lock())
    assert machine.run(ENABLE_VIDEO="1").code == 0
    machine.world.forget()
    machine.gate.cutter.connections = 0
    before = machine.files()
    done = machine.run(ENABLE_VIDEO="1")
    assert done.code == 0
    assert "all is as locked, nothing to do" in done.err
    assert set(done.outcomes().values()) == {"present"}
    assert sum(machine.world.requests().values()) == 0
    assert machine.gate.cutter.connections == 0
    assert machine.files() == before


def test_groups_are_switched_by_the_environment(machine: Machine, studio: Studio) -> None:
    machine.emit(studio.lock())
    off = machine.run()
    assert off.outcomes()["model loras/sub dir/it's.safetensors"] == "off"
    assert not (machine.models / "loras").exists()
    on = machine.run(ENABLE_VIDEO="1")
    assert on.outcomes()["model loras/sub dir/it's.safetensors"] == "installed"
    assert list(on.outcomes().values()).count("present") == 7
    assert machine.run(ENABLE_VIDEO="yes").code == 2


def test_a_variant_switches_its_groups_on(machine: Machine, studio: Studio) -> None:
    machine.emit(studio.lock(), variants=("full",))
    assert machine.run().outcomes()["model loras/sub dir/it's.safetensors"] == "installed"
    off = machine.run(ENABLE_VIDEO="0")
    assert off.outcomes()["model loras/sub dir/it's.safetensors"] == "off"


def test_a_minimal_variant_has_no_models(machine: Machine, studio: Studio) -> None:
    machine.emit(studio.lock(), variants=("minimal",))
    done = machine.run()
    assert done.code == 0
    assert not any(name.startswith("model") for name in done.outcomes())


def test_a_dry_run_says_what_it_would_do(machine: Machine, studio: Studio) -> None:
    machine.emit(studio.lock())
    done = machine.run(DRY_RUN="1")
    assert done.code == 0
    assert "would install: model vae/ae.safetensors, 20 kB" in done.err
    assert "nothing was done" in done.err
    assert not machine.comfyui.exists()
    assert sum(machine.world.requests().values()) == 0


def test_verify_reads_every_byte_and_changes_nothing(machine: Machine, studio: Studio) -> None:
    machine.emit(studio.lock())
    missing = machine.run("--verify")
    assert missing.code == 1
    assert set(missing.outcomes().values()) == {"missing", "differs", "off"}
    assert not machine.comfyui.exists()
    machine.run()
    model = machine.models / "vae/ae.safetensors"
    status = model.stat()
    model.write_bytes(b"x" * status.st_size)
    os.utime(model, ns=(status.st_atime_ns, status.st_mtime_ns))
    (machine.packs / "gamma/deps/lib/lib.py").write_text("V = 2\n")
    before = machine.files()
    machine.world.forget()
    done = machine.run("--verify")
    assert done.code == 1
    told = {name: outcome for name, outcome in done.outcomes().items() if outcome == "differs"}
    assert set(told) == {"model vae/ae.safetensors", "pack carl/gamma"}
    assert "pack carl/gamma: submodule deps/lib has files that were changed" in done.err
    assert sum(machine.world.requests().values()) == 0
    assert machine.files() == before


def _told_to_overlook(machine: Machine, pack: Path) -> None:
    _git(machine, "-C", str(pack), "update-index", "--assume-unchanged", "run.sh")


def _told_to_skip(machine: Machine, pack: Path) -> None:
    _git(machine, "-C", str(pack), "update-index", "--skip-worktree", "run.sh")


def _replaced(machine: Machine, pack: Path) -> None:
    """HEAD keeps its id, and git shows another commit in its place."""
    (pack / "run.sh").write_text("changed\n")
    who = ("-c", "user.name=A", "-c", "user.email=a@example.com")
    at = ("-C", str(pack), *who)
    locked = _git(machine, *at, "rev-parse", "HEAD")
    _git(machine, *at, "commit", "-q", "-a", "-m", "other")
    other = _git(machine, *at, "rev-parse", "HEAD")
    _git(machine, *at, "reset", "-q", "--soft", locked)
    _git(machine, *at, "replace", locked, other)


def _led_elsewhere(machine: Machine, pack: Path) -> None:
    other = machine.root / "elsewhere"
    shutil.copytree(pack, other, symlinks=True)
    _git(machine, "-C", str(pack), "config", "core.worktree", str(other))


def _filtered(machine: Machine, pack: Path) -> None:
    """A program that would be run, and would show git what it wants to see."""
    clean = f"touch {machine.root}/ran; git show HEAD:run.sh"
    _git(machine, "-C", str(pack), "config", "filter.x.clean", clean)
    (pack / ".git/info").mkdir(exist_ok=True)
    (pack / ".git/info/attributes").write_text("* filter=x\n")


@pytest.mark.parametrize(
    "hide", [_told_to_overlook, _told_to_skip, _replaced, _led_elsewhere, _filtered]
)
def test_nothing_in_a_git_folder_hides_a_change(
    machine: Machine, studio: Studio, hide: Callable[[Machine, Path], None]
) -> None:
    machine.emit(studio.lock(models=(), packs=(studio.git_pack(),)))
    assert machine.run().code == 0
    pack = machine.packs / "gamma"
    hide(machine, pack)
    (pack / "run.sh").write_text("changed\n")
    assert machine.run("--verify").outcomes()["pack carl/gamma"] == "differs"
    assert machine.run().outcomes()["pack carl/gamma"] == "installed"
    assert (pack / "run.sh").read_text() == "#!/bin/sh\n"
    assert not (machine.root / "ran").exists()


def test_a_changed_model_is_read_again_though_its_time_was_set_back(
    machine: Machine, studio: Studio
) -> None:
    machine.emit(studio.lock(packs=(), models=(studio.release_model(),)))
    assert machine.run().code == 0
    model = machine.models / "upscale_models/x4.pth"
    status = model.stat()
    model.write_bytes(b"x" * status.st_size)
    os.utime(model, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert machine.run().outcomes()["model upscale_models/x4.pth"] == "installed"
    assert model.read_bytes() == weights("x4.pth")


def test_a_model_behind_a_link_is_what_the_link_leads_to(machine: Machine, studio: Studio) -> None:
    machine.emit(studio.lock(packs=(), models=(studio.release_model(),)))
    model = machine.models / "upscale_models/x4.pth"
    model.parent.mkdir(parents=True)
    (machine.root / "kept.pth").write_bytes(weights("x4.pth"))
    model.symlink_to(machine.root / "kept.pth")
    for _ in range(2):
        assert machine.run().outcomes()["model upscale_models/x4.pth"] == "present"
    assert machine.run("--verify").code == 0
    assert model.is_symlink()
    assert machine.world.requests()["github"] == 0


def test_what_was_changed_is_put_right_and_nothing_is_lost(
    machine: Machine, studio: Studio
) -> None:
    machine.emit(studio.lock())
    machine.run()
    (machine.models / "vae/ae.safetensors").write_bytes(b"mine")
    (machine.packs / "alpha/__init__.py").write_text("mine = 1\n")
    (machine.packs / "gamma/__init__.py").write_text("mine = 2\n")
    (machine.packs / "single.py").write_text("mine = 3\n")
    (machine.comfyui / "main.py").write_text("mine = 4\n")
    done = machine.run()
    assert done.code == 0, done.err
    assert machine.run("--verify").code == 0
    kept = [path for path in machine.comfyui.rglob("*") if path.is_file()]
    texts = [path.read_bytes() for path in kept if path.stat().st_size < 5000]
    for mine in (b"mine", b"mine = 1\n", b"mine = 2\n", b"mine = 3\n"):
        assert mine in texts
    assert any(b"+mine = 4" in text for text in texts)


def test_a_model_that_was_there_is_read_once(machine: Machine, studio: Studio) -> None:
    lock = studio.lock(packs=(), models=(studio.hub_model(),))
    machine.emit(lock)
    file = machine.models / "vae/ae.safetensors"
    file.parent.mkdir(parents=True)
    file.write_bytes(weights("ae.safetensors"))
    done = machine.run()
    assert done.outcomes()["model vae/ae.safetensors"] == "present"
    assert not [asked for asked in machine.world.hub.asked if "/resolve/" in asked.path]
    before = machine.files()
    assert "nothing to do" in machine.run().err
    assert machine.files() == before


def test_local_models_are_only_looked_at(machine: Machine, studio: Studio) -> None:
    pin = studio.hub_model()
    local = replace(
        pin, source="local", repository=None, commit=None, path=None, gated=None, size=None
    )
    machine.emit(studio.lock(packs=(), models=(local,)))
    done = machine.run()
    assert done.code == 1
    file = machine.models / "vae/ae.safetensors"
    told = f"is not there, and the lock has no address of it: copy it to {file}"
    assert f"model vae/ae.safetensors: {told}" in done.err
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(weights("ae.safetensors"))
    assert machine.run().code == 0


@pytest.mark.parametrize(
    ("words", "environment", "told"),
    [
        (("--nonsense",), {}, "unknown argument --nonsense"),
        (("$(touch x)",), {}, "unknown argument"),
        (("--summary", "/nowhere/x"), {}, "/nowhere/x cannot be written"),
        ((), {"JOBS": "0"}, "JOBS must be a number"),
        ((), {"JOBS": "1;touch x"}, "JOBS must be a number"),
        ((), {"DRY_RUN": "yes"}, "DRY_RUN must be 0 or 1"),
        ((), {"HF_ENDPOINT": "ftp://x"}, "HF_ENDPOINT must be"),
        ((), {"HF_TOKEN": 'x"\nurl = "http://evil'}, "HF_TOKEN holds characters"),
        ((), {"PYTHON": "/nowhere/python"}, "PYTHON must be"),
        (("--back",), {}, "knows no earlier lock"),
    ],
)
def test_what_cannot_begin_does_not(
    machine: Machine,
    studio: Studio,
    words: tuple[str, ...],
    environment: dict[str, str],
    told: str,
) -> None:
    machine.emit(studio.lock())
    done = machine.run(*words, **environment)
    assert (done.code, told in done.err) == (2, True), done.err
    assert done.out == ""
    assert not machine.comfyui.exists()
    assert not (machine.root / "x").exists()


def test_help_needs_nothing(machine: Machine, studio: Studio) -> None:
    machine.emit(studio.lock())
    done = machine.run("--help", PYTHON="/nowhere")
    assert done.code == 0
    assert "ENABLE_VIDEO=0|1" in done.out


def test_it_runs_from_a_pipe(machine: Machine, studio: Studio) -> None:
    machine.emit(studio.lock(packs=(), models=()))
    with machine.script.open("rb") as pipe:
        done = subprocess.run(
            ["bash"], stdin=pipe, env=machine.variables(), capture_output=True, check=False
        )
    assert done.returncode == 0, done.stderr
    assert (machine.comfyui / "main.py").exists()
