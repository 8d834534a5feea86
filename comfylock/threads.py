"""Threads that an interrupted run does not wait for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def threads(count: int, name: str) -> Iterator[ThreadPoolExecutor]:
    """Yield so many threads; whoever interrupts does not wait for what they are at."""
    executor = ThreadPoolExecutor(count, name)
    is_interrupted = True
    try:
        yield executor
        is_interrupted = False
    except Exception:
        is_interrupted = False
        raise
    finally:
        executor.shutdown(wait=not is_interrupted, cancel_futures=is_interrupted)
