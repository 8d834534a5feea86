"""What has to be written into a prompt, and does it help?"""

from __future__ import annotations

from typing import Any

import pytest

from comfylock.upgrade.documents import prompt_of
from comfylock.upgrade.fixes import plan
from comfylock.upgrade.validate import Validator
from tests.definition_sets import SAMPLER, definitions, prompt, with_inputs

OLD = definitions()


def fixes(document: dict[str, Any], **inputs: Any) -> tuple[list[tuple[Any, ...]], list[str]]:
    """What is written for a sampler with other inputs, and the faults that are left."""
    new = definitions(TestSampler=with_inputs(SAMPLER, **inputs))
    given = prompt_of(document)
    found, mended, left = plan(given, Validator(new), OLD, new)
    assert Validator(new).judge(mended).faults == left
    return [(each.node, each.input, each.value) for each in found], [each.kind for each in left]


@pytest.mark.parametrize(
    ("specification", "value"),
    [
        (["INT", {"default": 8}], 8),
        (["FLOAT", {"default": 1.0}], 1.0),
        (["BOOLEAN", {"default": False}], False),
        ([["p", "q"]], "p"),
        (["COMBO", {"options": ["p", "q"], "default": "q"}], "q"),
        (["STRING", {"default": ["a"]}], {"__value__": ["a"]}),
        (["INT", {"min": 3}], 3),
    ],
)
def test_a_missing_input_gets_the_new_default(specification: Any, value: Any) -> None:
    assert fixes(prompt(), new=specification) == ([("2", "new", value)], [])


@pytest.mark.parametrize(
    "specification", [["MASK", {}], [["a.ckpt"]], ["INT", {"forceInput": True}]]
)
def test_what_has_no_default_is_left(specification: Any) -> None:
    assert fixes(prompt(), new=specification) == ([], ["required_input_missing"])


def test_a_good_prompt_needs_nothing() -> None:
    assert fixes(prompt()) == ([], [])


@pytest.mark.parametrize(
    ("choices", "value", "expected"),
    [
        (["Fast", "slow"], "fast", "Fast"),
        (["very_fast", "slow"], "very fast", "very_fast"),
        (["a/b", "slow"], "a\\b", "a/b"),
        (["Fast", "FAST"], "fast", None),
        (["quick", "slow"], "fast", None),
    ],
)
def test_a_gone_choice_is_converted_where_one_thing_can_be_meant(
    choices: list[str], value: str, expected: str | None
) -> None:
    found = fixes(prompt(mode=value), mode=[choices])
    if expected is None:
        assert found == ([], ["value_not_in_list"])
    else:
        assert found == ([("2", "mode", expected)], [])


def test_a_renamed_default_is_followed() -> None:
    renamed = [["fast", "thorough"], {"default": "thorough"}]
    assert fixes(prompt(mode="slow"), mode=renamed) == ([("2", "mode", "thorough")], [])
    other = [["fast", "thorough"], {"default": "fast"}]
    assert fixes(prompt(mode="slow"), mode=other) == ([], ["value_not_in_list"])
    more = [["fast", "thorough", "odd"], {"default": "thorough"}]
    assert fixes(prompt(mode="slow"), mode=more) == ([], ["value_not_in_list"])


def test_values_out_of_range_are_nobodys_to_change() -> None:
    found = fixes(prompt(steps=50), steps=["INT", {"min": 1, "max": 40}])
    assert found == ([], ["value_bigger_than_max"])


def test_inputs_behind_a_choice_are_filled_in_too() -> None:
    options = [{"key": "video", "inputs": {"required": {"rate": ["INT", {"default": 8}]}}}]
    entry = ["COMFY_DYNAMICCOMBO_V3", {"options": options}]
    document = prompt()
    document["2"]["inputs"]["kind"] = "video"
    assert fixes(document, kind=entry) == ([("2", "kind.rate", 8)], [])
