"""Whether a Python file installs packages when it is imported, as far as reading it can tell."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from comfylock.definitions.parsing import parse_python
from comfylock.patterns import Pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

STARTERS = frozenset(
    [
        "Popen",
        "call",
        "check_call",
        "check_output",
        "create_subprocess_exec",
        "create_subprocess_shell",
        "execv",
        "getoutput",
        "getstatusoutput",
        "popen",
        "run",
        "run_module",
        "spawnl",
        "system",
    ]
)
"""Functions of `subprocess`, `os`, `asyncio` and `runpy` that start programs or modules."""

PIP_MODULES = frozenset(["pip", "pip._internal", "pip._internal.cli.main"])
_COMMAND = Pattern(r"\bpip3?\b.*\binstall\b")


def calls_pip(data: bytes) -> bool:
    """Say whether a file starts pip, or imports pip itself. Runs nothing.

    A command that is put together out of sight (read from a file, decoded) is not seen.
    """
    if b"pip" not in data:
        return False
    tree, _ = parse_python(data, "")
    nodes = list(ast.walk(tree))
    if any(_imports_pip(node) for node in nodes):
        return True
    starts = [node for node in nodes if isinstance(node, ast.Call) and _name(node) in STARTERS]
    if not starts:
        return False
    return any(_is_command(part) for part in _parts(starts, nodes))


def _imports_pip(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return any(alias.name in PIP_MODULES for alias in node.names)
    return isinstance(node, ast.ImportFrom) and node.module in PIP_MODULES


def _name(call: ast.Call) -> str:
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _parts(starts: list[ast.Call], nodes: list[ast.AST]) -> Iterator[ast.expr]:
    """Yield what a program is started with, and what is put into variables."""
    for call in starts:
        yield from call.args
        yield from (keyword.value for keyword in call.keywords)
    for node in nodes:
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign) and node.value is not None:
            yield node.value


def _is_command(part: ast.expr) -> bool:
    words = [
        node.value
        for node in ast.walk(part)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    # Words of a list lie side by side as the parts of a text with `{}` in it do.
    return _COMMAND.search(" ".join(words)[:10_000]) is not None
