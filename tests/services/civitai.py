"""CivitAI on the loopback: versions, models, digests, downloads by way of another host.

Source: https://developer.civitai.com/docs/api/public-rest
"""

from __future__ import annotations

import hashlib
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from tests.services.web import Reply, Request, StandIn, document, moved, ranged, running, web_page

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "civitai_tokenOfTheTests"

_VERSION = re.compile(r"/api/v1/model-versions/(\d+)\Z")
_BY_HASH = re.compile(r"/api/v1/model-versions/by-hash/([0-9A-Za-z]+)\Z")
_MODEL = re.compile(r"/api/v1/models/(\d+)\Z")
_DOWNLOAD = re.compile(r"/api/download/models/(\d+)\Z")


class Upload(Struct):
    """A file of a version."""

    id: int
    name: str
    content: bytes
    type: str = "Model"
    format: str = "SafeTensor"
    size: str = "full"
    fp: str = "fp16"
    is_primary: bool = False
    is_scanned: bool = True
    """False: CivitAI has no digest of it yet."""
    decimals: int | None = None
    """To how many places `sizeKB` is rounded."""
    pickle: str = "Success"
    virus: str = "Success"

    @property
    def sha256(self) -> str:
        """The digest of the content, in CivitAI's upper case."""
        return hashlib.sha256(self.content).hexdigest().upper()


class ModelVersion(Struct):
    """A version of a model."""

    id: int
    model_id: int
    files: list[Upload] = field(default_factory=list)
    name: str = "v1.0"
    status: str = "Published"
    availability: str = "Public"
    usage: str = "Download"
    wants_login: bool = False
    """Downloads need a token."""
    refusal: Reply | None = None
    """What its download gets instead: early access, gone."""


class CivitaiService(StandIn):
    """CivitAI: versions by number, and what their models are like."""

    def __init__(self) -> None:
        super().__init__()
        self.versions: dict[int, ModelVersion] = {}
        self.modes: dict[int, str] = {}
        """`Archived` and `TakenDown` models."""
        self.hidden: set[int] = set()
        """Versions that are shown to a token only."""
        self.tokens = {TOKEN}
        self.login_pages = False
        """Send strangers to a page instead of answering 401."""

    def add(
        self, version_id: int, *files: Upload, model_id: int = 1000, **settings: Any
    ) -> ModelVersion:
        """Add a version; `settings` are ModelVersion's. The last that is added is the newest."""
        version = ModelVersion(version_id, model_id, list(files), **settings)
        self.versions[version_id] = version
        return version

    def answer(self, request: Request) -> Reply:
        """Answer as CivitAI does."""
        if request.path.startswith("/storage/"):
            return self._stored(request)
        if request.token is not None and request.token not in self.tokens:
            return document({"error": "Unauthorized"}, 401)
        if request.path == "/login":
            return web_page()
        if match := _DOWNLOAD.match(request.path):
            return self._download(int(match[1]), request)
        if match := _VERSION.match(request.path):
            return self._described(self.versions.get(int(match[1])), request)
        if match := _BY_HASH.match(request.path):
            digest = match[1].upper()
            having = (v for v in self.versions.values() if digest in {f.sha256 for f in v.files})
            return self._described(next(having, None), request)
        if match := _MODEL.match(request.path):
            return self._model(int(match[1]))
        return web_page("<!doctype html><title>Civitai</title>", 404)

    def _described(self, version: ModelVersion | None, request: Request) -> Reply:
        if version is None:
            return document({"error": "No version found"}, 404)
        if version.id in self.hidden and request.token is None:
            return document({"error": "Unauthorized"}, 401)
        reply = document(self._wire(version))
        etag = f'"{hashlib.md5(reply.body).hexdigest()}"'
        if request.headers.get("if-none-match") == etag:
            return Reply(304, b"", {"ETag": etag})
        return Reply(200, reply.body, {**reply.headers, "ETag": etag})

    def _model(self, model_id: int) -> Reply:
        versions = [v for v in reversed(self.versions.values()) if v.model_id == model_id]
        if not versions and model_id not in self.modes:
            return document({"error": f"No model with id {model_id}"}, 404)
        told = [self._wire(version) for version in versions]
        mode = self.modes.get(model_id)
        return document({"id": model_id, "name": "A model", "mode": mode, "modelVersions": told})

    def _wire(self, version: ModelVersion) -> dict[str, Any]:
        download = f"{self.url}/api/download/models/{version.id}"
        mode = self.modes.get(version.model_id)
        return {
            "id": version.id,
            "modelId": version.model_id,
            "name": version.name,
            "baseModel": "SDXL 1.0",
            "air": f"urn:air:sdxl:lora:civitai:{version.model_id}@{version.id}",
            "status": version.status,
            "availability": version.availability,
            "usageControl": version.usage,
            "earlyAccessEndsAt": None,
            "model": {"name": "A model", "type": "LORA", "nsfw": False, "mode": mode},
            "downloadUrl": download,
            "files": [_file(file, download) for file in version.files],
            "images": [],
        }

    def _download(self, version_id: int, request: Request) -> Reply:
        version = self.versions.get(version_id)
        if version is None:
            return document({"error": "Version not found"}, 404)
        if version.refusal is not None:
            return version.refusal
        if version.wants_login and request.token is None:
            if self.login_pages:
                return moved(f"/login?returnUrl=/models/{version.model_id}")
            return document({"error": "Unauthorized"}, 401)
        file = _asked(version, request.query)
        if file is None:
            return document({"error": "File not found"}, 404)
        return moved(f"http://{self.content_host}/storage/{file.sha256.lower()}?X-Amz-Signature=1")

    def _stored(self, request: Request) -> Reply:
        digest = request.path.rpartition("/")[2].upper()
        for version in self.versions.values():
            for file in version.files:
                if file.sha256 == digest:
                    told = f'attachment; filename="{file.name}"'
                    return ranged(file.content, request, {"Content-Disposition": told})
        return Reply(404)


def _asked(version: ModelVersion, query: dict[str, str]) -> Upload | None:
    """Return the file that a download's query means; the primary one without a query."""
    if "fileId" in query:
        return next((file for file in version.files if str(file.id) == query["fileId"]), None)
    filters = {key: query[key] for key in ("type", "format", "size", "fp") if key in query}
    fitting = [f for f in version.files if all(getattr(f, k) == v for k, v in filters.items())]
    fitting.sort(key=lambda file: not file.is_primary)
    return fitting[0] if fitting else None


def _file(file: Upload, download: str) -> dict[str, Any]:
    size = len(file.content) / 1024
    told: dict[str, Any] = {
        "id": file.id,
        "name": file.name,
        "sizeKB": size if file.decimals is None else round(size, file.decimals),
        "type": file.type,
        "metadata": {"format": file.format, "size": file.size, "fp": file.fp},
        "pickleScanResult": file.pickle,
        "virusScanResult": file.virus,
        "hashes": {},
        "downloadUrl": f"{download}?fileId={file.id}",
    }
    if file.is_scanned:
        told["hashes"] = {"AutoV2": file.sha256[:10], "SHA256": file.sha256}
    if file.is_primary:
        told["primary"] = True
    return told


@contextmanager
def civitai_serving(port: int = 0) -> Iterator[CivitaiService]:
    """Yield a CivitAI without models."""
    with running(CivitaiService(), port) as service:
        yield service
