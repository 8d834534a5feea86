"""What would become of workflows, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.cli.text import plural, safe, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from comfylock.cli.text import Style
    from comfylock.model import Problem
    from comfylock.ops.workflow_check import WorkflowCheck

SAYS = {
    "works": ("works", "green"),
    "partly": ("loses outputs", "yellow"),
    "breaks": ("does not run", "red"),
    "unjudged": ("cannot be judged", "yellow"),
}
MAX_FAULTS = 20
"""Faults of one workflow that are told without -v."""


def check_text(
    checks: Sequence[WorkflowCheck], style: Style, columns: int, *, verbose: bool
) -> str:
    """Return each workflow that does not simply work, and how many of what there are."""
    lines: list[str] = []
    for check in checks:
        if check.verdict != "works" or verbose:
            lines += _check(check, style, columns, verbose=verbose)
    lines.append(counted([check.verdict for check in checks]))
    return "".join(f"{line}\n" for line in lines)


def counted(verdicts: Sequence[str]) -> str:
    """Return how many workflows there are, and of which verdict."""
    parts = [
        f"{verdicts.count(name):,} {verb if verdicts.count(name) == 1 else several}"
        for name, verb, several in (
            ("works", "works", "work"),
            ("partly", "loses outputs", "lose outputs"),
            ("breaks", "does not run", "do not run"),
            ("unjudged", "cannot be judged", "cannot be judged"),
        )
        if name in verdicts
    ]
    return f"{plural(len(verdicts), 'workflow')}: {', '.join(parts) or 'none'}"


def _check(check: WorkflowCheck, style: Style, columns: int, *, verbose: bool) -> Iterator[str]:
    says, colour = SAYS[check.verdict]
    head = wrap(f"{safe(check.path)}: {says}".split(" "), columns, "", separator="")
    yield from (style(line, "bold", colour) for line in head)
    shown = check.faults if verbose else check.faults[:MAX_FAULTS]
    for fault in shown:
        where = fault.class_type + (f".{fault.input}" if fault.input else "")
        lead = f"{fault.node} {where}".strip()
        told = (
            f"{safe(lead)}: {fault.message} [{fault.kind}]"
            if lead
            else (f"{fault.message} [{fault.kind}]")
        )
        yield from wrap(safe(told).split(" "), columns, "  ", separator="")
    if len(check.faults) > len(shown):
        yield f"  and {len(check.faults) - len(shown)} more; -v tells all"
    yield from problem_lines([*check.problems, *check.doubts], columns, verbose=verbose)


def problem_lines(problems: Sequence[Problem], columns: int, *, verbose: bool) -> Iterator[str]:
    """Yield what could not be judged or read, the first few of it."""
    shown = problems if verbose else problems[:3]
    for problem in shown:
        where = f"{safe(problem.path)}: " if problem.path else ""
        words = f"? {where}{safe(problem.message)}".split(" ")
        yield from wrap(words, columns, "  ", separator="")
    if len(problems) > len(shown):
        yield f"  ? and {len(problems) - len(shown)} more; -v tells all"
