"""Why a lock is not current: typed reasons, each with a sentence (P13)."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Kind = Literal[
    "MissingNodeType",
    "MissingPack",
    "MissingModel",
    "MissingWorkflow",
    "OrphanWorkflow",
    "OrphanPin",
    "OrphanNodeType",
    "OrphanModel",
    "OrphanGap",
    "StampChanged",
    "RangeExcludesPin",
    "RuleChanged",
    "DigestDiffers",
    "SourceChanged",
    "GroupChanged",
    "OptionChanged",
    "TargetMissing",
    "PackagesChanged",
    "ImageChanged",
    "Unresolved",
    "Unhashed",
]
"""Stable; part of `--json`. docs/lockfile.md says what each means."""


class Drift(Struct, frozen=True):
    """One reason why a lock is not current."""

    kind: Kind
    workflow: str | None
    """The workflow that shows it, where it is one."""
    subject: str
    """The class type, pack, model, workflow, option or target."""
    message: str
    """One sentence without a full stop."""


def in_order(found: set[Drift]) -> tuple[Drift, ...]:
    """Return reasons sorted by workflow, kind and subject; those of the whole lock first."""
    return tuple(sorted(found, key=lambda d: (d.workflow or "", d.kind, d.subject, d.message)))
