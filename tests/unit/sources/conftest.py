"""A git host for tests, and a client that is sent there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from comfylock.net.answers import InMemory
from comfylock.sources.git import Git
from comfylock.sources.git_command import Limits
from tests.services.git_server import GitServer, git_serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


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
