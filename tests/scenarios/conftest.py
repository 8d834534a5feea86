from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.scenarios import small, studio
from tests.scenarios.place import Place, mend, stand_ins
from tests.services.world import World, world_serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.scenarios.studio import Named


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, Named]]:
    """All services with all that the studio needs, and what they made up."""
    with world_serving(str(tmp_path_factory.mktemp("world"))) as world:
        yield world, studio.fill(world)


@pytest.fixture
def place(full: tuple[World, Named], tmp_path: Path) -> Iterator[Place]:
    """An empty project in a world where everything works."""
    world, _ = full
    mend(world)
    yield place_in(tmp_path, world)
    mend(world)


def place_in(folder: Path, world: World) -> Place:
    """A project whose user trusts the hosts that the services keep their bytes on."""
    made = Place(folder, world)
    hosts = {each.content_host for each in stand_ins(world).values()} | {world.files.host}
    made.environment["COMFYLOCK_ALLOW_HOSTS"] = ",".join(sorted(hosts))
    made.project.mkdir()
    return made


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Place]:
    """A small project, not locked yet, in a world of its own where things may change."""
    with world_serving(str(tmp_path)) as world:
        made = place_in(tmp_path, world)
        small.fill(world)
        small.write(made)
        yield made
