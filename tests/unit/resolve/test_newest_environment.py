"""What is newer than ComfyUI and the images that everything runs on?"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from comfylock.errors import SourceUnavailableError
from comfylock.lockfile.schema import ComfyuiPin, ImagePin
from comfylock.resolve.newest import Newer, survey
from comfylock.resolve.newest_environment import newer_comfyui, newer_image
from tests.locks import image, release
from tests.unit.resolve.services import World

HOME = "https://github.com/comfyanonymous/ComfyUI"
OLD, NEW, TIP = "a" * 40, "b" * 40, "c" * 40
CUDA = "docker.io/nvidia/cuda:12.8.1-cudnn-runtime-ubuntu24.04 linux/amd64"


def pinned(**fields: Any) -> ComfyuiPin:
    values: dict[str, Any] = {"version": "0.3.64", "repository": HOME, "commit": OLD}
    return ComfyuiPin(">=0.3.60", **{**values, **fields})


def comfyui(world: World, **fields: Any) -> Newer:
    return newer_comfyui(pinned(**fields), world.sources().git)


def released(*tags: tuple[str, str]) -> World:
    world = World()
    world.commits[HOME] = {"HEAD": TIP}
    world.tags[HOME] = dict(tags)
    world.branches[HOME] = {"main": TIP, "old": OLD}
    return world


def test_a_newer_release_of_comfyui() -> None:
    found = comfyui(released(("v0.3.64", OLD), ("v0.6.0", NEW)))
    assert found == Newer(
        "comfyui",
        "comfyui",
        "git",
        "0.3.64",
        "outdated",
        "0.6.0",
        "2025-01-01T00:00:00Z",
        commit=NEW,
    )


@pytest.mark.parametrize(
    "world",
    [released(("v0.3.64", OLD)), released(("v0.3.60", NEW)), released()],
    ids=["the newest", "a release that was withdrawn", "no releases"],
)
def test_a_comfyui_that_is_current(world: World) -> None:
    assert comfyui(world).status == "current"


def test_a_branch_of_comfyui() -> None:
    world = released(("v0.3.64", NEW))
    pin = ComfyuiPin("main", None, HOME, OLD)
    assert newer_comfyui(pin, world.sources().git).newest == TIP[:10]
    pin = ComfyuiPin("old", None, HOME, OLD)
    assert newer_comfyui(pin, world.sources().git).status == "current"


def test_a_comfyui_of_which_nothing_is_known() -> None:
    assert comfyui(World()).status == "unknown"
    assert comfyui(World(), repository=None, commit=None).note == "it is not pinned"


def newer(world: World, pin: ImagePin) -> Newer:
    return newer_image(pin, world.sources().images)


def test_where_a_tag_leads_today() -> None:
    world = World(images={CUDA: "c"})
    assert newer(world, image()).newest == "c" * 10
    assert newer(world, image(digest=f"sha256:{'c' * 64}")).status == "current"
    assert newer(World(), image()).status == "unknown"


def test_an_image_that_was_asked_for_by_digest_stays() -> None:
    world = World()
    pin = image(requested=f"debian@sha256:{'d' * 64}")
    assert newer(world, pin).status == "current"
    assert world.asked == []


def test_it_is_asked_beside_the_packs_and_comes_first() -> None:
    world = released(("v0.6.0", NEW))
    world.add("alpha", "1.2.0")
    sources = world.sources()
    below = {
        "image": partial(newer_image, image(), sources.images),
        "comfyui": partial(newer_comfyui, pinned(), sources.git),
    }
    with ThreadPoolExecutor(2) as executor:
        found = survey([release()], [], sources, executor, environment=below)
        assert [entry.kind for entry in found.entries] == ["comfyui", "image", "pack"]
        world.down = {"image"}
        found = survey([release()], [], sources, executor, environment=below)
    assert [entry.kind for entry in found.entries] == ["comfyui", "pack"]
    assert found.unreachable[0].subjects == ("image",)
    with pytest.raises(SourceUnavailableError):
        newer(world, image())
