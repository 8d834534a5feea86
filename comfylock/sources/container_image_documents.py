"""What a registry's documents say: lists of platforms, manifests, configurations.

Source: the OCI image specification, and Docker's image manifest version 2, schema 2.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from comfylock.patterns import Pattern
from comfylock.references.image import Platform, is_digest, platform_of

ACCEPT = (
    "application/vnd.oci.image.index.v1+json"
    ", application/vnd.docker.distribution.manifest.list.v2+json"
    ", application/vnd.oci.image.manifest.v1+json"
    ", application/vnd.docker.distribution.manifest.v2+json"
)
MAX_ENTRIES = 4096
MAX_SIZE = 1 << 50
"""Bytes of a layer."""

_WORD = Pattern(r"[A-Za-z0-9._-]{1,32}\Z")
_ELSEWHERE = Pattern(r"\.(?:foreign|nondistributable)\.")


class Entry(Struct, frozen=True):
    """One platform of a list."""

    digest: str
    platform: Platform


class Index(Struct, frozen=True, tag="index"):
    """A list of platforms, in its own order."""

    entries: tuple[Entry, ...]

    def digest_for(self, platform: Platform) -> str | None:
        """Return the manifest of a platform, the first where there are several."""
        found = (each.digest for each in self.entries if each.platform == platform)
        return next(found, None)

    def platforms(self) -> tuple[str, ...]:
        """Return what there is, sorted."""
        return tuple(sorted({str(each.platform) for each in self.entries}))


class Manifest(Struct, frozen=True, tag="manifest"):
    """An image for one platform."""

    config: str
    size: int
    """Bytes of all layers."""
    layers: int
    elsewhere: int = 0
    """Layers that the registry does not hold itself."""


class Unusable(Struct, frozen=True, tag="unusable"):
    """A document that is well formed and no image that can be pinned."""

    why: str
    """To stand behind an image's name."""


Document = Index | Manifest | Unusable


class _Payload(Struct):
    schemaVersion: Any = None  # noqa: N815 - the wire's names
    mediaType: Any = None  # noqa: N815
    manifests: Any = None
    config: Any = None
    layers: Any = None
    fsLayers: Any = None  # noqa: N815


class _Descriptor(Struct):
    digest: Any = None
    size: Any = None
    mediaType: Any = None  # noqa: N815
    platform: Any = None
    urls: Any = None
    annotations: Any = None


class _Where(Struct):
    os: Any = None
    architecture: Any = None
    variant: Any = None


_V1 = Unusable("has a manifest of version 1 only, which names no digests to rely on")
_UNCLEAR = Unusable("is a list and an image at once, which nobody can rely on")


def read_document(body: bytes) -> Document | None:
    """Return what a manifest's bytes say; None if they cannot be read as one.

    The bytes alone decide, not the type that a registry tells: the digest covers no header.
    """
    payload = _decoded(body, _Payload)
    if payload is None:
        return None
    if payload.schemaVersion == 1 or isinstance(payload.fsLayers, list):
        return _V1
    is_list, is_image = isinstance(payload.manifests, list), isinstance(payload.layers, list)
    if is_list and (is_image or payload.config is not None):
        return _UNCLEAR
    if is_list:
        return _index(payload.manifests)
    return _manifest(payload) if is_image else None


def read_platform(body: bytes) -> Platform | None:
    """Return the platform that an image's configuration names; None if it names none."""
    payload = _decoded(body, _Where)
    return None if payload is None else _platform(payload)


def _index(rows: list[Any]) -> Index | None:
    if len(rows) > MAX_ENTRIES:
        return None
    return Index(tuple(entry for row in rows if (entry := _entry(row)) is not None))


def _entry(raw: Any) -> Entry | None:
    """Return a row of a list; None for what runs nowhere, such as signatures."""
    row = _converted(raw, _Descriptor)
    if row is None or not is_digest(row.digest):
        return None
    where = _converted(row.platform, _Where)
    platform = None if where is None else _platform(where)
    return None if platform is None else Entry(row.digest, platform)


def _platform(where: _Where) -> Platform | None:
    words = (where.os, where.architecture, where.variant or "")
    if not all(isinstance(word, str) for word in words):
        return None
    os, architecture, variant = (word.lower() for word in words)
    if not all(_WORD.match(word) for word in (os, architecture, variant or "none")):
        return None
    if "unknown" in {os, architecture}:
        return None
    return platform_of(os, architecture, variant)


def _manifest(payload: _Payload) -> Manifest | None:
    config = _converted(payload.config, _Descriptor)
    if config is None or not is_digest(config.digest) or len(payload.layers) > MAX_ENTRIES:
        return None
    size, elsewhere = 0, 0
    for raw in payload.layers:
        layer = _converted(raw, _Descriptor)
        if layer is None or not is_digest(layer.digest) or not _is_size(layer.size):
            return None
        size += layer.size
        elsewhere += bool(layer.urls) or _is_elsewhere(layer.mediaType)
    return Manifest(config.digest, size, len(payload.layers), elsewhere)


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_SIZE


def _is_elsewhere(kind: Any) -> bool:
    return isinstance(kind, str) and _ELSEWHERE.search(kind) is not None


def _decoded(body: bytes, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None


def _converted(raw: Any, kind: type[Any]) -> Any:
    try:
        return msgspec.convert(raw, kind)
    except (msgspec.ValidationError, RecursionError):
        return None
