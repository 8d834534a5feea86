"""Every promise of the lockfile is named by a test that would fail if it were broken."""

from __future__ import annotations

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parents[1]

PROMISES = {
    1: "what was asked for stands beside what was chosen",
    2: "pins are immutable",
    3: "the same answers give the same bytes",
    4: "nothing of the moment or the machine is written",
    5: "every file has a digest, or says why not",
    6: "where a pin comes from, and why it is this one",
    7: "packs that run code when installed are marked",
    8: "two numbers tell what a reader may take",
    9: "locks of every release are read for ever",
    10: "one file for several targets",
    11: "room for the tables of others",
    12: "current means satisfied, not unchanged",
    13: "drift is a list of reasons",
    14: "a check needs neither network nor cache",
    15: "who only looks writes nothing",
    16: "pins stay until they are asked to move",
    17: "a change is local",
    18: "branches merge entry by entry",
    19: "a header of three lines",
    20: "a check is no verification of what is installed",
    21: "other bytes are loud",
    22: "no secrets",
    23: "gaps are honest",
    24: "a resolution can be replayed",
}

_NUMBER = re.compile(r"(?<![a-z0-9])p(\d{1,2})(?![a-z0-9])", re.IGNORECASE)


def named() -> dict[int, set[str]]:
    """Promise to the tests whose name, or whose docstring, names it."""
    found: dict[int, set[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                told = f"{node.name.replace('_', ' ')} {ast.get_docstring(node) or ''}"
                for number in _NUMBER.findall(told):
                    found.setdefault(int(number), set()).add(f"{path.stem}.{node.name}")
    return found


def test_every_promise_has_a_test() -> None:
    tests = named()
    assert not {number: PROMISES[number] for number in PROMISES if number not in tests}
    assert not {number: names for number, names in tests.items() if number not in PROMISES}
