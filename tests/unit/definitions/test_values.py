"""What is an expression of a pack's source worth?"""

from __future__ import annotations

import pytest

from comfylock.definitions.python_source import Program
from comfylock.definitions.values import Opaque, PathValue

KNOWN = [
    ("2 ** 64 - 1", 2**64 - 1),
    ("1 + 2 * 3 - 4 // 2", 5),
    ("7 % 4 / 2", 1.5),
    ("-1 if not [] else +1", -1),
    ("'a' + 'b'", "ab"),
    ("'%s-%d' % ('a', 3)", "a-3"),
    ("f'{1.5:.2f}|{\"x\":>3}'", "1.50|  x"),
    ("'{0}{x}{}'.format('a', x='b')", "aba"),
    ("'{{}}'.format()", "{}"),
    ("', '.join(['a', 'b'])", "a, b"),
    ("'a_b'.replace('_', ' ').title()", "A B"),
    ("'a,b'.split(',')", ["a", "b"]),
    ("'abc'[1:]", "bc"),
    ("'abc'[::-1]", "cba"),
    ("'abc'[-1]", "c"),
    ("[1, 2, 3][0]", 1),
    ("(1, *[2, 3])", (1, 2, 3)),
    ("[1] * 3", [1, 1, 1]),
    ("(1,) + (2,)", (1, 2)),
    ("{'a': {'b': 1}}['a']['b']", 1),
    ("{**{'a': 1}, 'b': 2}", {"a": 1, "b": 2}),
    ("{'a': 1} | {'b': 2}", {"a": 1, "b": 2}),
    ("{(1, 2): 'x'}[(1, 2)]", "x"),
    ("{1, 2, 1}", [1, 2, 1]),
    ("set(['b', 'a', 'b'])", ["b", "a"]),
    ("sorted(['b', 'a'], reverse=True)", ["b", "a"]),
    ("list(reversed([1, 2]))", [2, 1]),
    ("list(range(0, 6, 2))", [0, 2, 4]),
    ("list(zip('ab', [1, 2]))", [("a", 1), ("b", 2)]),
    ("list(enumerate(['a'], start=1))", [(1, "a")]),
    ("list(map(lambda v: v + 1, [1, 2]))", [2, 3]),
    ("list(map(str, [1, 2]))", ["1", "2"]),
    ("list(filter(lambda v: v > 1, [1, 2]))", [2]),
    ("[a for a in [1, 2, 3] if a != 2]", [1, 3]),
    ("[(a, b) for a in 'ab' for b in [1]]", [("a", 1), ("b", 1)]),
    ("{k: v for k, v in {'a': 1}.items()}", {"a": 1}),
    ("list({'a': 1}.values())", [1]),
    ("list({'a': 1}.keys()) + list({'a': 1}.copy())", ["a", "a"]),
    ("{'a': 1}.get('b', 2)", 2),
    ("dict([('a', 1)], b=2)", {"a": 1, "b": 2}),
    ("dict({'a': 1})", {"a": 1}),
    ("tuple([1])", (1,)),
    ("len('abc') + len([1])", 4),
    ("int('12') + int(3) + int(True)", 16),
    ("str(1) + str()", "1"),
    ("bool([]) or bool('a')", True),
    ("[] or 'a'", "a"),
    ("'a' and 'b'", "b"),
    ("0 and 1", 0),
    ("1 < 2 <= 2", True),
    ("2 > 3 or 2 >= 2", True),
    ("'a' in 'abc' and 'z' not in ['a']", True),
    ("'a' in {'a': 1}", True),
    ("None is None and 1 is not None", True),
    ("isinstance('a', str)", True),
    ("isinstance([], dict)", False),
    ("isinstance('a', type)", False),
    ("(lambda a, b=2, *c, d=4, **e: [a, b, c, d, e])(1, 5, 6, f=7)", [1, 5, (6,), 4, {"f": 7}]),
    ("type('T', (), {'A': 1}).A", 1),
    ("type('T', (), {}).__name__", "T"),
    ("getattr(type('T', (), {}), 'A', 3)", 3),
    ("hasattr(type('T', (), {'A': 1}), 'A')", True),
    ("(y := 2) + y", 4),
    ("vars(type('T', (), {'A': 1}))['A']", 1),
    ("dir(type('T', (), {'b': 1, 'a': 1}))", ["a", "b"]),
    ("issubclass(type('T', (), {}), type('U', (), {}))", False),
]

STATEMENTS = [
    ("x = []\nx.append(1)\nx.extend([2])\nx.insert(0, 0)", [0, 1, 2]),
    ("x = [1, 2]\ny = x.pop()\nx.reverse()", [1]),
    ("x = set()\nx.add('a')\nx.update(['b'])", ["a", "b"]),
    ("x = {}\nx.update([('a', 1)], b=2)", {"a": 1, "b": 2}),
    ("a, *x, b = [1, 2, 3, 4]", [2, 3]),
    ("(a, b), x = (1, 2), 3", 3),
    ("for i in [1, 2, 3]:\n    if i == 2: break\n    x = i", 1),
    ("for i in [1, 2, 3]:\n    if i == 3: continue\n    x = i", 2),
    ("for i in []:\n    x = 1\nelse:\n    x = 2", 2),
    ("def f():\n    yield 1\nx = f()", 1),
    ("def f():\n    global x\n    x = 1\nf()", 1),
    ("def f(a):\n    if a: return 1\n    return 2\nx = [f(True), f(False)]", [1, 2]),
    ("def f():\n    def g(): return a\n    a = 1\n    return g()\nx = f()", 1),
    ("class C:\n    a = 1\n    @classmethod\n    def f(cls): return cls.a\nx = C.f()", 1),
    ("class C:\n    @staticmethod\n    def f(): return 1\nx = C().f()", 1),
    ("class C:\n    @property\n    def f(self): return self.a\nc = C()\nc.a = 1\nx = c.f", 1),
    ("class C:\n    def __call__(self): return 1\nx = C()()", 1),
    ("class C:\n    def __init__(self, a): self.a = a\nx = C(1).a", 1),
    (
        (
            "class B:\n    def f(self): return 1\nclass C(B):\n"
            "    def f(self): return super().f()\n"
            "x = C().f()"
        ),
        1,
    ),
    ("from dataclasses import dataclass\n@dataclass\nclass C:\n    a: int = 0\nx = C(a=2).a", 2),
    ("class T(str): pass\nx = T('*')", "*"),
    ("class D(dict): pass\nx = D(a=1)", {"a": 1}),
    ("class C: pass\nsetattr(C, 'a', 1)\nx = C.a", 1),
    ("class C: pass\nx = type(C()).__name__", "C"),
    ("class B: pass\nclass C(B): pass\nx = issubclass(C, B)", True),
    ("def f(): pass\nx = f.__name__", "f"),
    ("x = 1\nif 0: x = 2\nelif 1: x = 3", 3),
    ("try:\n    x = 1\nexcept Exception:\n    x = 2\n    y = 3\nfinally:\n    z = 4", 1),
    ("while False:\n    x = 1\nx = 2", 2),
    ("x = [1, 2, 3]\nx[-1] = 4\nx[-9] = 5\ndel x[0], x[-9]", [2, 4]),
    ("import os\nx = os.path.join('a', 'b')", "a/b"),
    ("import os\nx = os.path.splitext(os.path.basename('a/b.py'))", ("b", ".py")),
    ("import os\nx = os.path.exists(__file__) and os.path.isfile(__file__)", True),
    ("import os\nx = os.path.isdir(os.path.dirname(__file__))", True),
    ("import os\nx = os.listdir(os.path.dirname(os.path.abspath(__file__)))", ["__init__.py", "d"]),
    ("from pathlib import Path\nx = Path(__file__).parent.name", "pack"),
    (
        "from pathlib import Path\nx = [p.name for p in Path(__file__).parent.iterdir()]",
        ["__init__.py", "d"],
    ),
    ("from pathlib import Path\nx = [p.stem for p in Path(__file__).parent.rglob('*.txt')]", ["a"]),
    ("from pathlib import Path\nx = str(Path('a') / 'b')", "a/b"),
    ("from pathlib import Path\nx = Path('a').joinpath('b').with_suffix('.c').as_posix()", "a/b.c"),
    ("from pathlib import Path\nx = (Path(__file__).resolve().parent / 'd').is_dir()", True),
    ("import copy\nx = copy.deepcopy([1])", [1]),
    ("from collections import OrderedDict\nx = OrderedDict({'a': 1})", {"a": 1}),
    ("class C:\n    b = 1\n    a = 2\nx = [v for v in C]", [1, 2]),
    ("class C:\n    a = 1\nx = C['a']", 1),
]

UNKNOWN_ONES = [
    "undefined",
    "undefined.a.b()",
    "len(undefined)",
    "int('x')",
    "list(undefined)",
    "set(undefined)",
    "sorted(undefined)",
    "zip(undefined)",
    "enumerate(undefined)",
    "map(len, undefined)",
    "filter(None, undefined)",
    "range(undefined)",
    "range(1, 2, 0)",
    "range(10 ** 6)",
    "isinstance(undefined, str)",
    "isinstance(1, (int, str))",
    "hasattr(undefined, 'a')",
    "vars()",
    "dir(undefined)",
    "type(undefined)",
    "'a' in undefined",
    "undefined == undefined()",
    "'x' % undefined",
    "'{}'.format(undefined)",
    "'{'.format(1)",
    "','.join(undefined)",
    "'a'.join([undefined])",
    "'a'.encode()",
    "'a'.split(1)",
    "[1][5]",
    "{'a': 1}['b']",
    "undefined[1:2]",
    "[1][0:undefined]",
    "~1",
    "2 ** 999",
    "99 ** 2",
    "2 ** -1",
    "b'bytes'",
    "...",
    "f'{undefined}'",
]


def value_of(source: str) -> object:
    program = Program({"__init__.py": source.encode()}, ["d/a.txt"])
    found = program.module_of("__init__.py").scope.names["x"]
    assert program.problems == []
    return found


@pytest.mark.parametrize(("expression", "expected"), KNOWN)
def test_what_is_known_is_worked_out(expression: str, expected: object) -> None:
    found = value_of(f"x = {expression}")
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(("source", "expected"), STATEMENTS)
def test_statements_bind_what_they_would(source: str, expected: object) -> None:
    assert value_of(source) == expected


@pytest.mark.parametrize("expression", UNKNOWN_ONES)
def test_what_is_not_known_is_opaque(expression: str) -> None:
    assert isinstance(value_of(f"x = {expression}"), Opaque)


def test_a_path_is_a_path() -> None:
    found = value_of("from pathlib import Path\nx = Path(__file__)")
    assert isinstance(found, PathValue)
    assert found.text == "/pack/__init__.py"


def test_either_branch_may_be_taken() -> None:
    found = value_of("if undefined:\n    x = {'a': 1}\nelse:\n    x = {'b': 2}")
    assert found == {"a": 1, "b": 2}


def test_a_name_from_outside_keeps_its_full_name() -> None:
    found = value_of("from folder_paths import get_filename_list as g\nx = g('loras')")
    assert isinstance(found, Opaque)
    assert (found.name, found.args) == ("folder_paths.get_filename_list", ("loras",))
