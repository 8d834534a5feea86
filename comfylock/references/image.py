"""Which container image a text names: registry, repository, tag, digest; and for which platform.

Source: https://github.com/distribution/reference and the OCI distribution specification.
"""

from __future__ import annotations

from msgspec import Struct

from comfylock.patterns import Pattern

DOCKER_HUB = "docker.io"
LATEST = "latest"
"""The tag that a reference means which names none."""

_HUB_NAMES = frozenset({DOCKER_HUB, "index.docker.io", "registry-1.docker.io"})
_OFFICIAL = "library/"
_MAX_TEXT = 1024
_MAX_NAME = 255
_HOST = Pattern(
    r"(?:\[[0-9a-f:.]{2,45}\]|[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*)"
    r"(?::([0-9]{1,5}))?\Z"
)
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = Pattern(rf"{_PART}(?:/{_PART})*\Z")
_TAG = Pattern(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}\Z")
_DIGEST = Pattern(r"sha256:[0-9a-f]{64}\Z")
_ID = Pattern(r"[0-9a-f]{64}\Z")
_PLATFORM = Pattern(r"([a-z0-9]{1,32})/([a-z0-9_-]{1,32})(?:/([a-z0-9.]{1,32}))?\Z")
_ARCHITECTURES = {
    "x86_64": "amd64",
    "x86-64": "amd64",
    "aarch64": "arm64",
    "armhf": "arm",
    "i386": "386",
}
_USUAL = {("amd64", "v1"), ("arm64", "v8"), ("arm64", "8"), ("arm", "v7"), ("arm", "7")}
"""Variants that are meant where none is said. Source: containerd's platforms package."""


class ImageReference(Struct, frozen=True, order=True):
    """An image of a registry; a digest, if there is one, decides and not the tag."""

    registry: str
    """Host, with its port if it has one: `docker.io`, `registry.example.com:5000`."""
    repository: str
    """`library/ubuntu`."""
    tag: str | None = None
    digest: str | None = None
    """`sha256:…`."""

    @property
    def name(self) -> str:
        """Registry and repository."""
        return f"{self.registry}/{self.repository}"

    @property
    def canonical(self) -> str:
        """The one spelling, with everything that a short one leaves out."""
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.name}{tag}{digest}"

    @property
    def pinned(self) -> str:
        """The question that a registry is asked: the digest, else the tag."""
        return self.digest or self.tag or LATEST

    def at(self, digest: str) -> str:
        """Return the spelling of this image at a digest, as `FROM` and `docker pull` take it."""
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.name}{tag}@{digest}"


class Platform(Struct, frozen=True, order=True):
    """What an image runs on."""

    os: str
    architecture: str
    variant: str = ""
    """Empty for the usual one of its architecture."""

    def __str__(self) -> str:
        end = f"/{self.variant}" if self.variant else ""
        return f"{self.os}/{self.architecture}{end}"


def parse_image(text: str) -> ImageReference | None:
    """Return the image that a text means, as Docker reads it; None if it means none.

    `ubuntu` is `docker.io/library/ubuntu:latest`. `image_fault` says why it is none.
    """
    found = _parse(text)
    return None if isinstance(found, str) else found


def image_fault(text: str) -> str | None:
    """Say what is wrong with an image's reference; the words never repeat it."""
    found = _parse(text)
    return found if isinstance(found, str) else None


def parse_platform(text: str) -> Platform | None:
    """Return a platform such as `linux/amd64` or `linux/arm/v6`; None if it is none."""
    match = _PLATFORM.match(text.strip().lower())
    return platform_of(match[1], match[2], match[3] or "") if match else None


def platform_of(os: str, architecture: str, variant: str) -> Platform:
    """Return a platform under the names that registries use."""
    architecture = _ARCHITECTURES.get(architecture, architecture)
    is_usual = (architecture, variant) in _USUAL
    return Platform(os, architecture, "" if is_usual else variant)


def is_digest(text: object) -> bool:
    """Say whether something is a digest as images are pinned by: `sha256:` and 64 digits."""
    return isinstance(text, str) and _DIGEST.match(text) is not None


def _parse(text: str) -> ImageReference | str:
    text = text.strip().removeprefix("docker://")
    if not text:
        return "must name an image, such as `ubuntu:24.04`"
    if len(text) > _MAX_TEXT:
        return "is too long for an image's name"
    if "://" in text:
        return "must be an image's name without `https://`, such as `ghcr.io/owner/image:tag`"
    name, mark, digest = text.partition("@")
    if mark and not is_digest(digest):
        return _digest_fault(digest)
    name, tag = _without_tag(name)
    if tag is not None and not _TAG.match(tag):
        return "has a tag with characters that no tag has, or of more than 128"
    registry, repository = _split(name)
    fault = _registry_fault(registry) or _repository_fault(repository)
    if fault is not None:
        return fault
    if len(registry) + 1 + len(repository) > _MAX_NAME:
        return "has a name of more than 255 characters"
    return ImageReference(
        registry, repository, tag or (None if mark else LATEST), digest if mark else None
    )


def _without_tag(name: str) -> tuple[str, str | None]:
    """Return a name and its tag; the colon of a port is followed by a slash sooner or later."""
    start, colon, end = name.rpartition(":")
    return (start, end) if colon and "/" not in end else (name, None)


def _split(name: str) -> tuple[str, str]:
    """Return registry and repository; the first part is a host only if it looks like one."""
    first, slash, rest = name.partition("/")
    is_host = "." in first or ":" in first or first.lower() == "localhost"
    if not slash or not is_host:
        first, rest = DOCKER_HUB, name
    first = first.lower()
    if first in _HUB_NAMES:
        return DOCKER_HUB, rest if "/" in rest else _OFFICIAL + rest
    return first, rest


def _digest_fault(digest: str) -> str:
    if "/" in digest:
        return "must hold no name and password; only images that everybody may read can be locked"
    if digest.startswith("sha256:"):
        return "has a digest that is not `sha256:` and 64 digits of 0-9 and a-f"
    return "has a digest that is not sha256, the one kind that images are locked by"


def _registry_fault(registry: str) -> str | None:
    match = _HOST.match(registry)
    if match is None or int(match[1] or 1) not in range(1, 65536):
        return "names a registry that is no host, such as `ghcr.io` or `localhost:5000`"
    return None


def _repository_fault(repository: str) -> str | None:
    bare = repository.removeprefix(_OFFICIAL)
    if _ID.match(bare):
        return "is the id of an image on one machine, which no registry knows"
    if not bare:
        return "names no repository, such as `ubuntu` or `owner/image`"
    if bare != bare.lower():
        return "has capital letters in its repository, which no registry takes"
    if not _REPOSITORY.match(repository):
        return "has characters that no image's name has"
    return None
