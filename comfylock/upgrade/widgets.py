"""Which value the editor gives to each widget of a node, with the definitions that it has.

Source: `LGraphNode.configure` and the widget constructors of ComfyUI's frontend.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from comfylock.definitions.signature import DYNAMIC_CHOICE
from comfylock.upgrade.expand import MAX_DEPTH

if TYPE_CHECKING:
    from collections.abc import Iterable

    from comfylock.definitions.signature import ClassSignature, InputSignature
    from comfylock.upgrade.ui_graph import GraphNode

_CONTROLS = frozenset({"fixed", "increment", "decrement", "randomize"})


def widget_values(signature: ClassSignature, node: GraphNode) -> dict[str, Any]:
    """Return the values by input name; where the file has none, what the editor fills in."""
    stored = node.widgets_values
    named = node.widgets_values_named
    if isinstance(stored, dict):
        return _by_name(signature.inputs, stored)
    values = stored if isinstance(stored, list) else []
    if named and (not values or len(named) == len(values)):
        return _by_name(signature.inputs, dict(zip(named, values, strict=False)) or named)
    if named:
        return _by_name(signature.inputs, named)
    return _by_place(signature.inputs, values)


def _by_name(inputs: Iterable[InputSignature], stored: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for entry in inputs:
        _name(entry, entry.name, stored, found, 0)
    return found


def _name(
    entry: InputSignature, name: str, stored: dict[str, Any], found: dict[str, Any], depth: int
) -> None:
    if not entry.widget:
        return
    value = stored[name] if name in stored else _filled(entry)
    if value is UNSET:
        return
    found[name] = value
    for inner in _behind(entry, value) if depth < MAX_DEPTH else ():
        _name(inner, f"{name}.{inner.name}", stored, found, depth + 1)


def _by_place(inputs: tuple[InputSignature, ...], values: list[Any]) -> dict[str, Any]:
    """Hand the values out in the order of the widgets, as the editor does."""
    found: dict[str, Any] = {}
    place = 0
    uploads = 0
    was_required = True
    for entry in inputs:
        if not entry.widget:
            continue
        if was_required and not entry.required:
            place += uploads  # the button stands after the last required input
            was_required, uploads = False, 0
        uploads += entry.upload
        place = _place(entry, entry.name, values, place, found, 0)
    return found


def _place(
    entry: InputSignature,
    name: str,
    values: list[Any],
    place: int,
    found: dict[str, Any],
    depth: int,
) -> int:
    """Give a widget its value and return where the next one's is."""
    value = values[place] if place < len(values) else _filled(entry)
    place += 1 + entry.trailing
    if value is UNSET:
        return place
    found[name] = value
    for inner in _behind(entry, value) if depth < MAX_DEPTH else ():
        if inner.widget:
            place = _place(inner, f"{name}.{inner.name}", values, place, found, depth + 1)
    return place


def _filled(entry: InputSignature) -> Any:
    """Return what the editor fills in; of what only it knows, a text that nobody judges."""
    value = entry.fallback()
    return "" if value is UNSET and entry.required else value


def _behind(entry: InputSignature, value: Any) -> tuple[InputSignature, ...]:
    """Return the inputs that a dynamic choice brings along."""
    if entry.type != DYNAMIC_CHOICE:
        return ()
    return next((inner for key, inner in entry.options if key == value), ())


def is_control(value: Any) -> bool:
    """Say whether a stored value is what follows a run, not an input's."""
    return isinstance(value, str) and value in _CONTROLS


def promoted_values(node: GraphNode) -> dict[tuple[str | None, str | None], Any]:
    """Return the values on a subgraph's instance by (inner node's id, widget name).

    The id is None where the value belongs to an input of the subgraph.
    """
    values = node.widgets_values
    named = node.widgets_values_named
    if isinstance(values, dict):
        return {(None, str(key)): value for key, value in values.items()}
    if named and not isinstance(values, list):
        return {(None, key): value for key, value in named.items()}
    if not isinstance(values, list) or not values:
        return {}
    return dict(zip(_promoted(node, len(values)), values, strict=False))


def _promoted(node: GraphNode, count: int) -> list[tuple[str | None, str | None]]:
    """Return whose the values are, in order; empty if that cannot be told."""
    proxies = node.properties.proxyWidgets if node.properties else None
    if isinstance(proxies, list) and len(proxies) == count:
        found: list[tuple[str | None, str | None]] = []
        for proxy in proxies:
            parts = [str(p) for p in proxy] if isinstance(proxy, list) else []
            if len(parts) < 2:
                return []
            found.append((None if parts[0] == "-1" else parts[0], parts[1]))
        return found
    shown = [entry.name for entry in node.inputs or () if entry.widget is not None]
    if len(shown) == count:
        return [(None, name) for name in shown]
    named = node.widgets_values_named
    return [(None, name) for name in named] if named and len(named) == count else []
