"""Whose is a class type? The workflow's own word, the old lock's, the project's, a service's."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from comfylock.lockfile.pack_needs import FIRM, firm_packs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from comfylock.lockfile.schema import Lock
    from comfylock.requirements import ClassNeed, Requirements

PROJECT = "another workflow"
"""Evidence: what other workflows of the project say of the same class type."""

SERVICE = "comfy-registry"
"""Evidence: the Comfy Registry's reverse lookup."""


class Providers:
    """What is known of class types before any pack is looked for.

    `found` are packs that a service named for class types which nobody here knows.
    """

    def __init__(self, needs: Requirements, old: Lock, found: Mapping[str, str]) -> None:
        self._found = found
        self._locked: dict[str, list[str]] = defaultdict(list)
        for pin in old.packs:
            for class_type in pin.provides:
                self._locked[class_type].append(pin.name)
        self._aliases = {pin.name: (pin.name, *pin.aliases) for pin in old.packs}
        self._entries = {entry.path: entry.packs for entry in old.workflows}
        self._told = {(pin.name, line) for pin in old.packs for line in pin.evidence}
        self._open = {
            (path, name)
            for gap in old.unresolved
            if gap.kind == "pack"
            for path in gap.workflows
            for name in (gap.name, *gap.aliases)
        }
        self._firm = firm_packs(needs)

    def pack_of(self, need: ClassNeed, workflow: str) -> tuple[str | None, str]:
        """Return the pack that a workflow's class type is from, and why; None: nobody knows.

        Where the evidence is weak the old lock's word stands, so that nothing moves by itself.
        """
        if need.pack is not None and need.evidence in FIRM:
            return need.pack, need.evidence
        if need.pack is not None and (workflow, need.pack) in self._open:
            return need.pack, need.evidence  # it was open already, beside other packs that have it
        locked = self._locked.get(need.class_type, [])
        listed = [name for name in locked if name in self._entries.get(workflow, ())] or locked
        if listed:
            named = [n for n in listed if need.pack is not None and need.pack in self._aliases[n]]
            if named or need.pack is not None or len(listed) == 1:
                name = (need.pack if named else None) or listed[0]
                return name, need.evidence or self._again(name, need, workflow)
        if need.pack is not None:
            return need.pack, need.evidence
        firm = self._firm.get(need.class_type, set())
        if len(firm) == 1:
            return next(iter(firm)), PROJECT
        if need.class_type in self._found:
            return self._found[need.class_type], SERVICE
        return None, ""

    def _again(self, name: str, need: ClassNeed, workflow: str) -> str:
        """Return the evidence that a pin has already; what was once learnt stays its reason."""
        if (name, f"{workflow}: {SERVICE}") in self._told:
            return SERVICE
        return PROJECT if self._firm.get(need.class_type) else "comfy.lock"
