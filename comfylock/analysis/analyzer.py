"""What one workflow needs: a reading and the registry make a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.analysis.model_sources import ModelSources
from comfylock.links import ALLOWED_HOSTS
from comfylock.model import AssetUse, ClassUse, Kind, Source, WorkflowReport
from comfylock.registry.lookup import EVIDENCE, Lookup, Verdict, newest, oldest
from comfylock.versions import version_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from comfylock.registry.store import Registry
    from comfylock.workflow.reading import ClassKey, FoundAsset, Reading

MAX_REMEMBERED = 100_000
"""Class uses kept to be shared between workflows."""


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
        self._uses: dict[tuple[ClassKey, int, int, str | None], ClassUse] = {}
        self._sources = ModelSources(registry, settings.models, settings.allowed_hosts)

    def report(self, reading: Reading, path: str) -> WorkflowReport:
        """Return what the workflow needs that was read from this path."""
        with_inactive = self.settings.include_inactive
        uses = self._class_uses(reading.classes)
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
            assets=_assets(reading.assets, with_inactive=with_inactive),
            minimum=newest(use.since for use in uses if use.count),
            problems=tuple(problems),
        )

    def _class_uses(self, classes: Mapping[ClassKey, list[int]]) -> list[ClassUse]:
        """Return the class types of one workflow, sorted, ambiguous ones decided by company."""
        decide = self.lookup.decide
        verdicts = [(key, decide(key), counts) for key, counts in classes.items()]
        if any(verdict.candidates for _, verdict, _ in verdicts):
            company = {v.pack for _, v, _ in verdicts if v.pack and v.kind == "pack"}
            verdicts = [
                (
                    key,
                    self.lookup.in_company(verdict, company) if verdict.candidates else verdict,
                    n,
                )
                for key, verdict, n in verdicts
            ]
        merged: dict[tuple[str, str], ClassUse] = {}
        for key, verdict, counts in verdicts:
            place = (key[0], verdict.pack or "")
            use = merged.get(place)
            merged[place] = (
                self._use(key, verdict, counts) if use is None else _add(use, key, verdict, counts)
            )
        return [merged[place] for place in sorted(merged)]

    def _use(self, key: ClassKey, verdict: Verdict, counts: list[int]) -> ClassUse:
        """Return the use of one class type with one stamp; the same object for the same facts."""
        place = (key, counts[0], counts[1], verdict.pack)
        use = self._uses.get(place)
        if use is None:
            if len(self._uses) > MAX_REMEMBERED:
                self._uses.clear()
            use = self._uses[place] = ClassUse(
                key[0],
                verdict.kind,
                verdict.pack,
                verdict.evidence,
                verdict.candidates if verdict.pack is None else (),
                counts[0],
                counts[1],
                _versions(key),
                verdict.since,
                verdict.conflicts,
            )
        return use


def _add(use: ClassUse, key: ClassKey, verdict: Verdict, counts: list[int]) -> ClassUse:
    """Return the use with the nodes of another stamp added; the order of the two is the same."""
    versions = {*use.versions, *_versions(key)}
    better = min((verdict.evidence, verdict.kind), (use.evidence, use.kind), key=_strength)
    return ClassUse(
        use.class_type,
        better[1],
        use.pack,
        better[0],
        use.candidates,
        use.count + counts[0],
        use.inactive + counts[1],
        tuple(sorted(versions, key=lambda text: (version_key(text), text))),
        oldest((use.since, verdict.since)),
        tuple(sorted({*use.conflicts, *verdict.conflicts})) if verdict.conflicts else use.conflicts,
    )


def _strength(evidence: tuple[str, Kind]) -> int:
    return EVIDENCE.index(evidence[0])


def _versions(key: ClassKey) -> tuple[str, ...]:
    version = key[3].strip() if key[3] else ""
    return (version,) if version else ()


def _assets(found: Iterable[FoundAsset], *, with_inactive: bool) -> tuple[AssetUse, ...]:
    """Return each asset once, sorted; inactive only if every node that names it is."""
    uses: dict[tuple[str, str, str], AssetUse] = {}
    for asset in found:
        key = (asset.name, asset.class_type, asset.input or "")
        if key not in uses or (uses[key].inactive and not asset.inactive):
            uses[key] = AssetUse(asset.name, asset.class_type, asset.input, asset.inactive)
    kept = (uses[key] for key in sorted(uses))
    return tuple(use for use in kept if with_inactive or not use.inactive)
