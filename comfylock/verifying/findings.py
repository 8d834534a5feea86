"""What a verification says: findings, and for each thing whether it was proven."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from msgspec.structs import replace

from comfylock.findings import About, Finding, rank
from comfylock.verifying.kinds import meaning

if TYPE_CHECKING:
    from collections.abc import Iterable

Status = Literal["verified", "unproven", "differs", "missing", "extra", "unknown"]
"""`unproven`: nothing speaks against it, and its bytes could not be compared; `unknown`: nobody
could look at it, or it is not pinned."""


def observe(
    kind: str,
    about: About,
    subject: str,
    message: str,
    place: str | None = None,
    mend: str | None = None,
    expected: str | None = None,
    actual: str | None = None,
) -> Finding:
    """Return one way in which reality is not what the lock says; its kind says how grave it is.

    `place` is the file: relative to ComfyUI's folder, the model root or the project; `mend` the
    command that mends it.
    """
    severity = meaning(kind).severity
    return Finding(kind, severity, about, subject, message, place, mend, expected, actual)


class Item(Struct, frozen=True):
    """One line of the dependency report."""

    about: About
    name: str
    status: Status
    version: str | None = None
    """What is locked: a version, a commit, the first digits of a digest."""
    found: str | None = None
    """What is there instead."""
    available: tuple[str, ...] = ()
    """Versions that there are, the newest first; only services tell."""
    size: int | None = None
    """Bytes."""
    proof: str = ""
    """What was compared."""
    error: str | None = None


class Checked(Struct, frozen=True):
    """What came of one part of a verification; entries in any order."""

    findings: tuple[Finding, ...] = ()
    items: tuple[Item, ...] = ()

    def __add__(self, other: Checked) -> Checked:
        return Checked(self.findings + other.findings, self.items + other.items)


def joined(parts: Iterable[Checked]) -> Checked:
    """Return many parts as one."""
    findings: list[Finding] = []
    items: list[Item] = []
    for part in parts:
        findings += part.findings
        items += part.items
    return Checked(tuple(findings), tuple(items))


SHORT = 10
"""Digits of a commit or digest that are shown."""

_ABOUT: dict[str, int] = {
    "settings": 0,
    "lock": 1,
    "workflow": 2,
    "file": 3,
    "comfyui": 4,
    "pack": 5,
    "model": 6,
    "python": 7,
    "image": 8,
    "server": 9,
}
_ABSENT = frozenset({"pack-missing", "model-missing", "python-missing", "companion-missing"})
_STATUS: dict[str, int] = {
    name: at
    for at, name in enumerate(("verified", "unproven", "extra", "unknown", "differs", "missing"))
}


def in_order(checked: Checked) -> Checked:
    """Return findings and items sorted, each once; several items of one thing become one.

    No item stays verified of which anything but a note is found.
    """
    findings = sorted(
        set(checked.findings),
        key=lambda f: (
            -rank(f.severity),
            _ABOUT[f.about],
            f.subject,
            f.kind,
            f.place or "",
            f.message,
        ),
    )
    told: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        told.setdefault((finding.about, finding.subject), []).append(finding)
    merged: dict[tuple[str, str], Item] = {}
    for item in checked.items:
        key = (item.about, item.name)
        merged[key] = _joined(merged[key], item) if key in merged else item
    items = [judged(item, told.get(key, ())) for key, item in merged.items()]
    items.sort(key=lambda i: (_ABOUT[i.about], i.name))
    return Checked(tuple(findings), tuple(items))


def _joined(first: Item, second: Item) -> Item:
    """Return what two parts of a verification say about one thing: the worse of both."""
    both = [item for item in (first, second) if item.status != "unproven" or item.proof]
    worse = max(both or [first], key=lambda item: _STATUS[item.status])
    return Item(
        worse.about,
        worse.name,
        worse.status,
        version=first.version or second.version,
        found=first.found or second.found,
        available=first.available or second.available,
        size=first.size if first.size is not None else second.size,
        proof="; ".join(dict.fromkeys(filter(None, (first.proof, second.proof)))),
        error=worse.error or first.error or second.error,
    )


def judged(item: Item, findings: Iterable[Finding]) -> Item:
    """Return an item as its findings let it stand, with the gravest as its error."""
    given = sorted(findings, key=lambda finding: (-rank(finding.severity), _is_unreadable(finding)))
    told = [f for f in given if f.severity != "note" and not _is_open(f)]
    if item.status not in ("verified", "unproven", "differs"):
        return item if item.error or not told else replace(item, error=told[0].message)
    if not told:
        is_open = item.status == "verified" and any(map(_is_open, given))
        return replace(item, status="unproven") if is_open else item
    first = told[0]
    status: Status = "unknown" if _is_unreadable(first) else "differs"
    status = "missing" if first.kind in _ABSENT else status
    return replace(item, status=status, found=_found(first) or item.found, error=first.message)


def _is_unreadable(finding: Finding) -> bool:
    return meaning(finding.kind).is_unreadable


def _is_open(finding: Finding) -> bool:
    return meaning(finding.kind).is_open


def _found(finding: Finding) -> str | None:
    """Return what is there instead, in short; the digest of one file tells nothing of a pack."""
    actual = finding.actual
    if actual is None or finding.kind.endswith(("-edited", "-remote")):
        return None
    is_hex = len(actual) >= 40 and not set(actual) - set("0123456789abcdef")
    return actual[:SHORT] if is_hex else actual


def exit_code(findings: tuple[Finding, ...], *, strict: bool = False, away: bool = False) -> int:
    """Return what findings mean to a shell: 4 other bytes, 2 unreadable, 3 away, 1 no, 0 yes."""
    meanings = [meaning(finding.kind) for finding in findings]
    if any(each.is_integrity for each in meanings):
        return 4
    if any(each.is_unreadable for each in meanings):
        return 2
    if away:
        return 3
    grave = {"error", "warning"} if strict else {"error"}
    return int(any(each.severity in grave for each in meanings))
