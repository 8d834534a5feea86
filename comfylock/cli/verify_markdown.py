"""`comfylock verify --format markdown`: tables for a comment; nothing in them is obeyed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.cli.markdown import MAX_ROWS, code
from comfylock.cli.verify_text import summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.ops.verify_request import VerifyOutcome

_MARKS = {"error": "❌", "warning": "⚠️", "note": "ℹ️"}  # noqa: RUF001 - signs, no letters


def verify_markdown(outcome: VerifyOutcome) -> str:
    """Return the report as GitHub's Markdown: findings, then the dependency report."""
    lines = [f"### {code('comfylock verify')}: {summary(outcome)}", ""]
    findings = [
        f"| {_MARKS[f.severity]} | {f.about} {code(f.subject)} | {code(f.message)} "
        f"| {code(f.kind)} | {code(f.mend or '')} |"
        for f in outcome.findings
    ]
    head = ["| | what | finding | kind | to mend |", "|---|---|---|---|---|"]
    lines += _cut(head, findings)
    lines += [f"**{code(message)}**" for message, _ in outcome.unreachable]
    rows = list(_rows(outcome))
    if rows:
        lines += ["<details><summary>Dependency report</summary>", ""]
        head = [
            "| | name | status | version | found | available | bytes | compared | error |",
            "|---|---|---|---|---|---|---|---|---|",
        ]
        lines += [*_cut(head, rows), "</details>", ""]
    return "\n".join(lines)


def _cut(head: list[str], rows: list[str]) -> list[str]:
    if not rows:
        return []
    more = len(rows) - MAX_ROWS
    rest = [f"and {more:,} more: `comfylock verify --json`", ""] if more > 0 else []
    return [*head, *rows[:MAX_ROWS], "", *rest]


def _rows(outcome: VerifyOutcome) -> Iterator[str]:
    for item in outcome.items:
        cells = (
            item.about,
            code(item.name),
            item.status,
            code(item.version or ""),
            code(item.found or ""),
            ", ".join(code(version) for version in item.available[:3]),
            f"{item.size:,}" if item.size is not None else "",
            code(item.proof),
            code(item.error or ""),
        )
        yield f"| {' | '.join(cells)} |"
