"""What a build must know of a pack: which programs it starts, what asks for a GPU on import.

Read from the syntax trees of its Python, as far as reading can tell; nothing of it is run.
"""

from __future__ import annotations

import ast
import posixpath
from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.definitions.pack_files import SKIPPED
from comfylock.definitions.parsing import parse_python
from comfylock.names import printable
from comfylock.python.system_packages import PROGRAMS
from comfylock.sources.gpu_at_start import gpu_uses
from comfylock.sources.pip_calls import STARTERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

START = "__init__.py"
MAX_USES = 20
"""Places that are named; more say no more."""

ASIDE = frozenset({"docs", "example", "examples", "scripts", "test", "tests", "tools"})
"""Folders that ComfyUI does not import with a pack."""

_DYNAMIC = (b"importlib", b"__import__", b"exec(", b"spec_from_file_location")
_TELLING = (b"cuda", b"nvml", b"flash_attn", b"mamba_ssm", b"causal_conv1d")


class BuildFacts(Struct, frozen=True):
    """What whoever installs a pack has to provide."""

    programs: tuple[str, ...] = ()
    """Programs that it starts, of those that Debian has, sorted."""
    needs_gpu: tuple[str, ...] = ()
    """`FILE:LINE what`, sorted by file and line."""


def build_facts(files: Mapping[str, bytes]) -> BuildFacts:
    """Return what the Python files of a pack (by path, with `/`) show."""
    own = {name: data for name, data in files.items() if _is_own(name)}
    if START not in own:
        return BuildFacts()
    trees: dict[str, ast.Module] = {}
    imported = _imported(own, trees)
    programs: set[str] = set()
    uses: list[tuple[str, int, str]] = []
    for name in sorted(imported):
        data = own[name]
        if any(starter.encode() in data for starter in (*STARTERS, "which")):
            programs.update(_programs(_tree(name, data, trees)))
        if any(word in data for word in _TELLING):
            uses += [(name, line, what) for line, what in gpu_uses(_tree(name, data, trees))]
    told = [f"{printable(name, 200)}:{line} {what}" for name, line, what in sorted(uses)]
    return BuildFacts(tuple(sorted(programs)), tuple(dict.fromkeys(told))[:MAX_USES])


def _is_own(name: str) -> bool:
    folders = set(name.split("/")[:-1])
    return name.endswith(".py") and not folders & (SKIPPED | ASIDE)


def _tree(name: str, data: bytes, trees: dict[str, ast.Module]) -> ast.Module:
    if name not in trees:
        trees[name] = parse_python(data, name)[0]
    return trees[name]


def _imported(own: Mapping[str, bytes], trees: dict[str, ast.Module]) -> set[str]:
    """Return the files that are imported with the pack; all, where it picks them itself."""
    found: set[str] = set()
    queue = [START]
    while queue:
        name = queue.pop()
        if name in found or name not in own:
            continue
        found.add(name)
        if any(word in own[name] for word in _DYNAMIC):
            return set(own)
        queue.extend(_targets(name, _tree(name, own[name], trees)))
    return found


def _targets(name: str, tree: ast.Module) -> Iterator[str]:
    """Yield the files that a file's imports may mean, inside the pack."""
    here = posixpath.dirname(name)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            base = here if node.level else ""
            for _ in range(node.level - 1):
                base = posixpath.dirname(base)
            module = posixpath.join(base, *(node.module or "").split("."))
            yield from _files(module.strip("/"))
            for alias in node.names:
                yield from _files(posixpath.join(module, alias.name).strip("/"))
        elif isinstance(node, ast.Import):  # packs put their own folder on the path
            for alias in node.names:
                yield from _files(alias.name.replace(".", "/"))


def _files(module: str) -> Iterator[str]:
    if module:
        yield f"{module}.py"
    yield posixpath.join(module, START)


def _programs(tree: ast.Module) -> Iterator[str]:
    """Yield the known programs that a file starts or looks for."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        function = node.func
        called = function.attr if isinstance(function, ast.Attribute) else ""
        called = function.id if isinstance(function, ast.Name) else called
        if called in STARTERS or called == "which":
            program = _first_word(node.args[0])
            if program in PROGRAMS:
                yield program


def _first_word(given: ast.expr) -> str:
    """Return the program of a command, given as a text, a list or a text with parts."""
    while isinstance(given, ast.List | ast.Tuple | ast.JoinedStr | ast.BinOp):
        if isinstance(given, ast.BinOp):
            given = given.left
            continue
        parts = given.values if isinstance(given, ast.JoinedStr) else given.elts
        if not parts:
            return ""
        given = parts[0]
    if not isinstance(given, ast.Constant) or not isinstance(given.value, str):
        return ""
    words = given.value.split(None, 1)
    return posixpath.basename(words[0]).removesuffix(".exe") if words else ""
