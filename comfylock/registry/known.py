"""Model folder keys: what the published lists write and what ComfyUI calls it today."""

from __future__ import annotations

from comfylock.links import FOLDER_ALIASES


def folder_key(text: str) -> str | None:
    """Return the folder key at the head of a path below `models/`; None if there is none."""
    head = text.strip().replace("\\", "/").split("/")[0]
    return FOLDER_ALIASES.get(head, head) or None
