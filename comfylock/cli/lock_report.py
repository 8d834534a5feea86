"""What `lock` prints: what changed, what a person should know, what stands in the way."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from comfylock.cli.change_text import change_lines
from comfylock.cli.move_report import move_errors, move_objects, move_warnings
from comfylock.cli.python_report import conflict_lines, conflict_objects, package_change
from comfylock.cli.text import Style, hint_lines, plural, safe, width

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from comfylock.lockfile.diff import Change
    from comfylock.lockfile.schema import Gap
    from comfylock.ops.lock import LockOutcome
    from comfylock.resolve.outcome import Notice

MAX_PACKAGES = 10
"""Python packages of one target that are named without --verbose."""

MAX_ROWS = 20
"""Rows of one list without --verbose."""


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
    lines += [
        f"{plural(pin.packages, 'Python package')} for {safe(pin.target)}" for pin in lock.python
    ]
    shown = _changes(outcome)
    limit = len(shown) if arguments.verbose else MAX_ROWS
    columns = width(sys.stdout)
    for change in shown[:limit]:
        lines += change_lines(change, style, columns)
        lines += _moved(outcome, change.name, arguments)
    if len(shown) > limit:
        lines.append(f"  and {len(shown) - limit} more (--verbose)")
    if arguments.verbose and outcome.asked:
        told = [f"{name} {sent} of {all_}" for name, (all_, sent) in sorted(outcome.asked.items())]
        lines.append(f"facts asked for, of all needed: {', '.join(told)}")
    lines.append(_verdict(outcome, arguments))
    return "\n".join(lines) + "\n"


def _changes(outcome: LockOutcome) -> list[Change]:
    """Return what to show; what is merely not known in this run is not gone."""
    changes = outcome.changes
    tables = (changes.comfyui, changes.images, changes.python, changes.packs, changes.models)
    is_partial = outcome.resolution.unreachable or outcome.needs.unreadable
    return [
        change
        for table in (*tables, changes.unresolved)
        for change in table
        if change.kind != "removed" or outcome.is_writable or not is_partial
    ]


def _moved(outcome: LockOutcome, target: str, arguments: argparse.Namespace) -> Iterable[str]:
    """Yield the Python packages of a target that moved, a few of many."""
    moved = outcome.packages.get(target, ())
    shown = moved if arguments.verbose else moved[:MAX_PACKAGES]
    yield from (f"      {safe(package_change(each))}" for each in shown)
    if len(moved) > len(shown):
        yield f"      and {len(moved) - len(shown)} more packages (--verbose)"


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
    told = [f"{safe(n.subject)}: {safe(n.message)}" for n in outcome.resolution.notices]
    facts = sum(needed for needed, _ in outcome.asked.values())
    if outcome.is_offline and facts:
        services = ", ".join(sorted(outcome.asked))
        counted = plural(facts, "answer")
        told.insert(0, f"offline: {counted} of {services} were not checked with their services")
    gaps = outcome.resolution.gaps
    if gaps and outcome.is_writable:
        told.insert(0, f"{plural(len(gaps), 'gap')} allowed, see [[unresolved]] in the lock")
    told += [f"{safe(f.path)}: {safe(f.message)}" for f in outcome.needs.findings]
    told += move_warnings(outcome)
    yield from _rows(told, style("warning:", "yellow"), arguments)


def _errors(outcome: LockOutcome, style: Style, arguments: argparse.Namespace) -> Iterable[str]:
    resolution = outcome.resolution
    head = style("error:", "red")
    told = [f"{safe(path)}: {safe(message)}" for path, message in outcome.needs.unreadable]
    for conflict in outcome.conflicts:
        name = safe(conflict.name)
        mend = f"comfylock lock --upgrade-package {name}"
        told.append(f"{name}: both sides of the merge pin it, differently; {mend}")
    if not outcome.is_writable:
        told += [_gap(gap, arguments) for gap in resolution.gaps]
    told += [f"{safe(name)} has no sha256, --require-hashes forbids" for name in outcome.unhashed]
    told += move_errors(outcome)
    yield from _rows(told, head, arguments)
    for failure in resolution.unreachable:
        subjects = ", ".join(map(safe, failure.subjects[:3]))
        more = f" and {len(failure.subjects) - 3} more" if len(failure.subjects) > 3 else ""
        yield f"{head} {safe(failure.message)} (needed for {subjects}{more})"
    yield from hint_lines(failure.hint for failure in resolution.unreachable)
    if arguments.strict and resolution.notices and not outcome.is_writable:
        yield f"{head} {plural(len(resolution.notices), 'warning')}, and --strict was given"
    if not outcome.is_writable:
        for chosen in resolution.python:
            yield from conflict_lines(chosen, arguments)
        yield from _advice([gap for gap in resolution.gaps if gap.kind != "python"], arguments)


def _rows(told: list[str], head: str, arguments: argparse.Namespace) -> Iterable[str]:
    """Yield lines, a few of many."""
    shown = told if arguments.verbose else told[:MAX_ROWS]
    yield from (f"{head} {line}" for line in shown)
    if len(told) > len(shown):
        yield f"{head} and {len(told) - len(shown):,} more (--verbose)"


def _gap(gap: Gap, arguments: argparse.Namespace) -> str:
    """Return what could not be pinned, what to do unless it is a line for comfylock.toml, where."""
    line = f"{safe(gap.name)}: {safe(gap.message)}"
    if gap.hint and gap.kind != "python" and not gap.hint.startswith("["):
        line += f"; {safe(gap.hint)}"
    if gap.workflows:
        more = f" and {len(gap.workflows) - 1} more" if len(gap.workflows) > 1 else ""
        line += f" (in {safe(gap.workflows[0])}{more})"
    if arguments.verbose:
        line += "".join(f"\n         tried {safe(attempt)}" for attempt in gap.tried)
    return line


def _advice(gaps: Iterable[Gap], arguments: argparse.Namespace) -> Iterable[str]:
    """Yield the lines that comfylock.toml wants, by table."""
    lines: dict[str, list[str]] = {}
    for gap in gaps:
        if gap.hint and gap.hint.startswith("["):
            table, _, line = gap.hint.partition(" ")
            lines.setdefault(table, []).append(safe(line))
    if not lines:
        return
    yield "\nTo settle what is open, add to comfylock.toml"
    for table in sorted(lines):
        shown = lines[table] if arguments.verbose else lines[table][:MAX_ROWS]
        yield f"  {table}"
        yield from (f"  {line}" for line in shown)
        if len(lines[table]) > len(shown):
            yield f"  # and {len(lines[table]) - len(shown):,} more lines (--verbose)"


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
        "python": list(lock.python),
        "images": list(lock.images),
        "python_changes": outcome.packages,
        "changes": outcome.changes,
        "warnings": [_notice(notice) for notice in resolution.notices],
        "unresolved": list(resolution.gaps),
        "unhashed": list(outcome.unhashed),
        "conflicts": [conflict.name for conflict in outcome.conflicts],
        "moves": move_objects(outcome.moves),
        "python_conflicts": conflict_objects(resolution),
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
