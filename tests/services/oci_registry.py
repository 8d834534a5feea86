"""A registry of container images on the loopback: lists, manifests, tokens, limits.

Source: the OCI distribution and image specifications; the distribution project's token flow.
"""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct, field

from tests.services.web import Reply, Request, StandIn, document, moved, running

if TYPE_CHECKING:
    from collections.abc import Iterator

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_V1 = "application/vnd.docker.distribution.manifest.v1+prettyjws"

_ASKED = re.compile(r"/v2/(.+)/(manifests|blobs)/([^/]+)\Z")
_STORED = "/storage/"


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def encoded(content: Any) -> bytes:
    return json.dumps(content, indent=3).encode()


def layer(size: int, number: int = 0, **more: Any) -> dict[str, Any]:
    """A layer that nobody reads, so its digest may be anything."""
    digest = digest_of(f"layer {number} of {size}".encode())
    kind = "application/vnd.oci.image.layer.v1.tar+gzip"
    return {"mediaType": kind, "digest": digest, "size": size, **more}


class Repository(Struct):
    """What one repository holds, by digest; tags lead to digests."""

    documents: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    """Digest to media type and bytes."""
    blobs: dict[str, bytes] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    is_private: bool = False

    def put(self, kind: str, data: bytes, *tags: str) -> str:
        """Add a document and return its digest."""
        digest = digest_of(data)
        self.documents[digest] = (kind, data)
        self.tags.update(dict.fromkeys(tags, digest))
        return digest

    def put_image(
        self,
        platform: str | None,
        layers: list[dict[str, Any]],
        *tags: str,
        kind: str = OCI_MANIFEST,
    ) -> str:
        """Add an image for one platform, with its configuration."""
        config = encoded({**(described(platform) if platform else {}), "rootfs": {}})
        self.blobs[digest_of(config)] = config
        told = {"digest": digest_of(config), "size": len(config)}
        content = {"schemaVersion": 2, "mediaType": kind, "config": told, "layers": layers}
        return self.put(kind, encoded(content), *tags)

    def put_list(self, images: dict[str, str], *tags: str, kind: str = OCI_INDEX) -> str:
        """Add a list of platforms and the digests of their images."""
        rows = [
            {"digest": digest, "size": 7, "platform": described(platform)}
            for platform, digest in images.items()
        ]
        signature = {"digest": digest_of(b"signed"), "platform": described("unknown/unknown")}
        content = {"schemaVersion": 2, "mediaType": kind, "manifests": [*rows, signature]}
        return self.put(kind, encoded(content), *tags)


def described(platform: str) -> dict[str, str]:
    """A platform as documents spell it."""
    return dict(zip(("os", "architecture", "variant"), platform.split("/"), strict=False))


class OciRegistry(StandIn):
    """A registry that gives tokens to everybody, each good for one repository."""

    def __init__(self) -> None:
        super().__init__()
        self.repositories: dict[str, Repository] = {}
        self.access: Literal["bearer", "basic", "open"] = "bearer"
        self.realm: str | None = None
        """Where tokens are said to come from, if not from here."""
        self.challenge: str | None = None
        """The whole challenge, if not the usual one."""
        self.pulls_left: int | None = None
        """GET of manifests that are left; HEAD is not counted."""
        self.tells_digest = True
        self.stores_elsewhere = False
        """Blobs are at the machine's other name."""
        self.prefix = ""
        """Before every repository, as a proxy inside a registry has it."""
        self.given: list[str] = []
        """The tokens that were given, in order; the last of a repository counts."""
        self._good: dict[str, str] = {}

    def add(self, name: str, *, is_private: bool = False) -> Repository:
        """Add an empty repository."""
        return self.repositories.setdefault(name, Repository(is_private=is_private))

    def forget_tokens(self) -> None:
        """Let every token that was given be too old."""
        self._good.clear()

    def answer(self, request: Request) -> Reply:
        """Answer as registries do."""
        if request.path == "/token":
            return self._token(request)
        if request.path.startswith(_STORED):
            return self._stored(request.path.removeprefix(_STORED))
        match = _ASKED.match(request.path)
        name = match[1].removeprefix(self.prefix) if match else ""
        if match is None or not match[1].startswith(self.prefix):
            return _error("UNSUPPORTED", 404)
        if self.access != "open" and not self._may(request, name):
            return self._challenged(name)
        repository = self.repositories.get(name)
        if repository is None:
            return _error("NAME_UNKNOWN", 404)
        if match[2] == "blobs":
            return self._blob(repository, match[3])
        return self._document(repository, match[3], request)

    def _may(self, request: Request, name: str) -> bool:
        repository = self.repositories.get(name)
        is_open = repository is not None and not repository.is_private
        return is_open and request.token is not None and request.token == self._good.get(name)

    def _challenged(self, name: str) -> Reply:
        realm = self.realm or f"{self.url}/token"
        usual = f'Bearer realm="{realm}",service="stand-in",scope="repository:{name}:pull"'
        basic = 'Basic realm="stand-in"'
        told = self.challenge or (basic if self.access == "basic" else usual)
        reply = _error("UNAUTHORIZED", 401)
        return Reply(401, reply.body, {**reply.headers, "WWW-Authenticate": told})

    def _token(self, request: Request) -> Reply:
        kind, _, rest = request.query.get("scope", "").partition(":")
        name, _, actions = rest.rpartition(":")
        if (kind, actions) != ("repository", "pull"):
            return _error("DENIED", 400)
        token = f"Secret-Token-{len(self.given)}-{digest_of(name.encode())[7:27]}"
        self.given.append(token)
        self._good[name] = token
        return document({"token": token, "access_token": token, "expires_in": 300})

    def _document(self, repository: Repository, wanted: str, request: Request) -> Reply:
        digest = repository.tags.get(wanted, wanted)
        if digest not in repository.documents:
            return _error("MANIFEST_UNKNOWN", 404)
        kind, data = repository.documents[digest]
        limits = {}
        if self.pulls_left is not None:
            if request.method == "GET":
                if self.pulls_left == 0:
                    limits = {"RateLimit-Limit": "100;w=21600", "RateLimit-Remaining": "0;w=21600"}
                    refused = _error("TOOMANYREQUESTS", 429)
                    return Reply(429, refused.body, {**refused.headers, **limits})
                self.pulls_left -= 1
            limits = {"RateLimit-Remaining": f"{self.pulls_left};w=21600"}
        told = {"Docker-Content-Digest": digest} if self.tells_digest else {}
        return Reply(200, data, {"Content-Type": kind, **told, **limits})

    def _blob(self, repository: Repository, digest: str) -> Reply:
        data = repository.blobs.get(digest)
        if data is None:
            return _error("BLOB_UNKNOWN", 404)
        if self.stores_elsewhere:
            return moved(f"http://{self.content_host}{_STORED}{digest}?signature=planted")
        return Reply(200, data, {"Content-Type": "application/octet-stream"})

    def _stored(self, digest: str) -> Reply:
        found = (each.blobs[digest] for each in self.repositories.values() if digest in each.blobs)
        return Reply(200, next(found))


def _error(code: str, status: int) -> Reply:
    return document({"errors": [{"code": code, "message": "no", "detail": None}]}, status)


@contextmanager
def oci_registry_serving(port: int = 0) -> Iterator[OciRegistry]:
    """Yield a registry without repositories."""
    with running(OciRegistry(), port) as service:
        yield service
