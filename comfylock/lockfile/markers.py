"""Conflict markers of a merge: where they are, and the two or three texts they stand between."""

from __future__ import annotations

from msgspec import Struct

from comfylock.errors import LockParseError

OURS, BASE, MIDDLE, THEIRS = b"<<<<<<<", b"|||||||", b"=======", b">>>>>>>"


class Sides(Struct, frozen=True):
    """What a file with conflict markers was made of."""

    ours: bytes
    base: bytes | None
    """With the styles `diff3` and `zdiff3` only; the latter may leave out what both sides added."""
    theirs: bytes


def conflict_lines(data: bytes) -> tuple[int, ...]:
    """Return the lines that hold markers that open or close a conflict, counted from 1."""
    if OURS not in data and THEIRS not in data:
        return ()
    found = [(number, _marker(line)) for number, line in enumerate(data.split(b"\n"), 1)]
    return tuple(number for number, marker in found if marker in {OURS, THEIRS})


def split_conflict(data: bytes, file: str = "comfy.lock") -> Sides:
    """Return the sides of a file with conflict markers, two-way or with the common ancestor.

    Raises:
        LockParseError: markers that open nothing, close nothing or stand inside each other.
    """
    sides: dict[bytes, list[bytes]] = {OURS: [], BASE: [], THEIRS: []}
    open_side: bytes | None = None
    has_base, conflicts, with_base = False, 0, 0
    opened = 0
    for number, line in enumerate(data.splitlines(keepends=True), 1):
        marker = _marker(line)
        if marker is None or (marker in {BASE, MIDDLE} and open_side is None):
            for side in sides.values() if open_side is None else (sides[open_side],):
                side.append(line)
        elif marker == OURS and open_side is None:
            open_side, has_base, conflicts = OURS, False, conflicts + 1
            opened = number
        elif marker == BASE and open_side == OURS:
            open_side, has_base, with_base = BASE, True, with_base + 1
        elif marker == MIDDLE and open_side == (BASE if has_base else OURS):
            open_side = THEIRS
        elif marker == THEIRS and open_side == THEIRS:
            open_side = None
        else:
            raise _fault(file, number, line, "has no counterpart")
    if open_side is not None:
        raise _fault(file, opened, OURS, "opens a conflict that is never closed")
    joined = {name: b"".join(lines) for name, lines in sides.items()}
    base = joined[BASE] if with_base == conflicts else None
    return Sides(joined[OURS], base, joined[THEIRS])


def _marker(line: bytes) -> bytes | None:
    """Return the marker that a line is: seven times one character, then a space or nothing."""
    start = line[:7]
    if start not in {OURS, BASE, MIDDLE, THEIRS}:
        return None
    rest = line[7:].rstrip(b"\r\n")
    return start if not rest or rest[:1] == b" " else None


def _fault(file: str, number: int, line: bytes, what: str) -> LockParseError:
    marker = line[:7].decode()
    hint = "take one side as a whole: `git checkout --theirs comfy.lock`, then `comfylock lock`"
    return LockParseError(file, ((f"line {number}", f"`{marker}` {what}"),), hint=hint)
