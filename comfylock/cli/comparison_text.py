"""Two environments side by side, as `comfylock verify --against` prints them for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.cli.text import cells, safe, shorten

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.cli.text import Style
    from comfylock.verifying.environments import Comparison

NARROW = 60
"""Columns below which both sides stand below a thing's name."""

ABSENT = "not there"


def comparison_lines(comparison: Comparison, style: Style, columns: int) -> Iterator[str]:
    """Yield a table with a row for each thing that is not the same on both sides."""
    left, right = safe(comparison.left), safe(comparison.right)
    rows = [
        (row.about, safe(row.name), safe(row.left or ABSENT), safe(row.right or ABSENT))
        for row in comparison.rows
    ]
    if columns < NARROW:
        for about, thing, mine, theirs in rows:
            yield style(shorten(f"{about} {thing}", columns), "bold")
            yield from (
                shorten(f"  {told}", columns) for told in (f"{left}: {mine}", f"{right}: {theirs}")
            )
        return
    head = ("", "differs", left, right)
    sizes = [max(cells(row[at]) for row in (head, *rows)) for at in range(4)]
    room = columns - sizes[0] - 6
    name = min(sizes[1], max(room - sizes[2] - sizes[3], room // 3))
    one = min(sizes[2], max((room - name) // 2, room - name - sizes[3]))
    widths = (sizes[0], name, one, min(sizes[3], room - name - one))
    yield style(_line(head, widths), "bold")
    yield from (_line(row, widths) for row in rows)


def _line(row: tuple[str, ...], widths: tuple[int, ...]) -> str:
    parts = [shorten(text, limit) for text, limit in zip(row, widths, strict=True)]
    padded = [part + " " * (size - cells(part)) for part, size in zip(parts, widths, strict=True)]
    return "  ".join(padded).rstrip()
