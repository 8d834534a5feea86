"""The lock's JSON Schema, for editors and other tools; made from the types, kept beside them."""

from __future__ import annotations

from typing import Any

import msgspec

from comfylock.lockfile.document import Document
from comfylock.lockfile.write import ALWAYS

FILE = "comfy.lock.schema.json"


def json_schema() -> dict[str, Any]:
    """Return the schema of a lock read as TOML."""
    schema = msgspec.json.schema(Document)
    definitions: dict[str, Any] = schema["$defs"]
    for definition in definitions.values():
        properties: dict[str, dict[str, Any]] = definition["properties"]
        definition["properties"] = {
            key: _without_null(field, keep=key in ALWAYS) for key, field in properties.items()
        }
        # TOML has no null: what may be None may be absent.
        definition["required"] = [
            key for key in definition["required"] if not _may_be_null(properties[key])
        ]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "comfy.lock",
        **schema,
    }


def schema_bytes() -> bytes:
    """Return the schema as its file holds it."""
    return msgspec.json.format(msgspec.json.encode(json_schema()), indent=2) + b"\n"


def _may_be_null(field: dict[str, Any]) -> bool:
    return {"type": "null"} in field.get("anyOf", ()) or None in field.get("enum", ())


def _without_null(field: dict[str, Any], *, keep: bool) -> dict[str, Any]:
    """Return a property as TOML can have it, with its default only where that is written."""
    plain = {name: value for name, value in field.items() if name != "default" or keep}
    if "enum" in plain:
        plain["enum"] = [value for value in plain["enum"] if value is not None]
    kinds = [kind for kind in plain.pop("anyOf", ()) if kind != {"type": "null"}]
    for kind in kinds:
        plain |= kind
    return plain
