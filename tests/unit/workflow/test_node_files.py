from __future__ import annotations

from typing import Any

import pytest

from tests.builders import (
    Json,
    link,
    models,
    node,
    read_one,
    subgraph,
    ui,
    widget,
    with_subgraphs,
)

SAVED = "saved.safetensors"
LOADER = "CheckpointLoaderSimple"


def loader(*values: Any, **fields: Any) -> Json:
    return node(1, LOADER, *(values or (SAVED,)), **fields)


def assets(workflow: Json) -> list[tuple[str, str | None]]:
    return [(asset.name, asset.input) for asset in read_one(workflow).assets]


# names of inputs


def test_the_registry_tells_the_input_by_its_place() -> None:
    workflow = ui(node(1, "DualCLIPLoader", "a.safetensors", "b.safetensors", "flux"))
    assert models(read_one(workflow)) == [
        ("a.safetensors", "clip_name1", "text_encoders"),
        ("b.safetensors", "clip_name2", "text_encoders"),
    ]


def test_the_only_row_of_a_table_serves_an_unknown_place() -> None:
    found = models(read_one(ui(node(1, "OddLoader", "x", "y", "w.safetensors"))))
    assert found == [("w.safetensors", None, "odd_models")]


def test_declared_widgets_tell_the_input() -> None:
    inputs = [widget("first"), widget("lora_name"), widget("third")]
    found = models(read_one(ui(node(1, "Stranger", 1, "x.safetensors", 2, inputs=inputs))))
    assert found == [("x.safetensors", "lora_name", "loras")]


@pytest.mark.parametrize("word", ["fixed", "increment", "decrement", "randomize"])
@pytest.mark.parametrize("seed", ["seed", "noise_seed"])
def test_the_value_after_a_seed_is_stepped_over(seed: str, word: str) -> None:
    inputs = [widget(seed), widget("vae_name")]
    found = models(read_one(ui(node(1, "Stranger", 5, word, "x.safetensors", inputs=inputs))))
    assert found == [("x.safetensors", "vae_name", "vae")]


def test_sockets_are_no_widgets() -> None:
    inputs = [{"name": "model", "link": 3}, widget("lora_name"), widget("strength")]
    found = models(read_one(ui(node(1, "Stranger", "x.safetensors", 1.0, inputs=inputs))))
    assert found == [("x.safetensors", "lora_name", "loras")]


def test_more_values_than_widgets_leave_the_input_open() -> None:
    found = models(read_one(ui(node(1, "Stranger", 1, "x.safetensors", 2, inputs=[widget("a")]))))
    assert found == [("x.safetensors", None, None)]


def test_names_tell_the_inputs_of_a_list() -> None:
    values = {"seed": 3, "vae_name": "old.safetensors"}
    changed = node(1, "Stranger", 3, SAVED, widgets_values_named=values)
    assert models(read_one(ui(changed))) == [(SAVED, "vae_name", "vae")]


def test_named_values_win_over_a_list_of_another_length() -> None:
    changed = node(1, "Stranger", "dead.safetensors", 1, widgets_values_named={"vae_name": SAVED})
    assert models(read_one(ui(changed))) == [(SAVED, "vae_name", "vae")]


@pytest.mark.parametrize("values", [None, []])
def test_named_values_alone(values: Any) -> None:
    changed = node(1, "Stranger", widgets_values=values, widgets_values_named={"vae_name": SAVED})
    assert models(read_one(ui(changed))) == [(SAVED, "vae_name", "vae")]


def test_values_as_an_object() -> None:
    changed = node(1, "Stranger", widgets_values={"lora_name": "a.safetensors", "n": 3})
    assert models(read_one(ui(changed))) == [("a.safetensors", "lora_name", "loras")]


def test_values_as_one_text() -> None:
    assert models(read_one(ui(node(1, "Stranger", widgets_values=SAVED)))) == [(SAVED, None, None)]


def test_values_inside_objects_inside_lists() -> None:
    slot = {"on": True, "lora": "a.safetensors", "strength": 1}
    found = models(read_one(ui(node(1, "Power Lora Loader (rgthree)", {}, slot, None, [slot]))))
    assert found == [("a.safetensors", "lora", "loras")]


def test_a_slot_that_is_switched_off_is_inactive() -> None:
    on = {"on": True, "lora": "on.safetensors", "strength": 1}
    off = {"on": False, "lora": "off.safetensors", "strength": 1}
    reading = read_one(ui(node(1, "Power Lora Loader (rgthree)", on, off)))
    assert {model.name: model.inactive for model in reading.models} == {
        "on.safetensors": False,
        "off.safetensors": True,
    }


def test_a_muted_node_names_inactive_files() -> None:
    reading = read_one(ui(loader(mode=2), node(2, "LoadImage", "a.png", "image", mode=4)))
    assert [model.inactive for model in reading.models] == [True]
    assert [asset.inactive for asset in reading.assets] == [True]


# links


def follow(nodes: list[Json], links: list[Any], **fields: Any) -> list[str]:
    workflow = ui(loader(inputs=[widget("ckpt_name", 7)], **fields), *nodes, links=links)
    return [name for name, _, _ in models(read_one(workflow))]


def test_a_widget_without_a_link_keeps_its_value() -> None:
    assert models(read_one(ui(loader(inputs=[widget("ckpt_name")]))))[0][0] == SAVED


def test_a_primitive_feeds_its_own_value() -> None:
    primitive = node(5, "PrimitiveNode", "live.safetensors", "fixed")
    assert follow([primitive], [link(7, 5)]) == ["live.safetensors"]


@pytest.mark.parametrize("values", [[], [3], None, {"a": "live.safetensors"}])
def test_a_primitive_without_a_text_leaves_the_value(values: Any) -> None:
    assert follow([node(5, "PrimitiveNode", widgets_values=values)], [link(7, 5)]) == [SAVED]


def test_a_primitive_alone_names_nothing() -> None:
    assert models(read_one(ui(node(5, "PrimitiveNode", "live.safetensors")))) == []


def test_a_computed_value_makes_the_saved_one_dead() -> None:
    assert follow([node(5, "Chooser", "x")], [link(7, 5)]) == []


def test_what_a_linked_node_names_itself_counts_there() -> None:
    assert follow([node(5, "Chooser", "live.safetensors")], [link(7, 5)]) == ["live.safetensors"]


def reroutes(count: int) -> tuple[list[Json], list[Any]]:
    """So many reroutes in a row behind link 7; the last one takes link 1000 + count."""
    nodes = [
        node(100 + number, "Reroute", inputs=[{"name": "", "link": 1001 + number}])
        for number in range(count)
    ]
    links = [link(7, 100), *(link(1000 + number, 100 + number) for number in range(1, count))]
    return nodes, links


@pytest.mark.parametrize("count", [1, 2, 30])
def test_reroutes_are_followed(count: int) -> None:
    nodes, links = reroutes(count)
    primitive = node(5, "PrimitiveNode", "live.safetensors")
    assert follow([*nodes, primitive], [*links, link(1000 + count, 5)]) == ["live.safetensors"]


def test_reroutes_in_a_circle_end() -> None:
    nodes, links = reroutes(2)
    assert follow(nodes, [*links, link(1002, 100)]) == []


def test_reroutes_in_a_longer_row_than_anybody_lays_end() -> None:
    nodes, links = reroutes(500)
    assert follow(nodes, links) == []


def test_a_reroute_without_an_input_leaves_the_value() -> None:
    assert follow([node(5, "Reroute")], [link(7, 5)]) == [SAVED]


@pytest.mark.parametrize("links", [[], [link(8, 5)], [link(7, 44)], [link(7, None)]])
def test_a_link_that_leads_nowhere_leaves_the_value(links: list[Any]) -> None:
    assert follow([], links) == [SAVED]


def test_a_link_on_another_input_changes_nothing() -> None:
    inputs = [{"name": "model", "link": 7}, widget("ckpt_name")]
    workflow = ui(loader(inputs=inputs), node(5, "Chooser"), links=[link(7, 5)])
    assert models(read_one(workflow))[0][0] == SAVED


def test_a_link_from_a_subgraphs_own_input_keeps_the_saved_value() -> None:
    outer = "11111111-2222-3333-4444-555555555555"
    inner = subgraph(outer, loader(inputs=[widget("ckpt_name", 7)]), links=[link(7, -10)])
    assert models(read_one(with_subgraphs(ui(node(3, outer)), inner)))[0][0] == SAVED


# notes


@pytest.mark.parametrize("kind", ["Note", "MarkdownNote"])
def test_notes_are_kept_for_their_links_and_name_nothing(kind: str) -> None:
    text = "get https://huggingface.co/a/b/resolve/main/x.safetensors\nor y.safetensors"
    reading = read_one(ui(node(1, kind, text, widgets_values=[text])))
    assert reading.notes == [text]
    assert reading.models == []


def test_links_in_other_nodes_are_kept_too() -> None:
    url = "https://huggingface.co/a/b/resolve/main/x.safetensors"
    reading = read_one(ui(node(1, "Downloader", url), node(2, "Text", f"see {url} please")))
    assert {url, f"see {url} please"} == set(reading.notes)
    assert reading.models == []


# assets


def test_loaders_name_input_files() -> None:
    workflow = ui(node(1, "LoadImage", "sub/a.png", "image"), node(2, "LoadAudio", "b.MP3 [input]"))
    assert [name for name, _ in assets(workflow)] == ["sub/a.png", "b.MP3"]


def test_only_loaders_and_known_inputs_name_input_files() -> None:
    assert assets(ui(node(1, "SaveImage", "a.png"), node(2, "Blend", "c.png"))) == [
        ("c.png", "picture")
    ]


@pytest.mark.large
def test_cost_grows_linearly_with_widgets_behind_one_reroute() -> None:
    count = 20_000
    wide = [{"name": str(number), "link": 9} for number in range(count)]
    loaders = [
        node(number, LOADER, SAVED, inputs=[widget("ckpt_name", 7)]) for number in range(count)
    ]
    workflow = ui(*loaders, node(-5, "Reroute", inputs=wide), links=[link(7, -5)])
    assert read_one(workflow).nodes == count + 1
