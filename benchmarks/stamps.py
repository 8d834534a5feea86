"""Taking out of workflows what their authors stamped into them."""

from __future__ import annotations

from typing import Any

ORIGIN_STAMPS = ("cnr_id", "aux_id", "ver")
MODEL_STAMPS = ("models",)


def without_stamps(value: Any, stamps: tuple[str, ...]) -> Any:
    """Return decoded JSON without these entries in any node's `properties`."""
    if isinstance(value, list):
        return [without_stamps(item, stamps) for item in value]
    if not isinstance(value, dict):
        return value
    cleaned = {key: without_stamps(item, stamps) for key, item in value.items()}
    properties = cleaned.get("properties")
    if isinstance(properties, dict):
        kept = {key: item for key, item in properties.items() if key not in stamps}
        cleaned["properties"] = kept
    return cleaned
