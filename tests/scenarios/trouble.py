"""Services in trouble: every fault that a test may ask of each of them, and its end."""

from __future__ import annotations

import socket
import ssl
from contextlib import ExitStack, contextmanager
from threading import Event
from typing import TYPE_CHECKING

import trustme

from tests.scenarios.place import mend, stand_ins
from tests.services import git_server, loopback
from tests.services.web import Fault, Reply, web_page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.scenarios.place import Place
    from tests.services.world import World

ARCHIVES = "/alpha-people/"
"""Where the registry keeps the archives of a pack."""

VARIABLES = {
    "comfy-registry": "COMFYLOCK_REGISTRY_URL",
    "huggingface": "HF_ENDPOINT",
    "civitai": "COMFYLOCK_CIVITAI_URL",
    "github": "COMFYLOCK_GITHUB_API_URL",
}
REPOSITORY = "github.com/owner/beta"
GARBAGE = b"\x00\xff\xfe garbage {"

REPLIES = {
    "429": Reply(429, b"too many"),
    "500": Reply(500, b"trouble"),
    "garbage": Reply(200, GARBAGE, {"Content-Type": "application/json"}),
    "html": web_page("<!doctype html><title>Maintenance</title>"),
    "wrong length": Reply(200, b"{}", {"Content-Length": "999", "Connection": "close"}),
}
GIT = {
    "reset": git_server.Fault(keeps=20),
    "slow": git_server.Fault(hangs=True),
    "429": git_server.Fault(429, b"too many"),
    "500": git_server.Fault(500, b"trouble"),
    "garbage": git_server.Fault(
        200, GARBAGE, {"Content-Type": "application/x-git-upload-pack-advertisement"}
    ),
    "html": git_server.Fault(
        200, b"<html>\n<title>Maintenance</title>\n</html>\n", {"Content-Type": "text/html"}
    ),
    "wrong length": git_server.Fault(keeps=60, step="git-upload-pack"),
}


@contextmanager
def trouble(place: Place, service: str, kind: str) -> Iterator[None]:
    """Let a service be in trouble for a while."""
    with ExitStack() as stack:
        if kind == "refused":
            _lead(place, service, f"http://127.0.0.1:{_closed_port()}", stack)
        elif kind == "certificate":
            place_url = stack.enter_context(_untrusted())
            _lead(place, service, place_url, stack)
        elif service == "git":
            place.world.git.faults[REPOSITORY] = GIT[kind]
        else:
            _break(place.world, service, kind, stack)
        try:
            yield
        finally:
            mend(place.world)


def truncate_archives(world: World) -> None:
    """Let the registry give half of every archive of a pack, and call it whole."""
    archive = world.registry.packs["alpha"].versions["1.2.0"].archive
    half = Reply(200, archive[: len(archive) // 2], {"Content-Type": "application/zip"})
    world.registry.faults[ARCHIVES] = Fault(half)


def _break(world: World, service: str, kind: str, stack: ExitStack) -> None:
    found = stand_ins(world)[service]
    if kind == "reset":
        found.faults[""] = Fault(resets=True)
    elif kind == "slow":
        ended = Event()
        stack.callback(ended.set)
        found.faults[""] = Fault(until=ended)
    else:
        found.faults[""] = Fault(REPLIES[kind])


def _lead(place: Place, service: str, url: str, stack: ExitStack) -> None:
    """Lead a command to another address than the service's."""
    before = dict(place.environment)
    stack.callback(place.environment.update, before)
    stack.callback(place.environment.clear)
    if service == "git":
        changed = {
            name: value.replace(place.world.git.url, url)
            for name, value in place.world.git.environment().items()
        }
        place.environment |= {**changed, "GIT_ALLOW_PROTOCOL": "http:https"}
    else:
        place.environment[VARIABLES[service]] = url


@contextmanager
def _untrusted() -> Iterator[str]:
    """Yield the address of a server whose certificate nobody trusts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with loopback.serving(tls=context) as server:
        yield server.url


def _closed_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port: int = closed.getsockname()[1]
    return port
