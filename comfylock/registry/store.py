"""The facts of the registry, loaded when first asked for, from layers of files.

A layer is a folder with the files that registry/README.md describes, or some of them. The first
layer that knows a name decides: project, user, updated, bundled.
"""

from __future__ import annotations

import os
from functools import cached_property
from typing import Any

import msgspec
from msgspec import Struct

from comfylock.errors import RegistryError
from comfylock.names import COMFYUI, repository_key
from comfylock.registry.tables import Layer, Table, damaged
from comfylock.workflow.reading import InputRow, InputTables

MAX_LAYER_FILE = 64 * 1024 * 1024


class Pack(Struct, frozen=True, omit_defaults=True, rename={"origins": "from"}):
    """A node pack as the registry knows it."""

    id: str | None = None
    """Its Comfy Registry id, lower case."""
    repository: str | None = None
    aliases: tuple[str, ...] = ()
    stars: int = 0
    origins: tuple[str, ...] = ()
    """Which of the registry's sources name it."""


class KnownModel(Struct, frozen=True, omit_defaults=True, rename={"origin": "from"}):
    """One place where a model file is published."""

    url: str
    folder: str | None = None
    sha256: str | None = None
    size: int | None = None
    """Bytes."""
    origin: str = "registry"


class Rules(Struct, frozen=True):
    """Who claims class names before others do."""

    preemptions: dict[str, list[str]] = {}
    patterns: list[tuple[str, str]] = []


class RegistrySource(Struct, frozen=True):
    """Something that the registry was compiled from."""

    version: str
    what: str = ""


class Registry:
    """The registry as one: layers merged, sections loaded on demand, indexes built on demand.

    Raises RegistryError from any attribute if a layer's file is damaged.
    """

    def __init__(self, layers: tuple[str, ...] = ()) -> None:
        self.layers = layers or (bundled_folder(),)
        """Folders, the first one has the first word."""

    def __reduce__(self) -> tuple[Any, ...]:
        # Workers load their own copy from the same files, once per process.
        return shared_registry, (self.layers,)

    @cached_property
    def packs(self) -> Table[Pack]:
        """Every known pack by its name."""
        return self._table("packs", Pack)

    @cached_property
    def aliases(self) -> Table[str]:
        """Other names of packs (`owner/repo`, older ids, base names) to their names."""
        return self._table("aliases", str)

    @cached_property
    def class_types(self) -> Table[list[str]]:
        """Class type to the packs that provide it."""
        return self._table("class_types", list[str])

    @cached_property
    def core(self) -> dict[str, str]:
        """ComfyUI's own class types and the first version of each, empty where unknown."""
        return self._table("core", str).all()

    @cached_property
    def removed(self) -> dict[str, str]:
        """Core class types that are gone, and the first version without each."""
        return self._table("removed", str).all()

    @cached_property
    def frontend_only(self) -> dict[str, list[str]]:
        """Node types that exist in JavaScript only, and the packs that register them."""
        merged = self._table("frontend_only", list[str]).all()
        if len(self.layers) > 1:  # ComfyUI's own stay its own, whoever registers them again
            for layer in self._apart:
                own = layer.frontend_only.items()
                merged.update((key, packs) for key, packs in own if COMFYUI in packs)
        return merged

    @cached_property
    def models(self) -> Table[list[KnownModel]]:
        """Model files by base name, and where each is published."""
        return self._table("models", list[KnownModel])

    @cached_property
    def sources(self) -> dict[str, RegistrySource]:
        """What the registry was compiled from."""
        return self._table("sources", RegistrySource).all()

    @cached_property
    def rules(self) -> Rules:
        """Preemptions and patterns of all layers."""
        preemptions: dict[str, list[str]] = {}
        patterns: list[tuple[str, str]] = []
        for layer in reversed(self.layers):
            path = os.path.join(layer, "rules.json")
            data = _read(path)
            if data is not None:
                try:
                    rules = msgspec.json.decode(data, type=Rules)
                except (msgspec.DecodeError, RecursionError) as error:
                    raise damaged(path, error) from error
                preemptions.update(rules.preemptions)
                patterns = rules.patterns + patterns
        return Rules(preemptions, patterns)

    @cached_property
    def tables(self) -> InputTables:
        """Which inputs name model files and input assets."""
        return InputTables(
            self._table("model_inputs", list[InputRow]).all(),
            self._table("asset_inputs", list[InputRow]).all(),
            self.core,
        )

    def check(self) -> None:
        """Read every file of every layer.

        Raises:
            RegistryError: for the first that is damaged.
        """
        for table in (self.packs, self.aliases, self.class_types, self.models):
            table.all()
        for section in ("core", "removed", "frontend_only", "sources", "rules", "tables"):
            getattr(self, section)

    def pack_named(self, name: str) -> str | None:
        """Return a pack's name for its id, an alias, `owner/repo` or a repository's URL."""
        lowered = name.lower()
        found = self._named(lowered)
        if found is None and ("://" in lowered or lowered.startswith("git@")):
            found = self._named(repository_key(name).removeprefix("github.com/"))
        return found

    def _named(self, name: str) -> str | None:
        # Layer by layer: a pack of one's own may be what a lower layer knows by another name.
        for layer in self._apart:
            if name in layer.packs:
                return name
            alias = layer.aliases.get(name)
            if alias is not None:
                return alias
        return None

    @cached_property
    def _apart(self) -> list[Registry]:
        return [self] if len(self.layers) == 1 else [Registry((one,)) for one in self.layers]

    def _table(self, section: str, entries: Any) -> Table[Any]:
        layers: list[Layer[Any]] = []
        bundled = bundled_folder()
        for layer in self.layers:
            path = os.path.join(layer, f"{section}.json")
            data = _read(path)
            if data is not None:
                layers.append(Layer(data, entries, path, is_sorted=layer == bundled))
        return Table(layers)


_SHARED: dict[tuple[str, ...], Registry] = {}


def shared_registry(layers: tuple[str, ...] = ()) -> Registry:
    """Return this process's one registry of these layers; the bundled one without any."""
    registry = _SHARED.get(layers)
    if registry is None:
        registry = _SHARED[layers] = Registry(layers)
    return registry


def forget(folder: str) -> None:
    """Let the next `shared_registry` read a layer's folder anew: its files have changed."""
    for layers in [key for key in _SHARED if folder in key]:
        del _SHARED[layers]


def bundled_folder() -> str:
    """Return the folder of the registry that came with comfylock.

    Raises:
        RegistryError: it is not there; the installation is damaged.
    """
    here = os.path.dirname(os.path.abspath(__file__))
    installed = os.path.join(here, "bundled")
    checkout = os.path.join(os.path.dirname(os.path.dirname(here)), "registry")
    for folder in (installed, checkout):
        if os.path.isfile(os.path.join(folder, "core.json")):
            return folder
    raise RegistryError(installed, "the bundled registry is missing", hint="reinstall comfylock")


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as stream:
            data = stream.read(MAX_LAYER_FILE + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RegistryError(path, f"cannot be read: {error.strerror}") from error
    if len(data) > MAX_LAYER_FILE:
        raise RegistryError(path, f"is larger than {MAX_LAYER_FILE >> 20} MiB")
    return data
