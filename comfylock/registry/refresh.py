"""What newer lists add to a registry that was compiled from more than lists.

The published lists alone know fewer registry ids, core class types and versions than the bundled
registry. So a refreshed layer keeps the bundled names and holds only what is new or different.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from comfylock.names import COMFYUI
from comfylock.registry.build_rules import is_trusted
from comfylock.registry.layer import encode_table
from comfylock.registry.store import KnownModel, Pack, Rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from comfylock.registry.store import Registry


def additions(files: Mapping[str, bytes], known: Registry) -> dict[str, bytes]:
    """Return what compiled files say beyond a registry, as files for a layer above it."""
    packs = msgspec.json.decode(files["packs.json"], type=dict[str, Pack])
    names = {name: _known_name(name, pack, known) for name, pack in packs.items()}
    class_types = _owners(files["class_types.json"], names, known.class_types.all())
    merged = _merged(packs, names, known)
    stars = {name: -pack.stars for name, pack in {**known.packs.all(), **merged}.items()}
    tables: dict[str, dict[str, Any]] = {
        "packs": merged,
        "aliases": _aliases(files["aliases.json"], names, known),
        "class_types": {
            key: sorted(owners, key=lambda name: (stars.get(name, 0), name))
            for key, owners in class_types.items()
        },
        "core": _core(files["core.json"], known),
        "removed": _unknown(files["removed.json"], known.removed),
        "frontend_only": _frontend_only(files["frontend_only.json"], names, known),
        "model_inputs": _unknown(files["model_inputs.json"], known.tables.models),
        "asset_inputs": _unknown(files["asset_inputs.json"], known.tables.assets),
        "models": _models(files["models.json"], known),
        "rules": _rules(files["rules.json"], names, _all_class_types(class_types, known), known),
    }
    encoded = {f"{section}.json": encode_table(entries) for section, entries in tables.items()}
    return {**encoded, "sources.json": files["sources.json"]}


def _known_name(name: str, pack: Pack, known: Registry) -> str:
    found = known.pack_named(pack.repository) if pack.repository else None
    return found or known.pack_named(name) or name


def _merged(packs: dict[str, Pack], names: dict[str, str], known: Registry) -> dict[str, Pack]:
    """Return new packs, and known ones whose facts have changed."""
    merged: dict[str, Pack] = {}
    # A pack under its own name comes last and so has the last word.
    for name in sorted(packs, key=lambda each: (names[each] == each, each)):
        pack, before = packs[name], known.packs.get(names[name])
        if before is not None:
            pack = msgspec.structs.replace(
                before,
                id=before.id or pack.id,
                repository=pack.repository or before.repository,
                stars=pack.stars or before.stars,
            )
        if pack != before:
            merged[names[name]] = pack
    return merged


def _aliases(data: bytes, names: dict[str, str], known: Registry) -> dict[str, str]:
    found = {alias: names.get(pack, pack) for alias, pack in _decode(data).items()}
    found.update((old, new) for old, new in names.items() if old != new)
    return {
        alias: pack
        for alias, pack in found.items()
        if alias != pack and known.pack_named(alias) is None
    }


def _owners(
    data: bytes, names: dict[str, str], before: Mapping[str, list[str]]
) -> dict[str, set[str]]:
    """Return the class types that more packs are said to provide than was known."""
    found = {}
    for key, owners in _decode(data).items():
        said, known = {names.get(name, name) for name in owners}, set(before.get(key, ()))
        if not said <= known:
            found[key] = said | known
    return found


def _all_class_types(found: dict[str, set[str]], known: Registry) -> dict[str, list[str]]:
    return {**known.class_types.all(), **{key: sorted(packs) for key, packs in found.items()}}


def _core(data: bytes, known: Registry) -> dict[str, str]:
    """Return core class types that are new, or whose first version is known only now."""
    return {
        key: since
        for key, since in _decode(data).items()
        if (since and not known.core.get(key))
        or not (since or key in known.core or key in known.class_types or key in known.removed)
    }


def _frontend_only(data: bytes, names: dict[str, str], known: Registry) -> dict[str, list[str]]:
    found = _owners(data, names, known.frontend_only)
    return {
        key: [COMFYUI] if COMFYUI in owners else sorted(owners) for key, owners in found.items()
    }


def _unknown(data: bytes, known: Mapping[str, Any]) -> dict[str, Any]:
    return {key: entry for key, entry in _decode(data).items() if key not in known}


def _models(data: bytes, known: Registry) -> dict[str, list[KnownModel]]:
    found = {}
    for name, places in msgspec.json.decode(data, type=dict[str, list[KnownModel]]).items():
        before = known.models.get(name, [])
        urls = {place.url for place in before}
        new = [place for place in places if place.url not in urls]
        if new:
            found[name] = [*before, *new]
    return found


def _rules(
    data: bytes, names: dict[str, str], class_types: Mapping[str, list[str]], known: Registry
) -> dict[str, Any]:
    rules = msgspec.json.decode(data, type=Rules)
    pairs = {(text, names.get(pack, pack)) for text, pack in rules.patterns}
    new = sorted(pairs - set(known.rules.patterns))
    claims = {key: _renamed(packs, names) for key, packs in rules.preemptions.items()}
    return {
        "patterns": [pair for pair in new if is_trusted(*pair, class_types, known.core)],
        "preemptions": {
            key: packs for key, packs in claims.items() if known.rules.preemptions.get(key) != packs
        },
    }


def _renamed(packs: Iterable[str], names: dict[str, str]) -> list[str]:
    return sorted({names.get(name, name) for name in packs})


def _decode(data: bytes) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(data)
    return found
