"""What the bundled registry is compiled from: published facts, reduced to plain values."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

Inputs = tuple[tuple[str, str | None, int | None], ...]
"""Inputs of a class type that name files: (input, folder or kind, widget index)."""


class Listing(Struct, frozen=True, order=True):
    """One entry of a list of node packs."""

    reference: str
    urls: tuple[str, ...] = ()
    """Everything else that names the same pack: its files, a second reference."""
    registry_id: str | None = None


class KnownModel(Struct, frozen=True, order=True):
    """One place where a model file is published."""

    name: str
    """Base name."""
    url: str
    folder: str | None = None
    sha256: str | None = None


class ManagerLists(Struct, frozen=True):
    """What one version of ComfyUI-Manager publishes."""

    version: str
    class_types: dict[str, tuple[str, ...]] = {}
    patterns: dict[str, str] = {}
    preemptions: dict[str, tuple[str, ...]] = {}
    listings: tuple[Listing, ...] = ()
    models: tuple[KnownModel, ...] = ()
    stars: dict[str, int] = {}


class Unstamped(Struct, frozen=True, order=True):
    """The class types of one official template that nobody stamped."""

    class_types: tuple[str, ...]
    minimum: str = ""
    """The oldest ComfyUI that the template's index entry asks for."""


class Templates(Struct, frozen=True):
    """What one version of the workflow templates shows."""

    version: str
    stamps: dict[str, tuple[str, ...]] = {}
    """Core class types, each with the ComfyUI versions stamped on it."""
    models: tuple[KnownModel, ...] = ()
    model_inputs: dict[str, Inputs] = {}
    """Inputs whose value is a model file that the same node publishes."""
    unstamped: tuple[Unstamped, ...] = ()
    """Made with a ComfyUI between releases, whose editor stamped nothing, or with a pack."""


class FormerLists(Struct, frozen=True):
    """Class types by repository in former states of the Manager's lists."""

    commit: str
    former: dict[str, tuple[str, ...]] = {}


class Documents(Struct, frozen=True):
    """The class types that one version of the embedded documentation describes."""

    version: str
    class_types: tuple[str, ...] = ()


class CoreState(Struct, frozen=True):
    """The class types that one version of ComfyUI answers to `/object_info`."""

    version: str
    class_types: tuple[str, ...] = ()


class CoreHistory(Struct, frozen=True):
    """ComfyUI's class types at every version that its history shows."""

    commit: str
    versions: tuple[str, ...] = ()
    """Oldest first."""
    class_types: dict[str, tuple[str, str]] = {}
    """The first version that has it, and the first that no longer has it or an empty text."""
    model_inputs: dict[str, Inputs] = {}
    asset_inputs: dict[str, Inputs] = {}


class RecordedPack(Struct, frozen=True):
    """A node pack's own source, read without running it."""

    repository: str
    commit: str
    date: str = ""
    id: str | None = None
    """The registry id in its metadata; a fork may have copied it."""
    former_ids: tuple[str, ...] = ()
    """Ids that older states of its metadata gave."""
    declared: tuple[str, ...] = ()
    """Other repositories that its metadata names or named: a former one, or a fork's original."""
    class_types: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()
    """Class types that only older states have."""
    frontend_only: tuple[str, ...] = ()
    model_inputs: dict[str, Inputs] = {}
    asset_inputs: dict[str, Inputs] = {}
    unread: int = 0
    """Places where class types are registered in a way that cannot be read statically."""


class Frontend(Struct, frozen=True):
    """The node types that one version of ComfyUI's frontend registers itself."""

    version: str
    node_types: tuple[str, ...] = ()


class BuildInputs(Struct, frozen=True):
    """Everything that `compile_registry` looks at."""

    managers: tuple[ManagerLists, ...] = ()
    templates: tuple[Templates, ...] = ()
    documents: tuple[Documents, ...] = ()
    states: tuple[CoreState, ...] = ()
    histories: tuple[CoreHistory, ...] = ()
    recorded: tuple[RecordedPack, ...] = ()
    former: tuple[FormerLists, ...] = ()
    frontends: tuple[Frontend, ...] = ()


def texts(value: Any) -> tuple[str, ...]:
    """Return the texts in a decoded list; a stranger's other values are left out."""
    if not isinstance(value, list):
        return ()
    return tuple(item for item in value if isinstance(item, str))
