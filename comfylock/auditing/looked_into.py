"""What was found inside a model file, as findings: one for each kind, with what is gravest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.auditing.locked import finding
from comfylock.model_files.facts import GRADES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from comfylock.findings import About, Finding
    from comfylock.model_files.facts import FileFacts, Trait

SHOWN = 4
"""Traits that a message names."""

_KINDS = {
    "code-file": "code-file",
    "code-text": "code-text",
    "disguise": "disguised",
    "lambda": "code-layer",
    "outside": "outside-data",
    "unread": "unread",
}
"""Word of a trait to the kind of finding it belongs to; all others are of a pickle."""

_OPENINGS = {
    "pickle-danger": "runs code when it is loaded: ",
    "pickle-suspicious": "goes beyond what torch allows: ",
}

REMEDY = "do not load it; lock a safetensors file of a source that you trust"
CONVERT = "convert it to safetensors, or ignore it with a reason in comfylock.toml"


def findings_of(facts: FileFacts, about: About, subject: str) -> Iterator[Finding]:
    """Yield the findings of a file that was looked into."""
    groups: dict[str, list[Trait]] = {}
    for trait in sorted(facts.traits, key=lambda trait: -GRADES.index(trait.grade)):
        groups.setdefault(_kind(trait), []).append(trait)
    if facts.has_pickle and not groups.keys() & {"pickle-danger", "pickle-suspicious"}:
        told = "is a pickle; nothing in it goes beyond what torch allows"
        yield finding(about, subject, "pickle-format", told, mend=CONVERT)
    for kind, traits in groups.items():
        mend = REMEDY if traits[0].grade == "dangerous" else CONVERT
        yield finding(about, subject, kind, _told(kind, traits), place=traits[0].place, mend=mend)
    if facts.claimed and "disguised" not in groups:
        found = "of no known format" if facts.format == "unknown" else facts.format
        told = f"is named as {facts.claimed} but is {found}"
        yield finding(about, subject, "misnamed", told, mend="rename it")


def _kind(trait: Trait) -> str:
    if trait.word in _KINDS:
        return _KINDS[trait.word]
    return "pickle-danger" if trait.grade == "dangerous" else "pickle-suspicious"


def _told(kind: str, traits: Sequence[Trait]) -> str:
    details = list(dict.fromkeys(trait.detail for trait in traits))
    more = f"; and {len(details) - SHOWN} more" if len(details) > SHOWN else ""
    return _OPENINGS.get(kind, "") + "; ".join(details[:SHOWN]) + more
