"""Source code that builds ComfyUI API workflows: which nodes, with which literal inputs.

TypeScript, JavaScript and Python are parsed with tree-sitter, never run. What a program would
compute stays `DYNAMIC`; a node whose class type is computed is a problem, not a guess.
"""

from __future__ import annotations

from comfylock.model import Problem
from comfylock.workflow.source_code.reading import (
    DYNAMIC,
    Alternatives,
    Dynamic,
    SourceNode,
    SourceReading,
    alternatives,
)

__all__ = [
    "DYNAMIC",
    "MAX_SIZE",
    "Alternatives",
    "Dynamic",
    "SourceNode",
    "SourceReading",
    "alternatives",
    "language_of",
    "mentions_workflow",
    "read_source",
]

MAX_SIZE = 8 * 1024 * 1024
"""Bytes of source that are parsed; generated bundles are longer, people's code is not."""

_SUFFIXES = {
    "ts": "typescript",
    "mts": "typescript",
    "cts": "typescript",
    "tsx": "tsx",
    "js": "javascript",
    "mjs": "javascript",
    "cjs": "javascript",
    "jsx": "javascript",
    "py": "python",
}
_MARKS = (b"class_type", b"last_node_id", b"lastNodeId")
"""A key of every API workflow, and keys of every UI workflow that may stand in a string."""


def language_of(file_name: str) -> str | None:
    """Return the language that a file name's suffix tells, or None; declarations have none."""
    stem, dot, suffix = file_name.lower().rpartition(".")
    if not dot or not stem or stem.endswith(".d"):
        return None
    return _SUFFIXES.get(suffix)


def mentions_workflow(data: bytes) -> bool:
    """Tell cheaply whether a source file may build or hold a workflow."""
    return any(mark in data for mark in _MARKS)


def read_source(data: bytes, language: str) -> SourceReading:
    """Return the nodes that a source file builds, and what could not be read of it.

    `language` is one that `language_of` gives. Never raises for what is in the file.
    """
    if len(data) > MAX_SIZE:
        limit = f"the file has more than {MAX_SIZE >> 20} MiB and was not read"
        return SourceReading(problems=(Problem("", limit),))
    if not mentions_workflow(data):
        return SourceReading()
    from comfylock.workflow.source_code.read import read  # noqa: PLC0415 - 20 ms of parsers

    return read(data, language)
