"""What goes wrong outside: bytes, hosts, disks. Named, exit 1, nothing under a final name."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from tests.emitted.studio import weights
from tests.services.web import Fault, Reply, web_page

if TYPE_CHECKING:
    from tests.emitted.machine import Machine
    from tests.emitted.studio import Studio

ONE, TWO = "/files/one.safetensors", "/files/two.safetensors"
MODEL = "model loras/sub dir/it's.safetensors"


def _url_model_alone(machine: Machine, studio: Studio, **fields: Any) -> None:
    machine.emit(studio.lock(packs=(), models=(studio.url_model(**fields),)))


def test_wrong_bytes_never_get_the_name(machine: Machine, studio: Studio) -> None:
    _url_model_alone(machine, studio, mirrors=())
    machine.world.files.files[ONE].content = b"x" * studio.size
    done = machine.run()
    assert done.code == 1
    assert f"failed: {MODEL}: models.example.com: its sha256 is not the locked one" in done.err
    assert not list((machine.models / "loras").rglob("*.*"))


def test_a_mirror_takes_over(machine: Machine, studio: Studio) -> None:
    _url_model_alone(machine, studio)
    machine.world.files.files[ONE].content = b"x" * studio.size
    assert machine.run().code == 0
    paths = machine.world.files.paths()
    assert paths == [f"GET {ONE}", f"GET {TWO}"]


def test_wrong_bytes_in_an_archive(machine: Machine, studio: Studio) -> None:
    machine.emit(studio.lock(models=()))
    published = machine.world.registry.packs["alpha"].versions["1.0.0"]
    published.archive = published.archive[:-1] + b"x"
    done = machine.run()
    assert done.code == 1
    assert "failed: pack alpha 1.0.0: cdn.comfy.org: its sha256 is not" in done.err
    assert not (machine.packs / "alpha").exists()
    assert (machine.packs / "gamma/__init__.py").exists()


@pytest.mark.parametrize(
    ("reply", "told", "asked"),
    [
        (Reply(404, b"no"), "404", 1),
        (Reply(410, b"no"), "410", 1),
        (Reply(503, b"busy"), "503", 6),
        (web_page(), "(text/html; charset=utf-8), locked are 20000", 1),
        (Reply(200, b""), "has 0 bytes, locked are 20000", 1),
        (Reply(302, b"", {"Location": "http://models.example.com/x"}), "rotocol", 1),
        (Reply(302, b"", {"Location": "file:///etc/passwd"}), "rotocol", 1),
    ],
)
def test_hosts_that_do_not_deliver(
    machine: Machine, studio: Studio, reply: Reply, told: str, asked: int
) -> None:
    _url_model_alone(machine, studio, mirrors=())
    machine.world.files.faults[ONE] = Fault(reply)
    done = machine.run()
    assert done.code == 1
    assert f"failed: {MODEL}: models.example.com: " in done.err
    assert told in done.err
    assert len(machine.world.files.asked) == asked
    assert not list((machine.models / "loras").rglob("*.safetensors"))


def test_busy_hosts_are_asked_again_when_they_say(machine: Machine, studio: Studio) -> None:
    _url_model_alone(machine, studio)
    machine.world.files.faults[ONE] = Fault(Reply(429, b"", {"Retry-After": "77"}), times=2)
    assert machine.run().code == 0
    assert [pause for pause in machine.pauses() if pause != "20"] == ["77", "77"]


def test_pauses_grow(machine: Machine, studio: Studio) -> None:
    _url_model_alone(machine, studio, mirrors=())
    machine.world.files.faults[ONE] = Fault(Reply(500))
    assert machine.run().code == 1
    assert [pause for pause in machine.pauses() if pause != "20"] == ["1", "2", "4", "8", "16"]


def test_a_host_that_sends_without_end(machine: Machine, studio: Studio) -> None:
    _url_model_alone(machine, studio, mirrors=())
    endless = Reply(200, b"x" * 65536, {}, repeats=True)
    machine.world.files.faults[ONE] = Fault(endless)
    done = machine.run()
    assert done.code == 1
    assert "sends more than the 20000 bytes that are locked" in done.err
    assert not list((machine.models / "loras").rglob("*.safetensors*"))


def test_a_part_of_another_file_is_begun_anew(machine: Machine, studio: Studio) -> None:
    _url_model_alone(machine, studio)
    part = machine.models / "loras/sub dir/it's.safetensors.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"x" * 777)
    assert machine.run().code == 0
    ranges = [asked.headers.get("range") for asked in machine.world.files.asked]
    assert ranges == ["bytes=777-", None]
    assert part.with_suffix("").read_bytes() == weights("sub dir/it's.safetensors")


def test_a_host_that_cannot_continue(machine: Machine, studio: Studio) -> None:
    _url_model_alone(machine, studio)
    part = machine.models / "loras/sub dir/it's.safetensors.part"
    part.parent.mkdir(parents=True)
    content = weights("sub dir/it's.safetensors")
    part.write_bytes(content[:777])
    machine.world.files.faults[ONE] = Fault(Reply(200, content))
    assert machine.run().code == 0
    assert part.with_suffix("").read_bytes() == content


def test_a_whole_part_needs_no_request(machine: Machine, studio: Studio) -> None:
    _url_model_alone(machine, studio)
    part = machine.models / "loras/sub dir/it's.safetensors.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(weights("sub dir/it's.safetensors"))
    assert machine.run().code == 0
    assert not machine.world.files.asked


def test_a_size_that_nobody_knows(machine: Machine, studio: Studio) -> None:
    _url_model_alone(machine, studio, size=None)
    assert machine.run().code == 0
    assert "nothing to do" in machine.run().err


def test_a_missing_repository(machine: Machine, studio: Studio) -> None:
    machine.emit(studio.lock(models=()))
    shutil.rmtree(machine.root.parent / "world/git/github.com/carl/gamma.git")
    done = machine.run()
    assert done.code == 1
    assert "failed: pack carl/gamma: github.com: fatal: " in done.err
    assert not (machine.packs / "gamma").exists()
    assert done.outcomes()["pack alpha 1.0.0"] == "installed"


def test_a_missing_commit(machine: Machine, studio: Studio) -> None:
    pin = studio.git_pack()
    machine.emit(studio.lock(models=(), packs=(replace(pin, commit="0" * 39 + "1"),)))
    done = machine.run()
    assert done.code == 1
    assert "failed: pack carl/gamma: github.com: " in done.err
    assert not (machine.packs / "gamma").exists()


@pytest.mark.parametrize("field", ["tree", "submodules"])
def test_a_commit_that_is_not_what_the_lock_says(
    machine: Machine, studio: Studio, field: str
) -> None:
    pin = studio.git_pack()
    inner = pin.submodules[0]
    lies = {"tree": "1" * 40, "submodules": (inner.replace("deps/lib", "deps/other"),)}
    machine.emit(studio.lock(models=(), packs=(replace(pin, **{field: lies[field]}),)))
    done = machine.run()
    assert done.code == 1
    assert "is not the locked" in done.err
    assert not (machine.packs / "gamma").exists()


def test_no_network(machine: Machine, studio: Studio) -> None:
    machine.emit(studio.lock())
    assert machine.run().code == 0
    shutil.rmtree(machine.packs)
    shutil.rmtree(machine.models)
    machine.gate.cutter.is_down = True
    dead = {
        name: value.replace(machine.world.git.url, "http://127.0.0.1:9")
        for name, value in machine.world.git.environment().items()
    }
    done = machine.run(**dead)
    assert done.code == 1
    failed = {name for name, outcome in done.outcomes().items() if outcome == "failed"}
    assert len(failed) == len(done.outcomes()) - 1  # but for the group that is off
    for name in failed:
        assert f"failed: {name}: " in done.err
    left = [path for path in machine.models.rglob("*") if path.suffix in {".pth", ".safetensors"}]
    assert left == []


def test_no_comfyui_no_packs(machine: Machine, studio: Studio) -> None:
    machine.emit(studio.lock())
    shutil.rmtree(machine.root.parent / "world/git/github.com/comfyanonymous/ComfyUI.git")
    done = machine.run()
    assert done.code == 1
    assert "failed: ComfyUI 0.3.64: github.com: " in done.err
    assert "failed: pack alpha 1.0.0: not begun, as ComfyUI is not there" in done.err
    assert not (machine.comfyui / "main.py").exists()


def test_too_little_space_is_told_before_the_first_byte(machine: Machine, studio: Studio) -> None:
    machine.emit(studio.lock())
    machine.variables()
    machine.stub("df", "#!/bin/sh\necho Avail\necho 1000\n")
    done = machine.run()
    assert done.code == 1
    assert "error: too little space at " in done.err
    assert sum(machine.world.requests().values()) == 0
    assert machine.run(DRY_RUN="1").code == 1


def test_a_disk_that_is_full_in_the_middle(machine: Machine, studio: Studio) -> None:
    studio.size = 3_000_000
    _url_model_alone(machine, studio)
    machine.variables()
    limited = machine.root / "limited.sh"
    limited.write_text(f'ulimit -f 2000\nexec bash {machine.script} "$@"\n')
    machine.script, script = limited, machine.script
    done = machine.run()
    assert done.code == 1
    assert f"failed: {MODEL}: models.example.com: cannot be written" in done.err
    assert not list((machine.models / "loras").rglob("*.safetensors"))
    assert len(machine.world.files.asked) == 1
    machine.script = script
    assert machine.run().code == 0
    assert machine.world.files.asked[-1].headers["range"].startswith("bytes=2048000-")


@pytest.mark.system
def test_a_small_disk(machine: Machine, studio: Studio) -> None:
    machine.comfyui.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=80m", "tmpfs", str(machine.comfyui)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small file system needs root")
    try:
        studio.size = 100_000_000
        (machine.comfyui / "main.py").touch()
        models = (studio.url_model(size=None),)
        machine.emit(studio.lock(comfyui=None, packs=(), models=models))
        done = machine.run()
        assert done.code == 1
        assert f"failed: {MODEL}: models.example.com: cannot be written" in done.err
        assert not list((machine.models / "loras").rglob("*.safetensors"))
        machine.emit(studio.lock(comfyui=None, packs=(), models=(studio.url_model(),)))
        told = machine.run()
        assert told.code == 1
        assert f"error: too little space at {machine.comfyui}" in told.err
    finally:
        subprocess.run(["umount", str(machine.comfyui)], check=True)


def test_a_folder_that_cannot_be_written(machine: Machine, studio: Studio) -> None:
    if os.geteuid() == 0:
        machine.comfyui.parent.joinpath("ComfyUI").write_text("a file where a folder should be")
    else:
        machine.comfyui.mkdir(mode=0o500)
    machine.emit(studio.lock())
    done = machine.run()
    assert done.code != 0
    assert done.err


def test_gated_models_say_what_is_missing(machine: Machine, studio: Studio) -> None:
    machine.emit(studio.lock(packs=(), models=(studio.hub_model(), studio.civitai_model())))
    machine.world.hub.granted.clear()
    machine.environment = {}
    done = machine.run()
    assert done.code == 1
    assert "is HF_TOKEN set, and were the terms of https://huggingface.co/org/repo" in done.err
    assert "is CIVITAI_TOKEN set?" in done.err
