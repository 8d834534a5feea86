"""One request from its first address to its last: each hop checked, each with its own headers."""

from __future__ import annotations

import base64
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import httpx
from msgspec import Struct

from comfylock.net.credentials import origin, service_of
from comfylock.net.faults import WIRE_ERRORS, Fault, fault_of, harmless
from comfylock.net.guard import host_name, port_of
from comfylock.net.limits import Failed
from comfylock.net.retries import is_refusal, refusal
from comfylock.net.transport import Until
from comfylock.redaction import mask, redact, redact_url, secrets_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from comfylock.net.guard import Guard
    from comfylock.net.limits import Hosts
    from comfylock.net.retries import Timing
    from comfylock.net.trust import Trust

MAX_REDIRECTS = 5
MOVED = frozenset({301, 302, 303, 307, 308})
READ_TIMEOUT = 30.0
TIMEOUTS = httpx.Timeout(READ_TIMEOUT, connect=10.0).as_dict()
"""Seconds."""

PERSONAL = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key"})
"""Headers that a caller means for the first server alone, lower case."""

_DRAINED = 1 << 14
"""Bytes of a redirect's body that are read to keep its connection."""

_CHALLENGE = 4096
"""Characters of a challenge that anybody means."""

_DROPPED = frozenset({"set-cookie", "www-authenticate"})
_ADDRESSES = frozenset({"location", "content-location", "refresh"})


class Asking(Struct):
    """What a caller wants, and every secret that was met on the way."""

    method: str
    url: httpx.URL
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes | None
    follows: bool
    secrets: set[str]
    until: Until | None = None
    """When the answer that is being read has to be there."""
    is_anonymous: bool = False
    """No service's token goes along."""

    def clean_headers(self, answer: httpx.Response) -> dict[str, str]:
        """Return an answer's headers without secrets, names in lower case."""
        found = {}
        for name, value in answer.headers.items():
            key = name.lower()
            if key in _ADDRESSES:
                found[key] = redact_url(value, self.secrets)
            elif key not in _DROPPED:
                found[key] = redact(value, self.secrets)
        return found

    def challenge(self, answer: httpx.Response) -> str:
        """Return how a service wants to be asked that says 401; empty if it does not say.

        What looks like a token stays, it is none: this names where to get one.
        """
        told = answer.headers.get("www-authenticate", "")
        if answer.status_code != 401 or len(told) > _CHALLENGE:
            return ""
        return mask(told, self.secrets)

    def clean_url(self, answer: httpx.Response) -> str:
        """Return where an answer came from, without secrets."""
        return redact_url(str(answer.request.url), self.secrets)


class Wire:
    """Sends requests and follows redirects; threads share it."""

    def __init__(
        self,
        transport: httpx.BaseTransport,
        guard: Guard,
        hosts: Hosts,
        trust: Trust,
        timing: Timing,
    ) -> None:
        self._transport = transport
        self._guard = guard
        self._hosts = hosts
        self._trust = trust
        self._timing = timing

    @contextmanager
    def open(self, asking: Asking, deadline: float) -> Iterator[httpx.Response]:
        """Yield the last answer, its body unread; its host's place is held until it is closed.

        Raises:
            Failed: this attempt has failed.
            RefusedError: it leads where nobody may go.
        """
        request, led_by = self._first(asking), None
        for _ in range(MAX_REDIRECTS + 1):
            with self._sent(request, asking, deadline, led_by) as answer:
                target = self._target(answer) if asking.follows else None
                if target is None:
                    yield answer
                    return
                if (promised(answer) or 0) <= _DRAINED and "content-length" in answer.headers:
                    with suppress(*WIRE_ERRORS):
                        answer.read()
            led_by = host_name(request.url)
            request = self._next(asking, request, answer.status_code, target)
        fault = Fault(f"more than {MAX_REDIRECTS} redirects", is_retryable=False, blames_host=False)
        raise Failed(host_key(asking.url), fault)

    @contextmanager
    def _sent(
        self, request: httpx.Request, asking: Asking, deadline: float, led_by: str | None
    ) -> Iterator[httpx.Response]:
        self._guard.check(request.url, led_by)
        asking.secrets |= secrets_of(str(request.url))
        host = host_key(request.url)
        self._rest(host, deadline)
        with self._hosts.turn(host):
            asking.until = Until.of(READ_TIMEOUT, deadline, self._timing.clock)
            request.extensions["timeout"] = {**TIMEOUTS, "read": asking.until}
            try:
                answer = self._transport.handle_request(request)
            except WIRE_ERRORS as error:
                fault = fault_of(error, asking.secrets)
                raise Failed(host, fault) from harmless(error, asking.secrets)
            answer.request = request
            try:
                headers = {name.lower(): value for name, value in answer.headers.items()}
                if is_refusal(answer.status_code, headers):
                    raise Failed(host, *refusal(answer.status_code, headers, self._timing.now()))
                yield answer
            finally:
                with suppress(*WIRE_ERRORS):
                    answer.close()

    def _rest(self, host: str, deadline: float) -> None:
        """Wait for as long as the host wants to be left alone."""
        now = self._timing.clock()
        until = self._hosts.rests_until(host)
        if until > deadline:
            raise Failed(host, Fault("wants to be left alone"), until - now)
        if until > now:
            self._timing.sleep(until - now)

    def _target(self, answer: httpx.Response) -> httpx.URL | None:
        location = answer.headers.get("location")
        if answer.status_code not in MOVED or not location:
            return None
        try:
            target = answer.request.url.join(location)
            return target.copy_with(userinfo=b"", fragment=None)
        except (httpx.InvalidURL, ValueError, UnicodeError):
            fault = Fault("leads to what is no address", is_retryable=False, blames_host=False)
            raise Failed(host_key(answer.request.url), fault) from None

    def _first(self, asking: Asking) -> httpx.Request:
        headers = dict(asking.headers)
        if asking.url.userinfo and "authorization" not in headers:
            pair = f"{asking.url.username}:{asking.url.password}".encode()
            headers["authorization"] = f"Basic {base64.b64encode(pair).decode()}"
            asking.secrets |= {asking.url.password, headers["authorization"][6:]} - {""}
        url = asking.url.copy_with(userinfo=b"", fragment=None)
        headers |= self._token(asking, url, headers)
        return _request(asking.method, url, headers, asking.body)

    def _next(
        self, asking: Asking, request: httpx.Request, status: int, target: httpx.URL
    ) -> httpx.Request:
        method, body = request.method, asking.body
        if (status == 303 and method != "HEAD") or (status in {301, 302} and method == "POST"):
            method, body = "GET", None
        headers = {**asking.headers}
        if body is None:
            headers.pop("content-type", None)
        if origin(target) != origin(asking.url):
            headers = {name: value for name, value in headers.items() if name not in PERSONAL}
        headers |= self._token(asking, target, headers)
        return _request(method, target, headers, body)

    def _token(self, asking: Asking, url: httpx.URL, headers: Mapping[str, str]) -> dict[str, str]:
        """Return the header with the token of the service that was asked first, at its own host."""
        service = None if asking.is_anonymous else service_of(self._trust, url)
        if service is None or service != service_of(self._trust, asking.url):
            return {}
        token: str | None = getattr(self._trust.credentials, service)
        if not token or "authorization" in headers:
            return {}
        return {"authorization": f"Bearer {token}"}


def host_key(url: httpx.URL) -> str:
    """Return `host:port`: what limits and faults are counted by."""
    return f"{host_name(url)}:{port_of(url)}"


def pieces(answer: httpx.Response, secrets: Iterable[str], before: int) -> Iterator[bytes]:
    """Yield a body as it comes; `before` bytes of it had come in earlier attempts.

    Raises:
        Failed: it broke off.
    """
    received = before
    try:
        for piece in answer.iter_bytes():
            received += len(piece)
            yield piece
    except WIRE_ERRORS as error:
        fault = fault_of(error, secrets, received)
        raise Failed(host_key(answer.request.url), fault) from harmless(error, secrets)


def promised(answer: httpx.Response) -> int | None:
    """Return the bytes of the body that the headers promise; None if they say nothing of use."""
    text = answer.headers.get("content-length", "")
    if "content-encoding" in answer.headers or not text.isdecimal() or len(text) > 18:
        return None
    return int(text)


def _request(
    method: str, url: httpx.URL, headers: Mapping[str, str], body: bytes | None
) -> httpx.Request:
    spelt = {name.title(): value for name, value in headers.items()}
    spelt["Host"] = url.netloc.decode("ascii")  # httpx fails on names that nobody can decode
    return httpx.Request(method, url, headers=spelt, content=body)
