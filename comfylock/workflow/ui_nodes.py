"""The nodes of a UI workflow as decoded: typed where it is cheap, raw where few need it.

Source: the workflow schemas 0.4 and 1.0 of ComfyUI_frontend.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw, Struct

from comfylock.model import Problem
from comfylock.workflow.reading import ModelStamp

NULL = Raw(b"null")


class Properties(Struct, gc=False):
    """What the editor and the Manager stamp into a node."""

    cnr_id: str | None = None
    aux_id: str | None = None
    ver: str | None = None
    models: list[ModelStamp] | None = None
    proxyWidgets: Any = None  # noqa: N815 - the wire's spelling


class Widget(Struct, gc=False):
    """The mark of an input that shows a widget; what is in it is not looked at."""


class Input(Struct, gc=False):
    """One input of a node."""

    name: str | None = None
    link: int | str | float | None = None
    widget: Widget | None = None


class SubgraphInput(Struct, gc=False):
    """One input of a subgraph, and the links that it sends inside."""

    name: str | None = None
    linkIds: list[int | str] | None = None  # noqa: N815 - the wire's spelling


class UiNode(Struct, gc=False):
    """A node, as much of it as is ever looked at."""

    type: str
    id: int | str | float | None = None
    mode: Any = 0
    inputs: list[Input] | None = None
    properties: Properties | None = None
    widgets_values: Any = None
    widgets_values_named: dict[str, Any] | None = None

    def names_fit(self) -> bool:
        """Say whether the names stored beside a list of widget values are its names, in order."""
        named, values = self.widgets_values_named, self.widgets_values
        return bool(named) and type(values) is list and len(values) == len(named or ())

    def named_values(self) -> Any:
        """Return the widget values by name if they are stored so, else as they are.

        Where list and names have the same length but not the same values, somebody edited one of
        them by hand; the editor loads the list.
        """
        named, values = self.widgets_values_named, self.widgets_values
        if not named:
            return values
        return dict(zip(named, values, strict=True)) if self.names_fit() else named


class UiSubgraph(Struct, gc=False):
    """A subgraph definition; an instance is a node whose type is its id."""

    id: str
    nodes: list[UiNode] = []
    links: Raw = NULL
    inputs: list[SubgraphInput] | None = None
    definitions: UiDefinitions | None = None


class UiDefinitions(Struct, gc=False):
    """Where a workflow or a subgraph keeps its subgraph definitions."""

    subgraphs: list[UiSubgraph] | None = None


class UiExtra(Struct, gc=False):
    """The part of `extra` that holds nodes."""

    groupNodes: dict[str, Any] | None = None  # noqa: N815 - the wire's spelling


class UiWorkflow(Struct, gc=False):
    """A whole UI workflow."""

    nodes: list[UiNode]
    links: Raw = NULL
    last_node_id: Raw | msgspec.UnsetType = msgspec.UNSET
    state: Any = None
    version: Any = None
    definitions: UiDefinitions | None = None
    extra: UiExtra | None = None
    models: list[ModelStamp] | None = None

    @property
    def is_marked(self) -> bool:
        """Say whether it has what only a ComfyUI graph has at its top."""
        return self.last_node_id is not msgspec.UNSET or is_editor_state(self.state)


def is_editor_state(state: Any) -> bool:
    """Say whether this is the `state` of schema 1, which counts what the editor has made."""
    return isinstance(state, dict) and not {"lastNodeId", "lastLinkId"}.isdisjoint(state)


UI_DECODER = msgspec.json.Decoder(UiWorkflow)


def salvage_workflow(value: dict[str, Any], problems: list[Problem]) -> tuple[UiWorkflow, int]:
    """Build a workflow from decoded JSON that has faults; return it and how many nodes were lost.

    Each fault costs what holds it, a node or a definition, and adds a problem.
    """
    nodes, lost = _salvage_nodes(value.get("nodes"), "nodes", problems)
    workflow = UiWorkflow(
        nodes=nodes,
        links=_raw(value.get("links")),
        last_node_id=NULL if "last_node_id" in value else msgspec.UNSET,
        state=value.get("state"),
        version=value.get("version"),
        models=_salvage_stamps(value.get("models"), "models", problems),
    )
    extra = value.get("extra")
    if isinstance(extra, dict) and isinstance(extra.get("groupNodes"), dict):
        workflow.extra = UiExtra(groupNodes=extra["groupNodes"])
    workflow.definitions, more = _salvage_definitions(
        value.get("definitions"), "definitions", problems, 0
    )
    return workflow, lost + more


def salvage_nodes(value: Any, path: str, problems: list[Problem]) -> tuple[list[UiNode], int]:
    """Build nodes from a decoded list that may have faults; return them and how many were lost."""
    return _salvage_nodes(value, path, problems)


def _salvage_definitions(
    value: Any, path: str, problems: list[Problem], depth: int
) -> tuple[UiDefinitions | None, int]:
    if not isinstance(value, dict) or value.get("subgraphs") is None:
        if value is not None and not isinstance(value, dict):
            problems.append(Problem(path, f"is {kind_of(value)} instead of an object"))
        return None, 0
    entries = value["subgraphs"]
    path = f"{path}.subgraphs"
    if not isinstance(entries, list):
        problems.append(Problem(path, f"is {kind_of(entries)} instead of a list"))
        return None, 0
    subgraphs, lost = [], 0
    for index, entry in enumerate(entries):
        here = f"{path}[{index}]"
        if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
            problems.append(Problem(here, "is not a subgraph definition with an id"))
            lost += 1
            continue
        nodes, gone = _salvage_nodes(entry.get("nodes"), f"{here}.nodes", problems)
        inner, deeper = None, 0
        if depth < MAX_DEPTH:
            inner, deeper = _salvage_definitions(
                entry.get("definitions"), f"{here}.definitions", problems, depth + 1
            )
        lost += gone + deeper
        subgraphs.append(
            UiSubgraph(
                id=entry["id"],
                nodes=nodes,
                links=_raw(entry.get("links")),
                inputs=_salvage_subgraph_inputs(entry.get("inputs")),
                definitions=inner,
            )
        )
    return UiDefinitions(subgraphs=subgraphs), lost


MAX_DEPTH = 64
"""Subgraph definitions inside each other; the editor itself makes far fewer."""


def _salvage_nodes(value: Any, path: str, problems: list[Problem]) -> tuple[list[UiNode], int]:
    if not isinstance(value, list):
        problems.append(Problem(path, f"is {kind_of(value)} instead of a list"))
        return [], 1
    nodes, lost = [], 0
    for index, entry in enumerate(value):
        node = _salvage_node(entry, f"{path}[{index}]", problems)
        if node is None:
            lost += 1
        else:
            nodes.append(node)
    return nodes, lost


def _salvage_node(entry: Any, path: str, problems: list[Problem]) -> UiNode | None:
    if not isinstance(entry, dict):
        problems.append(Problem(path, f"is {kind_of(entry)} instead of a node"))
        return None
    class_type = entry.get("type")
    if not isinstance(class_type, str) or not class_type.strip():
        problems.append(
            Problem(f"{path}.type", f"is {kind_of(class_type)} instead of a class type")
        )
        return None
    identifier = entry.get("id")
    if not isinstance(identifier, int | str | float) and identifier is not None:
        problems.append(Problem(f"{path}.id", f"is {kind_of(identifier)} instead of an id"))
        identifier = None
    named = entry.get("widgets_values_named")
    return UiNode(
        type=class_type,
        id=identifier,
        mode=entry.get("mode", 0),
        inputs=_salvage_inputs(entry.get("inputs")),
        properties=_salvage_properties(entry.get("properties"), f"{path}.properties", problems),
        widgets_values=entry.get("widgets_values"),
        widgets_values_named=named if isinstance(named, dict) else None,
    )


def _salvage_properties(value: Any, path: str, problems: list[Problem]) -> Properties | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        problems.append(Problem(path, f"is {kind_of(value)} instead of an object, ignored"))
        return None
    stamps: dict[str, str | None] = {}
    for name in ("cnr_id", "aux_id", "ver"):
        stamp = value.get(name)
        if stamp is not None and not isinstance(stamp, str):
            problems.append(Problem(f"{path}.{name}", f"is {kind_of(stamp)} instead of a text"))
            stamp = None
        stamps[name] = stamp
    return Properties(
        **stamps,
        models=_salvage_stamps(value.get("models"), f"{path}.models", problems),
        proxyWidgets=value.get("proxyWidgets"),
    )


def _salvage_stamps(value: Any, path: str, problems: list[Problem]) -> list[ModelStamp] | None:
    if value is None:
        return None
    if not isinstance(value, list):
        problems.append(Problem(path, f"is {kind_of(value)} instead of a list, ignored"))
        return None
    stamps = []
    for index, entry in enumerate(value):
        if not isinstance(entry, dict):
            problems.append(Problem(f"{path}[{index}]", f"is {kind_of(entry)}, ignored"))
            continue
        words = {word: entry.get(word) for word in ModelStamp.__struct_fields__}
        stamps.append(
            ModelStamp(**{k: v if isinstance(v, str) else None for k, v in words.items()})
        )
    return stamps


def _salvage_inputs(value: Any) -> list[Input] | None:
    """Return a node's inputs; what is damaged in one costs that one."""
    if not isinstance(value, list):
        return None
    inputs = []
    for entry in value:
        if not isinstance(entry, dict):
            continue
        name, link, widget = entry.get("name"), entry.get("link"), entry.get("widget")
        inputs.append(
            Input(
                name=name if isinstance(name, str) else None,
                link=link if isinstance(link, int | str | float) else None,
                widget=Widget() if isinstance(widget, dict) else None,
            )
        )
    return inputs


def _salvage_subgraph_inputs(value: Any) -> list[SubgraphInput] | None:
    """Return a subgraph's inputs in their places; what is damaged in one costs its name."""
    if not isinstance(value, list):
        return None
    inputs = []
    for entry in value:
        name = entry.get("name") if isinstance(entry, dict) else None
        links = entry.get("linkIds") if isinstance(entry, dict) else None
        inputs.append(
            SubgraphInput(
                name=name if isinstance(name, str) else None,
                linkIds=[link for link in links if isinstance(link, int | str)]
                if isinstance(links, list)
                else None,
            )
        )
    return inputs


def _raw(value: Any) -> Raw:
    return Raw(msgspec.json.encode(value)) if value is not None else NULL


def kind_of(value: Any) -> str:
    """Name a JSON value's type for a message."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, str):
        return "a text" if value.strip() else "an empty text"
    if isinstance(value, int | float):
        return "a number"
    return "a list" if isinstance(value, list) else "an object"
