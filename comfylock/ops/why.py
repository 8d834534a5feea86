"""Why is this locked, and as that? From a name to nodes, evidence and pin. No network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from comfylock.errors import UsageError
from comfylock.lockfile.comfyui_needs import NAME
from comfylock.lockfile.diff import label
from comfylock.lockfile.model_needs import needed_keys
from comfylock.names import COMFYUI, normalise_model_path
from comfylock.ops.check import exists
from comfylock.ops.places import Finder
from comfylock.ops.project import locked_inputs, project_config, project_needs
from comfylock.ops.registry import project_registry
from comfylock.ops.why_package import package_chains
from comfylock.registry.lookup import Lookup
from comfylock.resolve.chains import (
    ClassChain,
    ComfyuiChain,
    Explanation,
    ModelChain,
    PackChain,
    Use,
)
from comfylock.resolve.explain import all_names, is_model, named, spelled_alike

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from comfylock.lockfile.schema import Lock, PackPin
    from comfylock.registry.lookup import Verdict
    from comfylock.registry.store import Registry
    from comfylock.requirements import ClassNeed, ModelNeed, Requirements, WorkflowNeed


def why(project: str, name: str, environ: Mapping[str, str]) -> Explanation:
    """Return what leads from workflows to the pins of a class type, pack, model or Python package.

    Raises:
        UsageError: there is no lock.
        ConfigError, LockParseError, LockVersionError, LockConflictError: something is faulty.
    """
    lock = exists(project)
    config = project_config(project, environ)
    registry = project_registry(project)
    try:
        inputs = locked_inputs(project, (), config, lock)
    except UsageError:  # a lock without workflows
        inputs = ()
    needs = project_needs(project, inputs, config, registry)
    lookup = Lookup(registry, config.class_types)
    chains = _Chains(project, lock, needs.requirements, lookup)
    packages = package_chains(project, lock, needs.requirements, name)
    found = replace(chains.explained(name), packages=packages, unreadable=needs.unreadable)
    if found.is_known:
        return found
    return _unknown(name, lock, needs.requirements, registry, needs.unreadable)


class _Chains:
    def __init__(self, project: str, lock: Lock, needs: Requirements, lookup: Lookup) -> None:
        self._lock = lock
        self._needs = needs
        self._lookup = lookup
        self._finder = Finder(project)
        self._gaps = {(gap.kind, gap.name): gap for gap in lock.unresolved}
        self._entries = {entry.path: set(entry.packs) for entry in lock.workflows}
        self._classes: dict[str, list[tuple[WorkflowNeed, ClassNeed]]] = {}
        self._models: dict[str, list[tuple[WorkflowNeed, ModelNeed]]] = {}
        for workflow in needs.workflows:
            for need in workflow.classes:
                self._classes.setdefault(need.class_type, []).append((workflow, need))
            for model in workflow.models:
                for key in needed_keys(needs, model):
                    self._models.setdefault(key, []).append((workflow, model))

    def explained(self, name: str) -> Explanation:
        known = named(self._lock, name)
        path = normalise_model_path(name).lower()
        classes = tuple(self._class(found) for found in self._class_names(name.strip()))
        models = {key for key, uses in self._models.items() if is_model(path, key, uses[0][1].name)}
        asked = {*known.packs, *self._needed_packs(name)}
        behind = {pack for chain in classes for pack in chain.packs}
        return Explanation(
            name,
            classes,
            tuple(self._pack(pack, with_classes=pack in asked) for pack in sorted(asked | behind)),
            tuple(self._model(key) for key in sorted(models | set(known.models))),
            comfyui=self._comfyui() if name.strip().lower() == NAME else None,
        )

    def _comfyui(self) -> ComfyuiChain | None:
        """Return what asks for a ComfyUI; None if none is locked, and none need be."""
        pin, gap = self._lock.comfyui, self._gaps.get(("comfyui", NAME))
        if pin is None and gap is None:
            return None
        rule = self._needs.comfyui
        asked = (rule.revision or rule.version) if rule is not None else None
        minimum, workflow = self._needs.minimum or (None, None)
        return ComfyuiChain(pin, asked, minimum, workflow, gap)

    def _class_names(self, name: str) -> tuple[str, ...]:
        """Return the class types that are meant: of needs, pins and gaps, else of any node."""
        names = {*self._classes, *(n for pin in self._lock.packs for n in pin.provides)}
        names |= {gap.name for gap in self._lock.unresolved if gap.kind == "class-type"}
        found = spelled_alike(name, names)
        if found:
            return found
        is_there = self._verdict(name).kind != "unknown" and any(self._seen(name))
        return (name,) if is_there else ()

    def _needed_packs(self, name: str) -> set[str]:
        """Return the packs of this name that workflows need and that are not locked."""
        wanted = self._lookup.registry.pack_named(name) or name.strip().lower()
        needed = {n.pack for uses in self._classes.values() for _, n in uses if n.pack}
        locked = {n for pin in self._lock.packs for n in (pin.name, *pin.aliases)}
        return {wanted} & needed - locked

    def _verdict(self, name: str) -> Verdict:
        return self._lookup.decide((name, None, None, None))

    def _seen(self, name: str) -> Iterator[Use]:
        """Yield the nodes of a class type that nothing has to be locked for."""
        for workflow in self._needs.workflows:
            nodes = self._finder.nodes(workflow.path, {name})
            if nodes:
                yield Use(workflow.path, nodes, inactive=True)

    def _class(self, name: str) -> ClassChain:
        verdict = self._verdict(name)
        pins = [pin for pin in self._lock.packs if name in pin.provides]
        uses = tuple(self._use(w, need, pins) for w, need in self._classes.get(name, ()))
        known = self._lookup.registry.class_types.get(name, ())
        return ClassChain(
            name,
            uses or tuple(self._seen(name)),
            tuple(pin.name for pin in pins),
            tuple(pin.name for pin in pins if name in pin.missing),
            verdict,
            tuple(sorted(known)) if verdict.pack != COMFYUI else (),
            self._gaps.get(("class-type", name)),
        )

    def _use(self, workflow: WorkflowNeed, need: ClassNeed, pins: list[PackPin]) -> Use:
        listed = self._entries.get(workflow.path, set())
        pinned = next((pin.name for pin in pins if pin.name in listed), None)
        nodes = self._finder.nodes(workflow.path, {need.class_type})
        return Use(workflow.path, nodes, need.evidence, need.pack or pinned, need.stamps)

    def _pack(self, name: str, *, with_classes: bool) -> PackChain:
        pin = next((pin for pin in self._lock.packs if pin.name == name), None)
        classes: tuple[ClassChain, ...] = ()
        if with_classes:
            names = set(pin.provides if pin else ())
            names |= {
                c for c, uses in self._classes.items() if any(n.pack == name for _, n in uses)
            }
            for workflow, wanted in self._wanted_of(names):
                self._finder.want(workflow, wanted)
            classes = tuple(self._class(each) for each in sorted(names))
        return PackChain(
            name, label(pin) if pin else "", pin, classes, self._gaps.get(("pack", name))
        )

    def _wanted_of(self, classes: set[str]) -> Iterator[tuple[str, set[str]]]:
        for workflow in self._needs.workflows:
            names = {need.class_type for need in workflow.classes} & classes
            if names:
                yield workflow.path, names

    def _model(self, key: str) -> ModelChain:
        pin = next((pin for pin in self._lock.models if pin.key == key), None)
        uses = tuple(
            Use(w.path, self._finder.nodes(w.path, {need.name}), offers=need.offers)
            for w, need in self._models.get(key, ())
        )
        return ModelChain(key, label(pin) if pin else "", pin, uses, self._gaps.get(("model", key)))


def _unknown(
    name: str,
    lock: Lock,
    needs: Requirements,
    registry: Registry,
    unreadable: tuple[tuple[str, str], ...],
) -> Explanation:
    from comfylock.ops.registry_lookup import show  # noqa: PLC0415 - only open questions need it
    from comfylock.registry.nearest import nearest  # noqa: PLC0415

    names = all_names(lock)
    names |= {need.class_type for workflow in needs.workflows for need in workflow.classes}
    facts = show(registry, name)
    near = nearest(name.strip(), names) or facts.nearest
    return Explanation(
        name,
        nearest=near,
        in_tree=not named(lock, name).is_empty,
        is_in_registry=facts.is_known,
        unreadable=unreadable,
    )
