"""The table that a run prints: what was measured, the figure, the target, met or not."""

from __future__ import annotations

import os
import platform
import sys
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.processes import cores

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Row(NamedTuple):
    """One figure."""

    name: str
    what: str
    figure: str
    target: str = ""
    met: bool | None = None
    """None where there is no target."""

    @property
    def verdict(self) -> str:
        """Return the last column."""
        return "" if self.met is None else ("yes" if self.met else "NO")


HEAD = ("name", "what", "figure", "target", "met")


def at_least(name: str, what: str, value: float, target: float, note: str = "") -> Row:
    """Return a row for a share that should not be smaller."""
    return Row(name, what, _with(f"{value:.4f}", note), f">= {target:g}", value >= target)


def ratio(name: str, what: str, parts: tuple[float, float], target: float, unit: str = "s") -> Row:
    """Return a row for one measure divided by another, both shown."""
    value = parts[0] / parts[1]
    scale, shown = (1000, "ms") if unit == "ms" else (1, unit)
    sides = f"{parts[0] * scale:.3g} {shown} / {parts[1] * scale:.3g} {shown}"
    return Row(name, what, f"{value:.3g} ({sides})", f"<= {target:g}", value <= target)


def exactly(name: str, what: str, value: int, target: int, note: str = "") -> Row:
    """Return a row for a count that should be just this."""
    return Row(name, what, _with(f"{value:,}", note), f"{target:,}", value == target)


def as_text(rows: Iterable[Row]) -> str:
    """Return the rows in aligned columns."""
    cells = [HEAD, *((row.name, row.what, row.figure, row.target, row.verdict) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEAD))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
    return "\n".join(lines) + "\n"


def as_markdown(rows: Iterable[Row], command: str, versions: Sequence[str]) -> str:
    """Return the rows as a page, with what is needed to repeat them."""
    lines = [
        "# Benchmarks",
        "",
        f"Printed by `{command}` on {machine()}. Ratios were taken in one run, the contenders",
        "taking turns; seconds are the smallest of several rounds, or medians where it says so.",
        "",
        f"Measured on and against: {', '.join(f'`{version}`' for version in versions)}.",
        "",
        f"| {' | '.join(HEAD)} |",
        f"|{'---|' * len(HEAD)}",
    ]
    for row in rows:
        cells = (row.name, row.what, row.figure, row.target, row.verdict)
        lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    return "\n".join(lines) + "\n"


def machine() -> str:
    """Return what kind of machine this is, without its name."""
    version = ".".join(map(str, sys.version_info[:3]))
    return f"{platform.system()} {platform.machine()}, {cores()} cores, Python {version}"


def size(count: float) -> str:
    """Return a number of bytes for people."""
    return f"{count / 1e6:.1f} MB"


def _with(figure: str, note: str) -> str:
    return f"{figure} ({note})" if note else figure


def write(path: str, text: str) -> None:
    """Write a page, and the folder that it goes into."""
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)
