"""Which prompt does the editor make of its workflows?"""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from comfylock.upgrade.convert import Converted, convert
from comfylock.upgrade.documents import json_documents
from tests.definition_sets import SAMPLER, chain, definitions, graph, node, slot, with_inputs

FRONTEND = {"Reroute", "PrimitiveNode", "Note", "SetNode", "GetNode", "Anything Everywhere"}
OUT = [{"name": "IMAGE", "type": "IMAGE"}]


def converted(document: dict[str, Any], **changes: Any) -> Converted:
    (found,) = json_documents(json.dumps(document).encode())
    assert found.graph is not None
    return convert(found.graph, definitions(**changes), FRONTEND)


def inputs(document: dict[str, Any], key: str = "2", **changes: Any) -> Any:
    found = converted(document, **changes)
    assert found.doubts == []
    return found.prompt[key].inputs


def linked(document: dict[str, Any]) -> Any:
    """What the show at the end is linked to; None if to nothing."""
    return inputs(document, "3").get("image")


def test_values_go_to_widgets_in_order() -> None:
    assert converted(chain()).prompt.keys() == {"1", "2", "3"}
    assert inputs(chain()) == {
        "image": ["1", 0],
        "seed": 7,
        "steps": 20,
        "mode": "slow",
        "note": "a note",
    }


def test_what_is_not_stored_gets_the_default() -> None:
    assert inputs(chain(values=[7, "fixed"])) == {
        "image": ["1", 0],
        "seed": 7,
        "steps": 20,
        "mode": "slow",
        "note": "",
    }


def test_values_shift_when_a_widget_is_put_between() -> None:
    required = SAMPLER["input"]["required"]  # type: ignore[index]
    entry = dict(SAMPLER, input={"required": {"first": ["INT", {"default": 1}], **required}})
    found = inputs(chain(), TestSampler=entry)
    assert (found["first"], found["seed"], found["steps"]) == (7, "fixed", "slow")


def test_names_beside_the_values_keep_them_in_place() -> None:
    named = {"seed": 7, "control_after_generate": "fixed", "steps": 9, "mode": "fast", "note": "n"}
    document = chain(values=list(named.values()))
    document["nodes"][1]["widgets_values_named"] = named
    required = SAMPLER["input"]["required"]  # type: ignore[index]
    entry = dict(SAMPLER, input={"required": {"first": ["INT", {"default": 1}], **required}})
    found = inputs(document, TestSampler=entry)
    assert (found["first"], found["seed"], found["steps"], found["mode"]) == (1, 7, 9, "fast")


def test_values_by_name_are_taken_by_name() -> None:
    found = inputs(chain(values={"steps": 3, "mode": "fast", "other": 1}))
    assert (found["seed"], found["steps"], found["mode"]) == (0, 3, "fast")
    assert "other" not in found


def test_an_upload_button_stands_after_the_required_widgets() -> None:
    entry = {
        "input": {
            "required": {
                "image": [["a.png"], {"image_upload": True}],
                "channel": [["red", "blue"], {}],
            },
            "optional": {"gain": ["INT", {"default": 1}]},
        },
        "output": ["IMAGE"],
        "python_module": "nodes",
    }
    document = chain()
    document["nodes"].append(node(5, "Mask", widgets_values=["x.png", "blue", "image", 4]))
    found = inputs(document, "5", Mask=entry)
    assert found == {"image": "x.png", "channel": "blue", "gain": 4}


def test_a_link_goes_before_the_widget() -> None:
    document = chain()
    document["nodes"][1]["inputs"].append(slot("steps", "INT", 5, widget=True))
    document["links"].append([5, 1, 0, 2, 1, "INT"])
    assert inputs(document)["steps"] == ["1", 0]
    document["links"].pop()  # a link that is not there brings nothing
    assert inputs(document)["steps"] == 20


def test_a_list_is_wrapped_so_that_it_is_no_link() -> None:
    assert inputs(chain(values=[7, "fixed", 20, "slow", ["a", "b"]]))["note"] == {
        "__value__": ["a", "b"]
    }


def test_muted_nodes_are_gone_with_their_links() -> None:
    document = chain()
    document["nodes"][1]["mode"] = 2
    found = converted(document)
    assert set(found.prompt) == {"1", "3"}
    assert found.prompt["3"].inputs == {}


def test_a_muted_source_takes_the_widgets_value_along() -> None:
    document = chain(node(5, "TestLoader", mode=2, outputs=OUT))
    document["nodes"][1]["inputs"].append(slot("steps", "INT", 6, widget=True))
    document["links"].append([6, 5, 0, 2, 1, "INT"])
    assert "steps" not in inputs(document)


def test_bypassed_nodes_pass_what_fits() -> None:
    document = chain()
    document["nodes"][1]["mode"] = 4
    assert set(converted(document).prompt) == {"1", "3"}
    assert linked(document) == ["1", 0]


def test_bypassed_nodes_without_a_fitting_input_pass_nothing() -> None:
    document = chain()
    document["nodes"][1]["mode"] = 4
    document["nodes"][1]["inputs"][0]["type"] = "MASK"
    assert linked(document) is None


@pytest.mark.parametrize("count", [1, 3])
def test_reroutes_are_looked_through(count: int) -> None:
    document = chain()
    document["nodes"][2]["inputs"][0]["link"] = 10 + count
    document["links"].append([10, 2, 0, 100, 0, "*"])
    for place in range(count):
        reroute = node(100 + place, "Reroute", inputs=[slot("", "*", 10 + place)])
        document["nodes"].append(reroute)
        document["links"].append([11 + place, 100 + place, 0, 3, 0, "IMAGE"])
    assert linked(document) == ["2", 0]


@pytest.mark.parametrize(("mode", "link"), [(2, ["2", 0]), (4, ["2", 0])])
def test_a_reroute_passes_its_link_even_muted(mode: int, link: Any) -> None:
    reroute = node(5, "Reroute", mode=mode, inputs=[slot("", "*", 2)], outputs=[{"type": "*"}])
    document = chain(reroute)
    document["nodes"][2]["inputs"][0]["link"] = 6
    document["links"].append([6, 5, 0, 3, 0, "IMAGE"])
    assert linked(document) == link


def test_reroutes_in_a_circle_bring_nothing() -> None:
    document = chain(node(5, "Reroute", inputs=[slot("", "*", 6)]))
    document["nodes"][2]["inputs"][0]["link"] = 6
    document["links"].append([6, 5, 0, 5, 0, "*"])
    assert linked(document) is None


def test_a_primitive_gives_its_value() -> None:
    document = chain(node(5, "PrimitiveNode", widgets_values=[33, "fixed"]))
    document["nodes"][1]["inputs"].append(slot("steps", "INT", 6, widget=True))
    document["links"].append([6, 5, 0, 2, 1, "INT"])
    assert inputs(document)["steps"] == 33


def test_what_is_set_by_name_is_got_by_name() -> None:
    document = chain(
        node(5, "SetNode", inputs=[slot("IMAGE", "IMAGE", 7)], widgets_values=["x"]),
        node(6, "GetNode", widgets_values=["x"], outputs=OUT),
    )
    document["nodes"][2]["inputs"][0]["link"] = 8
    document["links"] += [[7, 2, 0, 5, 0, "IMAGE"], [8, 6, 0, 3, 0, "IMAGE"]]
    assert linked(document) == ["2", 0]


def test_types_of_the_editor_that_the_server_has_too_are_sent() -> None:
    document = chain(node(5, "Note", widgets_values=["text"]))
    assert "5" not in converted(document).prompt
    assert "5" in converted(document, Note=SAMPLER).prompt


SUBGRAPH_ID = "0a1b2c3d-1111-4222-8333-444455556666"


def subgraph(**more: Any) -> dict[str, Any]:
    """A subgraph around a sampler: an image in, the steps promoted, an image out."""
    return {
        "id": SUBGRAPH_ID,
        "name": "Sampling",
        "version": 1,
        "inputs": [
            {"name": "image", "type": "IMAGE", "linkIds": [1]},
            {"name": "steps", "type": "INT", "linkIds": [2]},
        ],
        "outputs": [{"name": "IMAGE", "type": "IMAGE", "linkIds": [3]}],
        "nodes": [
            node(
                7,
                "TestSampler",
                inputs=[slot("image", "IMAGE", 1), slot("steps", "INT", 2, widget=True)],
                outputs=OUT,
                widgets_values=[7, "fixed", 20, "slow", ""],
            )
        ],
        "links": [
            {"id": 1, "origin_id": -10, "origin_slot": 0, "target_id": 7, "target_slot": 0},
            {"id": 2, "origin_id": -10, "origin_slot": 1, "target_id": 7, "target_slot": 1},
            {"id": 3, "origin_id": 7, "origin_slot": 0, "target_id": -20, "target_slot": 0},
        ],
        **more,
    }


def instance(key: int = 2, **more: Any) -> dict[str, Any]:
    entries = [slot("image", "IMAGE", 1), slot("steps", "INT", None, widget=True)]
    return node(key, SUBGRAPH_ID, inputs=entries, outputs=OUT, **more)


def around(*nodes: Any, **more: Any) -> dict[str, Any]:
    document = chain()
    document["nodes"][1:2] = nodes
    return {**document, "definitions": {"subgraphs": [subgraph(**more)]}}


def test_subgraphs_are_opened_under_the_instances_id() -> None:
    document = around(instance())
    found = converted(document)
    assert set(found.prompt) == {"1", "2:7", "3"}
    assert found.prompt["2:7"].inputs["image"] == ["1", 0]
    assert found.prompt["3"].inputs["image"] == ["2:7", 0]


@pytest.mark.parametrize(
    ("more", "steps"),
    [
        ({}, 20),
        ({"widgets_values": [44]}, 44),
        ({"widgets_values": {"steps": 43}}, 43),
        ({"widgets_values": [42], "properties": {"proxyWidgets": [["7", "steps"]]}}, 42),
        ({"widgets_values": [41], "properties": {"proxyWidgets": [["-1", "steps"]]}}, 41),
        ({"widgets_values": [1, 2, 3]}, 20),
    ],
)
def test_an_instances_values_go_before_those_inside(more: Any, steps: int) -> None:
    assert inputs(around(instance(**more)), "2:7")["steps"] == steps


def test_an_inner_widget_that_no_input_carries_is_promoted_by_proxy() -> None:
    more: Any = {"widgets_values": ["fast"], "properties": {"proxyWidgets": [["7", "mode"]]}}
    assert inputs(around(instance(**more)), "2:7")["mode"] == "fast"


def test_two_instances_are_two_nodes() -> None:
    other = instance(4, widgets_values=[5])
    found = converted(around(instance(widgets_values=[3]), other)).prompt
    assert (found["2:7"].inputs["steps"], found["4:7"].inputs["steps"]) == (3, 5)


@pytest.mark.parametrize(("mode", "link"), [(2, None), (4, ["1", 0])])
def test_an_inactive_instance_is_not_opened(mode: int, link: Any) -> None:
    document = around(instance(mode=mode))
    assert set(converted(document).prompt) == {"1", "3"}
    assert linked(document) == link


def test_subgraphs_in_subgraphs() -> None:
    outer_id = "0a1b2c3d-9999-4222-8333-444455556666"
    outer = subgraph(id=outer_id)
    outer["nodes"] = [dict(instance(7), inputs=subgraph()["nodes"][0]["inputs"])]
    document = around(dict(instance(), type=outer_id, widgets_values=[12]))
    document["definitions"]["subgraphs"].append(outer)
    found = converted(document)
    assert set(found.prompt) == {"1", "2:7:7", "3"}
    assert found.prompt["2:7:7"].inputs["steps"] == 12
    assert found.prompt["3"].inputs["image"] == ["2:7:7", 0]


def test_a_subgraph_that_holds_itself_is_a_doubt() -> None:
    document = around(instance(), nodes=[instance(7)])
    found = converted(document)
    assert [each.message for each in found.doubts] == ["the subgraph holds itself"]


@pytest.mark.parametrize("limit", ["MAX_INSTANCES", "MAX_LEVELS"])
def test_subgraphs_that_hold_subgraphs_alone_end_too(
    monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(f"comfylock.upgrade.convert.{limit}", 8)
    ids = [f"{place:08x}-1111-4222-8333-444455556666" for place in range(31)]
    subgraphs = [
        subgraph(id=key, nodes=[node(1, inner), node(2, inner)])
        for key, inner in itertools.pairwise(ids)
    ]
    document = graph([node(1, ids[0])], [], definitions={"subgraphs": subgraphs})
    found = converted(document)
    told = {each.message for each in found.doubts}
    if limit == "MAX_LEVELS":
        assert told == {"subgraphs stand in each other more than 8 times"}
    else:
        assert told == {"more than 8 subgraphs in each other; the rest left out"}
        assert len(found.doubts) == 1


def test_many_nested_instances_end_at_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("comfylock.upgrade.convert.MAX_NODES", 50)
    subgraphs = [
        subgraph(
            id=f"{place:08x}-1111-4222-8333-444455556666",
            nodes=[node(key, f"{place + 1:08x}-1111-4222-8333-444455556666") for key in range(4)]
            if place < 6
            else [node(key, "TestShow") for key in range(4)],
        )
        for place in range(7)
    ]
    document = graph([node(1, subgraphs[0]["id"])], [], definitions={"subgraphs": subgraphs})
    found = converted(document)
    assert len(found.prompt) == 50
    assert "more than 50 nodes" in found.doubts[0].message


def test_what_only_the_editor_can_do_is_a_doubt() -> None:
    document = chain(node(5, "workflow>x"), node(6, "Anything Everywhere"))
    told = [each.message for each in converted(document).doubts]
    assert told == [
        "group node `workflow>x` is opened by the editor alone",
        "it fills inputs of other nodes when the workflow is run",
    ]


def test_of_a_group_node_it_is_certain_which_class_types_are_inside() -> None:
    inside = [
        {"type": "TestSampler"},
        {"type": "Gone"},
        {"type": "Muted", "mode": 2},
        {"type": "Reroute"},
        {"type": "workflow>y"},
        {"type": ["odd"]},
        None,
    ]
    document = chain(node(5, "workflow>x"), extra={"groupNodes": {"x": {"nodes": inside}}})
    found = converted(document)
    assert {key: each.class_type for key, each in found.prompt.items() if key[0] == "5"} == {
        "5:1": "Gone"
    }
    odd: Any
    for odd in (None, [], {"nodes": 5}, {"nodes": {}}):
        document["extra"] = {"groupNodes": {"x": odd}}
        assert len(converted(document).prompt) == 3


def test_what_use_everywhere_linked_is_linked() -> None:
    document = chain(node(6, "Anything Everywhere"))
    document["links"] = [[2, 2, 0, 3, 0, "IMAGE"]]
    document["nodes"][1]["inputs"][0]["link"] = None
    link = {"downstream": 2, "downstream_slot": 0, "upstream": "1", "upstream_slot": 0}
    document["extra"] = {"ue_links": [{**link, "controller": 6}]}
    assert inputs(document)["image"] == ["1", 0]
    (found,) = json_documents(json.dumps(document).encode())
    assert found.graph is not None
    twice = [convert(found.graph, definitions(), FRONTEND).prompt for _ in range(2)]
    assert twice[0] == twice[1]


@pytest.mark.parametrize(
    "links",
    [
        None,
        [],
        "x",
        [5, None],
        [{}],
        [{"downstream": 99, "downstream_slot": 0, "controller": 6}],
        [{"downstream": 2, "downstream_slot": 7, "upstream": "1", "controller": 6}],
        [{"downstream": [], "downstream_slot": {}, "upstream": {}, "controller": 6}],
    ],
)
def test_without_such_links_use_everywhere_stays_a_doubt(links: Any) -> None:
    document = chain(node(6, "Anything Everywhere"), extra={"ue_links": links})
    told = [each.message for each in converted(document).doubts]
    assert told == ["it fills inputs of other nodes when the workflow is run"]
    assert converted(document).prompt["2"].inputs["image"] == ["1", 0]


def test_a_link_of_its_own_is_kept_from_use_everywhere() -> None:
    link = {"downstream": 2, "downstream_slot": 0, "upstream": "3", "upstream_slot": 0}
    links = [{**link, "controller": 6}]
    document = chain(node(6, "Anything Everywhere"), extra={"ue_links": links})
    assert inputs(document)["image"] == ["1", 0]


def test_dynamic_choices_bring_widgets_along() -> None:
    document = chain(node(5, "TestChooser", widgets_values=["video", 24, "bold"]))
    assert inputs(document, "5") == {"format": "video", "format.rate": 24, "style": "bold"}
    document["nodes"][3]["widgets_values"] = ["still", "bold"]
    assert inputs(document, "5") == {"format": "still", "style": "bold"}


def test_damaged_nodes_cost_themselves() -> None:
    document = chain()
    document["nodes"] += [None, {"id": 9}, node(8, "TestShow", inputs="none", outputs=7)]
    (found,) = json_documents(json.dumps(document).encode())
    assert [each.path for each in found.problems] == ["nodes[3]", "nodes[4]"]
    assert found.graph is not None
    assert set(convert(found.graph, definitions(), FRONTEND).prompt) == {"1", "2", "3", "8"}


def test_ids_may_be_texts_on_one_side() -> None:
    document = chain()
    document["links"] = [[1, "1", "0", 2, 0, "IMAGE"], [2, "2", "0", 3, 0, "IMAGE"]]
    assert linked(document) == ["2", 0]


def test_links_may_be_objects() -> None:
    document = chain()
    document["links"] = [
        {"id": 1, "origin_id": 1, "origin_slot": 0, "target_id": 2, "target_slot": 0},
        {"id": 2, "origin_id": 2, "origin_slot": 0, "target_id": 3, "target_slot": 0},
    ]
    assert linked(document) == ["2", 0]


def test_a_new_required_socket_cannot_be_filled_in() -> None:
    entry = with_inputs(SAMPLER, mask=["MASK", {}])
    assert "mask" not in inputs(chain(), TestSampler=entry)


def test_what_only_the_editor_knows_is_there_all_the_same() -> None:
    added = {"view": ["IMAGECOMPARE", {"socketless": True}], "model": [["a.ckpt"]]}
    document = chain(values={"steps": 3})
    found = inputs(document, TestSampler=with_inputs(SAMPLER, **added))
    assert (found["view"], found["model"], found["steps"]) == ("", "", 3)
