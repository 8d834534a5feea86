from __future__ import annotations

from typing import Any

import pytest

from tests.builders import api, classes, models, problems, read_one


def test_class_types_are_counted() -> None:
    reading = read_one(api(("A", {}), ("A", {"x": ["1", 0]}), ("B", {})))
    assert classes(reading) == {"A": (2, 0), "B": (1, 0)}
    assert (reading.format, reading.nodes, reading.inactive) == ("api", 3, 0)


def test_ids_of_subgraph_nodes_are_paths() -> None:
    document = {"12:34": {"class_type": "A"}, "12:35:1": {"class_type": "B", "inputs": None}}
    reading = read_one(document)
    assert classes(reading) == {"A": (1, 0), "B": (1, 0)}
    assert reading.problems == []


def test_models_and_assets_of_inputs() -> None:
    document = api(
        ("CheckpointLoaderSimple", {"ckpt_name": "a\\b.safetensors"}),
        ("LoadImage", {"image": "cat.png [input]"}),
        ("CLIPTextEncode", {"text": "embedding:bad, <lora:x:1>", "clip": ["1", 1]}),
    )
    reading = read_one(document)
    assert models(reading) == [
        ("a/b.safetensors", "ckpt_name", "checkpoints"),
        ("bad", "text", "embeddings"),
        ("x", "text", "loras"),
    ]
    assert [asset.name for asset in reading.assets] == ["cat.png"]


def test_links_are_no_names() -> None:
    document = api(
        ("DiffusersLoader", {"model_path": ["12", 0]}),
        ("LoraLoader", {"lora_name": ["odd.safetensors", 0]}),
    )
    assert read_one(document).models == []


def test_wrapped_lists_are_the_inputs_own_values() -> None:
    value = {"__value__": ["a.safetensors", "b.safetensors"]}
    assert models(read_one(api(("LoraLoader", {"lora_name": value})))) == [
        ("a.safetensors", "lora_name", "loras"),
        ("b.safetensors", "lora_name", "loras"),
    ]


def test_slots_of_objects_and_those_switched_off() -> None:
    document = api(
        (
            "Power Lora Loader (rgthree)",
            {
                "lora_1": {"on": True, "lora": "a.safetensors", "strength": 1},
                "lora_2": {"on": False, "lora": "b.safetensors", "strength": 1},
            },
        )
    )
    found = {model.name: (model.folder, model.inactive) for model in read_one(document).models}
    assert found == {"a.safetensors": ("loras", False), "b.safetensors": ("loras", True)}


def test_links_to_the_web_are_kept() -> None:
    url = "https://huggingface.co/a/b/resolve/main/x.safetensors"
    reading = read_one(api(("Downloader", {"url": url})))
    assert (reading.notes, reading.models) == ([url], [])


DAMAGED: dict[str, tuple[str, Any, str, str]] = {
    "null": ("2", None, '["2"]', "is null instead of a node"),
    "a text": ("2", "x", '["2"]', "is a text instead of a node"),
    "a list": ("7:2", [], '["7:2"]', "is a list instead of a node"),
    "no class type": ("two", {"inputs": {}}, '["two"]', "has no class_type"),
    "a number": (
        "2",
        {"class_type": 3},
        '["2"].class_type',
        "is a number instead of a class type",
    ),
    "blank": (
        "2",
        {"class_type": " "},
        '["2"].class_type',
        "is an empty text instead of a class type",
    ),
    "null under a name": ("x", None, '["x"]', "is null instead of a node"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_node_costs_that_node(name: str) -> None:
    key, damaged, path, message = DAMAGED[name]
    reading = read_one({"1": {"class_type": "A"}, key: damaged, "3": {"class_type": "B"}})
    assert classes(reading) == {"A": (1, 0), "B": (1, 0)}
    assert reading.unread == 1
    assert problems(reading) == [(path, message)]


def test_damaged_inputs_cost_no_node() -> None:
    reading = read_one({"1": {"class_type": "A", "inputs": [1]}, "2": {"class_type": "B"}})
    assert classes(reading) == {"A": (1, 0), "B": (1, 0)}
    assert reading.unread == 0
    assert problems(reading) == [('["1"].inputs', "is a list instead of an object")]


def test_strangers_beside_nodes_are_none() -> None:
    document = {"1": {"class_type": "A"}, "version": 1, "extra": {"ds": {}}, "note": "hello"}
    reading = read_one(document)
    assert (classes(reading), reading.unread, reading.problems) == ({"A": (1, 0)}, 0, [])


def test_a_hostile_id_is_quoted() -> None:
    reading = read_one({'a"]\x1b': {"inputs": {}}, "1": {"class_type": "A"}})
    assert reading.problems[0].path == '["a\\"]\\u001b"]'
