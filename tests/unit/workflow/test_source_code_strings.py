"""Workflows in strings, loose model names, and the functions before the parsers."""

from __future__ import annotations

import subprocess
import sys

import pytest

from comfylock.workflow.source_code import language_of, mentions_workflow, read_source

NODE_JS = "const n = { class_type: 'A', inputs: { a: 'held.pt' } };\n"
NODE_PY = "n = {'class_type': 'A', 'inputs': {'a': 'held.pt'}}\n"
API = '{"1": {"class_type": "A", "inputs": {}}}'


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("a.ts", "typescript"),
        ("a.mts", "typescript"),
        ("a.cts", "typescript"),
        ("a.tsx", "tsx"),
        ("dir/a.JS", "javascript"),
        ("a.mjs", "javascript"),
        ("a.cjs", "javascript"),
        ("a.jsx", "javascript"),
        ("a.py", "python"),
        ("a.pyi", None),
        ("a.d.ts", None),
        ("a.json", None),
        ("py", None),
        (".py", None),
        ("", None),
    ],
)
def test_language_of(name: str, language: str | None) -> None:
    assert language_of(name) == language


def test_mentions_workflow_is_true_for_marks_only() -> None:
    assert mentions_workflow(b"x = {'class_type': 'A'}")
    assert mentions_workflow(b'{"last_node_id": 3}')
    assert not mentions_workflow(b"x = 1")


def test_mentions_workflow_loads_no_parser() -> None:
    code = (
        "import sys; from comfylock.workflow import source_code as s;"
        "s.mentions_workflow(b'class_type'); s.language_of('a.py'); s.read_source(b'x', 'python');"
        "sys.exit(any('tree_sitter' in name for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("language", "source", "line"),
    [
        ("javascript", f"\nconst wf = JSON.parse(`{API}`)", 2),
        ("javascript", f"const wf = JSON.parse('{API}')", 1),
        ("python", f"wf = json.loads('''{API}''')", 1),
        ("python", f"wf = json.loads('{API[:20]}' '{API[20:]}')", 1),
        ("python", f"wf = json.loads('{API[:20]}' + '{API[20:]}')", 1),
    ],
)
def test_a_workflow_in_a_string_is_given_out(language: str, source: str, line: int) -> None:
    reading = read_source(source.encode(), language)
    assert reading.embedded == ((line, API),)
    assert reading.nodes == ()
    assert reading.problems == ()


def test_a_ui_workflow_in_a_string_is_given_out() -> None:
    text = '{"last_node_id": 1, "nodes": []}'
    reading = read_source(f"wf = '''{text}'''\nx = '{{\"a\": 1}}'".encode(), "python")
    assert reading.embedded == ((1, text),)


def test_a_workflow_in_a_computed_string_is_a_problem() -> None:
    source = 'const t = `\n{"1": {"class_type": "A", "inputs": {"seed": ${seed}}}}`'
    reading = read_source(source.encode(), "javascript")
    assert reading.embedded == ()
    assert [problem.path for problem in reading.problems] == ["line 1"]


@pytest.mark.parametrize(
    "name",
    [
        *("a.safetensors", "dir/a.sft", "dir\\\\a.ckpt", "A B.PT", "a.pth", "a.bin", "a.gguf"),
        "a.onnx",
    ],
)
def test_a_model_name_in_no_input_is_loose(name: str) -> None:
    expected = ((2, name.replace("\\\\", "\\")),)
    for node, language in ((NODE_JS, "javascript"), (NODE_PY, "python")):
        assert read_source(f"{node}m = '{name}'\n".encode(), language).loose_models == expected


@pytest.mark.parametrize(
    "line",
    [
        "x = 'https://host/a.safetensors'",
        "x = 'held.pt'",
        "x = '.safetensors'",
        "x = '*.safetensors'",
        "x = y + '.safetensors'",
        "x = 'a.txt'",
        "x = 'line\\na.pt'",
        "x = '" + "a" * 260 + ".pt'",
        "'a.pt'",
    ],
)
def test_what_is_no_loose_model(line: str) -> None:
    assert read_source((NODE_JS + line).encode(), "javascript").loose_models == ()
    assert read_source((NODE_PY + line).encode(), "python").loose_models == ()


def test_loose_models_are_given_once_in_order_and_only_beside_nodes() -> None:
    names = "x = ['b.pt', 'a.pt', 'b.pt', 'c' + '.pt']\n"
    reading = read_source((names + NODE_PY).encode(), "python")
    assert reading.loose_models == ((1, "b.pt"), (1, "a.pt"), (1, "c.pt"))
    assert read_source((names + "# class_type").encode(), "python").loose_models == ()
    assert read_source((names + f"y = '{API}'").encode(), "python").loose_models != ()
