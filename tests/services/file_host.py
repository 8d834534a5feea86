"""A file host on the loopback: ranges, redirects, login pages, and every way of not delivering."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from tests.services.web import Reply, Request, StandIn, moved, ranged, running, web_page

if TYPE_CHECKING:
    from collections.abc import Iterator

DATE = "Sat, 01 Mar 2025 12:00:00 GMT"


class HostedFile(Struct):
    """A file and how it is served."""

    content: bytes
    content_type: str = "application/octet-stream"
    etag: str | None = "strong"
    """`strong`, `weak`, or None for none."""
    date: str | None = DATE
    head: int = 200
    """Status of a HEAD."""
    status: int = 200
    """Status of everything else."""
    elsewhere: bool = False
    """Redirect to another name of this machine."""
    login: bool = False
    """Redirect strangers to a page."""
    promised: int | None = None
    """Bytes that Content-Length says."""
    endless: bool = False


class FileHost(StandIn):
    """Files by path."""

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, HostedFile] = {}

    def add(self, path: str, content: bytes = b"weights " * 64, **settings: Any) -> str:
        """Add a file and return its address; `settings` are HostedFile's."""
        self.files[path] = HostedFile(content, **settings)
        return f"{self.url}{path}"

    def answer(self, request: Request) -> Reply:
        """Answer as a file's settings say."""
        if request.path == "/login":
            return web_page("<!doctype html><html><title>Sign in to go on</title></html>")
        path = request.path.removeprefix("/storage")
        file = self.files.get(path)
        if file is None:
            return web_page("<html><title>404</title></html>", 404)
        if request.method == "HEAD" and file.head != 200:
            return Reply(file.head)
        if file.status != 200:
            return Reply(file.status, b"no", {"Content-Type": "text/plain"})
        if file.login:
            return moved("/login", 302)
        if file.elsewhere and path == request.path:
            return moved(f"http://{self.content_host}/storage{path}", 302)
        return self._served(file, request)

    def _served(self, file: HostedFile, request: Request) -> Reply:
        headers = {"Content-Type": file.content_type}
        if file.etag is not None:
            tag = f'"{hashlib.md5(file.content).hexdigest()}"'
            headers["ETag"] = tag if file.etag == "strong" else f"W/{tag}"
        if file.date is not None:
            headers["Last-Modified"] = file.date
        if file.endless:
            return Reply(200, file.content, headers, repeats=True)
        if file.promised is not None:
            headers |= {"Content-Length": str(file.promised), "Connection": "close"}
            return Reply(200, file.content, headers)
        return ranged(file.content, request, headers)


@contextmanager
def file_host_serving(port: int = 0) -> Iterator[FileHost]:
    """Yield a host without files."""
    with running(FileHost(), port) as service:
        yield service
