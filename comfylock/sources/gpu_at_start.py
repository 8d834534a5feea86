"""What in a Python file asks for a GPU as soon as the file is imported.

Builds and workers without a GPU fail there. Code in functions counts not, nor what is guarded by
`torch.cuda.is_available()` or stands in a `try`.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ASKING = frozenset(
    [
        "Event",
        "Stream",
        "current_device",
        "current_stream",
        "get_device_capability",
        "get_device_name",
        "get_device_properties",
        "init",
        "mem_get_info",
        "set_device",
        "synchronize",
    ]
)
"""Functions of `torch.cuda` that raise where there is no GPU."""

MODULES = frozenset({"causal_conv1d", "flash_attn", "mamba_ssm", "pycuda"})
"""Modules whose import loads CUDA's libraries."""

MAX_DEPTH = 200
"""Of statements and expressions inside each other."""


def gpu_uses(tree: ast.Module) -> list[tuple[int, str]]:
    """Return each line, with what it does, that needs a GPU when a file is imported."""
    found: list[tuple[int, str]] = []
    for statement in tree.body:
        found += _in(statement, 0)
    return sorted(set(found))


def _in(node: ast.AST, depth: int) -> Iterator[tuple[int, str]]:
    if depth > MAX_DEPTH or isinstance(node, ast.Try | ast.TryStar | ast.Lambda):
        return
    if isinstance(node, ast.If | ast.IfExp | ast.While) and _is_guard(node.test):
        return
    if isinstance(node, ast.BoolOp) and any(_is_guard(value) for value in node.values):
        return
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield from _imports(node)
        return
    if isinstance(node, ast.Call):
        what = _asks(node)
        if what is not None:
            yield node.lineno, what
    for child in _run_at_once(node):
        yield from _in(child, depth + 1)


def _run_at_once(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what runs together with a node: of a function, its defaults and decorators."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield from node.decorator_list
        yield from node.args.defaults
        yield from (each for each in node.args.kw_defaults if each is not None)
    else:
        yield from ast.iter_child_nodes(node)


def _is_guard(test: ast.expr) -> bool:
    """Say whether a condition asks for a GPU first, or for being run as a script."""
    words = {node.attr for node in ast.walk(test) if isinstance(node, ast.Attribute)}
    words |= {node.id for node in ast.walk(test) if isinstance(node, ast.Name)}
    return bool(words & {"__name__", "is_available", "device_count", "cuda_available"}) or any(
        "cuda" in word.lower() or "gpu" in word.lower() for word in words
    )


def _imports(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    else:
        names = [node.module or ""] if not node.level else []
    for name in names:
        if name.partition(".")[0] in MODULES:
            yield node.lineno, f"import {name}"


def _asks(call: ast.Call) -> str | None:
    name = _dotted(call.func)
    module, _, function = name.rpartition(".")
    if module in {"torch.cuda", "cuda"} and function in ASKING:
        return f"{name}()"
    if function == "nvmlInit":
        return f"{name}()"
    if function == "cuda" and module:
        return ".cuda()"
    places = [keyword.value for keyword in call.keywords if keyword.arg == "device"]
    places += call.args[:1] if function == "to" else []
    if any(isinstance(each, ast.Constant) and _is_cuda(each.value) for each in places):
        return f'.{function}("cuda")' if function == "to" else f'{name}(device="cuda")'
    return None


def _is_cuda(value: object) -> bool:
    return isinstance(value, str) and value.partition(":")[0] == "cuda"


def _dotted(node: ast.expr) -> str:
    """Return `torch.cuda.init` of such an expression; a part that is no name is empty."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute) and len(parts) < 10:
        parts.append(node.attr)
        node = node.value
    parts.append(node.id if isinstance(node, ast.Name) else "_")
    return ".".join(reversed(parts))
