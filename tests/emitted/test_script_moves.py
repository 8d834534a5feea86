"""Other locks, other folders: upgrades and the way back, volumes, tiers, other installers."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from typing import TYPE_CHECKING

import yaml
from msgspec.structs import replace

from comfylock.config.emit import EmitSettings
from comfylock.emit.planning import plan_of
from comfylock.emit.script import generate
from tests.emitted.studio import weights

if TYPE_CHECKING:
    from comfylock.emit.plan import Plan
    from tests.emitted.machine import Machine
    from tests.emitted.studio import Studio


def test_an_upgrade_and_the_way_back_need_each_byte_once(machine: Machine, studio: Studio) -> None:
    old = studio.lock()
    model = studio.hub_model("ae.safetensors")
    other = weights("another ae")
    commit = machine.world.hub.add("org/repo", {"vae/ae.safetensors": other}, gated="auto")
    model = replace(model, commit=commit, sha256=hashlib.sha256(other).hexdigest())
    new = studio.lock(
        comfyui=studio.comfyui("0.3.65"),
        packs=(studio.archive(version="2.0.0"), studio.archive("beta")),
        models=(model,),
    )
    machine.emit(old, name="old.sh")
    assert machine.run().code == 0
    machine.emit(new, previous=old)
    done = machine.run()
    assert done.code == 0, done.err
    assert sorted(path.name for path in machine.packs.iterdir() if path.suffix != ".disabled") == [
        "alpha",
        "beta",
        "example_node.py.example",
        "websocket_image_save.py",
    ]
    assert 'version = "2.0.0"' in (machine.packs / "alpha/pyproject.toml").read_text()
    assert (machine.models / "vae/ae.safetensors").read_bytes() == other
    assert (machine.models / "upscale_models/x4.pth").exists()
    assert "nothing to do" in machine.run().err

    machine.world.forget()
    machine.gate.cutter.connections = 0
    back = machine.run("--back")
    assert back.code == 0, back.err
    assert machine.gate.cutter.connections == 0
    assert not (machine.packs / "beta").exists()
    assert machine.run("--back", "--verify").code == 0
    machine.script = machine.root / "old.sh"
    assert "nothing to do" in machine.run().err
    machine.script = machine.root / "install.sh"
    assert machine.run().code == 0
    assert machine.gate.cutter.connections == 0


def test_nothing_is_deleted_on_the_way(machine: Machine, studio: Studio) -> None:
    machine.emit(studio.lock(), name="old.sh")
    machine.run()
    mine = machine.packs / "alpha/settings.json"
    mine.write_text("mine")
    before = _contents(machine)
    machine.emit(studio.lock(packs=(studio.archive(version="2.0.0"),)))
    assert machine.run().code == 0
    assert before <= _contents(machine)


def _contents(machine: Machine) -> set[bytes]:
    """Every content below ComfyUI that git does not keep."""
    files = [path for path in machine.comfyui.rglob("*") if path.is_file()]
    return {path.read_bytes() for path in files if ".git" not in path.parts}


def test_what_is_not_locked_is_moved_aside_on_demand(machine: Machine, studio: Studio) -> None:
    machine.emit(studio.lock())
    machine.run(ENABLE_VIDEO="1")
    for path in ("mine/__init__.py", "mine.py", "__pycache__/x.pyc", "off.disabled/__init__.py"):
        file = machine.packs / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(path)
    (machine.models / "vae/mine.safetensors").write_text("mine")
    (machine.models / "vae/notes.txt").write_text("notes")
    before = _contents(machine)
    dry = machine.run("--uninstall-unlocked", DRY_RUN="1")
    assert dry.code == 0
    assert "would move aside" in dry.err
    assert (machine.packs / "mine.py").exists()
    done = machine.run("--uninstall-unlocked")
    moved = {name for name, outcome in done.outcomes().items() if outcome == "aside"}
    assert moved == {"pack mine", "pack mine.py", "model vae/mine.safetensors"}
    assert done.code == 0
    assert _contents(machine) == before
    assert (machine.models / "vae/notes.txt").exists()
    assert not (machine.models / "vae/mine.safetensors").exists()
    assert machine.run("--verify", ENABLE_VIDEO="1").code == 0
    assert "0 moved aside" in machine.run("--uninstall-unlocked").err


def test_an_image_and_a_volume_meet(machine: Machine, studio: Studio) -> None:
    volume = machine.root / "workspace"
    volume.mkdir()
    machine.emit(studio.lock(), volume=str(volume), layout="workspace")
    done = machine.run()
    assert done.code == 0, done.err
    file = volume / "models/vae/ae.safetensors"
    assert file.read_bytes() == weights("ae.safetensors")
    paths = yaml.safe_load((machine.comfyui / "extra_model_paths.yaml").read_text())
    section = paths["comfylock"]
    assert section["base_path"] == str(volume / "models")
    assert section["vae"] == "vae"
    assert (machine.comfyui / "output").resolve() == volume / "output"
    assert (volume / "input/example.png").read_text() == "png"
    before = machine.files(machine.comfyui, volume)
    assert "nothing to do" in machine.run().err
    assert machine.files(machine.comfyui, volume) == before
    (volume / "output/picture.png").write_text("kept")
    # The image is replaced by the next one, and the volume stays.
    machine.comfyui.rename(machine.root / "gone")
    machine.world.hub.asked.clear()
    machine.emit(
        studio.lock(comfyui=studio.comfyui("0.3.65")), volume=str(volume), layout="workspace"
    )
    assert machine.run().code == 0
    assert not machine.world.hub.asked
    assert (machine.comfyui / "output/picture.png").read_text() == "kept"
    assert machine.run("--verify").code == 0
    upgraded = studio.lock(comfyui=studio.comfyui("0.3.66"))
    machine.emit(upgraded, volume=str(volume), layout="workspace")
    assert machine.run().code == 0
    assert (machine.comfyui / "output").is_symlink()
    assert "nothing to do" in machine.run().err


def test_a_volume_that_is_not_there_is_not_made(machine: Machine, studio: Studio) -> None:
    volume = machine.root / "workspace"
    lock = studio.lock(packs=())
    machine.emit(lock, volume=str(volume), layout="workspace", comfyui_dir=None)
    done = machine.run(COMFYUI_DIR=str(machine.comfyui))
    assert done.code == 0, done.err
    assert not volume.exists()
    assert (machine.comfyui / "models/vae/ae.safetensors").exists()
    done = machine.run()
    assert done.code == 0, done.err
    assert (volume / "ComfyUI/main.py").exists()
    assert (volume / "models/vae/ae.safetensors").exists()


def test_somebody_elses_model_paths_are_left_alone(machine: Machine, studio: Studio) -> None:
    machine.emit(studio.lock(packs=()))
    machine.run()
    own = machine.comfyui / "extra_model_paths.yaml"
    own.write_text("mine:\n  base_path: /elsewhere\n")
    models = str(machine.root / "models")
    done = machine.run(MODELS_DIR=models)
    assert done.code == 1
    assert "extra_model_paths.yaml is not comfylock's" in done.err
    own.write_text(f"mine:\n  base_path: {models}\n")
    assert machine.run(MODELS_DIR=models).code == 0
    assert own.read_text().startswith("mine:")


def test_comfyui_that_is_there_without_git(machine: Machine, studio: Studio) -> None:
    lock = studio.lock(packs=(), models=())
    machine.emit(lock)
    machine.run()
    shutil.rmtree(machine.comfyui / ".git")
    (machine.comfyui / "main.py").write_text("mine\n")
    (machine.comfyui / "mine.txt").write_text("mine")
    done = machine.run()
    assert done.code == 0, done.err
    assert (machine.comfyui / "main.py").read_text() == "print('ComfyUI')\n"
    assert (machine.comfyui / "mine.txt").read_text() == "mine"
    assert "ComfyUI had been changed" in done.err


def test_a_lock_without_comfyui_takes_what_is_there(machine: Machine, studio: Studio) -> None:
    machine.emit(studio.lock(comfyui=None, packs=(studio.archive(),), models=()))
    done = machine.run()
    assert done.code == 1
    assert "and the lock does not pin it" in done.err
    machine.comfyui.mkdir(exist_ok=True)
    (machine.comfyui / "main.py").touch()
    assert machine.run().code == 0
    assert (machine.packs / "alpha/__init__.py").exists()


def _with_tiers(machine: Machine, studio: Studio, tier: str | None = None) -> None:
    """A script with three alternatives under one name."""
    lock = studio.lock(packs=(), models=(studio.hub_model(),))
    settings = EmitSettings(layout="plain", comfyui_dir=str(machine.comfyui))
    plan: Plan = plan_of(lock, "ab" * 32, settings)
    step, alternatives = plan.models[0], []
    for name, vram in (("fp16", 24000), ("fp8", 12000), ("gguf", None)):
        data = weights(name)
        machine.world.files.add(f"/{name}", data)
        digest = hashlib.sha256(data).hexdigest()
        url = f"https://models.example.com/{name}"
        alternatives.append(replace(step, tier=name, vram=vram, url=url, sha256=digest))
    tiered = replace(plan, models=tuple(alternatives), settings=replace(settings, tier=tier))
    machine.script = machine.root / "tiers.sh"
    machine.script.write_bytes(generate(tiered)[0].data)
    machine.variables()


def test_the_tier_of_a_model_is_chosen_by_gpu_memory(machine: Machine, studio: Studio) -> None:
    _with_tiers(machine, studio)
    file = machine.models / "vae/ae.safetensors"
    assert machine.run().code == 0
    assert file.read_bytes() == weights("gguf")
    machine.stub("nvidia-smi", "#!/bin/sh\necho 16380\necho 24564\n")
    machine.run()
    assert file.read_bytes() == weights("fp16")
    (machine.root / "stubs/nvidia-smi").write_text("#!/bin/sh\necho 16380\n")
    machine.run()
    assert file.read_bytes() == weights("fp8")
    machine.run("--tier", "fp16")
    assert file.read_bytes() == weights("fp16")
    asked = machine.world.files.paths()
    assert asked == ["GET /gguf", "GET /fp16", "GET /fp8"]
    assert machine.run("--tier", "fp4", DRY_RUN="1").code == 2


def test_the_tier_of_the_settings_is_the_default(machine: Machine, studio: Studio) -> None:
    _with_tiers(machine, studio, "fp8")
    machine.run()
    assert (machine.models / "vae/ae.safetensors").read_bytes() == weights("fp8")


INSTALLER = """#!/bin/bash
echo "$0 $*" >>"$SEEN"
mkdir -p "$PACKS/alpha" && cp -r "$FROM/." "$PACKS/alpha"
"""


def test_other_installers_are_held_to_the_archive(machine: Machine, studio: Studio) -> None:
    lock = studio.lock(models=())
    machine.emit(lock)
    machine.run()
    copy = machine.root / "copy"
    (machine.packs / "alpha").rename(copy)
    machine.variables()
    for name in ("comfy", "comfy-node-install"):
        machine.stub(name, INSTALLER)
    environment = {"FROM": str(copy), "PACKS": str(machine.packs)}
    machine.emit(lock, installer="comfy node install")
    done = machine.run(**environment)
    assert done.code == 0, done.err
    assert f"--workspace {machine.comfyui} node install alpha@1.0.0" in machine.seen()
    (copy / "__init__.py").write_text("other\n")
    (machine.packs / "alpha/__init__.py").write_text("changed\n")
    machine.emit(lock, installer="comfy-node-install")
    failed = machine.run(**environment)
    assert failed.code == 1
    assert "comfy-node-install put something else there: has files that were changed" in failed.err
    assert "comfy-node-install alpha@1.0.0" in machine.seen()


def test_a_sha256_object_format_works(machine: Machine, studio: Studio) -> None:
    repository = machine.world.git.repository("github.com/eve/new", algorithm="sha256")
    files = {"__init__.py": "V = 1\n"}
    commit = repository.commit(files)
    pin = replace(
        studio.git_pack(),
        name="eve/new",
        repository="https://github.com/eve/new",
        commit=commit,
        tree=repository.tree(files),
        submodules=(),
    )
    machine.emit(studio.lock(packs=(pin,), models=()))
    done = machine.run()
    assert done.code == 0, done.err
    found = subprocess.run(
        ["git", "-C", str(machine.packs / "new"), "rev-parse", "HEAD"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == commit
