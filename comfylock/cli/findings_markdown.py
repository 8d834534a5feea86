"""`--format markdown`: tables for a comment; nothing in them is obeyed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.cli.markdown import MAX_ROWS, code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.cli.sheet import Sheet

_MARKS = {"error": "❌", "warning": "⚠️", "note": "ℹ️"}  # noqa: RUF001 - signs, no letters


def findings_markdown(sheet: Sheet) -> str:
    """Return the report as GitHub's Markdown: findings, then the dependency report."""
    command = f"comfylock {sheet.verb}"
    lines = [f"### {code(command)}: {sheet.summary}", ""]
    findings = [
        f"| {_MARKS[f.severity]} | {f.about} {code(f.subject)} | {code(f.message)} "
        f"| {code(f.kind)} | {code(f.mend or '')} |"
        for f in sheet.findings
    ]
    head = ["| | what | finding | kind | to mend |", "|---|---|---|---|---|"]
    lines += _cut(head, findings, command)
    for message in sheet.failures:
        lines += [f"**{code(message)}**", ""]
    rows = list(_rows(sheet))
    if rows:
        lines += ["<details><summary>Dependency report</summary>", ""]
        head = [
            "| | name | status | version | found | available | bytes | compared | error |",
            "|---|---|---|---|---|---|---|---|---|",
        ]
        lines += [*_cut(head, rows, command), "</details>", ""]
    return "\n".join(lines)


def _cut(head: list[str], rows: list[str], command: str) -> list[str]:
    if not rows:
        return []
    more = len(rows) - MAX_ROWS
    rest = [f"and {more:,} more: `{command} --json`", ""] if more > 0 else []
    return [*head, *rows[:MAX_ROWS], "", *rest]


def _rows(sheet: Sheet) -> Iterator[str]:
    for item in sheet.items:
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
