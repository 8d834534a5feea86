"""Strings that say something without being in a node: workflows in JSON, model file names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.workflow.source_code.reading import Alternatives
from comfylock.workflow.source_code.terms import Facts, Joined, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from comfylock.workflow.source_code.evaluate import Evaluator

MODEL_EXTENSIONS = (
    *(".safetensors", ".sft", ".ckpt", ".pt", ".pth"),
    *(".bin", ".gguf", ".onnx"),
)
_MAX_NAME = 255
_FOREIGN = frozenset('*?{}<>|"\n\r\t\0')
"""What no file name that a workflow can hold contains."""


def read_strings(facts: Facts, evaluator: Evaluator) -> tuple[list[tuple[int, str]], list[int]]:
    """Return line and text of all strings that stand alone, and lines of computed workflows."""
    found = [(start, term.line, str(term.value)) for start, term in facts.strings.items()]
    computed: list[int] = []
    for start, join in facts.joins.items():
        texts = [value for value in evaluator.values(join) if isinstance(value, str)]
        found += [(start, join.line, text) for text in texts]
        if not texts and _looks_like_workflow(join):
            computed.append(join.line)
    return [(line, text) for _, line, text in sorted(found)], computed


def _looks_like_workflow(join: Joined) -> bool:
    parts = [p.value for p in join.parts if isinstance(p, Literal) and isinstance(p.value, str)]
    return bool(parts) and parts[0].lstrip().startswith("{") and any(map(is_marked, parts))


def is_marked(text: str) -> bool:
    """Tell whether a text holds the key that every workflow of its format has."""
    return '"class_type"' in text or '"nodes"' in text


def is_workflow(text: str) -> bool:
    """Tell whether a string looks like a workflow in JSON."""
    return text.lstrip().startswith("{") and is_marked(text)


def is_model(text: str) -> bool:
    """Tell whether a string looks like the name of a model file below a model folder."""
    if len(text) > _MAX_NAME or not text.lower().endswith(MODEL_EXTENSIONS):
        return False
    stem = text.replace("\\", "/").rpartition("/")[2].rpartition(".")[0]
    return bool(stem) and "://" not in text and _FOREIGN.isdisjoint(text)


def texts_within(values: Iterable[object]) -> set[str]:
    """Return all strings in some values, however deep."""
    found: set[str] = set()
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            found.add(value)
        elif isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, Alternatives):
            waiting += value.values
        elif isinstance(value, list):
            waiting += value
    return found
