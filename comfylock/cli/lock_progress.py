"""How far a lock is, on a terminal only."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 0.5
"""Seconds before a bar appears."""


class _Bar:
    """Counts what was learnt; draws only when it takes a while."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._total = 0
        self._count = 0
        self._bar: Any = None
        self._task: Any = None

    def begin(self, count: int) -> None:
        """Note that so many more things are to be learnt."""
        self._total += count
        if self._bar is not None:
            self._bar.update(self._task, total=self._total)

    def done(self, subject: str) -> None:
        """Note that one of them is."""
        self._count += 1
        if self._bar is not None:
            self._bar.update(self._task, completed=self._count, subject=subject[:40])
        elif time.monotonic() - self._start > PATIENCE:
            self._open()

    def _open(self) -> None:
        from rich.console import Console  # noqa: PLC0415
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

        self._bar = Progress(
            TextColumn("{task.completed}/{task.total} facts"),
            BarColumn(20),
            TimeElapsedColumn(),
            TextColumn("{task.fields[subject]}", markup=False),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("", total=self._total, completed=self._count, subject="")
        self._bar.start()

    def close(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.stop()


@contextmanager
def lock_progress(*, enabled: bool) -> Iterator[_Bar | None]:
    """Yield something to tell of each fact; None if nobody looks."""
    if not enabled:
        yield None
        return
    bar = _Bar()
    try:
        yield bar
    finally:
        bar.close()
