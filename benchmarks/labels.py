"""Comparing packs with labels: many names for one pack, and labels that cannot be right."""

from __future__ import annotations

import re
from collections import Counter
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
    times: int


class Aliases:
    """Tells which names (`id:…`, `gh:owner/repo`) mean the same pack."""

    def __init__(self, groups: Mapping[str, Iterable[str]]) -> None:
        self._first = {
            name: key for key, names in groups.items() if set(names) != {key} for name in names
        }

    def canonical(self, name: str) -> str:
        """Return the one name that stands for all names of this pack."""
        name = name.lower()
        return CORE if name in _CORE_NAMES else self._first.get(name, name)

    def of_stamp(self, stamp: Mapping[str, Any]) -> set[str]:
        """Return the packs that a stamp's plausible parts name; several contradict each other."""
        registry_id, repository = stamp.get("cnr_id"), stamp.get("aux_id")
        names = [f"id:{registry_id}"] if registry_id else []
        if repository and _OWNER_REPO.match(repository):
            names.append(f"gh:{repository}")
        return {self.canonical(name) for name in names}

    def of_pack(self, name: str, pack: Pack | None) -> set[str]:
        """Return the labels that a pack of the registry answers to.

        A registry id is most often the repository's name, so that serves as one too, unless
        it is known whose id that is.
        """
        names = {name, *(pack.aliases if pack else ()), (pack and pack.id) or name}
        labels = {f"gh:{text}" if "/" in text else f"id:{text}" for text in names}
        if pack and pack.repository:
            labels.add(of_repository(pack.repository))
        for text in [label for label in labels if "/" in label]:
            base = text.rpartition("/")[2]
            ids = {f"id:{base}", f"id:{base.removeprefix('comfyui-')}"}
            labels |= {label for label in ids if label not in self._first}
        return {self.canonical(label) for label in labels}


def is_fork(label: str, labels: Iterable[str]) -> bool:
    """Say whether a label is another owner's repository of the same name as one of these."""
    base = label.rpartition("/")[2]
    return "/" in label and any(other.endswith(f"/{base}") for other in labels)


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
    trusted = _trusted(found)
    kept = []
    for occurrence in found:
        if trusted.get(occurrence.class_type) != occurrence.label:
            left["contradiction"] += occurrence.times
        elif occurrence.label == CORE:
            left["core"] += occurrence.times
        else:
            kept.append(occurrence)
    return kept, left


def _trusted(occurrences: Iterable[Occurrence]) -> dict[str, str]:
    """Return the label of each class type whose labels agree, nine in ten of them at least."""
    labels: dict[str, Counter[str]] = {}
    for item in occurrences:
        labels.setdefault(item.class_type, Counter())[item.label] += item.times
    best = {name: counts.most_common(1)[0] for name, counts in labels.items()}
    return {
        name: label for name, (label, count) in best.items() if count >= 0.9 * labels[name].total()
    }
