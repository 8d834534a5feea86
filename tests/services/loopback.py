"""A web server on the loopback that answers what a test says, faults included."""

from __future__ import annotations

import json
import socket
import struct
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from threading import Event, Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from msgspec import Struct, field, structs

from tests.services.web import listening

if TYPE_CHECKING:
    from collections.abc import Iterator
    from ssl import SSLContext


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
    ranges: bool = False
    """Serve parts of the body to whoever asks, if `If-Range` names its ETag."""
    keeps: bool = False
    """Keep the connection for the next request."""
    raw: bytes | None = None
    """Say these bytes instead, HTTP or not, and hang up."""
    waits_for: Event | None = None
    """Say nothing before this has happened."""


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
    target: str = ""
    """The path with its query."""
    body: bytes = b""


class Service(Struct):
    """What a server answers by path, and what it was asked; anything else is a 404."""

    url: str = ""
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    queued: dict[str, list[Answer]] = field(default_factory=dict)
    """What is said first, once each, before `answers`."""
    connections: int = 0
    busy: int = 0
    most: int = 0
    """The most requests at one time."""
    lock: Any = field(default_factory=Lock)

    @property
    def place(self) -> str:
        """Host and port."""
        return urlsplit(self.url).netloc

    def next(self, path: str) -> Answer:
        """What is said to the next request for a path."""
        with self.lock:
            queue = self.queued.get(path)
            if queue:
                return queue.pop(0)
        return self.answers.get(path, Answer(b"not here", 404, "text/plain"))

    def count(self, change: int) -> None:
        """One request more, or one less, is being answered."""
        with self.lock:
            self.busy += change
            self.most = max(self.most, self.busy)

    def paths(self) -> list[str]:
        """The paths asked for, in order."""
        return [request.path for request in self.asked]


def _handler(service: Service) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            with service.lock:
                service.connections += 1

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = dict(self.headers.items())
            service.asked.append(Asked(self.command, path, headers, self.path, body))
            service.count(1)
            try:
                self._say(self._part(service.next(path)))
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True
            finally:
                service.count(-1)

        do_HEAD = do_GET  # noqa: N815 - the name that the base class looks for
        do_POST = do_GET  # noqa: N815

        def _part(self, answer: Answer) -> Answer:
            wanted = self.headers.get("Range", "")
            etag = answer.headers.get("ETag")
            if not answer.ranges or not wanted or self.headers.get("If-Range", etag) != etag:
                return answer
            start, size = int(wanted.removeprefix("bytes=").rstrip("-")), len(answer.body)
            if start >= size:
                return structs.replace(answer, status=416, body=b"")
            shown = {**answer.headers, "Content-Range": f"bytes {start}-{size - 1}/{size}"}
            return structs.replace(answer, status=206, body=answer.body[start:], headers=shown)

        def _say(self, answer: Answer) -> None:
            if answer.waits_for is not None:
                answer.waits_for.wait(10)
            if answer.raw is not None:
                self.wfile.write(answer.raw)
                self.close_connection = True
                return
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            if not answer.endless:
                self.send_header("Content-Length", str(len(answer.body) + answer.missing))
            self.send_header("Connection", "keep-alive" if answer.keeps else "close")
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.close_connection = not answer.keeps
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


@contextmanager
def serving(tls: SSLContext | None = None, name: str = "127.0.0.1") -> Iterator[Service]:
    """Yield a running service; its thread and port are gone afterwards.

    `name` is what its address calls the loopback: `localhost` is another host than `127.0.0.1`.
    """
    service = Service()
    with listening(_handler(service), tls=tls) as port:
        service.url = f"http{'s' if tls else ''}://{name}:{port}"
        yield service
