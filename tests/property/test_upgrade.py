"""Whatever definitions, prompts and texts look like: nothing raises, nothing is lost."""

from __future__ import annotations

import json
import os
import tempfile
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from comfylock.definitions.set_file import read_set, write_set
from comfylock.definitions.signature_object_info import read_signatures
from comfylock.errors import WorkflowError
from comfylock.ops.upgrade_check import Comparison
from comfylock.ops.upgrade_fix import fix_file
from comfylock.registry.store import shared_registry
from comfylock.upgrade.changes import compare
from comfylock.upgrade.convert import convert
from comfylock.upgrade.documents import documents_of, prompt_of
from comfylock.upgrade.fixes import plan
from comfylock.upgrade.json_edit import Edit, edited, pieces_of, put
from comfylock.upgrade.ui_graph import convert_graph
from comfylock.upgrade.validate import Validator
from tests.definition_sets import SAMPLER, chain, definitions, prompt, with_inputs

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 2**70) | st.floats(-9, 9) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
TYPES = st.sampled_from(
    [
        "INT",
        "FLOAT",
        "STRING",
        "BOOLEAN",
        "COMBO",
        "IMAGE",
        "*",
        "A,B",
        "COMFY_AUTOGROW_V3",
        "COMFY_DYNAMICCOMBO_V3",
        "COMFY_DYNAMICGROUP_V3",
    ]
)
OPTIONS = st.dictionaries(
    st.sampled_from(["default", "min", "max", "options", "forceInput", "multiselect", "template"]),
    JSON,
    max_size=3,
)
INPUTS = st.dictionaries(
    st.text(max_size=4), st.tuples(TYPES | JSON, OPTIONS).map(list) | JSON, max_size=4
)
CLASSES = st.fixed_dictionaries(
    {"input": st.fixed_dictionaries({"required": INPUTS, "optional": INPUTS}) | JSON},
    optional={"output": st.lists(TYPES | JSON, max_size=3) | JSON, "output_node": JSON},
)
INFOS = st.dictionaries(st.text(max_size=6), CLASSES | JSON, max_size=4)
EXISTING = ["TestLoader", "TestSampler", "TestShow", "TestChooser"]
PROMPTS = st.dictionaries(
    st.sampled_from("12345"),
    st.fixed_dictionaries(
        {},
        optional={
            "class_type": st.sampled_from(EXISTING) | JSON,
            "inputs": st.dictionaries(
                st.sampled_from(["image", "steps", "mode", "seed", "file", "format"]),
                JSON | st.tuples(st.sampled_from("12345"), st.integers(-2, 3)).map(list),
                max_size=6,
            )
            | JSON,
        },
    )
    | JSON,
    max_size=5,
)


@given(INFOS)
def test_a_set_is_read_as_it_was_written(document: dict[str, Any]) -> None:
    found, _ = read_signatures(document)
    data = write_set(found)
    again = read_set(msgspec.json.decode(data))
    assert write_set(again) == data
    assert compare(found, again) == ()
    assert compare(found, found) == ()


@given(INFOS, INFOS)
def test_any_two_sets_can_be_compared(old: dict[str, Any], new: dict[str, Any]) -> None:
    changes = compare(read_signatures(old)[0], read_signatures(new)[0])
    assert all(each.message.isprintable() for each in changes)


@given(PROMPTS)
def test_any_prompt_can_be_judged_and_mended(document: dict[str, Any]) -> None:
    validator = Validator(definitions())
    nodes = prompt_of(document)
    judgement = validator.judge(nodes)
    assert (judgement.verdict == "works") == (not judgement.faults)
    assert all(fault.message.isprintable() for fault in judgement.faults)
    fixes, mended, left = plan(nodes, validator, None, definitions())
    assert len(left) <= len(judgement.faults) + len(fixes)
    assert validator.judge(mended).faults == left


@given(st.data())
def test_a_damaged_workflow_of_the_editor_is_converted_as_far_as_it_goes(
    data: st.DataObject,
) -> None:
    document = chain()
    for _ in range(data.draw(st.integers(1, 3))):
        node = data.draw(st.sampled_from(document["nodes"]))
        if isinstance(node, dict):
            node[data.draw(st.sampled_from(sorted(node)))] = data.draw(JSON)
        document[data.draw(st.sampled_from(["links", "definitions", "extra"]))] = data.draw(JSON)
    found = convert(convert_graph(document, []), definitions())
    Validator(definitions()).judge(found.prompt)


@given(st.binary(max_size=40) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_a_workflow_or_a_sentence(data: bytes) -> None:
    told = "x.json: "
    try:
        documents_of(data, "x.json", is_named=True)
    except WorkflowError as error:
        told = str(error)
    assert told.startswith("x.json: ")


@given(
    st.dictionaries(st.text(max_size=4), JSON, max_size=4),
    st.dictionaries(st.text(max_size=4), JSON, max_size=3),
    st.sampled_from([None, 1, 3, "\t"]),
)
def test_an_edit_says_what_it_should_and_keeps_the_rest(
    inner: dict[str, Any], values: dict[str, Any], indent: Any
) -> None:
    document = {"a": [inner, 1], "b": inner}
    text = json.dumps(document, indent=indent, ensure_ascii=False)
    edits = [Edit(("a", 0), key, value) for key, value in values.items()]
    pieces = pieces_of(text, edits)
    after = json.loads(edited(text, pieces))
    wanted = json.loads(text)
    put(wanted, edits)
    assert after == wanted
    if not set(values) & set(inner):
        assert all(piece.start == piece.end for piece in pieces)


@given(st.permutations(sorted(prompt())))
def test_the_order_of_nodes_changes_no_verdict(order: list[str]) -> None:
    shuffled = {key: prompt(steps=99)[key] for key in order}
    faults = Validator(definitions()).judge(prompt_of(shuffled)).faults
    assert [each.input for each in faults] == ["steps"]


NEWER = with_inputs(SAMPLER, strength=["FLOAT", {"default": 1.0}])
UPGRADE = Comparison(definitions(), definitions(TestSampler=NEWER), shared_registry())
WRAPS: list[tuple[tuple[str, ...], Any]] = [
    ((), lambda w: w),
    (("prompt",), lambda w: {"client_id": "x", "prompt": w}),
    (("input", "workflow"), lambda w: {"input": {"workflow": w, "images": []}}),
]
NUMBERS = ["1e5", "1.0", "1.10", "-0.0", "123456789012345678901234567890", "0.1000000000000000055"]


@given(
    st.permutations(sorted(prompt())),
    st.dictionaries(st.text(max_size=4), JSON, max_size=3),
    st.sampled_from(NUMBERS),
    st.sampled_from(WRAPS),
    st.sampled_from([None, 0, 1, 2, 4, "\t"]),
    st.sampled_from(["\n", "\r\n"]),
    st.tuples(st.booleans(), st.sampled_from(["", "\ufeff"]), st.sampled_from(["", "\n", " \n\n"])),
)
def test_a_mended_file_is_the_old_one_and_what_was_missing(
    order: list[str],
    meta: dict[str, Any],
    number: str,
    wrap: tuple[tuple[str, ...], Any],
    indent: Any,
    line: str,
    rest: tuple[bool, str, str],
) -> None:
    is_ascii, start, end = rest
    nodes = {key: {"_meta": meta, **prompt()[key]} for key in order}
    nodes["2"]["inputs"]["later"] = "NUMBER"
    text = json.dumps(wrap[1](nodes), indent=indent, ensure_ascii=is_ascii)
    text = start + text.replace('"NUMBER"', number).replace("\n", line) + end
    data = text.encode("utf-8", "surrogatepass")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "w.json")
        for is_dry in (True, False):
            with open(path, "wb") as stream:
                stream.write(data)
            fixed = fix_file(path, UPGRADE, is_dry=is_dry)
            assert fixed is not None
            assert ([fix.input for fix in fixed.fixes], fixed.left) == (["strength"], ())
            with open(path, "rb") as stream:
                after = stream.read()
            assert (after == data) is is_dry
        assert fix_file(path, UPGRADE) is None
    added = len(after) - len(data)
    places = [at for at in range(len(data) + 1) if after[:at] + after[at + added :] == data]
    assert places, "something else was changed"
    told = json.loads(after.decode("utf-8-sig"))
    for key in wrap[0]:
        told = told[key]
    assert told["2"]["inputs"].pop("strength") == 1.0
    assert json.dumps(told["2"]["inputs"]["later"]) == json.dumps(json.loads(number))
