"""The pure parts of the benchmarks, on made-up workflows and labels."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.__main__ import parse
from benchmarks.api_format import to_api
from benchmarks.labels import CORE, Aliases, Occurrence, labelled, of_repository
from benchmarks.stamps import MODEL_STAMPS, ORIGIN_STAMPS, without_stamps
from benchmarks.table import Row, as_markdown, as_text, at_least, exactly, ratio
from benchmarks.widget_names import align, learn_orders, named_values
from comfylock.registry.store import Pack

INNER = "6f3f1a52-9f0e-4f52-9f0a-0b6a3ad9c001"


def node(identifier: int, class_type: str, **more: Any) -> dict[str, Any]:
    return {"id": identifier, "type": class_type, "mode": 0, **more}


def slot(name: str, link: int | None = None, *, widget: bool = False) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": name, "type": "X", "link": link}
    return {**entry, "widget": {"name": name}} if widget else entry


def loader(identifier: int, value: str, link: int | None = None) -> dict[str, Any]:
    inputs = [slot("vae_name", link, widget=True)]
    return node(identifier, "VAELoader", inputs=inputs, widgets_values=[value])


def subgraph(nodes: list[dict[str, Any]], links: list[Any], **more: Any) -> dict[str, Any]:
    return {"id": INNER, "nodes": nodes, "links": links, "inputs": [], "outputs": [], **more}


def api(nodes: list[dict[str, Any]], links: list[Any] = [], *definitions: Any) -> Any:  # noqa: B006
    workflow = {"nodes": nodes, "links": links, "definitions": {"subgraphs": list(definitions)}}
    return to_api(workflow, {})


def test_widget_values_become_named_inputs() -> None:
    converted = api([loader(1, "a.safetensors")])
    assert converted["1"]["class_type"] == "VAELoader"
    assert converted["1"]["inputs"] == {"vae_name": "a.safetensors"}


def test_links_point_past_reroutes_and_bypassed_nodes() -> None:
    nodes = [
        loader(1, "a.safetensors"),
        node(2, "Reroute", inputs=[slot("", 10)], outputs=[{"type": "X"}]),
        node(3, "Blur", mode=4, inputs=[slot("image", 11)], outputs=[{"type": "X"}]),
        node(4, "Decode", inputs=[slot("vae", 12)]),
    ]
    links = [[10, 1, 0, 2, 0, "X"], [11, 2, 0, 3, 0, "X"], [12, 3, 0, 4, 0, "X"]]
    converted = api(nodes, links)
    assert set(converted) == {"1", "4"}
    assert converted["4"]["inputs"] == {"vae": ["1", 0]}


def test_a_link_from_a_muted_node_is_no_input() -> None:
    nodes = [node(1, "Blur", mode=2), loader(2, "a.safetensors", link=10)]
    assert api(nodes, [[10, 1, 0, 2, 0, "X"]])["2"]["inputs"] == {}


def test_a_primitive_gives_its_value() -> None:
    nodes = [node(1, "PrimitiveNode", widgets_values=["b.pt"]), loader(2, "a.pt", link=10)]
    assert api(nodes, [[10, 1, 0, 2, 0, "X"]]) == {
        "2": {
            "class_type": "VAELoader",
            "inputs": {"vae_name": "b.pt"},
            "_meta": {"title": "VAELoader"},
        }
    }


def test_subgraphs_are_flattened_with_the_instance_s_own_values() -> None:
    inner = subgraph(
        [loader(7, "saved.pt", link=20), node(8, "Decode", inputs=[slot("vae", 21)])],
        [
            {"id": 20, "origin_id": -10, "origin_slot": 0},
            {"id": 21, "origin_id": 7, "origin_slot": 0},
            {"id": 22, "origin_id": 8, "origin_slot": 0},
        ],
        inputs=[{"name": "which", "linkIds": [20]}],
        outputs=[{"name": "image", "linkIds": [22]}],
    )
    asks = [slot("which", widget=True)]
    nodes = [
        node(1, INNER, inputs=asks, widgets_values=["asked.pt"]),
        node(2, INNER, inputs=asks, widgets_values=[]),
        node(3, INNER, inputs=asks, mode=4),
        node(4, "Save", inputs=[slot("image", 10)]),
    ]
    converted = api(nodes, [[10, 1, 0, 4, 0, "X"]], inner)
    assert set(converted) == {"1:7", "1:8", "2:7", "2:8", "4"}
    assert converted["1:7"]["inputs"] == {"vae_name": "asked.pt"}
    assert converted["2:7"]["inputs"] == {"vae_name": "saved.pt"}
    assert converted["2:8"]["inputs"] == {"vae": ["2:7", 0]}
    assert converted["4"]["inputs"] == {"image": ["1:8", 0]}


def test_links_in_a_circle_end() -> None:
    around = [node(1, "Reroute", inputs=[slot("", 10)]), node(2, "Save", inputs=[slot("i", 10)])]
    assert api(around, [[10, 1, 0, 1, 0, "X"]])["2"]["inputs"] == {}


@pytest.mark.parametrize(
    ("names", "values", "expected"),
    [
        (["seed", "steps"], [1, "randomize", 20], ["seed", None, "steps"]),
        (["mode"], ["fixed"], ["mode"]),
        (["a"], [1, 2], None),
        (["a", "b"], [1], None),
    ],
)
def test_names_are_matched_with_values(
    names: list[str], values: list[Any], expected: list[str | None] | None
) -> None:
    assert align(names, values) == expected


def test_one_node_tells_the_names_for_others_of_its_class() -> None:
    telling = node(1, "K", widgets_values=[1, "fixed", 2])
    telling["widgets_values_named"] = {"seed": 1, "control_after_generate": "fixed", "steps": 2}
    orders = learn_orders([{"nodes": [telling]}])
    silent = node(2, "K", widgets_values=[7, "fixed", 9, "more"])
    assert named_values(silent, orders) == {"seed": 7, "steps": 9, "widget_3": "more"}


def test_the_list_counts_where_named_values_differ() -> None:
    both = node(1, "K", widgets_values=["new.pt"], widgets_values_named={"vae_name": "old.pt"})
    assert named_values(both, {}) == {"vae_name": "new.pt"}
    both["widgets_values"] = ["new.pt", "an editor's own button"]
    assert named_values(both, {}) == {"vae_name": "old.pt"}
    assert named_values(node(1, "K", widgets_values={"a": 1}), {}) == {"a": 1}
    assert named_values(node(1, "K", widgets_values=None), {}) == {}


def test_stamps_are_taken_out_of_properties_only() -> None:
    workflow = {
        "models": ["kept"],
        "nodes": [{"ver": "kept", "properties": {"cnr_id": "x", "ver": "1", "models": [1]}}],
    }
    assert without_stamps(workflow, ORIGIN_STAMPS)["nodes"] == [
        {"ver": "kept", "properties": {"models": [1]}}
    ]
    stripped = without_stamps(workflow, MODEL_STAMPS)
    assert stripped["models"] == ["kept"]
    assert stripped["nodes"][0]["properties"] == {"cnr_id": "x", "ver": "1"}


ALIASES = Aliases({"gh:ann/comfyui-tools": ["gh:ann/comfyui-tools", "id:tools"]})


@pytest.mark.parametrize(
    ("stamp", "labels"),
    [
        ({"cnr_id": "Tools", "aux_id": None}, {"gh:ann/comfyui-tools"}),
        ({"cnr_id": "tools", "aux_id": "Ann/ComfyUI-Tools"}, {"gh:ann/comfyui-tools"}),
        ({"cnr_id": "tools", "aux_id": "bob/other"}, {"gh:ann/comfyui-tools", "gh:bob/other"}),
        ({"cnr_id": None, "aux_id": "SetNode"}, set()),
        ({"cnr_id": "comfy-core"}, {CORE}),
    ],
)
def test_stamps_name_packs(stamp: dict[str, Any], labels: set[str]) -> None:
    assert ALIASES.of_stamp(stamp) == labels


def test_packs_answer_to_their_names() -> None:
    pack = Pack(id="else", repository="https://github.com/Bob/ComfyUI-Else.git", aliases=("old",))
    labels = ALIASES.of_pack("else", pack)
    assert {"id:else", "id:old", "gh:bob/comfyui-else"} <= labels
    assert "gh:ann/comfyui-tools" not in labels


def test_a_fork_of_the_same_name_does_not_answer_to_the_id_of_another() -> None:
    fork = Pack(repository="https://github.com/eve/comfyui-tools")
    assert "gh:ann/comfyui-tools" not in ALIASES.of_pack("eve/comfyui-tools", fork)


def test_repositories_elsewhere_keep_their_address() -> None:
    assert of_repository("https://github.com/A/B.git") == "gh:a/b"
    assert of_repository("https://example.org/A") == "url:https://example.org/a"


def test_labels_that_cannot_be_right_are_left_out() -> None:
    stamps = {
        "Tool": [{"cnr_id": "tools", "n": 19}, {"aux_id": "bob/other", "n": 1}],
        "Load": [{"cnr_id": "comfy-core", "n": 2}],
        "Get": [{"aux_id": "GetNode", "n": 3}],
        "Disputed": [{"cnr_id": "tools", "n": 1}, {"aux_id": "bob/other", "n": 1}],
        INNER: [{"cnr_id": "tools", "n": 5}],
    }
    kept, left = labelled({"a.json": {"truth": {"nodes": stamps}}}, ALIASES)
    assert kept == [Occurrence("a.json", "Tool", "gh:ann/comfyui-tools", 19)]
    assert left == {"core": 2, "no plausible label": 8, "contradiction": 3}


def test_rows_say_whether_a_target_is_met() -> None:
    rows = [
        exactly("a", "count", 3, 3),
        at_least("b", "share", 0.5, 0.8, "1 of 2"),
        ratio("c", "time", (0.3, 0.1), 2, "ms"),
        Row("d", "just a figure", "7"),
    ]
    assert [row.met for row in rows] == [True, False, False, None]
    text = as_text(rows).splitlines()
    assert text[2] == "b     share          0.5000 (1 of 2)      >= 0.8  NO"
    assert rows[2].figure == "3 (300 ms / 100 ms)"
    page = as_markdown(rows, "python -m benchmarks", ["x==1"])
    assert "| d | just a figure | 7 |  |  |" in page


DEFAULT = ["templates", "api", "start", "memory", "speed", "lock", "hook", "verify"]


def test_what_is_measured_by_default_needs_no_corpus() -> None:
    assert parse([]).names == DEFAULT
    assert parse(["--only", "speed,api"]).names == ["api", "speed"]
    assert parse(["--only", "python"]).names == ["python"]
    with pytest.raises(SystemExit):
        parse(["--only", "corpus"])
