"""A lock with the Python packages and images that everything runs on: real uv, loopback hosts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import Struct

from comfylock.lockfile.read import read_lock
from tests.builders import node, stamped, ui
from tests.functional.python.python_world import CUDA_RELEASES, RELEASES
from tests.services.loopback import Service, serving
from tests.services.node_archive import pack_files
from tests.services.oci_registry import OciRegistry, layer, oci_registry_serving
from tests.services.package_index import publish
from tests.services.planted import Ended, Ground
from tests.services.world import World, world_serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from comfylock.lockfile.schema import Lock

TARGET = "linux-x86_64-py3.12-cu128"
PACKS = {
    "fine": ["einops", "torch>=2"],
    "old": ["old-tools", "torch==1.13", "--extra-index-url https://elsewhere.example/simple"],
    "new": ["numpy>=2"],
    "broken": ["einops", "what is this?", "-r gone.txt"],
}


class Project(Struct):
    """A project whose settings lead to an index on the loopback."""

    ground: Ground
    service: Service
    index: str
    torch: str

    def configure(self, more: str = "", *, target: str = TARGET, index: str | None = None) -> None:
        """Write the settings; `more` comes behind `[python]`."""
        hosts = json.dumps(sorted({u.split("/")[2] for u in (index or self.index, self.torch)}))
        self.ground.write(
            "comfylock.toml",
            (
                f'[python]\ntargets = ["{target}"]\nindex = "{index or self.index}"\n'
                f'torch-index = "{self.torch}"\n{more}\n[trust]\nallow-hosts = {hosts}\n'
            ).encode(),
        )

    def needs(self, *packs: str) -> None:
        """Write the one workflow, with a node of each pack."""
        nodes = [
            node(n, name.title(), properties=stamped(name, "1.0.0"))
            for n, name in enumerate(packs, 1)
        ]
        self.ground.write("workflows/a.json", ui(*nodes))

    def lock(self, *words: str, **environment: str) -> Ended:
        return self.ground.run("lock", *words, **environment)

    @property
    def locked(self) -> Lock:
        return read_lock(self.ground.lock.encode())

    @property
    def pylock(self) -> str:
        path = self.ground.project / "pylock.comfy.toml"
        return path.read_text("utf-8") if path.exists() else ""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world_serving(str(tmp_path_factory.mktemp("world"))) as made:
        for name, lines in PACKS.items():
            files = pack_files([name.title()], lines)
            made.registry.publish(name, class_types=[name.title()], files=files)
        tamed = pack_files(["New"], ["numpy<2"])
        made.registry.publish(
            "new", "0.9.0", class_types=["New"], files=tamed, dependencies=["numpy<2"]
        )
        yield made


@pytest.fixture
def project(world: World, tmp_path: Path) -> Iterator[Project]:
    world.forget()
    environment = {**world.environment, "COMFYLOCK_CACHE_DIR": str(tmp_path / "cache")}
    with serving() as service:
        index, torch = publish(service, RELEASES), publish(service, CUDA_RELEASES, "whl/cu128")
        project = Project(Ground(str(tmp_path), world, environment), service, index, torch)
        project.configure()
        project.needs("fine")
        yield project


def test_the_packages_of_everything_are_locked_with_it(project: Project) -> None:
    ended = project.lock()
    assert ended.code == 0, ended.err
    assert f"7 Python packages for {TARGET}" in ended.out
    (pin,) = project.locked.python
    assert (pin.torch, pin.packages, pin.builds) == ("2.8.0+cu128", 7, ())
    assert 'name = "numpy"\nversion = "2.1.0"' in project.pylock
    assert project.lock("--check").code == 0
    project.service.asked.clear()
    first = (project.ground.lock, project.pylock)
    assert "is up to date" in project.lock().out
    assert (project.ground.lock, project.pylock, project.service.asked) == (*first, [])


def test_a_second_lock_from_nothing_is_the_same(project: Project) -> None:
    project.lock()
    first = (project.ground.lock, project.pylock)
    for name in ("comfy.lock", "pylock.comfy.toml"):
        (project.ground.project / name).unlink()
    assert project.lock().code == 0
    assert (project.ground.lock, project.pylock) == first


def test_versions_that_fit_stay_when_a_pack_comes(project: Project) -> None:
    project.configure('[python.constraints]\nnumpy = "<2"')
    project.lock()
    assert 'version = "1.26.4"' in project.pylock
    project.configure()
    assert project.lock("--check").code == 1
    assert project.lock().code == 0
    assert 'version = "1.26.4"' in project.pylock
    ended = project.lock("--upgrade-package", "numpy")
    assert ended.code == 0
    assert "      numpy 1.26.4 -> 2.1.0\n" in ended.out
    assert 'version = "2.1.0"' in project.pylock
    assert project.lock("--upgrade-package", "numpy==1.26.4").code == 0
    assert 'version = "1.26.4"' in project.pylock
    assert project.lock("--upgrade").code == 0
    assert 'version = "2.1.0"' in project.pylock
    assert project.lock("--upgrade", "--upgrade-package", "numpy==1.26.4").code == 0
    assert 'version = "1.26.4"' in project.pylock


def test_a_version_that_is_asked_for_and_cannot_be_is_part_of_the_conflict(
    project: Project,
) -> None:
    limit = '[python.constraints]\nnumpy = "<2"'
    project.configure(limit)
    project.lock()
    before = project.ground.lock
    ended = project.lock("--upgrade-package", "numpy==2.1.0")
    assert (ended.code, project.ground.lock) == (1, before)
    told = "comfylock.toml limits `numpy<2` and `--upgrade-package numpy==2.1.0` was given; no"
    assert told in ended.err
    assert "take `numpy<2` out of [python.constraints]" in ended.err + ended.out
    project.configure()
    assert project.lock("--upgrade-package", "numpy==2.1.0").code == 0
    assert 'version = "2.1.0"' in project.pylock


def test_no_pack_moves_torch_or_the_indexes(project: Project) -> None:
    project.needs("fine", "old")
    ended = project.lock()
    assert ended.code == 0, ended.err
    assert project.locked.python[0].torch == "2.8.0+cu128"
    told = " ".join(ended.err.split())
    assert "old: requirements.txt:2: `torch==1.13` would fix `torch`, which follows the target" in (
        told
    )
    assert "old: requirements.txt:3: `--extra-index-url" in told
    assert "elsewhere" not in project.pylock


def test_a_line_that_cannot_be_read_does_not_stop_the_others(project: Project) -> None:
    project.needs("broken")
    ended = project.lock()
    assert ended.code == 0, ended.err
    told = " ".join(ended.err.split())
    assert "broken: requirements.txt:2: `what is this?` is not a requirement" in told
    assert "broken: requirements.txt:3: `gone.txt` is not in the pack" in told
    assert 'name = "einops"' in project.pylock


def test_a_conflict_names_the_lines_and_what_settles_it(project: Project) -> None:
    project.needs("old", "new")
    ended = project.lock()
    assert (ended.code, project.ground.lock, project.pylock) == (1, "", "")
    told = " ".join(ended.err.split())
    assert "`new` asks for `numpy>=2` (requirements.txt:1)" in told
    assert "`old` asks for `old-tools` (requirements.txt:1)" in told
    assert "any of these settles it, each was tried:" in told
    assert "comfylock lock --upgrade-package new==0.9.0" in told
    assert '[packs."old"] ignore-requirements = ["old-tools"]' in told


def conflict(project: Project) -> dict[str, Any]:
    ended = project.lock("--json")
    (found,) = json.loads(ended.out)["data"]["python_conflicts"]
    assert isinstance(found, dict)
    return found


def test_every_remedy_that_was_tried_locks(project: Project) -> None:
    project.needs("old", "new")
    found = conflict(project)
    assert (found["kind"], found["packs"], found["smallest"]) == (
        "transitive",
        ["new", "old"],
        True,
    )
    assert {line["text"] for line in found["lines"]} == {"numpy>=2", "old-tools"}
    applied = 0
    for remedy in found["remedies"]:
        if remedy["apply"].startswith("["):
            table, _, line = remedy["apply"].partition(" ")
            project.configure(f"{table}\n{line}")
            words: list[str] = []
        else:
            project.configure()
            words = remedy["apply"].split()[2:]
        ended = project.lock(*words)
        assert ended.code == 0, (remedy, ended.err)
        applied += 1
        (project.ground.project / "comfy.lock").unlink()
        (project.ground.project / "pylock.comfy.toml").unlink()
    assert applied >= 3


def test_a_conflict_can_be_written_down(project: Project) -> None:
    project.needs("old", "new")
    assert project.lock("--allow-unresolved").code == 0
    lock = project.locked
    assert [(gap.kind, gap.name, gap.reason) for gap in lock.unresolved] == [
        ("python", TARGET, "conflict")
    ]
    assert (lock.python, len(lock.packs), project.pylock) == ((), 2, "")
    assert project.lock("--check", "--allow-unresolved").code == 0
    assert project.lock("--check").code == 1


def test_an_index_that_is_away_is_named(project: Project) -> None:
    project.configure(index="http://localhost:1/simple/")
    ended = project.lock()
    assert (ended.code, project.ground.lock) == (3, ""), ended.err
    assert "localhost:1" in ended.err


def test_offline_with_what_is_known(project: Project) -> None:
    ended = project.lock("--offline")
    assert ended.code == 3
    assert project.lock().code == 0
    first = (project.ground.lock, project.pylock)
    for name in ("comfy.lock", "pylock.comfy.toml"):
        (project.ground.project / name).unlink()
    project.service.asked.clear()
    ended = project.lock("--offline")
    assert ended.code == 0, ended.err
    assert (project.ground.lock, project.pylock, project.service.asked) == (*first, [])


def test_a_recording_holds_the_choice(project: Project) -> None:
    kept = f"{project.ground.folder}/kept"
    assert project.lock("--record", kept).code == 0
    first = (project.ground.lock, project.pylock)
    for name in ("comfy.lock", "pylock.comfy.toml"):
        (project.ground.project / name).unlink()
    project.service.asked.clear()
    ended = project.lock("--replay", kept)
    assert ended.code == 0, ended.err
    assert (project.ground.lock, project.pylock, project.service.asked) == (*first, [])


def test_an_unknown_target_lists_the_known_ones(project: Project) -> None:
    project.configure(target="linux-x86_64-py3.12-cu999")
    ended = project.lock()
    assert ended.code == 2
    assert "there is no accelerator `cu999`; there are `cpu`" in ended.err


@pytest.mark.parametrize("left", [None, "edited"], ids=["missing", "changed"])
def test_a_pylock_that_is_not_as_it_was_locked(project: Project, left: str | None) -> None:
    project.lock()
    first, path = project.pylock, project.ground.project / "pylock.comfy.toml"
    path.unlink()
    if left is not None:
        path.write_text(left)
    ended = project.lock("--check")
    assert ended.code == 1
    what = "is missing" if left is None else "was changed after it was locked"
    assert f"`pylock.comfy.toml` {what} [PackagesChanged]" in " ".join(ended.err.split())
    assert project.lock().code == 0
    assert project.pylock == first


def test_a_pylock_that_nobody_asks_for_any_more_is_removed(project: Project) -> None:
    project.lock()
    project.ground.write("comfylock.toml", b"")
    assert project.lock("--check").code == 1
    assert project.lock().code == 0
    assert (project.pylock, project.locked.python) == ("", ())


def test_nothing_is_written_when_the_folder_has_no_room(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.lock()
    first = (project.ground.lock, project.pylock)
    project.needs("fine", "new")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    ended = project.lock()
    assert ended.code != 0
    assert (project.ground.lock, project.pylock) == first
    assert [p.name for p in project.ground.project.iterdir() if p.name.startswith(".")] == []


def test_what_builds_must_know_stands_with_the_pack(project: Project, world: World) -> None:
    start = (
        b"import subprocess, torch\nX = torch.cuda.current_device()\n"
        b"def f():\n    subprocess.run(['ffmpeg', '-i', 'x'])\n"
        b"class Heavy: pass\nNODE_CLASS_MAPPINGS = {'Heavy': Heavy}\n"
    )
    files = {"__init__.py": start, "requirements.txt": b"opencv-python\n", "install.py": b""}
    world.registry.publish("heavy", class_types=["Heavy"], files=files)
    project.ground.write("comfylock.toml", b"")
    project.needs("heavy")
    assert project.lock().code == 0
    (pin,) = project.locked.packs
    assert pin.runs_code == ("install.py",)
    assert pin.system_packages == ("ffmpeg", "libgl1", "libglib2.0-0")
    assert pin.needs_gpu == ("__init__.py:2 torch.cuda.current_device()",)


# images


@pytest.fixture
def oci() -> Iterator[OciRegistry]:
    with oci_registry_serving() as service:
        yield service


def test_images_are_locked_for_each_platform(project: Project, oci: OciRegistry) -> None:
    repository = oci.add("acme/base")
    images = {
        name: repository.put_image(name, [layer(5, n)])
        for n, name in enumerate(("linux/amd64", "linux/arm64"))
    }
    index = repository.put_list(images, "1.0")
    host = oci.url.partition("://")[2]
    text = (
        f'[images]\ncpu = {{ reference = "{host}/acme/base:1.0", '
        f'platforms = ["linux/amd64", "linux/arm64"] }}\n[trust]\nallow-hosts = ["{host}"]\n'
    )
    project.ground.write("comfylock.toml", text.encode())
    ended = project.lock()
    assert ended.code == 0, ended.err
    found = {image.platform: (image.digest, image.index) for image in project.locked.images}
    assert found == {name: (digest, index) for name, digest in images.items()}
    assert project.lock("--check").code == 0
    moved = repository.put_image("linux/amd64", [layer(6)], "1.0")
    ended = project.ground.run("outdated", "cpu", "comfyui", "--json")
    entries = json.loads(ended.out)["data"]["entries"]
    assert [(entry["kind"], entry["status"]) for entry in entries] == [
        ("comfyui", "current"),
        ("image", "current"),  # what was learnt a moment ago is not asked for again
        ("image", "current"),
    ]
    ended = project.ground.run("outdated", "cpu", COMFYLOCK_CACHE_DIR=f"{project.ground.folder}/c2")
    assert f"cpu linux/amd64  {images['linux/amd64'][7:17]}  {moved[7:17]}" in ended.out
    project.ground.write("comfylock.toml", text.replace("base:1.0", "base:2.0").encode())
    ended = project.lock()
    assert ended.code == 1
    assert "cpu linux/amd64: " in ended.err


def test_why_a_python_package_is_there(project: Project) -> None:
    project.needs("old", "fine")
    project.configure(
        '[python.constraints]\nnumpy = "<2"\n[packs.old]\nignore-requirements = ["torch"]'
    )
    project.lock()
    ended = project.ground.run("why", "NumPy")
    assert ended.code == 0, ended.err
    assert ended.out == (
        "numpy: Python package\n"
        f"  {TARGET}: 1.26.4 (in pylock.comfy.toml)\n"
        "  comfyui asks for numpy>=1.25.0 (requirements.txt:4)\n"
        "  comfylock.toml has [python.constraints]: numpy<2\n"
    )
    assert "old asks for torch==1.13 (requirements.txt:2, ignored)" in (
        project.ground.run("why", "torch").out
    )
    assert "no pack asks for it by name" in project.ground.run("why", "filelock").out
    found = json.loads(project.ground.run("why", "numpy", "--json").out)["data"]["packages"]
    assert found[0]["pins"] == [
        {"target": TARGET, "version": "1.26.4", "file": "pylock.comfy.toml", "is_built": False}
    ]
    project.ground.write("comfylock.toml", b"")
    project.lock()
    assert "not locked: no target of [python] has it" in project.ground.run("why", "numpy").out
    assert project.ground.run("why", "nothing-like-it").code == 1


def test_p18_a_merge_keeps_the_versions_of_our_side(project: Project) -> None:
    project.configure('[python.constraints]\nnumpy = "<2"')
    project.lock()
    ours, pylock = project.ground.lock, project.pylock
    project.configure()
    project.needs("fine", "new")
    project.lock("--upgrade")
    theirs, other = project.ground.lock, project.pylock

    def conflict_of(one: str, two: str) -> bytes:
        return f"<<<<<<< ours\n{one}=======\n{two}>>>>>>> theirs\n".encode()

    project.needs("fine")
    project.ground.write("comfy.lock", conflict_of(ours, theirs))
    project.ground.write("pylock.comfy.toml", conflict_of(pylock, other))
    assert project.lock("--check").code == 2
    ended = project.lock()
    assert ended.code == 0, ended.err
    assert 'version = "1.26.4"' in project.pylock
    assert project.lock("--check").code == 0
