"""From the bytes of a Python file to a syntax tree, however broken the file is."""

from __future__ import annotations

import ast
import warnings
from threading import Lock

from comfylock.model import Problem

STATEMENT_LIMIT = 20_000
"""Top-level statements of a broken file that are looked at one by one."""

_ONE_AT_A_TIME = Lock()
"""CPython before 3.11.8 and 3.12.2 counts the depth of a tree that it makes for all threads
together, and raises SystemError where two of them do so at once (python/cpython#106905). Warnings
are caught for all threads together in every version."""


def parse_python(data: bytes, file: str) -> tuple[ast.Module, tuple[Problem, ...]]:
    """Return a file's syntax tree, and what was left out of it.

    A file that the running Python cannot parse (Python 2, a newer syntax, a template) is cut
    into its top-level statements, and those that parse are kept.
    """
    try:
        return _parse(data.removeprefix(b"\xef\xbb\xbf")), ()
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        place = f"{file}:{line}" if line else file
        tree, lost = _statements(data)
        kept = f"{len(tree.body)} of its statements were read, {lost} were not"
        return tree, (Problem(place, f"not valid Python ({_reason(error)}); {kept}"),)


def _parse(data: bytes | str) -> ast.Module:
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(data)


def _reason(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return str(error.msg)
    return "nested too deeply" if isinstance(error, (RecursionError, MemoryError)) else str(error)


def _statements(data: bytes) -> tuple[ast.Module, int]:
    """Parse each top-level statement by itself; the boundaries are tree-sitter's."""
    import tree_sitter_python  # noqa: PLC0415 - only broken files need it
    from tree_sitter import Language, Parser  # noqa: PLC0415 - only broken files need it

    tree = Parser(Language(tree_sitter_python.language())).parse(data)
    body: list[ast.stmt] = []
    lost = 0
    for node in tree.root_node.children[:STATEMENT_LIMIT]:
        if node.type == "comment" or node.text is None:
            continue
        try:
            part = _parse(node.text.decode("utf-8", "replace"))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            lost += 1
            continue
        row = node.start_point.row
        body.extend(ast.increment_lineno(statement, row) for statement in part.body)
    return ast.Module(body=body, type_ignores=[]), lost
