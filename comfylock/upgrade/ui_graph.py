"""A workflow of the editor, as much of it as turning it into a prompt needs.

Source: the workflow schemas 0.4 and 1.0 of ComfyUI_frontend.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw, Struct

from comfylock.model import Problem
from comfylock.workflow.scope import link_origins
from comfylock.workflow.ui_nodes import MAX_DEPTH, NULL, Properties, SubgraphInput, kind_of

Id = int | str | float


class WidgetMark(Struct, gc=False):
    """The mark of an input that shows a widget, with the widget's name."""

    name: Any = None


class Slot(Struct, gc=False):
    """One input of a node."""

    name: str | None = None
    type: Any = None
    link: Id | None = None
    widget: WidgetMark | None = None


class Outlet(Struct, gc=False):
    """One output of a node."""

    type: Any = None


class GraphNode(Struct, gc=False):
    """A node of the editor."""

    type: str
    id: Id | None = None
    mode: Any = 0
    inputs: list[Slot] | None = None
    outputs: list[Outlet] | None = None
    properties: Properties | None = None
    widgets_values: Any = None
    widgets_values_named: dict[str, Any] | None = None


class SubgraphOutput(Struct, gc=False):
    """One output of a subgraph, and the links that end in it."""

    name: str | None = None
    linkIds: list[int | str] | None = None  # noqa: N815 - the wire's spelling


class Subgraph(Struct, gc=False):
    """A subgraph's definition; an instance is a node whose type is its id."""

    id: str
    nodes: list[GraphNode] = []
    links: Raw = NULL
    inputs: list[SubgraphInput] | None = None
    outputs: list[SubgraphOutput] | None = None
    definitions: Definitions | None = None
    origins: dict[Any, tuple[Any, Any]] | None = None
    by_id: dict[Any, GraphNode] | None = None


class Definitions(Struct, gc=False):
    """Where subgraph definitions are kept."""

    subgraphs: list[Subgraph] | None = None


class Extra(Struct, gc=False):
    """The part of `extra` that changes what a workflow means."""

    groupNodes: dict[str, Any] | None = None  # noqa: N815 - the wire's spelling
    ue_links: Any = None
    """What Use-Everywhere linked when the workflow was saved."""


class Graph(Struct, gc=False):
    """A whole workflow of the editor."""

    nodes: list[GraphNode]
    links: Raw = NULL
    definitions: Definitions | None = None
    extra: Extra | None = None


_DECODER = msgspec.json.Decoder(Graph)


def decode_graph(data: bytes) -> Graph | None:
    """Return the workflow that JSON bytes hold; None if anything in it is not as it should be."""
    try:
        return _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def convert_graph(value: dict[str, Any], problems: list[Problem]) -> Graph:
    """Return the workflow of decoded JSON that may have faults; each costs what holds it."""
    return Graph(
        _nodes(value.get("nodes"), "nodes", problems),
        _raw(value.get("links")),
        _definitions(value.get("definitions"), "definitions", problems, 0),
        _part(value.get("extra"), Extra),
    )


def _nodes(value: Any, path: str, problems: list[Problem]) -> list[GraphNode]:
    if not isinstance(value, list):
        problems.append(Problem(path, f"is {kind_of(value)} instead of a list"))
        return []
    nodes = []
    for index, entry in enumerate(value):
        try:
            nodes.append(msgspec.convert(entry, GraphNode))
        except (msgspec.ValidationError, RecursionError) as error:
            node = _without_faults(entry)
            if node is None:
                told = str(error).splitlines()[0][:120]
                problems.append(Problem(f"{path}[{index}]", f"is no node that can be read: {told}"))
            else:
                nodes.append(node)
    return nodes


def _without_faults(entry: Any) -> GraphNode | None:
    """Return a node without those of its parts that cannot be read; None without a type."""
    if not isinstance(entry, dict) or not isinstance(entry.get("type"), str):
        return None
    kept: dict[str, Any] = {}
    for name in GraphNode.__struct_fields__:
        if name not in entry:
            continue
        try:
            msgspec.convert({"type": "x", name: entry[name]}, GraphNode)
        except (msgspec.ValidationError, RecursionError):
            continue
        kept[name] = entry[name]
    return msgspec.convert(kept, GraphNode)


def _definitions(value: Any, path: str, problems: list[Problem], depth: int) -> Definitions | None:
    entries = value.get("subgraphs") if isinstance(value, dict) else None
    if not isinstance(entries, list) or depth > MAX_DEPTH:
        return None
    found = []
    for index, entry in enumerate(entries):
        here = f"{path}.subgraphs[{index}]"
        if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
            problems.append(Problem(here, "is not a subgraph definition with an id"))
            continue
        found.append(
            Subgraph(
                entry["id"],
                _nodes(entry.get("nodes"), f"{here}.nodes", problems),
                _raw(entry.get("links")),
                _part(entry.get("inputs"), list[SubgraphInput]),
                _part(entry.get("outputs"), list[SubgraphOutput]),
                _definitions(entry.get("definitions"), f"{here}.definitions", problems, depth + 1),
            )
        )
    return Definitions(found)


def _part(value: Any, kind: Any) -> Any:
    try:
        return None if value is None else msgspec.convert(value, kind)
    except (msgspec.ValidationError, RecursionError):
        return None


def _raw(value: Any) -> Raw:
    return NULL if value is None else Raw(msgspec.json.encode(value))


def prepared(subgraph: Subgraph) -> Subgraph:
    """Return a definition with its links and nodes ready to be looked up."""
    if subgraph.origins is None:
        subgraph.origins = link_origins(subgraph.links)
        subgraph.by_id = {node.id: node for node in subgraph.nodes}
    return subgraph


def declared(definitions: Definitions | None, found: dict[str, Subgraph], depth: int = 0) -> None:
    """Collect all definitions by id, those inside others too; the first of an id counts."""
    for subgraph in (definitions.subgraphs if definitions else None) or ():
        found.setdefault(subgraph.id, subgraph)
        if depth < MAX_DEPTH:
            declared(subgraph.definitions, found, depth + 1)
