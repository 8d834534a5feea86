"""What `lock` prints: what changed, what a person should know, what stands in the way."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from comfylock.cli.text import Style, plural, safe

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from comfylock.lockfile.diff import Change
    from comfylock.lockfile.schema import Gap
    from comfylock.ops.lock import LockOutcome
    from comfylock.resolve.outcome import Notice

MAX_ROWS = 20
"""Rows of one list without --verbose."""

SIGNS = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}
COLUMN = 44


def print_outcome(outcome: LockOutcome, arguments: argparse.Namespace, code: int) -> None:
    """Print the outcome of a run: the result on stdout, everything else on stderr."""
    if arguments.json:
        from comfylock.cli.envelope import success  # noqa: PLC0415

        sys.stdout.buffer.write(success("lock", _object(outcome), ok=code == 0))
    elif not arguments.quiet:
        sys.stdout.write(_result(outcome, arguments))
    sys.stdout.flush()
    style = Style(arguments.color, sys.stderr)
    lines = [*_warnings(outcome, style, arguments), *_errors(outcome, style, arguments)]
    sys.stderr.write("".join(f"{line}\n" for line in lines))


def _result(outcome: LockOutcome, arguments: argparse.Namespace) -> str:
    """Return what was resolved, what moved, and what became of the file."""
    style = Style(arguments.color, sys.stdout)
    lock = outcome.resolution.lock
    counts = f"{plural(len(lock.packs), 'pack')} and {plural(len(lock.models), 'model')}"
    lines = [f"{counts} of {plural(len(lock.workflows), 'workflow')} pinned"]
    changes = outcome.changes
    shown = (*changes.comfyui, *changes.packs, *changes.models, *changes.unresolved)
    limit = len(shown) if arguments.verbose else MAX_ROWS
    lines += [_row(change, style) for change in shown[:limit]]
    if len(shown) > limit:
        lines.append(f"  and {len(shown) - limit} more (--verbose)")
    if arguments.verbose and outcome.asked:
        told = [f"{name} {sent} of {all_}" for name, (all_, sent) in sorted(outcome.asked.items())]
        lines.append(f"facts asked for, of all needed: {', '.join(told)}")
    lines.append(_verdict(outcome, arguments))
    return "\n".join(lines) + "\n"


def _row(change: Change, style: Style) -> str:
    sign, color = SIGNS[change.kind]
    name = safe(change.name)
    gap = " " * max(1, COLUMN - len(name))
    return f"  {style(sign, color)} {name}{gap}{safe(change.summary)}".rstrip()


def _verdict(outcome: LockOutcome, arguments: argparse.Namespace) -> str:
    path = safe(outcome.path)
    if outcome.is_written:
        return f"Wrote {path}"
    if not outcome.is_writable:
        return f"{path} was not written"
    if arguments.dry_run and not outcome.changes.is_empty:
        return f"Would write {path}"
    return f"{path} is up to date"


def _warnings(outcome: LockOutcome, style: Style, arguments: argparse.Namespace) -> Iterable[str]:
    if arguments.quiet:
        return
    head = style("warning:", "yellow")
    for notice in outcome.resolution.notices:
        yield f"{head} {safe(notice.subject)}: {safe(notice.message)}"
    facts = sum(needed for needed, _ in outcome.asked.values())
    if outcome.is_offline and facts:
        told = f"{plural(facts, 'answer')} of {', '.join(sorted(outcome.asked))}"
        yield f"{head} offline: {told} were not checked with their services"
    for finding in outcome.needs.findings:
        yield f"{head} {safe(finding.path)}: {safe(finding.message)}"


def _errors(outcome: LockOutcome, style: Style, arguments: argparse.Namespace) -> Iterable[str]:
    head = style("error:", "red")
    resolution = outcome.resolution
    for path, message in outcome.needs.unreadable:
        yield f"{head} {safe(path)}: {safe(message)}"
    for conflict in outcome.conflicts:
        yield f"{head} {safe(conflict.name)}: both sides of the merge pin it, differently"
        yield f"       hint: comfylock lock --upgrade-package {safe(conflict.name)}"
    for gap in resolution.gaps:
        yield from _gap(gap, head, arguments)
    for name in outcome.unhashed:
        yield f"{head} {safe(name)} has no sha256, and --require-hashes was given"
    for failure in resolution.unreachable:
        subjects = ", ".join(map(safe, failure.subjects[:3]))
        more = f" and {len(failure.subjects) - 3} more" if len(failure.subjects) > 3 else ""
        yield f"{head} {safe(failure.message)} (needed for {subjects}{more})"
    if arguments.strict and resolution.notices and not outcome.is_writable:
        yield f"{head} {plural(len(resolution.notices), 'warning')}, and --strict was given"


def _gap(gap: Gap, head: str, arguments: argparse.Namespace) -> Iterable[str]:
    where = f" (in {safe(gap.workflows[0])}" if gap.workflows else ""
    if where:
        where += f" and {len(gap.workflows) - 1} more)" if len(gap.workflows) > 1 else ")"
    yield f"{head} {safe(gap.name)}: {safe(gap.message)}{where}"
    if arguments.verbose:
        for attempt in gap.tried:
            yield f"       tried {safe(attempt)}"


def _object(outcome: LockOutcome) -> dict[str, Any]:
    resolution = outcome.resolution
    lock = resolution.lock
    return {
        "lock": outcome.path,
        "written": outcome.is_written,
        "writable": outcome.is_writable,
        "offline": outcome.is_offline,
        "packs": len(lock.packs),
        "models": len(lock.models),
        "workflows": len(lock.workflows),
        "kept": resolution.kept,
        "changes": outcome.changes,
        "warnings": [_notice(notice) for notice in resolution.notices],
        "unresolved": list(resolution.gaps),
        "unhashed": list(outcome.unhashed),
        "conflicts": [conflict.name for conflict in outcome.conflicts],
        "unreachable": list(resolution.unreachable),
        "unreadable": [{"path": p, "message": m} for p, m in outcome.needs.unreadable],
        "findings": list(outcome.needs.findings),
        "facts": {
            name: {"needed": needed, "asked": asked}
            for name, (needed, asked) in sorted(outcome.asked.items())
        },
    }


def _notice(notice: Notice) -> dict[str, str]:
    return {"subject": notice.subject, "code": notice.code, "message": notice.message}
