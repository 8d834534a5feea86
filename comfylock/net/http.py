"""Requests to services: limits, retries, redirects and credentials of all hosts in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Self

import httpx
from msgspec import Struct

from comfylock.errors import RefusedError
from comfylock.net.credentials import check_tokens
from comfylock.net.faults import timed_out, too_large
from comfylock.net.guard import Guard
from comfylock.net.hops import PERSONAL, Asking, Wire, host_key, pieces, promised
from comfylock.net.limits import AT_ONCE, Failed, Hosts
from comfylock.net.retries import Patience, Retries, Timing
from comfylock.net.transfer import Transfer
from comfylock.net.transport import GuardedTransport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from comfylock.net.trust import Trust


class Response(Struct, frozen=True):
    """What a service answered."""

    status: int
    """Never 429 or 5xx: those are retried and end as SourceUnavailableError."""
    url: str
    """Where it came from, after redirects, without secrets."""
    headers: dict[str, str]
    """Names in lower case; without cookies, and without the secrets in addresses."""
    body: bytes = b""
    challenge: str = ""
    """How a service that says 401 wants to be asked: its `WWW-Authenticate`, else empty."""

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
    is_page: bool = False
    """A web page or a JSON message stood where the file should be; it was not read."""


class Http:
    """A client for all services; threads may share it. A context manager.

    `at_once` is the most requests to a host (or `host:port`) at a time where it is not AT_ONCE;
    `on_bytes` hears of every download: its address without secrets, the bytes so far, and all
    of them if that is known. `proxies` are by scheme, as in the environment, which is the default.
    """

    def __init__(
        self,
        user_agent: str,
        trust: Trust,
        transport: httpx.BaseTransport | None = None,
        *,
        timing: Timing | None = None,
        patience: Patience | None = None,
        at_once: Mapping[str, int] | None = None,
        on_bytes: Callable[[str, int, int | None], None] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> None:
        check_tokens(trust.credentials)
        guard, timing = Guard(trust), timing or Timing()
        self._secrets = set(trust.credentials.secrets)
        if transport is None:
            transport = GuardedTransport(guard, proxies)
            self._secrets |= transport.secrets
        self._user_agent = user_agent
        self._transport = transport
        self._hosts = Hosts(AT_ONCE, at_once)
        self._timing = timing
        self._wire = Wire(transport, guard, self._hosts, trust, timing)
        self._retries = Retries(self._hosts, timing, patience or Patience())
        self._on_bytes = on_bytes

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._transport.close()

    def sent(self) -> dict[str, int]:
        """Return how many requests each `host:port` got, retries and redirects included."""
        return self._hosts.sent()

    def request(
        self,
        method: str,
        url: str,
        *,
        limit: int = 8 << 20,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        follow: bool = True,
        is_anonymous: bool = False,
    ) -> Response:
        """Return what a service answers; 304 and 4xx are answers too. Uses the network.

        `limit` is the most bytes of a body. Credentials go to their own host only and never
        along a redirect elsewhere. `follow=False` returns a redirect as it is. With
        `is_anonymous` no service's token is sent: a stranger chose the address.

        Raises:
            SourceUnavailableError: it cannot be reached, breaks off, answers 429 or 5xx to the
                end, or sends more than the limit.
            RefusedError: the address, or one that it leads to, must not be visited.
        """
        asking = self._asking(method, url, headers, body, follows=follow)
        asking.is_anonymous = is_anonymous

        def attempt(deadline: float) -> Response:
            with self._wire.open(asking, deadline) as answer:
                data = self._body(answer, asking, limit, deadline)
                found, told = asking.clean_headers(answer), asking.challenge(answer)
                return Response(answer.status_code, asking.clean_url(answer), found, data, told)

        return self._retries.run(attempt)

    def download(
        self,
        url: str,
        *,
        limit: int,
        sink: BinaryIO | None = None,
        headers: Mapping[str, str] | None = None,
        refuse_pages: bool = False,
    ) -> Download:
        """Read a file to its end, hashing it, into `sink` if given. Uses the network.

        A connection that breaks is taken up again where the service allows ranges; else the
        file is read again from its start and `sink`, which must be able to, goes back. With a
        status other than 200 the body is not read. With `refuse_pages` neither is a web page,
        nor a JSON message at an address that does not name a JSON file: `is_page` says so.

        Raises:
            SourceUnavailableError: as `request`, and when the length is not what was promised.
            RefusedError: as `request`.
        """
        asking = self._asking("GET", url, headers, None, follows=True)
        asking.headers["accept-encoding"] = "identity"
        transfer = Transfer(self._wire, asking, limit, sink, self._timing, refuses=refuse_pages)
        transfer.on_bytes = self._on_bytes
        answer, is_page = self._retries.run(transfer.attempt, transfer.progress)
        found, address = asking.clean_headers(answer), asking.clean_url(answer)
        if answer.status_code not in {200, 206}:
            return Download(answer.status_code, address, found)
        if is_page:
            return Download(200, address, found, is_page=True)
        return Download(200, address, found, transfer.digest.hexdigest(), transfer.size)

    def _asking(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        body: bytes | None,
        *,
        follows: bool,
    ) -> Asking:
        try:
            parsed = httpx.URL(url)
        except (httpx.InvalidURL, UnicodeError):  # whose words repeat the address
            raise RefusedError("the address", "is none") from None
        sent = {
            "user-agent": self._user_agent,
            "accept": "*/*",
            "accept-encoding": "gzip, deflate",
            **{name.lower(): value for name, value in (headers or {}).items()},
        }
        personal = {sent[name].rpartition(" ")[2] for name in PERSONAL if sent.get(name)}
        return Asking(method, parsed, sent, body, follows, self._secrets | personal)

    def _body(self, answer: httpx.Response, asking: Asking, limit: int, deadline: float) -> bytes:
        """Return a body of at most `limit` bytes, read before the deadline."""
        host = host_key(answer.request.url)
        if (promised(answer) or 0) > limit and asking.method != "HEAD":
            raise Failed(host, too_large(limit))
        data = bytearray()
        for piece in pieces(answer, asking.secrets, 0):
            data += piece
            if len(data) > limit:
                raise Failed(host, too_large(limit))
            if self._timing.clock() > deadline:
                raise Failed(host, timed_out(len(data)))
        return bytes(data)
