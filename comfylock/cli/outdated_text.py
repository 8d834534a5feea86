"""What is newer than a lock's pins, as a table for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.cli.move_report import told_moves
from comfylock.cli.text import cells, plural, safe, shorten, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from comfylock.cli.text import Style
    from comfylock.ops.upgrade_moves import Move
    from comfylock.resolve.newest import Newer, Survey

NARROW = 60
"""Columns below which a row's values stand below its name."""

_COLOURS = {"breaks": "red", "changes": "yellow", "unknown": "yellow", "safe": "green"}
_HEAD = ("name", "locked", "newest", "date", "workflows")
_DATE = 10
_MARK = 10

Row = tuple[str, str, str, str, str]


def survey_text(
    survey: Survey,
    style: Style,
    columns: int,
    moves: Mapping[str, Move] | None = None,
    *,
    verbose: bool = False,
) -> str:
    """Return a row for each pin that has something newer, or of which that is not known.

    `moves` are what the newest would do to the workflows; below the table stands why.
    """
    lines: list[str] = []
    old = [entry for entry in survey.entries if entry.status == "outdated"]
    judged = [moves[entry.name] for entry in old if moves and entry.name in moves]
    if old:
        lines += _table(old, {move.name: move for move in judged}, style, columns)
    for sentence in told_moves(judged):
        lines += wrap(sentence.split(" "), columns, "", separator="")
    unknown = [e for e in survey.entries if e.note and (verbose or e.status == "unknown")]
    for entry in unknown:
        words = f"{safe(entry.name)}: {safe(entry.note or '')}".split(" ")
        lines += wrap(words, columns, "", separator="")
    if not old:
        current = sum(entry.status == "current" for entry in survey.entries)
        lines.append(f"nothing newer for {plural(current, 'pin')}")
    return "".join(f"{line}\n" for line in lines)


def mark_text(move: Move | None) -> str:
    """Return in a word or two what a move would do; empty where that is no question."""
    if move is None:
        return ""
    if move.mark == "breaks":
        return f"breaks {len(move.broken):,}"
    if move.mark == "changes":
        return f"changes {len(move.changed):,}"
    return "not known" if move.mark == "unknown" else move.mark


def _table(
    entries: list[Newer], moves: Mapping[str, Move], style: Style, columns: int
) -> Iterator[str]:
    """Yield the heading and a row for each entry, as wide as it takes or as there is room."""
    rows: list[Row] = [_row(entry, moves.get(entry.name)) for entry in entries]
    colours = [_colour(moves.get(entry.name)) for entry in entries]
    if columns < NARROW:
        yield from _stacked(rows, colours, style, columns)
        return
    shown = len(_HEAD) if moves else len(_HEAD) - 1
    table = [row[:shown] for row in (_HEAD, *rows)]
    fixed = (_DATE, _MARK)[: shown - 3]
    room = columns - sum(fixed) - 2 * (shown - 1)
    wanted = [max(cells(row[i]) for row in table) for i in range(shown)]
    name = min(wanted[0], room - 2 * (room // 4))  # what it does not need is for the versions
    each = (room - name) // 2
    widths = list(map(min, (name, each, each, *fixed), wanted))
    for row, colour in zip(table, ("bold", *colours), strict=True):
        parts = [shorten(text, limit) for text, limit in zip(row, widths, strict=True)]
        padded = [part + " " * (w - cells(part)) for part, w in zip(parts, widths, strict=True)]
        if row is table[0]:
            yield style("  ".join(padded).rstrip(), colour)
        elif moves and parts[-1]:
            yield f"{'  '.join(padded[:-1])}  {style(parts[-1], colour)}"
        else:
            yield "  ".join(padded).rstrip()


def _row(entry: Newer, move: Move | None) -> Row:
    date = (entry.date or "")[:_DATE]
    return (
        safe(entry.name),
        safe(entry.locked),
        safe(entry.newest or ""),
        safe(date),
        mark_text(move),
    )


def _colour(move: Move | None) -> str:
    return "bold" if move is None else _COLOURS[move.mark]


def _stacked(rows: list[Row], colours: list[str], style: Style, columns: int) -> Iterator[str]:
    for (name, *values), colour in zip(rows, colours, strict=True):
        for line in wrap([name], columns, "", separator=""):
            yield style(line, "bold")
        locked, newest, date, mark = values
        words = [locked, "->", newest, *([date] if date else [])]
        yield from wrap(words, columns, "  ", separator="")
        if mark:
            yield f"  {style(mark, colour)}"
