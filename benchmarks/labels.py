"""Comparing packs with labels: many names for one pack, and labels that cannot be right."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from comfylock.names import SUBGRAPH_ID

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from comfylock.registry.store import Pack

CORE = "gh:comfy-org/comfyui"
_OWNER_REPO = re.compile(r"[\w.-]+/[\w.-]+\Z")
_REPOSITORY_URL = re.compile(
    r"https?://github\.com/([\w.-]+/[\w.-]+?)(?:\.git)?/?\Z", re.IGNORECASE
)
_CORE_NAMES = frozenset({"id:comfy-core", "gh:comfyanonymous/comfyui", CORE})


class Occurrence(NamedTuple):
    """How often a class type with one label stands in one file."""

    file: str
    class_type: str
    label: str
    count: int


class Aliases:
    """Tells which names (`id:…`, `gh:owner/repo`) mean the same pack."""

    def __init__(self, groups: Mapping[str, Iterable[str]]) -> None:
        self._first = {name: key for key, names in groups.items() for name in (key, *names)}

    def canonical(self, name: str) -> str:
        """Return the one name that stands for all names of this pack."""
        name = name.lower()
        return CORE if name in _CORE_NAMES else self._first.get(name, name)

    def of_stamp(self, stamp: Mapping[str, Any]) -> set[str]:
        """Return the packs that a stamp's plausible parts name; more than one is a contradiction."""
        registry_id, repository = stamp.get("cnr_id"), stamp.get("aux_id")
        names = [f"id:{registry_id}"] if registry_id else []
        if repository and _OWNER_REPO.match(repository):
            names.append(f"gh:{repository}")
        return {self.canonical(name) for name in names}

    def of_pack(self, name: str, pack: Pack | None) -> set[str]:
        """Return the labels that a pack of the registry answers to."""
        names = {name, *(pack.aliases if pack else ()), (pack and pack.id) or name}
        labels = {f"gh:{text}" if "/" in text else f"id:{text}" for text in names}
        if pack and pack.repository:
            labels.add(of_repository(pack.repository))
        return {self.canonical(label) for label in labels}


def of_repository(url: str) -> str:
    """Return the label of a repository's URL."""
    match = _REPOSITORY_URL.match(url)
    return f"gh:{match[1].lower()}" if match else f"url:{url.lower()}"


def labelled(
    manifest: Mapping[str, Any], aliases: Aliases
) -> tuple[list[Occurrence], dict[str, int]]:
    """Return what can be judged, and how many occurrences were left out, by reason."""
    found: list[Occurrence] = []
    left: dict[str, int] = {"core": 0, "no plausible label": 0, "contradiction": 0}
    for file, entry in sorted(manifest.items()):
        for class_type, stamps in sorted(entry["truth"].get("nodes", {}).items()):
            for stamp in stamps:
                labels = aliases.of_stamp(stamp)
                if SUBGRAPH_ID.match(class_type) or not labels:
                    left["no plausible label"] += stamp["n"]
                elif len(labels) > 1:
                    left["contradiction"] += stamp["n"]
                else:
                    found.append(Occurrence(file, class_type, labels.pop(), stamp["n"]))
    disputed = _disputed(found)
    kept = []
    for occurrence in found:
        if occurrence.class_type in disputed:
            left["contradiction"] += occurrence.count
        elif occurrence.label == CORE:
            left["core"] += occurrence.count
        else:
            kept.append(occurrence)
    return kept, left


def _disputed(occurrences: Iterable[Occurrence]) -> set[str]:
    """Return the class types that are labelled with more than one pack."""
    labels: dict[str, set[str]] = {}
    for occurrence in occurrences:
        labels.setdefault(occurrence.class_type, set()).add(occurrence.label)
    return {class_type for class_type, names in labels.items() if len(names) > 1}
