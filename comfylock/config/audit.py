"""The table `[audit]`: what an audit minds, how much, and what a person answers for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from comfylock.names import printable
from comfylock.patterns import Pattern

if TYPE_CHECKING:
    from comfylock.config.tables import Table
    from comfylock.findings import Severity

AUDIT_KEYS = ("fail-on", "allow-licences", "deny-licences", "severity", "ignore")
IGNORE_KEYS = ("kind", "subject", "reason", "expires")

Level = Literal["note", "warning", "error", "off"]
"""A severity, or that findings of a kind are none."""

Threshold = Literal["note", "warning", "error", "never"]

_LEVELS: dict[str, Level] = {"note": "note", "warning": "warning", "error": "error", "off": "off"}
_THRESHOLDS: dict[str, Threshold] = {
    "note": "note",
    "warning": "warning",
    "error": "error",
    "never": "never",
}

KINDS: dict[str, Severity] = {
    "pickle-danger": "error",
    "pickle-suspicious": "warning",
    "pickle-format": "warning",
    "code-format": "warning",
    "code-layer": "error",
    "outside-data": "error",
    "disguised": "error",
    "misnamed": "note",
    "unread": "error",
    "flagged": "error",
    "banned": "error",
    "pending": "warning",
    "deprecated": "note",
    "runs-code": "warning",
    "builds-code": "warning",
    "licence-denied": "error",
    "licence-not-allowed": "error",
    "licence-unknown": "warning",
    "gated": "note",
    "private": "note",
    "unresolved": "error",
    "unpinned": "warning",
    "unhashed": "warning",
    "weak-origin": "note",
    "plain-http": "warning",
    "ignore-expired": "warning",
    "ignore-unused": "note",
}
"""Every kind of finding, with its severity unless the project says otherwise."""

_DAY = Pattern(r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])\Z")


class Ignore(Struct, frozen=True):
    """Findings that a person answers for."""

    reason: str
    kind: str | None = None
    """None: of any kind."""
    subject: str | None = None
    """A pattern, `upscale_models/*`; None: of anything."""
    expires: str | None = None
    """`2027-01-31`: the last day on which it counts; None: it does not expire."""


class AuditRules(Struct, frozen=True):
    """What a project says about audits."""

    fail_on: Threshold = "warning"
    """The lightest severity that makes the answer no."""
    allow_licences: tuple[str, ...] = ()
    """Patterns; none: any licence will do that is not denied."""
    deny_licences: tuple[str, ...] = ()
    severities: dict[str, Level] = {}
    """Kind to its severity here, or `off`."""
    ignores: tuple[Ignore, ...] = ()


def read_audit(table: Table) -> AuditRules:
    """Return what `[audit]` says."""
    table.refuse_unknown(AUDIT_KEYS)
    return AuditRules(
        fail_on=_threshold(table),
        allow_licences=_licences(table, "allow-licences"),
        deny_licences=_licences(table, "deny-licences"),
        severities=_severities(table.table("severity")),
        ignores=_ignores(table),
    )


def _threshold(table: Table) -> Threshold:
    text = table.text("fail-on")
    if text is not None and text not in _THRESHOLDS:
        table.fault("must be `note`, `warning`, `error` or `never`", "fail-on")
    return _THRESHOLDS.get(text or "", "warning")


def _licences(table: Table, key: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for _, text in table.texts(key, "licences, as patterns")))


def _severities(table: Table) -> dict[str, Level]:
    table.refuse_unknown(KINDS)
    found: dict[str, Level] = {}
    for kind in table.value:
        if kind not in KINDS:
            continue
        text = table.text(kind)
        if text is not None and text not in _LEVELS:
            table.fault("must be `note`, `warning`, `error` or `off`", kind)
        elif text is not None:
            found[kind] = _LEVELS[text]
    return found


def _ignores(table: Table) -> tuple[Ignore, ...]:
    entries = table.value.get("ignore", [])
    if not isinstance(entries, list):
        table.fault("must be tables, each under `[[audit.ignore]]`", "ignore")
        return ()
    found = []
    for index, entry in enumerate(entries):
        if isinstance(entry, dict):
            found.append(_ignore(_inner(table, entry, index)))
        else:
            table.fault("must be a table", f"ignore[{index}]")
    return tuple(each for each in found if each is not None)


def _inner(table: Table, entry: dict[str, object], index: int) -> Table:
    return type(table)(entry, f"{table.path}.ignore[{index}]", table.faults)


def _ignore(table: Table) -> Ignore | None:
    table.refuse_unknown(IGNORE_KEYS)
    kind, subject, reason = table.text("kind"), table.text("subject"), table.text("reason")
    if kind is None and subject is None:
        table.fault("must say what it ignores: `kind`, `subject` or both")
    if kind is not None and kind not in KINDS:
        import difflib  # noqa: PLC0415 - only mistakes need it

        nearest = difflib.get_close_matches(kind, KINDS, 1, 0.6)
        advice = f"did you mean `{nearest[0]}`?" if nearest else f"known: {', '.join(KINDS)}"
        table.fault(f"is no kind of finding; {advice}", "kind")
    if reason is None and "reason" not in table:
        table.fault("must give a `reason`: nothing is ignored without one")
    expires = _day(table)
    return Ignore(printable(reason, 500), kind, subject, expires) if reason else None


def _day(table: Table) -> str | None:
    """Return a day as text; TOML has days of its own, and people write them as text too."""
    value = table.value.get("expires")
    if value is None:
        return None
    text = value if isinstance(value, str) else str(value)
    if isinstance(value, bool | int | float | list | dict) or _DAY.match(text.strip()) is None:
        table.fault("must be a day, such as 2027-01-31", "expires")
        return None
    return text.strip()
