"""Tables for comments on pull requests; whatever a lock says stays inside its cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.cli.change_text import sections
from comfylock.cli.text import plural, safe, shorten

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.ops.diff import Difference

MAX_ROWS = 400
"""Hosts refuse comments that are too long."""

MAX_CELL = 160
"""Characters of one text."""

_LOOKALIKES = str.maketrans({"|": "\N{BROKEN BAR}", "`": "'", "\\": "\N{SET MINUS}"})
"""What could end a cell or a code span, replaced; escaping them is not the same everywhere."""


def difference_markdown(found: Difference) -> str:
    """Return a difference as a table of GitHub's Markdown, with a heading."""
    lines = [f"### {code('comfy.lock')}: {_counted(found)}", ""]
    for side in (found.old, found.new):
        if side.is_absent:
            lines += [f"{code(side.name)} has no lock.", ""]
    rows = list(_rows(found))
    if rows:
        lines += ["| | what | name | change |", "|---|---|---|---|", *rows[:MAX_ROWS], ""]
    if len(rows) > MAX_ROWS:
        lines += [f"and {len(rows) - MAX_ROWS:,} more: `comfylock diff`", ""]
    return "\n".join(lines[:-1]) + "\n"


def code(text: str) -> str:
    """Return a stranger's text as a code span: nothing in it is a link, a mention or HTML."""
    clean = shorten(safe(text).translate(_LOOKALIKES), MAX_CELL).strip()
    return f"`{clean}`" if clean else ""


def _rows(found: Difference) -> Iterator[str]:
    for title, part in sections(found.changes):
        for change in part:
            name = title.lower().rstrip("s") if title != "ComfyUI" else title
            yield f"| {change.kind} | {name} | {code(change.name)} | {code(change.summary)} |"


def _counted(found: Difference) -> str:
    counts: dict[str, int] = {}
    for _, part in sections(found.changes):
        for change in part:
            counts[change.kind] = counts.get(change.kind, 0) + 1
    if not counts:
        return "nothing differs"
    total = plural(sum(counts.values()), "difference")
    return f"{total} ({', '.join(f'{n:,} {kind}' for kind, n in sorted(counts.items()))})"
