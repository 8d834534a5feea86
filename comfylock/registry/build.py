"""Compile the bundled registry: facts in, the bytes of its files out.

`read_inputs` is the only part that touches the disk; `compile_registry` is pure: the same
facts in any order give the same bytes.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import msgspec

from comfylock.links import FOLDER_ALIASES
from comfylock.names import COMFYUI
from comfylock.registry.build_core import Core
from comfylock.registry.build_facts import BuildInputs, Inputs
from comfylock.registry.build_models import known_models
from comfylock.registry.build_packs import Packs, pack_entry
from comfylock.registry.build_read import read_inputs
from comfylock.registry.build_rules import patterns, preemptions
from comfylock.versions import version_key

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["BuildInputs", "compile_registry", "dropped_patterns", "read_inputs"]

COMFYUI_REPOSITORY = "https://github.com/comfyanonymous/ComfyUI"
MANAGER_REPOSITORY = "https://github.com/Comfy-Org/ComfyUI-Manager"

_WHAT = {
    "comfyui-manager": "packs, class types, patterns, preemptions, stars, models",
    "comfyui-workflow-templates-json": "core stamps, models, model inputs",
    "comfyui-embedded-docs": "core class types",
    "comfyui-frontend-package": "frontend-only types",
    "ComfyUI /object_info": "core class types",
    COMFYUI_REPOSITORY: "core class types by version, model inputs",
    MANAGER_REPOSITORY: "class types that lists once gave",
}


def compile_registry(inputs: BuildInputs) -> dict[str, bytes]:
    """Return the registry's files by name; the same facts give the same bytes."""
    packs = Packs(inputs)
    frontend_only = _frontend_only(inputs, packs)
    core = Core(inputs, _own_frontend(inputs))
    class_types = _class_types(inputs, packs)
    kept, _ = patterns(inputs, packs, class_types, core.since)
    return {
        "sources.json": _encode(_sources(inputs)),
        "packs.json": _encode({pack.name: pack_entry(pack) for pack in packs.all()}),
        "aliases.json": _encode({alias: p.name for p in packs.all() for alias in p.aliases}),
        "class_types.json": _encode(class_types),
        "core.json": _encode(core.since),
        "removed.json": _encode(core.removed),
        "frontend_only.json": _encode(frontend_only),
        "rules.json": _encode({"patterns": kept, "preemptions": preemptions(inputs, packs)}),
        "model_inputs.json": _encode(_model_inputs(inputs)),
        "asset_inputs.json": _encode(_declared(inputs, "asset_inputs")),
        "models.json": _encode(known_models(inputs)),
    }


def dropped_patterns(inputs: BuildInputs) -> list[list[str]]:
    """Return the published name patterns that `compile_registry` leaves out."""
    packs = Packs(inputs)
    core = Core(inputs, _own_frontend(inputs))
    return patterns(inputs, packs, _class_types(inputs, packs), core.since)[1]


def _class_types(inputs: BuildInputs, packs: Packs) -> dict[str, list[str]]:
    """Return the packs that provide each class type, the most starred first."""
    owners: defaultdict[str, set[str]] = defaultdict(set)
    for manager in inputs.managers:
        for url, names in manager.class_types.items():
            _add(owners, packs.name(url), names)
    for recorded in inputs.recorded:
        _add(owners, packs.name(recorded.repository), recorded.class_types + recorded.earlier)
    _add_former(owners, inputs, packs)
    stars = packs.stars()
    return {
        name: sorted(found, key=lambda pack: (-stars[pack], pack)) for name, found in owners.items()
    }


def _add(owners: defaultdict[str, set[str]], pack: str | None, names: tuple[str, ...]) -> None:
    if pack is None or pack == COMFYUI:
        return
    for name in names:
        owners[name].add(pack)


def _add_former(owners: defaultdict[str, set[str]], inputs: BuildInputs, packs: Packs) -> None:
    """Add what lists said long ago, where nothing newer says who provides a class type."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for former in inputs.former:
        for url, names in former.former.items():
            _add(found, packs.name(url), names)
    for name, claims in found.items():
        if name not in owners:
            owners[name] = claims


def _frontend_only(inputs: BuildInputs, packs: Packs) -> dict[str, list[str]]:
    owners: defaultdict[str, set[str]] = defaultdict(set)
    for recorded in inputs.recorded:
        _add(owners, packs.name(recorded.repository), recorded.frontend_only)
    for name in _own_frontend(inputs):
        owners[name] = {COMFYUI}
    return {name: sorted(found) for name, found in owners.items()}


def _own_frontend(inputs: BuildInputs) -> frozenset[str]:
    return frozenset(name for each in inputs.frontends for name in each.node_types)


def _model_inputs(inputs: BuildInputs) -> dict[str, Inputs]:
    """Return the inputs that name models: what source declares, else what templates show."""
    shown: dict[str, Inputs] = {}
    for templates in sorted(inputs.templates, key=lambda each: version_key(each.version)):
        shown.update(templates.model_inputs)
    return shown | _declared(inputs, "model_inputs")


def _declared(inputs: BuildInputs, table: str) -> dict[str, Inputs]:
    """Return a table of inputs by class type; ComfyUI's own word counts more than a pack's."""
    merged: dict[str, Inputs] = {}
    packs = sorted(inputs.recorded, key=lambda each: each.repository, reverse=True)
    for source in [*packs, *sorted(inputs.histories, key=lambda each: each.commit)]:
        merged.update(getattr(source, table))
    return {
        name: tuple((key, FOLDER_ALIASES.get(kind or "", kind), place) for key, kind, place in rows)
        for name, rows in merged.items()
    }


def _sources(inputs: BuildInputs) -> dict[str, dict[str, str]]:
    """Return what went in, by name: packages with versions, repositories with commits."""
    packages = {
        "comfyui-manager": [each.version for each in inputs.managers],
        "comfyui-workflow-templates-json": [each.version for each in inputs.templates],
        "comfyui-embedded-docs": [each.version for each in inputs.documents],
        "comfyui-frontend-package": [each.version for each in inputs.frontends],
        "ComfyUI /object_info": [each.version for each in inputs.states],
    }
    commits = {each.repository: each.commit for each in inputs.recorded}
    commits.update((COMFYUI_REPOSITORY, each.commit) for each in inputs.histories)
    commits.update((MANAGER_REPOSITORY, each.commit) for each in inputs.former)
    return {
        **{
            name: {"version": ", ".join(sorted(versions, key=version_key)), "what": _WHAT[name]}
            for name, versions in packages.items()
            if versions
        },
        **{
            url: {"version": commit, "what": _WHAT.get(url, "class types and inputs")}
            for url, commit in commits.items()
        },
    }


def _encode(entries: Mapping[str, object]) -> bytes:
    """Return a JSON object, one entry per line, sorted by the bytes of the encoded key."""
    encoded = {msgspec.json.encode(key): msgspec.json.encode(entries[key]) for key in entries}
    lines = [key + b":" + encoded[key] for key in sorted(encoded)]
    return b"{\n" + b",\n".join(lines) + b"\n}\n" if lines else b"{}\n"
