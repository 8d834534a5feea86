"""What the registry knows about a name, and which names contain a text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.names import COMFYUI, normalise_model_path
from comfylock.registry.lookup import Lookup, Verdict
from comfylock.registry.nearest import nearest
from comfylock.registry.store import KnownModel, Pack

if TYPE_CHECKING:
    from comfylock.registry.store import Registry


class PackFacts(Struct, frozen=True):
    """What is known about one pack."""

    name: str
    pack: Pack
    class_types: tuple[str, ...]
    frontend_only: tuple[str, ...]


class Facts(Struct, frozen=True):
    """Everything that is known under one name."""

    name: str
    class_type: Verdict | None = None
    providers: tuple[str, ...] = ()
    """Every pack that claims the class type, whoever wins."""
    model_inputs: tuple[tuple[str, str | None], ...] = ()
    """The class type's inputs that name models, with their folders."""
    pack: PackFacts | None = None
    """A node pack, or ComfyUI itself under its stamp's name `comfy-core`."""
    models: tuple[KnownModel, ...] = ()
    nearest: tuple[str, ...] = ()
    """Names that are spelled much like it, if nothing is known under it."""

    @property
    def is_known(self) -> bool:
        """Say whether anything is known under the name."""
        return self.class_type is not None or self.pack is not None or bool(self.models)


class SearchResult(Struct, frozen=True):
    """Names that contain a text, best first."""

    text: str
    total: int
    class_types: tuple[str, ...] = ()
    packs: tuple[str, ...] = ()
    models: tuple[str, ...] = ()


def show(registry: Registry, name: str) -> Facts:
    """Return what is known under a name: a class type, a pack, a model file, or several."""
    verdict: Verdict | None = Lookup(registry).decide((name, None, None, None))
    if verdict is not None and verdict.kind == "unknown":
        verdict = None
    pack = COMFYUI if name.lower() == COMFYUI else registry.pack_named(name)
    file = normalise_model_path(name).rpartition("/")[2]
    facts = Facts(
        name=name,
        class_type=verdict,
        providers=tuple(registry.class_types.get(name, ())),
        model_inputs=tuple((row[0], row[1]) for row in registry.tables.models.get(name, ())),
        pack=_pack_facts(registry, pack) if pack else None,
        models=tuple(registry.models.get(file, ())),
    )
    if facts.is_known:
        return facts
    classes = (*registry.core, *registry.class_types, *registry.frontend_only)
    names = (*classes, *registry.packs, *registry.aliases, *registry.models)
    return Facts(name=name, nearest=nearest(name, names))


def search(registry: Registry, text: str, limit: int) -> SearchResult:
    """Return names that contain every word of a text, whatever the case.

    Names that start with the text come first, then short ones. A pack is found by its other
    names too: former ids, `owner/repo`. At most `limit` names of each kind.
    """
    wanted = text.lower().strip()
    words = wanted.split()

    def matching(names: set[str]) -> list[str]:
        found = [name for name in names if all(word in name.lower() for word in words)]
        return sorted(found, key=lambda n: (not n.lower().startswith(wanted), len(n), n))

    classes = matching({*registry.core, *registry.class_types, *registry.frontend_only})
    packs = matching(set(registry.packs))
    named = set(packs)
    packs += sorted({registry.aliases.all()[a] for a in matching(set(registry.aliases))} - named)
    models = matching(set(registry.models))
    return SearchResult(
        text=text,
        total=len(classes) + len(packs) + len(models),
        class_types=tuple(classes[:limit]),
        packs=tuple(packs[:limit]),
        models=tuple(models[:limit]),
    )


def _pack_facts(registry: Registry, name: str) -> PackFacts:
    if name == COMFYUI:
        own = Pack(repository="https://github.com/comfyanonymous/ComfyUI")
        scripts = (key for key, packs in registry.frontend_only.items() if name in packs)
        return PackFacts(name, own, tuple(sorted(registry.core)), tuple(sorted(scripts)))
    provided = sorted(key for key, packs in registry.class_types.all().items() if name in packs)
    scripted = sorted(key for key, packs in registry.frontend_only.items() if name in packs)
    return PackFacts(name, registry.packs.get(name, Pack()), tuple(provided), tuple(scripted))
