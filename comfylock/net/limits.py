"""Each host's share: so many requests at once, pauses it asked for, none once it is down."""

from __future__ import annotations

from contextlib import contextmanager
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.net.faults import Fault  # noqa: TC001 - msgspec reads annotations

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

AT_ONCE = 8
"""Requests to one host at the same time. Source: the pace of the Comfy Registry's own clients."""


class Failed(Exception):  # noqa: N818 - not an error by itself: retries decide
    """One attempt failed at a host."""

    def __init__(self, host: str, fault: Fault, wait: float | None = None) -> None:
        super().__init__(fault.message)
        self.host = host
        self.fault = fault
        self.wait = wait
        """Seconds that the service asked to wait; None if it did not say."""


class _Host(Struct):
    turns: BoundedSemaphore
    down: Failed | None = None
    rests_until: float = 0.0
    sent: int = 0


class Hosts:
    """What is known of every host in this run; threads share it."""

    def __init__(self, at_once: int = AT_ONCE, each: Mapping[str, int] | None = None) -> None:
        self._at_once = at_once
        self._each = dict(each or {})
        self._hosts: dict[str, _Host] = {}
        self._lock = Lock()

    @contextmanager
    def turn(self, host: str) -> Iterator[None]:
        """Wait for a free place at a host and hold it for one request.

        Raises:
            Failed: the host has been found to be down.
        """
        found = self._of(host)
        with found.turns:
            if found.down is not None:
                raise Failed(host, found.down.fault)
            with self._lock:
                found.sent += 1
            yield

    def give_up(self, failed: Failed) -> None:
        """Remember that a host is down, the first reason for good."""
        found = self._of(failed.host)
        with self._lock:
            found.down = found.down or failed

    def down(self, host: str) -> Failed | None:
        """Return why a host is down; None if it is not known to be."""
        return self._of(host).down

    def rest(self, host: str, until: float) -> None:
        """Let nobody ask a host before a time (of the clock of the run)."""
        found = self._of(host)
        with self._lock:
            found.rests_until = max(found.rests_until, until)

    def rests_until(self, host: str) -> float:
        """Return when a host may be asked again."""
        return self._of(host).rests_until

    def sent(self) -> dict[str, int]:
        """Return how many requests went to each host, redirects and retries included; sorted."""
        with self._lock:
            return {name: host.sent for name, host in sorted(self._hosts.items()) if host.sent}

    def _of(self, host: str) -> _Host:
        with self._lock:
            found = self._hosts.get(host)
            if found is None:
                name = host.rpartition(":")[0]
                turns = self._each.get(host, self._each.get(name, self._at_once))
                found = self._hosts[host] = _Host(BoundedSemaphore(turns))
            return found
