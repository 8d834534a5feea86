"""Where each model of a workflow can come from, and into which folder it goes.

In this order: the project's own word, `properties.models` of the node, then of the workflow, a
link in a note whose last part is the file name, the registry. What a workflow says is a
stranger's word: https only, from allowed hosts, never into a folder that is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfylock.links import (
    clean_url,
    folder_key,
    host_of,
    is_allowed,
    links_to,
    sha256_of,
)
from comfylock.model import ModelUse, Problem, Source
from comfylock.names import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from comfylock.registry.store import KnownModel, Registry
    from comfylock.workflow.reading import FoundModel, Reading

MAX_SOURCES = 16
MAX_REMEMBERED = 50_000
"""Models with the same words about them, kept to be shared between workflows."""

Said = tuple[str, str | None, str | None, str | None, str | None]
"""Who says it (`node`, `workflow`, `note`), URL, directory, hash, kind of hash."""


class ModelSources:
    """Finds folders and sources with one registry and one project's settings."""

    def __init__(
        self, registry: Registry, known: Mapping[str, Source], hosts: frozenset[str]
    ) -> None:
        self._registry = registry
        self._known = known
        self._hosts = hosts
        self._remembered: dict[tuple[Any, ...], tuple[ModelUse, tuple[str, ...]]] = {}

    def models_of(self, reading: Reading, problems: list[Problem]) -> list[ModelUse]:
        """Return each model of a workflow once, sorted; refused links become problems."""
        if not reading.models:
            return []
        groups: dict[tuple[str, str, str], list[FoundModel]] = {}
        for model in reading.models:
            groups.setdefault((model.name, model.class_type, model.input or ""), []).append(model)
        notes = "\n".join(reading.notes)
        uses: list[ModelUse] = []
        refused: set[str] = set()
        for key in sorted(groups):
            use, hosts = self._use(groups[key], reading.stamps, notes)
            uses.append(use)
            refused.update(hosts)
        for host in sorted(refused):
            message = f"links to models on `{printable(host, 80)}`, which is not an allowed host"
            problems.append(Problem("", message))
        return uses

    def _use(
        self, found: list[FoundModel], stamps: list[Any], notes: str
    ) -> tuple[ModelUse, tuple[str, ...]]:
        """Return a model with its sources and the hosts that were refused.

        The same words about the same model give the same answer, which is remembered.
        """
        first = found[0]
        base = first.name.rpartition("/")[2]
        said = _stamps(found, stamps, first.name, base)
        if base in notes:
            said += [("note", url, None, None, None) for url in links_to(base, notes)]
        inactive = first.inactive and all(model.inactive for model in found)
        key = (first.name, first.class_type, first.input, first.folder, inactive, *said)
        answer = self._remembered.get(key)
        if answer is None:
            if len(self._remembered) > MAX_REMEMBERED:
                self._remembered.clear()
            answer = self._remembered[key] = self._work_out(first, base, said, inactive=inactive)
        return answer

    def _work_out(
        self, model: FoundModel, base: str, said: list[Said], *, inactive: bool
    ) -> tuple[ModelUse, tuple[str, ...]]:
        known = _likely(self._registry.models.get(base, []), model)
        folder = model.folder
        sources: dict[str, Source] = {}
        refused: set[str] = set()
        for entry in said:
            folder = folder or folder_key(entry[2])
            self._offer(sources, entry, refused)
        if folder is None:
            folders = {place.folder for place in known if place.folder}
            folder = folders.pop() if len(folders) == 1 else None
        for place in known:
            if place.url not in sources:
                sources[place.url] = Source(place.url, "registry", place.sha256)
        own = self._known.get(f"{folder}/{model.name}") or self._known.get(model.name)
        listed = [*([own] if own else ()), *sources.values()][:MAX_SOURCES]
        use = ModelUse(model.name, folder, model.class_type, model.input, tuple(listed), inactive)
        return use, tuple(sorted(refused))

    def _offer(self, sources: dict[str, Source], said: Said, refused: set[str]) -> None:
        """Take a stranger's link if it may be taken, else remember its host."""
        origin, text, _, digest, kind = said
        if text is None:
            return
        url = clean_url(text)
        if url is None:
            host = text.split("/", 3)[2] if text.count("/") > 2 else text[:80]
            refused.add(host.rpartition("@")[2])  # a name and password are nobody's business
        elif not is_allowed(url, self._hosts):
            refused.add(host_of(url))
        elif url not in sources:
            sources[url] = Source(url, origin, sha256_of(digest, kind))


def _likely(places: list[KnownModel], model: FoundModel) -> list[KnownModel]:
    """Return the published places that fit best, all of them if none stands out.

    Names such as `diffusion_pytorch_model.safetensors` are everywhere; the folder key and the
    folder in front of the name tell them apart.
    """
    if len(places) < 2:
        return places
    if model.folder is not None:
        places = [place for place in places if place.folder == model.folder] or places
    parent = model.name.rpartition("/")[0].rpartition("/")[2].lower()
    if parent:
        places = [place for place in places if f"/{parent}/" in place.url.lower()] or places
    return places


def _stamps(found: Iterable[FoundModel], stamps: list[Any], name: str, base: str) -> list[Said]:
    """Return what the node's and the workflow's `models` entries say about this file."""
    said: list[Said] = []
    for origin, entries in [("node", model.stamps) for model in found] + [("workflow", stamps)]:
        for entry in entries if entries.__class__ is list else ():
            if entry.__class__ is not dict:
                continue
            stamped = entry.get("name")
            if stamped.__class__ is not str or not stamped.endswith(base):
                continue
            stamped = stamped.replace("\\", "/")
            if stamped == name or stamped.rpartition("/")[2] == base:
                words = [entry.get(word) for word in ("url", "directory", "hash", "hash_type")]
                said.append((origin, *(word if isinstance(word, str) else None for word in words)))
    return said
