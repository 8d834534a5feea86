"""A project's own word on findings: how grave, which are ignored, and whether the answer is no."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from comfylock.auditing.locked import finding
from comfylock.findings import Finding, rank

if TYPE_CHECKING:
    from collections.abc import Iterable

    from comfylock.config.audit import AuditRules, Ignore


class Judged(Struct, frozen=True):
    """Findings after a project's word on them, the gravest first."""

    findings: tuple[Finding, ...] = ()
    """Those that count."""
    ignored: tuple[Finding, ...] = ()
    """Those that a person answers for, each with the reason."""


def judge(findings: Iterable[Finding], rules: AuditRules, today: str) -> Judged:
    """Return findings as the project sees them; `today` is `2026-11-21`, in UTC."""
    graded = [g for f in sorted(set(findings), key=_order) if (g := _graded(f, rules)) is not None]
    counts: list[Finding] = []
    ignored: list[Finding] = []
    used: set[int] = set()
    for each in graded:
        matching = [i for i, rule in enumerate(rules.ignores) if _covers(rule, each)]
        used.update(matching)
        valid = [rules.ignores[i] for i in matching if not _is_over(rules.ignores[i], today)]
        if valid:
            ignored.append(replace(each, ignored=valid[0].reason))
        else:
            counts.append(each)
    own = (_graded(f, rules) for f in _on_rules(rules, used, today))
    counts += [each for each in own if each is not None]
    return Judged(tuple(sorted(counts, key=_order)), tuple(sorted(ignored, key=_order)))


def is_minded(found: Finding, rules: AuditRules) -> bool:
    """Say whether a finding is as grave as the project minds."""
    return rules.fail_on != "never" and rank(found.severity) >= rank(rules.fail_on)


def _graded(found: Finding, rules: AuditRules) -> Finding | None:
    severity = rules.severities.get(found.kind, found.severity)
    return None if severity == "off" else replace(found, severity=severity)


def _covers(rule: Ignore, found: Finding) -> bool:
    if rule.kind is not None and rule.kind != found.kind:
        return False
    return rule.subject is None or fnmatchcase(found.subject, rule.subject)


def _is_over(rule: Ignore, today: str) -> bool:
    return rule.expires is not None and rule.expires < today


def _on_rules(rules: AuditRules, used: set[int], today: str) -> Iterable[Finding]:
    """Yield what is to be said of the project's own rules."""
    for index, rule in enumerate(rules.ignores):
        what = " of ".join(filter(None, (rule.kind or "anything", rule.subject)))
        place = f"[[audit.ignore]] {index + 1}"
        if _is_over(rule, today):
            told = f"ignoring {what} ended on {rule.expires}: {rule.reason}"
            mend = "look at it again, then give it another day or remove it"
            yield finding("settings", what, "ignore-expired", told, place=place, mend=mend)
        elif index not in used:
            told = f"ignoring {what} changes nothing"
            yield finding("settings", what, "ignore-unused", told, place=place, mend="remove it")


def _order(found: Finding) -> tuple[int, str, str, str, str, str]:
    where = (found.about, found.subject, found.kind, found.message, found.place or "")
    return -rank(found.severity), *where
