"""The known names that are spelled much like one that is not known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from comfylock.model import Report
    from comfylock.registry.store import Registry

MAX_COMPARED = 400
MAX_LENGTH = 200
"""Longer names have no nearest: comparing takes the square of their length."""

MAX_ANSWERED = 50
"""Unknown class types of one report that get advice; the rest are as unknown without."""


def nearest(name: str, names: Iterable[str], limit: int = 3) -> tuple[str, ...]:
    """Return the names spelled most alike, best first; empty if none is close.

    Only names of about the same length with the same first two letters are compared.
    """
    if len(name) > MAX_LENGTH:
        return ()
    import difflib  # noqa: PLC0415 - only open questions need it

    name = name.strip()
    start, length = name[:2].lower(), len(name)
    reach = max(3, length // 3)
    alike = {n for n in names if n[:2].lower() == start and abs(len(n) - length) <= reach}
    compared = sorted(alike, key=lambda n: (abs(len(n) - length), n))[:MAX_COMPARED]
    return tuple(difflib.get_close_matches(name, compared, limit, 0.75))


def with_nearest(report: Report, registry: Registry) -> Report:
    """Return the report with the nearest known names as candidates of unknown class types."""
    unknown = [entry for entry in report.class_types if entry.kind == "unknown"]
    if not unknown:
        return report
    names = [*registry.core, *registry.class_types, *registry.frontend_only]
    advice = {
        entry.class_type: nearest(entry.class_type, names) for entry in unknown[:MAX_ANSWERED]
    }
    entries = [
        replace(entry, candidates=advice[entry.class_type])
        if entry.kind == "unknown" and entry.class_type in advice
        else entry
        for entry in report.class_types
    ]
    return replace(report, class_types=tuple(entries))
