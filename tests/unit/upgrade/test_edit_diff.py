"""Is what an edit changes shown as it is, so that the diff leads from the old text to the new?"""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from comfylock.upgrade.edit_diff import LONG_LINE, unified
from comfylock.upgrade.json_edit import Piece, edited

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@\Z")


def applied(old: str, diff: str) -> str:
    """Return what a unified diff makes of a text, its numbers held against it on the way."""
    before, after = old.split("\n"), list[str]()
    place = 0
    lines = diff.split("\n")[2:-1]
    while lines:
        numbers = _HUNK.match(lines.pop(0))
        assert numbers is not None
        start, taken, begin, given_count = (int(each or 1) for each in numbers.groups())
        first = start - (taken > 0)
        after += before[place:first]
        assert len(after) == begin - (given_count > 0)
        place = first
        while taken or given_count:
            mark, text = lines[0][:1], lines.pop(0)[1:]
            if mark in " -":
                assert before[place] == text
                place, taken = place + 1, taken - 1
            if mark in " +":
                after.append(text)
                given_count -= 1
    return "\n".join([*after, *before[place:]])


TEXTS = st.lists(st.sampled_from(["", "a", "bb", "\u2028", "c\r"]), max_size=30).map("\n".join)
NEW = st.sampled_from(["x", ",\n  y", "\n", ", z", "one\ntwo\nthree"])


@given(TEXTS, st.lists(st.tuples(st.integers(0, 60), st.integers(0, 3), NEW), max_size=5))
def test_a_diff_leads_from_the_old_text_to_the_new(
    old: str, wanted: list[tuple[int, int, str]]
) -> None:
    pieces: list[Piece] = []
    for start, length, text in sorted(wanted):
        begin = max(min(start, len(old)), pieces[-1].end + 1 if pieces else 0)
        if begin <= len(old):
            pieces.append(Piece(begin, min(begin + length, len(old)), text))
    diff = unified("w.json", old, pieces)
    assert diff.startswith("--- w.json\n+++ w.json\n")
    assert applied(old, diff).rstrip("\n") == edited(old, pieces).rstrip("\n")


def test_only_what_is_near_is_shown() -> None:
    old = "".join(f"{number}\n" for number in range(1, 21))
    places = [old.index("5\n") + 1, old.index("\n18\n") + 1]
    diff = unified("n", old, [Piece(place, place, "!") for place in places])
    assert diff.splitlines()[2:] == [
        "@@ -3,5 +3,5 @@", " 3", " 4", "-5", "+5!", " 6", " 7",
        "@@ -16,5 +16,5 @@", " 16", " 17", "-18", "+!18", " 19", " 20",
    ]  # fmt: skip


def test_of_a_long_line_the_part_that_changes_is_shown() -> None:
    old = '{"a": 1}' + " " * LONG_LINE
    told = unified("n", old, [Piece(6, 7, "2"), Piece(7, 7, ', "b": 3')])
    assert told.splitlines()[2:] == [
        "@@ character 6 @@", ' {"a": ', "-1", "+2", "@@ character 7 @@", ' {"a": 1', '+, "b": 3',
    ]  # fmt: skip
