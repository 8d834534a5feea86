"""A project, a home and a cache for each test, and a service where one is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.functional.shell import Shell
from tests.services.loopback import Service, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """A project, a home and a cache below `tmp_path`; temporary files too."""
    for name in ("project", "temporary"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("COMFYLOCK_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr("time.sleep", lambda _: None)  # between the attempts at a service
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return Shell(tmp_path, capsys, monkeypatch)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A service in place of the one that has the Manager's lists."""
    with serving() as running:
        monkeypatch.setenv("COMFYLOCK_MANAGER_URL", running.url)
        yield running
