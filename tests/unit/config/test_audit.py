from __future__ import annotations

import pytest

from comfylock.config.audit import KINDS, AuditRules, Ignore
from tests.settings import fault, faults, settings


def rules(text: str) -> AuditRules:
    found = settings(text).audit
    assert found is not None
    return found


def test_without_the_table_there_are_no_rules() -> None:
    assert settings("").audit is None
    assert rules("[audit]") == AuditRules()


def test_everything_that_can_be_said() -> None:
    found = rules(
        "[audit]\n"
        'fail-on = "error"\n'
        'allow-licences = ["mit", "openrail*", "mit"]\n'
        'deny-licences = ["*-nc-*"]\n'
        "[audit.severity]\n"
        'gated = "off"\n'
        'runs-code = "error"\n'
        "[[audit.ignore]]\n"
        'kind = "pickle-format"\nsubject = "vae/*"\nreason = "seen"\nexpires = 2027-01-31\n'
        "[[audit.ignore]]\n"
        'subject = "alpha"\nreason = " ours "\nexpires = "2027-12-01"\n'
    )
    assert found == AuditRules(
        "error",
        ("mit", "openrail*"),
        ("*-nc-*",),
        {"gated": "off", "runs-code": "error"},
        (
            Ignore("seen", "pickle-format", "vae/*", "2027-01-31"),
            Ignore("ours", None, "alpha", "2027-12-01"),
        ),
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("audit = 1", "audit must be a table"),
        ("[audit]\nzzz = 1", "audit.zzz is no setting"),
        (
            '[audit]\nfail-on = "loud"',
            "audit.fail-on must be `note`, `warning`, `error` or `never`",
        ),
        ("[audit]\nfail-on = 1", "audit.fail-on must be a text"),
        ('[audit]\nallow-licences = "mit"', "audit.allow-licences must be a list of licences"),
        ("[audit]\ndeny-licences = [1]", "audit.deny-licences[0] must be a text"),
        ('[audit.severity]\npickle = "off"', "audit.severity.pickle is no setting; did you mean"),
        ('[audit.severity]\ngated = "no"', "audit.severity.gated must be `note`, `warning`"),
        ("[audit.severity]\ngated = false", "audit.severity.gated must be a text"),
        ('[audit]\nignore = "x"', "audit.ignore must be tables"),
        ("[audit]\nignore = [1]", "audit.ignore[0] must be a table"),
        ('[[audit.ignore]]\nreason = "x"', "audit.ignore[0] must say what it ignores"),
        ('[[audit.ignore]]\nkind = "gated"', "audit.ignore[0] must give a `reason`"),
        ('[[audit.ignore]]\nkind = "gated"\nreason = " "', "audit.ignore[0].reason must be a text"),
        (
            '[[audit.ignore]]\nkind = "gatd"\nreason = "x"',
            "audit.ignore[0].kind is no kind of finding; did you mean `gated`?",
        ),
        (
            '[[audit.ignore]]\nkind = "gated"\nreason = "x"\nuntil = "x"',
            "audit.ignore[0].until is no setting",
        ),
        (
            '[[audit.ignore]]\nkind = "gated"\nreason = "x"\nexpires = "2027-02-29"',
            "audit.ignore[0].expires must be a day, and there is no 2027-02-29",
        ),
        *(
            (
                f'[[audit.ignore]]\nkind = "gated"\nreason = "x"\nexpires = {day}',
                "audit.ignore[0].expires must be a day, such as 2027-01-31",
            )
            for day in ('"soon"', "20270131", "true", '"2027-13-01"', "2027-01-31T10:00:00Z")
        ),
    ],
)
def test_faults(text: str, told: str) -> None:
    assert fault(text).startswith(told)


def test_all_faults_at_once_and_in_place() -> None:
    told = faults('[trust]\nzzz = 1\n[audit]\nfail-on = "x"\n[[audit.ignore]]\nsubject = ""\n')
    assert [line.split(" ")[0] for line in told] == [
        "audit.fail-on",
        "audit.ignore[0].subject",
        "audit.ignore[0]",
        "audit.ignore[0]",
        "trust.zzz",
    ]


def test_every_kind_can_be_switched_off() -> None:
    lines = "".join(f'{kind} = "off"\n' for kind in KINDS)
    assert rules(f"[audit.severity]\n{lines}").severities == dict.fromkeys(KINDS, "off")
