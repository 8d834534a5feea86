"""A web server on the loopback that answers what a test says, faults included."""

from __future__ import annotations

import json
import socket
import struct
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Iterator


class Answer(Struct, frozen=True):
    """What the server says to one path; a fault where a field asks for one."""

    body: bytes = b""
    status: int = 200
    content_type: str = "application/json"
    headers: dict[str, str] = {}
    missing: int = 0
    """Bytes that are promised by Content-Length and never sent."""
    resets: bool = False
    """Break the connection in the middle of the body."""
    endless: bool = False
    """Repeat the body for as long as anyone listens, without a length."""


def page(text: str = "<html>Sign in</html>") -> Answer:
    """A web page where a file should be."""
    return Answer(text.encode(), content_type="text/html; charset=utf-8")


def redirect(target: str, status: int = 302) -> Answer:
    """The way to somewhere else."""
    return Answer(status=status, headers={"Location": target})


def document(content: Any) -> Answer:
    """A JSON document."""
    return Answer(json.dumps(content).encode())


class Asked(Struct, frozen=True):
    """A request as it came in."""

    method: str
    path: str
    headers: dict[str, str]


class Service(Struct):
    """What a server answers by path, and what it was asked; anything else is a 404."""

    url: str = ""
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def paths(self) -> list[str]:
        """The paths asked for, in order."""
        return [request.path for request in self.asked]


def _handler(service: Service) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            service.asked.append(Asked(self.command, path, dict(self.headers.items())))
            answer = service.answers.get(path, Answer(b"not here", 404, "text/plain"))
            try:
                self._say(answer)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        do_HEAD = do_GET  # noqa: N815 - the name that the base class looks for

        def _say(self, answer: Answer) -> None:
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            if not answer.endless:
                self.send_header("Content-Length", str(len(answer.body) + answer.missing))
            self.send_header("Connection", "close")
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.close_connection = True
            if self.command == "HEAD":
                return
            if answer.resets:
                self.wfile.write(answer.body[: len(answer.body) // 2])
                self._reset()
                return
            self.wfile.write(answer.body)
            while answer.endless:
                self.wfile.write(answer.body)

        def _reset(self) -> None:
            # Closing with no time to linger sends a reset instead of an orderly end.
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
            pass

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: broken connections are what tests ask for."""


@contextmanager
def serving() -> Iterator[Service]:
    """Yield a running service; its thread and port are gone afterwards."""
    service = Service()
    with _Server(("127.0.0.1", 0), _handler(service)) as server:
        service.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield service
        finally:
            server.shutdown()
            thread.join()
