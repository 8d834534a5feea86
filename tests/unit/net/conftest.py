"""A service, a client that may reach it, and a clock that nobody has to wait for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec import Struct, field

from comfylock.net.http import Http
from comfylock.net.retries import Timing
from comfylock.net.trust import Trust
from tests.services.loopback import Service, serving

if TYPE_CHECKING:
    from collections.abc import Iterator


class Clock(Struct):
    """Time that passes only while somebody sleeps."""

    time: float = 1_000.0
    epoch: float = 1_800_000_000.0
    slept: list[float] = field(default_factory=list)
    chance: float = 0.5

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 3))
        self.time += seconds
        self.epoch += seconds

    def timing(self) -> Timing:
        return Timing(lambda: self.time, lambda: self.epoch, self.sleep, lambda: self.chance)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service() -> Iterator[Service]:
    with serving() as running:
        yield running


@pytest.fixture
def other() -> Iterator[Service]:
    """The same machine under another name: another host."""
    with serving(name="localhost") as running:
        yield running


@pytest.fixture
def http(service: Service, other: Service, clock: Clock) -> Iterator[Http]:
    trust = Trust(configured=frozenset({service.place, other.place}))
    with Http("tests/1", trust, timing=clock.timing()) as opened:
        yield opened
