"""On which line of a `comfy.lock` an entry stands, for whoever points at it."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_LOCK = 64 << 20
"""Bytes that are read."""

_KEYS = frozenset({"name", "path", "folder", "tier", "platform"})


def lock_lines(path: str) -> dict[tuple[str, str], int]:
    """Return what an entry is about, and its name, to the line of that name, counted from 1.

    The lock need not be whole; what cannot be read has no lines.
    """
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            text = stream.read(MAX_LOCK)
    except OSError:
        return {}
    found: dict[tuple[str, str], int] = {}
    for header, values, line in _blocks(text):
        for key in _keys(header, values):
            found.setdefault(key, line)
    return found


def _blocks(text: str) -> Iterator[tuple[str, dict[str, str], int]]:
    """Yield each table's header, its names, and the line of the first of them."""
    header, line = "", 0
    values: dict[str, str] = {}
    for number, each in enumerate(text.split("\n"), 1):
        if each.startswith("["):
            yield header, values, line
            header, values, line = each, {}, number
            continue
        key, equals, value = each.partition(" = ")
        if equals and key in _KEYS and key not in values and value.startswith('"'):
            line = number if not values or key == "name" else line
            values[key] = _text(value)
    yield header, values, line


def _text(value: str) -> str:
    try:
        return str(tomllib.loads(f"v = {value}")["v"])
    except tomllib.TOMLDecodeError:
        return value.strip('"')


def _keys(header: str, values: dict[str, str]) -> Iterator[tuple[str, str]]:
    name = values.get("name", "")
    if header == "[comfyui]":
        yield "comfyui", "comfyui"
    elif header == "[[workflow]]":
        yield "workflow", values.get("path", "")
    elif header == "[[pack]]":
        yield "pack", name
    elif header == "[[model]]":
        place = f"{values['folder']}/{name}" if "folder" in values else name
        yield "model", f"{place}@{values['tier']}" if "tier" in values else place
        yield "model", place
    elif header == "[[image]]":
        yield "image", f"{name} {values.get('platform', '')}"
    elif header == "[[unresolved]]":
        yield from ((about, name) for about in ("pack", "model", "comfyui", "lock", "image"))
