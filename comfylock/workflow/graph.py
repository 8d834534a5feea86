"""Workflows, class types, packs and models as one graph: who needs what.

The only place on this floor that knows networkx.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal

import networkx as nx

if TYPE_CHECKING:
    from comfylock.model import Report

Shape = Literal["mermaid", "dot", "graphml", "json"]


def build_graph(report: Report) -> nx.DiGraph[str]:
    """Return the directed graph of a report.

    Nodes are `workflow:…`, `class:…`, `pack:…` and `model:…` with attributes `kind` and `label`;
    edges lead from what needs to what is needed. Sorted, so that the same report gives the same
    graph.
    """
    graph: nx.DiGraph[str] = nx.DiGraph()
    for workflow in report.workflows:
        source = _add(graph, "workflow", workflow.path)
        for use in workflow.class_types:
            target = _add(graph, "class", use.class_type, status=use.kind)
            graph.add_edge(source, target)
            if use.pack is not None:
                graph.add_edge(target, _add(graph, "pack", use.pack))
        for model in workflow.models:
            path = f"{model.folder}/{model.name}" if model.folder else model.name
            graph.add_edge(source, _add(graph, "model", path))
    return graph


def render_graph(report: Report, shape: Shape) -> str:
    """Return the graph as text in one of four languages, deterministic, with a final newline."""
    graph = build_graph(report)
    if shape == "graphml":
        return "\n".join(nx.generate_graphml(_printable(graph))) + "\n"
    if shape == "json":
        return (
            json.dumps(nx.node_link_data(graph, edges="links"), indent=2, ensure_ascii=False) + "\n"
        )
    return _mermaid(graph) if shape == "mermaid" else _dot(graph)


def _add(graph: nx.DiGraph[str], kind: str, label: str, **more: str) -> str:
    name = f"{kind}:{label}"
    if name not in graph:
        graph.add_node(name, kind=kind, label=label, **more)
    return name


_SHAPES = {
    "workflow": ('(["', '"])'),
    "class": ('["', '"]'),
    "pack": ('[["', '"]]'),
    "model": ('[("', '")]'),
}


def _mermaid(graph: nx.DiGraph[str]) -> str:
    """Return Mermaid's flowchart language; labels are quoted with its character entities."""
    numbers = {name: f"n{index}" for index, name in enumerate(graph)}
    lines = ["flowchart LR"]
    for name, data in graph.nodes(data=True):
        start, end = _SHAPES[data["kind"]]
        lines.append(f"  {numbers[name]}{start}{_entities(data['label'])}{end}")
    lines += [f"  {numbers[a]} --> {numbers[b]}" for a, b in graph.edges]
    return "\n".join(lines) + "\n"


def _entities(text: str) -> str:
    return "".join(c if c.isalnum() or c in " ._-/()" else f"#{ord(c)};" for c in text)


_DOT_SHAPES = {"workflow": "note", "class": "box", "pack": "component", "model": "cylinder"}


def _dot(graph: nx.DiGraph[str]) -> str:
    """Return Graphviz's language; names are double-quoted strings."""
    lines = ["digraph comfylock {", "  rankdir=LR;"]
    for name, data in graph.nodes(data=True):
        shape = _DOT_SHAPES[data["kind"]]
        lines.append(f"  {_quoted(name)} [label={_quoted(data['label'])}, shape={shape}];")
    lines += [f"  {_quoted(a)} -> {_quoted(b)};" for a, b in graph.edges]
    return "\n".join([*lines, "}"]) + "\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else "\ufffd" for c in escaped) + '"'


def _printable(graph: nx.DiGraph[str]) -> nx.DiGraph[str]:
    """Return the graph without characters that XML cannot hold."""

    def clean(text: str) -> str:
        return "".join(c if c.isprintable() else "\ufffd" for c in text)

    renamed: nx.DiGraph[str] = nx.relabel_nodes(graph, {name: clean(name) for name in graph})
    for _, data in renamed.nodes(data=True):
        data.update({key: clean(value) for key, value in data.items()})
    return renamed
