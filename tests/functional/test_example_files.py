"""The example workflows are sound: tidy, and every link joins what exists."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.reading import found

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = Path(__file__).parents[2] / "examples" / "workflows"
JSON_FILES = sorted(path.name for path in EXAMPLES.glob("*.json"))
PICTURE = "render_with_workflow.png"
COLUMNS = 100
INPUT, OUTPUT = -10, -20
"""The ids that stand for a subgraph's own inputs and outputs."""


def tidy(value: Any, indent: int = 0, column: int = 0) -> str:
    """JSON with two spaces; what fits into the line stays on one line."""
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or column + len(line) <= COLUMNS:
        return line
    margin = "  " * (indent + 1)
    named: list[tuple[str, Any]] = [("", item) for item in value]
    if isinstance(value, dict):
        named = [(json.dumps(key) + ": ", item) for key, item in value.items()]
    rows = [margin + name + tidy(item, indent + 1, len(margin + name) + 1) for name, item in named]
    start, end = "{}" if isinstance(value, dict) else "[]"
    return start + "\n" + ",\n".join(rows) + "\n" + "  " * indent + end


@pytest.mark.parametrize("name", JSON_FILES)
def test_files_are_tidy(name: str) -> None:
    text = (EXAMPLES / name).read_text(encoding="utf-8")
    assert text == tidy(json.loads(text)) + "\n"
    assert len(text) < 14_000


def ui_workflows() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every UI workflow of the examples, those inside other files too."""
    for name in JSON_FILES:
        value = json.loads((EXAMPLES / name).read_text())
        if name == "history_entry.json":
            (entry,) = value.values()
            value = entry["prompt"][3]["extra_pnginfo"]["workflow"]
        if "nodes" in value:
            yield name, value
    picture = dict(found((EXAMPLES / PICTURE).read_bytes()))
    yield PICTURE, json.loads(picture["workflow"])


def graphs() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every list of nodes with its links: the top of each workflow and its subgraphs."""
    for name, workflow in ui_workflows():
        yield name, workflow
        for subgraph in workflow.get("definitions", {}).get("subgraphs", ()):
            yield f"{name}: {subgraph['name']}", subgraph


def link_ends(link: Any) -> tuple[Any, ...]:
    if isinstance(link, list):
        return tuple(link)
    keys = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
    return tuple(link[key] for key in keys)


GRAPHS = [pytest.param(graph, id=name) for name, graph in graphs()]


@pytest.mark.parametrize("graph", GRAPHS)
def test_links_join_what_exists(graph: dict[str, Any]) -> None:
    nodes = {node["id"]: node for node in graph["nodes"]}
    links = [link_ends(link) for link in graph["links"]]
    assert len({number for number, *_ in links}) == len(links)
    for number, origin, slot, target, place, kind in links:
        source = (graph["inputs"] if origin == INPUT else nodes[origin]["outputs"])[slot]
        sink = (graph["outputs"] if target == OUTPUT else nodes[target]["inputs"])[place]
        assert number in source["linkIds" if origin == INPUT else "links"]
        assert number in sink["linkIds"] if target == OUTPUT else number == sink["link"]
        assert source["type"] == kind
        assert sink["type"] == kind


@pytest.mark.parametrize("graph", GRAPHS)
def test_nodes_know_only_links_that_exist(graph: dict[str, Any]) -> None:
    known = {link_ends(link)[0] for link in graph["links"]}
    for node in graph["nodes"]:
        named = {entry["link"] for entry in node["inputs"]} - {None}
        named.update(*(output["links"] or () for output in node["outputs"]))
        assert named <= known
    ids = [node["id"] for node in graph["nodes"]]
    orders = sorted(node["order"] for node in graph["nodes"])
    assert len(set(ids)) == len(ids)
    assert orders == list(range(len(ids)))


@pytest.mark.parametrize(("name", "workflow"), list(ui_workflows()))
def test_last_ids(name: str, workflow: dict[str, Any]) -> None:
    state = workflow.get("state", {})
    last_node = workflow.get("last_node_id", state.get("lastNodeId"))
    last_link = workflow.get("last_link_id", state.get("lastLinkId"))
    assert last_node == max(node["id"] for node in workflow["nodes"]), name
    assert last_link == max(link_ends(link)[0] for link in workflow["links"]), name


def api_workflows() -> Iterator[tuple[str, dict[str, Any]]]:
    for name in JSON_FILES:
        value = json.loads((EXAMPLES / name).read_text())
        if name == "history_entry.json":
            (entry,) = value.values()
            value = entry["prompt"][2]
        elif name == "worker_request.json":
            value = value["input"]["workflow"]
        if "nodes" not in value:
            yield name, value
    picture = dict(found((EXAMPLES / PICTURE).read_bytes()))
    yield PICTURE, json.loads(picture["prompt"])


@pytest.mark.parametrize(("name", "nodes"), list(api_workflows()))
def test_api_links_lead_to_nodes(name: str, nodes: dict[str, Any]) -> None:
    links = [
        value
        for node in nodes.values()
        for value in node["inputs"].values()
        if isinstance(value, list)
    ]
    assert links, name
    assert {origin for origin, _ in links} <= nodes.keys()
