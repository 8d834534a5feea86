"""Connections: a pool that connects only to addresses which the guard has checked."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib import request as environment

import httpcore
import httpx

from comfylock.redaction import secrets_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from comfylock.net.guard import Guard

KEEP_ALIVE = 30.0
"""Seconds for which a connection that nobody uses stays open."""

MAX_CONNECTIONS = 100


class GuardedTransport(httpx.BaseTransport):
    """Sends requests over kept connections; names are resolved here, or by a configured proxy.

    Faults come up as httpcore's or httpx's exceptions, a refused address as RefusedError.
    """

    def __init__(self, guard: Guard, proxies: Mapping[str, str] | None = None) -> None:
        self._context = httpx.create_ssl_context()
        self._proxies = dict(environment.getproxies_environment() if proxies is None else proxies)
        self._pool = httpcore.ConnectionPool(
            ssl_context=self._context,
            max_connections=MAX_CONNECTIONS,
            max_keepalive_connections=MAX_CONNECTIONS,
            keepalive_expiry=KEEP_ALIVE,
            network_backend=GuardedBackend(guard),
        )
        self._through = {
            address: self._proxied(address)
            for scheme, address in sorted(self._proxies.items())
            if scheme in {"http", "https", "all"}
        }

    @property
    def secrets(self) -> frozenset[str]:
        """The passwords in the proxies' addresses."""
        return frozenset().union(*map(secrets_of, self._through))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; the answer's body is not read yet."""
        proxy = self._proxy_of(request.url)
        if proxy is not None:
            return self._through[proxy].handle_request(request)
        answer = self._pool.handle_request(_plain(request))
        stream: Any = answer.stream
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=_Body(stream),
            extensions=answer.extensions,
        )

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()
        for transport in self._through.values():
            transport.close()

    def _proxied(self, address: str) -> httpx.HTTPTransport:
        shown = address if "://" in address else f"http://{address}"
        return httpx.HTTPTransport(verify=self._context, proxy=shown, trust_env=False)

    def _proxy_of(self, url: httpx.URL) -> str | None:
        proxy = self._proxies.get(url.scheme) or self._proxies.get("all")
        host = f"{url.host}:{url.port}" if url.port else url.host
        # Without typeshed's word: it knows this function under no system.
        bypass: Any = environment.proxy_bypass_environment  # type: ignore[attr-defined]
        return proxy if proxy and not bypass(host, self._proxies) else None


class GuardedBackend(httpcore.SyncBackend):
    """Resolves a name once, has the addresses checked, and connects to these very addresses."""

    def __init__(self, guard: Guard, clock: Callable[[], float] = time.monotonic) -> None:
        self._guard = guard
        self._clock = clock

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address that answers, in `timeout` seconds for all of them."""
        try:
            addresses = self._guard.addresses(host, port)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        begun = self._clock()
        fault: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in addresses:
            left = None if timeout is None else timeout - (self._clock() - begun)
            if fault is not None and left is not None and left <= 0:
                break
            try:
                return super().connect_tcp(address, port, left, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                fault = error
        raise fault or httpcore.ConnectError("the name has no address")


class _Body(httpx.SyncByteStream):
    """An answer's body as it comes in."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream

    def close(self) -> None:
        self._stream.close()


def _plain(request: httpx.Request) -> httpcore.Request:
    url = httpcore.URL(
        scheme=request.url.raw_scheme,
        host=request.url.raw_host,
        port=request.url.port,
        target=request.url.raw_path,
    )
    stream: Any = request.stream
    return httpcore.Request(
        method=request.method,
        url=url,
        headers=request.headers.raw,
        content=stream,
        extensions=request.extensions,
    )
