"""What moving from one set of definitions to another does to one workflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.upgrade.changes import GRADES, Grade
from comfylock.upgrade.values import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from comfylock.upgrade.changes import Change
    from comfylock.upgrade.interface import Fault, PromptNode
    from comfylock.upgrade.validate import Prompt

MAX_HITS = 1000
"""Hits of one workflow that are told."""


class Hit(Struct, frozen=True, order=True):
    """One node that a difference touches."""

    node: str
    class_type: str
    input: str
    kind: str
    """ComfyUI's word for a fault, else what kind of difference it is."""
    message: str
    grade: Grade


def hits(
    old: tuple[Prompt, Iterable[Fault]],
    new: tuple[Prompt, Iterable[Fault]],
    changes: Iterable[Change],
) -> tuple[Hit, ...]:
    """Return what was no fault and is one, and what will go differently, the gravest first.

    Each side is a prompt with its faults: for an API file the same prompt twice, for a file of
    the editor what it makes of it with either set.
    """
    before = {(each.node, each.input, each.kind) for each in old[1]}
    found = [
        Hit(each.node, each.class_type, each.input, each.kind, each.message, "breaks")
        for each in new[1]
        if (each.node, each.input, each.kind) not in before
    ]
    broken = {(hit.node, hit.input) for hit in found}
    found += [hit for hit in _behaviour(old[0], new[0], changes) if _key(hit) not in broken]
    found.sort(key=lambda hit: GRADES.index(hit.grade))
    return tuple(found[:MAX_HITS])


def _key(hit: Hit) -> tuple[str, str]:
    return hit.node, hit.input


def _behaviour(old: Prompt, new: Prompt, changes: Iterable[Change]) -> Iterator[Hit]:
    by_class: dict[str, list[Change]] = {}
    for change in changes:
        by_class.setdefault(change.class_type, []).append(change)
    for key, node in new.items():
        told = by_class.get(node.class_type, ())
        if not told:
            continue
        before = old.get(key)
        shifted = set()
        if before is not None and before is not node:
            for hit in _shifted(key, before, node):
                shifted.add(hit.input)
                yield hit
        for change in told:
            if change.input not in shifted and _touches(change, node):
                yield Hit(
                    key, node.class_type, change.input, change.kind, change.message, "behaviour"
                )


def _shifted(key: str, before: PromptNode, after: PromptNode) -> Iterator[Hit]:
    """Yield the inputs for which the editor sends another value than it did."""
    old = before.inputs if isinstance(before.inputs, dict) else {}
    new = after.inputs if isinstance(after.inputs, dict) else {}
    for name, value in new.items():
        if name in old and old[name] != value:
            told = f"the editor sends {shown(value)} instead of {shown(old[name])}"
            yield Hit(key, after.class_type, name, "value-changed", told, "behaviour")


def _touches(change: Change, node: PromptNode) -> bool:
    """Say whether a difference that breaks nothing changes what a node does."""
    inputs = node.inputs if isinstance(node.inputs, dict) else {}
    if change.kind == "default-changed":
        return change.input not in inputs
    if change.kind == "input-removed":
        return change.input in inputs
    return change.kind == "outputs-changed" and change.api != "harmless"
