from __future__ import annotations

import time
from threading import Event
from typing import TYPE_CHECKING

import pytest

from comfylock.threads import threads

if TYPE_CHECKING:
    from concurrent.futures import Future


def test_an_interruption_waits_for_nobody() -> None:
    go_on = Event()
    begun: list[Future[bool]] = []

    def interrupted() -> None:
        with threads(1, "test") as executor:
            begun.extend(executor.submit(go_on.wait, 30) for _ in range(2))
            raise KeyboardInterrupt

    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert time.monotonic() - start < 20
    running, waiting = begun
    assert waiting.cancelled()
    go_on.set()
    assert running.result(10)


def test_an_error_waits_for_what_was_begun() -> None:
    begun: list[Future[None]] = []

    def failing() -> None:
        with threads(1, "test") as executor:
            begun.append(executor.submit(time.sleep, 0.05))
            raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        failing()
    assert begun[0].done()
