"""What an upgrade does to workflows, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.cli.check_text import problem_lines
from comfylock.cli.text import cells, plural, safe, wrap
from comfylock.upgrade.changes import GRADES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from comfylock.cli.text import Style
    from comfylock.ops.upgrade_check import Impact, UpgradeOutcome
    from comfylock.ops.upgrade_fix import FixedFile
    from comfylock.upgrade.changes import Change
    from comfylock.upgrade.interface import Fault
    from comfylock.upgrade.matrix import Cell

COLOURS = {"breaks": "red", "may-break": "yellow", "behaviour": "cyan", "harmless": "dim"}
TITLES = {
    "breaks": "breaks every workflow that has it",
    "may-break": "may break, depending on values and links",
    "behaviour": "changes behaviour",
    "harmless": "harmless",
}
MAX_CHANGES = 12
MAX_HITS = 12


def outcome_text(outcome: UpgradeOutcome, style: Style, columns: int, *, verbose: bool) -> str:
    """Return the differences, the workflows that they hit, the matrix and the order."""
    lines: list[str] = []
    is_short = bool(outcome.impacts) and not verbose
    lines += _changes(outcome.changes, style, columns, verbose=verbose, is_short=is_short)
    for impact in outcome.impacts:
        if impact.hits or verbose:
            lines += _impact(impact, style, columns, verbose=verbose)
    if outcome.impacts:
        lines += wrap(_counted(outcome.impacts).split(" "), columns, "", separator="")
        lines.append("")
    lines += [*_matrix(outcome.cells, style, columns, has_workflows=bool(outcome.impacts))]
    lines += ["", style("order", "bold")]
    for number, step in enumerate(outcome.plan.steps, 1):
        told = wrap(f"{number}. {step}".split(" "), columns, "  ", separator="")
        lines += [told[0], *(f"   {line}" for line in told[1:])]
    return "".join(f"{line}\n" for line in lines)


def _changes(
    changes: Sequence[Change], style: Style, columns: int, *, verbose: bool, is_short: bool
) -> Iterator[str]:
    """Yield the differences by grade; only how many where workflows tell what they mean."""
    if not changes:
        yield "nothing differs between the two sets"
        return
    for grade in GRADES:
        part = [change for change in changes if change.grade == grade]
        if not part:
            continue
        title = f"{TITLES[grade]}: {plural(len(part), 'difference')}"
        yield from (
            style(line, "bold", COLOURS[grade])
            for line in wrap(title.split(" "), columns, "", separator="")
        )
        if is_short or (grade == "harmless" and not verbose):
            continue
        shown = part if verbose or grade == "breaks" else part[:MAX_CHANGES]
        for change in shown:
            yield from wrap(_change(change).split(" "), columns, "  ", separator="")
        if len(part) > len(shown):
            yield f"  and {len(part) - len(shown)} more; -v tells all"
    yield ""


def _change(change: Change) -> str:
    name = change.class_type + (f".{change.input}" if change.input else "")
    told = f"{safe(name)} {safe(change.message)}"
    if change.api != change.ui:
        told += f" (API: {change.api}, editor: {change.ui})"
    return told


def _impact(impact: Impact, style: Style, columns: int, *, verbose: bool) -> Iterator[str]:
    says = "breaks" if impact.is_broken else _says(impact)
    colour = "red" if impact.is_broken else "cyan"
    head = f"{safe(impact.path)} ({impact.format}): {says}"
    for line in wrap(head.split(" "), columns, "", separator=""):
        yield style(line, "bold", colour)
    shown = impact.hits if verbose else impact.hits[:MAX_HITS]
    for hit in shown:
        name = hit.class_type + (f".{hit.input}" if hit.input else "")
        told = f"{safe(hit.node)} {safe(name)}: {safe(hit.message)} [{hit.kind}]"
        yield from wrap(told.strip().split(" "), columns, "  ", separator="")
    if len(impact.hits) > len(shown):
        yield f"  and {len(impact.hits) - len(shown)} more; -v tells all"
    if impact.is_broken and impact.fixes:
        mends = "--fix mends it" if impact.is_fixed else "--fix mends a part of it"
        yield style(f"  {mends}", "green")
    yield from problem_lines(impact.doubts, columns, verbose=verbose)


def _says(impact: Impact) -> str:
    if impact.new == "unjudged" or impact.old == "unjudged":
        return "cannot be judged"
    if impact.old != "works":
        return "does not run before the upgrade either"
    return "behaves differently" if impact.hits else "stays as it is"


def _counted(impacts: Sequence[Impact]) -> str:
    broken = sum(each.is_broken for each in impacts)
    fixed = sum(each.is_broken and each.is_fixed for each in impacts)
    unjudged = sum("unjudged" in (each.old, each.new) for each in impacts)
    parts = [f"{broken:,} broken by the upgrade"]
    if fixed:
        parts.append(f"{fixed:,} of them mended by --fix")
    if unjudged:
        parts.append(f"{unjudged:,} cannot be judged")
    return f"{plural(len(impacts), 'workflow')}: {', '.join(parts)}"


def _matrix(
    found: Sequence[Cell], style: Style, columns: int, *, has_workflows: bool
) -> Iterator[str]:
    """Yield a row for each meeting of versions: what works there and what does not."""
    rows = [("format", "editor", "worker", "works together")]
    for cell in found:
        told = _cell(cell, has_workflows=has_workflows)
        rows.append((cell.format, "-" if cell.format == "api" else cell.editor, cell.worker, told))
    widths = [max(cells(row[place]) for row in rows) for place in range(3)]
    room = sum(widths) + 6
    for number, row in enumerate(rows):
        lead = "  ".join(text.ljust(size) for text, size in zip(row, widths, strict=False))
        says = wrap(row[3].split(" "), columns, " " * room, separator="")
        line = f"{lead}  {says[0].strip()}"
        yield style(line, "bold") if number == 0 else line
        yield from says[1:]


def _cell(cell: Cell, *, has_workflows: bool) -> str:
    if not has_workflows:
        if not cell.differences:
            return "yes"
        verb = "breaks" if cell.differences == 1 else "break"
        return f"no: {plural(cell.differences, 'difference')} {verb} workflows"
    if not cell.total:
        return "no workflows"
    parts = [_word(cell), f"{cell.works:,} of {cell.total:,} work"]
    if cell.broken:
        parts.append(f"{cell.broken:,} broken")
    if cell.failing:
        parts.append(f"{cell.failing:,} failed before")
    if cell.unjudged:
        parts.append(f"{cell.unjudged:,} not judged")
    return ", ".join(parts)


def _word(cell: Cell) -> str:
    """Say in a word whether the versions go together, as far as anybody can tell."""
    if cell.broken:
        return "no"
    if cell.unjudged:
        return "no break known"
    return "yes" if cell.works else "as before"


def _at(fault: Fault) -> str:
    """Return where a fault is: `12 KSampler.seed`."""
    name = fault.class_type + (f".{fault.input}" if fault.input else "")
    return " ".join(part for part in (fault.node, name) if part) or "the workflow"


def fixed_text(files: Sequence[FixedFile], *, is_dry: bool) -> str:
    """Return what was written into files, or would be, as diffs."""
    parts: list[str] = []
    for each in files:
        parts.append("".join(f"{safe(line)}\n" for line in each.diff.splitlines()))
        parts += [
            f"still wrong: {safe(each.path)}: {safe(_at(fault))}: {safe(fault.message)}\n"
            for fault in each.left
        ]
    count = sum(bool(each.fixes) for each in files)
    what = "would be written to" if is_dry else "written to"
    parts.append(f"{plural(count, 'file')} {what}\n" if count else "nothing to write\n")
    return "".join(parts)
