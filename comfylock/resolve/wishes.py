"""What has to be pinned: the needs of all workflows, one wish for each pack and each model."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from comfylock.lockfile.satisfy import joined_groups
from comfylock.requirements import (
    ClassNeed,
    ModelNeed,
    ModelRule,
    Offer,
    PackRule,
)
from comfylock.resolve.providers import Providers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from comfylock.lockfile.schema import Lock
    from comfylock.requirements import Requirements

ORIGINS = ("config", "node", "workflow", "note", "registry")
"""Who can name a model's source, the most telling first."""


class PackWish(Struct, frozen=True):
    """One pack that has to be pinned, and everything said about it."""

    name: str
    rule: PackRule | None = None
    class_types: frozenset[str] = frozenset()
    stamps: frozenset[tuple[str, str]] = frozenset()
    """Version or commit as stamped, and the workflow."""
    ids: frozenset[str] = frozenset()
    """Registry ids under which nodes are stamped, where that is not the name."""
    evidence: frozenset[str] = frozenset()
    rejected: frozenset[str] = frozenset()
    workflows: frozenset[str] = frozenset()
    groups: tuple[str, ...] = ()
    aliases: frozenset[str] = frozenset()

    def joined(self, other: PackWish, name: str) -> PackWish:
        """Return one wish for two that turned out to mean the same pack."""
        rule = self.rule or other.rule
        # What no workflow needs, but a rule asks for, puts the pack in no group and out of none.
        needed = [wish.groups for wish in (self, other) if wish.workflows] or [()]
        return PackWish(
            name=name,
            rule=rule,
            class_types=self.class_types | other.class_types,
            stamps=self.stamps | other.stamps,
            ids=self.ids | other.ids,
            evidence=self.evidence | other.evidence,
            rejected=self.rejected | other.rejected,
            workflows=self.workflows | other.workflows,
            groups=(rule.groups if rule is not None else ()) or joined_groups(needed),
            aliases=(self.aliases | other.aliases | {self.name, other.name}) - {name},
        )

    def renamed(self, name: str) -> PackWish:
        """Return the wish under the name that the pack has today."""
        if name == self.name:
            return self
        return replace(self, name=name, aliases=(self.aliases | {self.name}) - {name})


class ModelWish(Struct, frozen=True):
    """One model that has to be pinned, and everywhere it may come from."""

    name: str
    folder: str | None
    rule: ModelRule | None = None
    offers: tuple[Offer, ...] = ()
    """Of all workflows, the most telling first, then by address."""
    workflows: frozenset[str] = frozenset()
    groups: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """`folder/name`."""
        return f"{self.folder}/{self.name}" if self.folder else self.name

    @property
    def key(self) -> str:
        """`folder/name`, or `folder/name@tier`."""
        tier = self.rule.tier if self.rule is not None else None
        return f"{self.place}@{tier}" if tier else self.place


class Assignment(Struct, frozen=True):
    """Which class type is from which pack, over all workflows."""

    packs: dict[str, PackWish]
    open: dict[str, tuple[ClassNeed, frozenset[str]]]
    """Class types of no known pack, with the workflows that need them."""
    by_workflow: dict[str, frozenset[str]]
    """Workflow to the names of the packs it needs."""


def assign(needs: Requirements, old: Lock, found: Mapping[str, str]) -> Assignment:
    """Return a wish for each pack that workflows or rules ask for.

    `found` are packs that a service named for class types which the registry does not know.
    """
    providers = Providers(needs, old, found)
    wishes: dict[str, PackWish] = {}
    open_classes: dict[str, tuple[ClassNeed, frozenset[str]]] = {}
    by_workflow: dict[str, set[str]] = defaultdict(set)
    for workflow in needs.workflows:
        groups = needs.groups_of(workflow.path)
        for need in workflow.classes:
            name, why = providers.pack_of(need, workflow.path)
            if name is None:
                first, paths = open_classes.get(need.class_type, (need, frozenset()))
                told = max(first, need, key=lambda one: (one.is_ambiguous, one.candidates))
                open_classes[need.class_type] = (told, paths | {workflow.path})
                continue
            wish = _wish(name, need, workflow.path, why, groups)
            known = wishes.get(name)
            wishes[name] = wish if known is None else known.joined(wish, name)
            by_workflow[workflow.path].add(name)
    for name, rule in needs.pack_rules.items():
        if name in wishes:
            wishes[name] = replace(
                wishes[name], rule=rule, groups=rule.groups or wishes[name].groups
            )
        elif rule.is_required:
            evidence = frozenset({"comfylock.toml"})
            wishes[name] = PackWish(name, rule, evidence=evidence, groups=rule.groups)
    frozen = {path: frozenset(names) for path, names in by_workflow.items()}
    return Assignment(wishes, open_classes, frozen)


def _wish(name: str, need: ClassNeed, workflow: str, why: str, groups: tuple[str, ...]) -> PackWish:
    return PackWish(
        name=name,
        class_types=frozenset({need.class_type}),
        stamps=frozenset((stamp, workflow) for stamp in need.stamps if need.pack == name),
        ids=frozenset({need.stamped_id} if need.stamped_id else ()),
        evidence=frozenset({f"{workflow}: {why}"}),
        rejected=frozenset(candidate for candidate in need.candidates if candidate != name),
        workflows=frozenset({workflow}),
        groups=groups,
    )


def model_wishes(needs: Requirements) -> dict[str, ModelWish]:
    """Return a wish for each model that workflows or rules ask for, ignored ones left out."""
    wishes: dict[str, ModelWish] = {}
    for workflow in needs.workflows:
        groups = needs.groups_of(workflow.path)
        for need in workflow.models:
            rule = rule_for(needs.model_rules, need.key, need.name)
            if rule is not None and rule.is_ignored:
                continue
            if rule is not None and rule.tiers:
                found = _alternatives(needs, need, rule, (workflow.path, groups))
            else:
                found = [
                    ModelWish(
                        need.name,
                        need.folder,
                        rule,
                        _ranked(need.offers),
                        frozenset({workflow.path}),
                        groups,
                    )
                ]
            for wish in found:
                known = wishes.get(wish.key)
                wishes[wish.key] = wish if known is None else _joined(known, wish)
    for key, rule in needs.model_rules.items():
        if rule.is_required and not rule.tiers and key not in wishes:
            folder, _, name = key.removesuffix(f"@{rule.tier}" if rule.tier else "").partition("/")
            wishes[key] = ModelWish(name, folder, rule, groups=rule.groups)
        elif key in wishes and rule.groups:
            wishes[key] = replace(wishes[key], groups=rule.groups)
    return wishes


def _alternatives(
    needs: Requirements, need: ModelNeed, rule: ModelRule, user: tuple[str, tuple[str, ...]]
) -> list[ModelWish]:
    """Return a wish for each of the files that may stand under one name."""
    path, groups = user
    return [
        ModelWish(
            need.name,
            need.folder,
            needs.model_rules[key],
            workflows=frozenset({path}),
            groups=groups,
        )
        for key in (f"{rule.key}@{tier}" for tier in rule.tiers)
    ]


def _joined(known: ModelWish, more: ModelWish) -> ModelWish:
    return replace(
        more,
        offers=_ranked((*known.offers, *more.offers)),
        workflows=known.workflows | more.workflows,
        groups=joined_groups((known.groups, more.groups)),
    )


def rule_for(rules: Mapping[str, ModelRule], key: str, name: str) -> ModelRule | None:
    """Return the project's rule for a model, by folder and name or by name alone."""
    return rules.get(key) or rules.get(name)


def _ranked(offers: Iterable[Offer]) -> tuple[Offer, ...]:
    unique = dict.fromkeys(offers)
    return tuple(sorted(unique, key=lambda o: (ORIGINS.index(o.origin), o.url, o.sha256 or "")))
