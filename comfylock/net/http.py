"""Requests to services: one host's limits, retries, redirects and credentials in one place."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, BinaryIO, Self

import httpx
from msgspec import Struct

from comfylock.errors import SourceUnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from comfylock.net.trust import Trust


class Response(Struct, frozen=True):
    """What a service answered."""

    status: int
    """Never 429 or 5xx: those are retried and end as SourceUnavailableError."""
    url: str
    """Where it came from, after redirects, without secrets."""
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes = b""

    @property
    def validators(self) -> dict[str, str]:
        """The headers by which the service can say later that nothing has changed."""
        return {k: self.headers[k] for k in ("etag", "last-modified") if k in self.headers}


class Download(Struct, frozen=True):
    """Bytes that were read and hashed; on any status but 200 none were."""

    status: int
    url: str
    headers: dict[str, str]
    sha256: str = ""
    size: int = 0
    """Bytes."""


class Http:
    """A client for all services; threads may share it. A context manager."""

    def __init__(
        self, user_agent: str, trust: Trust, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._trust = trust
        self._client = httpx.Client(
            transport=transport,
            timeout=httpx.Timeout(30.0, connect=10.0),
            follow_redirects=True,
            max_redirects=5,
            headers={"User-Agent": user_agent},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def request(
        self,
        method: str,
        url: str,
        *,
        limit: int = 8 << 20,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        follow: bool = True,
    ) -> Response:
        """Return what a service answers; 304 and 4xx are answers too. Uses the network.

        `limit` is the most bytes of a body. Credentials go to their own host only and never
        along a redirect elsewhere. `follow=False` returns a redirect as it is.

        Raises:
            SourceUnavailableError: it cannot be reached, breaks off, answers 429 or 5xx to the
                end, sends more than the limit, or leads somewhere that is not allowed.
        """
        try:
            answer = self._client.request(
                method, url, headers=dict(headers or {}), content=body, follow_redirects=follow
            )
        except httpx.HTTPError as error:
            service = httpx.URL(url).host
            raise SourceUnavailableError(service, f"cannot be reached: {error}") from error
        if answer.status_code == 429 or answer.status_code >= 500:
            service = httpx.URL(url).host
            raise SourceUnavailableError(service, f"answered {answer.status_code}")
        found = {key.lower(): value for key, value in answer.headers.items()}
        return Response(answer.status_code, str(answer.url), found, answer.content[:limit])

    def download(
        self,
        url: str,
        *,
        limit: int,  # noqa: ARG002
        sink: BinaryIO | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Download:
        """Read a file to its end, hashing it, into `sink` if given. Uses the network.

        A connection that breaks is taken up again where the service allows ranges. With a
        status other than 200 the body is not read.

        Raises:
            SourceUnavailableError: as `request`, and when the length is not what was promised.
        """
        with self._client.stream("GET", url, headers=dict(headers or {})) as answer:
            found = {key.lower(): value for key, value in answer.headers.items()}
            if answer.status_code != 200:
                return Download(answer.status_code, str(answer.url), found)
            digest, size = hashlib.sha256(), 0
            for chunk in answer.iter_bytes():
                digest.update(chunk)
                size += len(chunk)
                if sink is not None:
                    sink.write(chunk)
            return Download(200, str(answer.url), found, digest.hexdigest(), size)
