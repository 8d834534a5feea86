"""One world behind real names for each worker; a fresh machine for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.emitted.machine import Machine, make_python
from tests.emitted.studio import CIVITAI_TOKEN, HF_TOKEN, Studio
from tests.services.front import gate_serving
from tests.services.world import world_serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An interpreter that tests do not change."""
    return make_python(tmp_path_factory.mktemp("python") / "environment")


@pytest.fixture
def machine(tmp_path: Path, python: str) -> Iterator[Machine]:
    """A machine with tokens and nothing on it, in front of a world of its own."""
    for name in ("world", "machine"):
        (tmp_path / name).mkdir()
    tokens = {"HF_TOKEN": HF_TOKEN, "CIVITAI_TOKEN": CIVITAI_TOKEN}
    with (
        world_serving(str(tmp_path / "world")) as world,
        gate_serving(world, str(tmp_path)) as gate,
    ):
        yield Machine(tmp_path / "machine", world, gate, python, environment=tokens)


@pytest.fixture
def studio(machine: Machine) -> Studio:
    """What is published in the machine's world."""
    return Studio(machine.world)
