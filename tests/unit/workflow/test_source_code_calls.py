"""Functions of the same file that build nodes, and the calls that then are nodes."""

# ruff: noqa: E501, ISC004 - a source is read more easily in one piece

from __future__ import annotations

import pytest

from comfylock.workflow.source_code import read_source

_JS = "function add(id, type, inputs = {}) { wf[id] = { class_type: type, inputs }; return id; }\n"
_PY = "def add(class_type, _id=None, **inputs):\n    wf[_id] = {'class_type': class_type, 'inputs': inputs}\n"


def nodes(source: str, language: str) -> list[tuple[str, dict[str, object]]]:
    reading = read_source(source.encode(), language)
    assert reading.problems == ()
    return [(node.class_type, node.inputs) for node in reading.nodes]


@pytest.mark.parametrize(
    "source",
    [
        _JS + "add('1', 'A', { v: 'x' });",
        _JS + "const T = 'A'; const I = { v: 'x' }; add(next(), T, I);",
        _JS + "const n = add('1', 'A', { ...{ v: 'x' } });",
        "const add = (type, inputs) => ({ class_type: type, inputs }); add('A', { v: 'x' })",
        "const add = function (type, inputs) { return { class_type: type, inputs } }; add('A', {v: 'x'})",
        "const add = type => ({ class_type: type, inputs: { v: 'x' } }); add('A')",
        "function add({ type, inputs }) { return { class_type: type, inputs } } add({ type: 'A', inputs: { v: 'x' } })",
        "function add({ type: t = 'A', ...r }) { return { class_type: t, inputs: { v: 'x' } } } add({})",
        "const one = (t, i) => ({ class_type: t, inputs: i }); const two = (t) => one(t, { v: 'x' }); two('A')",
        "class B { add(t, i) { this.n['1'] = { class_type: t, inputs: i } } f() { this.add('A', { v: 'x' }) } }",
        "class B { add = (t, i) => ({ class_type: t, inputs: i }) } const b = new B(); b.add('A', { v: 'x' })",
        "const b = { add(t, i) { return { class_type: t, inputs: i } } }; b.add('A', { v: 'x' })",
        "const b = { add: (t, i) => ({ class_type: t, inputs: i }) }; b.add('A', { v: 'x' })",
        "B.prototype.add = function (t, i) { return { class_type: t, inputs: i } }; q.add('A', { v: 'x' })",
        "class N { constructor(t, i) { this.class_type = t; this.inputs = i } } new N('A', { v: 'x' })",
        "class N { constructor(t, i) { this.t = t; this.i = i } json() { return { class_type: this.t, inputs: this.i } } }"
        "new N('A', { v: 'x' })",
        "class N { constructor(t, i) { this.class_type = t; this.inputs = i } }"
        "class M extends N { constructor() { super('A', { v: 'x' }) } }",
        "class N { constructor(t, i) { this.class_type = t; this.inputs = i } } class M extends N {} new M('A', { v: 'x' })",
        "const add = (t, i) => { const n = { class_type: t, inputs: i }; return n }; add('A', { v: 'x' })",
        "const add = (t, i) => { const n = {}; n.class_type = t; n.inputs = { v: 'x' }; return n }; add('A')",
    ],
)
def test_javascript_helpers(source: str) -> None:
    assert nodes(source, "javascript") == [("A", {"v": "x"})]


@pytest.mark.parametrize(
    "source",
    [
        "function add(this: B, t: string, i: In) { return { class_type: t, inputs: i } } add('A', { v: 'x' })",
        "function add(t: string): void; function add(t: any) { q({ class_type: t, inputs: { v: 'x' } }) } add('A')",
        "const add = <T extends In>(t: string, i: T): N<T> => ({ class_type: t, inputs: i }); add<In>('A', { v: 'x' })",
        "class N { constructor(public class_type: string, readonly inputs: In = {}) {} } new N('A', { v: 'x' })",
        "class N { constructor(private t: string, private i?: In) {} j() { return { class_type: this.t, inputs: this.i } } }"
        " new N('A', { v: 'x' })",
        "abstract class B { protected add(t: string, i: In) { q({ class_type: t, inputs: i }) } }"
        " class C extends B { f() { this.add('A', { v: 'x' }) } }",
    ],
)
def test_typescript_helpers(source: str) -> None:
    assert nodes(source, "typescript") == [("A", {"v": "x"})]


@pytest.mark.parametrize(
    "source",
    [
        _PY + "add('A', v='x')",
        _PY + "add('A', '3', v='x')",
        _PY + "add(class_type='A', v='x')",
        _PY + "T = 'A'\nK = {'v': 'x'}\nadd(T, **K)",
        "def add(t, inputs=None):\n    return {'class_type': t, 'inputs': inputs or {}}\nadd('A', {'v': 'x'})",
        "def add(t, /, *, inputs):\n    return dict(class_type=t, inputs={**inputs})\nadd('A', inputs={'v': 'x'})",
        "def add(t, **k):\n    return {'class_type': t, 'inputs': dict(k)}\nadd('A', v='x')",
        "def add(t: str, **k: object) -> dict:\n    n = {'class_type': t, 'inputs': {}}\n    n['inputs'].update(v='x')\n"
        "    return n\nadd('A')",
        "add = lambda t, i: {'class_type': t, 'inputs': i}\nadd('A', {'v': 'x'})",
        "class B:\n    def node(self, t, **k):\n        self.n[self.i()] = {'class_type': t, 'inputs': k}\n"
        "    def f(self):\n        self.node('A', v='x')",
        "class B:\n    def node(self, t, **k):\n        q({'class_type': t, 'inputs': k})\nb = B()\nb.node('A', v='x')",
        "class B:\n    @staticmethod\n    def node(t, **k):\n        q({'class_type': t, 'inputs': k})\nB.node('A', v='x')",
        "class N:\n    def __init__(self, t, i):\n        self.class_type = t\n        self.inputs = i\nN('A', {'v': 'x'})",
        "class N:\n    def __init__(self, t, **i):\n        self.t = t\n        self.i = i\n    def json(self):\n"
        "        return {'class_type': self.t, 'inputs': self.i}\nN('A', v='x')",
        "class N:\n    def __init__(self, t, i):\n        self.class_type = t\n        self.inputs = i\n"
        "class M(N):\n    def __init__(self):\n        super().__init__('A', {'v': 'x'})",
        "@dataclass\nclass N:\n    class_type: str\n    inputs: dict\nN('A', {'v': 'x'})",
        "@dataclass\nclass N:\n    class_type: str\n    inputs: dict\nN(class_type='A', inputs={'v': 'x'})",
    ],
)
def test_python_helpers(source: str) -> None:
    assert nodes(source, "python") == [("A", {"v": "x"})]


def test_each_call_has_its_own_line_id_and_inputs() -> None:
    source = _JS + "add('1', 'A', { v: 1 });\nadd('2', 'B', { v: 2 }); add(x, 'A');\n"
    reading = read_source(source.encode(), "javascript")
    assert [(n.line, n.id, n.class_type, n.inputs) for n in reading.nodes] == [
        (2, "1", "A", {"v": 1}),
        (3, "2", "B", {"v": 2}),
        (3, None, "A", {}),
    ]


def test_chained_calls_are_told_apart() -> None:
    source = """
class B { add(t, i) { this.n.push({ class_type: t, inputs: i }); return this; } }
new B()
  .add("A", { v: 1 })
  .add("B", { v: 2 });
"""
    reading = read_source(source.encode(), "javascript")
    assert [(n.line, n.class_type, n.inputs) for n in reading.nodes] == [
        (4, "A", {"v": 1}),
        (5, "B", {"v": 2}),
    ]


def test_a_call_result_in_a_workflow_has_the_key_as_its_id() -> None:
    source = "def n(t):\n    return {'class_type': t}\nwf = {'7': n('A')}\nwf['8'] = n('B')\n"
    reading = read_source(source.encode(), "python")
    assert [(n.id, n.class_type) for n in reading.nodes] == [("7", "A"), ("8", "B")]


@pytest.mark.parametrize(
    ("language", "source"),
    [
        ("javascript", _JS + "const seen = new Set(); seen.add('1', 'A'); other.add;"),
        (
            "javascript",
            "class B { add(t) { q({ class_type: t }) } } const s = new Set(); s.add('A')",
        ),
        (
            "python",
            "class B:\n    def add(self, t):\n        q({'class_type': t})\ns = set()\ns.add('A')",
        ),
        ("javascript", _JS + "function f(add) { add('1', 'A') }"),
    ],
)
def test_the_same_name_on_something_else_is_no_helper(language: str, source: str) -> None:
    assert read_source(source.encode(), language).nodes == ()


def test_a_helper_that_returns_a_piece_of_a_workflow_knows_the_id() -> None:
    source = "def n(i, t, v):\n    return {i: {'class_type': t, 'inputs': v}}\n"
    source += "g = {}\ng.update(n('1', 'A', {'v': 'x'}))\n"
    (node,) = read_source(source.encode(), "python").nodes
    assert (node.id, node.class_type, node.inputs) == ("1", "A", {"v": "x"})


def test_an_assignment_in_a_helper_uses_the_arguments_of_each_call() -> None:
    source = """
def load(t, ckpt):
    n = {'class_type': t, 'inputs': {}}
    n['inputs']['ckpt_name'] = ckpt
    return n
load('A', 'a.pt')
load('B', 'b.pt')
"""
    assert nodes(source, "python") == [("A", {"ckpt_name": "a.pt"}), ("B", {"ckpt_name": "b.pt"})]


def test_a_call_with_a_computed_class_type_is_a_problem_on_its_line() -> None:
    reading = read_source((_PY + "add('A')\nadd(pick())\n").encode(), "python")
    assert [node.class_type for node in reading.nodes] == ["A"]
    assert [problem.path for problem in reading.problems] == ["line 4"]
    assert reading.unread == 1


def test_functions_that_call_each_other_come_to_an_end() -> None:
    source = "def f(a, b):\n    f(b, a)\n    f(a, a)\n    return {'class_type': a}\nf('A', 'B')\n"
    reading = read_source(source.encode(), "python")
    assert "A" in {node.class_type for node in reading.nodes}
