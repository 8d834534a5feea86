"""A git host on the loopback: smart HTTP by `git http-backend` over repositories of the test.

`https://HOST/owner/repo` is `ROOT/HOST/owner/repo.git`, with and without `.git`, as on GitHub.
"""

from __future__ import annotations

import os
import random
import subprocess
from base64 import b64decode
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from threading import Event, Lock
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from tests.services.git_repository import Repository
from tests.services.web import listening

if TYPE_CHECKING:
    from collections.abc import Iterator

HOSTS = ("github.com", "gitlab.com", "codeberg.org", "git.example.com")
BACKEND = ("info/refs", "git-upload-pack")


class Asked(Struct, frozen=True):
    """A request as it came in."""

    method: str
    path: str
    """With the query, without the server's own address."""
    headers: dict[str, str]
    body: bytes = b""


class Fault(Struct, frozen=True):
    """What a repository answers in place of git."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = {}
    keeps: int | None = None
    """Let git answer, but break off after so many bytes."""
    hangs: bool = False
    """Say nothing until the server ends."""
    step: str = ""
    """Only requests whose path holds this."""
    times: int | None = None
    """How often it happens; None: always."""


class GitServer(Struct):
    """What a running server has, does and was asked; repositories are named `host/owner/repo`."""

    root: str
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    """Old to new name, with or without a host; a whole URL leads to another server."""
    faults: dict[str, Fault] = field(default_factory=dict)
    delay: float = 0.0
    """Seconds before each answer."""
    jitter: float = 0.0
    """Seconds more before an answer, by chance, at the most."""
    allows_filter: bool = True
    protocol: int = 2
    """0: an old server, which gives what branches and tags point to and nothing else."""
    tokens: set[str] = field(default_factory=set)
    """What opens private repositories, as the password of `x-access-token`."""
    ended: Event = field(default_factory=Event)

    def repository(self, name: str, *, algorithm: str = "sha1") -> Repository:
        """Make an empty repository: `github.com/owner/repo`."""
        return Repository(os.path.join(self.root, f"{name}.git"), algorithm=algorithm)

    def hide(self, name: str) -> None:
        """Make a repository private: it asks for a password, as GitHub does."""
        self.faults[name] = Fault(401, headers={"WWW-Authenticate": 'Basic realm="GitHub"'})

    def admits(self, asked: Asked) -> bool:
        """Say whether a request has a password that opens private repositories."""
        scheme, _, word = asked.headers.get("Authorization", "").partition(" ")
        user, _, token = b64decode(word or "").decode().partition(":")
        return scheme == "Basic" and user == "x-access-token" and token in self.tokens

    def environment(self, hosts: tuple[str, ...] = HOSTS) -> dict[str, str]:
        """Return what sends git to this server in place of the real hosts."""
        schemes = ("https://", "ssh://git@")
        pairs = [(host, scheme) for host in hosts for scheme in schemes]
        found = {"GIT_CONFIG_COUNT": str(len(pairs)), "GIT_ALLOW_PROTOCOL": "http"}
        for number, (host, scheme) in enumerate(pairs):
            found[f"GIT_CONFIG_KEY_{number}"] = f"url.{self.url}/{host}/.insteadOf"
            found[f"GIT_CONFIG_VALUE_{number}"] = f"{scheme}{host}/"
        return found

    def steps(self) -> list[str]:
        """What was asked, in order, as `GET info/refs` or `POST fetch`."""
        return [_step(asked) for asked in self.asked]


def _step(asked: Asked) -> str:
    path = asked.path.partition("?")[0]
    if asked.method == "GET":
        return f"GET {'info/refs' if path.endswith('info/refs') else path}"
    command = asked.body.partition(b"command=")[2].partition(b"\n")[0][:8].decode("latin-1")
    return f"POST {'ls-refs' if command.startswith('ls-refs') else 'fetch'}"


def _parted(path: str) -> tuple[str, str]:
    """Return a repository's name and what is asked of it."""
    for step in BACKEND:
        if path.endswith(f"/{step}"):
            return path.removesuffix(f"/{step}").strip("/").removesuffix(".git"), step
    return path.strip("/"), ""


def _backend(server: GitServer, asked: Asked, name: str, step: str) -> tuple[int, Any, bytes]:
    """Return status, headers and body of what git's own CGI program answers."""
    headers = {key.lower(): value for key, value in asked.headers.items()}
    settings = {
        "safe.directory": "*",
        "uploadpack.allowFilter": str(server.allows_filter).lower(),
        "uploadpack.allowAnySHA1InWant": str(server.protocol == 2).lower(),
    }
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_PROJECT_ROOT": server.root,
        "PATH_INFO": f"/{name}.git/{step}",
        "QUERY_STRING": asked.path.partition("?")[2],
        "REQUEST_METHOD": asked.method,
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(asked.body)),
        "CONTENT_TYPE": headers.get("content-type", ""),
        "HTTP_CONTENT_ENCODING": headers.get("content-encoding", ""),
        "GIT_PROTOCOL": headers.get("git-protocol", "") if server.protocol == 2 else "",
        "GIT_CONFIG_COUNT": str(len(settings)),
    }
    for number, (key, value) in enumerate(settings.items()):
        environment |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    done = subprocess.run(
        ["git", "http-backend"], input=asked.body, env=environment, capture_output=True, check=False
    )
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    lines = [line.partition(": ") for line in head.decode("latin-1").split("\r\n")]
    found = {key: value for key, _, value in lines if key}
    return int(found.pop("Status", "200").split()[0]), found, body


def _handler(server: GitServer) -> type[BaseHTTPRequestHandler]:
    lock = Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked = Asked(self.command, self.path, dict(self.headers.items()), self._body())
            with lock:
                server.asked.append(asked)
            if server.delay or server.jitter:
                server.ended.wait(server.delay + server.jitter * random.random())
            name, step = _parted(self.path.partition("?")[0])
            fault = server.faults.get(name)
            try:
                if fault is not None and fault.status == 401 and server.admits(asked):
                    fault = None
                if fault is not None and fault.step in self.path:
                    self._count(fault, name)
                    self._fail(fault, asked, name, step)
                elif name in server.renamed:
                    query = self.path.partition("?")[2]
                    target = server.renamed[name]
                    base = target if "://" in target else f"{server.url}/{target}"
                    self._say(301, {"Location": f"{base}/{step}?{query}"}, b"moved")
                elif step and os.path.isdir(os.path.join(server.root, f"{name}.git")):
                    self._say(*_backend(server, asked, name, step))
                else:
                    self._say(404, {"Content-Type": "text/plain"}, b"Not Found")
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        do_POST = do_GET  # noqa: N815 - the name that the base class looks for

        def _count(self, fault: Fault, name: str) -> None:
            with lock:
                if fault.times == 1:
                    del server.faults[name]
                elif fault.times is not None:
                    server.faults[name] = replace(fault, times=fault.times - 1)

        def _fail(self, fault: Fault, asked: Asked, name: str, step: str) -> None:
            if fault.hangs:
                server.ended.wait()
                self.close_connection = True
            elif fault.keeps is not None:
                status, headers, body = _backend(server, asked, name, step)
                self._say(status, headers, body, sent=fault.keeps)
                self.close_connection = True
            else:
                self._say(fault.status, fault.headers, fault.body)

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def _say(
            self, status: int, headers: dict[str, str], body: bytes, sent: int | None = None
        ) -> None:
            self.send_response(status)
            for key, value in headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[:sent])

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
            pass

    return Handler


@contextmanager
def git_serving(root: str, **settings: Any) -> Iterator[GitServer]:
    """Yield a running git host over a folder; its thread and port are gone afterwards."""
    state = GitServer(root=root, **settings)
    with listening(_handler(state)) as port:
        state.url = f"http://127.0.0.1:{port}"
        try:
            yield state
        finally:
            state.ended.set()
