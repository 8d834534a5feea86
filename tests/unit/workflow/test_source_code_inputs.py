"""Which literals an input gets: constants, defaults, choices, later assignments."""

# ruff: noqa: E501, ISC004 - a source is read more easily in one piece

from __future__ import annotations

import pytest

from comfylock.workflow.source_code import DYNAMIC, Alternatives, alternatives, read_source


def value(source: str, language: str) -> object:
    """Return the input `v` of the first node."""
    return read_source(source.encode(), language).nodes[0].inputs.get("v", "absent")


def js(expression: str, before: str = "") -> object:
    return value(
        f"{before}; x = {{ class_type: 'A', inputs: {{ v: {expression} }} }}", "typescript"
    )


def py(expression: str, before: str = "") -> object:
    return value(f"{before}\nx = {{'class_type': 'A', 'inputs': {{'v': {expression}}}}}", "python")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("0x10", 16),
        ("1_000", 1000),
        ("10n", 10),
        ("1e3", 1000.0),
        ("-0.5", -0.5),
        ("18446744073709551615", 18446744073709551615),
        ("1" * 500, DYNAMIC),
        ("undefined", None),
        (
            r"'a\n\x41\u{1F600}\ud83d\ude00\'\q\
b'",
            "a\nA\U0001f600\U0001f600'qb",
        ),
        (r"'\ud800'", "\ufffd"),
        ("`a${1}b${'c'}`", "a1bc"),
        ("`a${f()}`", DYNAMIC),
        ("tag`a`", DYNAMIC),
        ("1 + 2", DYNAMIC),
        ("a > b", DYNAMIC),
        ("!a", DYNAMIC),
        ("on && 'x'", "x"),
        ("[1, , 'x']", [1, "x"]),
        ("{ a, ...b, 'c-d': 1, m() {} }", {"a": DYNAMIC, "c-d": 1, "m": DYNAMIC}),
        ("process.env.CKPT ?? 'x.pt'", "x.pt"),
        ("new Map()", DYNAMIC),
        ("await 'x'", "x"),
    ],
)
def test_javascript_expressions(expression: str, expected: object) -> None:
    assert js(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("0x10", 16),
        ("1_000", 1000),
        ("1j", DYNAMIC),
        ("-1", -1),
        ("~1", DYNAMIC),
        ("-x", DYNAMIC),
        (r"'\t\101\N{BULLET}\N{NO SUCH}\q\U0001F600'", "\tA\u2022\\N{NO SUCH}\\q\U0001f600"),
        (r"r'a\n'", r"a\n"),
        ("b'bytes'", DYNAMIC),
        ("f'{{{1}}}'", "{1}"),
        ("f'{x:>3}'", DYNAMIC),
        ("'a' f'{1}' 'b'", "a1b"),
        ("'a' % x", DYNAMIC),
        ("a and 'x'", "x"),
        ("not a", DYNAMIC),
        ("str('x')", "x"),
        ("os.environ.get('CKPT', 'x.pt')", "x.pt"),
        ("{'a': {'b': 1}, **rest}", {"a": {"b": 1}}),
        ("dict(a=1)", {"a": 1}),
        ("{1, 2}", DYNAMIC),
    ],
)
def test_python_expressions(expression: str, expected: object) -> None:
    assert py(expression) == expected


@pytest.mark.parametrize(
    ("before", "expression", "expected"),
    [
        ("const M = { a: { b: 'x' } }", "M.a.b", "x"),
        ("const M = { a: 'x', b: 'y' }", "M[k]", Alternatives(("x", "y"))),
        ("const M = { a: 'x' }", "M.b", DYNAMIC),
        ("const N = { a: 'x' }; const M = { ...N, b: 'y' }", "M.a", "x"),
        ("const N = { a: 'x' }; const M = { a: 'z', ...N }", "M.a", Alternatives(("z", "x"))),
        ("const M = ['x', 'y']", "M[1]", "y"),
        ("const { a: { b } = {}, c = 'z' } = { a: { b: 'x' } }", "[b, c]", ["x", "z"]),
        ("const [p, q] = ['x', 'y']", "q", "y"),
        ("let m = 'x'; m = 'y'", "m", Alternatives(("x", "y"))),
        ("let m; m ??= 'x'", "m", "x"),
        ("{ const m = 'inner' } const m = 'outer'", "m", "outer"),
        ("function f() { var m = 'inner' }", "m", DYNAMIC),
        ("if (a) { var m = 'x' }", "m", "x"),
        ("const a = b, b = a", "a", DYNAMIC),
        ("class C { m = 'x' } const c = new C()", "c.m", "x"),
        ("class B { static m = 'x' } class C extends B {}", "C.m", "x"),
        ("const M = Object.freeze({ a: 'x' } as const)", "M['a']", "x"),
        ("const M = JSON.parse(text)", "M.a", DYNAMIC),
    ],
)
def test_javascript_constants(before: str, expression: str, expected: object) -> None:
    assert js(expression, before) == expected


@pytest.mark.parametrize(
    ("before", "expression", "expected"),
    [
        ("M = {'a': {'b': 'x'}}", "M['a']['b']", "x"),
        ("M = {'a': 'x', 'b': 'y'}", "M[k]", Alternatives(("x", "y"))),
        ("M = {'a': 'x'}", "M.get('a', 'y')", Alternatives(("x", "y"))),
        ("M = ('x', 'y')", "M[1]", "y"),
        ("class C:\n    m: str = 'x'", "C.m", "x"),
        ("class C:\n    m: str = 'x'\nc = C()", "c.m", "x"),
        ("class B:\n    m = 'x'\nclass C(B): pass", "C.m", "x"),
        ("class C(StrEnum):\n    M = 'x'", "C.M.value", "x"),
        ("m = 'x'\ndef f():\n    m = 'y'", "m", "x"),
        ("m = n = 'x'", "m", "x"),
        ("m = m + 'x'", "m", DYNAMIC),
        ("D = 'loras/'\nm = D + 'x' + '.pt'", "m", "loras/x.pt"),
        ("m = 'a' or 'b'", "m", Alternatives(("a", "b"))),
        ("m = 'a' if x else 'b' if y else 'c'", "m", Alternatives(("a", "b", "c"))),
    ],
)
def test_python_constants(before: str, expression: str, expected: object) -> None:
    assert py(expression, before) == expected


@pytest.mark.parametrize(
    ("language", "source", "expected"),
    [
        ("typescript", "const f = (m = 'x') => ({ class_type: 'A', inputs: { v: m } })", "x"),
        ("typescript", "function f({ m = 'x' }: P = {}) { q({ class_type: 'A', inputs: { v: m } }) }", "x"),
        ("typescript", "const f = m => ({ class_type: 'A', inputs: { v: m } }); f('y')", "y"),
        ("python", "def f(m='x'):\n    return {'class_type': 'A', 'inputs': {'v': m}}", "x"),
        ("python", "def f(m: str = 'x'):\n    q({'class_type': 'A', 'inputs': {'v': m}})\nf(m='y')",
         Alternatives(("x", "y"))),
        ("python", "f = lambda m='x': {'class_type': 'A', 'inputs': {'v': m}}", "x"),
        ("python", "def f(**k):\n    return {'class_type': 'A', 'inputs': k}", "absent"),
        ("python", "M = {'a': 'x', 'b': 'y'}\ndef f(m='a'):\n    q({'class_type': 'A', 'inputs': {'v': M[m]}})",
         Alternatives(("x", "y"))),
        ("python", "class C:\n    def __init__(self, m='x'):\n        self.m = m\n    def f(self):\n"
         "        q({'class_type': 'A', 'inputs': {'v': self.m}})", "x"),
    ],
)  # fmt: skip
def test_defaults_and_arguments_are_values(language: str, source: str, expected: object) -> None:
    assert value(source, language) == expected


@pytest.mark.parametrize(
    ("language", "source"),
    [
        ("javascript", "wf['4'] = { class_type: 'A', inputs: {} }; wf['4']['inputs']['v'] = 'x'"),
        ("javascript", "wf = { 4: { class_type: 'A', inputs: {} } }; wf['4'].inputs.v = 'x'"),
        ("javascript", "wf = { 4: { class_type: 'A' } }; wf[4].inputs = { v: 'x' }"),
        ("javascript", "wf = { 4: { class_type: 'A' } }; const i = wf['4'].inputs; i.v = 'x'"),
        (
            "javascript",
            "wf = { 4: { class_type: 'A' } }; Object.assign(wf['4'].inputs, { v: 'x' })",
        ),
        ("javascript", "const n = { class_type: 'A', inputs: {} }; n.inputs.v = 'x'"),
        ("javascript", "const n = {}; n.class_type = 'A'; n.inputs = {}; n.inputs.v = 'x'"),
        (
            "javascript",
            "const mk = (t) => ({ class_type: t }); const n = mk('A'); n.inputs.v = 'x'",
        ),
        ("javascript", "class C { n = { class_type: 'A' }; f() { this.n.inputs.v = 'x' } }"),
        ("typescript", "wf['4'] = { class_type: 'A' }; wf['4']!.inputs!.v = 'x'"),
        ("python", "wf['4'] = {'class_type': 'A', 'inputs': {}}\nwf['4']['inputs']['v'] = 'x'"),
        ("python", "wf['4'] = {'class_type': 'A'}\nwf['4']['inputs'].update({'v': 'x'})"),
        ("python", "wf['4'] = {'class_type': 'A'}\nwf['4']['inputs'].update(v='x')"),
        ("python", "wf['4'] = {'class_type': 'A'}\nwf['4']['inputs'] |= {'v': 'x'}"),
        ("python", "wf['4'] = {'class_type': 'A'}\nnode = wf['4']\nnode['inputs']['v'] = 'x'"),
        ("python", "n = {}\nn['class_type'] = 'A'\nn['inputs'] = {'v': 'x'}"),
        ("python", "K = 'v'\nI = '4'\nwf[I] = {'class_type': 'A'}\nwf['4']['inputs'][K] = 'x'"),
    ],
)
def test_later_assignments_reach_their_node(language: str, source: str) -> None:
    assert value(source, language) == "x"


def test_a_later_assignment_stands_beside_the_first_value() -> None:
    source = "wf = {'4': {'class_type': 'A', 'inputs': {'v': 'x', 'w': 'x'}}}\n"
    source += "wf['4']['inputs']['v'] = 'y'\nwf['4']['inputs']['w'] = f()\n"
    source += "wf['5']['inputs']['v'] = 'z'\nwf['4']['other']['v'] = 'z'\n"
    (node,) = read_source(source.encode(), "python").nodes
    assert node.inputs == {"v": Alternatives(("x", "y")), "w": "x"}


def test_alternatives_of_a_value() -> None:
    assert alternatives("x") == ("x",)
    assert alternatives(DYNAMIC) == ()
    assert alternatives(Alternatives(("x", "y"))) == ("x", "y")
