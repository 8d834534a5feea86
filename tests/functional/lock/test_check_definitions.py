"""`lock --check-definitions`: a move that would break a locked workflow is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from comfylock.lockfile.read import read_lock
from tests.services.planted import Ended, Ground
from tests.services.world import World, world_serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SOURCE = """
class Blur:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"radius": ("INT", {"default": 1, "max": 9}), %s}}
    RETURN_TYPES = ()
    OUTPUT_NODE = True
NODE_CLASS_MAPPINGS = {"Blur": Blur}
"""
CALM, BREAKING = "", '"mode": (["soft", "hard"],)'
FIRST, SECOND, THIRD = "1.0.0", "1.1.0", "2.0.0"
VERSIONS = {FIRST: CALM, SECOND: CALM, THIRD: BREAKING}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world_serving(str(tmp_path_factory.mktemp("world"))) as made:
        repository = made.git.repository("github.com/ann/blurs-git")
        for version, more in VERSIONS.items():
            files = {"__init__.py": (SOURCE % more).encode()}
            made.registry.publish("blurs", version, class_types=["Blur"], files=files)
            repository.tag(f"v{version}", repository.commit(files))
        yield made


@pytest.fixture
def ground(world: World, tmp_path: Path) -> Ground:
    environment = {**world.environment, "COMFYLOCK_CACHE_DIR": str(tmp_path / "cache")}
    found = Ground(str(tmp_path), world, environment)
    workflow = {"1": {"class_type": "Blur", "inputs": {"radius": 3}}}
    found.write("workflows/a.json", json.dumps(workflow).encode())
    pack(found, "blurs")
    return found


def pack(ground: Ground, name: str) -> None:
    settings = '[lock]\nworkflows = ["workflows"]\n[comfyui]\npin = false\n'
    settings += f'[class-types]\n"Blur" = "{name}"\n'
    ground.write("comfylock.toml", settings.encode())


def move(ground: Ground, version: str, *words: str) -> Ended:
    return ground.run("lock", "--upgrade-package", f"blurs=={version}", *words)


def locked(ground: Ground) -> Any:
    (pin,) = read_lock(ground.lock.encode()).packs
    return pin.version


def test_a_move_that_breaks_is_refused(ground: Ground) -> None:
    assert ground.run("lock").code == 0
    assert move(ground, FIRST).code == 0
    before = ground.lock
    ended = move(ground, THIRD, "--check-definitions")
    assert (ended.code, ground.lock) == (1, before)
    assert (
        "error: moving blurs would break workflows/a.json (Blur.mode: is required and not given)"
        in ended.err
    )
    assert "comfylock lock --allow-breaking" in ended.err


def test_a_move_that_breaks_may_be_allowed(ground: Ground) -> None:
    assert ground.run("lock").code == 0
    assert move(ground, FIRST).code == 0
    ended = move(ground, THIRD, "--allow-breaking")
    assert (ended.code, locked(ground)) == (0, THIRD)
    assert "warning: moving blurs would break " in ended.err


def test_a_move_that_breaks_nothing_is_made(ground: Ground) -> None:
    assert ground.run("lock").code == 0
    assert move(ground, FIRST).code == 0
    ended = move(ground, SECOND, "--check-definitions", "--json")
    assert (ended.code, locked(ground)) == (0, SECOND)
    (told,) = json.loads(ended.out)["data"]["moves"]
    assert (told["name"], told["safe"], told["broken"], told["note"]) == ("blurs", True, [], None)


def test_nothing_is_read_unless_asked_for(ground: Ground) -> None:
    assert ground.run("lock").code == 0
    assert move(ground, FIRST).code == 0
    ended = move(ground, THIRD, "--json")
    assert ended.code == 0
    assert json.loads(ended.out)["data"]["moves"] == []


def test_packs_from_git_are_judged_too(ground: Ground) -> None:
    pack(ground, "https://github.com/ann/blurs-git")
    name = "ann/blurs-git"
    first = ground.run("lock", "--upgrade-package", f"{name}==v{FIRST}")
    assert first.code == 0, first.err
    ended = ground.run("lock", "--upgrade-package", f"{name}==v{THIRD}", "--check-definitions")
    assert ended.code == 1
    assert f"moving {name} would break " in ended.err
