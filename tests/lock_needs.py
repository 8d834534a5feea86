"""What a lock lacks: builders of small needs and locks, and the reasons in short."""

from __future__ import annotations

from typing import Any

from comfylock.lockfile.satisfy import pack_drift, unsatisfied
from comfylock.lockfile.schema import Lock, WorkflowEntry
from comfylock.requirements import ClassNeed, Requirements, WorkflowNeed
from tests.locks import small as small_lock

A = "workflows/a.json"


def kinds(lock: Lock, needs: Requirements, **flags: bool) -> list[tuple[str, str | None, str]]:
    """The reasons without their sentences, which are looked at too."""
    found = unsatisfied(
        lock,
        needs,
        allow_unresolved=flags.pop("allow_unresolved", False),
        require_hashes=flags.pop("require_hashes", False),
    )
    assert not flags
    assert all(drift.message and not drift.message.endswith(".") for drift in found)
    return [(drift.kind, drift.workflow, drift.subject) for drift in found]


def needs_of(*classes: ClassNeed, path: str = A, **fields: Any) -> Requirements:
    """Needs of one workflow with these class types alone."""
    return Requirements((WorkflowNeed(path, classes),), inputs=("workflows",), **fields)


def lock_of(*packs: Any, **fields: Any) -> Lock:
    """A lock of one workflow with these packs alone."""
    entry = WorkflowEntry(A, tuple(sorted(pin.name for pin in packs)))
    values = {"workflows": (entry,), "packs": packs, "models": (), **fields}
    return small_lock(**values)


def stamped(*stamps: str, pack: str = "alpha") -> Requirements:
    """Needs of one class type whose nodes have these stamps."""
    return needs_of(ClassNeed("AlphaNode", pack, "cnr_id", stamps))


def pack_kinds(pin: Any, needs: Requirements) -> list[str]:
    """Why a pack has to be chosen anew; the lock as a whole has no other reasons."""
    found = pack_drift(pin, needs)
    assert kinds(lock_of(pin), needs) == [(d.kind, d.workflow, d.subject) for d in found]
    return [drift.kind for drift in found]
