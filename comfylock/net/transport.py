"""Connections: a pool that connects only to addresses which the guard has checked."""

from __future__ import annotations

import os
import ssl
import time
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any, Self
from urllib import request as environment

import httpcore
import httpx

from comfylock.net.faults import causes
from comfylock.net.guard import host_name
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
        self._guard = guard
        self._proxies = dict(environment.getproxies_environment() if proxies is None else proxies)
        self._lock = Lock()
        self._pool: httpcore.ConnectionPool | None = None
        self._through: dict[str, httpx.HTTPTransport] = {}

    @property
    def secrets(self) -> frozenset[str]:
        """The passwords in the proxies' addresses."""
        addresses = (self._proxies.get(scheme, "") for scheme in ("http", "https", "all"))
        return frozenset().union(*map(secrets_of, addresses))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; the answer's body is not read yet."""
        proxy = self._proxy_of(request.url)
        if proxy is not None:
            return self._by_way_of(proxy, request)
        answer = self._direct().handle_request(_plain(request))
        stream: Any = answer.stream
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=_Body(stream),
            extensions=answer.extensions,
        )

    def close(self) -> None:
        """Close every connection."""
        if self._pool is not None:
            self._pool.close()
        for transport in self._through.values():
            transport.close()

    def _by_way_of(self, proxy: str, request: httpx.Request) -> httpx.Response:
        through = self._proxied(proxy)
        try:
            return through.handle_request(request)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            if any(isinstance(each, ssl.SSLError) for each in causes(error)):
                raise  # the service's own certificate, past the proxy
        # Outside of the handler: what happened there must not be told of the service.
        place = httpx.URL(proxy if "://" in proxy else f"http://{proxy}").netloc.decode("ascii")
        raise httpx.ProxyError(f"there is no connection to {place}")

    def _direct(self) -> httpcore.ConnectionPool:
        with self._lock:
            if self._pool is None:
                self._pool = httpcore.ConnectionPool(
                    ssl_context=_certificates(),
                    max_connections=MAX_CONNECTIONS,
                    max_keepalive_connections=MAX_CONNECTIONS,
                    keepalive_expiry=KEEP_ALIVE,
                    network_backend=GuardedBackend(self._guard),
                )
            return self._pool

    def _proxied(self, address: str) -> httpx.HTTPTransport:
        with self._lock:
            if address not in self._through:
                shown = address if "://" in address else f"http://{address}"
                context = _certificates()
                through = httpx.HTTPTransport(verify=context, proxy=shown, trust_env=False)
                self._through[address] = through
            return self._through[address]

    def _proxy_of(self, url: httpx.URL) -> str | None:
        proxy = self._proxies.get(url.scheme) or self._proxies.get("all")
        host = f"{host_name(url)}:{url.port}" if url.port else host_name(url)
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
                stream = super().connect_tcp(address, port, left, local_address, socket_options)
                return PatientStream(stream)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                fault = error
        raise fault or httpcore.ConnectError("the name has no address")


class Until(float):
    """A read's timeout in seconds that also ends when a moment comes, which may be put off."""

    deadline: float
    clock: Callable[[], float]

    @classmethod
    def of(cls, seconds: float, deadline: float, clock: Callable[[], float]) -> Self:
        """Return the timeout for all reads of one request."""
        timeout = cls(seconds)
        timeout.deadline, timeout.clock = deadline, clock
        return timeout

    @property
    def left(self) -> float:
        """Seconds that a read may take now."""
        return min(float(self), self.deadline - self.clock())


class PatientStream(httpcore.NetworkStream):
    """A connection that ends reads when Until says so, however slowly bytes trickle in."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what comes next."""
        if isinstance(timeout, Until):
            timeout = timeout.left
            if timeout <= 0:
                raise httpcore.ReadTimeout("too slow")
        return self._stream.read(max_bytes, timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send bytes."""
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        """Hang up."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Go on encrypted."""
        return PatientStream(self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        """Return what the connection knows of itself."""
        return self._stream.get_extra_info(info)


class _Body(httpx.SyncByteStream):
    """An answer's body as it comes in."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream

    def close(self) -> None:
        self._stream.close()


def _certificates() -> ssl.SSLContext:
    """Return whom to trust, where the environment says so too."""
    return _read_certificates(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@lru_cache(maxsize=4)
def _read_certificates(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    # Reading takes 30 ms: runs without a request save it, and clients of one process share it.
    return httpx.create_ssl_context()


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
