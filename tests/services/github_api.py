"""GitHub's releases on the loopback: its API, and the downloads by way of another host.

Source: https://docs.github.com/rest/releases/releases
"""

from __future__ import annotations

import hashlib
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from msgspec import Struct, field

from tests.services.web import Reply, Request, StandIn, document, moved, ranged, running

if TYPE_CHECKING:
    from collections.abc import Iterator

_REPOSITORY = re.compile(r"/repos/([^/]+/[^/]+)\Z")
_RELEASE = re.compile(r"/repos/([^/]+/[^/]+)/releases/(?:tags/(.+)|latest)\Z")
_BY_NUMBER = re.compile(r"/repositories/(\d+)/releases/(?:tags/(.+)|latest)\Z")
_DOWNLOAD = re.compile(r"(/storage)?/([^/]+/[^/]+)/releases/download/([^/]+)/([^/]+)\Z")


class Attached(Struct):
    """A file of a release."""

    content: bytes
    has_digest: bool = True
    state: str = "uploaded"
    url: str | None = None
    """Where it is said to be, if not where it is."""


class Published(Struct):
    """A release."""

    tag: str
    assets: dict[str, Attached] = field(default_factory=dict)


class GithubService(StandIn):
    """Repositories with releases, in any case; the last that is added is the latest."""

    def __init__(self) -> None:
        super().__init__()
        self.releases: dict[str, dict[str, Published]] = {}
        self.renamed: dict[str, str] = {}
        self.left = 60
        """Requests to the API that are left."""

    def add(self, repository: str, tag: str, **assets: bytes | Attached) -> Published:
        """Add a release; `__` in a name stands for a full stop."""
        files = {
            name.replace("__", "."): each if isinstance(each, Attached) else Attached(each)
            for name, each in assets.items()
        }
        release = Published(tag, files)
        self.releases.setdefault(repository.lower(), {})[tag] = release
        return release

    def answer(self, request: Request) -> Reply:
        """Answer as GitHub does."""
        if match := _DOWNLOAD.match(request.path):
            return self._download(match, request)
        if self.left <= 0:
            return document(
                {"message": "API rate limit exceeded for 127.0.0.1."},
                403,
                **{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "4102444800"},
            )
        self.left -= 1
        reply = self._api(request)
        counted = {"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": str(self.left)}
        return Reply(reply.status, reply.body, {**reply.headers, **counted})

    def _api(self, request: Request) -> Reply:
        if match := _REPOSITORY.match(request.path):
            found = match[1].lower() in self.releases
            return document({"full_name": match[1]}) if found else _not_found()
        if match := _BY_NUMBER.match(request.path):
            return self._release(list(self.releases)[int(match[1])], match[2], request)
        if match := _RELEASE.match(request.path):
            if match[1] in self.renamed:
                number = list(self.releases).index(self.renamed[match[1]].lower())
                rest = request.path.partition("/releases/")[2]
                return moved(f"/repositories/{number}/releases/{rest}", 301)
            return self._release(match[1], match[2], request)
        return _not_found()

    def _release(self, repository: str, tag: str | None, request: Request) -> Reply:
        named = self.releases.get(repository.lower(), {})
        release = named.get(unquote(tag)) if tag else next(reversed(named.values()), None)
        if release is None:
            return _not_found()
        reply = document(self._wire(repository, release))
        etag = f'W/"{hashlib.md5(reply.body).hexdigest()}"'
        if request.headers.get("if-none-match") == etag:
            return Reply(304, b"", {"ETag": etag})
        return Reply(200, reply.body, {**reply.headers, "ETag": etag})

    def _wire(self, repository: str, release: Published) -> dict[str, Any]:
        tag = quote(release.tag, safe="")
        assets = [
            {
                "name": name,
                "state": each.state,
                "size": len(each.content),
                "digest": f"sha256:{hashlib.sha256(each.content).hexdigest()}"
                if each.has_digest
                else None,
                "browser_download_url": each.url
                or f"{self.url}/{repository}/releases/download/{tag}/{name}",
            }
            for name, each in release.assets.items()
        ]
        page = f"https://github.com/{repository}/releases/tag/{tag}"
        return {"tag_name": release.tag, "html_url": page, "draft": False, "assets": assets}

    def _download(self, match: re.Match[str], request: Request) -> Reply:
        release = self.releases.get(match[2].lower(), {}).get(unquote(match[3]))
        asset = release.assets.get(match[4]) if release is not None else None
        if asset is None:
            return Reply(404, b"Not Found", {"Content-Type": "text/plain"})
        if not match[1]:
            return moved(f"http://{self.content_host}/storage{request.path}", 302)
        return ranged(asset.content, request, {"ETag": f'"{len(asset.content)}"'})


def _not_found() -> Reply:
    return document({"message": "Not Found", "status": "404"}, 404)


@contextmanager
def github_api_serving(port: int = 0) -> Iterator[GithubService]:
    """Yield GitHub without repositories."""
    with running(GithubService(), port) as service:
        yield service
