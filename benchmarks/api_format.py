"""A UI workflow as the API format would have it: what the editor sends to the server.

Subgraphs are flattened (`12:34`), muted and bypassed nodes and those that exist in the editor
only are gone, links point past them, and widget values have become named inputs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.widget_names import Orders, named_values, widget_inputs

if TYPE_CHECKING:
    from collections.abc import Iterator

VIRTUAL = frozenset({"Note", "MarkdownNote", "Reroute", "PrimitiveNode"})
MUTED, BYPASSED = 2, 4
OUTSIDE = -10
"""The id that stands for a subgraph's own inputs."""
RESULT = -20
"""The id that stands for a subgraph's own outputs."""
MAX_STEPS = 200
"""Links followed in a row before one counts as circular."""


class Dropped:
    """What a link comes to that leads to a muted node or nowhere: no input at all."""


class Kept:
    """What a link comes to that brings nothing new: the widget's own value."""


class Scope:
    """The top of a workflow, or one instance of a subgraph, with the way back to its parent."""

    def __init__(
        self,
        content: dict[str, Any],
        prefix: str = "",
        parent: Scope | None = None,
        instance: dict[str, Any] | None = None,
    ) -> None:
        self.content = content
        self.prefix = prefix
        self.parent = parent
        self.instance = instance or {}
        self.nodes = {node["id"]: node for node in content["nodes"]}
        self.links = dict(map(_link, content.get("links") or ()))
        self.inner: dict[Any, Scope] = {}
        self.promoted = promoted_values(self) if parent else {}


def to_api(workflow: dict[str, Any], orders: Orders) -> dict[str, dict[str, Any]]:
    """Return a UI workflow in API format."""
    return {
        f"{scope.prefix}{node['id']}": {
            "class_type": node["type"],
            "inputs": _inputs(scope, node, orders),
            "_meta": {"title": node.get("title") or node["type"]},
        }
        for scope, node in live_nodes(workflow)
    }


def live_nodes(workflow: dict[str, Any]) -> Iterator[tuple[Scope, dict[str, Any]]]:
    """Yield the nodes that a server would be sent, each where it stands."""
    subgraphs = (workflow.get("definitions") or {}).get("subgraphs") or ()
    definitions = {subgraph["id"]: subgraph for subgraph in subgraphs}
    for scope in _opened(Scope(workflow), definitions):
        for node in scope.nodes.values():
            if is_live(node) and node["id"] not in scope.inner and node["type"] not in VIRTUAL:
                yield scope, node


def is_live(node: dict[str, Any]) -> bool:
    """Say whether a node is neither muted nor bypassed."""
    return node.get("mode", 0) not in (MUTED, BYPASSED)


def _opened(top: Scope, definitions: dict[str, dict[str, Any]]) -> list[Scope]:
    """Return the scope and those of every live instance below it."""
    scopes = [top]
    for scope in scopes:
        for node in scope.nodes.values():
            if is_live(node) and node["type"] in definitions:
                prefix = f"{scope.prefix}{node['id']}:"
                inner = Scope(definitions[node["type"]], prefix, scope, node)
                scope.inner[node["id"]] = inner
                scopes.append(inner)
    return scopes


def promoted_values(scope: Scope) -> dict[tuple[Any, str], Any]:
    """Return what an instance's widgets say, by inner node and inner widget."""
    node, content = scope.instance, scope.content
    values, named = node.get("widgets_values"), node.get("widgets_values_named")
    proxies = (node.get("properties") or {}).get("proxyWidgets") or ()
    if isinstance(values, list) and values and len(proxies) == len(values):
        places = [(_number(proxy[0]), proxy[1]) for proxy in proxies]
        return dict(zip(places, values, strict=True))
    targets = [(entry["name"], _widgets_fed(scope, entry)) for entry in content.get("inputs") or ()]
    if isinstance(named, dict):
        pairs = [(fed, named[name]) for name, fed in targets if name in named]
    elif isinstance(values, list):
        shown = [(name, fed) for name, fed in targets if fed]
        if len(shown) != len(values):
            only = set(widget_inputs(node))
            shown = [(name, fed) for name, fed in shown if name in only]
        pairs = [(fed, value) for (_, fed), value in zip(shown, values, strict=False)]
    else:
        return {}
    return {place: value for fed, value in pairs for place in fed}


def _widgets_fed(scope: Scope, entry: dict[str, Any]) -> list[tuple[Any, str]]:
    """Return the inner widgets that a subgraph's input feeds."""
    links = set(entry.get("linkIds") or ())
    return [
        (node["id"], slot["name"])
        for node in scope.nodes.values()
        for slot in node.get("inputs") or ()
        if slot.get("link") in links and slot.get("widget")
    ]


def _inputs(scope: Scope, node: dict[str, Any], orders: Orders) -> dict[str, Any]:
    inputs = {name: _plain(value) for name, value in named_values(node, orders).items()}
    for name in inputs:
        if (node["id"], name) in scope.promoted:
            inputs[name] = _plain(scope.promoted[node["id"], name])
    for slot in node.get("inputs") or ():
        if slot.get("link") is None:
            continue
        value = _arriving(scope, slot["link"])
        if value is Dropped:
            inputs.pop(slot["name"], None)
        elif value is not Kept:
            inputs[slot["name"]] = value
    return inputs


def _plain(value: Any) -> Any:
    """Return a value as the server takes it: a bare list would be a link."""
    return {"__value__": value} if isinstance(value, list) else value


def _arriving(scope: Scope, link: Any) -> Any:
    """Return what a link brings: `[node, slot]`, a value, Dropped or Kept."""
    for _ in range(MAX_STEPS):
        if link not in scope.links:
            return Dropped
        origin, slot = scope.links[link]
        if origin == OUTSIDE and scope.parent is not None:
            name = scope.content["inputs"][slot]["name"]
            entries = scope.instance.get("inputs") or ()
            link = next((e.get("link") for e in entries if e["name"] == name), None)
            if link is None:
                return Kept
            scope = scope.parent
            continue
        node = scope.nodes.get(origin)
        if node is None or node.get("mode") == MUTED:
            return Dropped
        if node["type"] == "PrimitiveNode":
            return _plain((node.get("widgets_values") or [None])[0])
        if node["type"] == "Reroute" or node.get("mode") == BYPASSED:
            link = _passed_through(node, slot)
        elif origin in scope.inner:
            scope = scope.inner[origin]
            link = _result_link(scope, slot)
        else:
            return [f"{scope.prefix}{origin}", slot]
    return Dropped


def _passed_through(node: dict[str, Any], slot: int) -> Any:
    """Return the link that a bypassed node or a reroute hands on: the first of the same type."""
    outputs = node.get("outputs") or ()
    wanted = outputs[slot].get("type") if slot < len(outputs) else None
    entries = [entry for entry in node.get("inputs") or () if entry.get("link") is not None]
    if node["type"] != "Reroute":
        entries = [entry for entry in entries if entry.get("type") == wanted]
    return entries[0]["link"] if entries else None


def _result_link(scope: Scope, slot: int) -> Any:
    outputs = scope.content.get("outputs") or ()
    links = outputs[slot].get("linkIds") if slot < len(outputs) else None
    return links[0] if links else None


def _link(link: Any) -> tuple[Any, tuple[Any, Any]]:
    """Return a link's id and origin, from either of its two shapes."""
    if isinstance(link, dict):
        return link["id"], (link["origin_id"], link["origin_slot"])
    return link[0], (link[1], link[2])


def _number(text: Any) -> Any:
    return int(text) if isinstance(text, str) and text.lstrip("-").isdigit() else text
