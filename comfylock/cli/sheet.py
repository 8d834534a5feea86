"""What `verify` and `audit` have in common for whoever prints it: findings, things, failures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from msgspec.structs import asdict

from comfylock.cli.text import plural
from comfylock.findings import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from comfylock.findings import Finding, Meaning
    from comfylock.verifying.findings import Item

COLOURS = {"error": "red", "warning": "yellow", "note": "cyan"}
"""Severity to its colour."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A report, whichever verb it is of."""

    verb: str
    lock: str | None
    """The lock's path, where there is one."""
    summary: str
    findings: tuple[Finding, ...]
    """The gravest first."""
    meaning: Callable[[str], Meaning]
    """What a kind of finding means."""
    is_minded: Callable[[Finding], bool]
    """Says whether a finding fails the run."""
    items: tuple[Item, ...] = ()
    failures: tuple[str, ...] = ()
    """Services that did not answer, and what could not be read; a sentence each."""


def counted(findings: Iterable[Finding]) -> str:
    """Return how many there are of each severity: `2 errors, 1 note`; empty if none."""
    counts = dict.fromkeys(reversed(SEVERITIES), 0)
    for finding in findings:
        counts[finding.severity] += 1
    return ", ".join(plural(count, name) for name, count in counts.items() if count)


def finding_json(finding: Finding) -> dict[str, Any]:
    """Return a finding as JSON has it; docs/json.md says what each key means."""
    told: dict[str, Any] = asdict(finding)
    if finding.ignored is None:
        del told["ignored"]
    return told
