"""The table `[audit]`: what an audit minds, how much, and what a person answers for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from comfylock.findings import Meaning
from comfylock.names import printable
from comfylock.patterns import Pattern

if TYPE_CHECKING:
    from comfylock.config.tables import Table

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

KINDS: dict[str, Meaning] = {
    "pickle-danger": Meaning("error", "a file runs code when it is loaded"),
    "pickle-suspicious": Meaning("warning", "a pickle goes beyond what torch allows"),
    "pickle-format": Meaning("warning", "a model is a pickle"),
    "code-format": Meaning("warning", "a model is of a format that may hold code"),
    "code-file": Meaning("error", "an archive holds native or Python code that its loader runs"),
    "code-text": Meaning("error", "a text in a model reaches for files or for Python itself"),
    "code-layer": Meaning("error", "a Keras model has a layer that is Python code"),
    "outside-data": Meaning("error", "a model reads or writes files outside its folder"),
    "disguised": Meaning("error", "a pickle has the name of a format that is none"),
    "misnamed": Meaning("note", "a file is of another format than its name says"),
    "unread": Meaning("error", "a file could not be looked into, or not to its end"),
    "flagged": Meaning("error", "a pack's version is flagged in the Comfy Registry"),
    "banned": Meaning("error", "a pack's version is banned in the Comfy Registry"),
    "pending": Meaning("warning", "the Comfy Registry has not looked at a pack's version yet"),
    "deprecated": Meaning("note", "a pack's author has withdrawn its version"),
    "runs-code": Meaning("warning", "a pack runs code on install or start"),
    "builds-code": Meaning(
        "warning", "a package without a wheel runs its code when it is installed"
    ),
    "licence-denied": Meaning("error", "a model's licence is denied by the project"),
    "licence-not-allowed": Meaning("error", "a model's licence is none that the project allows"),
    "licence-unknown": Meaning("warning", "nobody knows a model's licence"),
    "gated": Meaning("note", "a model can be had only by those who were admitted"),
    "private": Meaning("note", "a model can be had only with a token"),
    "unresolved": Meaning("error", "something that workflows need is not pinned"),
    "unpinned": Meaning("warning", "ComfyUI has no commit in the lock"),
    "unhashed": Meaning("warning", "a model has no sha256 in the lock"),
    "weak-origin": Meaning("note", "only a workflow says where a model comes from"),
    "plain-http": Meaning("warning", "something is fetched without encryption"),
    "ignore-expired": Meaning("warning", "what a project ignored is over"),
    "ignore-unused": Meaning("note", "what a project ignores is not there"),
}
"""Every kind of finding; a project may give it another severity."""

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
    text = (value if isinstance(value, str) else str(value)).strip()
    if isinstance(value, bool | int | float | list | dict) or _DAY.match(text) is None:
        table.fault("must be a day, such as 2027-01-31", "expires")
    elif not _is_in_the_calendar(text):
        table.fault(f"must be a day, and there is no {text}", "expires")
    else:
        return text
    return None


def _is_in_the_calendar(text: str) -> bool:
    import calendar  # noqa: PLC0415 - few projects ignore anything

    year, month, day = map(int, text.split("-"))
    return year > 0 and day <= calendar.monthrange(year, month)[1]
