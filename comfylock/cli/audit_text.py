"""An audit as text: the gravest first, what it is about, and what mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.cli.sheet import COLOURS, counted
from comfylock.cli.text import plural, safe, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from comfylock.cli.text import Style
    from comfylock.findings import Finding
    from comfylock.ops.audit import AuditOutcome

LONGEST = 600
"""Letters of a message that are shown; JSON has all of it."""


def audit_text(
    outcome: AuditOutcome, style: Style, columns: int, *, verbose: bool = False, quiet: bool = False
) -> str:
    """Return a block for each subject, then a line that sums up; notes are for the curious."""
    found = outcome.judged.findings
    minded = {"note"} if outcome.rules.fail_on == "note" else set()
    shown = [f for f in found if verbose or f.severity != "note" or f.severity in minded]
    lines = list(_blocks(shown, style, columns, quiet=quiet))
    if verbose and outcome.judged.ignored:
        lines.append(style("ignored", "bold"))
        lines += _ignored(outcome.judged.ignored, columns)
    lines += _last(outcome, len(found) - len(shown), columns)
    return "".join(f"{line}\n" for line in lines)


def _blocks(
    findings: Sequence[Finding], style: Style, columns: int, *, quiet: bool
) -> Iterator[str]:
    subjects: dict[tuple[str, str], list[Finding]] = {}
    for found in findings:
        subjects.setdefault((found.about, found.subject), []).append(found)
    for (about, subject), group in subjects.items():
        title = wrap([safe(subject)], columns - len(about) - 1, "", separator="")
        yield f"{style(about, 'dim')} {style(title[0] if title else '', 'bold')}"
        for found in group:
            yield from _one(found, style, columns, quiet=quiet)
        yield ""


def _one(found: Finding, style: Style, columns: int, *, quiet: bool) -> Iterator[str]:
    head = f"{style(found.severity, COLOURS[found.severity])} {found.kind}"
    yield f"  {head}"
    for text in (found.message[:LONGEST], found.place and f"at {found.place}"):
        if text:
            yield from wrap(safe(text).split(" "), columns, "    ", separator="")
    if found.mend and not quiet:
        yield from wrap(f"-> {safe(found.mend)}".split(" "), columns, "    ", separator="")


def _ignored(findings: Sequence[Finding], columns: int) -> Iterator[str]:
    for found in findings:
        told = f"{safe(found.subject)}: {found.kind}, ignored: {safe(found.ignored or '')}"
        yield from wrap(told.split(" "), columns, "  ", separator="")
    yield ""


def summary(outcome: AuditOutcome) -> str:
    """Return one sentence: what was found, in how much."""
    parts = [counted(outcome.judged.findings) or "nothing found"]
    if outcome.judged.ignored:
        parts.append(f"{len(outcome.judged.ignored)} ignored")
    seen = [plural(outcome.packs, "pack"), plural(outcome.models, "model")]
    told = "; ".join(parts) + f" in {' and '.join(seen)}" if outcome.lock else "; ".join(parts)
    if outcome.files:
        told += f"; looked into {plural(outcome.files, 'file')}"
    return told


def _last(outcome: AuditOutcome, hidden: int, columns: int) -> Iterator[str]:
    yield from wrap(summary(outcome).split(" "), columns, "", separator="")
    if hidden:
        yield from wrap(f"{plural(hidden, 'note')} with --verbose".split(" "), columns, "", "")
