"""A layer of one's own: packs put in one by one, in the same files as the bundled registry."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import msgspec

from comfylock.definitions.widgets import widget_index
from comfylock.files import write_atomically
from comfylock.names import is_text, repository_key
from comfylock.registry.store import Pack, Registry, forget

if TYPE_CHECKING:
    from comfylock.model import ClassDefinition, InputDefinition, PackDefinition

_FILES = ("packs", "aliases", "class_types", "frontend_only", "model_inputs", "asset_inputs")


def put_pack(folder: str, name: str, definition: PackDefinition, repository: str | None) -> None:
    """Write a pack into a layer, in place of what the layer had under that name.

    Raises:
        RegistryError: the layer's files are damaged.
        OSError: they cannot be written.
    """
    layer = Registry((folder,))
    gone = {key for key, packs in layer.class_types.all().items() if packs == [name]}
    tables: dict[str, dict[str, Any]] = {
        "packs": dict(layer.packs.all()),
        "aliases": {key: pack for key, pack in layer.aliases.all().items() if pack != name},
        "class_types": _without(layer.class_types.all(), name),
        "frontend_only": _without(layer.frontend_only, name),
        "model_inputs": {k: v for k, v in layer.tables.models.items() if k not in gone},
        "asset_inputs": {k: v for k, v in layer.tables.assets.items() if k not in gone},
    }
    tables["packs"][name] = Pack(
        id=definition.registry_id, repository=repository, origins=("registry add",)
    )
    alias = repository_key(repository).removeprefix("github.com/") if repository else name
    if alias != name:
        tables["aliases"][alias] = name
    for declared in definition.class_types:
        _claim(tables["class_types"], declared.class_type, name)
        _put_inputs(tables, declared)
    for node_type in definition.frontend_only:
        _claim(tables["frontend_only"], node_type, name)
    encoded = {file: encode_table(tables[file]) for file in _FILES}
    for file, data in encoded.items():
        write_atomically(os.path.join(folder, f"{file}.json"), data)
    forget(folder)


def encode_table(entries: dict[str, Any]) -> bytes:
    """Return entries in canonical form: one a line, sorted by the bytes of the encoded keys."""
    encoded = {msgspec.json.encode(key): msgspec.json.encode(entries[key]) for key in entries}
    lines = [key + b":" + encoded[key] for key in sorted(encoded)]
    return b"{\n" + b",\n".join(lines) + (b"\n}\n" if lines else b"}\n")


def _without(owners: dict[str, list[str]], name: str) -> dict[str, list[str]]:
    kept = {key: [pack for pack in packs if pack != name] for key, packs in owners.items()}
    return {key: packs for key, packs in kept.items() if packs}


def _claim(owners: dict[str, list[str]], key: str, name: str) -> None:
    owners[key] = sorted({*owners.get(key, ()), name})


def _is_writable(entry: InputDefinition) -> bool:
    return all(map(is_text, (entry.name, entry.folder or "", entry.asset or "")))


def _put_inputs(tables: dict[str, dict[str, Any]], declared: ClassDefinition) -> None:
    rows: dict[str, list[list[Any]]] = {"model_inputs": [], "asset_inputs": []}
    for entry in filter(_is_writable, declared.inputs):
        place = widget_index(declared, entry.name)
        if entry.folder:
            rows["model_inputs"].append([entry.name, entry.folder, place])
        elif entry.asset:
            rows["asset_inputs"].append([entry.name, entry.asset, place])
    for table, found in rows.items():
        tables[table].pop(declared.class_type, None)
        if found:
            tables[table][declared.class_type] = found
