"""The project's own word on findings."""

from __future__ import annotations

import pytest

from comfylock.auditing.policy import is_minded, judge
from comfylock.config.audit import AuditRules, Ignore
from comfylock.findings import Finding

TODAY = "2026-11-21"
GRAVE = Finding("pickle-danger", "error", "model", "vae/a.pt", "runs")
LIGHT = Finding("gated", "note", "model", "vae/a.pt", "is gated")
PACK = Finding("runs-code", "warning", "pack", "alpha", "runs install.py")
ALL = (LIGHT, PACK, GRAVE, GRAVE)


def kinds(rules: AuditRules, today: str = TODAY) -> list[str]:
    return [found.kind for found in judge(ALL, rules, today).findings]


def test_the_gravest_first_and_each_once() -> None:
    assert kinds(AuditRules()) == ["pickle-danger", "runs-code", "gated"]
    assert judge(reversed(ALL), AuditRules(), TODAY) == judge(ALL, AuditRules(), TODAY)


def test_severities() -> None:
    rules = AuditRules(severities={"gated": "error", "runs-code": "off"})
    assert kinds(rules) == ["gated", "pickle-danger"]


@pytest.mark.parametrize(
    "rule",
    [
        Ignore("ours", "runs-code", "alpha"),
        Ignore("ours", "runs-code"),
        Ignore("ours", None, "alpha"),
        Ignore("ours", None, "al*", "2026-11-21"),
    ],
)
def test_what_is_ignored_keeps_its_reason(rule: Ignore) -> None:
    judged = judge(ALL, AuditRules(ignores=(rule,)), TODAY)
    assert [f.kind for f in judged.findings] == ["pickle-danger", "gated"]
    assert [(f.kind, f.ignored) for f in judged.ignored] == [("runs-code", "ours")]


def test_the_day_after_it_is_back_and_says_so() -> None:
    rules = AuditRules(ignores=(Ignore("ours", None, "alpha", "2026-11-20"),))
    judged = judge(ALL, rules, TODAY)
    assert judged.ignored == ()
    assert [f.kind for f in judged.findings] == [
        "pickle-danger",
        "runs-code",
        "ignore-expired",
        "gated",
    ]
    told = next(f for f in judged.findings if f.kind == "ignore-expired")
    assert told.message == "ignoring anything of alpha ended on 2026-11-20: ours"
    assert told.place == "[[audit.ignore]] 1"


def test_two_rules_for_one_finding() -> None:
    over, valid = Ignore("old", "runs-code", None, "2020-01-01"), Ignore("new", "runs-code")
    judged = judge(ALL, AuditRules(ignores=(over, valid)), TODAY)
    assert [f.ignored for f in judged.ignored] == ["new"]
    assert "ignore-expired" in {f.kind for f in judged.findings}


def test_a_rule_that_ignores_nothing() -> None:
    judged = judge(ALL, AuditRules(ignores=(Ignore("x", "gated", "other"),)), TODAY)
    assert [f.message for f in judged.findings if f.kind == "ignore-unused"] == [
        "ignoring gated of other changes nothing"
    ]
    off = AuditRules(ignores=(Ignore("x", "gated", "other"),), severities={"ignore-unused": "off"})
    assert "ignore-unused" not in kinds(off)


@pytest.mark.parametrize(
    ("threshold", "found", "answer"),
    [
        ("warning", (LIGHT,), False),
        ("warning", (PACK,), True),
        ("note", (LIGHT,), True),
        ("error", (PACK,), False),
        ("error", (GRAVE,), True),
        ("never", (GRAVE,), False),
        ("note", (), False),
    ],
)
def test_the_threshold(threshold: str, found: tuple[Finding, ...], answer: object) -> None:
    rules = {t: AuditRules(fail_on=t) for t in ("note", "warning", "error", "never")}
    assert any(is_minded(f, rules[threshold]) for f in found) is answer
