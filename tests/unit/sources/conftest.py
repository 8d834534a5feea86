"""Services for tests, and clients that are sent there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from comfylock.net.answers import InMemory
from comfylock.sources.git import Git
from comfylock.sources.git_command import Limits
from tests.services.comfy_registry import RegistryService, registry_serving
from tests.services.git_server import GitServer, git_serving
from tests.services.oci_registry import OciRegistry, oci_registry_serving
from tests.unit.sources.image_registry import ubuntu
from tests.unit.sources.loopback_client import client_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from comfylock.net.http import Http
    from tests.services.git_repository import Repository


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitServer]:
    with git_serving(str(tmp_path / "served")) as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def git(tmp_path: Path) -> Iterator[Git]:
    """A client that gives up soon and clears its scratch folder away."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with Git(InMemory(), scratch=str(scratch), limits=Limits(seconds=60, pauses=(0.01,))) as client:
        yield client
    assert list(scratch.iterdir()) == []


@pytest.fixture
def pack(host: GitServer) -> Repository:
    """The repository of `git_pins.PACK`."""
    return host.repository("github.com/owner/pack")


@pytest.fixture
def image_service() -> Iterator[OciRegistry]:
    """An image registry that has Ubuntu."""
    with oci_registry_serving() as running:
        ubuntu(running)
        yield running


@pytest.fixture
def registry_service() -> Iterator[RegistryService]:
    """An empty Comfy Registry."""
    with registry_serving() as running:
        yield running


@pytest.fixture
def registry_http(registry_service: RegistryService) -> Iterator[Http]:
    """A client that may reach it."""
    with client_for(registry_service) as client:
        yield client
