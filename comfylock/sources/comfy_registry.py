"""The Comfy Registry: packs, their versions, archives and class types.

Source: https://docs.comfy.org/registry/overview
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar, cast

from comfylock.errors import OfflineError
from comfylock.names import is_text, normalise_registry_id, printable
from comfylock.net.interface import Known, Question, ask_many, known_answer
from comfylock.sources.comfy_registry_archive import (
    ENDPOINT,
    MAX_ARCHIVE,
    SERVICE,
    Archives,
    Places,
)
from comfylock.sources.comfy_registry_client import Client
from comfylock.sources.comfy_registry_payloads import VERSION
from comfylock.sources.interface import (
    ArchiveFacts,
    ClassTypes,
    Missing,
    RegistryPack,
    RegistryVersion,
    VersionList,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from comfylock.net.http import Http
    from comfylock.net.interface import Answers

T = TypeVar("T")

MAX_NAME = 300
"""Characters of a class type that is looked up."""

_Pack = RegistryPack | Missing
_Version = RegistryVersion | Missing
_PACK = cast("type[RegistryPack | Missing]", _Pack)
_VERSION = cast("type[RegistryVersion | Missing]", _Version)
_LISTING = cast("type[VersionList | Missing]", VersionList | Missing)


class ComfyRegistry:
    """The Comfy Registry, or a mirror of it; threads may share it."""

    def __init__(
        self,
        answers: Answers,
        http: Http,
        *,
        endpoint: str = ENDPOINT,
        configured: frozenset[str] = frozenset(),
        max_archive: int = MAX_ARCHIVE,
    ) -> None:
        """Take archives from the `configured` hosts besides the registry's own."""
        endpoint = endpoint.rstrip("/")
        self._answers = answers
        places = Places(endpoint, configured)
        self._client = Client(http, endpoint, places)
        self._archives = Archives(answers, http, places, max_archive)

    def packs(self, ids: tuple[str, ...]) -> dict[str, RegistryPack | Missing]:
        """Return what the registry knows of each id; old ids lead to the pack of today.

        Uses the network: a request for a hundred packs, and one for each that it leaves out.

        Raises:
            SourceUnavailableError: the registry cannot be reached or makes no sense.
        """
        questions = {}
        for given in ids:
            name = normalise_registry_id(given)
            questions[given] = None if name is None else Question(SERVICE, "pack", name)
        sound = sorted(filter(None, questions.values()))
        found = ask_many(self._answers, sound, _PACK, self._fetch_packs)
        return {
            given: _no_id(given) if asked is None else found.get(asked) or _offline(given)
            for given, asked in questions.items()
        }

    def versions(
        self, wanted: tuple[tuple[str, str], ...]
    ) -> dict[tuple[str, str], RegistryVersion | Missing]:
        """Return exact versions by (id, version), in any status; many in one request.

        A version that the registry does not know is looked for in its spelling too: `v1.2` is
        `1.2.0` there. Uses the network.

        Raises:
            SourceUnavailableError: the registry cannot be reached or makes no sense.
        """
        questions = {}
        for pair in wanted:
            name, version = normalise_registry_id(pair[0]), pair[1].strip()
            is_sound = name is not None and VERSION.match(version)
            key = f"{name}@{version}"
            questions[pair] = Question(SERVICE, "version", key) if is_sound else None
        sound = sorted(filter(None, questions.values()))
        found = ask_many(self._answers, sound, _VERSION, self._fetch_versions)
        return {
            pair: _no_version(*pair) if asked is None else found.get(asked) or _offline(*pair)
            for pair, asked in questions.items()
        }

    def listing(self, pack_id: str) -> VersionList | Missing:
        """Return all versions of a pack that can be installed, the newest first. Uses the network.

        Raises:
            SourceUnavailableError: the registry cannot be reached or makes no sense.
        """
        name = normalise_registry_id(pack_id)
        if name is None:
            return _no_id(pack_id)

        question = Question(SERVICE, "versions", name)
        return self._answers.ask(question, _LISTING, lambda _: Known(self._client.listing(name)))

    def class_types(self, version: RegistryVersion) -> ClassTypes:
        """Return the class types that the registry extracted from a version. Uses the network.

        It runs packs on a machine without a GPU to find out, so an empty list says nothing
        unless the extraction is known to have succeeded.

        Raises:
            SourceUnavailableError: the registry cannot be reached or makes no sense.
        """
        key = f"{version.id}@{version.version}"
        lasting = Question(SERVICE, "class-types", key, is_lasting=True)
        known = known_answer(self._answers, lasting, ClassTypes)
        if known is not None:
            return known
        if version.extraction == "failed":  # and the registry does not try again
            return ClassTypes(None)

        def fetch(_: Known[ClassTypes] | None) -> Known[ClassTypes]:
            names = self._client.class_types(version.id, version.version)
            is_told = bool(names) or version.extraction == "success"
            return Known(ClassTypes(tuple(sorted(names)) if is_told else None))

        found = self._answers.ask(Question(SERVICE, "extraction", key), ClassTypes, fetch)
        if found.names:
            with suppress(OfflineError):
                self._answers.ask(lasting, ClassTypes, lambda _: Known(found))
        return found

    def archive(self, version: RegistryVersion, *, read: bool) -> ArchiveFacts | Missing:
        """Return the digest of a version's archive; with `read`, its class types too.

        Uses the network; what was fetched once is known for ever.

        Raises:
            SourceUnavailableError: the archive cannot be fetched now.
        """
        return self._archives.find(version, read=read)

    def looked_into(
        self,
        version: RegistryVersion,
        kind: str,
        answer: type[T | Missing],
        look: Callable[[Iterable[str], Callable[[str], bytes | None]], T],
    ) -> T | Missing:
        """Return what `look` makes of the names and bytes of a version's files; kept as `kind`.

        Uses the network; nothing is unpacked or run.

        Raises:
            SourceUnavailableError: the archive cannot be fetched now.
        """
        return self._archives.looked_into(version, kind, answer, look)

    def provider(self, class_type: str) -> RegistryPack | Missing:
        """Return the pack that the registry's reverse lookup names for a class type.

        It names one pack even where several have the class type. Uses the network.

        Raises:
            SourceUnavailableError: the registry cannot be reached or makes no sense.
        """
        unknown = Missing(
            "not-found", f"the Comfy Registry knows no pack with `{printable(class_type, 80)}`"
        )
        is_sound = is_text(class_type) and class_type.isprintable() and class_type.strip(". ")
        if not is_sound or len(class_type) > MAX_NAME:
            return unknown

        def fetch(_: Known[_Pack] | None) -> Known[_Pack]:
            found = self._client.provider(class_type)
            is_unknown = isinstance(found, Missing) and found.reason == "not-found"
            return Known(unknown if is_unknown else found)

        return self._answers.ask(Question(SERVICE, "provider", class_type), _PACK, fetch)

    def _fetch_packs(self, questions: tuple[Question, ...]) -> dict[Question, Known[_Pack]]:
        found = self._client.packs([question.key for question in questions])
        return {Question(SERVICE, "pack", name): Known(pack) for name, pack in found.items()}

    def _fetch_versions(self, questions: tuple[Question, ...]) -> dict[Question, Known[_Version]]:
        pairs = [(name, version) for name, _, version in (q.key.partition("@") for q in questions)]
        return {
            Question(SERVICE, "version", "@".join(pair)): Known(version or _no_version(*pair))
            for pair, version in self._client.versions(pairs).items()
        }


def _no_id(given: str) -> Missing:
    told = f"`{printable(given, 80)}` cannot be an id of the Comfy Registry"
    return Missing("not-found", told, "name the pack's repository in comfylock.toml")


def _no_version(name: str, version: str) -> Missing:
    shown = f"`{printable(name, 80)}` has no version `{printable(version, 80)}`"
    told = f"{shown} in the Comfy Registry"
    return Missing("no-such-version", told, "ask for another version in comfylock.toml")


def _offline(name: str, version: str = "") -> Missing:
    what = f"`{name}` {version}".strip()
    told = f"nobody knows what the Comfy Registry says about {what} without asking it"
    return Missing("offline", told, "it is neither in the cache nor in the recording")
