"""Source that means harm, or is only broken, costs a problem and nothing else."""

from __future__ import annotations

import pytest

from comfylock.definitions.mappings import read_python
from comfylock.definitions.parsing import parse_python

GOOD = "class A:\n    @classmethod\n    def INPUT_TYPES(s): return {'required': {'a': ('INT',)}}\n"
MAP = "NODE_CLASS_MAPPINGS = {'X': A}\n"

GROWING = {
    "list": "x = [1]\nfor i in range(200):\n    x = x + x\n",
    "list in place": "x = [1]\nfor i in range(200):\n    x.extend(x)\n",
    "list augmented": "x = [1]\nfor i in range(200):\n    x += x\n",
    "list unpacked": "x = [1]\nfor i in range(200):\n    x = [*x, *x]\n",
    "list times": "x = [1] * 10 ** 9\nx = [1] * 999999999\n",
    "nested loops": "".join(f"{' ' * i}for a{i} in range(9000):\n" for i in range(4))
    + "     x = 1\n",
    "comprehension": "x = [a for a in range(9000) for b in range(9000)]\n",
    "fork bomb": "def f(n):\n    f(n + 1)\n    f(n + 2)\nf(0)\n",
    "chain of calls": "".join(f"def f{i}(): f{i + 1}(); f{i + 1}()\n" for i in range(30))
    + "f0()\n",
}

BOUNDED = {
    "text": "x = 'ab'\nfor i in range(200):\n    x = x + x\n",
    "text times": "x = 'a' * 10 ** 12\n",
    "text format": "x = '{:>9999999999}'.format('a')\ny = '%9999999999d' % 1\n"
    "z = f'{1:>9999999999}'\n",
    "text format attribute": "x = '{0.__class__.__mro__}'.format('a')\n",
    "text replace": "x = 'a' * 5\nfor i in range(99):\n    x = x.replace('a', 'aaaaaaaaaa')\n",
    "text join": "x = 'a'\nfor i in range(99):\n    x = x.join(['aaaa', 'aaaa', 'aaaa'])\n",
    "number": "x = 10 ** 10 ** 10\ny = 1 << 10 ** 9\nz = int('9' * 9999)\n",
    "endless": "while True:\n    x = 1\n",
    "endless recursion": "def f(x): return f(x)\ny = f(1)\n",
    "endless range": "for i in range(10 ** 18):\n    pass\n",
    "division": "x = 1 / 0\ny = 1 % 0\nz = 'a' % ()\n",
    "class of itself": "class C(C): pass\nC.x\nclass D: pass\nD.__bases__ = (D,)\n",
    "dict of itself": "d = {}\nd['d'] = d\nx = [d, d]\nd.update(d)\n",
    "list of itself": "x = []\nx.append(x)\ny = sorted(x)\n",
    "property": "class P:\n    @property\n    def p(self): return self.p\nP().p\n",
    "long name": "import a\nx = a\nfor i in range(9000):\n    x = x.b\n",
    "deep value": "import a\nx = a\nfor i in range(9000):\n    x = a.f(x)\n",
    "decorator": "def d(f): return d\n@d\n@d\nclass E: pass\n",
    "places of lists": "x = []\nx[-1] = 1\nx[0] = 1\ndel x[-1], x[5]\nx.pop(3)\nx[True] = 1\n"
    "y = [1, 2]\ny[-9] = 3\ndel y[-9]\ny.pop(-9)\n",
    "odd calls": "(1)(2)\n''()\n{}[[]]\n[][{}]\nNone.x.y()\nsuper()\nx, *y = 5\n*a, b = ()\n",
    "odd builtins": "dict(1)\nzip(1)\nlist()\nmap(1, [1])\ngetattr(1)\nsorted([1, 'a'])\n"
    "type(1, 2, 3)\n",
    "odd modules": "import os, glob, importlib\nos.listdir()\nos.path.join()\nglob.glob(1)\n"
    "os.path.join(1, 2)\nimportlib.import_module()\nimportlib.import_module('....x', 'a')\n"
    "importlib.import_module('')\nfrom ...... import x\nfrom . import nothing\n",
    "odd paths": "import os\nx = os.listdir('/')\ny = os.path.exists('../../etc/passwd')\n"
    "for f in os.listdir('..'):\n    pass\n",
    "globals": "import os\nglobals()[os.getcwd()] = 1\nglobals()[3] = 1\n"
    "globals().update({os.getcwd(): 1})\nclass G: pass\nvars(G)[os.getcwd()] = 1\n[a for a in G]\n"
    "dir(G)\nG(1)\n",
    "long ancestry": "class C0: pass\n"
    + "".join(f"class C{i + 1}(C{i}): pass\n" for i in range(2000)),
    "match": "match x:\n    case 1: y = 1\n    case _: y = 2\n",
}


def read(source: str) -> tuple[list[str], tuple[str, ...]]:
    definitions, problems = read_python({"__init__.py": source.encode()})
    assert all(definition.inputs for definition in definitions)
    return [d.class_type for d in definitions], tuple(p.message for p in problems)


@pytest.mark.parametrize("case", sorted(GROWING))
def test_work_without_end_is_stopped(case: str) -> None:
    names, problems = read(GOOD + MAP + GROWING[case])
    assert names == ["X"]
    assert problems in {(), ("too much work to read it completely",)}


@pytest.mark.parametrize("case", sorted(BOUNDED))
def test_odd_source_is_passed_over(case: str) -> None:
    assert read(GOOD + BOUNDED[case] + MAP) == (["X"], ())


@pytest.mark.parametrize(
    "source",
    [
        "x = " + "(" * 5000 + ")" * 5000,
        "x = " + "[" * 5000,
        "x = " + "-" * 50_000 + "1",
        "x = " + "a." * 20_000 + "b",
        "x = " + "1+" * 20_000 + "1",
        "x = " + "f(" * 90 + ")" * 90,
        "if 1:\n" + "".join(" " * i + "if 1:\n" for i in range(1, 99)) + " " * 99 + "pass",
        "def f(: pass",
        "\0",
        "print 'python 2'",
        "{{ cookiecutter.name }} = {% if x %}",
        "x = '\\ud800'",
        "\x0c\ufeff",
        "x = '\\d'",
        "x = 1is 2",
    ],
)
def test_source_that_may_not_parse_raises_nothing(source: str) -> None:
    read_python({"__init__.py": source.encode("utf-8", "surrogatepass")})


def test_a_broken_statement_leaves_the_others() -> None:
    names, problems = read(GOOD + MAP + "print 'done'\n")
    assert names == ["X"]
    assert "not valid Python" in problems[0]
    assert "3 of its statements were read, 1 were not" in problems[0] or "were read" in problems[0]


def test_lines_of_a_broken_file_are_kept() -> None:
    tree, problems = parse_python(b"a = 1\nprint 'x'\nb = 2\n", "a.py")
    assert [node.lineno for node in tree.body] == [1, 3]
    assert problems[0].path == "a.py:2"


def test_newer_syntax_is_read_around() -> None:
    source = b"type X = int\nclass A[T]: pass\nx = f'{'a'}'\ny = 1\n"
    tree, _ = parse_python(source, "a.py")
    assert tree.body[-1].lineno == 4


def test_a_byte_order_mark_is_no_error() -> None:
    assert parse_python(b"\xef\xbb\xbfx = 1", "a.py")[1] == ()


def test_another_encoding_is_read() -> None:
    source = "# -*- coding: latin-1 -*-\nclass A: pass\nNODE_CLASS_MAPPINGS = {'\xe9': A}"
    (definition,) = read_python({"__init__.py": source.encode("latin-1")})[0]
    assert definition.class_type == "é"


def test_odd_names_of_a_file_are_passed_over() -> None:
    source = "import os\nglobals()[os.getcwd()] = 1\nglobals()[3] = 1\n__all__ = [3, 'X']\n" + GOOD
    sources = {
        "a.py": (source + MAP).encode(),
        "b.py": b"from a import *\nimport inspect, a\ninspect.getmembers(a)",
    }
    assert [d.class_type for d in read_python(sources)[0]] == ["X"]


def test_the_result_does_not_depend_on_the_order_of_files() -> None:
    files = {
        f"n{i}.py": (GOOD + f"NODE_CLASS_MAPPINGS = {{'X{i}': A, 'Y': A}}").encode()
        for i in range(5)
    }
    forward = read_python(files)
    assert forward == read_python(dict(reversed(files.items())))
    assert len(forward[0]) == 6


def test_names_too_long_are_left_out() -> None:
    assert read(GOOD + f"NODE_CLASS_MAPPINGS = {{'X': A, '{'y' * 300}': A, '': A, 3: A}}")[0] == [
        "X"
    ]
