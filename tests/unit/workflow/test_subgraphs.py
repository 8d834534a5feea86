from __future__ import annotations

from typing import Any

import pytest

from tests.builders import (
    INNER,
    OUTER,
    Json,
    link_1,
    models,
    node,
    read_one,
    subgraph,
    ui,
    widget,
    with_subgraphs,
)

SAVED, OTHER = "saved.safetensors", "other.safetensors"
PROXY = [["12", "ckpt_name"]]


def inner(*values: str, **fields: Any) -> Json:
    inputs = [widget("ckpt_name")]
    return node(12, "CheckpointLoaderSimple", *(values or (SAVED,)), inputs=inputs, **fields)


def instance(identifier: int, *values: Any, proxies: Any = PROXY, **fields: Any) -> Json:
    return node(identifier, OUTER, *values, properties={"proxyWidgets": proxies}, **fields)


def names(*instances: Json, definition: Json | None = None) -> dict[str, bool]:
    """Names of the models, each with whether it is inactive."""
    workflow = with_subgraphs(ui(*instances), definition or subgraph(OUTER, inner()))
    found: dict[str, bool] = {}
    for model in read_one(workflow).models:
        found[model.name] = model.inactive and found.get(model.name, True)
    return found


def test_an_instance_without_values_leaves_the_inner_one() -> None:
    assert names(node(1, OUTER)) == {SAVED: False}


def test_an_instance_says_the_same() -> None:
    assert names(instance(1, SAVED)) == {SAVED: False}


def test_an_instance_overrides_the_inner_value() -> None:
    assert names(instance(1, OTHER)) == {OTHER: False}


def test_what_overrides_keeps_class_input_and_folder() -> None:
    workflow = with_subgraphs(ui(instance(1, OTHER)), subgraph(OUTER, inner()))
    reading = read_one(workflow)
    assert models(reading) == [(OTHER, "ckpt_name", "checkpoints")]
    assert [model.class_type for model in reading.models] == ["CheckpointLoaderSimple"]


def test_several_instances_with_values_of_their_own() -> None:
    third = "third.safetensors"
    assert set(names(instance(1, OTHER), instance(2, third))) == {OTHER, third}


def test_the_inner_value_stays_where_one_instance_says_the_same() -> None:
    assert set(names(instance(1, OTHER), instance(2, SAVED))) == {OTHER, SAVED}


def test_the_inner_value_stays_where_one_instance_says_nothing() -> None:
    assert set(names(instance(1, OTHER), node(2, OUTER))) == {OTHER, SAVED}


def test_a_muted_instance_overrides_for_itself() -> None:
    assert names(instance(1, OTHER, mode=2), node(2, OUTER)) == {OTHER: True, SAVED: False}


def test_backslashes_are_no_difference() -> None:
    definition = subgraph(OUTER, inner("sub/saved.safetensors"))
    assert names(instance(1, "sub\\saved.safetensors"), definition=definition) == {
        "sub/saved.safetensors": False
    }


def test_ids_of_inner_nodes_as_numbers() -> None:
    assert names(instance(1, OTHER, proxies=[[12, "ckpt_name"]])) == {OTHER: False}


def test_an_override_keeps_what_the_instance_says_about_its_source() -> None:
    said = [{"name": OTHER, "url": "https://huggingface.co/a/b/resolve/main/o", "directory": "vae"}]
    changed = instance(1, OTHER)
    changed["properties"]["models"] = said
    reading = read_one(with_subgraphs(ui(changed), subgraph(OUTER, inner())))
    assert len(reading.models) == 1
    assert len(reading.models[0].stamps or ()) == 1


ODD_PROXIES: dict[str, Any] = {
    "none": None,
    "too few": [],
    "too many": [["12", "ckpt_name"]] * 3,
    "not pairs": ["12"],
    "numbers": [3],
    "empty": [[]],
    "one": [["12"]],
    "objects": [{"12": "ckpt_name"}],
    "an unknown node": [["77", "ckpt_name"]],
    "an unknown widget": [["12", "nothing"]],
    "nested": [[["12"], ["ckpt_name"]]],
}


@pytest.mark.parametrize("name", ODD_PROXIES)
def test_a_value_whose_inner_node_cannot_be_told_is_not_lost(name: str) -> None:
    found = names(instance(1, OTHER, proxies=ODD_PROXIES[name]))
    assert OTHER in found
    assert len(found) <= 2


def test_a_promoted_input_overrides_by_its_slot() -> None:
    loader = node(12, "CheckpointLoaderSimple", SAVED, inputs=[{**widget("ckpt_name"), "link": 5}])
    definition = subgraph(
        OUTER,
        loader,
        inputs=[{"name": "text", "type": "STRING"}, {"name": "model file", "type": "COMBO"}],
        links=[link_1(5, -10, 1, 12)],
    )
    shown = [widget("text"), widget("model file")]
    plain = node(1, OUTER, "a text", OTHER, inputs=shown)
    named = node(1, OUTER, "x", widgets_values_named={"model file": OTHER, "text": "a"})
    for changed in (plain, named):
        assert names(changed, definition=definition) == {OTHER: False}


@pytest.mark.parametrize("slot", ["1", None, 9])
def test_a_slot_that_fits_nothing_keeps_both(slot: Any) -> None:
    loader = node(12, "CheckpointLoaderSimple", SAVED, inputs=[{**widget("ckpt_name"), "link": 5}])
    declared = [{"name": "model file"}]
    definition = subgraph(OUTER, loader, inputs=declared, links=[link_1(5, -10, slot, 12)])
    changed = node(1, OUTER, OTHER, inputs=[widget("model file")])
    assert set(names(changed, definition=definition)) == {SAVED, OTHER}


def test_values_that_name_no_model_change_nothing() -> None:
    assert names(instance(1, 7)) == {SAVED: False}
    assert names(instance(1, "euler")) == {SAVED: False}
    assert names(node(1, OUTER, widgets_values={"a": 1, "b": None})) == {SAVED: False}


def test_an_override_inside_a_subgraph() -> None:
    nested = subgraph(INNER, {**instance(3, OTHER)})
    workflow = with_subgraphs(ui(node(1, INNER)), nested, subgraph(OUTER, inner()))
    assert [name for name, _, _ in models(read_one(workflow))] == [OTHER]


def test_prompts_and_pictures_on_instances_are_found() -> None:
    changed = instance(1, "embedding:easy", proxies=[["9", "text"]])
    definition = subgraph(OUTER, node(9, "CLIPTextEncode", "a plain prompt"))
    assert "easy" in names(changed, definition=definition)


@pytest.mark.large
def test_cost_grows_linearly_with_promoted_inputs() -> None:
    count = 30_000
    shown = [widget(f"w{number}") for number in range(count)]
    declared = [{"name": f"w{number}"} for number in range(count)]
    changed = node(1, OUTER, *(f"m{n}.safetensors" for n in range(count)), inputs=shown)
    assert len(names(changed, definition=subgraph(OUTER, inner(), inputs=declared))) == count + 1


def promoted(name: str) -> Json:
    """A subgraph input and the link that it sends inside."""
    return {"name": name, "type": "COMBO", "linkIds": [7]}


def nested(outer_value: str, stale: str = "stale.safetensors") -> Json:
    """A value set on the outer instance, passed on by the inner one to two loaders."""
    loaders = [node(n, "VAELoader", SAVED, inputs=[widget("vae_name", link=7)]) for n in (12, 13)]
    inside = subgraph(INNER, *loaders, inputs=[promoted("vae_name")], links=[link_1(7, -10, 0, 12)])
    passing_on = node(5, INNER, stale, inputs=[widget("vae_name", link=7)])
    around = subgraph(
        OUTER, passing_on, inputs=[promoted("model_name")], links=[link_1(7, -10, 0, 5)]
    )
    top = node(1, OUTER, outer_value, inputs=[widget("model_name")])
    return with_subgraphs(ui(top), around, inside)


def test_a_value_is_passed_on_through_the_instances_inside() -> None:
    assert {(m.name, m.class_type) for m in read_one(nested(OTHER)).models} == {
        (OTHER, "VAELoader")
    }


def test_every_loader_behind_one_promoted_input_gets_its_value() -> None:
    assert len([m for m in read_one(nested(OTHER)).models if m.name == OTHER]) == 2
