"""What is kept of definitions, from a server's answer and from source?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from benchmarks.prompt_agreement import load
from comfylock.definitions.pack_files import PackFiles, collect_files
from comfylock.definitions.set_file import NotASetError, read_set, write_set
from comfylock.definitions.signature import DefinitionSet, InputSignature, merged
from comfylock.definitions.signature_object_info import is_object_info, read_signatures
from comfylock.definitions.signature_source import read_source, source_signatures
from comfylock.model import Problem
from tests.definition_sets import INFO, SAMPLER, definitions, info, with_inputs

HERE = Path(__file__).parents[2]
RECORDING = HERE / "verdicts" / "comfyui-0.3.64.jsonl"


def read_input(specification: Any, name: str = "x") -> InputSignature:
    entry = {"input": {"required": {name: specification}}, "output": []}
    found, problems = read_signatures({"X": entry})
    assert not problems
    return found.classes["X"].inputs[0]


def test_a_class_is_reduced_to_what_decides() -> None:
    sampler = definitions().classes["TestSampler"]
    assert [(each.name, each.type, each.required, each.widget) for each in sampler.inputs] == [
        ("image", "IMAGE", True, False),
        ("seed", "INT", True, True),
        ("steps", "INT", True, True),
        ("mode", "COMBO", True, True),
        ("note", "STRING", False, True),
    ]
    seed, mode = sampler.inputs[1], sampler.inputs[3]
    assert (seed.default, seed.minimum, seed.maximum, seed.trailing) == (0, 0, 100, 1)
    assert (mode.choices, mode.listed, mode.files) == (("fast", "slow"), True, False)
    assert (sampler.module, sampler.is_output, sampler.is_core) == ("nodes", False, True)


@pytest.mark.parametrize(
    ("specification", "is_file"),
    [
        ([["a.safetensors", "b.ckpt"]], True),
        ([["None", "sub\\style.PNG"]], True),
        ([[]], True),
        ([["x"], {"image_upload": True}], True),
        (["COMBO", {"remote": {"route": "/x"}}], True),
        (["COMBO", {"options": []}], True),
        ([["euler", "heun"]], False),
        ([[".png", ".jpg"]], False),
        (["COMBO", {"options": ["plain"]}], False),
        (["INT", {}], False),
    ],
)
def test_files_of_the_machine_are_no_part_of_a_signature(specification: Any, is_file: bool) -> None:
    found = read_input(specification)
    assert (found.files, found.choices is None) == (is_file, is_file or found.type == "INT")


def test_files_are_kept_when_asked_for_and_known_by_name() -> None:
    document = {"X": {"input": {"required": {"a": [["p.ckpt"]], "b": [["q", "r"]]}}, "output": []}}
    kept = read_signatures(document, keep_files=True)[0].classes["X"].inputs
    assert [each.choices for each in kept] == [("p.ckpt",), ("q", "r")]
    known = read_signatures(document, {"X": {"b"}})[0].classes["X"].inputs
    assert [(each.files, each.choices) for each in known] == [(True, None), (True, None)]


@pytest.mark.parametrize(
    ("specification", "filled"),
    [
        (["INT", {"default": 3}], 3),
        (["INT", {"min": 5}], 5),
        (["INT", {}], 0),
        (["FLOAT", {"default": float("nan")}], 0),
        (["STRING", {}], ""),
        (["BOOLEAN", {}], False),
        ([["p", "q"]], "p"),
        (["COMBO", {"options": ["p", "q"], "default": "q"}], "q"),
        (["IMAGE", {}], UNSET),
        (["INT", {"forceInput": True}], UNSET),
        ([["a.ckpt"]], UNSET),
    ],
)
def test_what_the_editor_fills_in(specification: Any, filled: Any) -> None:
    assert read_input(specification).fallback() == filled


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        (None, "is not an object; nothing is known"),
        ([], "is not an object; nothing is known"),
        ({"output": []}, "`input` is not an object; its inputs are not known"),
        ({"input": [], "output": []}, "`input` is not an object; its inputs are not known"),
        (
            {"input": {"required": ["a"]}, "output": []},
            "`input.required` is not an object; its inputs are not known",
        ),
        ({"input": {}}, "`output` is not a list; its outputs are not known"),
        ({"input": {}, "output": {"a": 1}}, "`output` is not a list; its outputs are not known"),
    ],
)
def test_an_odd_class_costs_that_class_alone(entry: Any, fault: str) -> None:
    found, problems = read_signatures({"Odd": entry, **INFO})
    assert problems == (Problem("Odd", fault),)
    assert found.classes["Odd"].is_partial
    assert set(found.classes) == {"Odd", *INFO}


@pytest.mark.parametrize(
    "specification",
    [None, [], {}, "IMAGE", [None], [{}], [[["a"]]], [7, "x"], ["X" * 999], [[1, None, {"a": 1}]]],
)
def test_odd_inputs_are_read_as_far_as_they_go(specification: Any) -> None:
    found = read_input(specification)
    assert found.name == "x"
    assert read_set(msgspec.json.decode(write_set(_only(found)))).classes["X"].inputs == (found,)


def _only(entry: InputSignature) -> DefinitionSet:
    held = definitions().classes["TestShow"]
    return DefinitionSet({"X": msgspec.structs.replace(held, class_type="X", inputs=(entry,))})


def test_names_that_are_none_are_left_out() -> None:
    document = {"": {}, "x" * 999: {}, "a\ud800": {}, **INFO}
    found, problems = read_signatures(document)
    assert set(found.classes) == set(INFO)
    assert {each.message for each in problems} == {"left out: not a name"}


def test_what_is_an_answer_of_a_server() -> None:
    assert is_object_info(INFO)
    assert not any(map(is_object_info, ({}, [], None, {"a": 1}, {"nodes": []})))


def test_a_set_is_written_the_same_whatever_the_order() -> None:
    shuffled = dict(reversed(INFO.items()))
    assert write_set(read_signatures(shuffled)[0]) == write_set(definitions())


def test_a_set_is_read_as_it_was() -> None:
    for found in (definitions(), read_source(str(HERE / "upgrade_pack"))[0]):
        data = write_set(found)
        again = read_set(msgspec.json.decode(data))
        assert again.classes == found.classes
        assert write_set(again) == data


def test_one_class_is_one_line() -> None:
    before = write_set(definitions()).splitlines()
    changed = with_inputs(SAMPLER, steps=["INT", {"default": 21, "min": 1, "max": 50}])
    after = write_set(definitions(TestSampler=changed)).splitlines()
    assert sum(a != b for a, b in zip(before, after, strict=True)) == 1


def test_a_long_list_stands_once() -> None:
    names = [f"sampler number {place}" for place in range(20)]
    entry = {"input": {"required": {"a": [names], "b": [names]}}, "output": [names]}
    data = write_set(read_signatures({"X": entry, "Y": entry})[0])
    assert data.count(b"sampler number 7") == 1
    assert read_set(msgspec.json.decode(data)).classes["Y"].inputs[1].choices == tuple(names)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "is no set of definitions"),
        ({"a": 1}, "is no set of definitions"),
        ({"comfylock-definitions": 2}, "is a set of definitions of version 2, not 1"),
        ({"comfylock-definitions": 1}, "is a damaged set of definitions: it has no class types"),
        ({"comfylock-definitions": 1, "classes": []}, "damaged"),
        ({"comfylock-definitions": 1, "classes": {"X": {"required": [["a"]]}}}, "damaged"),
        ({"comfylock-definitions": 1, "classes": {"X": {"required": [7]}}}, "damaged"),
        (
            {
                "comfylock-definitions": 1,
                "classes": {"X": {"required": [["a", "INT", {"min": "x"}]]}},
            },
            "a limit is no number",
        ),
        (
            {
                "comfylock-definitions": 1,
                "classes": {"X": {"required": [["a", "COMBO", {"choices": "gone"}]]}},
            },
            "damaged",
        ),
        ({"comfylock-definitions": 1, "classes": {}, "kind": "odd"}, "kind is 'odd'"),
        ({"comfylock-definitions": 1, "classes": {}, "comfyui": 7}, "a name is no text"),
    ],
)
def test_a_damaged_set_is_told_in_a_sentence(document: Any, message: str) -> None:
    with pytest.raises(NotASetError) as caught:
        read_set(document)
    assert message in str(caught.value)


def test_source_says_what_a_server_says() -> None:
    """The recording holds what a real ComfyUI answered about the pack that is read here."""
    recorded, _ = load(RECORDING.read_bytes())
    found, problems = read_source(str(HERE / "upgrade_pack"))
    assert not problems
    assert found.kind == "source"
    assert found.is_core_only
    assert set(found.classes) == set(recorded.classes)
    for name, theirs in recorded.classes.items():
        ours = found.classes[name]
        # What the recording is without: only source tells the first two, and it is from before
        # hidden inputs were kept.
        same = msgspec.structs.replace(ours, checks=(), checks_all=False, hidden=())
        assert same == theirs


def test_hidden_inputs_are_what_comfyui_hands_in() -> None:
    told = {
        "prompt": "PROMPT",
        "id": ["UNIQUE_ID"],
        "odd": None,
        "none": [],
        5: "X",
        "y" * 300: "Z",
    }
    entry = {"input": {"required": {}, "hidden": told}, "output": []}
    found = read_signatures({"A": entry, "B": {"input": {"hidden": ["x"]}, "output": []}})[0]
    assert found.classes["A"].hidden == (("id", "UNIQUE_ID"), ("prompt", "PROMPT"))
    assert found.classes["B"].hidden == ()
    assert read_set(msgspec.json.decode(write_set(found))) == found


def test_source_says_which_inputs_are_hidden() -> None:
    classes = read_source(str(HERE / "upgrade_pack"))[0].classes
    assert classes["UpgradeNewerShow"].hidden == (
        ("extra_pnginfo", "EXTRA_PNGINFO"),
        ("prompt", "PROMPT"),
    )
    code = """
from comfy_api.latest import io, ComfyExtension
class Older:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {}, "hidden": {"own": "UNIQUE_ID"}}
    RETURN_TYPES = ()
class Newer(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(node_id="Newer", is_api_node=True, hidden=[io.Hidden.unique_id, other()])
NODE_CLASS_MAPPINGS = {"Older": Older}
class Extension(ComfyExtension):
    async def get_node_list(self):
        return [Newer]
async def comfy_entrypoint():
    return Extension()
"""
    files = {"__init__.py": code.encode()}
    found = source_signatures(collect_files(files, files.get))[0].classes
    assert found["Older"].hidden == (("own", "UNIQUE_ID"),)
    assert [name for name, _ in found["Newer"].hidden] == [
        "api_key_comfy_org",
        "auth_token_comfy_org",
        "unique_id",
    ]


def test_source_tells_what_a_class_judges_by_itself() -> None:
    classes = read_source(str(HERE / "upgrade_pack"))[0].classes
    assert classes["UpgradeChecked"].checks == ("level", "mode")
    assert classes["UpgradeLenient"].checks == ("input_types",)
    assert classes["UpgradeLenient"].checks_all
    assert not classes["UpgradeSource"].checks


COMFYUI = {
    "nodes.py": """
import folder_paths
class Loader:
    @classmethod
    def INPUT_TYPES(s):
        return {"required": {"name": (folder_paths.get_filename_list("loras"),)}}
    RETURN_TYPES = ("MODEL",)
NODE_CLASS_MAPPINGS = {"Loader": Loader}
""",
    "folder_paths.py": "",
    "comfyui_version.py": '__version__ = "9.8.7"',
    "comfy/samplers.py": 'NAMES = ["euler"] + ["heun"]',
    "comfy_extras/nodes_x.py": """
from comfy_api.latest import io, ComfyExtension
import comfy.samplers
class X(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(node_id="X", is_output_node=True, is_deprecated=True, inputs=[
            io.Combo.Input("sampler", options=comfy.samplers.NAMES),
            io.Autogrow.Input("images", template=io.Autogrow.TemplatePrefix(
                io.Image.Input("image"), prefix="i", min=2, max=4)),
            io.DynamicCombo.Input("format", options=[
                io.DynamicCombo.Option("video", [io.Int.Input("rate", default=8)])]),
            io.Int.Input("late", optional=True), io.Int.Input("seed"),
        ], outputs=[io.Custom("THING").Output(display_name="thing"), io.Image.Output()])
class Extension(ComfyExtension):
    async def get_node_list(self):
        return [X]
async def comfy_entrypoint():
    return Extension()
""",
}


def test_comfyui_itself_is_read_from_its_source() -> None:
    python = {name: text.encode() for name, text in COMFYUI.items()}
    files = PackFiles(python, {}, tuple(sorted(python)), None, ())
    found, problems = source_signatures(files)
    assert not problems
    assert (found.comfyui, list(found.classes)) == ("9.8.7", ["Loader", "X"])
    assert found.classes["Loader"].inputs[0].files
    newer = found.classes["X"]
    assert (newer.module, newer.is_output, newer.deprecated) == ("comfy_extras.nodes_x", True, True)
    names = ["sampler", "images", "format", "seed", "late"]
    assert [entry.name for entry in newer.inputs] == names
    sampler, images, chosen = newer.inputs[:3]
    assert sampler.choices == ("euler", "heun")
    assert (images.names, images.at_least) == (("i0", "i1", "i2", "i3"), 2)
    assert [(key, inner[0].default) for key, inner in chosen.options] == [("video", 8)]
    assert [each.type for each in newer.outputs] == ["THING", "IMAGE"]


def test_what_cannot_be_read_is_said_to_be_partial() -> None:
    source = """
class X:
    @classmethod
    def INPUT_TYPES(cls):
        return make_inputs()
    RETURN_TYPES = make_types()
NODE_CLASS_MAPPINGS = {"X": X, "Y": make_class()}
"""
    files = PackFiles({"__init__.py": source.encode()}, {}, ("__init__.py",), None, ())
    found, _ = source_signatures(files)
    assert [found.classes[name].is_partial for name in ("X", "Y")] == [True, True]


def test_several_sets_are_one_and_core_wins() -> None:
    core = definitions()
    stranger = dict(SAMPLER, python_module="custom_nodes.strange", output=["MASK"])
    packs = read_signatures({"TestSampler": stranger, "Own": stranger})[0]
    for order in ((core, packs), (packs, core)):
        found = merged(order)
        assert found.classes["TestSampler"] == core.classes["TestSampler"]
        assert found.classes["Own"].outputs[0].type == "MASK"


def test_source_adds_its_checks_to_what_a_server_says() -> None:
    recorded, _ = load(RECORDING.read_bytes())
    source = read_source(str(HERE / "upgrade_pack"))[0]
    for order in ((recorded, source), (source, recorded), (source, recorded, source)):
        found = merged(order)
        checked = found.classes["UpgradeChecked"]
        assert checked.checks == ("level", "mode")
        assert checked.inputs == recorded.classes["UpgradeChecked"].inputs
        assert found.kind == "server"


def test_of_two_packs_in_source_the_last_one_is_taken() -> None:
    def pack(kind: str) -> DefinitionSet:
        text = f"class A:\n    RETURN_TYPES = ('{kind}',)\nNODE_CLASS_MAPPINGS = {{'A': A}}\n"
        files = PackFiles({"__init__.py": text.encode()}, {}, ("__init__.py",), None, ())
        return source_signatures(files)[0]

    found = merged((pack("IMAGE"), pack("MASK")))
    assert [output.type for output in found.classes["A"].outputs] == ["MASK"]


def test_the_whole_answer_is_much_larger_than_the_set() -> None:
    long = json_size(info(TestSampler=dict(SAMPLER, description="words " * 500)))
    assert len(write_set(definitions())) * 3 < long


def json_size(document: Any) -> int:
    return len(msgspec.json.encode(document))


def test_members_and_constants_of_the_standard_library_are_read() -> None:
    code = """
import string
import sys
from enum import Enum
from string import digits
from comfy_api.latest import io, ComfyExtension
class Style(str, Enum):
    __doc__ = "none of them"
    _3d = "3d"
    plain = "plain"
    @classmethod
    def as_input(cls):
        return [each.value for each in cls]
class Mode(Enum):
    ADD = 0
class New(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(node_id="New", inputs=[
            io.Combo.Input("style", options=Style.as_input()),
            io.Combo.Input("mode", options=[each.name for each in Mode], default=Mode.ADD.name),
            io.Combo.Input("digit", options=list(digits[:2])),
            io.Int.Input("count", max=sys.maxsize),
            io.File3DGLB.Input("file"),
            io.Autogrow.Input("values", template=io.Autogrow.TemplateNames(
                io.Int.Input("value"), names=list(string.ascii_lowercase[:3]), min=1)),
        ], outputs=[io.File3DAny.Output()])
class Extension(ComfyExtension):
    async def get_node_list(self):
        return [New]
async def comfy_entrypoint():
    return Extension()
"""
    files = {"__init__.py": code.encode()}
    found = source_signatures(collect_files(files, files.get))[0].classes["New"]
    told = {each.name: each for each in found.inputs}
    assert told["style"].choices == ("3d", "plain")
    # How a member is called is not known, so nothing is claimed of what may be chosen.
    assert (told["mode"].choices, told["mode"].files, told["mode"].default) == (None, True, UNSET)
    assert told["digit"].choices == ("0", "1")
    assert told["count"].maximum == 2**63 - 1
    assert (told["file"].type, found.outputs[0].type) == ("FILE_3D_GLB", "FILE_3D")
    assert told["values"].names == ("a", "b", "c")


def test_comfyuis_own_classes_that_judge_by_themselves_are_known() -> None:
    entry = {"input": {"required": {"choice": ["COMBO", {"options": []}]}}, "output": []}
    own = dict(entry, python_module="custom_nodes.own")
    found = read_signatures({"CustomCombo": entry, "LoadImage": entry, "SelectVAEDevice": own})[0]
    assert found.classes["CustomCombo"].checks_all
    assert found.classes["LoadImage"].checks == ("image",)
    assert found.classes["SelectVAEDevice"].checks == ()
