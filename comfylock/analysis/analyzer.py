"""What one workflow needs: a reading and the registry make a report."""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from comfylock.analysis.model_sources import ModelSources
from comfylock.links import ALLOWED_HOSTS
from comfylock.model import AssetUse, ClassUse, Source, WorkflowReport
from comfylock.registry.lookup import EVIDENCE, Lookup, Verdict, newest, oldest
from comfylock.versions import version_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from comfylock.registry.store import Registry
    from comfylock.workflow.reading import ClassKey, FoundAsset, Reading

MAX_REMEMBERED = 100_000
"""Class uses kept to be shared between workflows."""

_Counted = tuple["ClassKey", int] | tuple["ClassKey", int, int]
"""A stamp, the nodes with it that run and, in workflows that have some, the inactive ones."""


class Settings(Struct, frozen=True):
    """What a project says about its analysis, from comfylock.toml or the caller."""

    class_types: dict[str, str] = {}
    """Class type to pack: the project's own word."""
    models: dict[str, Source] = {}
    """Model (`folder/name` or `name`) to its source."""
    allowed_hosts: frozenset[str] = ALLOWED_HOSTS
    include_inactive: bool = True
    """Count muted and bypassed nodes as inactive; else leave them out."""


class Analyzer:
    """Turns readings into reports, with one registry and one project's settings."""

    def __init__(self, registry: Registry, settings: Settings) -> None:
        self.registry = registry
        self.settings = settings
        self.lookup = Lookup(registry, settings.class_types)
        self._ready: dict[_Counted, ClassUse] = {}
        self._sources = ModelSources(registry, settings.models, settings.allowed_hosts)

    def report(self, reading: Reading, path: str) -> WorkflowReport:
        """Return what the workflow needs that was read from this path."""
        with_inactive = self.settings.include_inactive
        uses = self._class_uses(reading)
        problems = list(reading.problems)
        models = self._sources.models_of(reading, problems)
        if not with_inactive:
            uses = [use for use in uses if use.count]
            models = [model for model in models if not model.inactive]
        return WorkflowReport(
            path=f"{path}#{reading.fragment}" if reading.fragment else path,
            format=reading.format,
            nodes=reading.nodes,
            inactive=reading.inactive,
            unread=reading.unread,
            class_types=tuple(uses),
            models=tuple(models),
            assets=_assets(reading.assets, with_inactive=with_inactive) if reading.assets else (),
            minimum=newest({use.since for use in uses if use.count}),
            problems=tuple(problems),
        )

    def _class_uses(self, reading: Reading) -> list[ClassUse]:
        """Return the class types of one workflow, sorted, ambiguous ones decided by company.

        The same stamp with the same counts is the same use, unless company decides about it.
        """
        ready, active, idle = self._ready, reading.classes, reading.inactive_classes
        places: Iterable[_Counted] = active.items()
        if idle:
            places = [(key, active.get(key, 0), idle.get(key, 0)) for key in {**active, **idle}]
        uses: list[ClassUse] = []
        undecided: list[tuple[_Counted, Verdict]] = []
        for place in places:
            use = ready.get(place)
            if use is None:
                counted = (_interned(place[0]), *place[1:])
                verdict = self.lookup.decide(counted[0])
                if verdict.candidates:
                    undecided.append((counted, verdict))
                    continue
                use = _use(counted, verdict)
                self._remember(counted, use)
            uses.append(use)
        if undecided:
            company = {use.pack for use in uses if use.pack and use.kind == "pack"}
            for counted, verdict in undecided:
                uses.append(_use(counted, self.lookup.in_company(verdict, company)))
        named = {use.class_type: use for use in uses}
        if len(named) < len(uses):
            return _merged(uses)
        return [named[name] for name in sorted(named)]

    def _remember(self, key: _Counted, use: ClassUse) -> None:
        if len(self._ready) > MAX_REMEMBERED:
            self._ready.clear()
        self._ready[key] = use


def _interned(key: ClassKey) -> ClassKey:
    """Return a stamp that shares its words with the others."""
    return tuple([word and sys.intern(word) for word in key])  # type: ignore[return-value]


def _use(counted: _Counted, verdict: Verdict) -> ClassUse:
    key, count, inactive = (*counted, 0)[:3]
    version = key[3].strip() if key[3] else ""
    return ClassUse(
        key[0],
        verdict.kind,
        verdict.pack,
        verdict.evidence,
        verdict.candidates if verdict.pack is None else (),
        count,
        inactive,
        (version,) if version else (),
        verdict.since,
        verdict.conflicts,
        _other_id(key[1], verdict.pack) if key[1] and verdict.evidence == "cnr_id" else None,
    )


def _other_id(stamp: str, pack: str | None) -> str | None:
    """Return the registry id that a stamp has if the pack is known by another name."""
    stamped = stamp.strip().lower()
    return stamped if stamped != pack else None


def _merged(uses: list[ClassUse]) -> list[ClassUse]:
    """Return one use for each class type and pack, sorted by both."""
    merged: dict[tuple[str, str], ClassUse] = {}
    for use in uses:
        place = (use.class_type, use.pack or "")
        known = merged.get(place)
        merged[place] = use if known is None else _add(known, use)
    return [merged[place] for place in sorted(merged)]


@lru_cache(maxsize=4096)
def _add(use: ClassUse, other: ClassUse) -> ClassUse:
    """Return a use with the nodes of another stamp added."""
    versions = {*use.versions, *other.versions}
    stronger = min(use, other, key=_strength)
    return replace(
        use,
        kind=stronger.kind,
        evidence=stronger.evidence,
        count=use.count + other.count,
        inactive=use.inactive + other.inactive,
        versions=tuple(sorted(versions, key=lambda text: (version_key(text), text))),
        since=oldest((use.since, other.since)),
        conflicts=tuple(sorted({*use.conflicts, *other.conflicts})),
        stamped_id=use.stamped_id or other.stamped_id,
    )


def _strength(use: ClassUse) -> int:
    return EVIDENCE.index(use.evidence)


def _assets(found: Iterable[FoundAsset], *, with_inactive: bool) -> tuple[AssetUse, ...]:
    """Return each asset once, sorted; inactive only if every node that names it is."""
    uses: dict[tuple[str, str, str], AssetUse] = {}
    for asset in found:
        key = (asset.name, asset.class_type, asset.input or "")
        if key not in uses or (uses[key].inactive and not asset.inactive):
            uses[key] = AssetUse(asset.name, asset.class_type, asset.input, asset.inactive)
    kept = (uses[key] for key in sorted(uses))
    return tuple(use for use in kept if with_inactive or not use.inactive)
