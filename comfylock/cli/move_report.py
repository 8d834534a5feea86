"""What moving pins would do to workflows, as `lock --check-definitions` tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfylock.cli.text import plural, safe

if TYPE_CHECKING:
    from comfylock.ops.lock import LockOutcome
    from comfylock.ops.upgrade_check import Impact
    from comfylock.ops.upgrade_moves import Move

MAX_WORKFLOWS = 3
"""Workflows that are named for one move."""


def move_errors(outcome: LockOutcome) -> list[str]:
    """Return what keeps the lock from being written."""
    told = [] if outcome.is_writable else _broken(outcome)
    return [*told, "to write all the same: comfylock lock --allow-breaking"] if told else []


def move_warnings(outcome: LockOutcome) -> list[str]:
    """Return what breaks and was allowed to, what changes, and what could not be judged."""
    told = _broken(outcome) if outcome.is_writable else []
    for move in outcome.moves:
        if move.note is not None:
            told.append(f"{safe(move.name)}: {safe(move.note)}")
        if move.changed:
            counted = plural(len(move.changed), "workflow")
            told.append(f"{safe(move.name)} changes what {counted} will do")
        told += [f"{safe(each.path)}: {safe(each.message)}" for each in move.unreadable]
    return told


def _broken(outcome: LockOutcome) -> list[str]:
    told = []
    for move in outcome.moves:
        shown = [_impact(each) for each in move.broken[:MAX_WORKFLOWS]]
        more = len(move.broken) - len(shown)
        if more > 0:
            shown.append(f"{more} more")
        if shown:
            told.append(f"moving {safe(move.name)} would break {', '.join(shown)}")
    return told


def _impact(impact: Impact) -> str:
    hit = next((each for each in impact.hits if each.grade == "breaks"), None)
    if hit is None:
        return safe(impact.path)
    name = hit.class_type + (f".{hit.input}" if hit.input else "")
    return f"{safe(impact.path)} ({safe(name)}: {safe(hit.message)})"


def move_objects(moves: tuple[Move, ...]) -> list[dict[str, Any]]:
    """Return the moves for machines."""
    return [
        {
            "name": move.name,
            "safe": move.is_safe,
            "note": move.note,
            "broken": [{"path": each.path, "hits": each.hits} for each in move.broken],
            "changed": [{"path": each.path, "hits": each.hits} for each in move.changed],
        }
        for move in moves
    ]
