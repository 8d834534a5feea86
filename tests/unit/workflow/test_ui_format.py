from __future__ import annotations

from typing import Any

import pytest

from tests.builders import (
    ABSENT,
    INNER,
    OUTER,
    api,
    classes,
    link,
    link_1,
    models,
    node,
    problems,
    read_one,
    stamped,
    subgraph,
    ui,
    ui_1,
    widget,
    with_groups,
    with_subgraphs,
)

A = node(1, "A")
B = node(2, "B")


def test_both_schemas_are_read() -> None:
    for workflow in (ui(A, B), ui_1(A, B)):
        reading = read_one(workflow)
        assert classes(reading) == {"A": (1, 0), "B": (1, 0)}
        assert (reading.nodes, reading.inactive, reading.unread) == (2, 0, 0)
        assert not reading.problems


def test_stamps_come_with_the_class_type() -> None:
    reading = read_one(ui(stamped(1, "A", cnr_id="x", aux_id="o/r", ver="1.0"), A))
    assert set(reading.classes) == {("A", "x", "o/r", "1.0"), ("A", None, None, None)}


def test_an_empty_workflow_is_said_to_be_empty() -> None:
    reading = read_one(ui())
    assert problems(reading) == [("nodes", "is empty: the workflow has no nodes")]


# muted and bypassed


@pytest.mark.parametrize("mode", [2, 4, 4.0])
def test_muted_and_bypassed_nodes_are_inactive(mode: Any) -> None:
    reading = read_one(ui(A, {**B, "mode": mode}))
    assert classes(reading) == {"A": (1, 0), "B": (0, 1)}
    assert (reading.nodes, reading.inactive) == (2, 1)


@pytest.mark.parametrize("mode", [0, 1, 3, None, "4", "mute", [2], {"2": 4}, True])
def test_every_other_mode_runs(mode: Any) -> None:
    assert classes(read_one(ui({**A, "mode": mode}))) == {"A": (1, 0)}


def test_a_muted_instance_mutes_what_is_inside() -> None:
    workflow = ui(node(1, OUTER, mode=2), A)
    reading = read_one(with_subgraphs(workflow, subgraph(OUTER, B, node(3, INNER))))
    assert classes(reading)["B"] == (0, 1)
    assert reading.inactive == 2 + 0  # the instance and B; the inner one is not in the file


@pytest.mark.parametrize("first", [0, 2])
def test_one_active_instance_is_enough(first: int) -> None:
    workflow = ui(node(1, OUTER, mode=first), node(2, OUTER, mode=2 - first))
    reading = read_one(with_subgraphs(workflow, subgraph(OUTER, B)))
    assert classes(reading) == {"B": (1, 0)}
    assert (reading.nodes, reading.inactive) == (3, 1)


def test_activity_reaches_through_nested_instances() -> None:
    workflow = ui(node(1, INNER, mode=4), node(2, OUTER))
    definitions = (subgraph(INNER, B), subgraph(OUTER, node(1, INNER)))
    assert classes(read_one(with_subgraphs(workflow, *definitions))) == {"B": (1, 0)}


def test_a_muted_group_node_mutes_what_is_inside() -> None:
    workflow = with_groups(ui(node(1, "workflow>g", mode=2)), g=[A])
    assert classes(read_one(workflow)) == {"A": (0, 1)}


# subgraphs


def test_a_subgraph_counts_once_however_often_it_is_used() -> None:
    workflow = ui(*(node(number, OUTER) for number in range(5)))
    reading = read_one(with_subgraphs(workflow, subgraph(OUTER, A, B)))
    assert classes(reading) == {"A": (1, 0), "B": (1, 0)}
    assert reading.nodes == 7


def test_a_subgraph_that_is_never_used_does_not_count() -> None:
    reading = read_one(with_subgraphs(ui(A), subgraph(OUTER, B), subgraph(INNER, B)))
    assert classes(reading) == {"A": (1, 0)}
    assert reading.nodes == 1


def test_subgraphs_inside_subgraphs() -> None:
    beside = with_subgraphs(ui(node(1, OUTER)), subgraph(OUTER, node(1, INNER)), subgraph(INNER, B))
    nested = with_subgraphs(
        ui(node(1, OUTER)), with_subgraphs(subgraph(OUTER, node(1, INNER)), subgraph(INNER, B))
    )
    for workflow in (beside, nested):
        assert classes(read_one(workflow)) == {"B": (1, 0)}


def test_a_subgraph_inside_itself_ends() -> None:
    reading = read_one(with_subgraphs(ui(node(1, OUTER)), subgraph(OUTER, A, node(2, OUTER))))
    assert classes(reading) == {"A": (1, 0)}
    assert reading.nodes == 3


def test_subgraphs_in_a_circle_end() -> None:
    workflow = with_subgraphs(
        ui(node(1, OUTER)), subgraph(OUTER, A, node(2, INNER)), subgraph(INNER, B, node(3, OUTER))
    )
    assert classes(read_one(workflow)) == {"A": (1, 0), "B": (1, 0)}


def test_a_subgraph_that_is_not_there_is_unread() -> None:
    reading = read_one(ui(A, node(2, ABSENT)))
    assert classes(reading) == {"A": (1, 0)}
    assert (reading.nodes, reading.unread) == (1, 1)
    assert problems(reading) == [("nodes[1].type", "subgraph is not in the file")]


def test_each_missing_subgraph_has_its_own_place() -> None:
    same = node(2, ABSENT)
    assert [path for path, _ in problems(read_one(ui(same, A, same)))][:2] == [
        "nodes[0].type",
        "nodes[2].type",
    ]


def test_a_muted_node_that_is_unread_is_not_inactive_too() -> None:
    reading = read_one(ui(A, node(2, ABSENT, mode=2)))
    assert (reading.nodes, reading.inactive, reading.unread) == (1, 0, 1)


def test_a_missing_subgraph_inside_one_names_its_place() -> None:
    reading = read_one(with_subgraphs(ui(node(1, OUTER)), subgraph(OUTER, node(1, ABSENT))))
    path = "definitions.subgraphs[0].nodes[0].type"
    assert problems(reading) == [(path, "subgraph is not in the file")]


def test_a_subgraph_declared_twice() -> None:
    reading = read_one(with_subgraphs(ui(node(1, OUTER)), subgraph(OUTER, A), subgraph(OUTER, B)))
    assert classes(reading) == {"A": (1, 0)}
    assert reading.problems[0].path == "definitions.subgraphs[1].id"


# group nodes


@pytest.mark.parametrize("prefix", ["workflow>", "workflow/"])
def test_group_nodes_are_opened(prefix: str) -> None:
    workflow = with_groups(ui(node(1, f"{prefix}my group")), **{"my group": [A, B]})
    reading = read_one(workflow)
    assert classes(reading) == {"A": (1, 0), "B": (1, 0)}
    assert (reading.nodes, reading.problems) == (3, [])


def test_a_group_node_counts_once_in_both_spellings() -> None:
    workflow = with_groups(ui(node(1, "workflow>g"), node(2, "workflow/g")), g=[A])
    assert classes(read_one(workflow)) == {"A": (1, 0)}


def test_group_nodes_inside_group_nodes_and_circles() -> None:
    workflow = with_groups(
        ui(node(1, "workflow>x")), x=[A, node(2, "workflow>y")], y=[B, node(3, "workflow/x")]
    )
    assert classes(read_one(workflow)) == {"A": (1, 0), "B": (1, 0)}


def test_a_group_node_that_is_not_there_is_unread() -> None:
    reading = read_one(ui(A, node(2, "workflow>gone")))
    assert reading.unread == 1
    assert problems(reading) == [("nodes[1].type", "group node is not in the file")]


@pytest.mark.parametrize("content", [None, 3, [], {}, {"nodes": "x"}])
def test_a_group_node_without_nodes(content: Any) -> None:
    workflow = {**ui(node(1, "workflow>g")), "extra": {"groupNodes": {"g": content}}}
    reading = read_one(workflow)
    assert reading.unread == 1
    assert reading.problems[0].path == "extra.groupNodes.g.nodes"


def test_a_damaged_node_in_a_group_costs_that_node() -> None:
    reading = read_one(with_groups(ui(node(1, "workflow>g")), g=[A, None, {"type": 3}]))
    assert classes(reading) == {"A": (1, 0)}
    assert [path for path, _ in problems(reading)] == [
        "extra.groupNodes.g.nodes[1]",
        "extra.groupNodes.g.nodes[2].type",
    ]


def test_a_class_type_that_only_begins_like_one() -> None:
    names = ("workflow", "workflows>x", "a-b", "Save-as-PNG", OUTER + "0")
    reading = read_one(ui(*(node(number, name) for number, name in enumerate(names))))
    assert set(classes(reading)) == set(names)


# damage


DAMAGED: dict[str, tuple[Any, str, str]] = {
    "a null node": (None, "nodes[1]", "is null instead of a node"),
    "a list": ([], "nodes[1]", "is a list instead of a node"),
    "a number": (3, "nodes[1]", "is a number instead of a node"),
    "a text": ("x", "nodes[1]", "is a text instead of a node"),
    "true": (True, "nodes[1]", "is a boolean instead of a node"),
    "no type": ({"id": 2}, "nodes[1].type", "is null instead of a class type"),
    "a type that is a number": (
        {"id": 2, "type": 7},
        "nodes[1].type",
        "is a number instead of a class type",
    ),
    "an empty type": (
        {"id": 2, "type": ""},
        "nodes[1].type",
        "is an empty text instead of a class type",
    ),
    "a blank type": (
        {"id": 2, "type": " \t"},
        "nodes[1].type",
        "is an empty text instead of a class type",
    ),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_node_costs_that_node(name: str) -> None:
    damaged, path, message = DAMAGED[name]
    reading = read_one(ui(A, damaged, node(3, "C")))
    assert classes(reading) == {"A": (1, 0), "C": (1, 0)}
    assert (reading.nodes, reading.unread) == (2, 1)
    assert problems(reading) == [(path, message)]


ODD_FIELDS: dict[str, Any] = {
    "properties null": {"properties": None},
    "properties a list": {"properties": []},
    "stamps of other kinds": {"properties": {"cnr_id": 1, "aux_id": [], "ver": {}}},
    "models of other kinds": {"properties": {"models": [3, None, {"name": 1}], "proxyWidgets": 3}},
    "inputs null": {"inputs": None},
    "inputs of other kinds": {"inputs": [None, 3, {"name": [1], "link": {}}]},
    "inputs a text": {"inputs": "x"},
    "names that are no texts": {"inputs": [{"name": {"a": 1}, "link": 3}]},
    "widget values a number": {"widgets_values": 3},
    "widget values an object": {"widgets_values": {"a": None}},
    "named values a list": {"widgets_values_named": []},
    "an id of another kind": {"id": [1]},
    "an id as text": {"id": "7:8"},
    "size and position odd": {"size": {"0": 1}, "pos": {"0": 1}, "flags": 3, "order": "x"},
}


@pytest.mark.parametrize("values", [None, ["a.safetensors"]], ids=["plain", "with a file"])
@pytest.mark.parametrize("name", ODD_FIELDS)
def test_an_odd_field_costs_no_node(name: str, values: Any) -> None:
    changed = {**A, "widgets_values": values, **ODD_FIELDS[name]}
    reading = read_one(ui(changed, B))
    assert classes(reading) == {"A": (1, 0), "B": (1, 0)}
    assert reading.unread == 0


@pytest.mark.parametrize("field", ["links", "groups", "extra", "definitions", "config", "models"])
@pytest.mark.parametrize("value", [None, [], {}, 3, "x"])
def test_an_odd_field_of_the_workflow_costs_no_node(field: str, value: Any) -> None:
    reading = read_one({**ui(A, B), field: value})
    assert classes(reading) == {"A": (1, 0), "B": (1, 0)}
    assert reading.unread == 0


@pytest.mark.parametrize("value", [None, 3, "x", {}])
def test_nodes_that_are_no_list(value: Any) -> None:
    reading = read_one({**ui(), "nodes": value})
    assert reading.unread == 1
    assert reading.problems[0].path == "nodes"


@pytest.mark.parametrize("entry", [None, 3, {}, {"id": 3, "nodes": []}])
def test_a_damaged_definition_costs_that_definition(entry: Any) -> None:
    reading = read_one(with_subgraphs(ui(node(1, OUTER)), entry, subgraph(OUTER, A)))
    assert classes(reading) == {"A": (1, 0)}
    assert reading.problems[0].path == "definitions.subgraphs[0]"


def test_definitions_nested_deeper_than_any_editor_makes() -> None:
    inner = subgraph(INNER, None)
    for _ in range(80):
        inner = with_subgraphs(subgraph(OUTER, A), inner)
    assert classes(read_one(with_subgraphs(ui(node(1, OUTER)), inner))) == {"A": (1, 0)}


@pytest.mark.parametrize("depth", range(100, 1100, 90))
@pytest.mark.parametrize("field", ["inputs", "widgets_values", "properties", "pos"])
def test_deep_nesting_in_a_field_never_ends_in_an_exception(field: str, depth: int) -> None:
    text = "[" * depth + "]" * depth
    data = f'{{"last_node_id": 1, "nodes": [{{"id": 1, "type": "A", "{field}": {text}}}]}}'
    try:
        reading = read_one(data.encode())
    except Exception as error:  # noqa: BLE001 - the family is checked
        assert type(error).__name__ == "WorkflowError"  # noqa: PT017
    else:
        assert classes(reading) == {"A": (1, 0)}


def test_nodes_without_an_id_are_read_and_reported() -> None:
    reading = read_one(ui({"type": "A", "pos": [0, 0]}, B))
    assert classes(reading) == {"A": (1, 0), "B": (1, 0)}
    assert problems(reading) == [("nodes[0]", "has no id")]


def test_nodes_with_the_same_id_are_all_read_and_reported() -> None:
    reading = read_one(ui(A, node(1, "B"), node(1, "C")))
    assert len(classes(reading)) == 3
    assert problems(reading) == [
        ("nodes[1].id", "has the id 1, which an earlier node has too"),
        ("nodes[2].id", "has the id 1, which an earlier node has too"),
    ]


def test_group_nodes_have_no_ids_to_report() -> None:
    workflow = with_groups(ui(node(1, "workflow>g")), g=[{"type": "A"}, {"type": "B"}])
    assert read_one(workflow).problems == []


# links


@pytest.mark.parametrize("links", [[link(7, 5)], [link_1(7, 5)], [None, 3, [], {}, link(7, 5)]])
def test_links_of_either_shape_lead_to_their_origin(links: Any) -> None:
    loader = node(1, "CheckpointLoaderSimple", "saved.safetensors", inputs=[widget("ckpt_name", 7)])
    workflow = ui(loader, node(5, "PrimitiveNode", "live.safetensors"), links=links)
    assert models(read_one(workflow)) == [("live.safetensors", "ckpt_name", "checkpoints")]


@pytest.mark.parametrize("links", [None, 3, "x", {}, [[7]], [{"id": [7]}]])
def test_links_that_say_nothing_leave_the_value(links: Any) -> None:
    loader = node(1, "CheckpointLoaderSimple", "saved.safetensors", inputs=[widget("ckpt_name", 7)])
    assert models(read_one(ui(loader, links=links))) == [
        ("saved.safetensors", "ckpt_name", "checkpoints")
    ]


# size


@pytest.mark.large
def test_cost_grows_linearly_with_missing_definitions() -> None:
    count = 200_000
    reading = read_one(ui(*({"id": number, "type": ABSENT} for number in range(count))))
    assert reading.unread == count


@pytest.mark.large
def test_cost_grows_linearly_with_definitions() -> None:
    count = 60_000
    names = [f"{number:08x}-2222-3333-4444-555555555555" for number in range(count)]
    nodes = [node(number, name, mode=2 * (number % 2)) for number, name in enumerate(names)]
    workflow = with_subgraphs(ui(*nodes), *(subgraph(name, A) for name in names))
    assert classes(read_one(workflow)) == {"A": (count // 2, count // 2)}


def test_the_first_workflow_of_an_api_body_is_the_whole() -> None:
    assert classes(read_one(api(("A", {}), ("B", {})))) == {"A": (1, 0), "B": (1, 0)}
