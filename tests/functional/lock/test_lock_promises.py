"""What a lockfile promises, kept by the command itself, from workflows to the file and back."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from comfylock.cli.main import VERBS
from comfylock.lockfile.read import read_lock
from comfylock.lockfile.write import write_lock
from tests.services import planted
from tests.services.planted import Ground, addresses, fill, stand_ins, workflow
from tests.services.world import World, world_serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PACK = os.path.join(os.path.dirname(__file__), "..", "..", "upgrade_pack")
READING = {
    "analyze": (("analyze", "{}/workflows"), ("analyze", "{}/workflows", "--json")),
    "lock": (
        ("lock", "--check"),
        ("lock", "--locked", "--json"),
        ("lock", "--check", "--require-hashes", "--allow-unresolved"),
        ("lock", "--frozen"),
        ("lock", "--check-exists"),
        ("lock", "--dry-run"),
        ("lock", "--dry-run", "--upgrade"),
        ("lock", "--dry-run", "--allow-unresolved", "--upgrade-package", "alpha-nodes"),
    ),
    "emit": (("emit", "--check"), ("emit", "model-paths"), ("emit", "sbom", "--json")),
    "verify": (("verify",), ("verify", "--json"), ("verify", "--format", "sarif")),
    "audit": (("audit",), ("audit", "--json")),
    "init": (("init", "--dry-run"),),
    "tree": (("tree",), ("tree", "--json")),
    "why": (("why", "alpha-nodes"), ("why", "AlphaNode")),
    "diff": (("diff", "{}/comfy.lock", "{}/comfy.lock"),),
    "outdated": (("outdated",),),
    "definitions": (("definitions", "show", PACK), ("definitions", "show", PACK, "--json")),
    "check": (("check", "{}/workflows", "--definitions", PACK),),
    "check-upgrade": (
        ("check-upgrade", "--from", PACK, "--to", PACK, "{}/workflows"),
        ("check-upgrade", "--from", PACK, "--to", PACK, "{}/workflows", "--fix", "--dry-run"),
    ),
    "registry": (("registry", "show", "AlphaNode"), ("registry", "search", "alpha")),
    "cache": (("cache", "dir"), ("cache", "info")),
    "merge-driver": (("merge-driver", "--help"),),
}
"""Verb to the command lines that only look: none of them may write."""

STATES = ("current", "stale", "other-layout", "damaged", "absent")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world_serving(str(tmp_path_factory.mktemp("world"))) as made:
        fill(made)
        yield made


@pytest.fixture
def ground(world: World, tmp_path: Path) -> Iterator[Ground]:
    with planted.ground(str(tmp_path), world) as place:
        place.write("workflows/one.json", workflow(addresses(world)))
        yield place


def state_of(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file below a folder: its bytes and when it was written."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in paths
    }


def prepared(place: Ground, state: str) -> None:
    """Put the project into a state in which a verb might want to write."""
    assert place.run("lock").code == 0
    path = place.project / "comfy.lock"
    if state == "stale":
        place.write("workflows/two.json", workflow({"more.safetensors": ""}))
    elif state == "other-layout":
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    elif state == "damaged":
        path.write_bytes(path.read_bytes()[:-40])
    elif state == "absent":
        path.unlink()


def test_p15_every_verb_has_its_lines_here() -> None:
    assert set(READING) == set(VERBS)


@pytest.mark.parametrize("state", STATES)
def test_p15_what_only_looks_writes_nothing(ground: Ground, state: str) -> None:
    prepared(ground, state)
    before = state_of(ground.project)
    for verb, lines in READING.items():
        if find_spec(f"comfylock.cli.{verb.replace('-', '_')}") is None:
            continue
        for line in lines:
            words = [word.format(ground.project) for word in line]
            try:
                code = ground.run(*words).code
            except SystemExit as stopped:  # argparse's own help
                code = int(stopped.code or 0)
            assert code in {0, 1, 2, 3}, words
            assert state_of(ground.project) == before, words


@pytest.mark.parametrize("words", [("lock",), ("lock", "--offline"), ("lock", "--strict")])
def test_p15_a_current_lock_is_not_touched(ground: Ground, words: tuple[str, ...]) -> None:
    prepared(ground, "current")
    before = state_of(ground.project)
    ground.run(*words)
    assert state_of(ground.project) == before


def test_p14_a_check_does_not_hear_the_news(ground: Ground, world: World) -> None:
    """A newer release, a moved branch, another file upstream: none of it makes a lock stale."""
    assert ground.run("lock").code == 0
    first = ground.lock
    versions = world.registry.packs["alpha-nodes"].versions
    world.registry.publish("alpha-nodes", "9.9.9", ("AlphaNode",))
    world.hub.add("org/private", {"big.safetensors": b"other"})
    try:
        world.forget()
        assert ground.run("lock", "--check").code == 0
        assert ground.run("lock").code == 0
        assert ground.lock == first
        assert sum(world.requests().values()) == 0
    finally:
        del versions["9.9.9"]
        world.hub.repositories.clear()
        fill_hub(world)


def fill_hub(world: World) -> None:
    world.hub.add("org/private", {"big.safetensors": b"big " * 99, "small.pt2": b"a few"})


def test_p24_a_recording_replays_the_same_bytes(ground: Ground, world: World) -> None:
    kept, again = f"{ground.folder}/kept", f"{ground.folder}/again"
    assert ground.run("lock", "--record", kept).code == 0
    first = ground.lock
    (ground.project / "comfy.lock").unlink()
    world.forget()
    elsewhere = {"COMFYLOCK_CACHE_DIR": f"{ground.folder}/other-cache"}
    ended = ground.run("lock", "--replay", kept, **elsewhere)
    assert ended.code == 0, ended.err
    assert ground.lock == first
    assert sum(world.requests().values()) == 0
    assert not os.path.exists(elsewhere["COMFYLOCK_CACHE_DIR"])
    (ground.project / "comfy.lock").unlink()
    assert ground.run("lock", "--record", again, **elsewhere).code == 0
    assert names_and_bytes(kept) == names_and_bytes(again)


def names_and_bytes(folder: str) -> dict[str, bytes]:
    found = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(parent, name)
            with open(path, "rb") as stream:
                found[os.path.relpath(path, folder)] = stream.read()
    return found


def test_p24_a_recording_that_lacks_an_answer_says_which(ground: Ground) -> None:
    ended = ground.run("lock", "--replay", f"{ground.folder}/nothing")
    assert ended.code == 3
    assert "is not in the recording" in ended.err
    assert not ground.lock


def test_p11_tables_of_other_tools_survive_a_new_resolution(ground: Ground, world: World) -> None:
    assert ground.run("lock").code == 0
    path = ground.project / "comfy.lock"
    lock = read_lock(path.read_bytes(), "comfy.lock")
    tool = {"studio": {"ticket": "ART-1", "owners": ["ann", "ben"]}}
    path.write_bytes(write_lock(replace(lock, tool=tool)))
    assert ground.run("lock", "--check").code == 0
    models = {"plain.safetensors": addresses(world)["plain.safetensors"]}
    ground.write("workflows/one.json", workflow(models))
    assert ground.run("lock").code == 0
    after = read_lock(path.read_bytes(), "comfy.lock")
    assert (after.tool, len(after.models)) == (tool, 1)


def test_p19_a_lock_begins_with_what_to_do(ground: Ground) -> None:
    assert ground.run("lock").code == 0
    lines = ground.lock.splitlines()
    assert [line[:2] for line in lines[:4]] == ["# ", "# ", "# ", ""]
    assert "Do not edit" in lines[0]
    assert "comfylock lock --check" in lines[1]
    assert "comfylock lock --upgrade-package" in lines[2]
    assert not any(character.isdigit() for line in lines[:3] for character in line)


def test_p20_a_check_looks_at_workflows_and_lock_alone(ground: Ground) -> None:
    """What is installed, and whether it holds the right bytes, is another verb's question."""
    assert ground.run("lock").code == 0
    ground.write("models/checkpoints/big.safetensors", b"not these bytes")
    ground.write("custom_nodes/alpha-nodes/__init__.py", b"raise SystemExit(1)")
    opened: list[str] = []
    root = str(ground.project)

    def note(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open" and is_watched and str(arguments[0]).startswith(root):
            opened.append(os.path.relpath(str(arguments[0]), root))

    is_watched = True
    sys.addaudithook(note)
    ended = ground.run("lock", "--check")
    is_watched = False
    assert ended.code == 0, ended.err
    allowed = {"comfy.lock", "comfylock.toml", "pyproject.toml", "workflows/one.json"}
    assert "workflows/one.json" in opened
    assert {name for name in opened if not name.startswith(".comfylock")} <= allowed


def test_p21_other_bytes_under_a_version_are_loud(ground: Ground, world: World) -> None:
    assert ground.run("lock").code == 0
    first = ground.lock
    version = world.registry.packs["alpha-nodes"].versions["1.2.0"]
    before, version.archive = version.archive, version.archive + b"more"
    try:
        words = ("lock", "--upgrade")
        ended = ground.run(*words, COMFYLOCK_CACHE_DIR=f"{ground.folder}/other-cache")
    finally:
        version.archive = before
    assert ended.code == 4, ended.err
    assert "the bytes changed under the same version" in ended.err
    assert ground.lock == first


def test_p23_a_gap_is_written_only_if_it_is_allowed(ground: Ground) -> None:
    ground.write("workflows/two.json", workflow({"nowhere.safetensors": ""}))
    ended = ground.run("lock")
    assert (ended.code, ground.lock) == (1, "")
    assert "nowhere.safetensors" in ended.err
    assert ground.run("lock", "--allow-unresolved").code == 0
    assert "[[unresolved]]" in ground.lock
    assert ground.run("lock", "--check").code == 1
    assert ground.run("lock", "--check", "--allow-unresolved").code == 0


def test_p3_p4_nothing_of_the_machine_reaches_a_lock(ground: Ground, world: World) -> None:
    assert ground.run("lock").code == 0
    hosts = [service.host for service in stand_ins(world).values() if service is not world.files]
    for text in (*hosts, world.git.url, ground.folder, os.uname().nodename):
        assert text not in ground.lock
