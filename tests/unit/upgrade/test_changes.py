"""What differs between two sets of definitions, and how grave is it?"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from comfylock.definitions.signature_object_info import read_signatures
from comfylock.upgrade.changes import compare
from tests.definition_sets import INFO, SAMPLER, SHOW, definitions, info, with_inputs


def told(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """What changes from one class to another: kind, input, grade for API and for the editor."""
    found = compare(definitions(TestSampler=old), definitions(TestSampler=new))
    return [(each.kind, each.input, each.api, each.ui) for each in found]


def optional(**inputs: Any) -> dict[str, Any]:
    return dict(SAMPLER, input={**SAMPLER["input"], "optional": inputs})  # type: ignore[dict-item]


def test_a_set_does_not_differ_from_itself() -> None:
    assert compare(definitions(), definitions()) == ()


def test_class_types_come_and_go() -> None:
    found = compare(definitions(Old=SHOW), definitions(New=SHOW))
    assert [(each.class_type, each.kind, each.grade) for each in found] == [
        ("New", "class-added", "harmless"),
        ("Old", "class-removed", "breaks"),
    ]


CASES: list[tuple[dict[str, Any], list[tuple[str, str, str, str]]]] = [
    ({"new": ["INT", {"default": 1}]}, [("input-required", "new", "breaks", "harmless")]),
    ({"new": [["a", "b"]]}, [("input-required", "new", "breaks", "harmless")]),
    ({"new": ["MASK"]}, [("input-required", "new", "breaks", "breaks")]),
    (
        {"new": ["COMFY_DYNAMICCOMBO_V3", {"options": []}]},
        [("input-required", "new", "may-break", "harmless")],
    ),
    ({"image": None}, [("input-removed", "image", "behaviour", "behaviour")]),
    ({"image": ["IMAGE,MASK"]}, [("type-changed", "image", "harmless", "harmless")]),
    ({"image": ["MASK"]}, [("type-changed", "image", "may-break", "may-break")]),
    ({"image": ["*"]}, [("type-changed", "image", "harmless", "harmless")]),
    (
        {"mode": [["fast"], {"default": "slow"}]},
        [("choices-removed", "mode", "may-break", "may-break")],
    ),
    (
        {"mode": [["fast", "slow", "odd"], {"default": "slow"}]},
        [("choices-added", "mode", "harmless", "harmless")],
    ),
    (
        {"mode": [["fast", "slow"], {"default": "fast"}]},
        [("default-changed", "mode", "harmless", "behaviour")],
    ),
    (
        {"steps": ["INT", {"default": 20, "min": 1, "max": 40}]},
        [("range-changed", "steps", "behaviour", "behaviour")],
    ),
    (
        {"steps": ["INT", {"default": 20, "min": 0, "max": 99}]},
        [("range-changed", "steps", "harmless", "harmless")],
    ),
    ({"steps": ["INT", {"default": 20}]}, [("range-changed", "steps", "harmless", "harmless")]),
    (
        {"steps": ["INT", {"default": 20, "min": 1, "max": 50, "forceInput": True}]},
        [
            ("type-changed", "steps", "harmless", "may-break"),
            ("widgets-moved", "mode", "harmless", "may-break"),
        ],
    ),
]


@pytest.mark.parametrize(("inputs", "expected"), CASES)
def test_a_change_of_inputs(inputs: dict[str, Any], expected: Any) -> None:
    assert told(optional(), with_inputs(optional(), **inputs)) == expected


def test_a_widget_in_between_shifts_files_of_the_editor() -> None:
    entry = dict(SAMPLER)
    required = SAMPLER["input"]["required"]  # type: ignore[index]
    entry["input"] = {"required": {"first": ["INT", {"default": 0}], **required}}
    kinds = told(dict(SAMPLER, input={"required": required}), entry)
    assert ("widgets-moved", "first", "harmless", "may-break") in kinds


def test_a_control_that_comes_shifts_too() -> None:
    plain = with_inputs(SAMPLER, steps=["INT", {"default": 20, "min": 1, "max": 50}])
    more = {"default": 20, "min": 1, "max": 50, "control_after_generate": True}
    found = told(plain, with_inputs(SAMPLER, steps=["INT", more]))
    assert found == [("widgets-moved", "mode", "harmless", "may-break")]


def test_optional_inputs() -> None:
    some = {"note": ["STRING", {"default": ""}]}
    assert told(optional(**some), optional(**some, more=["INT", {}])) == [
        ("input-optional", "more", "harmless", "harmless")
    ]
    other = {"note": ["STRING", {"default": "x"}]}
    assert told(optional(**some), optional(**other)) == [
        ("default-changed", "note", "behaviour", "behaviour")
    ]
    required = with_inputs(optional(), note=["STRING", {"default": ""}])
    assert ("became-required", "note", "may-break", "harmless") in told(optional(**some), required)
    assert ("became-optional", "note", "harmless", "harmless") in told(required, optional(**some))


@pytest.mark.parametrize(
    ("outputs", "grade"),
    [
        (["IMAGE", "MASK"], "harmless"),
        (["MASK"], "may-break"),
        ([], "may-break"),
        (["MASK", "IMAGE"], "may-break"),
    ],
)
def test_outputs(outputs: list[str], grade: str) -> None:
    changed = dict(SAMPLER, output=outputs, output_name=outputs)
    assert told(SAMPLER, changed) == [("outputs-changed", "", grade, grade)]


def test_outputs_that_change_places_under_one_type() -> None:
    old = dict(SAMPLER, output=["IMAGE", "IMAGE"], output_name=["a", "b"])
    new = dict(old, output_name=["b", "a"])
    assert told(old, new) == [("outputs-changed", "", "behaviour", "behaviour")]
    assert told(old, dict(old, output_name=["a", "c"])) == []


def test_what_is_no_output_any_more() -> None:
    assert told(dict(SAMPLER, output_node=True), SAMPLER)[0][2] == "may-break"
    assert told(SAMPLER, dict(SAMPLER, output_node=True))[0][2] == "behaviour"
    assert told(SAMPLER, dict(SAMPLER, deprecated=True)) == [
        ("deprecated", "", "harmless", "harmless")
    ]


def test_files_of_the_machine_are_no_difference() -> None:
    old = with_inputs(SAMPLER, mode=[["a.ckpt"]])
    assert told(old, with_inputs(SAMPLER, mode=[["b.ckpt", "c.ckpt"]])) == []


def test_what_could_not_be_read_is_not_compared() -> None:
    assert told(SAMPLER, {"input": [], "output": []}) == []


def test_sets_of_different_kinds_are_compared_where_both_speak() -> None:
    own = dict(SHOW, python_module="custom_nodes.own")
    server, _ = read_signatures(info(OwnNode=own))
    core = msgspec.structs.replace(definitions(), is_core_only=True)
    assert compare(server, core) == ()
    assert compare(core, server) == ()
    assert [each.kind for each in compare(server, definitions())] == ["class-removed"]


def test_the_order_of_classes_does_not_matter() -> None:
    shuffled, _ = read_signatures(dict(reversed(INFO.items())))
    assert compare(shuffled, definitions(TestShow=None)) == compare(
        definitions(), definitions(TestShow=None)
    )


def test_a_default_that_source_does_not_tell_is_no_change() -> None:
    old = with_inputs(SAMPLER, steps=["INT", {"default": 20, "min": 1, "max": 100}])
    untold = with_inputs(SAMPLER, steps=["INT", {"min": 1, "max": 100}])
    served, bare = definitions(TestSampler=old), definitions(TestSampler=untold)
    source = msgspec.structs.replace(bare, kind="source")
    assert compare(served, source) == compare(source, served) == ()
    assert [each.kind for each in compare(served, bare)] == ["default-changed"]
    told = msgspec.structs.replace(served, kind="source")
    other = with_inputs(SAMPLER, steps=["INT", {"default": 5, "min": 1, "max": 100}])
    changed = compare(told, definitions(TestSampler=other))
    assert [(each.kind, each.input) for each in changed] == [("default-changed", "steps")]


def test_a_class_that_partial_source_lacks_may_be_there() -> None:
    newer = msgspec.structs.replace(definitions(), is_partial=True)
    (found,) = compare(definitions(Old=SHOW), newer)
    assert (found.class_type, found.kind, found.grade) == ("Old", "class-removed", "may-break")
