"""Which names do packs register, in the ways that packs do it?"""

from __future__ import annotations

import pytest

from comfylock.definitions.mappings import read_modules, read_python, registered_python
from comfylock.model import Problem

CLASSES = "class A: pass\nclass B: pass\nclass C: pass\n"

IDIOMS = {
    "literal": "NODE_CLASS_MAPPINGS = {'X': A, 'Y': B}",
    "annotated": "NODE_CLASS_MAPPINGS: dict[str, type] = {'X': A, 'Y': B}",
    "set one by one": "NODE_CLASS_MAPPINGS = {}\nNODE_CLASS_MAPPINGS['X'] = A\n"
    "NODE_CLASS_MAPPINGS['Y'] = B",
    "update": "NODE_CLASS_MAPPINGS = {'X': A}\nNODE_CLASS_MAPPINGS.update({'Y': B})",
    "update with names": "NODE_CLASS_MAPPINGS = {}\nNODE_CLASS_MAPPINGS.update(X=A, Y=B)",
    "unpacked": "M = {'X': A}\nNODE_CLASS_MAPPINGS = {**M, 'Y': B}",
    "merged": "NODE_CLASS_MAPPINGS = {'X': A} | {'Y': B}",
    "merged in place": "NODE_CLASS_MAPPINGS = {'X': A}\nNODE_CLASS_MAPPINGS |= {'Y': B}",
    "dict call": "NODE_CLASS_MAPPINGS = dict(X=A, Y=B)",
    "dict of pairs": "NODE_CLASS_MAPPINGS = dict([('X', A), ('Y', B)])",
    "setdefault": "NODE_CLASS_MAPPINGS = {'X': A}\nNODE_CLASS_MAPPINGS.setdefault('Y', B)",
    "zip": "NODE_CLASS_MAPPINGS = dict(zip(['X', 'Y'], [A, B]))",
    "zip in a comprehension": "NODE_CLASS_MAPPINGS = {k: v for k, v in zip(('X', 'Y'), (A, B))}",
    "class names": "X, Y = type('X', (), {}), type('Y', (), {})\n"
    "NODE_CLASS_MAPPINGS = {c.__name__: c for c in [X, Y]}",
    "attributes": "A.NAME = 'X'\nB.NAME = 'Y'\nNODE_CLASS_MAPPINGS = {c.NAME: c for c in (A, B)}",
    "instances": "class T:\n    def get_name(self): return 'X'\n"
    "NODE_CLASS_MAPPINGS = {T().get_name(): T, 'Y': B}",
    "f-string": "P = 'X'\nNODE_CLASS_MAPPINGS = {f'{P}': A, f'{\"y\".upper()}': B}",
    "percent": "NODE_CLASS_MAPPINGS = {'%s' % 'X': A, '%s%s' % ('', 'Y'): B}",
    "format": "NODE_CLASS_MAPPINGS = {'{}'.format('X'): A, '{n}'.format(n='Y'): B}",
    "sum": "P = 'X'\nNODE_CLASS_MAPPINGS = {P + '': A, '' + 'Y': B}",
    "name function": "def name(n): return '{}'.format(n)\n"
    "NODE_CLASS_MAPPINGS = {name('X'): A, name('Y'): B}",
    "config loop": "CONFIG = {'X': {'class': A}, 'Y': {'class': B}}\nNODE_CLASS_MAPPINGS = {}\n"
    "for k, v in CONFIG.items():\n    NODE_CLASS_MAPPINGS[k] = v['class']",
    "config function": "def build(config):\n    found, names = {}, {}\n"
    "    for k, v in config.items():\n        found[k] = v['class']\n"
    "        names[k] = v.get('name', k)\n    return found, names\n"
    "CONFIG = {'X': {'class': A}, 'Y': {'class': B}}\n"
    "NODE_CLASS_MAPPINGS, NODE_DISPLAY_NAME_MAPPINGS = build(CONFIG)",
    "decorator with a name": "NODE_CLASS_MAPPINGS = {}\ndef register(name):\n    def wrap(cls):\n"
    "        NODE_CLASS_MAPPINGS[name] = cls\n        return cls\n    return wrap\n"
    "@register('X')\nclass D: pass\n@register('Y')\nclass E: pass",
    "decorator": "NODE_CLASS_MAPPINGS = {}\ndef register(cls):\n"
    "    NODE_CLASS_MAPPINGS[cls.TITLE] = cls\n    return cls\n"
    "@register\nclass D:\n    TITLE = 'X'\n@register\nclass E:\n    TITLE = 'Y'",
    "registry object": "class Registry:\n    def __init__(self): self.nodes = {}\n"
    "    def add(self, name, cls): self.nodes[name] = cls\n"
    "R = Registry()\nR.add('X', A)\nR.add('Y', B)\nNODE_CLASS_MAPPINGS = R.nodes",
    "subclass hook": "NODE_CLASS_MAPPINGS = {}\nclass Base:\n    def __init_subclass__(cls):\n"
    "        NODE_CLASS_MAPPINGS[cls.__name__] = cls\nclass X(Base): pass\nclass Y(Base): pass",
    "try": "try:\n    import torch\n    NODE_CLASS_MAPPINGS = {'X': A}\nexcept ImportError:\n"
    "    NODE_CLASS_MAPPINGS = {}\nNODE_CLASS_MAPPINGS['Y'] = B",
    "condition": "import os\nNODE_CLASS_MAPPINGS = {'X': A}\n"
    "if os.environ.get('DEBUG'):\n    NODE_CLASS_MAPPINGS['Y'] = B",
    "known condition": "NODE_CLASS_MAPPINGS = {'X': A, 'Y': B}\nif False:\n"
    "    NODE_CLASS_MAPPINGS['Z'] = C",
    "removed": "NODE_CLASS_MAPPINGS = {'X': A, 'Y': B, 'Z': C}\ndel NODE_CLASS_MAPPINGS['Z']",
    "popped": "NODE_CLASS_MAPPINGS = {'X': A, 'Y': B, 'Z': C}\nNODE_CLASS_MAPPINGS.pop('Z')",
    "enumeration": "from enum import Enum\nclass N(Enum):\n    X = 'X'\n    Y = 'Y'\n"
    "NODE_CLASS_MAPPINGS = {N.X.value: A, N.Y.value: B}",
    "globals": "X, Y = A, B\nNODE_CLASS_MAPPINGS = {n: globals()[n] for n in ['X', 'Y']}",
    "with": "import warnings\nwith warnings.catch_warnings():\n"
    "    NODE_CLASS_MAPPINGS = {'X': A, 'Y': B}",
    "ordered pairs": "from collections import OrderedDict\n"
    "NODE_CLASS_MAPPINGS = OrderedDict([('X', A), ('Y', B)])",
    "ordered names": "import collections\nNODE_CLASS_MAPPINGS = collections.OrderedDict(X=A, Y=B)",
    "chain": "from itertools import chain\n"
    "NODE_CLASS_MAPPINGS = dict(chain({'X': A}.items(), {'Y': B}.items()))",
    "chain of a list": "from itertools import chain\n"
    "NODE_CLASS_MAPPINGS = {k: A for k in chain.from_iterable([['X'], ['Y']])}",
    "cleared": "NODE_CLASS_MAPPINGS = {'Z': C}\nNODE_CLASS_MAPPINGS.clear()\n"
    "NODE_CLASS_MAPPINGS.update(X=A, Y=B)",
    "named tuples": "from typing import NamedTuple\nclass Spec(NamedTuple):\n    name: str\n"
    "    cls: type\nNODE_CLASS_MAPPINGS = {s.name: s.cls for s in (Spec('X', A), Spec('Y', B))}",
    "dataclasses": "from dataclasses import dataclass\n@dataclass\nclass Base:\n    name: str\n"
    "@dataclass\nclass Spec(Base):\n    cls: type = A\n"
    "NODE_CLASS_MAPPINGS = {s.name: s.cls for s in (Spec('X'), Spec('Y', B))}",
    "while": "NODE_CLASS_MAPPINGS = {}\ni = 0\nwhile i < 2:\n"
    "    NODE_CLASS_MAPPINGS['XY'[i]] = A\n    i += 1",
    "while with a break": "L = ['Y', 'X']\nNODE_CLASS_MAPPINGS = {}\nwhile L:\n"
    "    NODE_CLASS_MAPPINGS[L.pop()] = A\n    if not L:\n        break",
    "nonlocal": "def build():\n    n, found = 0, {}\n    def add():\n        nonlocal n\n"
    "        found['XY'[n]] = A\n        n += 1\n    add()\n    add()\n    return found\n"
    "NODE_CLASS_MAPPINGS = build()",
    "defaultdict": "from collections import defaultdict\nG = defaultdict(dict)\n"
    "G['image']['X'] = A\nG['mask']['Y'] = B\n"
    "NODE_CLASS_MAPPINGS = {k: v for group in G.values() for k, v in group.items()}",
    "list methods": "L = ['Y', 'Q', 'Z', 'X']\nL.remove('Z')\nL.pop(1)\nL[0] = 'Y'\nL.sort()\n"
    "NODE_CLASS_MAPPINGS = {k: A for k in L}",
    "quoted": "NODE_CLASS_MAPPINGS = {f'{k!r}'.strip(\"'\"): A for k in 'XY'}",
    "repeated": "NODE_CLASS_MAPPINGS = {'X' * 1: A, 'Y' + 'Z' * 0: B}",
}


def names(init: str, **files: str) -> list[str]:
    sources = {"__init__.py": init.encode()}
    sources |= {name.replace("__", "/") + ".py": text.encode() for name, text in files.items()}
    return [definition.class_type for definition in read_python(sources)[0]]


@pytest.mark.parametrize("idiom", sorted(IDIOMS))
def test_an_idiom_in_one_file_gives_its_names(idiom: str) -> None:
    definitions, problems = read_python({"__init__.py": (CLASSES + IDIOMS[idiom]).encode()})
    assert [definition.class_type for definition in definitions] == ["X", "Y"]
    assert [p for p in problems if "inputs of" not in p.message] == []


NODES = CLASSES + "NODE_CLASS_MAPPINGS = {'X': A}\n"
MORE = CLASSES + "NODE_CLASS_MAPPINGS = {'Y': B}\n"
BOTH = "NODE_CLASS_MAPPINGS = {**one.NODE_CLASS_MAPPINGS, **two.NODE_CLASS_MAPPINGS}"

FOLDERS = {
    "names": "from .n.one import NODE_CLASS_MAPPINGS as a\n"
    "from .n.two import NODE_CLASS_MAPPINGS as b\n"
    "NODE_CLASS_MAPPINGS = {**a, **b}",
    "modules": "from .n import one, two\n" + BOTH,
    "star": "from .n.one import *\na = NODE_CLASS_MAPPINGS\nfrom .n.two import *\n"
    "NODE_CLASS_MAPPINGS = {**a, **NODE_CLASS_MAPPINGS}",
    "changed path": "import sys, os\nsys.path.append(os.path.dirname(__file__))\n"
    "import n.one as one\nimport n.two as two\n" + BOTH,
    "dotted": "import n.one\nimport n.two\n"
    "NODE_CLASS_MAPPINGS = {**n.one.NODE_CLASS_MAPPINGS, **n.two.NODE_CLASS_MAPPINGS}",
    "import_module": "import importlib\nNODE_CLASS_MAPPINGS = {}\nfor m in ['one', 'two']:\n"
    "    module = importlib.import_module('.n.{}'.format(m), __name__)\n"
    "    NODE_CLASS_MAPPINGS = {**NODE_CLASS_MAPPINGS, **module.NODE_CLASS_MAPPINGS}",
    "import_module by package": "import importlib\nNODE_CLASS_MAPPINGS = {}\n"
    "for m in ['one', 'two']:\n"
    "    module = importlib.import_module(f'{__package__}.n.{m}')\n"
    "    NODE_CLASS_MAPPINGS.update(module.NODE_CLASS_MAPPINGS)",
    "listdir": "import os, importlib\nNODE_CLASS_MAPPINGS = {}\n"
    "for f in os.listdir(os.path.join(os.path.dirname(__file__), 'n')):\n"
    "    if not f.endswith('.py') or f == '__init__.py':\n        continue\n"
    "    m = importlib.import_module('.n.' + os.path.splitext(f)[0], __name__)\n"
    "    NODE_CLASS_MAPPINGS.update(getattr(m, 'NODE_CLASS_MAPPINGS', {}))",
    "glob and spec": "import glob, os, sys, importlib.util\nNODE_CLASS_MAPPINGS = {}\n"
    "here = os.path.dirname(os.path.realpath(__file__))\n"
    "for file in glob.glob(os.path.join(here, 'n', '*.py')):\n"
    "    spec = importlib.util.spec_from_file_location('m', file)\n"
    "    module = importlib.util.module_from_spec(spec)\n    sys.modules['m'] = module\n"
    "    spec.loader.exec_module(module)\n    if hasattr(module, 'NODE_CLASS_MAPPINGS'):\n"
    "        NODE_CLASS_MAPPINGS.update(module.NODE_CLASS_MAPPINGS)",
    "pathlib": "from pathlib import Path\nimport importlib\nNODE_CLASS_MAPPINGS = {}\n"
    "for f in sorted((Path(__file__).parent / 'n').glob('*.py')):\n    if f.stem == '__init__':\n"
    "        continue\n    m = importlib.import_module(f'.n.{f.stem}', package=__package__)\n"
    "    NODE_CLASS_MAPPINGS.update(m.NODE_CLASS_MAPPINGS)",
    "pkgutil": "import pkgutil, importlib, os\nNODE_CLASS_MAPPINGS = {}\n"
    "for _, name, _ in pkgutil.iter_modules([os.path.join(os.path.dirname(__file__), 'n')]):\n"
    "    m = importlib.import_module(f'.n.{name}', __name__)\n"
    "    NODE_CLASS_MAPPINGS.update(m.NODE_CLASS_MAPPINGS)",
    "walk": "import os, importlib\nNODE_CLASS_MAPPINGS = {}\n"
    "for root, dirs, files in os.walk(os.path.dirname(__file__)):\n    for f in files:\n"
    "        if f in ('one.py', 'two.py'):\n"
    "            m = importlib.import_module(f'.n.{f[:-3]}', __name__)\n"
    "            NODE_CLASS_MAPPINGS.update(m.NODE_CLASS_MAPPINGS)",
}


@pytest.mark.parametrize("idiom", sorted(FOLDERS))
def test_files_of_a_pack_are_found_as_it_finds_them(idiom: str) -> None:
    sources = {
        "__init__.py": FOLDERS[idiom].encode(),
        "n/__init__.py": b"",
        "n/one.py": NODES.encode(),
        "n/two.py": MORE.encode(),
        "unused.py": (CLASSES + "NODE_CLASS_MAPPINGS = {'Z': C}").encode(),
    }
    definitions, _ = read_python(sources)
    assert [definition.class_type for definition in definitions] == ["X", "Y"]
    assert [definition.file for definition in definitions] == ["n/one.py", "n/two.py"]


def test_classes_of_a_module_are_found_by_inspect() -> None:
    init = (
        "import inspect, importlib\nmodule = importlib.import_module('.n', package=__name__)\n"
        "NODE_CLASS_MAPPINGS = {}\nfor name, cls in inspect.getmembers(module, inspect.isclass):\n"
        "    if cls.__module__ == module.__name__:\n"
        '        NODE_CLASS_MAPPINGS[f\'[P] {name.replace("_", " ")}\'] = cls\n'
    )
    node = "from .other import Foreign\nclass Load_It: pass\n"
    assert names(init, n=node, other="class Foreign: pass") == ["[P] Load It"]


def test_modules_that_import_each_other_are_read() -> None:
    init = "from .one import NODE_CLASS_MAPPINGS"
    one = "from . import two\nclass A: pass\nNODE_CLASS_MAPPINGS = {'X': A, **two.MORE}"
    assert names(init, one=one, two="from . import one\nMORE = {'Y': one}") == ["X", "Y"]


def test_an_unreadable_merge_takes_every_mapping_and_says_so() -> None:
    init = "import helper\nNODE_CLASS_MAPPINGS = {**helper.collect()}"
    sources = {"__init__.py": init.encode(), "n/one.py": NODES.encode(), "two.py": MORE.encode()}
    definitions, problems = read_python(sources)
    assert [definition.class_type for definition in definitions] == ["X", "Y"]
    told = [(problem.path, problem.message) for problem in problems]
    assert told[:2] == [
        ("", "the mappings of all the pack's files were taken (2 more)"),
        ("__init__.py:2", "`NODE_CLASS_MAPPINGS` takes what `helper.collect()` gives"),
    ]


def test_a_pack_without_init_gives_what_its_files_map() -> None:
    definitions, problems = read_python({"two.py": MORE.encode()})
    assert [definition.class_type for definition in definitions] == ["Y"]
    assert ("__init__.py", "is not there") in [(each.path, each.message) for each in problems]


def test_an_unknown_name_is_not_made_up() -> None:
    init = "import os\nclass A: pass\nNODE_CLASS_MAPPINGS = {os.environ['N']: A, 'X': A}"
    definitions, problems = read_python({"__init__.py": init.encode()})
    assert [definition.class_type for definition in definitions] == ["X"]
    told = "`NODE_CLASS_MAPPINGS` takes a name that is put together when it runs"
    assert ("__init__.py:3", told) in [(each.path, each.message) for each in problems]


UNREAD = "import os\nclass A: pass\nM = {'X': A, os.environ['N']: A}\n"


@pytest.mark.parametrize(
    "idiom",
    [
        "NODE_CLASS_MAPPINGS = dict(sorted(M.items()))",
        "NODE_CLASS_MAPPINGS = {k: v for k, v in M.items()}",
        "NODE_CLASS_MAPPINGS = {k: M[k] for k in M}",
        "NODE_CLASS_MAPPINGS = {}\nfor k in M.keys():\n    NODE_CLASS_MAPPINGS[k] = M[k]",
        "NODE_CLASS_MAPPINGS = dict(**M)",
        "NODE_CLASS_MAPPINGS = dict(X=A, **os.environ)",
        "NODE_CLASS_MAPPINGS = {'X': A}\nNODE_CLASS_MAPPINGS.update(**os.environ)",
        "def build(**found): return found\nNODE_CLASS_MAPPINGS = build(**M)",
        "NODE_CLASS_MAPPINGS = M if len(M) == 2 else {**M}",
    ],
)
def test_what_could_not_be_read_is_not_lost_on_the_way(idiom: str) -> None:
    _, registered = registered_python({"__init__.py": (UNREAD + idiom).encode()})
    assert (sorted(registered.classes), registered.is_whole) == (["X"], False)


def test_a_pack_that_maps_nothing_readable_says_why() -> None:
    init = "import helper\nNODE_CLASS_MAPPINGS = helper.collect()"
    told = "`NODE_CLASS_MAPPINGS` is put together when it runs"
    assert read_python({"__init__.py": init.encode()}) == ((), (Problem("__init__.py", told),))


def test_titles_and_places_are_kept() -> None:
    init = NODES + "NODE_DISPLAY_NAME_MAPPINGS = {'X': 'An X \\U0001F600'}"
    (definition,) = read_python({"__init__.py": init.encode()})[0]
    assert (definition.display_name, definition.file) == ("An X 😀", "__init__.py")


NEWER = """
from comfy_api.latest import ComfyExtension, io
class X(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(node_id="X", display_name="An X", inputs=[io.Int.Input("seed")])
class Y(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema("Y")
MORE = [Y]
class Extension(ComfyExtension):
    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        nodes = [X]
        if enabled():
            nodes.append(Y)
        return nodes + MORE
async def comfy_entrypoint():
    return Extension()
"""


def test_the_newer_form_lists_its_classes() -> None:
    definitions, problems = read_python({"__init__.py": NEWER.encode()})
    assert [(d.class_type, d.display_name) for d in definitions] == [("X", "An X"), ("Y", None)]
    assert problems == ()


def test_a_newer_class_without_a_known_id_is_a_problem() -> None:
    source = NEWER.replace('io.Schema("Y")', "io.Schema(node_id=make())")
    definitions, problems = read_python({"__init__.py": source.encode()})
    assert [d.class_type for d in definitions] == ["X"]
    assert problems[0].message == "the class type of `Y` cannot be told"


def test_modules_of_the_server_are_read_each_for_itself() -> None:
    sources = {
        "nodes.py": NODES.encode(),
        "comfy_extras/nodes_y.py": b"import nodes\n" + MORE.encode(),
        "comfy_extras/helper.py": b"x = 1",
        "other.py": b"NODE_CLASS_MAPPINGS = {'Z': 1}",
    }
    files = ["nodes.py", "comfy_extras/nodes_y.py", "comfy_extras/helper.py"]
    definitions, problems = read_modules(sources, files)
    assert [d.class_type for d in definitions] == ["X", "Y"]
    assert [p.message for p in problems] == [
        "not all inputs of `Y` could be read",
        "not all inputs of `X` could be read",
    ]
