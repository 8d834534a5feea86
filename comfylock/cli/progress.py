"""A progress bar for long runs, on a terminal only."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 1.0
"""Seconds before a bar appears: short runs need none, and rich takes a while to import."""


class _Bar:
    """Counts files; draws from the first second on."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._count = 0
        self._bar: Any = None
        self._task: Any = None

    def advance(self, path: str) -> None:
        """Note one more file."""
        self._count += 1
        if self._bar is not None:
            self._bar.update(self._task, completed=self._count, path=path[-40:])
        elif self._count % 64 == 0 and time.monotonic() - self._start > PATIENCE:
            self._open()

    def _open(self) -> None:
        from rich.console import Console  # noqa: PLC0415
        from rich.markup import escape  # noqa: PLC0415
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

        self._escape = escape
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.completed:,} files read"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[path]}", markup=False),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("", total=None, path="")
        self._bar.start()

    def close(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.stop()


@contextmanager
def progress(*, enabled: bool) -> Iterator[_Bar | None]:
    """Yield something to tell of each file; None if nobody looks."""
    if not enabled:
        yield None
        return
    bar = _Bar()
    try:
        yield bar
    finally:
        bar.close()
