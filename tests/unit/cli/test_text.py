from __future__ import annotations

import io

import pytest

from comfylock.cli.progress import _Bar, progress
from comfylock.cli.text import Style, cells, plural, safe, shorten, width, wrap


class Terminal(io.StringIO):
    """A stream that says it is a terminal, of a size that nobody can tell."""

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        raise OSError


@pytest.fixture(autouse=True)
def _coloured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "xterm")


def test_colours_only_where_they_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Style("auto", Terminal())("x", "bold", "red") == "\x1b[1;31mx\x1b[0m"
    assert Style("auto", io.StringIO())("x", "bold") == "x"
    assert Style("never", Terminal())("x", "bold") == "x"
    assert Style("always", io.StringIO())("x", "dim") == "\x1b[2mx\x1b[0m"
    assert Style("always", io.StringIO())("", "dim") == ""
    monkeypatch.setenv("TERM", "dumb")
    assert Style("auto", Terminal())("x", "bold") == "x"


@pytest.mark.parametrize(
    ("columns", "expected"),
    [("100", 100), ("5", 20), ("5000", 120), ("", 80), ("0", 80), ("wide", 80)],
)
def test_the_width(monkeypatch: pytest.MonkeyPatch, columns: str, expected: int) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert width(io.StringIO()) == expected
    assert width(Terminal()) == expected


def test_safe_text_keeps_what_people_write() -> None:
    assert safe("naïve 短い 😀 (x)") == "naïve 短い 😀 (x)"
    assert safe("a\x1b\u202e\u200d\ue000\udc80\u2028b") == "a" + "�" * 6 + "b"


def test_cells() -> None:
    assert [cells(text) for text in ("ab", "短い", "e\u0301", "ﾊ")] == [2, 4, 1, 1]


@pytest.mark.parametrize("columns", range(12))
@pytest.mark.parametrize("text", ["a/long/path/to/file.json", "短い名前のノード", "ab"])
def test_shortened_text_fits_and_keeps_its_ends(text: str, columns: int) -> None:
    short = shorten(text, columns)
    assert cells(short) <= columns or columns < 5
    assert short == text or columns < 5 or (short[0] == text[0] and "…" in short)


def test_wrapped_words_fit() -> None:
    words = ["one", "two", "x" * 90, "three"]
    lines = wrap(words, 20, "  ")
    assert max(map(len, lines)) <= 20
    assert lines[0] == "  one, two,"
    assert wrap([], 20, "") == []


def test_plurals() -> None:
    told = [plural(1, "node"), plural(2000, "node"), plural(2, "class"), plural(0, "box")]
    assert told == ["1 node", "2,000 nodes", "2 classes", "0 boxes"]


def test_a_bar_appears_only_in_long_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    bar = _Bar()
    for _ in range(200):
        bar.advance("a.json")
    assert bar._bar is None
    monkeypatch.setattr("comfylock.cli.progress.PATIENCE", -1.0)
    for number in range(100):
        bar.advance(f"[red]{number}")
    assert bar._bar is not None
    bar.close()


def test_nobody_looks() -> None:
    with progress(enabled=False) as reporter:
        assert reporter is None
    with progress(enabled=True) as reporter:
        assert reporter is not None
