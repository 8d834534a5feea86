"""A client of image registries: asks, gets a token that anybody gets, asks again.

Source: https://github.com/opencontainers/distribution-spec
"""

from __future__ import annotations

import hashlib
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from msgspec import Struct

from comfylock.errors import RefusedError, SourceUnavailableError
from comfylock.names import printable
from comfylock.references.image import DOCKER_HUB
from comfylock.sources.container_image_challenge import read_challenge, read_token
from comfylock.sources.container_image_documents import ACCEPT
from comfylock.sources.interface import Missing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from comfylock.net.http import Http, Response
    from comfylock.references.image import ImageReference

MAX_MANIFEST = 4 << 20
"""Bytes. Source: the limit that the distribution specification names."""
MAX_CONFIG = 8 << 20
_MAX_TOKEN_ANSWER = 1 << 18

_HOMES = {DOCKER_HUB: "https://registry-1.docker.io"}
"""Registries whose API is at another host than their images are named by."""

_CLOSED = frozenset({401, 402, 403})
_OPEN_HINT = "only images that everybody may read can be locked; check the name"


class Body(Struct, frozen=True):
    """Bytes whose digest was computed here."""

    digest: str
    """`sha256:…`."""
    data: bytes


class Registries:
    """All registries, each at its own address or at the one that is configured for it.

    `endpoints` are base addresses by registry host; `configured` the hosts (`host` or
    `host:port`) of what a person configured. Threads may share it. Tokens stay in it.
    """

    def __init__(
        self, http: Http, endpoints: Mapping[str, str], configured: frozenset[str]
    ) -> None:
        self._http = http
        self._endpoints = {host.lower(): base.rstrip("/") for host, base in endpoints.items()}
        own = {parts for base in self._endpoints.values() for parts in _places(base)}
        self._configured = {host.lower() for host in configured} | own
        self._tokens: dict[tuple[str, str], str] = {}
        self._lock = Lock()

    def digest(self, image: ImageReference) -> str | None:
        """Return the digest that a tag has by the registry's word; None if it does not say.

        Uses the network, by a request that Docker Hub does not count as a pull.
        """
        answer = self._ask("HEAD", image, f"manifests/{image.pinned}", MAX_MANIFEST)
        if isinstance(answer, Missing) or answer.status != 200:
            return None
        return answer.headers.get("docker-content-digest")

    def manifest(self, image: ImageReference) -> Body | Missing:
        """Return the manifest or the list that a tag or a digest means. Uses the network.

        Raises:
            SourceUnavailableError: the registry cannot be reached or does not answer usefully.
        """
        answer = self._ask("GET", image, f"manifests/{image.pinned}", MAX_MANIFEST)
        return self._read(answer, image, image.digest)

    def blob(self, image: ImageReference, digest: str) -> Body | Missing:
        """Return an image's configuration. Uses the network.

        Raises:
            SourceUnavailableError: as `manifest`.
        """
        return self._read(self._ask("GET", image, f"blobs/{digest}", MAX_CONFIG), image, digest)

    def _read(
        self, answer: Response | Missing, image: ImageReference, digest: str | None
    ) -> Body | Missing:
        if isinstance(answer, Missing):
            return answer
        if answer.status != 200:
            return _refused(answer, image)
        found = f"sha256:{hashlib.sha256(answer.body).hexdigest()}"
        if digest is not None and found != digest:
            told = f"{image.registry} gave other bytes for `{image.name}` than `{digest}` means"
            return Missing("mismatch", told, "try again; if it stays so, do not use the image")
        return Body(found, answer.body)

    def _ask(self, method: str, image: ImageReference, path: str, limit: int) -> Response | Missing:
        base = self._base(image.registry)
        url = f"{base}/{image.repository}/{path}"
        try:
            answer = self._send(method, url, limit, self._tokens.get((base, image.repository)))
            if answer.status != 401:
                return answer
            token = self._token(answer, image, base)
            if isinstance(token, Missing):
                return token
            return self._send(method, url, limit, token)
        except RefusedError as error:
            told = f"`{image.name}` must not be asked for: {error.message}"
            return Missing("not-allowed", told, error.hint)

    def _send(self, method: str, url: str, limit: int, token: str | None) -> Response:
        headers = {"Accept": ACCEPT}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return self._http.request(method, url, limit=limit, headers=headers, is_anonymous=True)

    def _token(self, answer: Response, image: ImageReference, base: str) -> str | Missing:
        """Return a new token, which goes to the registry that asked for it and nowhere else.

        Raises:
            SourceUnavailableError: whoever gives tokens cannot be reached or gives none.
            RefusedError: they are said to be where nobody may go.
        """
        challenge = read_challenge(answer.challenge)
        if challenge is None:
            return _closed(image)
        # A stranger's registry must not make this machine ask inside its own network.
        if self._is_configured(challenge.realm) and not self._is_configured(base):
            told = f"{image.registry} sends for a token to `{printable(challenge.host, 80)}`"
            return Missing("not-allowed", told, "take the image from a registry that you trust")
        url = challenge.address(image.repository)
        found = self._http.request("GET", url, limit=_MAX_TOKEN_ANSWER, is_anonymous=True)
        if found.status in _CLOSED or found.status == 404:
            return _closed(image)
        token = read_token(found.body) if found.status == 200 else None
        if token is None:
            host = printable(challenge.host, 80)
            raise SourceUnavailableError(host, f"gave no token for `{image.name}`")
        with self._lock:
            self._tokens[base, image.repository] = token
        return token

    def _base(self, registry: str) -> str:
        """Return the address below which a registry's repositories are.

        A configured address with `/v2` in its path is complete: a proxy inside a registry.
        """
        base = self._endpoints.get(registry) or _HOMES.get(registry) or f"https://{registry}"
        return base if "v2" in urlsplit(base).path.split("/") else f"{base}/v2"

    def _is_configured(self, url: str) -> bool:
        return not _places(url).isdisjoint(self._configured)


def _places(url: str) -> frozenset[str]:
    """Return the spellings by which a person may have named an address's host."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return frozenset({host, shown, f"{shown}:{port}"})


def _refused(answer: Response, image: ImageReference) -> Missing:
    """Return what a status means.

    Raises:
        SourceUnavailableError: nothing that is said about images.
    """
    if answer.status in _CLOSED:
        return _closed(image)
    if answer.status == 404:
        if b"NAME_UNKNOWN" in answer.body[:_MAX_TOKEN_ANSWER]:
            return _closed(image)
        what = f"digest `{image.digest}`" if image.digest else f"tag `{image.tag}`"
        told = f"`{image.name}` has no {what}"
        return Missing("no-such-version", told, "look at its registry's page for another")
    if answer.status == 451:
        return Missing("legal", f"`{image.name}` was taken down for legal reasons")
    raise SourceUnavailableError(image.registry, f"answered {answer.status} about `{image.name}`")


def _closed(image: ImageReference) -> Missing:
    return Missing("private-or-missing", f"`{image.name}` is not there, or private", _OPEN_HINT)
