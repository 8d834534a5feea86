"""Which pin, or which gap, meets which need of which workflow; and what is met by none."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from comfylock.lockfile.document import gap_key
from comfylock.lockfile.drift import Drift
from comfylock.lockfile.model_needs import model_rule, needed_keys
from comfylock.lockfile.pack_needs import FIRM, asked_names, firm_packs, names_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from comfylock.lockfile.drift import Kind
    from comfylock.lockfile.schema import Gap, Lock, PackPin, WorkflowEntry
    from comfylock.requirements import ClassNeed, ModelNeed, Requirements, WorkflowNeed


class Meeting:
    """A lock's pins and gaps beside the needs of all workflows."""

    def __init__(self, lock: Lock, needs: Requirements) -> None:
        self.drift: set[Drift] = set()
        """What concerns single workflows."""
        self._needs = needs
        self._by_name: dict[str, list[PackPin]] = defaultdict(list)
        self._providers: dict[str, list[PackPin]] = defaultdict(list)
        for pin in lock.packs:
            for name in names_of(pin):
                self._by_name[name].append(pin)
            for name in pin.provides:
                self._providers[name].append(pin)
        self._models = {pin.key for pin in lock.models}
        self._gaps = {gap_key(gap): gap for gap in lock.unresolved}
        self._open_names = {
            name: gap.name
            for gap in lock.unresolved
            if gap.kind == "pack"
            for name in (*gap.aliases, gap.name)
        }
        self._users: dict[str, set[str]] = defaultdict(set)
        self._classes: dict[str, set[str]] = defaultdict(set)
        self._gap_users: dict[str, set[str]] = defaultdict(set)
        self._firm = firm_packs(needs)
        entries = {entry.path: entry for entry in lock.workflows}
        for need in needs.workflows:
            self._compare(need, entries.get(need.path))
        for path in entries.keys() - {need.path for need in needs.workflows}:
            self._add("OrphanWorkflow", path, path, "is locked and not among the workflows")

    def pack_users(self, name: str) -> set[str]:
        """Return the workflows that need a pinned pack."""
        return self._users.get(f"pack: {name}", set())

    def model_users(self, key: str) -> set[str]:
        """Return the workflows that need a pinned model."""
        return self._users.get(f"model: {key}", set())

    def classes_of(self, name: str) -> set[str]:
        """Return the class types that workflows need of a pinned pack."""
        return self._classes.get(name, set())

    def gap_users(self, gap: Gap) -> set[str]:
        """Return the workflows that need what a gap stands for."""
        return self._gap_users.get(gap_key(gap), set())

    def _add(self, kind: Kind, workflow: str, subject: str, message: str) -> None:
        self.drift.add(Drift(kind, workflow, subject, message))

    def _compare(self, need: WorkflowNeed, entry: WorkflowEntry | None) -> None:
        listed = frozenset(entry.packs) if entry is not None else frozenset()
        packs: set[str] = set()
        for class_need in need.classes:
            packs |= self._class(need.path, class_need, listed)
        models = {key for model in need.models for key in self._model(need.path, model)}
        if entry is None:
            self._add("MissingWorkflow", need.path, need.path, "is not locked")
            return
        for name in sorted(packs - listed):
            self._add("MissingPack", need.path, name, f"needs `{name}` now")
        for name in sorted(listed - packs):
            self._add("OrphanPin", need.path, name, f"does not need `{name}` any more")
        for key in sorted(models - set(entry.models)):
            self._add("MissingModel", need.path, key, f"needs `{key}` now")
        for key in sorted(set(entry.models) - models):
            self._add("OrphanModel", need.path, key, f"does not need `{key}` any more")
        groups = self._needs.groups_of(need.path)
        if set(groups) != set(entry.groups):
            told = ", ".join(groups) or "no group"
            self._add("GroupChanged", need.path, need.path, f"is in {told} now")

    def _class(self, path: str, need: ClassNeed, listed: frozenset[str]) -> set[str]:
        """Return the packs by which a workflow's class type is met, noting who is met by whom."""
        if self._covers("class-type", need.class_type, path):
            return set()
        providers = self._providers.get(need.class_type, [])
        is_firm = need.evidence in FIRM
        names = asked_names(need)
        asked = {pin.name for name in names for pin in self._by_name.get(name, ())}
        named = [pin for pin in providers if pin.name in asked]
        mine = named if is_firm else [pin for pin in providers if pin.name in listed] or named
        # The workflow's own word that is recorded as open goes before another pack that has it.
        is_open = not is_firm and not listed.isdisjoint(self._unpinned(names))
        gaps = self._pack_gaps(path, need, listed) if is_open or not mine else set()
        if gaps:
            return gaps
        if not mine and not is_firm:
            mine = providers[:1]
        for pin in mine:
            self._users[f"pack: {pin.name}"].add(path)
            self._classes[pin.name].add(need.class_type)
        if not mine:
            self._unmet(path, need)
        return {pin.name for pin in mine}

    def _pack_gaps(self, path: str, need: ClassNeed, listed: frozenset[str]) -> set[str]:
        """Return the unresolved packs of which one would meet a need.

        The one that it names; else any that the workflow lists: a name of today's, or what a
        service named for a class type that nobody here knows. Of an ambiguous one, only what other
        workflows say, and its candidates.
        """
        named = self._unpinned(asked_names(need))
        likely = {*need.candidates, *self._firm.get(need.class_type, ())}
        others = sorted(listed & likely if need.is_ambiguous else listed)
        absent = [*named, *(name for name in others if name not in self._by_name)]
        found = [name for name in absent if self._covers("pack", name, path)]
        return set([name for name in found if name in named][:1] or found)

    def _unpinned(self, names: Iterable[str]) -> list[str]:
        """Return those names that no pin goes by, as gaps call them."""
        absent = (name for name in names if name not in self._by_name)
        return [self._open_names.get(name, name) for name in absent]

    def _unmet(self, path: str, need: ClassNeed) -> None:
        if need.pack is not None and need.evidence in FIRM and need.pack not in self._by_name:
            message = f"`{need.class_type}` is from `{need.pack}`, which is not locked"
            self._add("MissingPack", path, need.pack, message)
        else:
            whose = f" of `{need.pack}`" if need.pack is not None else ""
            message = f"`{need.class_type}`{whose} is not locked"
            self._add("MissingNodeType", path, need.class_type, message)

    def _model(self, path: str, need: ModelNeed) -> set[str]:
        """Return the keys that a workflow has to list for a model: locked ones, unless ignored."""
        rule = model_rule(self._needs, need.key, need.name)
        if rule is not None and rule.is_ignored:
            return set()
        found = set()
        for key in needed_keys(self._needs, need):
            if key in self._models:
                self._users[f"model: {key}"].add(path)
            elif not self._covers("model", key, path):
                self._add("MissingModel", path, key, f"`{key}` is not locked")
                continue
            found.add(key)
        return found

    def _covers(self, kind: str, name: str, path: str) -> bool:
        """Say whether something is recorded as unresolved for a workflow, and note it."""
        key = f"{kind}: {name}"
        gap = self._gaps.get(key)
        if gap is None:
            return False
        if not gap.workflows or path in gap.workflows:
            self._gap_users[key].add(path)
            return True
        return False
