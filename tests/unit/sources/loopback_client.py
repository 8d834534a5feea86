"""A client that may reach stand-ins and never waits for a retry."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from comfylock.net.http import Http
from comfylock.net.retries import Timing
from comfylock.net.trust import Endpoints, Trust

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.services.web import StandIn


def trust_for(*services: StandIn) -> Trust:
    """Return that these stand-ins may be reached, by both of their names."""
    hosts = {name for service in services for name in (service.host, service.content_host)}
    return Trust(endpoints=Endpoints(), configured=frozenset(hosts))


@contextmanager
def client_for(*services: StandIn) -> Iterator[Http]:
    """Yield a client for these stand-ins; its pauses take no time."""
    timing = Timing(sleep=lambda _: time.sleep(0), random=lambda: 0.0)
    with Http("tests/1", trust_for(*services), timing=timing) as http:
        yield http
