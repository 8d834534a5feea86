"""`outdated` marks the moves that would break a locked workflow."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.services.planted import Ended, Ground
from tests.services.world import World, world_serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SOURCE = """
class Node:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"radius": ("INT", {"default": 1, "max": 9}), %s}, "optional": {%s}}
    RETURN_TYPES = ()
    OUTPUT_NODE = True
NODE_CLASS_MAPPINGS = {%s}
"""
MODE = '"mode": (["soft", "hard"],)'
SOFT, HARD = '"gain": ("INT", {"default": 1})', '"gain": ("INT", {"default": 2})'
NEWER: dict[str, tuple[str, str, str | None]] = {
    "breaking": (MODE, SOFT, "Node"),
    "calm": ("", SOFT, "Node"),
    "changing": ("", HARD, "Node"),
    "gone": ("", SOFT, None),
    "dynamic": ("", SOFT, "made(Node)"),
}
"""Packs with what their newest version takes and registers; the oldest of all is calm."""

OLD, NEW = NEWER["calm"], NEWER["breaking"]
GIT, FORK = "ann/breaking-git", "github.com/ann/ComfyUI"


def source(name: str, required: str, optional: str, value: str | None) -> bytes:
    mapping = f'"{name}": {value}' if value else ""
    return (SOURCE % (required, optional, mapping)).encode()


def kind(pack: str) -> str:
    return pack.replace("/", "-").title()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world_serving(str(tmp_path_factory.mktemp("world"))) as made:
        repository = made.git.repository(f"github.com/{GIT}")
        for tag, declared in (("v1.0.0", OLD), ("v2.0.0", NEW)):
            files = {"__init__.py": source(kind(GIT), *declared)}
            repository.tag(tag, repository.commit(files))
        repository = made.git.repository(FORK)
        for version, declared in (("0.3.64", OLD), ("0.6.0", NEW)):
            files = {"nodes.py": source("KSampler", *declared), "folder_paths.py": b""}
            files["comfyui_version.py"] = f'__version__ = "{version}"'.encode()
            repository.tag(f"v{version}", repository.commit(files))
        for name, declared in NEWER.items():
            for version, each in (("1.0.0", OLD), ("2.0.0", declared)):
                files = {"__init__.py": source(kind(name), *each)}
                made.registry.publish(name, version, class_types=[kind(name)], files=files)
        yield made


@pytest.fixture(scope="module")
def ground(world: World, tmp_path_factory: pytest.TempPathFactory) -> Ground:
    """A project in which everything is pinned to its oldest version."""
    folder = tmp_path_factory.mktemp("ground")
    environment = {**world.environment, "COMFYLOCK_CACHE_DIR": str(folder / "cache")}
    found = Ground(str(folder), world, environment)
    settings = f'[comfyui]\nversion = "0.3.64"\nrepository = "https://{FORK}"\n'
    settings += '[lock]\nworkflows = ["workflows"]\n[class-types]\n'
    settings += "".join(f'"{kind(name)}" = "{name}"\n' for name in NEWER)
    settings += f'"{kind(GIT)}" = "https://github.com/{GIT}"\n'
    found.write("comfylock.toml", settings.encode())
    for name in (*map(kind, NEWER), kind(GIT), "KSampler"):
        node = {"1": {"class_type": name, "inputs": {"radius": 3}}}
        found.write(f"workflows/{name}.json", json.dumps(node).encode())
    assert found.run("lock").code == 0
    words = [f"--upgrade-package={name}==1.0.0" for name in NEWER]
    ended = found.run("lock", *words, f"--upgrade-package={GIT}==v1.0.0")
    assert ended.code == 0, ended.err
    return found


def moves(ended: Ended) -> dict[str, Any]:
    return {each["name"]: each["move"] for each in json.loads(ended.out)["data"]["entries"]}


def test_each_move_has_its_mark(ground: Ground) -> None:
    before = ground.lock
    ended = ground.run("outdated", "--json")
    assert (ended.code, ground.lock) == (0, before), ended.err
    found = moves(ended)
    assert {name: move["mark"] for name, move in found.items()} == {
        "comfyui": "breaks",
        GIT: "breaks",
        "breaking": "breaks",
        "calm": "safe",
        "changing": "changes",
        "dynamic": "unknown",
        "gone": "breaks",
    }
    (broken,) = found["breaking"]["broken"]
    assert broken["path"] == "workflows/Breaking.json"
    assert [(hit["kind"], hit["input"]) for hit in broken["hits"]] == [
        ("required_input_missing", "mode")
    ]
    assert [hit["kind"] for hit in found["gone"]["broken"][0]["hits"]] == ["missing_node_type"]
    assert found["gone"]["note"] is None
    assert "Dynamic" in found["dynamic"]["note"]
    assert found["calm"] == {
        "mark": "safe",
        "note": None,
        "broken": [],
        "changed": [],
        "unreadable": [],
    }


@pytest.mark.parametrize("columns", [80, 40])
def test_the_table_says_so_and_below_it_why(ground: Ground, columns: int) -> None:
    ended = ground.run("outdated", COLUMNS=str(columns))
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert max(map(len, lines)) <= columns
    text = " ".join(ended.out.split())
    told = "moving breaking would break workflows/Breaking.json (Breaking.mode: is required and not"
    assert told in text
    assert "changing changes what 1 workflow will do" in text
    assert "dynamic: its source does not tell without being run what `Dynamic` takes" in text
    if columns == 80:
        marks = {line.split()[0]: line.split("  ")[-1].strip() for line in lines[1:8]}
        assert marks["comfyui"] == marks["gone"] == "breaks 1"
        assert (marks["calm"], marks["changing"], marks["dynamic"]) == (
            "safe",
            "changes 1",
            "not known",
        )


def test_what_cannot_be_fetched_is_not_known(ground: Ground, world: World, tmp_path: Path) -> None:
    cold = {"COMFYLOCK_CACHE_DIR": str(tmp_path / "cold")}
    published = world.registry.packs["breaking"].versions["2.0.0"]
    held, published.archive = published.archive, b"no archive at all"
    try:
        found = moves(ground.run("outdated", "breaking", "calm", "--json", **cold))
    finally:
        published.archive = held
    assert (found["breaking"]["mark"], found["calm"]["mark"]) == ("unknown", "safe")
    assert found["breaking"]["note"]


def test_a_workflow_that_is_gone_is_named(ground: Ground) -> None:
    path = ground.project / "workflows" / "Calm.json"
    data = path.read_bytes()
    path.unlink()
    try:
        found = moves(ground.run("outdated", "calm", "--json"))
    finally:
        path.write_bytes(data)
    assert found["calm"]["mark"] == "unknown"
    (gone,) = found["calm"]["unreadable"]
    assert gone["path"] == "workflows/Calm.json"


def test_newer_only_reads_no_source(ground: Ground, world: World, tmp_path: Path) -> None:
    world.forget()
    cold = {"COMFYLOCK_CACHE_DIR": str(tmp_path / "cold")}
    ended = ground.run("outdated", *NEWER, "--newer-only", "--json", **cold)
    assert set(moves(ended).values()) == {None}
    assert not [each for each in world.registry.paths() if "node.zip" in each]
    assert "breaks" not in ground.run("outdated", "breaking", "--newer-only", **cold).out


def test_a_pack_that_has_another_name_today_is_judged_by_that(
    ground: Ground, world: World, tmp_path: Path
) -> None:
    cold = {"COMFYLOCK_CACHE_DIR": str(tmp_path / "cold")}
    files = {"__init__.py": source("Calm", *NEW)}
    world.registry.publish("calmer", "3.0.0", class_types=["Calm"], files=files)
    world.registry.renamed["calm"] = "calmer"
    try:
        ended = ground.run("outdated", "calm", "--json", **cold)
    finally:
        del world.registry.renamed["calm"]
    (entry,) = json.loads(ended.out)["data"]["entries"]
    assert (entry["newest"], entry["renamed"]) == ("3.0.0", "calmer")
    assert entry["move"]["mark"] == "breaks"
