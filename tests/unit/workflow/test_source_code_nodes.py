"""Which nodes are seen, in every way that the three languages have to write one."""

from __future__ import annotations

import pytest

from comfylock.workflow.source_code import (
    DYNAMIC,
    Alternatives,
    SourceNode,
    SourceReading,
    read_source,
)


def read(source: str, language: str) -> SourceReading:
    return read_source(source.encode(), language)


def only(source: str, language: str) -> SourceNode:
    reading = read(source, language)
    assert reading.problems == ()
    assert len(reading.nodes) == 1, reading.nodes
    return reading.nodes[0]


def types(source: str, language: str) -> list[str]:
    return [node.class_type for node in read(source, language).nodes]


@pytest.mark.parametrize("language", ["javascript", "typescript", "tsx"])
def test_an_object_literal_is_a_node_with_line_id_title_and_inputs(language: str) -> None:
    source = """
const wf = {
  "3": { class_type: "KSampler", inputs: { seed: 1, cfg: 1.5, on: true, none: null,
         model: ["4", 0], extra: { a: [-1] }, text: read() }, _meta: { title: "Sample" } },
};
"""
    assert only(source, language) == SourceNode(
        class_type="KSampler",
        line=3,
        inputs={
            "seed": 1,
            "cfg": 1.5,
            "on": True,
            "none": None,
            "model": ["4", 0],
            "extra": {"a": [-1]},
            "text": DYNAMIC,
        },
        id="3",
        title="Sample",
    )


def test_a_dict_is_a_node_with_line_id_title_and_inputs() -> None:
    source = """
wf = {
    "3": {"class_type": "KSampler", "inputs": {"seed": 1, "cfg": 1.5, "on": True, "none": None,
          "model": ["4", 0], "extra": {"a": (-1,)}, "text": read()}, "_meta": {"title": "Sample"}},
}
"""
    node = only(source, "python")
    assert (node.class_type, node.line, node.id, node.title) == ("KSampler", 3, "3", "Sample")
    assert node.inputs == {
        "seed": 1,
        "cfg": 1.5,
        "on": True,
        "none": None,
        "model": ["4", 0],
        "extra": {"a": [-1]},
        "text": DYNAMIC,
    }


@pytest.mark.parametrize(
    "source",
    [
        "x = { class_type: 'A' }",
        'x = { "class_type": "A" }',
        'x = { ["class_type"]: `A` }',
        "const K = 'class_type'; x = { [K]: 'A' }",
        "x = { class_type: ('A' as const)! }",
        "const T = 'A' as const; x = { class_type: T }",
        "const T: string = <string>'A'; x = { class_type: T } satisfies Node",
        "const T = { a: 'A' }; x = { class_type: T.a }",
        "const T = { a: 'A' }; x = { class_type: T?.['a'] }",
        "enum T { a = 'A' } x = { class_type: T.a }",
        "class T { static readonly a = 'A' } x = { class_type: T.a }",
        "const { a } = { a: 'A' }; x = { class_type: a }",
        "const [, a] = ['', 'A']; x = { class_type: ['A', 'B'][0] }",
        "const class_type = 'A'; x = { class_type }",
        "x = { class_type: 'A' + '' }",
        "const P = 'A'; x = { class_type: `${P}` }",
        "const base = freeze({ T: 'A' }); x = { class_type: base.T }",
        "let t; t = 'A'; x = { class_type: t }",
        "const n: any = {}; n.class_type = 'A';",
        "wf['3'] = { class_type: 'A' }",
        "x = Object.assign({}, { class_type: 'A' })",
        "x = { class_type: '\\u0041' }",
        "if (x.class_type === 'B') { y({ class_type: 'A' }) }",
    ],
)
def test_one_node_a_in_typescript(source: str) -> None:
    assert types(source, "typescript") == ["A"]


@pytest.mark.parametrize(
    "source",
    [
        "x = {'class_type': 'A'}",
        "x = {'class_type': f'A'}",
        "x = {'class_type': '' 'A' ''}",
        "x = {'class_type': 'A' + ''}",
        "x = {'class_type': ('A')}",
        "x = {'class_type': r'''A'''}",
        "x = {'class_type': '\\x41'}",
        "x = dict(class_type='A', inputs=dict())",
        "x = dict({'class_type': 'A'})",
        "T = 'A'\nx = {'class_type': T}",
        "T: Final[str] = 'A'\nx = {'class_type': f'{T}'}",
        "K = 'class_type'\nx = {K: 'A'}",
        "T = {'a': 'A'}\nx = {'class_type': T['a']}",
        "class T:\n    a = 'A'\nx = {'class_type': T.a}",
        "class T(Enum):\n    a = 'A'\nx = {'class_type': T.a.value}",
        "s, t = 'B', 'A'\nx = {'class_type': t}",
        "x = {'class_type': (t := 'A')}",
        "x = {'other': 1} | {'class_type': 'A'}",
        "n = {}\nn['class_type'] = 'A'",
        "wf['3'] = {'class_type': 'A'}",
        "x = Node(class_type='A', inputs={})",
        "x = [n for n in wf if n['class_type'] == 'B'] or {'class_type': 'A'}",
    ],
)
def test_one_node_a_in_python(source: str) -> None:
    assert types(source, "python") == ["A"]


@pytest.mark.parametrize(
    ("language", "source"),
    [
        ("typescript", "interface Node { class_type: string; inputs: { a: 'x.pt' } }"),
        ("typescript", "type Node = { class_type: 'KSampler' }"),
        ("typescript", "declare const n: { class_type: 'KSampler' };"),
        ("typescript", "let n: { class_type: 'KSampler' };"),
        ("typescript", "const n = load() as { class_type: 'KSampler' };"),
        ("typescript", "const { class_type: t } = node;"),
        ("typescript", "// x = { class_type: 'A' }\n/* { class_type: 'A' } */"),
        ("typescript", "if (n.class_type === 'KSampler' || n['class_type'] != 'A') f();"),
        ("typescript", "switch (n.class_type) { case 'KSampler': f(); }"),
        ("typescript", "z.object({ class_type: z.string(), inputs: z.record(z.any()) })"),
        ("typescript", "x = { properties: { class_type: { type: 'string' } } }"),
        ("typescript", "e = { '3': { class_type: 'A', errors: [], dependent_outputs: [] } }"),
        ("typescript", "save({ class_type: 'yoga', room_no: 3, seats: 20 })"),
        ("typescript", "query({ class_type: classType.value || undefined, search: q })"),
        ("python", "row = {'name': 'x', 'class_type': class_type}"),
        ("python", '"""{"class_type": "KSampler", "nodes": []}"""'),
        ("python", "def f():\n    '''{\"class_type\": \"A\"} x.safetensors'''"),
        ("python", "# x = {'class_type': 'A'}"),
        ("python", "if node['class_type'] == 'KSampler': pass"),
        ("python", "match node:\n    case {'class_type': 'KSampler'}: pass"),
        ("python", "def f(class_type: Literal['A']): ..."),
        ("python", "class Node(TypedDict):\n    class_type: str\n    inputs: dict"),
        ("python", "find(workflow, class_type='KSampler')"),
        ("python", "x = {'class_type': {'type': 'string'}}"),
    ],
)
def test_what_only_reads_or_describes_is_no_node(language: str, source: str) -> None:
    assert read(source, language) == SourceReading()


@pytest.mark.parametrize(
    ("language", "source"),
    [
        ("typescript", "\nx = { class_type: pick(), inputs: {} }"),
        ("typescript", "\nx = { class_type: node.class_type }"),
        ("typescript", "\nx = { class_type: `${kind}Loader` }"),
        ("python", "\nx = {'class_type': pick()}"),
        ("python", "\nx = {'class_type': f'{kind}Loader'}"),
        ("python", "import a\nx = {'class_type': a.KIND}"),
        ("python", "def f(kind):\n    return {'class_type': kind}"),
    ],
)
def test_a_computed_class_type_is_a_problem_with_its_line(language: str, source: str) -> None:
    reading = read(source, language)
    assert reading.nodes == ()
    assert reading.unread == 1
    (problem,) = reading.problems
    assert problem.path == "line 2"
    assert "computed" in problem.message
    assert "not counted" in problem.message


@pytest.mark.parametrize(
    ("language", "source"),
    [
        ("javascript", "x = { class_type: fast ? 'A' : 'B' }"),
        ("javascript", "const T = fast ? 'A' : 'B'; x = { class_type: T }"),
        ("javascript", "x = { class_type: slow ? 'B' : fast ? 'A' : 'A' }"),
        ("javascript", "let t = 'A'; if (q) t = 'B'; x = { class_type: t }"),
        ("javascript", "const T = { a: 'A', b: 'B' }; x = { class_type: T[kind] }"),
        ("javascript", "['A', 'B'].map((t) => ({ class_type: t }))"),
        ("javascript", "for (const t of ['A', 'B']) f({ class_type: t })"),
        (
            "javascript",
            "for (const [k, t] of Object.entries({ a: 'A', b: 'B' })) f({ class_type: t })",
        ),
        ("python", "x = {'class_type': 'A' if fast else 'B'}"),
        ("python", "T = {'a': 'A', 'b': 'B'}\nx = {'class_type': T[kind]}"),
        ("python", "x = [{'class_type': t} for t in ('A', 'B')]"),
        ("python", "for k, t in {'a': 'A', 'b': 'B'}.items():\n    f({'class_type': t})"),
        ("python", "for i, t in enumerate(['A', 'B']):\n    f({'class_type': t})"),
        ("python", "for t in {'A': 1, 'B': 2}:\n    f({'class_type': t})"),
    ],
)
def test_each_class_type_that_may_be_is_a_node(language: str, source: str) -> None:
    reading = read(source, language)
    assert sorted(node.class_type for node in reading.nodes) == ["A", "B"]
    assert reading.problems == ()


def test_a_class_type_with_a_computed_alternative_is_counted_and_told() -> None:
    reading = read("x = { class_type: options.type ?? 'A' }", "javascript")
    assert [node.class_type for node in reading.nodes] == ["A"]
    assert reading.unread == 0
    assert [problem.path for problem in reading.problems] == ["line 1"]


def test_a_spread_object_gives_its_class_type_and_inputs() -> None:
    reading = read(
        """
const base = { class_type: "LoraLoader", inputs: { lora_name: "a.pt", strength: 1 } };
const more = { ...base, inputs: { ...base.inputs, lora_name: "b.pt" } };
const rest = { ...unknown, a: 1 };
""",
        "javascript",
    )
    assert [(n.line, n.class_type, n.inputs) for n in reading.nodes] == [
        (2, "LoraLoader", {"lora_name": "a.pt", "strength": 1}),
        (3, "LoraLoader", {"lora_name": "b.pt", "strength": 1}),
    ]
    assert reading.problems == ()


def test_ids_come_from_keys_and_targets_but_not_from_argument_names() -> None:
    reading = read(
        """
LOADER = "12"
wf = {LOADER: {"class_type": "A"}, "x": {"class_type": "B"}, 7: {"class_type": "C"}}
wf[LOADER + "3"] = {"class_type": "D"}
wf[next_id()] = {"class_type": "E"}
send(node={"class_type": "F"})
""",
        "python",
    )
    assert [node.id for node in reading.nodes] == ["12", "x", "7", "123", None, None]


def test_nodes_are_in_source_order_with_their_lines() -> None:
    source = (
        "f({'class_type': 'B'})\n\ng({'class_type': 'A', 'inputs': {'x': {'class_type': 'C'}}})\n"
    )
    reading = read(source, "python")
    assert [(n.line, n.class_type) for n in reading.nodes] == [(1, "B"), (3, "A"), (3, "C")]


def test_alternatives_hold_each_value_once_and_no_dynamic() -> None:
    source = "x = { class_type: 'A', inputs: { a: p ? 'x' : q ? 'x' : f(), b: p ? 1 : true } }"
    assert only(source, "javascript").inputs == {"a": "x", "b": Alternatives((1, True))}
