"""The services of a run, wired together: client, answers, one source of each kind."""

from __future__ import annotations

from msgspec import Struct

THREADS = 32
"""Questions under way at once; each host has a limit of its own besides."""


class Mode(Struct, frozen=True):
    """Where answers may come from."""

    is_offline: bool = False
    record: str | None = None
    replay: str | None = None
    max_age: float = 600.0
    """Seconds for which an answer that may change is taken from the cache unasked."""
