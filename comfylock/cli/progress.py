"""A progress bar for long runs, on a terminal only."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 1.0
"""Seconds before a bar appears: short runs need none, and rich takes a while to import."""

SHOWN = 40
"""Columns of what is being looked at."""


class _Bar:
    """Counts things; draws from the first second on. `what` is their name: `files read`."""

    def __init__(self, what: str = "files read", stride: int = 64) -> None:
        self._what = what
        self._stride = stride
        self._start = time.monotonic()
        self._count = 0
        self._total: int | None = None
        self._bar: Any = None
        self._task: Any = None

    def begin(self, count: int) -> None:
        """Note that so many more are to come."""
        self._total = (self._total or 0) + count
        if self._bar is not None:
            self._bar.update(self._task, total=self._total)

    def advance(self, path: str) -> None:
        """Note that one more is done."""
        self._count += 1
        if self._bar is not None:
            self._bar.update(self._task, completed=self._count, path=path[-SHOWN:])
        elif self._count % self._stride == 0 and time.monotonic() - self._start > PATIENCE:
            self._open()

    def done(self, subject: str) -> None:
        """Note that one more is done."""
        self.advance(subject)

    def _open(self) -> None:
        from rich.console import Console  # noqa: PLC0415
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

        counted = "{task.completed:,}" + ("" if self._total is None else "/{task.total:,}")
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn(f"{counted} {self._what}"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[path]}", markup=False),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("", total=self._total, path="")
        self._bar.start()

    def close(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.stop()


@contextmanager
def progress(*, enabled: bool, what: str = "files read", stride: int = 64) -> Iterator[_Bar | None]:
    """Yield something to tell of each thing; None if nobody looks.

    The clock is asked once in `stride` things.
    """
    if not enabled:
        yield None
        return
    bar = _Bar(what, stride)
    try:
        yield bar
    finally:
        bar.close()
