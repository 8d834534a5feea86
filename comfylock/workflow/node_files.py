"""The models and input assets that one UI node names, with the input that holds each.

A widget that is fed by a link is dead: its stored value is not used, the link's origin is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from comfylock.workflow.reading import FoundAsset
from comfylock.workflow.scope import SUBGRAPH_INPUT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comfylock.workflow.models import FileFinder, Picked
    from comfylock.workflow.reading import Reading
    from comfylock.workflow.scope import Scope
    from comfylock.workflow.ui_nodes import Input, UiNode

NOTES = frozenset({"Note", "MarkdownNote"})
PRIMITIVE = "PrimitiveNode"
REROUTE = "Reroute"

MAX_REROUTES = 64
_CONTROL = frozenset({"fixed", "increment", "decrement", "randomize"})
"""The extra widget after a seed. Source: ComfyUI_frontend's control_after_generate."""


def add_files(
    reading: Reading,
    finder: FileFinder,
    node: UiNode,
    scope: Scope,
    picked: list[Picked],
    *,
    inactive: bool,
) -> None:
    """Add to the reading every model and asset that the texts picked from a node's widgets name."""
    if node.type in NOTES:
        reading.notes.extend(text for _, text, _ in picked)
        return
    if node.type == PRIMITIVE:  # its value counts where it is used
        return
    inputs = node.inputs or ()
    names = _names_by_place(node, inputs)
    properties = node.properties
    for place, text, off in picked:
        name = place
        if type(place) is int:
            name = finder.names.get(place) if names is None else names[place]
        if "://" in text:
            reading.notes.append(text)
        found = finder.find(name, text)
        slot = None
        link = _link_into(name, inputs) if found and name is not None else None
        if link is not None:
            live, slot = follow(text, link, scope)
            if live is not text:
                found = finder.find(name, live) if live is not None else ()
        for item in found:
            if isinstance(item, FoundAsset):
                asset = replace(item, inactive=True) if inactive or off else item
                reading.assets.append(asset)
                continue
            model = replace(
                item,
                inactive=inactive or off,
                owner=scope.subgraph.id if scope.subgraph else None,
                node=node.id,
                slot=slot,
                stamps=properties.models if properties else None,
            )
            reading.models.append(model)


def _link_into(name: str, inputs: Sequence[Input]) -> Any:
    """Return the link that feeds an input of this name; None if none does."""
    link = None
    for entry in inputs:
        if entry.link is not None and entry.name == name:
            link = entry.link
    return link


def _names_by_place(node: UiNode, inputs: Sequence[Input]) -> Sequence[str | None] | None:
    """Return the input name for each place of a widget list; None if the node does not tell.

    Newer editors list every widget among the inputs, in order; older ones only those that were
    converted to sockets, so the registry's places serve there.
    """
    values = node.widgets_values
    if type(values) is not list:
        return None
    if node.widgets_values_named:
        return list(node.widgets_values_named)
    declared = [entry.name for entry in inputs if entry.widget is not None]
    if not declared or len(declared) == len(values):
        return declared or None
    return _align(declared, values)


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
