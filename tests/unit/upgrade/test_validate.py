"""What does ComfyUI say of a prompt, fault by fault?"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from comfylock.definitions.signature_object_info import read_signatures
from comfylock.upgrade.documents import prompt_of
from comfylock.upgrade.interface import Rules, rules_of
from comfylock.upgrade.validate import Validator
from tests.definition_sets import INFO, SAMPLER, definitions, prompt, with_inputs

VALIDATOR = Validator(definitions())


def faults(document: dict[str, Any], validator: Validator = VALIDATOR) -> list[tuple[str, ...]]:
    judgement = validator.judge(prompt_of(document))
    return [(each.node, each.kind, each.input) for each in judgement.faults]


def test_a_good_prompt_has_no_faults() -> None:
    judgement = VALIDATOR.judge(prompt_of(prompt()))
    assert (judgement.faults, judgement.verdict, judgement.doubts) == ((), "works", ())


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"steps": None}, "required_input_missing"),
        ({"steps": 0}, "value_smaller_than_min"),
        ({"steps": 51}, "value_bigger_than_max"),
        ({"steps": "many"}, "invalid_input_type"),
        ({"steps": {}}, "invalid_input_type"),
        ({"steps": float("inf")}, "invalid_input_type"),
        ({"steps": ["1"]}, "bad_linked_input"),
        ({"steps": []}, "bad_linked_input"),
        ({"steps": ["1", 0]}, "return_type_mismatch"),
        ({"mode": "quick"}, "value_not_in_list"),
        ({"mode": 1}, "value_not_in_list"),
        ({"mode": ["1", 0]}, "return_type_mismatch"),
        ({"image": ["1", 1]}, "return_type_mismatch"),
        ({"note": ["1", 0]}, "return_type_mismatch"),
    ],
)
def test_a_fault_is_called_what_comfyui_calls_it(changes: dict[str, Any], kind: str) -> None:
    name = next(iter(changes))
    document = prompt(**{k: v for k, v in changes.items() if v is not None})
    if changes[name] is None:
        del document["2"]["inputs"][name]
    assert faults(document) == [("2", kind, name)]


@pytest.mark.parametrize(
    "changes",
    [
        {"steps": "20"},
        {"steps": 20.9},
        {"steps": True},
        {"steps": " 7 "},
        {"steps": {"__value__": 5}},
        {"note": 5},
        {"note": {"__value__": ["a"]}},
        {"image": "not a link at all"},
        {"image": None},
        {"unknown": "ignored"},
        {"image": ["1", -2]},
    ],
)
def test_what_comfyui_takes_is_no_fault(changes: dict[str, Any]) -> None:
    document = prompt()
    document["2"]["inputs"].update(changes)
    assert faults(document) == []


@pytest.mark.parametrize(
    "link", [["9", 0], [1, 0], ["1", 2], ["1", -3], ["1", "0"], ["1", None], ["1", 0.0]]
)
def test_a_link_to_nothing_makes_comfyui_raise(link: list[Any]) -> None:
    inner = prompt(image=link)
    assert faults(inner) == [("2", "exception_during_inner_validation", "")]
    outer = prompt()
    outer["3"]["inputs"]["image"] = link
    assert faults(outer) == [("3", "exception_during_validation", "")]


@pytest.mark.parametrize("inputs", [None, 7])
def test_a_node_without_inputs_makes_comfyui_raise(inputs: Any) -> None:
    document = prompt()
    document["2"]["inputs"] = inputs
    assert faults(document) == [("2", "exception_during_inner_validation", "")]


def test_missing_class_types_come_before_all_else() -> None:
    document = prompt(steps=99)
    document["1"]["class_type"] = "Gone"
    del document["3"]["class_type"]
    document["4"] = None
    found = VALIDATOR.judge(prompt_of(document))
    assert [(each.node, each.kind) for each in found.faults] == [
        ("1", "missing_node_type"),
        ("3", "missing_node_type"),
        ("4", "missing_node_type"),
    ]
    assert found.verdict == "breaks"


def test_a_prompt_needs_an_output() -> None:
    document = prompt()
    del document["3"]
    assert faults(document) == [("", "prompt_no_outputs", "")]
    assert faults({}) == [("", "prompt_no_outputs", "")]


def test_nodes_that_nobody_asks_for_are_not_looked_at() -> None:
    document = prompt()
    document["9"] = {"class_type": "TestSampler", "inputs": {}}
    assert faults(document) == []


def test_one_output_of_two_still_runs() -> None:
    document = prompt()
    document["8"] = {"class_type": "TestSampler", "inputs": {"image": ["1", 0]}}
    document["9"] = {"class_type": "TestShow", "inputs": {"image": ["8", 0]}}
    judgement = VALIDATOR.judge(prompt_of(document))
    assert judgement.verdict == "partly"
    assert {each.node for each in judgement.faults} == {"8"}


def test_a_cycle_is_named_at_each_of_its_nodes() -> None:
    document = prompt(image=["4", 0])
    inputs = {**prompt()["2"]["inputs"], "image": ["2", 0]}
    document["4"] = {"class_type": "TestSampler", "inputs": inputs}
    assert faults(document) == [("2", "dependency_cycle", ""), ("4", "dependency_cycle", "")]
    alone = prompt(image=["2", 0])
    assert faults(alone) == [("2", "dependency_cycle", "")]


BOTH = dict(SAMPLER, input={"required": {"a": ["IMAGE", {}], "b": ["IMAGE", {}]}})


def cyclic(links: dict[str, tuple[str, str]]) -> list[str]:
    """Return the nodes that wait for themselves, of nodes with two links each."""
    document: dict[str, Any] = {
        key: {"class_type": "Both", "inputs": {"a": [a, 0], "b": [b, 0]}}
        for key, (a, b) in links.items()
    }
    document["show"] = {"class_type": "TestShow", "inputs": {"image": [next(iter(links)), 0]}}
    found = faults(document, Validator(read_signatures({**INFO, "Both": BOTH})[0]))
    return [node for node, kind, _ in found if kind == "dependency_cycle"]


@pytest.mark.parametrize(
    ("links", "expected"),
    [
        ({"0": ("1", "0"), "1": ("2", "0"), "2": ("2", "0")}, ["0", "1", "2"]),
        ({"0": ("1", "1"), "1": ("2", "1"), "2": ("3", "1"), "3": ("3", "3")}, ["1", "2", "3"]),
        ({"0": ("1", "0"), "1": ("2", "2"), "2": ("3", "1"), "3": ("4", "4"), "4": ("4", "4")},
         ["0", "1", "2", "4"]),
        ({"0": ("1", "2"), "1": ("1", "1"), "2": ("3", "0"), "3": ("3", "3")},
         ["0", "1", "2", "3"]),
    ],
)  # fmt: skip
def test_ways_back_close_what_is_between_them(
    links: dict[str, tuple[str, str]], expected: list[str]
) -> None:
    assert cyclic(links) == expected


@pytest.mark.large
def test_cost_grows_linearly_with_ways_back() -> None:
    count = 60_000
    links = {str(key): (str((key + 1) % count), "0") for key in range(count)}
    assert len(cyclic(links)) == count


def test_no_depth_is_too_deep() -> None:
    inputs = prompt()["2"]["inputs"]
    document = {"0": {"class_type": "TestLoader", "inputs": {"file": "x"}}}
    for place in range(1, 20_000):
        own = {**inputs, "image": [str(place - 1), 0]}
        document[str(place)] = {"class_type": "TestSampler", "inputs": own}
    document["end"] = {"class_type": "TestShow", "inputs": {"image": ["19999", 0]}}
    assert faults(document) == []


@pytest.mark.parametrize(
    ("inputs", "found"),
    [
        ({"format": "video", "format.rate": 5, "images.image0": ["1", 0]}, []),
        ({"format": "still", "images.image0": ["1", 0]}, []),
        (
            {"format": "video", "images.image0": ["1", 0]},
            [("required_input_missing", "format.rate")],
        ),
        (
            {"format": "video", "format.rate": 0, "images.image0": ["1", 0]},
            [("value_smaller_than_min", "format.rate")],
        ),
        ({"format": "still"}, [("required_input_missing", "images.image0")]),
        (
            {"format": "still", "images.image0": ["1", 0], "images.image2": ["1", 1]},
            [("return_type_mismatch", "images.image2")],
        ),
    ],
)
def test_dynamic_inputs_are_opened(inputs: dict[str, Any], found: list[Any]) -> None:
    document = prompt()
    document["5"] = {"class_type": "TestChooser", "inputs": {"style": "bold", **inputs}}
    assert [(kind, name) for node, kind, name in faults(document) if node == "5"] == found


def test_older_versions_do_not_check_newer_choices() -> None:
    document = prompt()
    inputs = {"format": "still", "images.image0": ["1", 0], "style": "odd"}
    document["5"] = {"class_type": "TestChooser", "inputs": inputs}
    assert faults(document) == [("5", "value_not_in_list", "style")]
    assert faults(document, Validator(definitions(), rules_of("0.3.64"))) == []
    assert rules_of("0.8.0") == rules_of(None) == Rules()
    assert rules_of("0.7.0") == rules_of("0.6.0") == rules_of("0.3.64")  # as real servers do


def test_what_a_class_judges_by_itself_is_left_to_it() -> None:
    entry = with_inputs(SAMPLER)
    found = definitions(TestSampler=entry)
    sampler = msgspec.structs.replace(found.classes["TestSampler"], checks=("steps",))
    classes = {**found.classes, "TestSampler": sampler}
    validator = Validator(msgspec.structs.replace(found, classes=classes))
    assert faults(prompt(steps=999, seed=999), validator) == [
        ("2", "value_bigger_than_max", "seed")
    ]
    assert faults(prompt(steps="x"), validator) == [("2", "invalid_input_type", "steps")]
    missing = prompt()
    del missing["2"]["inputs"]["steps"]
    assert faults(missing, validator) == [("2", "exception_during_inner_validation", "")]


def test_input_files_are_judged_where_they_are_known() -> None:
    entry = {
        "input": {"required": {"image": [["a.png"], {"image_upload": True}]}},
        "output": ["IMAGE"],
        "python_module": "nodes",
    }
    document = prompt(image=["5", 0])
    for name, found in (
        ("a.png", []),
        ("gone.png", ["custom_validation_failed"]),
        ("x [temp]", []),
    ):
        document["5"] = {"class_type": "LoadImage", "inputs": {"image": name}}
        known, _ = read_signatures({**INFO, "LoadImage": entry}, keep_files=True)
        assert [kind for _, kind, _ in faults(document, Validator(known))] == found
        blind, _ = read_signatures({**INFO, "LoadImage": entry})
        assert faults(document, Validator(blind)) == []


def test_class_types_that_a_set_says_nothing_of_are_doubts() -> None:
    document = prompt(image=["5", 1], steps=99)
    document["5"] = {"class_type": "Strange", "inputs": {"x": ["1", 0], "y": 5}}
    judgement = Validator(definitions(), unknown={"Strange"}).judge(prompt_of(document))
    assert [each.kind for each in judgement.faults] == ["value_bigger_than_max"]
    assert [each.path for each in judgement.doubts] == ["5"]
    document["2"]["inputs"]["steps"] = 9
    judgement = Validator(definitions(), unknown={"Strange"}).judge(prompt_of(document))
    assert judgement.verdict == "unjudged"


def test_messages_quote_no_control_characters() -> None:
    document = prompt(mode="\x1b[31mred\n")
    (fault,) = VALIDATOR.judge(prompt_of(document)).faults
    assert fault.message.isprintable()


GROUP = {
    "input": {
        "required": {
            "rows": [
                "COMFY_DYNAMICGROUP_V3",
                {
                    "template": {
                        "required": {"name": ["STRING", {}]},
                        "optional": {"weight": ["FLOAT", {"max": 1.0}]},
                    },
                    "min": 1,
                    "max": 3,
                },
            ]
        }
    },
    "output": [],
    "output_node": True,
}


@pytest.mark.parametrize(
    ("inputs", "found"),
    [
        ({"rows.0.name": "a"}, []),
        ({"rows.0.name": "a", "rows.2.name": "b", "rows.2.weight": 0.5}, []),
        ({"rows.1.weight": 2}, ["required_input_missing", "value_bigger_than_max"]),
        ({}, ["invalid_dynamic_input"]),
        ({"rows.3.name": "a"}, ["invalid_dynamic_input"]),
        ({"rows.0.other": "a"}, ["invalid_dynamic_input"]),
        ({"rows.00.name": "a"}, ["invalid_dynamic_input"]),
        ({"rows.x.name": "a"}, ["invalid_dynamic_input"]),
        ({"rows.99999999999999999999.name": "a"}, ["invalid_dynamic_input"]),
    ],
)
def test_groups_of_rows(inputs: dict[str, Any], found: list[str]) -> None:
    document = {"1": {"class_type": "Group", "inputs": inputs}}
    kinds = [kind for _, kind, _ in faults(document, Validator(definitions(Group=GROUP)))]
    assert kinds == found


def test_a_file_that_comes_by_a_link_cannot_be_judged_by_comfyui() -> None:
    entry = {"input": {"required": {"image": [["a.png"], {}]}}, "output": ["IMAGE"]}
    texts = {"input": {"required": {}}, "output": [["a.png"]]}
    sets = {
        name: definitions(LoadImage=dict(entry, python_module=name), Texts=texts)
        for name in ("nodes", "custom_nodes.own")
    }
    document = prompt()
    document["1"] = {"class_type": "LoadImage", "inputs": {"image": ["4", 0]}}
    document["4"] = {"class_type": "Texts", "inputs": {}}
    core, own = (faults(document, Validator(each)) for each in sets.values())
    assert ("1", "exception_during_inner_validation", "") in core
    assert all(kind != "exception_during_inner_validation" for _, kind, _ in own)
