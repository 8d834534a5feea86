"""The real hosts' names on the loopback: https in front of the stand-ins, and cuts on the way.

curl is led here by `connect-to` in its own configuration; the addresses stay the real ones.
"""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import ExitStack, contextmanager, suppress
from random import Random
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from tests.services.web import Reply, Request, StandIn, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.services.world import World

STORAGE = "storage."
"""What stands before a host's name where its bytes are."""


class Front(StandIn):
    """Hands each request to the stand-in of its host; redirects to bytes keep to https too."""

    def __init__(self, services: dict[str, StandIn]) -> None:
        super().__init__()
        self.services = services
        self.tokens: list[tuple[str, str]] = []
        """Every token that came, with the host that it came to."""

    @property
    def hosts(self) -> list[str]:
        """Every name that is answered for."""
        return [name for host in self.services for name in (host, f"{STORAGE}{host}")]

    def answer(self, request: Request) -> Reply:
        """Answer as the host's stand-in does."""
        host = request.host.partition(":")[0]
        if request.token is not None:
            self.tokens.append((host, request.token))
        service = self.services[host.removeprefix(STORAGE)]
        service.asked.append(request)
        fault = service.fault_for(request.path)
        reply = fault.reply if fault and fault.reply else service.answer(request)
        location = reply.headers.get("Location", "")
        if not location.startswith(f"http://{service.content_host}"):
            return reply
        target = location.replace(f"http://{service.content_host}", f"https://{STORAGE}{host}")
        return replace(reply, headers={**reply.headers, "Location": target})


class Cutter(Struct):
    """Lets bytes through; until there were `most` cuts, hangs up after so many of a connection."""

    port: int = 0
    most: int = 0
    largest: int = 0
    """Bytes: the budget of a connection is anything up to it, by chance."""
    chance: Random = field(default_factory=lambda: Random(1))
    cuts: int = 0
    connections: int = 0
    is_down: bool = False
    """Take no connection at all."""


def _pump(cutter: Cutter, source: socket.socket, sink: socket.socket, left: int | None) -> None:
    """Hand on what comes, until a side hangs up or the budget is spent."""
    with suppress(OSError):
        while data := source.recv(65536):
            if left is not None and len(data) >= left:
                sink.sendall(data[:left])
                cutter.cuts += 1
                break
            sink.sendall(data)
            left = None if left is None else left - len(data)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def _join(cutter: Cutter, client: socket.socket, target: int) -> None:
    """Stand between a client and a port until both are done."""
    is_cut = cutter.cuts < cutter.most
    budget = cutter.chance.randint(1, cutter.largest) if is_cut else None
    with client:
        if cutter.is_down:
            return
        with socket.create_connection(("127.0.0.1", target)) as behind:
            up = threading.Thread(target=_pump, args=(cutter, client, behind, None), daemon=True)
            up.start()
            _pump(cutter, behind, client, budget)
            up.join()


@contextmanager
def cutting(target: int) -> Iterator[Cutter]:
    """Yield what stands between a client and a port."""
    cutter = Cutter()
    with socket.create_server(("127.0.0.1", 0), backlog=128) as server:
        cutter.port = server.getsockname()[1]

        def serve() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                cutter.connections += 1
                joint = (cutter, client, target)
                threading.Thread(target=_join, args=joint, daemon=True).start()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield cutter
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


class Gate(Struct, frozen=True):
    """What a client needs to get to the front."""

    front: Front
    cutter: Cutter
    settings: str
    """Lines of curl's configuration."""


@contextmanager
def gate_serving(world: World, folder: str) -> Iterator[Gate]:
    """Yield the real hosts' names in front of a world; certificates go to a folder."""
    import trustme  # noqa: PLC0415 - only who asks for https needs it

    front = Front(
        {
            "huggingface.co": world.hub,
            "civitai.com": world.civitai,
            "github.com": world.github,
            "cdn.comfy.org": world.registry,
            "models.example.com": world.files,
            "mirror.example.com": world.files,
        }
    )
    authority = trustme.CA()
    file = f"{folder}/ca.pem"
    authority.cert_pem.write_to_path(file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*front.hosts).configure_cert(context)
    with ExitStack() as stack:
        stack.enter_context(running(front, tls=context))
        cutter = stack.enter_context(cutting(int(front.host.rpartition(":")[2])))
        lines = [f'connect-to = "{host}:443:127.0.0.1:{cutter.port}"' for host in front.hosts]
        settings = "\n".join([f'cacert = "{file}"', *lines, ""])
        yield Gate(front, cutter, settings)
