"""What moving pins would do to workflows, as `lock` and `outdated` tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfylock.cli.text import plural, safe

if TYPE_CHECKING:
    from collections.abc import Iterable

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
    return told + [line for move in outcome.moves for line in _doubtful(move)]


def told_moves(moves: Iterable[Move]) -> list[str]:
    """Return a sentence for everything that moves would do, or that is not known of them."""
    return [line for move in moves for line in (*_breaking(move), *_doubtful(move))]


def _doubtful(move: Move) -> list[str]:
    told = [] if move.note is None else [f"{safe(move.name)}: {safe(move.note)}"]
    if move.changed:
        counted = plural(len(move.changed), "workflow")
        told.append(f"{safe(move.name)} changes what {counted} will do")
    told += [f"{safe(each.path)}: {safe(each.message)}" for each in move.unreadable]
    return told


def _broken(outcome: LockOutcome) -> list[str]:
    return [line for move in outcome.moves for line in _breaking(move)]


def _breaking(move: Move) -> list[str]:
    shown = [_impact(each) for each in move.broken[:MAX_WORKFLOWS]]
    more = len(move.broken) - len(shown)
    if more > 0:
        shown.append(f"{more} more")
    return [f"moving {safe(move.name)} would break {', '.join(shown)}"] if shown else []


def _impact(impact: Impact) -> str:
    hit = next((each for each in impact.hits if each.grade == "breaks"), None)
    if hit is None:
        return safe(impact.path)
    name = hit.class_type + (f".{hit.input}" if hit.input else "")
    return f"{safe(impact.path)} ({safe(name)}: {safe(hit.message)})"


def move_objects(moves: tuple[Move, ...]) -> list[dict[str, Any]]:
    """Return the moves for machines."""
    return [{"name": move.name, "safe": move.is_safe, **move_object(move)} for move in moves]


def move_object(move: Move) -> dict[str, Any]:
    """Return one move for machines, without its name."""
    return {
        "mark": move.mark,
        "note": move.note,
        "broken": [{"path": each.path, "hits": each.hits} for each in move.broken],
        "changed": [{"path": each.path, "hits": each.hits} for each in move.changed],
        "unreadable": move.unreadable,
    }
