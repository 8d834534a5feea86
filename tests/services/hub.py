"""A Hugging Face Hub on the loopback, faithful enough for the Hub's own client.

Its API is at `url`; the content of large files is on another host, as on the real one.
Source: https://huggingface.co/docs/hub/api and the requests of huggingface_hub itself.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import msgspec
from msgspec import Struct, field

from tests.services.web import Reply, Request, StandIn, document, moved, ranged, running

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "hf_tokenOfTheTests"
LARGE = (".safetensors", ".ckpt", ".pt", ".pth", ".bin", ".gguf", ".onnx", ".sft")
"""Endings of the files that are kept apart from git, as the Hub's .gitattributes says."""

_ID = r"((?:datasets/|spaces/)?[^/]+(?:/[^/]+)?)"
_INFO = re.compile(r"/api/(models|datasets|spaces)/([^/]+(?:/[^/]+)?)(?:/revision/([^/]+))?\Z")
_PART = re.compile(
    r"/api/(models|datasets|spaces)/([^/]+(?:/[^/]+)?)/(refs|tree|paths-info)(?:/([^/]+))?(?:/(.*))?\Z"
)
_RESOLVE = re.compile(rf"/{_ID}/resolve/([^/]+)/(.+)\Z")


class Stored(Struct, frozen=True):
    """A file of a commit."""

    content: bytes
    is_large: bool
    is_xet: bool = False

    @property
    def sha256(self) -> str:
        """The digest of the content."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def pointer(self) -> bytes:
        """What git holds of it: the content, or a pointer to it."""
        if not self.is_large:
            return self.content
        lines = ("version https://git-lfs.github.com/spec/v1", f"oid sha256:{self.sha256}")
        return "\n".join([*lines, f"size {len(self.content)}", ""]).encode()

    @property
    def blob(self) -> str:
        """The id of the git blob."""
        data = self.pointer
        return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class Repository(Struct):
    """A repository with all its commits."""

    name: str
    commits: dict[str, dict[str, Stored]] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    gated: str | bool = False
    private: bool = False
    refusal: Reply | None = None
    """What every request gets: disabled, or taken down by law."""
    card: dict[str, Any] = field(default_factory=dict)
    listed: int | None = None
    """The most files that the Hub lists of it; None: all."""

    def commit(self, revision: str) -> str | None:
        """Return the commit that a branch, tag, pull request, full or short commit means."""
        named = self.refs.get(revision.removeprefix("refs/heads/").removeprefix("refs/tags/"))
        if named is not None:
            return named
        if not re.fullmatch(r"[0-9a-f]{7,40}", revision):
            return None
        return next((c for c in self.commits if c.startswith(revision)), None)


class Hub(StandIn):
    """The Hub: repositories by name, with their kind's prefix if they are no models."""

    def __init__(self) -> None:
        super().__init__()
        self.repositories: dict[str, Repository] = {}
        self.renamed: dict[str, str] = {}
        """Old names to those of today."""
        self.redirects_keep_queries = True
        self.tokens = {TOKEN}
        """The tokens that are somebody's."""
        self.granted: set[str] = set()
        """Gated repositories whose terms the tokens' owner has accepted."""
        self.tampered: dict[str, bytes] = {}
        """Content that is served instead of a path's own."""

    def add(
        self,
        name: str,
        files: dict[str, bytes],
        *,
        tag: str | None = None,
        xet: tuple[str, ...] = (),
        branch: str = "main",
        **settings: Any,
    ) -> str:
        """Add a commit with exactly these files; return its id. `settings` are Repository's."""
        found = self.repositories.setdefault(name, Repository(name))
        for key, value in settings.items():
            setattr(found, key, value)
        stored = {
            path: Stored(content, path.lower().endswith(LARGE), path in xet)
            for path, content in sorted(files.items())
        }
        tree = "".join(f"{path}:{file.blob}\n" for path, file in stored.items())
        told = f"{name}\n{len(found.commits)}\n{tree}"
        commit = hashlib.sha1(told.encode()).hexdigest()
        found.commits[commit] = stored
        found.refs[branch] = commit
        if tag:
            found.refs[tag] = commit
        return commit

    def answer(self, request: Request) -> Reply:
        """Answer as the Hub does, its limits in every reply."""
        reply = self._answer(request)
        limits = {
            "RateLimit": '"api";r=498;t=120',
            "RateLimit-Policy": '"fixed window";"api";q=500;w=300',
        }
        return Reply(reply.status, reply.body, {**limits, **reply.headers})

    def _answer(self, request: Request) -> Reply:
        if request.path.startswith("/content/"):
            return self._content(request)
        if match := _PART.match(request.path):
            kind, name, part, revision, path = match.groups()
            found = self._repository(_named(kind, name), request)
            if isinstance(found, Reply):
                return found
            return self._part(found, part, unquote(revision or "main"), path or "", request)
        if match := _INFO.match(request.path):
            kind, name, revision = match.groups()
            found = self._repository(_named(kind, name), request)
            return found if isinstance(found, Reply) else self._info(found, revision, request)
        if match := _RESOLVE.match(request.path):
            name, revision, path = match.groups()
            found = self._repository(unquote(name), request)
            if isinstance(found, Reply):
                return found
            return self._resolve(found, unquote(revision), unquote(path), request)
        return refused(404, None, "Sorry, we can't find the page you are looking for.")

    def _repository(self, name: str, request: Request) -> Repository | Reply:
        if request.token is not None and request.token not in self.tokens:
            return refused(401, None, "Invalid credentials in Authorization header")
        if name in self.renamed:
            target = request.path.replace(f"/{name}", f"/{self.renamed[name]}", 1)
            query = f"?{request.query_text}" if self.redirects_keep_queries else ""
            return moved(target + query)
        found = self.repositories.get(name)
        if found is None and request.token:
            return refused(404, "RepoNotFound", "Repository not found")
        if found is None or (found.private and not request.token):
            return refused(401, "RepoNotFound", "Invalid username or password.")
        return found.refusal or found

    def _info(self, found: Repository, revision: str | None, request: Request) -> Reply:
        commit = found.commit(unquote(revision or "main"))
        if commit is None:
            return refused(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        with_blobs = request.query.get("blobs", "").lower() == "true"
        name = found.name.partition("/")[2] if found.name.count("/") > 1 else found.name
        return document(
            {
                "_id": "65a1b2c3d4e5f60718293a4b",
                "id": name,
                "author": name.partition("/")[0],
                "sha": commit,
                "lastModified": "2025-03-01T12:00:00.000Z",
                "createdAt": "2025-01-01T12:00:00.000Z",
                "private": found.private,
                "gated": found.gated,
                "disabled": False,
                "downloads": 12,
                "likes": 3,
                "tags": ["diffusers"],
                "cardData": found.card,
                "siblings": [
                    _sibling(path, file, with_blobs=with_blobs)
                    for path, file in [*found.commits[commit].items()][: found.listed]
                ],
            }
        )

    def _part(
        self, found: Repository, part: str, revision: str, path: str, request: Request
    ) -> Reply:
        if part == "refs":
            return _refs(found)
        commit = found.commit(revision)
        if commit is None:
            return refused(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        files = found.commits[commit]
        if part == "tree":
            below = f"{unquote(path)}/" if path else ""
            return document([_entry(p, f) for p, f in files.items() if p.startswith(below)])
        asked = _paths(request)
        return document([_entry(path, files[path]) for path in asked if path in files])

    def _resolve(self, found: Repository, revision: str, path: str, request: Request) -> Reply:
        if found.gated and found.name not in self.granted:
            told = f"Access to model {found.name} is restricted."
            return refused(403 if request.token else 401, "GatedRepo", told)
        commit = found.commit(revision)
        if commit is None:
            return refused(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        file = found.commits[commit].get(path)
        if file is None:
            return refused(404, "EntryNotFound", "Entry not found")
        headers = {"X-Repo-Commit": commit, "ETag": f'"{file.blob}"'}
        if not file.is_large:
            return ranged(self.tampered.get(path, file.content), request, headers)
        headers |= {"X-Linked-Size": str(len(file.content)), "X-Linked-Etag": f'"{file.sha256}"'}
        if file.is_xet:
            headers["X-Xet-Hash"] = hashlib.sha256(b"xet" + file.content).hexdigest()
        target = f"http://{self.content_host}/content/{file.sha256}?Signature=abc"
        return Reply(302, b"", {**headers, "Location": target})

    def _content(self, request: Request) -> Reply:
        digest = request.path.rpartition("/")[2]
        for found in self.repositories.values():
            for files in found.commits.values():
                for file in files.values():
                    if file.sha256 == digest:
                        return ranged(file.content, request, {"ETag": f'"{digest}"'})
        return Reply(403, b"AccessDenied")


def refused(status: int, code: str | None, message: str) -> Reply:
    """What the Hub says when it does not give what was asked for."""
    named = {"X-Error-Code": code} if code else {}
    return document({"error": message}, status, X_Error_Message=message, **named)


def disabled() -> Reply:
    """What a repository answers that its owner or the Hub has switched off."""
    return refused(403, None, "Access to this resource is disabled.")


def limited(seconds: int, **headers: str) -> Reply:
    """What the Hub answers when its limit is used up."""
    told = {"RateLimit": f'"api";r=0;t={seconds}', **headers}
    return document({"error": "We had to rate limit you"}, 429, **told)


def _named(kind: str, name: str) -> str:
    return unquote(name) if kind == "models" else f"{kind}/{unquote(name)}"


def _sibling(path: str, file: Stored, *, with_blobs: bool) -> dict[str, Any]:
    if not with_blobs:
        return {"rfilename": path}
    told: dict[str, Any] = {"rfilename": path, "blobId": file.blob, "size": len(file.content)}
    if file.is_large:
        size, pointer = len(file.content), len(file.pointer)
        told["lfs"] = {"sha256": file.sha256, "size": size, "pointerSize": pointer}
    return told


def _entry(path: str, file: Stored) -> dict[str, Any]:
    told: dict[str, Any] = {
        "type": "file",
        "oid": file.blob,
        "size": len(file.content),
        "path": path,
    }
    if file.is_large:
        size, pointer = len(file.content), len(file.pointer)
        told["lfs"] = {"oid": file.sha256, "size": size, "pointerSize": pointer}
    if file.is_xet:
        told["xetHash"] = hashlib.sha256(b"xet" + file.content).hexdigest()
    return told


def _refs(found: Repository) -> Reply:
    kinds: dict[str, list[dict[str, str]]] = {"heads": [], "tags": []}
    for name, commit in sorted(found.refs.items()):
        kind = "heads" if name == "main" else "tags"
        kinds[kind].append({"name": name, "ref": f"refs/{kind}/{name}", "targetCommit": commit})
    return document({"branches": kinds["heads"], "tags": kinds["tags"], "converts": []})


def _paths(request: Request) -> list[str]:
    """Read the paths of a form or of a JSON document."""
    if "json" in request.headers.get("content-type", ""):
        return [str(path) for path in msgspec.json.decode(request.body)["paths"]]
    pairs = (pair.partition("=") for pair in request.body.decode().split("&"))
    return [unquote(value.replace("+", " ")) for key, _, value in pairs if key == "paths"]


@contextmanager
def hub_serving(port: int = 0) -> Iterator[Hub]:
    """Yield a Hub without repositories."""
    with running(Hub(), port) as hub:
        yield hub
