"""What `comfylock verify` prints for people: the dependency report, findings, one last line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.cli.comparison_text import comparison_lines
from comfylock.cli.sheet import COLOURS, counted
from comfylock.cli.text import cells, plural, safe, shorten, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.cli.text import Style
    from comfylock.findings import Finding
    from comfylock.ops.verify_request import VerifyOutcome
    from comfylock.verifying.findings import Item

NARROW = 60
"""Columns below which a row's values stand below its name."""

MAX_ROWS = 30
"""Rows shown without --verbose; above, only what is not verified."""

MAX_NOTES = 5
"""Notes shown without --verbose."""

SIDE_BY_SIDE = "differs"
"""The kind of finding that the table of two environments shows."""

_COLOURS = {
    "verified": "green",
    "unproven": "yellow",
    "extra": "yellow",
    "unknown": "yellow",
    "differs": "red",
    "missing": "red",
    **COLOURS,
}


def verify_text(outcome: VerifyOutcome, style: Style, columns: int, detail: int = 1) -> str:
    """Return a report; `detail` is 0 for errors and the result alone, 2 for everything."""
    lines: list[str] = []
    rows = _rows(outcome.items, detail)
    if rows:
        lines += [*_table(rows, style, columns), *_reasons(rows, outcome, columns), ""]
    differing = outcome.comparison is not None and bool(outcome.comparison.rows)
    if outcome.comparison is not None and differing:
        lines += [*comparison_lines(outcome.comparison, style, columns), ""]
    shown, hidden = _findings(outcome.findings, detail)
    for finding in shown:
        if finding.kind != SIDE_BY_SIDE:
            lines += _finding(finding, style, columns)
    if differing:
        lines.append(f"  -> {safe(next(f.mend for f in shown if f.kind == SIDE_BY_SIDE) or '')}")
    if hidden:
        lines.append(f"and {plural(hidden, 'note')} (--verbose)")
    if shown or hidden:
        lines.append("")
    lines += wrap(summary(outcome).split(" "), columns, "", separator="")
    return "\n".join(lines) + "\n"


def summary(outcome: VerifyOutcome) -> str:
    """Return one sentence: what was looked at, how much of it is as locked, what is wrong."""
    total = sum(item.status != "extra" for item in outcome.items)
    verified = sum(item.status == "verified" for item in outcome.items)
    parts = " and ".join(filter(None, (", ".join(outcome.parts[:-1]), *outcome.parts[-1:])))
    looked = f"{parts or 'nothing'}: {verified:,} of {plural(total, 'thing')} verified"
    unproven = sum(item.status == "unproven" for item in outcome.items)
    looked += f", {unproven:,} unproven" if unproven else ""
    same = "nothing that was compared differs" if outcome.unreachable else "nothing differs"
    return f"{looked}; {counted(outcome.findings) or same}"


def _rows(items: tuple[Item, ...], detail: int) -> list[Item]:
    if detail == 2 or (detail == 1 and len(items) <= MAX_ROWS):
        return list(items)
    return [item for item in items if item.status not in ("verified", "unproven")] * (detail > 0)


def _reasons(rows: list[Item], outcome: VerifyOutcome, columns: int) -> Iterator[str]:
    """Yield why a thing is not verified, where no finding says so."""
    told = {finding.message for finding in outcome.findings}
    told |= {message for message, _ in outcome.unreachable}
    for item in rows:
        if item.error is None or item.status not in ("unknown", "unproven") or item.error in told:
            continue
        if any(item.error.partition(": ")[2] in message for message in told):
            continue
        words = f"{item.status}: {safe(item.name)}: {safe(item.error)}".split(" ")
        yield from wrap(words, columns, "", separator="")


def _findings(found: tuple[Finding, ...], detail: int) -> tuple[list[Finding], int]:
    """Return the findings to show, and how many notes are left out."""
    notes = [finding for finding in found if finding.severity == "note"]
    others = [finding for finding in found if finding.severity != "note"]
    if detail == 2:
        return [*others, *notes], 0
    if detail == 0:
        return [finding for finding in others if finding.severity == "error"], 0
    return [*others, *notes[:MAX_NOTES]], len(notes[MAX_NOTES:])


def _cells_of(item: Item) -> tuple[str, str, str, str, str]:
    size = f"{item.size:,}" if item.size is not None else ""
    found = item.found if item.found is not None and item.found != item.version else ""
    version = item.version or ""
    shown = f"{version} -> {found}" if found and version else version or found
    return item.about, safe(item.name), item.status, safe(shown), size


def _table(items: list[Item], style: Style, columns: int) -> Iterator[str]:
    rows = [_cells_of(item) for item in items]
    if columns < NARROW:
        yield from _stacked(rows, style, columns)
        return
    head = ("", "name", "status", "version", "bytes")
    sizes = [max(cells(row[at]) for row in (head, *rows)) for at in range(5)]
    room = columns - sizes[0] - sizes[2] - sizes[4] - 8
    name = min(sizes[1], max(room - sizes[3], room // 2))
    widths = (sizes[0], name, sizes[2], min(sizes[3], room - name), sizes[4])
    yield style(_line(head, widths).rstrip(), "bold")
    for row in rows:
        line = _line(row, widths)
        at = line.find(f" {row[2]} ", widths[0] + widths[1]) + 1
        end = at + len(row[2])
        yield (line[:at] + style(line[at:end], _COLOURS[row[2]]) + line[end:]).rstrip()


def _line(row: tuple[str, ...], widths: tuple[int, ...]) -> str:
    parts = [shorten(text, limit) for text, limit in zip(row, widths, strict=True)]
    padded = [p + " " * (w - cells(p)) for p, w in zip(parts[:4], widths[:4], strict=True)]
    return "  ".join([*padded, " " * (widths[4] - cells(parts[4])) + parts[4]]) + " "


def _stacked(
    rows: list[tuple[str, str, str, str, str]], style: Style, columns: int
) -> Iterator[str]:
    for about, name, status, version, size in rows:
        yield style(shorten(f"{about} {name}", columns), "bold")
        told = [style(status, _COLOURS[status]), *filter(None, (version, size and f"{size} bytes"))]
        yield from wrap(told, columns, "  ")


def _finding(finding: Finding, style: Style, columns: int) -> Iterator[str]:
    """Yield a finding's sentence, and the command that mends it whole, to be copied."""
    head = finding.severity
    words = f"{safe(finding.message)} [{finding.kind}]".split(" ")
    if finding.place not in (None, ".") and finding.place not in finding.message:
        words = [f"{safe(finding.place)}:", *words]
    first, *rest = wrap([f"{head}:", *words], columns, "", separator="")
    yield style(head, _COLOURS[head]) + first.removeprefix(head)
    yield from (f"  {line}" for line in wrap(rest_words(rest), columns - 2, "", separator=""))
    if finding.mend:
        yield f"  -> {safe(finding.mend)}"


def rest_words(lines: list[str]) -> list[str]:
    """Return the words of lines, to be wrapped anew."""
    return " ".join(lines).split(" ") if lines else []
