"""Where a link of the editor really comes from, once all that only the editor has is gone.

Source: `ExecutableNodeDTO.resolveInput` and `resolveOutput` of ComfyUI_frontend.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from comfylock.upgrade.ui_graph import GraphNode, Slot, Subgraph, prepared
from comfylock.upgrade.widgets import promoted_values
from comfylock.workflow.scope import SUBGRAPH_INPUT

if TYPE_CHECKING:
    from collections.abc import Callable

MUTED, BYPASSED = 2, 4
"""Modes of nodes that never run. Source: LGraphEventMode of litegraph."""

MAX_HOPS = 500
"""Nodes that one link may be followed through; more is a circle."""

PRIMITIVE = "PrimitiveNode"
SETTERS = {"GetNode": "SetNode", "easy getNode": "easy setNode"}
"""Nodes that give what another of the same name takes. Source: KJNodes and Easy-Use."""


class Value(Struct, frozen=True):
    """A link that comes from a widget: its value stands in place of the link."""

    value: Any


class Gone:
    """A link that comes from a muted node: neither it nor the widget's own value is sent."""


GONE = Gone()
Source = tuple[str, Any] | Value | Gone | None


class Level(Struct):
    """One list of nodes: the top of a workflow, or a subgraph as one instance opens it."""

    nodes: list[GraphNode]
    by_id: dict[Any, GraphNode]
    origins: dict[Any, tuple[Any, Any]]
    prefix: str = ""
    outer: Level | None = None
    instance: GraphNode | None = None
    subgraph: Subgraph | None = None
    promoted: dict[tuple[str | None, str | None], Any] = {}
    opened: dict[Any, Level] = {}
    setters: dict[tuple[str, str], Slot | None] | None = None
    """What is set by name, looked up once: by the setting node's type and the name."""

    def node(self, key: Any) -> GraphNode | None:
        """Return the node of an id, written as a number or as a text."""
        found = self.by_id.get(key) if isinstance(key, int | str | float) else None
        if found is None and isinstance(key, str) and key.isdigit():
            found = self.by_id.get(int(key))
        elif found is None and isinstance(key, int):
            found = self.by_id.get(str(key))
        return found

    def inside(self, node: GraphNode, subgraph: Subgraph) -> Level:
        """Return a subgraph as a node of this level opens it."""
        held = self.opened.get(node.id)
        if held is None:
            ready = prepared(subgraph)
            nodes, by_id, origins = ready.nodes, ready.by_id or {}, ready.origins or {}
            prefix = f"{self.prefix}{node.id}:"
            values = promoted_values(node)
            held = Level(nodes, by_id, origins, prefix, self, node, ready, values)
            self.opened[node.id] = held
        return held


class Resolver:
    """Follows links of one workflow."""

    def __init__(self, subgraphs: dict[str, Subgraph], is_virtual: Callable[[str], bool]) -> None:
        self.subgraphs = subgraphs
        self.is_virtual = is_virtual

    def resolve(self, level: Level, link: Any, kind: Any) -> Source:
        """Return what a link brings: (node id, slot), a value, GONE, or None for nothing."""
        at: Level = level
        for _ in range(MAX_HOPS):
            origin = at.origins.get(link) if isinstance(link, int | str | float) else None
            if origin is None:
                return None
            found = self._step(at, origin[0], _slot(origin[1]), kind)
            if found is None or isinstance(found, Value | Gone):
                return found
            following, link = found
            if following is None:
                return f"{at.prefix}{origin[0]}", _slot(origin[1])
            at = following
        return None

    def _step(
        self, at: Level, key: Any, slot: Any, kind: Any
    ) -> tuple[Level | None, Any] | Value | Gone | None:
        """Return the next (level, link) to follow; no level if this is where it comes from."""
        if key in (SUBGRAPH_INPUT, str(SUBGRAPH_INPUT)):
            return _outside(at, slot)
        node = at.node(key)
        if node is None:
            return None
        if node.mode == BYPASSED:
            return _next(at, _bypass(node, slot, kind))
        if self.is_virtual(node.type):  # muted or not: the editor looks through it
            return self._virtual(at, node, slot)
        if node.mode == MUTED:
            return GONE
        if node.type in self.subgraphs:
            return self._inside(at, node, slot)
        return None, None

    def _inside(self, at: Level, node: GraphNode, slot: Any) -> tuple[Level | None, Any] | None:
        """Return the link inside a subgraph that ends in one of its outputs."""
        subgraph = self.subgraphs[node.type]
        outputs = subgraph.outputs or []
        inner = at.inside(node, subgraph)
        if not isinstance(slot, int) or not 0 <= slot < len(outputs):
            return None
        links = outputs[slot].linkIds
        return (inner, links[0]) if links else None

    def _virtual(
        self, at: Level, node: GraphNode, slot: Any
    ) -> tuple[Level | None, Any] | Value | None:
        values = node.widgets_values
        if node.type == PRIMITIVE:
            return Value(values[0]) if isinstance(values, list) and values else None
        setter = SETTERS.get(node.type)
        if setter is not None:
            return _next(at, _set_by(at, setter, values))
        inputs = node.inputs or []
        place = slot if isinstance(slot, int) and 0 <= slot < len(inputs) else 0
        return _next(at, inputs[place] if inputs else None)


def _next(at: Level, entry: Slot | None) -> tuple[Level | None, Any] | None:
    return (at, entry.link) if entry is not None and entry.link is not None else None


def _slot(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.isdigit() else value


def _outside(at: Level, slot: Any) -> tuple[Level | None, Any] | Value | None:
    """Return what the instance around gives to a subgraph's input."""
    declared = (at.subgraph.inputs if at.subgraph else None) or []
    if at.outer is None or at.instance is None or not isinstance(slot, int):
        return None
    if not 0 <= slot < len(declared):
        return None
    name = declared[slot].name
    entries = at.instance.inputs or []
    entry = next((each for each in entries if each.name == name), None)
    if entry is not None and entry.link is not None:
        return at.outer, entry.link
    if (None, name) in at.promoted:
        return Value(at.promoted[None, name])
    return None


def _bypass(node: GraphNode, slot: Any, kind: Any) -> Slot | None:
    """Return the input that a bypassed node passes through to an output."""
    inputs = node.inputs or []
    outputs = node.outputs or []
    if not isinstance(slot, int) or not 0 <= slot < len(outputs):
        return None
    out = outputs[slot].type
    if "*" in (kind, out):
        return inputs[slot if slot < len(inputs) else 0] if inputs else None
    if slot < len(inputs) and inputs[slot].type == kind:
        return inputs[slot]
    exact = next((each for each in inputs if each.type == kind), None)
    return exact or next((each for each in inputs if _fits(each.type, kind)), None)


def _fits(given: Any, wanted: Any) -> bool:
    """Say whether the editor would link two types."""
    if not isinstance(given, str) or not isinstance(wanted, str):
        return False
    if given == "*":
        return True
    first = {each.strip().lower() for each in given.split(",")}
    return not first.isdisjoint(each.strip().lower() for each in wanted.split(","))


def _set_by(at: Level, setter: str, values: Any) -> Slot | None:
    """Return the input of the node that sets what another gets by name."""
    name = _name_in(values)
    if name is None:
        return None
    if at.setters is None:
        at.setters = {}
        for node in at.nodes:
            own = _name_in(node.widgets_values) if node.type in SETTERS.values() else None
            if own is not None:
                at.setters.setdefault((node.type, own), node.inputs[0] if node.inputs else None)
    return at.setters.get((setter, name))


def _name_in(values: Any) -> str | None:
    first = values[0] if isinstance(values, list) and values else None
    return first if isinstance(first, str) else None
