"""Container images: a tag of any registry to digests that never change, for one platform.

Source: https://github.com/opencontainers/distribution-spec
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from msgspec import Struct
from msgspec.structs import replace

from comfylock.errors import SourceUnavailableError
from comfylock.names import printable
from comfylock.net.interface import Known, Question
from comfylock.references.image import LATEST, Platform, parse_platform
from comfylock.sources.container_image_documents import (
    Document,
    Index,
    Manifest,
    Unusable,
    read_document,
    read_platform,
)
from comfylock.sources.container_image_registry import Body, Registries
from comfylock.sources.interface import ImageFacts, Missing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from comfylock.net.http import Http
    from comfylock.net.interface import Answers
    from comfylock.references.image import ImageReference

SERVICE = "image"
_SHOWN = 12
"""Platforms that a message names."""


class Tagged(Struct, frozen=True, tag="tagged"):
    """What a tag leads to."""

    digest: str


class Configured(Struct, frozen=True, tag="configured"):
    """What an image's configuration says that it runs on; None if nothing."""

    platform: Platform | None


_TAGGED = cast("type[Tagged | Missing]", Tagged | Missing)
_DOCUMENT = cast("type[Document | Missing]", Document | Missing)
_CONFIGURED = cast("type[Configured | Missing]", Configured | Missing)


class ContainerImages:
    """Images that everybody may read, of all registries."""

    def __init__(
        self,
        answers: Answers,
        http: Http,
        *,
        endpoints: Mapping[str, str] | None = None,
        configured: frozenset[str] = frozenset(),
    ) -> None:
        """Ask registries at their own addresses, or at the one in `endpoints` (host to base).

        `configured` are the hosts that `http` may reach beyond the public network.
        """
        self._answers = answers
        self._registries = Registries(http, endpoints or {}, configured)
        self._read: dict[tuple[str, str], Body] = {}

    def find(self, reference: ImageReference, platform: str) -> ImageFacts | Missing:
        """Return an image for a platform such as `linux/amd64`, at the digests of now.

        Uses the network: the tag and the list of platforms are one request, the platform's
        manifest another; an image for one platform needs its configuration instead. What is
        asked for by digest is asked for once and never again.

        Raises:
            SourceUnavailableError: the registry cannot be reached, or answers no more for now.
        """
        wanted = parse_platform(platform)
        if wanted is None:
            told = f"`{printable(platform, 80)}` is no platform"
            return Missing("no-such-platform", told, "name one such as `linux/amd64`")
        digest = self._digest(reference)
        if isinstance(digest, Missing):
            return digest
        top = self._document(reference, digest)
        self._read.pop((reference.name, digest), None)
        if isinstance(top, Index):
            return self._of_list(reference, wanted, digest, top)
        if not isinstance(top, Manifest):
            return _unusable(reference, top)
        runs_on = self._platform(reference, top.config)
        if isinstance(runs_on, Missing):
            return runs_on
        if runs_on.platform != wanted:
            there = (str(runs_on.platform),) if runs_on.platform else ()
            return _no_platform(reference, wanted, there)
        return _facts(reference, wanted, digest, top)

    def _of_list(
        self, reference: ImageReference, wanted: Platform, digest: str, index: Index
    ) -> ImageFacts | Missing:
        inner = index.digest_for(wanted)
        if inner is None:
            return _no_platform(reference, wanted, index.platforms())
        found = self._document(reference, inner)
        if not isinstance(found, Manifest):
            return _unusable(reference, found)
        return replace(_facts(reference, wanted, inner, found), index=digest)

    def _digest(self, reference: ImageReference) -> str | Missing:
        if reference.digest is not None:
            return reference.digest
        question = Question(SERVICE, "tag", reference.canonical)
        found = self._answers.ask(question, _TAGGED, lambda known: self._tag(reference, known))
        return found if isinstance(found, Missing) else found.digest

    def _tag(
        self, reference: ImageReference, known: Known[Tagged | Missing] | None
    ) -> Known[Tagged | Missing]:
        """Return what a tag leads to now; unchanged by the registry's word, nothing is read."""
        old = known.value.digest if known and isinstance(known.value, Tagged) else None
        if known is not None and old is not None and self._registries.digest(reference) == old:
            return known
        body = self._registries.manifest(reference)
        if isinstance(body, Missing):
            return Known(body, is_kept=body.reason == "legal")
        _checked(reference, body)
        self._read[reference.name, body.digest] = body
        return Known(Tagged(body.digest))

    def _document(self, reference: ImageReference, digest: str) -> Document | Missing:
        image = replace(reference, tag=None, digest=digest)

        def fetch(_: Known[Document | Missing] | None) -> Known[Document | Missing]:
            kept = self._read.get((image.name, digest))
            body = kept or self._registries.manifest(image)
            if isinstance(body, Missing):
                return Known(body, is_kept=False)
            return Known(_checked(image, body))

        question = Question(SERVICE, "manifest", image.canonical, is_lasting=True)
        return self._answers.ask(question, _DOCUMENT, fetch)

    def _platform(self, reference: ImageReference, config: str) -> Configured | Missing:
        image = replace(reference, tag=None, digest=config)

        def fetch(_: Known[Configured | Missing] | None) -> Known[Configured | Missing]:
            body = self._registries.blob(image, config)
            if isinstance(body, Missing):
                return Known(body, is_kept=False)
            return Known(Configured(read_platform(body.data)))

        question = Question(SERVICE, "config", image.canonical, is_lasting=True)
        return self._answers.ask(question, _CONFIGURED, fetch)


def _checked(image: ImageReference, body: Body) -> Document:
    """Return what a manifest says.

    Raises:
        SourceUnavailableError: it cannot be read as one.
    """
    found = read_document(body.data)
    if found is None:
        told = f"gave an answer that cannot be read about `{image.name}`"
        raise SourceUnavailableError(image.registry, told)
    return found


def _facts(
    reference: ImageReference, platform: Platform, digest: str, manifest: Manifest
) -> ImageFacts:
    warnings = []
    if reference.digest is None and reference.tag == LATEST:
        told = f"`{reference.canonical}` is another image tomorrow; name the tag of a version"
        warnings.append(told)
    if manifest.elsewhere:
        count = f"{manifest.elsewhere} of {manifest.layers} layers"
        warnings.append(f"{count} of `{reference.canonical}` are not kept by its registry")
    return ImageFacts(
        reference=reference.canonical,
        platform=str(platform),
        manifest=digest,
        config=manifest.config,
        size=manifest.size,
        layers=manifest.layers,
        warnings=tuple(warnings),
    )


def _no_platform(reference: ImageReference, wanted: Platform, there: tuple[str, ...]) -> Missing:
    told = f"`{reference.canonical}` is not made for `{wanted}`"
    shown = ", ".join(f"`{each}`" for each in there[:_SHOWN])
    more = ", …" if len(there) > _SHOWN else ""
    hint = f"it is made for {shown}{more}" if there else "it names no platform; take another image"
    return Missing("no-such-platform", told, hint)


def _unusable(reference: ImageReference, found: Document | Missing) -> Missing:
    if isinstance(found, Missing):
        return found
    why = found.why if isinstance(found, Unusable) else "has a list of platforms inside another"
    return Missing("not-an-image", f"`{reference.canonical}` {why}", "take another image or tag")
