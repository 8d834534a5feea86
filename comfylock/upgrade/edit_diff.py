"""What an edit changes, as a unified diff: made from the edit itself, not by comparing texts."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.upgrade.json_edit import Piece, edited

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LONG_LINE = 400
"""Characters from which on a line is too long to be shown whole."""

CONTEXT_LINES = 2
CONTEXT_CHARACTERS = 60


class _Block(Struct):
    """Lines that change: those from `first` up to `end` become `new`."""

    first: int
    end: int
    new: list[str]


def unified(path: str, old: str, pieces: Sequence[Piece]) -> str:
    """Return a unified diff; where a line is too long, only the parts that change."""
    lines = _lines(old)
    blocks = list(_blocks(old, lines, sorted(pieces)))
    head = f"--- {path}\n+++ {path}\n"
    shown = [line for block in blocks for line in (*lines[block.first : block.end], *block.new)]
    if any(len(line) > LONG_LINE for line in shown):
        return head + "".join(_told(old, pieces))
    return head + "".join(_hunks(lines, blocks))


def _lines(text: str) -> list[str]:
    """Return the lines with their ends; a line ends where an editor says so, not at U+2028."""
    found = [f"{line}\n" for line in text.split("\n")]
    found[-1] = found[-1][:-1]
    return found if found[-1] else found[:-1]


def _blocks(old: str, lines: list[str], pieces: list[Piece]) -> Iterator[_Block]:
    starts = [0, *accumulate(map(len, lines))]
    waiting: list[Piece] = []
    first = end = 0
    for piece in pieces:
        begins, ends = (
            min(bisect_right(starts, place) - 1, max(len(lines) - 1, 0))
            for place in (piece.start, piece.end)
        )
        if waiting and begins >= end:
            yield _block(old, starts, first, end, waiting)
            waiting = []
        first, end = (first, max(end, ends + 1)) if waiting else (begins, ends + 1)
        waiting.append(piece)
    if waiting:
        yield _block(old, starts, first, end, waiting)


def _block(old: str, starts: list[int], first: int, end: int, pieces: list[Piece]) -> _Block:
    offset = starts[first]
    moved = [Piece(each.start - offset, each.end - offset, each.text) for each in pieces]
    return _Block(first, end, _lines(edited(old[offset : starts[end]], moved)))


def _hunks(lines: list[str], blocks: list[_Block]) -> Iterator[str]:
    """Yield each hunk: blocks that are near each other, and a little around them."""
    shift = 0
    group: list[_Block] = []
    for block in blocks:
        if group and block.first - group[-1].end > 2 * CONTEXT_LINES:
            yield from _hunk(lines, group, shift)
            shift += sum(len(each.new) - (each.end - each.first) for each in group)
            group = []
        group.append(block)
    if group:
        yield from _hunk(lines, group, shift)


def _hunk(lines: list[str], group: list[_Block], shift: int) -> Iterator[str]:
    begin = max(group[0].first - CONTEXT_LINES, 0)
    finish = min(group[-1].end + CONTEXT_LINES, len(lines))
    grown = sum(len(each.new) - (each.end - each.first) for each in group)
    before, after = finish - begin, finish - begin + grown
    yield f"@@ -{_range(begin, before)} +{_range(begin + shift, after)} @@\n"
    place = begin
    for block in group:
        yield from (_shown(" ", line) for line in lines[place : block.first])
        changed = lines[block.first : block.end]
        same = _common(changed, block.new)
        yield from (_shown(" ", line) for line in changed[:same])
        yield from (_shown("-", line) for line in changed[same:])
        yield from (_shown("+", line) for line in block.new[same:])
        place = block.end
    yield from (_shown(" ", line) for line in lines[place:finish])


def _common(before: list[str], after: list[str]) -> int:
    """Return how many lines both begin with."""
    same = 0
    while same < min(len(before), len(after)) and before[same] == after[same]:
        same += 1
    return same


def _range(start: int, count: int) -> str:
    return f"{start + (count > 0)}" if count == 1 else f"{start + (count > 0)},{count}"


def _shown(mark: str, line: str) -> str:
    return mark + (line if line.endswith("\n") else f"{line}\n")


def _told(text: str, pieces: Sequence[Piece]) -> Iterator[str]:
    """Yield each piece and where it goes, with a little of what stands before it."""
    for piece in pieces:
        yield f"@@ character {piece.start} @@\n"
        yield f" {_cut(text, piece.start - CONTEXT_CHARACTERS, piece.start)}\n"
        if piece.end > piece.start:
            yield f"-{_cut(text, piece.start, piece.end)}\n"
        yield f"+{piece.text.strip()}\n"


def _cut(text: str, start: int, end: int) -> str:
    return text[max(start, 0) : min(end, max(start, 0) + LONG_LINE)].replace("\n", " ")
