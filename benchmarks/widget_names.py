"""Which input each stored widget value of a UI node belongs to.

The editor stores values in a list; their names stand beside them in newer files only. What one
node tells about its class serves for the nodes of that class that tell nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

Orders = dict[str, list[str | None]]
"""Class type to the names of its widgets, in order; None for one that is no input."""

CONTROL = frozenset({"fixed", "increment", "decrement", "randomize"})
"""The editor's own widget after a seed: never sent to the server."""


def all_nodes(workflow: dict[str, Any]) -> Iterable[dict[str, Any]]:
    """Yield the nodes of a workflow and of its subgraph definitions."""
    yield from workflow["nodes"]
    for subgraph in (workflow.get("definitions") or {}).get("subgraphs") or ():
        yield from subgraph["nodes"]


def learn_orders(workflows: Iterable[dict[str, Any]]) -> Orders:
    """Return the longest order that any node of a class tells."""
    orders: Orders = {}
    for workflow in workflows:
        for node in all_nodes(workflow):
            names = told_names(node)
            if names is not None and len(names) > len(orders.get(node["type"], ())):
                orders[node["type"]] = names
    return orders


def told_names(node: dict[str, Any]) -> list[str | None] | None:
    """Return the widget names that a node itself tells, None where it does not tell all."""
    values = node.get("widgets_values")
    if not isinstance(values, list) or not values:
        return None
    named = node.get("widgets_values_named")
    if isinstance(named, dict) and len(named) == len(values):
        return [None if name == "control_after_generate" else name for name in named]
    return align(widget_inputs(node), values)


def widget_inputs(node: dict[str, Any]) -> list[str]:
    """Return the names of the inputs that show a widget."""
    return [entry["name"] for entry in node.get("inputs") or () if entry.get("widget")]


def align(names: list[str], values: list[Any]) -> list[str | None] | None:
    """Match names with values, a seed's control left out; None if they do not fit."""
    matched: list[str | None] = []
    remaining = iter(names)
    for value in values:
        follows_seed = bool(matched) and str(matched[-1]).endswith("seed")
        if follows_seed and isinstance(value, str) and value in CONTROL:
            matched.append(None)
            continue
        name = next(remaining, None)
        if name is None:
            return None
        matched.append(name)
    return matched if next(remaining, None) is None else None


def named_values(node: dict[str, Any], orders: Orders) -> dict[str, Any]:
    """Return a node's widget values by input name; `widget_3` where nobody tells the name.

    Where the list and the named values differ, the list counts: it is what the editor restores.
    """
    values, named = node.get("widgets_values"), node.get("widgets_values_named")
    names = told_names(node)
    if names is None and isinstance(named, dict):
        return {name: value for name, value in named.items() if name != "control_after_generate"}
    if not isinstance(values, list):
        return dict(values) if isinstance(values, dict) else {}
    names = names or orders.get(node["type"], [])
    padded = [*names, *(f"widget_{place}" for place in range(len(names), len(values)))]
    return {name: value for name, value in zip(padded, values, strict=False) if name is not None}
