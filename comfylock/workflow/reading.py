"""What a format reader gives to the analysis: counts of stamped class types, names of files."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from msgspec import Struct

from comfylock.model import Problem

ClassKey = tuple[str, str | None, str | None, str | None]
"""Class type with the stamp as found: `cnr_id`, `aux_id`, `ver`."""

InputRow = tuple[str, str | None, int | None]
"""An input's name, the folder key or asset kind it offers, and its place among the widgets."""


class InputTables(Struct):
    """Which inputs of which class types name files, as the registry knows them."""

    models: dict[str, list[InputRow]] = {}
    assets: dict[str, list[InputRow]] = {}
    core: Collection[str] = frozenset()
    """ComfyUI's own class types: the `org/name` in them is a service's, not a repository's."""
    special: frozenset[str] = frozenset()
    """Class types whose values are always looked at: all of the above."""
    finders: dict[str, Any] = {}
    """One finder for each class type met, kept by comfylock.workflow.models."""
    plain: dict[str, Any] = {}
    """Those of types that cannot stand for other nodes by their spelling."""

    def __post_init__(self) -> None:
        self.special = frozenset(self.models) | frozenset(self.assets)


class ModelStamp(Struct, frozen=True, gc=False):
    """One entry of `properties.models`: where the editor says that a model comes from."""

    name: str | None = None
    url: str | None = None
    directory: str | None = None
    hash: str | None = None
    hash_type: str | None = None


class FoundModel(Struct, frozen=True, gc=False):
    """A model name where it was found."""

    name: str
    class_type: str
    input: str | None = None
    folder: str | None = None
    inactive: bool = False
    owner: str | None = None
    """The subgraph whose node names it; None at the top."""
    node: int | str | float | None = None
    """That node's id."""
    slot: int | None = None
    """The subgraph input that overrides it, if that is how it is wired."""
    stamps: list[ModelStamp] | None = None
    """The node's `properties.models`."""


class FoundAsset(Struct, frozen=True, gc=False):
    """An input file's name where it was found."""

    name: str
    class_type: str
    input: str | None = None
    inactive: bool = False


class Reading(Struct, gc=False):
    """One workflow as read, before anybody asks what its class types are."""

    format: str
    fragment: str = ""
    """Which workflow of the file this is, where it holds several."""
    nodes: int = 0
    inactive: int = 0
    unread: int = 0
    classes: dict[ClassKey, int] = {}
    """Class type and stamp to the number of nodes that run."""
    inactive_classes: dict[ClassKey, int] = {}
    """The same of the inactive nodes."""
    models: list[FoundModel] = []
    assets: list[FoundAsset] = []
    notes: list[str] = []
    """Texts that may hold download links."""
    stamps: list[ModelStamp] = []
    """The workflow's own `models`."""
    problems: list[Problem] = []

    def count(self, key: ClassKey, *, inactive: bool) -> None:
        """Add one node of a class type."""
        classes = self.inactive_classes if inactive else self.classes
        classes[key] = classes.get(key, 0) + 1
        self.nodes += 1
        self.inactive += inactive
