"""A lock asks for each fact once: cold, from the cache, offline, and when it is current."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from benchmarks.lock_world import Plan, fill, write_workflows
from tests.project import ROOT
from tests.services.planted import Ground
from tests.services.world import World, world_serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SMALL = Plan(
    workflows=7,
    releases=3,
    repositories=2,
    hub=5,
    hub_repositories=3,
    civitai=2,
    assets=2,
    plain=2,
)
HOOK = """
import sys

def told(event, arguments):
    if event.startswith("socket.") or event in {"subprocess.Popen", "os.posix_spawn"}:
        raise RuntimeError(f"{event} {arguments}")

sys.addaudithook(told)
from comfylock.__main__ import main
sys.argv = ["comfylock", "lock", "--check"]
main()
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world_serving(str(tmp_path_factory.mktemp("world"))) as made:
        fill(made, SMALL)
        yield made


@pytest.fixture
def ground(world: World, tmp_path: Path) -> Ground:
    world.forget()
    environment = {**world.environment, "COMFYLOCK_CACHE_DIR": str(tmp_path / "cache")}
    place = Ground(str(tmp_path), world, environment)
    write_workflows(str(place.project / "workflows"), SMALL, world.files.url)
    return place


def test_every_fact_is_asked_for_once(ground: Ground, world: World) -> None:
    ended = ground.run("lock", "-v")
    assert ended.code == 0, ended.err
    assert world.requests() == {service: count for service, (count, _) in SMALL.facts.items()}
    paths = world.registry.paths()
    registry = Counter(re.sub(r"bench-release-\d\d(-people)?", "*", path) for path in paths)
    assert registry == {
        "GET /nodes": 1,
        "POST /bulk/nodes/versions": 1,
        "GET /nodes/*/versions/1.0.0/comfy-nodes": 3,
        "GET /*/*/1.0.0/node.zip": 3,
    }
    steps = Counter(world.git.steps())
    assert steps == {"GET info/refs": 6, "POST ls-refs": 3, "POST fetch": 3}
    assert len(set(world.hub.paths())) == len(world.hub.paths()) == 3 + 2
    assert Counter(path.split()[0] for path in world.files.paths()) == {"HEAD": 2, "GET": 2}
    for service in ("civitai", "github"):
        told = getattr(world, service).paths()
        assert len(set(told)) == len(told) == 2


def test_what_is_known_is_not_asked_for_again(ground: Ground, world: World) -> None:
    assert ground.run("lock").code == 0
    first = ground.lock
    for words in (("lock",), ("lock", "--offline")):
        world.forget()
        (ground.project / "comfy.lock").unlink()
        ended = ground.run(*words)
        assert ended.code == 0, ended.err
        assert sum(world.requests().values()) == 0
        assert ground.lock == first
        told = "were not checked with their services"
        assert (told in ended.err) == ("--offline" in words)
    ended = ground.run("lock")
    assert (ended.code, sum(world.requests().values())) == (0, 0)


def test_offline_without_a_cache_says_what_is_not_known(ground: Ground, world: World) -> None:
    ended = ground.run("lock", "--offline")
    assert ended.code == 3
    assert "is not known offline" in ended.err
    assert sum(world.requests().values()) == 0
    assert not ground.lock


def test_p14_a_check_opens_no_socket_and_needs_no_cache(ground: Ground, world: World) -> None:
    """Neither a socket nor a process; and the services are gone for all that it knows."""
    assert ground.run("lock").code == 0
    environment = {
        **os.environ,
        "COMFYLOCK_ALLOW_HOSTS": world.files.host,
        "COMFYLOCK_CACHE_DIR": str(ground.project / "none"),
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-c", HOOK]
    done = subprocess.run(
        command, cwd=ground.project, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "is current: 5 packs and 11 models of 7 workflows" in done.stdout
    assert not (ground.project / "none").exists()
