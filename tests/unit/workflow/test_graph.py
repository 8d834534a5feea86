from __future__ import annotations

import io
import json
import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import networkx as nx
import pytest

from comfylock.model import Report
from comfylock.ops.analyze import analyze
from comfylock.workflow.graph import build_graph, render_graph
from tests.builders import encoded, made_up_registry, node, ui

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = 'a"]; evil --> b <x> & \\ \x00\x1b[31m\u202e\ufffe #35;\n`短い` %% }'


@pytest.fixture
def report(tmp_path: Path) -> Report:
    workflow = ui(
        node(1, "KSampler"),
        node(2, "AlphaNode"),
        node(3, "LoraLoader", "x.safetensors"),
        node(4, HOSTILE),
        node(5, HOSTILE + "2"),
    )
    return analyze([encoded(workflow), encoded(workflow)], registry=made_up_registry(tmp_path))


def test_edges_lead_to_what_is_needed(report: Report) -> None:
    graph = build_graph(report)
    assert graph.has_edge("workflow:<input 1>", "class:AlphaNode")
    assert graph.has_edge("class:AlphaNode", "pack:alpha")
    assert graph.has_edge("class:KSampler", "pack:comfy-core")
    assert graph.has_edge("workflow:<input 2>", "model:loras/x.safetensors")
    assert nx.is_directed_acyclic_graph(graph)
    assert graph.nodes["class:AlphaNode"] == {
        "kind": "class",
        "label": "AlphaNode",
        "status": "pack",
    }


def test_graphml_is_read_again(report: Report) -> None:
    text = render_graph(report, "graphml")
    graph = nx.read_graphml(io.BytesIO(text.encode()))
    assert graph.number_of_edges() == build_graph(report).number_of_edges()
    assert ET.fromstring(text).tag.endswith("graphml")


def test_json_is_read_again(report: Report) -> None:
    data = json.loads(render_graph(report, "json"))
    graph = nx.node_link_graph(data, edges="links")
    assert set(graph.edges) == set(build_graph(report).edges)


def test_dot_has_one_statement_a_line(report: Report) -> None:
    first, second, *lines, last = render_graph(report, "dot").splitlines()
    assert (first, second, last) == ("digraph comfylock {", "  rankdir=LR;", "}")
    text = r'"(?:[^"\\]|\\.)*"'
    statement = re.compile(rf"  {text} (?:\[label={text}, shape=\w+\]|-> {text});\Z")
    assert all(statement.match(line) for line in lines)
    graph = build_graph(report)
    assert len(lines) == len(graph) + graph.number_of_edges()


def test_mermaid_has_one_statement_a_line(report: Report) -> None:
    first, *lines = render_graph(report, "mermaid").splitlines()
    assert first == "flowchart LR"
    label = r"[\w .\-/()#;]*"
    shape = rf'\(\["{label}"\]\)|\["{label}"\]|\[\["{label}"\]\]|\[\("{label}"\)\]'
    statement = re.compile(rf"  n\d+(?:{shape}| --> n\d+)\Z")
    assert [line for line in lines if not statement.match(line)] == []


@pytest.mark.parametrize("shape", ["mermaid", "dot", "graphml"])
def test_nothing_hostile_is_left(report: Report, shape: str) -> None:
    text = render_graph(report, shape)  # type: ignore[arg-type]
    assert not set(text) & set("\0\x1b\u202e\ufffe")


def test_an_empty_report_is_an_empty_graph() -> None:
    for shape in ("mermaid", "dot", "graphml", "json"):
        assert render_graph(Report(), shape).endswith("\n")
