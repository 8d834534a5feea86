from __future__ import annotations

import re

import pytest

from comfylock.patterns import Pattern


def test_a_pattern_is_compiled_when_it_is_used() -> None:
    broken = Pattern("(")
    with pytest.raises(re.error):
        broken.match("x")


def test_it_answers_as_a_compiled_one() -> None:
    pattern = Pattern(r"b(\d)", re.IGNORECASE)
    plain = re.compile(r"b(\d)", re.IGNORECASE)
    text = "a B1 b2"
    assert pattern.match(text) is None
    assert pattern.match("B1") is not None
    found = pattern.search(text)
    assert found is not None
    assert found.span() == (2, 4)
    assert [each[1] for each in pattern.finditer(text)] == plain.findall(text)
    assert pattern.sub(r"<\1>", text) == "a <1> <2>"
    assert pattern.compiled is pattern.compiled
