"""Files over https: sizes limited, redirects counted, faults named after their service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import httpx

from comfylock.errors import SourceUnavailableError, UsageError
from comfylock.names import printable

if TYPE_CHECKING:
    from types import TracebackType

TIMEOUT = httpx.Timeout(30.0, connect=10.0)
"""Seconds."""

MAX_REDIRECTS = 5


class Client:
    """Fetches small files; a context manager that closes its connections."""

    def __init__(self, user_agent: str, transport: httpx.BaseTransport | None = None) -> None:
        self._client = httpx.Client(
            transport=transport,
            timeout=TIMEOUT,
            follow_redirects=True,
            max_redirects=MAX_REDIRECTS,
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

    def get(self, url: str, limit: int) -> bytes:
        """Return what a URL answers, at most `limit` bytes. Uses the network.

        Raises:
            UsageError: the URL is none.
            SourceUnavailableError: it cannot be reached, answers anything but 200, a web page
                instead of a file, or more than the limit, or leads from https to http.
        """
        parsed = _parsed(url)
        service = parsed.host
        try:
            with self._client.stream("GET", parsed) as response:
                if parsed.scheme == "https" != response.url.scheme:
                    raise SourceUnavailableError(service, "leads to an address without https")
                if response.status_code != 200:
                    message = f"answered {response.status_code} for {parsed.path}"
                    raise SourceUnavailableError(service, message)
                if "text/html" in response.headers.get("content-type", ""):
                    raise SourceUnavailableError(service, f"gave a web page for {parsed.path}")
                return _limited(response, service, limit)
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise SourceUnavailableError(service, f"cannot be reached: {reason}") from error


def _parsed(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise UsageError(f"{_shown(url)} is no URL") from error
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise UsageError(f"{_shown(url)} is no https address")
    return parsed


def _shown(url: str) -> str:
    """Return a broken URL without what may be a password."""
    return f"`{printable(url.rpartition('@')[2])}`"


def _limited(response: httpx.Response, service: str, limit: int) -> bytes:
    data = bytearray()
    for chunk in response.iter_bytes():
        data += chunk
        if len(data) > limit:
            raise SourceUnavailableError(service, f"gave more than {limit >> 20} MiB")
    return bytes(data)
