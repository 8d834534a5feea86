"""What many workflows need together: reports added up, in memory that does not grow with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.analysis.model_sources import MAX_SOURCES
from comfylock.model import (
    ClassEntry,
    ClassUse,
    ModelEntry,
    ModelUse,
    PackEntry,
    Problem,
    Report,
    Source,
    Totals,
    WorkflowReport,
)
from comfylock.names import COMFYUI
from comfylock.registry.lookup import EVIDENCE, newest, oldest
from comfylock.versions import version_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from comfylock.registry.store import Registry

MAX_FINDINGS = 1000
"""Problems inside workflows that are kept when only totals are asked for."""

ORIGINS = ("config", "node", "workflow", "note", "registry")
"""Who can name a model's source, the most telling first."""

SAMPLE = 3
"""Workflows named for each entry when only totals are asked for."""


MAX_VARIANTS = 8
"""Different words about one model that are remembered, so as not to be put together again."""


class _Tally:
    """Which workflows need one class type, pack or model.

    Slots instead of a Struct: what is counted is set much more often than it is made.
    """

    __slots__ = ("last", "workflow_count", "workflows")

    def __init__(self) -> None:
        self.workflows: list[str] = []
        self.workflow_count = 0
        self.last: str | None = None

    def add_path(self, path: str, *, keeps: bool) -> None:
        """Note a workflow; the same one comes in a row, if at all."""
        if self.last == path:
            return
        self.last = path
        self.workflow_count += 1
        if keeps or len(self.workflows) < SAMPLE:
            self.workflows.append(path)


class _ClassTally(_Tally):
    __slots__ = ("conflicts", "count", "first", "inactive", "since")

    def __init__(self, first: ClassUse) -> None:
        super().__init__()
        self.first = first
        self.count = self.inactive = 0
        self.since: frozenset[str] = frozenset()
        self.conflicts: frozenset[str] = frozenset()


class _PackTally(_Tally):
    __slots__ = ("class_types", "evidence", "is_active", "versions")

    def __init__(self) -> None:
        super().__init__()
        self.is_active = False
        self.versions: set[str] = set()
        self.class_types: set[str] = set()
        self.evidence: set[str] = set()


class _ModelTally(_Tally):
    __slots__ = ("first", "is_active", "variants")

    def __init__(self, first: ModelUse) -> None:
        super().__init__()
        self.first = first
        self.variants = [first]  # the uses that the first was made from
        self.is_active = False


class Summary:
    """Adds up workflow reports; `with_workflows=False` keeps counts and a few names only."""

    def __init__(self, registry: Registry, *, with_workflows: bool = True) -> None:
        self._registry = registry
        self._keeps = with_workflows
        self._workflows: list[WorkflowReport] = []
        self._classes: dict[tuple[str, str, str], _ClassTally] = {}
        self._packs: dict[str, _PackTally] = {}
        self._models: dict[tuple[str, str], _ModelTally] = {}
        self._assets: set[str] = set()
        self._minima: set[str] = set()
        self._numbers = [0, 0, 0, 0, 0]
        self._problems: list[Problem] = []
        self._findings: list[Problem] = []

    def add_problem(self, problem: Problem) -> None:
        """Note an input that could not be read."""
        self._problems.append(problem)

    def add(self, report: WorkflowReport) -> None:
        """Add one workflow."""
        if self._keeps:
            self._workflows.append(report)
        numbers = self._numbers
        numbers[0] += 1
        numbers[1] += report.nodes
        numbers[2] += report.inactive
        numbers[3] += report.unread
        numbers[4] += len(report.problems)
        for problem in report.problems:
            if self._keeps or len(self._findings) < MAX_FINDINGS:
                place = f"{report.path}: {problem.path}" if problem.path else report.path
                self._findings.append(Problem(place, problem.message))
        if report.minimum:
            self._minima.add(report.minimum)
        path = report.path
        self._add_classes(report.class_types, path)
        for model in report.models:
            self._add_model(model, path)
        if report.assets:
            self._assets.update(asset.name for asset in report.assets)

    def report(self) -> Report:
        """Return everything added so far as one report."""
        workflows, nodes, inactive, unread, problems = self._numbers
        return Report(
            totals=Totals(
                workflows, nodes, inactive, unread, tuple(sorted(self._assets)), problems
            ),
            workflows=tuple(self._workflows),
            class_types=tuple(_class_entry(self._classes[key]) for key in sorted(self._classes)),
            packs=tuple(self._pack_entry(name) for name in sorted(self._packs)),
            models=tuple(_model_entry(self._models[key]) for key in sorted(self._models)),
            minimum=newest(self._minima),
            problems=tuple(self._problems),
            findings=tuple(self._findings),
        )

    def _add_classes(self, uses: Iterable[ClassUse], path: str) -> None:
        classes, keeps = self._classes, self._keeps
        for use in uses:
            pack, since = use.pack, use.since
            key = (use.class_type, pack or "", use.kind)
            tally = classes.get(key)
            if tally is None:
                tally = classes[key] = _ClassTally(use)
            elif tally.first.evidence != use.evidence:
                tally.first = min(tally.first, use, key=_strength)
            tally.count += use.count
            if use.inactive:
                tally.inactive += use.inactive
            if since and since not in tally.since:
                tally.since |= {since}
            if use.conflicts:
                tally.conflicts |= {*use.conflicts}
            if tally.last != path:  # `add_path`, spelled out: nothing is done more often
                tally.last = path
                tally.workflow_count += 1
                if keeps or len(tally.workflows) < SAMPLE:
                    tally.workflows.append(path)
            if pack is not None and pack != COMFYUI:
                self._add_pack(pack, use, path)

    def _add_pack(self, name: str, use: ClassUse, path: str) -> None:
        pack = self._packs.get(name)
        if pack is None:
            pack = self._packs[name] = _PackTally()
        pack.is_active = pack.is_active or use.count > 0
        pack.versions.update(use.versions)
        pack.class_types.add(use.class_type)
        pack.evidence.add(use.evidence)
        pack.add_path(path, keeps=self._keeps)

    def _add_model(self, use: ModelUse, path: str) -> None:
        key = (use.folder or "", use.name)
        tally = self._models.get(key)
        if tally is None:
            tally = self._models[key] = _ModelTally(use)
        elif use not in tally.variants:
            tally.first = _merged_model(tally.first, use)
            if len(tally.variants) < MAX_VARIANTS:
                tally.variants.append(use)
        tally.is_active = tally.is_active or not use.inactive
        tally.add_path(path, keeps=self._keeps)

    def _pack_entry(self, name: str) -> PackEntry:
        tally = self._packs[name]
        known = self._registry.packs.get(name)
        registry_id = known.id if known else None
        if known is None and "cnr_id" in tally.evidence:
            registry_id = name
        repository = known.repository if known else None
        if known is None and "/" in name and ":" not in name:
            repository = f"https://github.com/{name}"
        return PackEntry(
            name=name,
            registry_id=registry_id,
            repository=repository,
            versions_seen=_in_order(tally.versions),
            class_types=tuple(sorted(tally.class_types)),
            workflows=tuple(tally.workflows),
            evidence=tuple(sorted(tally.evidence)),
            inactive=not tally.is_active,
            workflow_count=tally.workflow_count,
        )


def _class_entry(tally: _ClassTally) -> ClassEntry:
    use = tally.first
    return ClassEntry(
        class_type=use.class_type,
        kind=use.kind,
        pack=use.pack,
        evidence=use.evidence,
        candidates=use.candidates,
        workflows=tuple(tally.workflows),
        count=tally.count,
        inactive=tally.inactive,
        since=oldest(tally.since),
        conflicts=tuple(sorted(tally.conflicts)),
        workflow_count=tally.workflow_count,
    )


def _model_entry(tally: _ModelTally) -> ModelEntry:
    use = tally.first
    return ModelEntry(
        name=use.name,
        folder=use.folder,
        class_type=use.class_type,
        input=use.input,
        sources=use.sources,
        inactive=not tally.is_active,
        workflows=tuple(tally.workflows),
        workflow_count=tally.workflow_count,
    )


def _merged_model(one: ModelUse, other: ModelUse) -> ModelUse:
    """Return what two uses of one model say together, the same in either order."""
    smaller = min((one, other), key=lambda use: (use.class_type, use.input or ""))
    sources: dict[str, Source] = {}
    for source in sorted({*one.sources, *other.sources}, key=_trust):
        known = sources.setdefault(source.url, source)
        if known.sha256 is None and source.sha256 is not None:
            sources[source.url] = Source(source.url, known.origin, source.sha256)
    kept = tuple(sources.values())[:MAX_SOURCES]
    return ModelUse(one.name, one.folder, smaller.class_type, smaller.input, kept)


def _trust(source: Source) -> tuple[int, str, str]:
    return ORIGINS.index(source.origin), source.url, source.sha256 or ""


def _strength(use: ClassUse) -> tuple[int, tuple[str, ...]]:
    return EVIDENCE.index(use.evidence), use.candidates


def _in_order(versions: Iterable[str]) -> tuple[str, ...]:
    """Return versions oldest first; commits and words before all of them."""
    return tuple(sorted(versions, key=lambda text: (version_key(text), text)))
