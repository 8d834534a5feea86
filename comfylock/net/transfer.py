"""One file on its way: hashed while it comes, taken up again where it broke off."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, BinaryIO

from comfylock.net.faults import Fault, broke_off, timed_out, too_large
from comfylock.net.hops import Asking, Wire, host_key, pieces, promised
from comfylock.net.limits import Failed
from comfylock.net.pages import SNIFFED, is_page
from comfylock.patterns import Pattern
from comfylock.redaction import holds_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import httpx

    from comfylock.net.retries import Timing

STALLED_BYTES = 1 << 16
"""Fewer bytes than this while a request's budget passes are no progress."""

_RANGE = Pattern(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)\Z")


class Transfer:
    """What has come so far, through all attempts."""

    def __init__(
        self,
        wire: Wire,
        asking: Asking,
        limit: int,
        sink: BinaryIO | None,
        timing: Timing,
        *,
        refuses: bool,
    ) -> None:
        self._wire = wire
        self._asking = asking
        self._limit = limit
        self._sink = sink
        self._timing = timing
        self._refuses = refuses
        self._start = 0 if sink is None else sink.tell()
        self._etag = ""
        self._total: int | None = None
        self.digest = hashlib.sha256()
        self.size = 0
        self.on_bytes: Callable[[str, int, int | None], None] | None = None

    def progress(self) -> int:
        """Return the MiB that have come: each is worth new patience."""
        return self.size >> 20

    def attempt(self, deadline: float) -> tuple[httpx.Response, bool]:
        """Read the file, or the rest of it; return the answer, and whether it is a page.

        Raises:
            Failed: it broke off.
        """
        self._ask_for_the_rest()
        with self._wire.open(self._asking, deadline) as answer:
            if answer.status_code == 416 and self.size:
                self._restart()
                raise Failed(host_key(answer.request.url), broke_off(0))
            if not (answer.status_code == 206 and self._continues(answer)):
                self._restart()
                if answer.status_code != 200:
                    return answer, False
                self._total = promised(answer)
                self._etag = _strong(answer.headers.get("etag", ""), self._asking.secrets)
            if self._total is not None and self._total > self._limit:
                raise Failed(host_key(answer.request.url), too_large(self._limit))
            return answer, self._read(answer, deadline)

    def _read(self, answer: httpx.Response, deadline: float) -> bool:
        """Take the body in; True if it is a page and nobody wants one."""
        host = host_key(answer.request.url)
        address = self._asking.clean_url(answer)
        body = pieces(answer, self._asking.secrets, self.size)
        first = _first(body) if self._refuses and not self.size else b""
        kind = answer.headers.get("content-type", "")
        if self._refuses and not self.size and is_page(kind, first, self._asking.url.path):
            return True
        mark, span = self.size, deadline - self._timing.clock()
        for piece in _chained(first, body):
            self._take(piece, host)
            if self.on_bytes is not None:
                self.on_bytes(address, self.size, self._total)
            now = self._timing.clock()
            if self.size - mark >= STALLED_BYTES:
                mark, deadline = self.size, now + span
                if self._asking.until is not None:
                    self._asking.until.deadline = deadline
            elif now > deadline:
                raise Failed(host, timed_out(self.size))
        if self._total is not None and self.size != self._total:
            raise Failed(host, broke_off(self.size))
        return False

    def _take(self, piece: bytes, host: str) -> None:
        if self.size + len(piece) > self._limit:
            raise Failed(host, too_large(self._limit))
        self.digest.update(piece)
        self.size += len(piece)
        if self._sink is not None:
            self._sink.write(piece)

    def _ask_for_the_rest(self) -> None:
        """Ask for what is missing, if the file can be proven to be the same; else for all."""
        for name in ("range", "if-range"):
            self._asking.headers.pop(name, None)
        if self.size and self._etag:
            self._asking.headers["range"] = f"bytes={self.size}-"
            self._asking.headers["if-range"] = self._etag

    def _continues(self, answer: httpx.Response) -> bool:
        """Say whether a partial answer begins where the file broke off."""
        match = _RANGE.match(answer.headers.get("content-range", ""))
        is_same = answer.headers.get("etag", self._etag) == self._etag
        if not self.size or match is None or int(match[1]) != self.size or not is_same:
            fault = Fault("sent a part that nobody asked for", blames_host=False)
            self._restart()
            raise Failed(host_key(answer.request.url), fault)
        return True

    def _restart(self) -> None:
        self.digest, self.size = hashlib.sha256(), 0
        self._etag, self._total = "", None
        if self._sink is not None and self._sink.tell() != self._start:
            self._sink.seek(self._start)
            self._sink.truncate()


def _first(body: Iterator[bytes]) -> bytes:
    """Return enough of the front to tell what it is."""
    data = b""
    for piece in body:
        data += piece
        if len(data) >= SNIFFED:
            break
    return data


def _chained(first: bytes, body: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from body


def _strong(etag: str, secrets: Iterable[str]) -> str:
    """Return a validator that names exact bytes; nothing for a weak one. Source: RFC 9110.

    One that repeats a secret is not sent back: the way there may lead over another host.
    """
    return etag if etag.startswith('"') and not holds_secret(etag, secrets) else ""
