"""Interrupted while services say nothing: it ends at once, and leaves nothing behind."""

from __future__ import annotations

import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.scenarios.place import Place

SILENCE = 60
"""Seconds that every answer takes."""

ENOUGH = 10
"""Seconds in which even a loaded machine has ended it."""


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_lock_waits_for_nobody(shop: Place, number: signal.Signals) -> None:
    scratch = shop.folder / "scratch"
    scratch.mkdir()
    shop.world.delay(SILENCE)
    process = shop.process("lock", TMPDIR=str(scratch))
    while not (shop.world.git.asked and shop.world.registry.asked and shop.world.hub.asked):
        assert process.poll() is None
        time.sleep(0.01)
    assert list(scratch.iterdir()) != []
    process.send_signal(number)
    _, err = process.communicate(timeout=ENOUGH)
    assert process.returncode == 130
    assert err.decode().endswith("error: interrupted\n")
    assert list(scratch.iterdir()) == []
    assert shop.lock is None
