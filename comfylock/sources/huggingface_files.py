"""What a listing of the Hub does not say about a file: what it left out, and small files' digests.

The Hub publishes sha256 for what is kept apart from git (LFS, xet); other files have the id of
their git blob alone, so they are read once and proven by it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, cast

import msgspec
from msgspec import Struct

from comfylock.errors import SourceUnavailableError
from comfylock.hashing import git_blob_id
from comfylock.net.interface import Known, Question
from comfylock.references import HubFile, canonical_url
from comfylock.sources.huggingface_answers import ListedFile, Listing, listed
from comfylock.sources.interface import Missing

if TYPE_CHECKING:
    from comfylock.net.http import Http
    from comfylock.net.interface import Answers
    from comfylock.sources.huggingface_client import HubClient

SERVICE = "huggingface"
MAX_SMALL = 64 << 20
"""Bytes of a file without a published sha256 that is read to compute one."""

_Listed = Known[ListedFile | None]
_Digested = Known["Digest | Missing"]


class Digest(Struct, frozen=True, tag="digest"):
    """The digest of a file that was read here."""

    sha256: str
    size: int
    """Bytes."""


class _Entry(Struct, frozen=True):
    """A file in an answer to `paths-info`."""

    path: Any = None
    size: Any = None
    oid: Any = None
    lfs: dict[str, Any] | None = None
    type: Any = None


class HubFiles:
    """Asks about single files; threads may share it."""

    def __init__(self, answers: Answers, http: Http, client: HubClient) -> None:
        self._answers = answers
        self._http = http
        self._client = client

    def named(self, listing: Listing, path: str) -> ListedFile | None:
        """Return a file by its name, for listings that may lack it. Uses the network."""
        key = f"{listing.repository}@{listing.commit}/{path}"
        question = Question(SERVICE, "path", key, is_lasting=True)

        def fetch(_: _Listed | None) -> _Listed:
            return Known(self._asked(listing, path))

        return self._answers.ask(
            question, cast("type[ListedFile | None]", ListedFile | None), fetch
        )

    def _asked(self, listing: Listing, path: str) -> ListedFile | None:
        """Ask `paths-info`; not by the Hub's client, which has no timeout there."""
        prefix, _, name = listing.repository.partition("/")
        is_model = prefix not in {"datasets", "spaces"}
        place = f"models/{listing.repository}" if is_model else f"{prefix}/{name}"
        answer = self._http.request(
            "POST",
            f"{self._client.endpoint}/api/{place}/paths-info/{listing.commit}",
            headers={"Content-Type": "application/json"},
            body=msgspec.json.encode({"paths": [path], "expand": False}),
        )
        entries = _entries(answer.body) if answer.status == 200 else None
        if entries is None:
            told = f"answered {answer.status}, and nothing useful, about `{listing.repository}`"
            raise SourceUnavailableError(self._client.service, told)
        entry = next((e for e in entries if e.path == path and e.type == "file"), None)
        if entry is None:
            return None
        return listed(path, entry.size, entry.oid, (entry.lfs or {}).get("oid"))

    def digest(self, listing: Listing, file: ListedFile) -> Digest | Missing:
        """Return the digest of a small file, read once and proven. Uses the network."""
        key = f"{listing.repository}@{listing.commit}/{file.path}"
        question = Question(SERVICE, "digest", key, is_lasting=True)

        def fetch(_: _Digested | None) -> _Digested:
            found = self._read(listing, file)
            return Known(found, is_kept=isinstance(found, Digest))

        kind = cast("type[Digest | Missing]", Digest | Missing)
        return self._answers.ask(question, kind, fetch)

    def _read(self, listing: Listing, file: ListedFile) -> Digest | Missing:
        place = HubFile(listing.repository, listing.commit, file.path)
        url = canonical_url(place, hub=self._client.endpoint)
        headers = {"Accept-Encoding": "identity"}
        answer = self._http.request("GET", url, limit=MAX_SMALL, headers=headers)
        if answer.status != 200:
            return self._refused(answer.status, listing, file)
        if git_blob_id(answer.body) != file.blob:
            told = f"`{file.path}` of `{listing.repository}` is not what its commit says"
            return Missing("mismatch", told, "try again; if it stays so, do not use the file")
        return Digest(hashlib.sha256(answer.body).hexdigest(), len(answer.body))

    def _refused(self, status: int, listing: Listing, file: ListedFile) -> Missing:
        page = f"https://huggingface.co/{listing.repository}"
        if status in {401, 403} and listing.gated:
            told = f"its terms at {page} have not been accepted"
            return Missing("gated", told, f"accept the terms at {page} and set HF_TOKEN")
        if status in {401, 403}:
            told = "Hugging Face does not let it be read"
            return Missing("needs-token", told, "set HF_TOKEN to a token that can read it")
        told = f"`{file.path}` of `{listing.repository}` is listed, but answered {status}"
        return Missing("legal" if status == 451 else "gone", told)


def _entries(body: bytes) -> list[_Entry] | None:
    try:
        return msgspec.json.decode(body, type=list[_Entry])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
