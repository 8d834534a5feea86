"""What the stand-ins for services share: a threaded server, a log, faults on demand, slowness.

It needs nothing but the standard library and msgspec, so a demonstration can run it too.
"""

from __future__ import annotations

import json
import random
import socket
import struct
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator
    from ssl import SSLContext


class Request(Struct, frozen=True):
    """A request as it came in."""

    method: str
    host: str
    """Host and port as the client named them."""
    path: str
    """Still percent-encoded, without the query."""
    query: dict[str, str]
    query_text: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes = b""

    @property
    def token(self) -> str | None:
        """The bearer token that was sent."""
        value = self.headers.get("authorization", "")
        return value.removeprefix("Bearer ") if value else None


class Reply(Struct, frozen=True):
    """What goes back."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = {}
    repeats: bool = False
    """Send the body for as long as anyone listens, without a length."""


class Fault(Struct):
    """What happens instead of an answer; `times` counts down, None is for ever."""

    reply: Reply | None = None
    """None: the answer itself, if `until` or `resets` is what is wrong."""
    times: int | None = None
    resets: bool = False
    """Break the connection in the middle of the body."""
    until: Event | None = None
    """Answer only when this is set."""


def document(content: Any, status: int = 200, **headers: str) -> Reply:
    """A JSON document."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = json.dumps(content).encode()
    return Reply(status, body, {"Content-Type": "application/json; charset=utf-8", **named})


def web_page(text: str = "<!doctype html><title>Sign in</title>", status: int = 200) -> Reply:
    """A web page where something else should be."""
    return Reply(status, text.encode(), {"Content-Type": "text/html; charset=utf-8"})


def moved(target: str, status: int = 307) -> Reply:
    """The way to somewhere else."""
    return Reply(status, b"", {"Location": target})


class StandIn:
    """A service on the loopback: `answer` says what to which request, the rest is here."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[Request] = []
        self.delay = 0.0
        """Seconds before every answer."""
        self.jitter = 0.0
        """Seconds more before an answer, by chance, at the most."""
        self.faults: dict[str, Fault] = {}
        """By the start of a path; the longest that fits counts."""
        self._lock = Lock()

    @property
    def host(self) -> str:
        """Host and port of the service itself."""
        return urlsplit(self.url).netloc

    @property
    def content_host(self) -> str:
        """Host and port of the bytes: another name of the same machine."""
        return self.host.replace("127.0.0.1", "localhost")

    def paths(self) -> list[str]:
        """The paths asked for, with their methods, in order."""
        return [f"{request.method} {request.path}" for request in self.asked]

    def tokens_by_host(self) -> dict[str, set[str | None]]:
        """Which tokens arrived at which host."""
        found: dict[str, set[str | None]] = {}
        for request in self.asked:
            found.setdefault(request.host, set()).add(request.token)
        return found

    def fault_for(self, path: str) -> Fault | None:
        """Return what is to go wrong for a path now, counting down."""
        with self._lock:
            starts = [s for s, f in self.faults.items() if path.startswith(s) and f.times != 0]
            if not starts:
                return None
            fault = self.faults[max(starts, key=len)]
            if fault.times is not None:
                fault.times -= 1
            return fault

    def answer(self, request: Request) -> Reply:
        """Say what a request gets."""
        raise NotImplementedError


def _handler(service: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            request = self._request()
            service.asked.append(request)
            if service.delay or service.jitter:
                time.sleep(service.delay + service.jitter * random.random())
            fault = service.fault_for(request.path) or Fault()
            if fault.until is not None:
                fault.until.wait(10)
            reply = fault.reply or service.answer(request)
            try:
                self._say(reply, resets=fault.resets)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        do_HEAD = do_POST = do_GET  # noqa: N815 - the names that the base class looks for

        def _request(self) -> Request:
            address = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            length = int(headers.get("content-length", "0"))
            return Request(
                self.command,
                headers.get("host", ""),
                address.path,
                dict(parse_qsl(address.query)),
                address.query,
                headers,
                self.rfile.read(length) if length else b"",
            )

        def _say(self, reply: Reply, *, resets: bool) -> None:
            self.send_response(reply.status)
            length = {} if reply.repeats else {"Content-Length": str(len(reply.body))}
            ending = {"Connection": "close"} if reply.repeats else {}
            for name, value in {**length, **ending, **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if resets:
                self.wfile.write(reply.body[: len(reply.body) // 2])
                # Closing with no time to linger sends a reset instead of an orderly end.
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.connection.close()
                self.close_connection = True
            elif self.command != "HEAD" and reply.status != 304:
                self.wfile.write(reply.body)
                while reply.repeats:
                    self.wfile.write(reply.body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
            pass

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: broken connections are what tests ask for."""


@contextmanager
def listening(
    handler: type[BaseHTTPRequestHandler], port: int = 0, tls: SSLContext | None = None
) -> Iterator[int]:
    """Yield the port of a server on the loopback; its thread and port are gone afterwards."""
    with _Server(("127.0.0.1", port), handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()


ServiceT = TypeVar("ServiceT", bound=StandIn)


@contextmanager
def running(service: ServiceT, port: int = 0, tls: SSLContext | None = None) -> Iterator[ServiceT]:
    """Yield a service that listens; its thread and port are gone afterwards."""
    with listening(_handler(service), port, tls) as taken:
        service.url = f"http://127.0.0.1:{taken}"
        yield service


def ranged(content: bytes, request: Request, headers: dict[str, str]) -> Reply:
    """Return a file, or the part of it that was asked for."""
    headers = {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes", **headers}
    first, _, last = request.headers.get("range", "").removeprefix("bytes=").partition("-")
    if not first.isdigit():
        return Reply(200, content, headers)
    begin, end = int(first), min(int(last or len(content) - 1), len(content) - 1)
    if begin >= len(content):
        return Reply(416, b"", {"Content-Range": f"bytes */{len(content)}"})
    told = {"Content-Range": f"bytes {begin}-{end}/{len(content)}"}
    return Reply(206, content[begin : end + 1], {**headers, **told})
