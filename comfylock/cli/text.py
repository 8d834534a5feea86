"""Text for people: a few colours where a terminal wants them, lines that fit, nothing hostile."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterable

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
DEFAULT_WIDTH = 80
MAX_WIDTH = 120


class Style:
    """Colours texts, or leaves them alone."""

    def __init__(self, choice: str, stream: TextIO) -> None:
        if choice == "auto":
            plain = "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
            self.enabled = stream.isatty() and not plain
        else:
            self.enabled = choice == "always"

    def __call__(self, text: str, *names: str) -> str:
        """Return the text in these colours."""
        if not self.enabled or not names or not text:
            return text
        return f"\x1b[{';'.join(_CODES[name] for name in names)}m{text}\x1b[0m"


def width(stream: TextIO) -> int:
    """Return how many columns to use: the terminal's, COLUMNS, or 80."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdigit() and int(columns) > 0:
        return max(20, min(int(columns), MAX_WIDTH))
    if stream.isatty():
        try:
            shown = os.get_terminal_size(stream.fileno()).columns or DEFAULT_WIDTH
            return max(20, min(shown, MAX_WIDTH))
        except OSError:
            return DEFAULT_WIDTH
    return DEFAULT_WIDTH


def safe(text: str) -> str:
    """Return a stranger's text with nothing in it that a terminal would obey or reorder."""
    if text.isprintable() and text.isascii():
        return text
    import unicodedata  # noqa: PLC0415 - most text is ASCII

    return "".join(
        c if c == " " or (unicodedata.category(c)[0] in "LMNPSZ" and c.isprintable()) else "\ufffd"
        for c in text
    )


def cells(text: str) -> int:
    """Return how many terminal columns a text takes."""
    if text.isascii():
        return len(text)
    import unicodedata  # noqa: PLC0415 - most text is ASCII

    return sum(
        0
        if unicodedata.combining(c) or unicodedata.category(c) in {"Mn", "Me", "Cf"}
        else 2
        if unicodedata.east_asian_width(c) in "WF"
        else 1
        for c in text
    )


def shorten(text: str, columns: int) -> str:
    """Return the text cut in its middle to fit; both ends of a path say more than its middle."""
    if cells(text) <= columns:
        return text
    if columns < 5:
        return text[: max(columns, 0)]
    head = (columns - 1) // 3
    start, end = text[:head], text[-(columns - 1 - head) :]
    while cells(start) + 1 + cells(end) > columns:
        if cells(end) > head:
            end = end[1:]
        else:
            start = start[:-1]
    return f"{start}…{end}"


def wrap(words: list[str], columns: int, indent: str, separator: str = ", ") -> list[str]:
    """Return words as lines of at most so many columns; a word that is too long is shortened."""
    room = max(columns - len(indent), 10)
    lines: list[str] = []
    current = ""
    for index, word in enumerate(words):
        last = index == len(words) - 1
        piece = shorten(word, room - 1) + ("" if last else separator.rstrip())
        if current and cells(current) + 1 + cells(piece) > room:
            lines.append(indent + current)
            current = piece
        else:
            current = f"{current} {piece}" if current else piece
    if current:
        lines.append(indent + current)
    return lines


def hint_lines(hints: Iterable[str]) -> list[str]:
    """Return lines for hints, an empty one before them, each hint once; empty ones are none."""
    told = [f"hint: {safe(each)}" for each in sorted(set(hints) - {""})]
    return ["", *told] if told else []


def plural(count: int, noun: str) -> str:
    """Return a count with its noun: `1 node`, `2 nodes`, `1,204 nodes`."""
    return f"{count:,} {noun}" + ("" if count == 1 else "es" if noun[-1] in "sx" else "s")
