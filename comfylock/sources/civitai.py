"""Files of CivitAI's models, found by version and digest."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from comfylock.errors import SourceUnavailableError
from comfylock.links import sha256_of
from comfylock.net.interface import Known, Question
from comfylock.references import CIVITAI_HOSTS, CivitaiFile, canonical_url
from comfylock.sources.civitai_answers import Version, VersionFile, newest_of, version_of
from comfylock.sources.civitai_choice import chosen
from comfylock.sources.interface import Missing, ModelFacts

if TYPE_CHECKING:
    from collections.abc import Callable

    from comfylock.net.http import Download, Http, Response
    from comfylock.net.interface import Answers

SERVICE = "civitai"
ENDPOINT = "https://civitai.com"
MAX_FILE = 64 << 30
"""Bytes of a file that is read because CivitAI has no digest of it yet."""

_Answer = Known["Version | Missing"]
_Digested = Known["_Digest | Missing"]


class _Digest(Struct, frozen=True, tag="digest"):
    """What a download was, read to its end."""

    sha256: str
    size: int


class Civitai:
    """CivitAI, or a mirror of it."""

    def __init__(
        self,
        answers: Answers,
        http: Http,
        *,
        endpoint: str = ENDPOINT,
        token: str | None = None,
        max_file: int = MAX_FILE,
    ) -> None:
        """`token` only decides what is said: `http` sends it, to its own host alone."""
        self._answers = answers
        self._http = http
        self._endpoint = endpoint.rstrip("/").removesuffix("/api/v1")
        self._has_token = bool(token)
        self._max_file = max_file
        self.hosts = CIVITAI_HOSTS | {urlsplit(self._endpoint).netloc}
        """Hosts whose addresses mean CivitAI's files, as `parse_reference` takes them."""

    def find(self, reference: CivitaiFile, name: str) -> ModelFacts | Missing:
        """Return a file of a model version; `name` decides where the reference leaves it open.

        Uses the network: one request for a version, whatever number of its files is looked for.
        A model without a version means its newest published one.

        Raises:
            SourceUnavailableError: CivitAI cannot be reached or makes no sense.
        """
        if not _is_sound(reference):
            told = "the address names neither a model nor a version of CivitAI"
            return Missing("not-found", told, "copy it from the download button of the version")
        version = self._version(reference)
        if isinstance(version, Missing):
            return version
        if reference.model_id not in {None, version.model_id} and version.model_id is not None:
            told = (
                f"version {version.id} on CivitAI belongs to model {version.model_id}, "
                f"not to {reference.model_id}"
            )
            return Missing("mismatch", told, "correct the address")
        if version.off is not None:
            told = f"{_called(reference)} cannot be downloaded: {version.off}"
            return Missing("gone", told, "name another source in comfylock.toml")
        file = chosen(version, reference, name)
        if isinstance(file, Missing):
            return file
        return self._facts(version, file, is_latest=reference.version_id is None)

    def by_hash(self, sha256: str) -> ModelFacts | Missing:
        """Return the file with a digest, wherever CivitAI has it. Uses the network.

        Raises:
            SourceUnavailableError: CivitAI cannot be reached or makes no sense.
        """
        digest = sha256_of(sha256, None)
        if digest is None:
            return Missing("not-found", "what is looked for on CivitAI is no sha256")
        what = f"sha256 {digest}"
        path = f"model-versions/by-hash/{digest}"
        version = self._asked("by-hash", digest, path, version_of, what)
        if isinstance(version, Missing):
            return version
        file = next((file for file in version.files if file.sha256 == digest), None)
        if file is None or version.off is not None:
            return Missing("not-found", f"{what} is not on CivitAI, or cannot be downloaded")
        return self._facts(version, file, is_latest=False)

    def _version(self, reference: CivitaiFile) -> Version | Missing:
        number, what = reference.version_id, _called(reference)
        if number is not None:
            version = self._asked(
                "version", str(number), f"model-versions/{number}", version_of, what
            )
            if isinstance(version, Version) and version.id != number:
                raise self._odd(what)
            return version
        model = cast("int", reference.model_id)
        return self._asked(
            "model", str(model), f"models/{model}", lambda body: newest_of(body, model), what
        )

    def _asked(
        self,
        kind: str,
        key: str,
        path: str,
        read: Callable[[bytes], Version | None],
        what: str,
    ) -> Version | Missing:
        def fetch(known: _Answer | None) -> _Answer:
            answer = self._http.request(
                "GET", f"{self._endpoint}/api/v1/{path}", headers=_conditions(known)
            )
            if answer.status == 304 and known is not None:
                return known
            if answer.status != 200:
                missing = self._refused(answer, what)
                return Known(missing, is_kept=missing.reason in {"gone", "legal"})
            version = read(answer.body)
            if version is None:
                raise self._odd(what)
            return Known(version, answer.validators)

        answers = cast("type[Version | Missing]", Version | Missing)
        return self._answers.ask(Question(SERVICE, kind, key), answers, fetch)

    def _odd(self, what: str) -> SourceUnavailableError:
        return SourceUnavailableError(
            urlsplit(self._endpoint).netloc, f"gave an answer that cannot be read about {what}"
        )

    def _refused(self, answer: Response | Download, what: str) -> Missing:
        """Return what a status means.

        Raises:
            SourceUnavailableError: nothing that CivitAI says to strangers.
        """
        match answer.status:
            case 401 if self._has_token:
                told = f"CivitAI refused the token for {what}"
                return Missing("token-refused", told, "renew CIVITAI_TOKEN")
            case 401:
                hint = "set CIVITAI_TOKEN to an API key of your account"
                return Missing("needs-token", f"CivitAI wants a login for {what}", hint)
            case 403:
                told = f"CivitAI does not give out {what}: early access, or restricted"
                return Missing("gated", told, "see its page on CivitAI, and set CIVITAI_TOKEN")
            case 404 | 410:
                told = f"{what} is not on CivitAI, or no longer"
                return Missing("gone", told, "name another source in comfylock.toml")
            case 451:
                return Missing("legal", f"{what} was taken off CivitAI for legal reasons")
        told = f"answered {answer.status} about {what}"
        raise SourceUnavailableError(urlsplit(self._endpoint).netloc, told)

    def _facts(
        self, version: Version, file: VersionFile, *, is_latest: bool
    ) -> ModelFacts | Missing:
        warnings = file.warnings
        if is_latest:
            told = f"no version of CivitAI's model {version.model_id} is named; {version.id} is "
            warnings = (f"{told}the newest", *warnings)
        facts = ModelFacts(
            source="civitai",
            sha256=file.sha256,
            size=file.size,
            verified="upstream",
            requested="latest" if is_latest else None,
            model_id=version.model_id,
            version_id=version.id,
            file_id=file.id,
            gated=version.gated,
            private=version.private,
            warnings=warnings,
        )
        return facts if file.sha256 is not None else self._read(facts)

    def _read(self, facts: ModelFacts) -> ModelFacts | Missing:
        """Fill in the digest of a file that CivitAI has not read yet: by reading it here."""
        file = CivitaiFile(version_id=facts.version_id, file_id=facts.file_id)
        question = Question(SERVICE, "digest", f"{file.version_id}/{file.file_id}")

        def fetch(_: _Digested | None) -> _Digested:
            found = self._downloaded(file)
            return Known(found, is_kept=isinstance(found, _Digest))

        kind = cast("type[_Digest | Missing]", _Digest | Missing)
        digest = self._answers.ask(question, kind, fetch)
        if isinstance(digest, _Digest):
            return replace(facts, sha256=digest.sha256, size=digest.size, verified="downloaded")
        if digest.reason not in {"needs-token", "gated"}:
            return digest
        gated = facts.gated or ("login" if digest.reason == "needs-token" else None)
        told = f"CivitAI publishes none yet, and {digest.message}"
        return replace(facts, verified=None, unhashed=told, gated=gated)

    def _downloaded(self, file: CivitaiFile) -> _Digest | Missing:
        url = canonical_url(file, civitai=self._endpoint)
        what = _called(file)
        answer = self._http.download(url, limit=self._max_file)
        if answer.status != 200:
            return self._refused(answer, what)
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in {"text/html", "application/json"}:
            return _Digest(answer.sha256, answer.size)
        if self._has_token:
            return Missing("not-a-file", f"CivitAI gave a page instead of {what}")
        hint = "set CIVITAI_TOKEN to an API key of your account"
        return Missing("needs-token", f"CivitAI wants a login for {what}", hint)


def _is_sound(reference: CivitaiFile) -> bool:
    numbers = (reference.model_id, reference.version_id, reference.file_id)
    named = [number for number in numbers if number is not None]
    return all(number > 0 for number in named) and any(numbers[:2])


def _called(reference: CivitaiFile) -> str:
    if reference.version_id is not None:
        return f"version {reference.version_id}"
    return f"model {reference.model_id}"


def _conditions(known: _Answer | None) -> dict[str, str]:
    """Return the headers by which a service may say that a stale answer still holds."""
    names = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
    found = known.validators if known is not None else {}
    return {names[key]: value for key, value in found.items() if key in names}
