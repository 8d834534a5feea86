"""Broken, huge and hostile source: a problem at most, never an exception."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comfylock.workflow import source_code
from comfylock.workflow.source_code import SourceReading, language_of, read_source
from comfylock.workflow.source_code import nodes as nodes_module
from comfylock.workflow.source_code import walk as walk_module

EXAMPLES = os.path.join(os.path.dirname(__file__), *[os.pardir] * 3, "examples", "workflows")
LANGUAGES = ["python", "javascript", "typescript", "tsx"]


def example(name: str) -> bytes:
    with open(os.path.join(EXAMPLES, name), "rb") as file:
        return file.read()


PORTRAIT, BATCH = example("portrait_builder.ts"), example("batch_upscale.py")


def test_the_typescript_example_is_read_whole() -> None:
    reading = read_source(PORTRAIT, "typescript")
    assert reading.problems == ()
    assert reading.loose_models == ()
    inputs = {node.class_type: node.inputs for node in reading.nodes}
    assert inputs["CheckpointLoaderSimple"]["ckpt_name"] == "juggernautXL_v9.safetensors"
    assert inputs["LoraLoader"]["lora_name"] == "add-detail-xl.safetensors"
    assert inputs["UltralyticsDetectorProvider"] == {"model_name": "bbox/face_yolov8m.pt"}
    assert inputs["FaceDetailer"]["denoise"] == 0.4
    assert {"PreviewImage", "SaveImage"} < inputs.keys()
    assert len(reading.nodes) == 14


def test_the_python_example_is_read_whole() -> None:
    reading = read_source(BATCH, "python")
    assert [node.id for node in reading.nodes] == ["1", "2", "3", "4", "5"]
    assert source_code.alternatives(reading.nodes[1].inputs["model_name"]) == (
        "4x_NMKD-Siax_200k.pth",
        "RealESRGAN_x4plus_anime_6B.pth",
    )
    assert reading.nodes[3].inputs["keep_proportion"] is True
    assert reading.problems == ()


@pytest.mark.parametrize(
    ("language", "source"),
    [
        ("python", "x = {'class_type': 'A'}\ny = = 3\nz = {'class_type': 'B'}\n"),
        ("javascript", "x = { class_type: 'A' };\ny = = 3;\nz = { class_type: 'B' };\n"),
    ],
)
def test_a_syntax_error_costs_its_place_only(language: str, source: str) -> None:
    reading = read_source(source.encode(), language)
    assert {node.class_type for node in reading.nodes} == {"A", "B"}
    assert [problem.path for problem in reading.problems] == ["line 2"]


def test_a_file_over_the_cap_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_code, "MAX_SIZE", 1 << 20)
    reading = read_source(b"x = {'class_type': 'A'}\n" + b"#" * (1 << 20), "python")
    assert reading.nodes == ()
    assert "1 MiB" in reading.problems[0].message


def test_a_file_with_too_many_parts_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk_module, "MAX_PARTS", 50)
    reading = read_source(b"f({'class_type': 'A'})\n" * 20, "python")
    assert 0 < len(reading.nodes) < 20
    assert "too long" in reading.problems[-1].message


def test_a_file_with_too_many_nodes_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes_module, "MAX_PLACES", 10)
    reading = read_source(b"f({'class_type': 'A'})\n" * 20, "python")
    assert len(reading.nodes) == 10
    assert "too long" in reading.problems[-1].message


def test_many_problems_are_cut_short() -> None:
    reading = read_source(b"f({'class_type': g()})\n" * 150, "python")
    assert len(reading.problems) == 101
    assert "50 more" in reading.problems[0].message + reading.problems[-1].message
    assert reading.unread == 150


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "source",
    [
        b"class_type" + b"[" * 20_000,
        b"x = class_type" + b"[" * 20_000 + b"]" * 20_000,
        b"class_type" + b"(" * 20_000,
        b"x = " + b"{'class_type': 'A', 'inputs': " * 1_000 + b"1" + b"}" * 1_000,
        b"x = {'class_type': 'a'" + b" + 'b'" * 8_000 + b"}",
        b"class_type" + b".a" * 8_000,
        b"class_type" + b"(1)" * 8_000,
        b"x = {'class_type': " + b"a if b else " * 5_000 + b"c}",
        b"x = {'class_type': " + b"a ? b : " * 5_000 + b"c}",
        b"class_type\0\xff\xfe{'class_type': '\xff\0'}",
        b"\xef\xbb\xbfx = {'class_type': 'A'}",
        b"x = {'class_type': '" + b"a" * 20_000,
    ],
    ids=range(12),
)
def test_hostile_shapes_are_survived(language: str, source: bytes) -> None:
    reading = read_source(source, language)
    assert isinstance(reading, SourceReading)
    assert all(isinstance(node.class_type, str) for node in reading.nodes)


def test_deep_nodes_are_seen_though_their_surroundings_are_not() -> None:
    source = b"x = " + b"[" * 5_000 + b"{'class_type': 'A'}" + b"]" * 5_000
    assert [node.class_type for node in read_source(source, "python").nodes] == ["A"]


def test_constants_that_double_each_other_end_in_a_problem() -> None:
    lines = ["a0 = {'x': 'y'}", *(f"a{i} = {{'l': a{i - 1}, 'r': a{i - 1}}}" for i in range(1, 40))]
    source = "\n".join([*lines, "n = {'class_type': 'A', 'inputs': a39}"])
    reading = read_source(source.encode(), "python")
    assert [node.class_type for node in reading.nodes] == ["A"]
    assert "entangled" in reading.problems[-1].message


@pytest.mark.parametrize(
    "source",
    [
        "a = {a: 1}\na['x']('y')",
        "a = {a: {a: a}, **a}\nb = {'class_type': a[a][a]}",
        "def f(k):\n    return {k: f({k: k})}\nf(f)\nx = {f({f: 1}): 1}\nx['a']('b')",
        "def f(k=1):\n    k = {k: k}\n    k[k](k)\nf({f: f})",
        "class A(A, A):\n    b = A.b\nA.b('class_type')",
        "a = [a, a[a]]\na[a[0]](a)",
    ],
)
def test_what_is_made_of_itself_comes_to_an_end(source: str) -> None:
    reading = read_source(f"{source}\nx = {{'class_type': 'A'}}\n".encode(), "python")
    assert "A" in {node.class_type for node in reading.nodes}


def test_a_name_that_is_bound_again_and_again_is_no_knot() -> None:
    lines = [f"p = p.replace('{n}', 'x').strip(p.lower())" for n in range(40)]
    source = "\n".join([*lines, "x = {'class_type': 'A', 'inputs': {'v': p.name}}"])
    reading = read_source(source.encode(), "python")
    assert [node.class_type for node in reading.nodes] == ["A"]
    assert reading.problems == ()


TOKENS = st.sampled_from(
    [
        "class_type",
        "inputs",
        "'class_type'",
        '"A"',
        "'x.pt'",
        "`t${",
        "`{}",
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        ":",
        ",",
        "=",
        "==",
        "=>",
        ".",
        "?.",
        "...",
        "**",
        "*",
        "+",
        "?",
        "??",
        "||",
        "|",
        "or",
        "if",
        "else",
        "def",
        "class",
        "lambda",
        "return",
        "for",
        "of",
        "in",
        "const",
        "let",
        "function",
        "this",
        "self",
        "super",
        "new",
        "a",
        "b",
        "c",
        "1",
        "1.5",
        "-1",
        "None",
        "null",
        "\n",
        "\\",
        "f'",
        'f"{',
        "'''",
        '"""',
        "//",
        "#",
        "/*",
        "*/",
        "@",
        ";",
        "<",
        ">",
        "as",
        "enum",
        "interface",
        "await",
        "\t",
        "é",
        "\x00",
    ]
)


@given(tokens=st.lists(TOKENS, max_size=60), language=st.sampled_from(LANGUAGES))
@settings(max_examples=150, deadline=None)
def test_token_soup_never_raises(tokens: list[str], language: str) -> None:
    source = ("class_type " + " ".join(tokens)).encode()
    assert read_source(source, language) == read_source(source, language)


@given(data=st.data(), name=st.sampled_from(["portrait_builder.ts", "batch_upscale.py"]))
@settings(max_examples=80, deadline=None)
def test_cut_and_damaged_examples_never_raise(data: st.DataObject, name: str) -> None:
    source = PORTRAIT if name.endswith("ts") else BATCH
    first = data.draw(st.integers(0, len(source)))
    last = data.draw(st.integers(0, len(source)))
    middle = data.draw(st.binary(max_size=8))
    language = language_of(name)
    assert language is not None
    reading = read_source(source[:first] + middle + source[last:], language)
    assert all(problem.message for problem in reading.problems)


@given(source=st.binary(max_size=200), language=st.sampled_from(LANGUAGES))
@settings(max_examples=80, deadline=None)
def test_arbitrary_bytes_never_raise(source: bytes, language: str) -> None:
    assert isinstance(read_source(b"class_type" + source, language), SourceReading)
