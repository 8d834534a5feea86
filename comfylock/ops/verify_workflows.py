"""Which workflows are what their lock says: each judged by every finding that touches it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec.structs import replace

from comfylock.lockfile.comfyui_needs import NAME as COMFYUI
from comfylock.ops.check import BY_ABSENCE, covers
from comfylock.verifying.findings import Item, observe
from comfylock.verifying.mends import RELOCK, quote

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from comfylock.findings import About, Finding
    from comfylock.lockfile.drift import Drift, Kind
    from comfylock.lockfile.schema import Gap, Lock, Subject
    from comfylock.ops.check import CheckOutcome
    from comfylock.ops.places import Place

_ABOUT: dict[Kind, About] = {
    "MissingModel": "model",
    "OrphanModel": "model",
    "DigestDiffers": "model",
    "SourceChanged": "model",
    "Unhashed": "model",
    "MissingWorkflow": "workflow",
    "OrphanWorkflow": "workflow",
    "OptionChanged": "settings",
    "TargetMissing": "python",
    "PackagesChanged": "python",
    "ImageChanged": "image",
}
"""What reasons of a kind are about, whatever their subject; others: what their subject is."""

_GAPS: dict[Subject, About] = {
    "class-type": "pack",
    "pack": "pack",
    "model": "model",
    "comfyui": "comfyui",
    "python": "python",
    "image": "image",
}

_OF_A_PIN: frozenset[Kind] = frozenset(
    {
        "DigestDiffers",
        "GroupChanged",
        "RangeExcludesPin",
        "RuleChanged",
        "SourceChanged",
        "StampChanged",
        "Unhashed",
        "Unresolved",
    }
)
"""Reasons that are about a pin, so about every workflow that it is for, whichever shows them."""

SHOWN = 3
"""Workflows that a sentence names."""


def drift_findings(outcome: CheckOutcome, said: Collection[str] = ()) -> tuple[Finding, ...]:
    """Return why a lock is not current; what is `said` already, by its message, is left out."""
    names = _Names(outcome.lock)
    told = dict(outcome.unreadable)
    unseen = _unseen(outcome)
    for path in sorted(unseen):
        if not covers(told, path):
            told[path] = "is there, and is no workflow any more"
    found = [_unreadable(path, sentence) for path, sentence in told.items()]
    found += [
        _drifted(outcome, each, names)
        for each in outcome.drift
        if each.message not in said and not names.follows(each, unseen)
    ]
    found += [_unread(path, outcome) for path in sorted(outcome.unread)]
    return tuple(found)


def _unseen(outcome: CheckOutcome) -> frozenset[str]:
    """Return the locked workflows that are there, and nobody could read what they need."""
    same = not any(each.subject == "inputs" for each in outcome.drift)
    project = os.path.dirname(outcome.path)
    missed = [entry.path for entry in outcome.lock.workflows if entry.path not in outcome.read]
    return frozenset(
        path
        for path in missed
        if covers(dict(outcome.unreadable), path)
        or (same and os.path.lexists(os.path.join(project, path.partition("#")[0])))
    )


def gap_items(lock: Lock) -> tuple[Item, ...]:
    """Return a line for each thing that is not pinned, so that nothing of it can be proven."""
    return tuple(
        Item(_GAPS[gap.kind], gap.name, "unknown", error=f"is not pinned: {gap.message}")
        for gap in lock.unresolved
    )


def workflow_items(outcome: CheckOutcome, findings: tuple[Finding, ...]) -> tuple[Item, ...]:
    """Return a line for each workflow; what none of `findings` touches was compared."""
    faults = _faults(outcome)
    for finding in findings:
        if finding.about == "workflow" and finding.severity == "error":
            faults.setdefault(finding.subject, finding.message)
    gaps: dict[str, Gap] = {}
    for gap in outcome.lock.unresolved:
        for path in gap.workflows:
            gaps.setdefault(path, gap)
    entries = outcome.lock.workflows
    items = [_item(entry.path, outcome, faults, gaps.get(entry.path)) for entry in entries]
    items += [
        Item("workflow", path, "extra", error="is not locked")
        for path in sorted(outcome.read - {entry.path for entry in entries})
    ]
    return tuple(items)


def _item(path: str, outcome: CheckOutcome, faults: Mapping[str, str], gap: Gap | None) -> Item:
    item = Item("workflow", path, "verified", proof="what it needs")
    if path not in outcome.read:
        told = faults.get(path, "was not compared with the lock")
        return Item("workflow", path, "unknown", error=told)
    if path in faults:
        return replace(item, status="differs", error=faults[path])
    if gap is not None:  # that the project allows
        told = f"`{gap.name}` is unresolved: {gap.message}"
        return replace(item, status="unproven", error=told)
    return item


def _faults(outcome: CheckOutcome) -> dict[str, str]:
    """Return what is wrong with each workflow: the first reason that touches it."""
    found: dict[str, str] = {}
    names, unseen = _Names(outcome.lock), _unseen(outcome)
    for drift in outcome.drift:
        if names.follows(drift, unseen):
            continue
        touched = {place.workflow for place in outcome.places.get(drift, ())}
        if drift.workflow is not None:
            touched.add(drift.workflow)
        if drift.workflow is None or drift.kind in _OF_A_PIN:
            touched.update(names.users.get(drift.subject, ()))
        touched.update(path for gap in names.gaps(drift) for path in gap.workflows)
        for path in touched:
            found.setdefault(path, drift.message)
    return found


class _Names:
    """What the names in a lock mean."""

    def __init__(self, lock: Lock) -> None:
        self.users: dict[str, list[str]] = {}
        """Pack or model to the workflows that it is for."""
        self._gaps: dict[str, list[Gap]] = {}
        self._abouts: dict[str, About] = {COMFYUI: "comfyui"}
        for entry in lock.workflows:
            self._abouts[entry.path] = "workflow"
            for name in (*entry.packs, *entry.models):
                self.users.setdefault(name, []).append(entry.path)
        for gap in lock.unresolved:
            self._gaps.setdefault(gap.name, []).append(gap)
        self._abouts |= {model.key: "model" for model in lock.models}
        self._abouts |= {pack.name: "pack" for pack in lock.packs}
        self._providers: dict[str, list[str]] = {}
        for pack in lock.packs:
            for name in pack.provides:
                self._providers.setdefault(name, []).append(pack.name)

    def gaps(self, drift: Drift) -> list[Gap]:
        """Return what is unresolved where that is the reason."""
        mine = self._gaps.get(drift.subject, []) if drift.kind == "Unresolved" else []
        return [gap for gap in mine if drift.message.endswith(gap.message)] or mine

    def follows(self, drift: Drift, unseen: frozenset[str]) -> bool:
        """Say whether a reason is only that nobody could read these workflows."""
        if drift.kind == "OrphanWorkflow":
            return drift.subject in unseen
        if drift.workflow is not None or drift.kind not in BY_ABSENCE:
            return False
        users = {path for name in self._pins(drift.subject) for path in self.users.get(name, ())}
        return not users.isdisjoint(unseen)

    def _pins(self, subject: str) -> list[str]:
        return [subject, *self._providers.get(subject, ())]

    def about(self, drift: Drift) -> About:
        """Return what a reason's subject is."""
        if drift.kind in _ABOUT:
            return _ABOUT[drift.kind]
        if drift.kind in ("OrphanGap", "Unresolved") and drift.subject in self._gaps:
            return _GAPS[self._gaps[drift.subject][0].kind]
        return self._abouts.get(drift.subject, "pack")


def _unreadable(path: str, told: str) -> Finding:
    return observe("unreadable", "workflow", path, f"`{path}`: {told}", path, "restore the file")


def _unread(path: str, outcome: CheckOutcome) -> Finding:
    count = outcome.unread[path]
    told = f"{count:,} node{'s' if count > 1 else ''} of `{path}` could not be read"
    mend = f"comfylock analyze {quote(path)}"
    return observe("workflow-unread", "workflow", path, told, path, mend)


def _drifted(outcome: CheckOutcome, drift: Drift, names: _Names) -> Finding:
    places = outcome.places.get(drift, ())
    gaps = names.gaps(drift)
    where = drift.workflow or (places[0].workflow if places else None)
    place = _placed(where, places)
    if place is None and gaps:
        place = _listed(gaps[0].workflows)
    mend = next((gap.hint for gap in gaps if gap.hint), None) or RELOCK
    about = _GAPS[gaps[0].kind] if gaps else names.about(drift)
    return observe(drift.kind, about, drift.subject, drift.message, place, mend)


def _listed(workflows: tuple[str, ...]) -> str | None:
    more = f" and {len(workflows) - SHOWN} more" if len(workflows) > SHOWN else ""
    return ", ".join(workflows[:SHOWN]) + more or None


def _placed(where: str | None, places: tuple[Place, ...]) -> str | None:
    """Return the workflow and the nodes that show a reason: `a.json: nodes 1, 2`."""
    nodes = [node for place in places if place.workflow == where for node in place.nodes]
    if where is None or not nodes:
        return where
    return f"{where}: node{'s' if len(nodes) > 1 else ''} {', '.join(nodes)}"
