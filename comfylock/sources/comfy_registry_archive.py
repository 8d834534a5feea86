"""The Comfy Registry's archives: where they may be, what they are."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO, TypeVar, cast
from urllib.parse import urlsplit, urlunsplit

from msgspec.structs import replace

from comfylock.errors import RefusedError, SourceUnavailableError
from comfylock.names import printable
from comfylock.net.interface import Known, Question, known_answer
from comfylock.sources.archive import file_digests, look_into, read_archive
from comfylock.sources.file_front import TooLargeError
from comfylock.sources.hashed_download import VALIDATORS, is_unchanged
from comfylock.sources.interface import ArchiveFacts, Missing, RegistryVersion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from comfylock.lockfile.schema import PackPin
    from comfylock.net.http import Download, Http
    from comfylock.net.interface import Answers
    from comfylock.sources.archive import Read

T = TypeVar("T")

SERVICE = "comfy-registry"
NAME = "Comfy Registry"
ENDPOINT = "https://api.comfy.org"

CDN = "cdn.comfy.org"
STORAGE = "storage.googleapis.com"
STORAGE_PATH = "/comfy-registry/"
"""Where the archives of the first versions are."""

MAX_ARCHIVE = 2 << 30
"""Bytes."""

_UNLIMITED = 1 << 62

_KIND = cast("type[ArchiveFacts | Missing]", ArchiveFacts | Missing)


class Places:
    """Where archives may be, under their own names and behind a configured endpoint."""

    def __init__(self, endpoint: str, configured: frozenset[str] = frozenset()) -> None:
        parts = urlsplit(endpoint)
        self._scheme, self._host = parts.scheme, parts.netloc.lower()
        self._is_own = endpoint.rstrip("/") == ENDPOINT
        self._configured = configured

    def canonical(self, url: str) -> tuple[str, bool]:
        """Return an archive's address on its canonical host, and whether the endpoint serves it.

        A user name and a fragment are left out; nothing is left of what is no web address.
        """
        try:
            parts = urlsplit(url.strip())
            host = parts.netloc.rpartition("@")[2].lower()
        except ValueError:
            return "", False
        if parts.scheme not in {"http", "https"} or not host or not url.isprintable():
            return "", False
        if not self._is_own and host == self._host:
            return urlunsplit(("https", CDN, parts.path, parts.query, "")), True
        return urlunsplit((parts.scheme, host, parts.path, parts.query, "")), False

    def address(self, version: RegistryVersion) -> str | None:
        """Return where to fetch an archive; None where nobody may."""
        parts = urlsplit(version.url)
        host, path = parts.netloc, parts.path
        if parts.scheme == "https" and host == CDN:
            if self._is_own or version.is_mirrored is False:
                return version.url
            return urlunsplit((self._scheme, self._host, path, parts.query, ""))
        if parts.scheme == "https" and host == STORAGE and path.startswith(STORAGE_PATH):
            return version.url if ".." not in path else None
        is_configured = host in self._configured or parts.hostname in self._configured
        return version.url if is_configured else None


def known_files(answers: Answers, pin: PackPin) -> dict[str, str] | None:
    """Return path to sha256 of the archive that a pin names; None if nobody knows. No network.

    Only what was learnt from an archive with the very digest that is locked.
    """
    url = pin.url or ""
    named = url.split("/")[4:5]  # `https://cdn.comfy.org/PUBLISHER/ID/VERSION/node.zip`
    for name in dict.fromkeys((pin.name, *named, *pin.aliases)):
        for kind in ("archive-contents", "archive"):
            question = Question(SERVICE, kind, f"{name}@{pin.version} {url}", is_lasting=True)
            found = known_answer(answers, question, _KIND)
            if isinstance(found, ArchiveFacts) and found.sha256 == pin.sha256 and found.files:
                return found.files
    return None


class _Sink(io.BufferedRandom):
    """A temporary file that does not grow beyond a limit."""

    def __init__(self, raw: io.FileIO, limit: int) -> None:
        super().__init__(raw)
        self._limit = limit

    def write(self, data: bytes, /) -> int:  # type: ignore[override]
        if self.tell() + len(data) > self._limit:
            raise TooLargeError
        return super().write(data)


class Archives:
    """Fetches archives once, hashes them, looks into them."""

    def __init__(
        self, answers: Answers, http: Http, places: Places, limit: int = MAX_ARCHIVE
    ) -> None:
        self._answers = answers
        self._http = http
        self._places = places
        self._limit = limit

    def find(self, version: RegistryVersion, *, read: bool) -> ArchiveFacts | Missing:
        """Return the digest of a version's archive; with `read`, its class types too.

        Uses the network. The registry's own download endpoint counts installs and is left alone.

        Raises:
            SourceUnavailableError: the archive cannot be fetched now.
        """
        key = f"{version.id}@{version.version} {version.url}"
        deep = Question(SERVICE, "archive-contents", key, is_lasting=True)
        if not read:
            known = known_answer(self._answers, deep, _KIND)
            if isinstance(known, ArchiveFacts):
                return replace(known, contents=replace(known.contents, class_types=None))
        question = deep if read else Question(SERVICE, "archive", key, is_lasting=True)

        def fetch(known: Known[ArchiveFacts | Missing] | None) -> Known[ArchiveFacts | Missing]:
            if known is not None and self._is_unchanged(version, known):
                return known
            found, validators = self._fetched(version, read=read)
            return Known(found, validators, is_kept=isinstance(found, ArchiveFacts))

        return self._answers.ask(question, _KIND, fetch)

    def _is_unchanged(self, version: RegistryVersion, known: Known[ArchiveFacts | Missing]) -> bool:
        """Say whether the service itself says that an archive is what it was."""
        address = self._places.address(version)
        if address is None or not isinstance(known.value, ArchiveFacts) or not known.validators:
            return False
        return is_unchanged(self._http, address, known.value.size, known.validators)

    def looked_into(
        self,
        version: RegistryVersion,
        kind: str,
        answer: type[T | Missing],
        look: Callable[[Iterable[str], Read], T],
    ) -> T | Missing:
        """Return what `look` makes of a version's files, kept under the name `kind`.

        Uses the network. Raises as `find`.
        """
        key = f"{version.id}@{version.version} {version.url}"

        def fetch(_: Known[T | Missing] | None) -> Known[T | Missing]:
            found = self._opened(version, lambda file, what, _: look_into(file, what, look))
            return Known(found, is_kept=not isinstance(found, Missing))

        return self._answers.ask(Question(SERVICE, kind, key, is_lasting=True), answer, fetch)

    def _fetched(
        self, version: RegistryVersion, *, read: bool
    ) -> tuple[ArchiveFacts | Missing, dict[str, str]]:
        """Return what an archive is, and what tells later whether it has changed."""
        validators: dict[str, str] = {}

        def look(file: BinaryIO, what: str, answer: Download) -> ArchiveFacts | Missing:
            contents = read_archive(file, what, with_classes=read)
            if isinstance(contents, Missing):
                return contents
            found = {name: v for name in VALIDATORS if (v := answer.headers.get(name))}
            validators.update(found)
            return ArchiveFacts(answer.sha256, answer.size, contents, file_digests(file))

        return self._opened(version, look), validators

    def _opened(
        self, version: RegistryVersion, look: Callable[[BinaryIO, str, Download], T | Missing]
    ) -> T | Missing:
        """Fetch a version's archive and return what `look` makes of it."""
        what = f"the archive of `{version.id}` {version.version}"
        if not version.url:
            told = f"the Comfy Registry names no archive of `{version.id}` {version.version}"
            return Missing("not-found", told, "choose another version of it")
        address = self._places.address(version)
        if address is None:
            host = printable(urlsplit(version.url).netloc, 80)
            told = f"{what} is on `{host}`, which is no host of the Comfy Registry's archives"
            return Missing("not-allowed", told, "`[trust] allow-hosts` can allow it")
        import tempfile  # noqa: PLC0415 - costs 8 ms

        with _Sink(tempfile.TemporaryFile(buffering=0), self._limit) as file:
            try:
                answer = self._http.download(address, limit=_UNLIMITED, sink=file)
            except RefusedError as error:
                told = f"{what} must not be fetched: {error.message}"
                return Missing("not-allowed", told, error.hint)
            except TooLargeError:
                told = f"{what} is larger than {_shown(self._limit)}"
                return Missing("too-large", told, "choose another version of it")
            if answer.status != 200:
                return _refused(answer, what)
            return look(file, what, answer)


def _refused(answer: Download, what: str) -> Missing:
    """Return what a status means.

    Raises:
        SourceUnavailableError: nothing that a store of files says.
    """
    # Google's storage answers 403 for what is not there to those who may not list it.
    if answer.status in {401, 403, 404, 410}:
        told = f"{what} is not there any more (the service answered {answer.status})"
        return Missing("gone", told, "choose another version of it")
    if answer.status == 451:
        return Missing("legal", f"{what} was taken down for legal reasons")
    raise SourceUnavailableError(NAME, f"answered {answer.status} for {what}")


def _shown(size: int) -> str:
    return f"{size >> 20} MiB" if size >= 1 << 20 else f"{size} bytes"
