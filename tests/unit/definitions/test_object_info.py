"""What does a server's answer declare, however odd its shape?"""

from __future__ import annotations

import pytest

from comfylock.definitions.object_info import read_object_info
from comfylock.definitions.widgets import widget_index
from comfylock.model import ClassDefinition, InputDefinition

SAMPLER = {
    "input": {
        "required": {
            "model": ["MODEL", {}],
            "seed": ["INT", {"default": 0, "control_after_generate": True}],
            "steps": ["INT", {"default": 20}],
            "sampler": [["euler", "dpm"], {}],
        },
        "optional": {"mask": ["MASK"], "note": ["STRING", {"multiline": True}]},
        "hidden": {"unique_id": "UNIQUE_ID"},
    },
    "display_name": "A sampler",
    "python_module": "comfy_extras.nodes_x",
}


def read(entry: object) -> ClassDefinition:
    definitions, _ = read_object_info({"X": entry})
    return definitions[0]


def test_a_class_is_read() -> None:
    assert read(SAMPLER) == ClassDefinition(
        "X",
        (
            InputDefinition("model", "MODEL"),
            InputDefinition("seed", "INT", widget=True, trailing=1),
            InputDefinition("steps", "INT", widget=True),
            InputDefinition("sampler", "COMBO", widget=True),
            InputDefinition("mask", "MASK", required=False),
            InputDefinition("note", "STRING", required=False, widget=True),
        ),
        display_name="A sampler",
        file="comfy_extras/nodes_x.py",
    )


@pytest.mark.parametrize(
    ("module", "file"),
    [
        ("nodes", "nodes.py"),
        ("comfy_api_nodes.nodes_bfl", "comfy_api_nodes/nodes_bfl.py"),
        ("custom_nodes.My.Pack", "custom_nodes/My.Pack"),
        ("", None),
        (7, None),
    ],
)
def test_the_module_tells_the_file(module: object, file: str | None) -> None:
    assert read({"input": {}, "python_module": module}).file == file


def test_the_stated_order_counts() -> None:
    entry = {
        "input": {"required": {"a": ["INT"], "b": ["INT"], "c": ["INT"]}},
        "input_order": {"required": ["c", "a", "nope", 3]},
    }
    assert [i.name for i in read(entry).inputs] == ["c", "a", "b"]


@pytest.mark.parametrize(
    ("options", "asset", "trailing"),
    [
        ({"image_upload": True}, "image", 1),
        ({"video_upload": True}, "video", 1),
        ({"audio_upload": True}, "audio", 1),
        ({"image_upload": True, "image_folder": "output"}, None, 1),
        ({"image_folder": "input"}, None, 0),
        ({}, None, 0),
    ],
)
def test_an_upload_flag_tells_the_asset(
    options: dict[str, object], asset: str | None, trailing: int
) -> None:
    (found,) = read({"input": {"required": {"f": [["a.png"], options]}}}).inputs
    assert (found.asset, found.trailing, found.folder) == (asset, trailing, None)


def test_the_newer_choice_is_read() -> None:
    (found,) = read({"input": {"required": {"f": ["COMBO", {"options": ["a"]}]}}}).inputs
    assert found == InputDefinition("f", "COMBO", widget=True)


@pytest.mark.parametrize(
    ("document", "path", "message"),
    [
        ([], "", "not an object of class types"),
        (None, "", "not an object of class types"),
        ({"X": []}, "X", "not an object"),
        ({"X": {}}, "X", "`input` is not an object"),
        ({"X": {"input": []}}, "X", "`input` is not an object"),
        ({"X": {"input": {"required": []}}}, "X", "`input.required` is not an object"),
        ({"a" * 300: {}}, "a" * 199 + "…", "left out: name too long, or too many"),
    ],
)
def test_a_wrong_shape_is_a_problem(document: object, path: str, message: str) -> None:
    _, problems = read_object_info(document)
    assert [(p.path, p.message) for p in problems] == [(path, message)]


@pytest.mark.parametrize("odd", [None, 3, [], {}, [None], [[]], [{"a": 1}], ["INT", 3], "", [7]])
def test_an_odd_specification_is_still_an_input(odd: object) -> None:
    definitions, problems = read_object_info({"X": {"input": {"required": {"a": odd}}}})
    assert [i.name for i in definitions[0].inputs] == ["a"]
    assert problems == ()


def test_classes_are_sorted_whatever_their_order() -> None:
    definitions, _ = read_object_info({"b": SAMPLER, "a": SAMPLER, 3: SAMPLER})
    assert [d.class_type for d in definitions] == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "index"),
    [("model", None), ("seed", 0), ("steps", 2), ("sampler", 3), ("note", 4), ("absent", None)],
)
def test_a_widget_has_its_place(name: str, index: int | None) -> None:
    assert widget_index(read(SAMPLER), name) == index


def test_an_old_seed_and_an_upload_take_a_second_place() -> None:
    entry = {
        "input": {
            "required": {
                "image": [["a.png"], {"image_upload": True}],
                "noise_seed": ["INT", {}],
                "seed": ["INT", {"control_after_generate": False}],
                "style": [["a"], {"control_after_generate": True}],
                "last": ["INT", {}],
            }
        }
    }
    definition = read(entry)
    found = [widget_index(definition, i.name) for i in definition.inputs]
    assert found == [0, 2, 4, 5, 8]
