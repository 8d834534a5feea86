"""What went wrong with a request, in a few words that hold nothing secret."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

import httpcore
import httpx
from msgspec import Struct

from comfylock.names import printable
from comfylock.patterns import Pattern
from comfylock.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

WIRE_ERRORS = (
    httpx.HTTPError,
    httpx.StreamError,
    httpx.InvalidURL,
    httpcore.ConnectError,
    httpcore.ReadError,
    httpcore.WriteError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)
"""Everything that a transport raises; httpcore's have no common root."""

_TIMEOUTS = (httpx.TimeoutException, httpcore.TimeoutException)
_CONNECTING = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
)
_PROTOCOL = (httpx.ProtocolError, httpcore.ProtocolError)
_PROXY = (httpx.ProxyError, httpcore.ProxyError)
_SENTENCE = 120
_QUOTED = Pattern(r"\bb['\"]|bytearray\(")


class Fault(Struct, frozen=True):
    """Why a request failed."""

    message: str
    """Without a full stop, to stand behind a host's name."""
    is_retryable: bool = True
    blames_host: bool = True
    """The whole host is in trouble, not this one answer."""
    hint: str | None = None


def broke_off(size: int) -> Fault:
    """Return the fault of an answer that ended in its middle."""
    return Fault(f"broke off after {size} bytes", blames_host=False)


def timed_out(size: int) -> Fault:
    """Return the fault of an answer that came too slowly to wait for its end."""
    return Fault(f"is too slow: {size} bytes came in time", blames_host=False)


def too_large(limit: int) -> Fault:
    """Return the fault of an answer of more than `limit` bytes."""
    shown = f"{limit >> 20} MiB" if limit >= 1 << 20 else f"{limit} bytes"
    return Fault(f"gave more than {shown}", is_retryable=False, blames_host=False)


def fault_of(error: BaseException, secrets: Iterable[str], read: int | None = None) -> Fault:
    """Return what an exception of the transport means; `read` bytes of a body had come."""
    chain = list(causes(error))
    for each in chain:
        if isinstance(each, ssl.SSLCertVerificationError):
            reason = _clean(each.verify_message, secrets)
            return Fault(f"its certificate is not valid: {reason}", is_retryable=False)
        if isinstance(each, ssl.SSLError):
            return Fault("cannot be reached: the TLS handshake failed")
        if isinstance(each, socket.gaierror):
            known = each.errno == socket.EAI_AGAIN
            return Fault("cannot be reached: its name is not found", is_retryable=known)
    if isinstance(error, _TIMEOUTS):
        if read is not None:
            return timed_out(read)
        where = "while connecting" if isinstance(error, _CONNECTING) else "waiting for its answer"
        return Fault(f"timed out {where}")
    if isinstance(error, _CONNECTING):
        refused = any(isinstance(each, ConnectionRefusedError) for each in chain)
        reason = "connection refused" if refused else _clean(str(error), secrets)
        return Fault(f"cannot be reached: {reason or 'no connection'}")
    return _while_talking(error, secrets, read)


def _while_talking(error: BaseException, secrets: Iterable[str], read: int | None) -> Fault:
    if isinstance(error, httpx.DecodingError):
        return Fault("sent what cannot be unpacked", is_retryable=False, blames_host=False)
    if isinstance(error, _PROXY):
        return Fault(f"cannot be reached through the proxy: {_clean(str(error), secrets)}")
    if read is not None:
        return broke_off(read)
    if isinstance(error, _PROTOCOL) and "disconnected" not in str(error):
        return Fault("answered with what is not HTTP")
    return Fault("closed the connection without an answer")


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and what led to it, the newest first."""
    found: BaseException | None = error
    seen: set[int] = set()
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        yield found
        found = found.__cause__ or found.__context__


def harmless(error: BaseException | None, secrets: Iterable[str]) -> BaseException | None:
    """Return an exception that may be chained to ours, else None.

    None for one whose words hold a secret, or quote what the other side sent.
    """
    if error is None:
        return None
    known = tuple(secrets)
    told = [text for each in causes(error) for text in (str(each), repr(each))]
    is_told = any(redact(text, known) != text or _QUOTED.search(text) for text in told)
    return None if is_told else error


def _clean(text: str, secrets: Iterable[str]) -> str:
    return printable(redact(text, secrets), _SENTENCE)
