"""What inputs do classes declare, and where do their choices come from?"""

from __future__ import annotations

import pytest

from comfylock.definitions.mappings import read_python
from comfylock.model import InputDefinition

HEAD = """
import os, folder_paths, comfy.samplers
from comfy.comfy_types import IO
class AnyType(str):
    def __ne__(self, other): return False
ANY = AnyType("*")
COMMON = {"strength": ("FLOAT", {"default": 1.0})}
def choices(key): return ["None"] + folder_paths.get_filename_list(key)
"""
TAIL = "\nNODE_CLASS_MAPPINGS = {'X': X}\n"


def inputs(body: str, head: str = HEAD) -> tuple[InputDefinition, ...]:
    """Return the inputs of a class X whose `INPUT_TYPES` has this body."""
    lines = "\n".join(f"        {line}" for line in body.splitlines())
    source = f"{head}\nclass X:\n    @classmethod\n    def INPUT_TYPES(cls):\n{lines}\n{TAIL}"
    definitions, problems = read_python({"__init__.py": source.encode()})
    assert problems == ()
    return definitions[0].inputs


def single(specification: str) -> InputDefinition:
    """Return the input `a` with this specification."""
    (found,) = inputs(f"return {{'required': {{'a': {specification}}}}}")
    return found


@pytest.mark.parametrize(
    "how", ["copy.deepcopy(BASE)", "{'required': copy.copy(BASE['required'])}"]
)
def test_a_copy_is_another_dict(how: str) -> None:
    head = (
        "import copy\nBASE = {'required': {'a': ('INT',)}}\n"
        f"other = {how}\nother['required']['b'] = ('INT',)\n"
    )
    assert [found.name for found in inputs("return BASE", head)] == ["a"]
    assert [found.name for found in inputs("return other", head)] == ["a", "b"]


def test_required_inputs_come_first_and_hidden_ones_not_at_all() -> None:
    found = inputs(
        "return {'optional': {'o': ('MASK',)}, 'hidden': {'h': 'PROMPT'},"
        " 'required': {'b': ('INT',), 'a': ('IMAGE',)}}"
    )
    assert [(i.name, i.type, i.required, i.widget) for i in found] == [
        ("b", "INT", True, True),
        ("a", "IMAGE", True, False),
        ("o", "MASK", False, False),
    ]


@pytest.mark.parametrize(
    ("specification", "kind", "widget"),
    [
        ("('STRING', {'multiline': True})", "STRING", True),
        ("('STRING', {'forceInput': True})", "STRING", False),
        ("(['a', 'b'],)", "COMBO", True),
        ("(['a', 'b'], {'default': 'b'})", "COMBO", True),
        ("(comfy.samplers.KSampler.SAMPLERS,)", "COMBO", True),
        ("(sorted(os.listdir('x')),)", "COMBO", True),
        ("('COMBO', {'options': ['a']})", "COMBO", True),
        ("(ANY,)", "*", False),
        ("(AnyType('*'), {})", "*", False),
        ("(IO.ANY, {})", "*", False),
        ("(IO.FLOAT, {})", "FLOAT", True),
        ("'IMAGE'", "IMAGE", False),
        ("('INT,FLOAT',)", "INT,FLOAT", False),
        ("()", "*", False),
    ],
)
def test_a_specification_has_a_type(specification: str, kind: str, widget: bool) -> None:
    found = single(specification)
    assert (found.type, found.widget) == (kind, widget)


@pytest.mark.parametrize(
    ("specification", "folder"),
    [
        ("(folder_paths.get_filename_list('loras'),)", "loras"),
        ("(folder_paths.get_filename_list('unet'),)", "diffusion_models"),
        ("(['None'] + folder_paths.get_filename_list('vae'),)", "vae"),
        ("(['None', *folder_paths.get_filename_list('vae')],)", "vae"),
        ("(list(sorted(folder_paths.get_filename_list('vae'))), {'default': 'x'})", "vae"),
        ("([f for f in folder_paths.get_filename_list('clip') if 't5' in f],)", "text_encoders"),
        ("([os.path.dirname(f) for f in folder_paths.get_filename_list('loras')],)", None),
        ("(choices('checkpoints'),)", "checkpoints"),
        ("('COMBO', {'options': folder_paths.get_filename_list('sams')})", "sams"),
        ("(os.listdir(folder_paths.get_folder_paths('gligen')[0]),)", "gligen"),
        ("(os.listdir(folder_paths.folder_names_and_paths['ipadapter'][0][0]),)", "ipadapter"),
        ("(os.listdir(os.path.join(folder_paths.models_dir, 'sam2')),)", "sam2"),
        ("(['a', 'b'],)", None),
        ("('STRING', {'default': 'loras'})", None),
    ],
)
def test_choices_tell_their_model_folder(specification: str, folder: str | None) -> None:
    assert single(specification).folder == folder


INPUT_FILES = "os.listdir(folder_paths.get_input_directory())"


@pytest.mark.parametrize(
    ("name", "specification", "asset"),
    [
        ("a", "(['x.png'], {'image_upload': True})", "image"),
        ("a", "(['x.mp4'], {'video_upload': True})", "video"),
        ("a", "(['x.mp3'], {'audio_upload': True})", "audio"),
        ("a", "(['x.png'], {'image_upload': True, 'image_folder': 'output'})", None),
        ("a", f"(folder_paths.filter_files_content_types({INPUT_FILES}, ['image']),)", "image"),
        ("a", f"([f for f in {INPUT_FILES} if f.endswith('.mp4')],)", "video"),
        ("my_audio", f"(sorted({INPUT_FILES}),)", "audio"),
        ("latent", f"(sorted({INPUT_FILES}),)", None),
        ("image", "(['a', 'b'],)", None),
    ],
)
def test_choices_tell_which_input_files_they_are(
    name: str, specification: str, asset: str | None
) -> None:
    (found,) = inputs(f"return {{'required': {{'{name}': {specification}}}}}")
    assert found.asset == asset


def test_inputs_are_built_in_steps() -> None:
    found = inputs(
        "types = {'required': {'model': ('MODEL',), **COMMON}}\n"
        "for i in range(1, 3):\n    types['required'][f'lora_{i}'] = (choices('loras'),)\n"
        "types['optional'] = dict(mask=('MASK',))\n"
        "if unknown():\n    types['optional']['seed'] = ('INT',)\nreturn types"
    )
    assert [i.name for i in found] == ["model", "strength", "lora_1", "lora_2", "mask", "seed"]
    assert found[2].folder == "loras"


def test_inputs_are_inherited_and_extended() -> None:
    source = (
        "class Base:\n    KEY = 'loras'\n    @classmethod\n    def INPUT_TYPES(s):\n"
        "        import folder_paths\n"
        "        return {'required': {'a': (folder_paths.get_filename_list(s.KEY),)}}\n"
        "class X(Base):\n    KEY = 'vae'\n    @classmethod\n    def INPUT_TYPES(s):\n"
        "        found = super().INPUT_TYPES()\n        found['required']['b'] = ('INT',)\n"
        "        return found\nclass Y(Base): pass\nNODE_CLASS_MAPPINGS = {'X': X, 'Y': Y}"
    )
    x, y = read_python({"__init__.py": source.encode()})[0]
    assert [(i.name, i.folder) for i in x.inputs] == [("a", "vae"), ("b", None)]
    assert [(i.name, i.folder) for i in y.inputs] == [("a", "loras")]


def test_inputs_from_an_unknown_base_are_a_problem() -> None:
    source = "import nodes\nclass X(nodes.KSampler): pass\nNODE_CLASS_MAPPINGS = {'X': X}"
    definitions, problems = read_python({"__init__.py": source.encode()})
    assert definitions[0].inputs == ()
    assert problems[0].path == "__init__.py:2"
    assert problems[0].message == "not all inputs of `X` could be read"


def test_a_name_that_is_put_together_leaves_the_others() -> None:
    source = (
        "import os\nclass X:\n    @classmethod\n    def INPUT_TYPES(s):\n"
        "        return {'required': {os.getcwd(): ('INT',), 'a': ('INT',)}}" + TAIL
    )
    definitions, problems = read_python({"__init__.py": source.encode()})
    assert [i.name for i in definitions[0].inputs] == ["a"]
    assert len(problems) == 1


SCHEMA = """
import folder_paths
from enum import Enum
from comfy_api.latest import ComfyExtension, io as comfy_io
Luma = comfy_io.Custom("LUMA_REF")
class X(comfy_io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return comfy_io.Schema(node_id="X", inputs=[%s])
NODE_CLASS_MAPPINGS = {"X": X}
"""


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("comfy_io.Model.Input('m')", InputDefinition("m", "MODEL")),
        ("comfy_io.ClipVisionOutput.Input(id='c')", InputDefinition("c", "CLIP_VISION_OUTPUT")),
        ("comfy_io.ControlNet.Input('c')", InputDefinition("c", "CONTROL_NET")),
        ("comfy_io.AnyType.Input('c')", InputDefinition("c", "*")),
        ("comfy_io.SEGS.Input('c')", InputDefinition("c", "SEGS")),
        ("Luma.Input('l', optional=True)", InputDefinition("l", "LUMA_REF", required=False)),
        (
            "comfy_io.Int.Input('n', default=1)",
            InputDefinition("n", "INT", widget=True),
        ),
        (
            "comfy_io.Int.Input('n', control_after_generate=True)",
            InputDefinition("n", "INT", widget=True, trailing=1),
        ),
        ("comfy_io.Float.Input('n', force_input=True)", InputDefinition("n", "FLOAT")),
        (
            "comfy_io.Combo.Input('c', options=folder_paths.get_filename_list('vae'))",
            InputDefinition("c", "COMBO", widget=True, folder="vae"),
        ),
        (
            "comfy_io.Combo.Input('c', ['a'], upload=comfy_io.UploadType.image)",
            InputDefinition("c", "COMBO", widget=True, asset="image", trailing=1),
        ),
        (
            "comfy_io.MultiType.Input('m', types=[comfy_io.Mesh, comfy_io.Voxel])",
            InputDefinition("m", "MESH,VOXEL"),
        ),
        (
            "comfy_io.MultiType.Input(comfy_io.Float.Input('m'), types=[comfy_io.Int])",
            InputDefinition("m", "FLOAT,INT", widget=True),
        ),
    ],
)
def test_a_schema_declares_an_input(call: str, expected: InputDefinition) -> None:
    definitions, problems = read_python({"__init__.py": (SCHEMA % call).encode()})
    assert definitions[0].inputs == (expected,)
    assert problems == ()


def test_a_schema_puts_required_inputs_first() -> None:
    calls = "comfy_io.Int.Input('a', optional=True), comfy_io.Int.Input('b')"
    definitions, _ = read_python({"__init__.py": (SCHEMA % calls).encode()})
    assert [i.name for i in definitions[0].inputs] == ["b", "a"]


def test_a_schema_with_unknown_inputs_is_a_problem() -> None:
    calls = "comfy_io.Int.Input('a'), *more()"
    definitions, problems = read_python({"__init__.py": (SCHEMA % calls).encode()})
    assert [i.name for i in definitions[0].inputs] == ["a"]
    assert [p.message for p in problems] == ["not all inputs of `X` could be read"]
