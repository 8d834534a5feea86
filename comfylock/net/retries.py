"""When to ask again: backoff with jitter, what the service asks for, a budget for all of it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from comfylock.errors import SourceUnavailableError
from comfylock.net.faults import Fault
from comfylock.net.limits import Failed, Hosts
from comfylock.patterns import Pattern

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")

RETRYABLE = frozenset({429, 500, 502, 503, 504})
LIMITED = frozenset({403, 429})
"""Statuses by which GitHub says that no requests are left. Source: its REST documentation."""

_LEFT = Pattern(r"(?:^|;)\s*r=(\d{1,9})(?:;|,|\s|$)")
_RESET = Pattern(r"(?:^|;)\s*t=(\d{1,9})(?:;|,|\s|$)")
_PULLS = Pattern(r"\s*0+\s*;\s*w=\d{1,9}\s*(?:;|\Z)")
"""No pulls left in a window of hours. Source: Docker Hub's usage and limits."""

_TIMES = {2: "twice", 3: "three times", 4: "four times"}
_TOKEN_HINT = "a token raises the limit: set GITHUB_TOKEN"  # noqa: S105 - a sentence

_PULLS_HINT = "its limit counts by address and ends after some hours; a mirror has none"


def _monotonic() -> float:
    return time.monotonic()


def _now() -> float:
    return time.time()


def _sleep(seconds: float) -> None:
    time.sleep(seconds)


class Timing(Struct, frozen=True):
    """Time and chance, which tests replace."""

    clock: Callable[[], float] = _monotonic
    """Seconds from some moment on; never goes back."""
    now: Callable[[], float] = _now
    """Seconds since 1970, UTC."""
    sleep: Callable[[float], None] = _sleep
    random: Callable[[], float] = random.random
    """A number from 0 to 1."""


class Patience(Struct, frozen=True):
    """How long one request may take, all attempts together."""

    attempts: int = 4
    budget: float = 60.0
    """Seconds."""
    first_pause: float = 0.5
    longest_pause: float = 8.0


class Retries:
    """Runs attempts until one succeeds or patience ends."""

    def __init__(self, hosts: Hosts, timing: Timing, patience: Patience) -> None:
        self._hosts = hosts
        self._timing = timing
        self._patience = patience

    def run(self, attempt: Callable[[float], T], progress: Callable[[], int] = int) -> T:
        """Return what an attempt returns; it gets the time by which it must be done.

        An attempt fails with Failed. What `progress` counts in MiB gives new patience.

        Raises:
            SourceUnavailableError: the last attempt failed.
        """
        begun, tried, reached = self._timing.clock(), 0, 0
        while True:
            try:
                return attempt(begun + self._patience.budget)
            except Failed as failed:
                tried += 1
                if progress() > reached:
                    begun, tried, reached = self._timing.clock(), 1, progress()
                self._pause(failed, tried, begun)

    def _pause(self, failed: Failed, tried: int, begun: float) -> None:
        """Sleep until the next attempt.

        Raises:
            SourceUnavailableError: there will be none.
        """
        fault, patience = failed.fault, self._patience
        known = self._hosts.down(failed.host)
        if known is not None:
            raise self._error(known) from None
        wait = failed.wait
        if wait is None:
            span = min(patience.longest_pause, patience.first_pause * 2 ** (tried - 1))
            wait = self._timing.random() * span
        now = self._timing.clock()
        is_late = now + wait > begun + patience.budget
        if not fault.is_retryable or tried >= patience.attempts or is_late:
            self._give_up(failed, tried, wait=failed.wait if is_late else None)
        if failed.wait is not None:
            self._hosts.rest(failed.host, now + wait)
        self._timing.sleep(wait)

    def _give_up(self, failed: Failed, tried: int, wait: float | None) -> None:
        message = failed.fault.message
        if wait is not None:
            message += f"; try again {self._when(wait)}"
        elif tried > 1:
            message += f", {_TIMES.get(tried, f'{tried} times')}"
        last = Failed(failed.host, replace(failed.fault, message=message))
        last.__cause__ = failed.__cause__
        if failed.fault.blames_host:
            self._hosts.give_up(last)
        raise self._error(last) from failed.__cause__

    def _when(self, wait: float) -> str:
        if wait < 120:
            return f"in {int(wait) + 1} seconds"
        moment = datetime.fromtimestamp(min(self._timing.now() + wait, 253402300799), UTC)
        return f"after {moment:%Y-%m-%d %H:%M} UTC"

    @staticmethod
    def _error(failed: Failed) -> SourceUnavailableError:
        host = failed.host.rpartition(":")[0]
        error = SourceUnavailableError(host, failed.fault.message, hint=failed.fault.hint)
        error.__cause__ = failed.__cause__
        return error


def refusal(status: int, headers: Mapping[str, str], now: float) -> tuple[Fault, float | None]:
    """Return why an answer with a retryable status is none, and the seconds it asks to wait.

    `headers` have names in lower case; `now` is in seconds since 1970.
    """
    told = _retry_after(headers.get("retry-after", ""), now)
    if status in LIMITED and headers.get("x-ratelimit-remaining", "").strip() == "0":
        reset = headers.get("x-ratelimit-reset", "").strip()
        if told is None and reset.isdecimal() and len(reset) < 12:
            told = max(0.0, int(reset) - now) + 1
        return Fault("has no requests left for now", hint=_TOKEN_HINT), told
    if status == 429 and told is None and _PULLS.match(headers.get("ratelimit-remaining", "")):
        return Fault("has no pulls left for now", is_retryable=False, hint=_PULLS_HINT), None
    limits = headers.get("ratelimit", "")
    left, reset_in = _LEFT.search(limits), _RESET.search(limits)
    if told is None and left and reset_in and int(left[1]) == 0:
        told = float(reset_in[1]) + 1
    # What it cannot do for this request (501), it may do for another.
    is_trouble = status in RETRYABLE | LIMITED
    return Fault(f"answered {status}", is_retryable=is_trouble, blames_host=is_trouble), told


def is_refusal(status: int, headers: Mapping[str, str]) -> bool:
    """Say whether an answer is none: the service is in trouble, or wants to be left alone."""
    if status == 429 or status >= 500:
        return True
    is_out = headers.get("x-ratelimit-remaining", "").strip() == "0"
    return status == 403 and (is_out or "retry-after" in headers)


def _retry_after(text: str, now: float) -> float | None:
    """Return the seconds that `Retry-After` means: a number or a date. Source: RFC 9110."""
    text = text.strip()
    if text.isdecimal() and len(text) < 10:
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, moment.timestamp() - now)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
