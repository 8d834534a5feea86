"""The models and input assets that one UI node names, with the input that holds each.

A widget that is fed by a link is dead: its stored value is not used, the link's origin is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfylock.workflow.models import FileFinder, finder_for, texts_in
from comfylock.workflow.reading import FoundAsset, InputTables, Reading
from comfylock.workflow.scope import SUBGRAPH_INPUT, Scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from comfylock.workflow.ui_nodes import Input, UiNode

NOTES = frozenset({"Note", "MarkdownNote"})
PRIMITIVE = "PrimitiveNode"
REROUTE = "Reroute"
PREVIEW = "videopreview"
"""What VideoHelperSuite shows in its nodes, kept among their values; it repeats a file's name."""

MAX_REROUTES = 64
_CONTROL = frozenset({"fixed", "increment", "decrement", "randomize"})
"""The extra widget after a seed. Source: ComfyUI_frontend's control_after_generate."""

Picked = tuple[Any, str, bool]
"""Input name, or place in the widget list, or None; text; switched off by its own `on: false`."""


def add_files(
    reading: Reading, tables: InputTables, node: UiNode, scope: Scope, *, inactive: bool
) -> None:
    """Add to the reading every model and asset that this node's widgets name."""
    if node.type in NOTES:
        reading.notes.extend(text for _, text, _ in texts_in(node.widgets_values))
        return
    if node.type == PRIMITIVE:  # its value counts where it is used
        return
    finder = finder_for(tables, node.type)
    in_list = not node.widgets_values_named or node.names_fit()
    picked = _picked(node.widgets_values if in_list else node.widgets_values_named, finder)
    if not picked:
        return
    inputs = node.inputs or ()
    wired = {
        entry.name: entry.link
        for entry in inputs
        if entry.link is not None and isinstance(entry.name, str)
    }
    names = _names_by_place(node, tables, inputs) if in_list else None
    for place, text, off in picked:
        name = names[place] if names and isinstance(place, int) else place
        if "://" in text:
            reading.notes.append(text)
        found = finder.find(name, text)
        slot = None
        if found and name in wired:
            live, slot = follow(text, wired[name], scope)
            if live is not text:
                found = finder.find(name, live) if live is not None else []
        for item in found:
            item.inactive = inactive or off
            if isinstance(item, FoundAsset):
                reading.assets.append(item)
                continue
            item.slot = slot
            item.node = node.id
            item.owner = scope.subgraph.id if scope.subgraph else None
            item.stamps = node.properties.models if node.properties else None
            reading.models.append(item)


def _picked(values: Any, finder: FileFinder) -> list[Picked]:
    """Return the texts worth a look, each with its input's name or its place in the list."""
    picked: list[Picked] = []
    wants = finder.wants
    if isinstance(values, list):
        pairs: Iterable[tuple[Any, Any]] = enumerate(values)
    elif isinstance(values, dict):
        pairs = values.items()
    else:
        pairs = ((None, values),)
    for place, value in pairs:
        if place == PREVIEW:
            continue
        if value.__class__ is str:
            if wants(value):
                picked.append((place, value, False))
        elif value.__class__ is dict or value.__class__ is list:
            picked.extend(
                (key or place, text, off) for key, text, off in texts_in(value) if wants(text)
            )
    return picked


def _names_by_place(
    node: UiNode, tables: InputTables, inputs: Sequence[Input]
) -> list[str | None] | None:
    """Return the input name for each place of a widget list, None where nothing tells.

    Newer editors list every widget among the inputs, in order; older ones only those that were
    converted to sockets, so the registry's places serve there.
    """
    values = node.widgets_values
    if not isinstance(values, list):
        return None
    if node.widgets_values_named:
        return list(node.widgets_values_named)
    declared = [entry.name for entry in inputs if entry.widget is not None]
    if len(declared) == len(values):
        return declared
    names = _align(declared, values)
    if names is not None:
        return names
    names = [None] * len(values)
    rows = (*tables.models.get(node.type, ()), *tables.assets.get(node.type, ()))
    for name, _, place in rows:
        if place is not None and place < len(values):
            names[place] = name
    return names


def _align(declared: list[str | None], values: list[Any]) -> list[str | None] | None:
    """Match widget names with values, stepping over the extra value after a seed."""
    names: list[str | None] = []
    position = 0
    for index, value in enumerate(values):
        after_seed = index and str(names[-1]).endswith("seed") and isinstance(value, str)
        if after_seed and value in _CONTROL:
            names.append(None)
        elif position < len(declared):
            names.append(declared[position])
            position += 1
        elif value in ("image", "video", "audio", "", None):  # an upload button
            names.append(None)
        else:
            return None
    return names if position == len(declared) else None


def follow(text: str, link: Any, scope: Scope) -> tuple[str | None, int | None]:
    """Return the text that really reaches a linked widget, and the subgraph slot it comes by.

    None where another node computes it; that node's own values are read where it stands.
    """
    for _ in range(MAX_REROUTES):
        origin = scope.origin(link)
        if origin is None:
            return text, None
        identifier, slot = origin
        if identifier in (SUBGRAPH_INPUT, str(SUBGRAPH_INPUT)):
            return text, slot if isinstance(slot, int) else None
        node = scope.node(identifier)
        if node is None:
            return text, None
        if node.type == PRIMITIVE:
            values = node.widgets_values
            first = values[0] if isinstance(values, list) and values else None
            return (first, None) if isinstance(first, str) else (text, None)
        if node.type != REROUTE:
            return None, None
        link = node.inputs[0].link if node.inputs else None
    return None, None
