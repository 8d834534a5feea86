"""What holds for every test: no network, no machine, nobody's tokens, the same examples each time.

All of it is set once for each worker process, so tests may run side by side; a test that needs
another environment changes its own with `monkeypatch`.
"""

from __future__ import annotations

import gc
import os
import socket
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKENS = (
    "HF_TOKEN",
    "HUGGING_FACE_HUB_TOKEN",
    "HF_API_TOKEN",
    "HF_TOKEN_PATH",
    "HF_HOME",
    "HF_ENDPOINT",
    "CIVITAI_TOKEN",
    "CIVITAI_API_TOKEN",
    "CIVITAI_API_KEY",
    "GITHUB_TOKEN",
    "GH_TOKEN",
)
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")

settings.register_profile(
    "default",
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.register_profile("large", settings.get_profile("default"), max_examples=1500)


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("large" if _asks_for_large(config) else "default")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let `-m large` run the property tests too, with its profile."""
    if _asks_for_large(config):
        for item in items:
            if "property" in item.path.parts:
                item.add_marker(pytest.mark.large)


pytest_collection_modifyitems = pytest.hookimpl(tryfirst=True)(pytest_collection_modifyitems)


def pytest_collection_finish() -> None:
    """Keep the collector from walking ten thousand tests over and over."""
    gc.collect()
    gc.freeze()


def _asks_for_large(config: pytest.Config) -> bool:
    return str(config.getoption("markexpr")).strip() == "large"


@pytest.fixture(scope="session", autouse=True)
def _own_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Give the tests a home of their own and nothing of the machine's."""
    home = tmp_path_factory.mktemp("home")
    patch = pytest.MonkeyPatch()
    for name in list(os.environ):
        is_ours = name in TOKENS or name.lower() in PROXIES
        if is_ours or name.startswith(("COMFYLOCK_", "GIT_")):
            patch.delenv(name)
    for name in ("FORCE_COLOR", "CLICOLOR_FORCE", "PYTHONIOENCODING", "PYTHONHASHSEED"):
        patch.delenv(name, raising=False)
    patch.setenv("NO_COLOR", "1")
    patch.setenv("COLUMNS", "80")
    patch.setenv("HOME", str(home))
    patch.setenv("USERPROFILE", str(home))
    for name in ("CONFIG", "CACHE", "DATA", "STATE"):
        patch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
    patch.setenv("COMFYLOCK_CACHE_DIR", str(home / "comfylock-cache"))
    patch.setenv("GIT_ALLOW_PROTOCOL", "file")
    patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    yield
    patch.undo()


@pytest.fixture(scope="session", autouse=True)
def _no_network(request: pytest.FixtureRequest) -> Iterator[None]:
    """Refuse every connection that could leave the machine; loopback services are the test's.

    Tests that are asked for by `-m online` or `-m system` may go where they like.
    """
    asked = str(request.config.getoption("markexpr"))
    if asked.startswith(("online", "system")):
        yield
        return
    connect = socket.socket.connect

    def refuse(self: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else "localhost"
        if host not in {"localhost", "127.0.0.1", "::1"}:
            pytest.fail(f"a test reached for the network: {address}", pytrace=True)
        connect(self, address)

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", refuse)
    yield
    patch.undo()
