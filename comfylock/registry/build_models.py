"""Known model files by base name, from every list that publishes their addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from comfylock.registry.build_facts import BuildInputs, KnownModel


def known_models(inputs: BuildInputs) -> dict[str, list[dict[str, str]]]:
    """Return the places of each model file; one entry for each (folder, address)."""
    places: dict[str, dict[tuple[str, str], dict[str, str]]] = {}
    for source, model in _all(inputs):
        key = (model.folder or "", model.url)
        entry = places.setdefault(model.name, {}).setdefault(key, {"from": source})
        if model.sha256:
            entry["sha256"] = model.sha256
    return {
        name: [_entry(folder, url, entry) for (folder, url), entry in sorted(found.items())]
        for name, found in places.items()
    }


def _all(inputs: BuildInputs) -> list[tuple[str, KnownModel]]:
    """Return every model with the kind of list it is from, in one fixed order."""
    found = {
        *(("templates", model) for each in inputs.templates for model in each.models),
        *(("comfyui-manager", model) for each in inputs.managers for model in each.models),
    }
    return sorted(found, key=lambda pair: (pair[0] != "templates", repr(pair[1])))


def _entry(folder: str, url: str, rest: dict[str, str]) -> dict[str, str]:
    entry = {"folder": folder} if folder else {}
    entry["url"] = url
    if "sha256" in rest:
        entry["sha256"] = rest["sha256"]
    return {**entry, "from": rest["from"]}
