"""Where each model of a workflow can come from, and into which folder it goes.

In this order: the project's own word, `properties.models` of the node, then of the workflow, a
link in a note whose last part is the file name, the registry. What a workflow says is a
stranger's word: https only, from allowed hosts, never into a folder that is none; http is taken
on the hosts that a person added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfylock.links import (
    ALLOWED_HOSTS,
    clean_url,
    folder_key,
    host_of,
    is_allowed,
    links_by_name,
    links_to,
    sha256_of,
)
from comfylock.model import ModelUse, Problem, Source
from comfylock.names import leaves_its_folder, printable
from comfylock.workflow.reading import ModelStamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from comfylock.registry.store import KnownModel, Registry
    from comfylock.workflow.reading import FoundModel, Reading

MAX_SOURCES = 16
MANY_MODELS = 32
"""Models of one workflow from which on all links in its notes are listed first."""

MAX_REMEMBERED = 50_000
"""Models with the same words about them, kept to be shared between workflows."""

Stamps = tuple[tuple[str, ModelStamp], ...]
"""Who says it (`node` or `workflow`), and what."""


class ModelSources:
    """Finds folders and sources with one registry and one project's settings."""

    def __init__(
        self, registry: Registry, known: Mapping[str, Source], hosts: frozenset[str]
    ) -> None:
        self._registry = registry
        self._known = known
        self._hosts = hosts
        self._configured = hosts - ALLOWED_HOSTS
        self._remembered: dict[tuple[Any, ...], tuple[ModelUse, tuple[str, ...]]] = {}

    def models_of(self, reading: Reading, problems: list[Problem]) -> list[ModelUse]:
        """Return each model of a workflow once, sorted; refused links become problems."""
        if not reading.models:
            return []
        groups: dict[tuple[str, str, str], list[FoundModel]] = {}
        for model in reading.models:
            key = (model.name, model.class_type, model.input or "")
            group = groups.get(key)
            if group is not None:
                group.append(model)
            elif leaves_its_folder(model.name):
                name = printable(model.name, 120)
                message = f"{printable(model.class_type, 80)} names a file outside models: `{name}`"
                problems.append(Problem("", message))
            else:
                groups[key] = [model]
        notes = "\n".join(reading.notes)
        links_of = self._links_in(notes, many=len(groups) > MANY_MODELS) if notes else None
        stamps: dict[str, list[ModelStamp]] = {}
        for stamp in reading.stamps:
            if stamp.name:
                stamps.setdefault(stamp.name.replace("\\", "/").rpartition("/")[2], []).append(
                    stamp
                )
        uses: list[ModelUse] = []
        refused: set[str] = set()
        for key in sorted(groups):
            base = key[0].rpartition("/")[2]
            links = links_of(base) if links_of is not None else ()
            use, hosts = self._use(groups[key], stamps.get(base, []), links)
            uses.append(use)
            if hosts:
                refused.update(hosts)
        problems += [Problem("", message) for message in sorted(refused)]
        return uses

    def _links_in(self, notes: str, *, many: bool) -> Callable[[str], tuple[str, ...]]:
        """Return what finds the links to a file name in the notes of one workflow."""
        plain = bool(self._configured)
        if many:
            linked = links_by_name(notes, plain=plain)
            return lambda base: tuple(linked.get(base, ()))
        return lambda base: tuple(links_to(base, notes, plain=plain))

    def _use(
        self, found: list[FoundModel], stamps: list[ModelStamp], links: tuple[str, ...]
    ) -> tuple[ModelUse, tuple[str, ...]]:
        """Return a model with its sources and the sentences on links that were refused.

        The same words about the same model give the same answer, which is remembered.
        """
        first = found[0]
        base = first.name.rpartition("/")[2]
        said = _stamps(found, stamps, first.name, base)
        inactive = first.inactive and all(model.inactive for model in found)
        key = (first.name, first.class_type, first.input, first.folder, inactive, said, links)
        answer = self._remembered.get(key)
        if answer is None:
            if len(self._remembered) > MAX_REMEMBERED:
                self._remembered.clear()
            answer = self._remembered[key] = self._work_out(first, said, links, inactive=inactive)
        return answer

    def _work_out(
        self, model: FoundModel, said: Stamps, links: tuple[str, ...], *, inactive: bool
    ) -> tuple[ModelUse, tuple[str, ...]]:
        known = _likely(self._registry.models.get(model.name.rpartition("/")[2], []), model)
        folder = model.folder
        sources: dict[str, Source] = {}
        refused: set[str] = set()
        for origin, stamp in said:
            folder = folder or folder_key(stamp.directory)
            digest = sha256_of(stamp.hash, stamp.hash_type)
            self._offer(sources, origin, stamp.url, digest, refused)
        for link in links:
            self._offer(sources, "note", link, None, refused)
        if folder is None:
            folders = {place.folder for place in known if place.folder}
            folder = folders.pop() if len(folders) == 1 else None
        for place in sorted(known, key=lambda place: place.sha256 is None):
            if place.url not in sources:
                sources[place.url] = Source(place.url, "registry", place.sha256)
        own = self._known.get(f"{folder}/{model.name}") or self._known.get(model.name)
        listed = [*([own] if own else ()), *sources.values()][:MAX_SOURCES]
        use = ModelUse(model.name, folder, model.class_type, model.input, tuple(listed), inactive)
        return use, tuple(sorted(refused))

    def _offer(
        self,
        sources: dict[str, Source],
        origin: str,
        text: str | None,
        sha256: str | None,
        refused: set[str],
    ) -> None:
        """Take a stranger's link if it may be taken, else remember its host."""
        if text is None:
            return
        url = clean_url(text)
        if url is None and self._configured:
            url = clean_url(text, self._configured)
        if url is None:
            refused.add(_unclean(text))
        elif not is_allowed(url, self._hosts):
            host = printable(host_of(url), 80)
            refused.add(f"links to models on `{host}`, which is not an allowed host")
        elif url not in sources:
            sources[url] = Source(url, origin, sha256)


def _unclean(text: str) -> str:
    """Say what is wrong with a link that is no address, without what it may tell of secrets."""
    scheme, _, rest = text.partition("//")
    place = rest.partition("/")[0].rpartition("@")[2] or scheme or text
    return f"links to a model at `{printable(place, 80)}` by no plain https address"


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


def _stamps(found: Iterable[FoundModel], stamps: list[ModelStamp], name: str, base: str) -> Stamps:
    """Return what the node's and the workflow's `models` entries say about this file."""
    said = [
        ("node", stamp)
        for model in found
        if model.stamps
        for stamp in model.stamps
        if stamp.name and _names(stamp.name, name, base)
    ]
    if stamps:
        said += [("workflow", s) for s in stamps if s.name and _names(s.name, name, base)]
    return tuple(said)


def _names(stamped: str, name: str, base: str) -> bool:
    """Say whether a stamp's name means this file: the same, or the same below its folder."""
    if stamped in (name, base):
        return True
    return stamped.endswith(base) and stamped.replace("\\", "/").rpartition("/")[2] == base
