"""What a program that builds API workflows uses: its literals, as one workflow.

A program may build several graphs; which of them it sends, only running it would tell. All of
its nodes count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfylock.model import Problem
from comfylock.workflow.api_format import add_files
from comfylock.workflow.decode import NotJsonError
from comfylock.workflow.detect import read_json
from comfylock.workflow.models import is_model_name
from comfylock.workflow.reading import FoundModel, Reading
from comfylock.workflow.source_code import language_of, mentions_workflow, read_source
from comfylock.workflow.source_code.reading import Alternatives, alternatives

if TYPE_CHECKING:
    from comfylock.workflow.reading import InputTables
    from comfylock.workflow.source_code.reading import SourceReading


_WHOLE = ('"inputs"', '"nodes"')
"""What a workflow in a string has; one without them is a piece that a program looks for."""


def read_source_workflow(data: bytes, name: str, tables: InputTables) -> list[Reading]:
    """Return the workflow that a source file builds, and those that stand in its strings."""
    language = language_of(name)
    if language is None or not mentions_workflow(data):
        return []
    source = read_source(data, language)
    embedded: list[Reading] = []
    faults: list[Problem] = []
    for line, text in source.embedded:
        try:
            found = read_json(text.encode(errors="replace"), tables)
        except NotJsonError as error:
            if any(mark in text for mark in _WHOLE):
                told = f"a workflow in a string was not read: it {error}"
                faults.append(Problem(f"line {line}", told))
            continue
        for reading in found:
            reading.format = f"source/{reading.format}"
            reading.fragment = f"line-{line}"
            embedded.append(reading)
    if not source.nodes and not source.unread and not faults:
        return embedded
    built = _built(source, tables)
    built.unread += len(faults)
    built.problems += faults
    return [built, *embedded]


def _built(source: SourceReading, tables: InputTables) -> Reading:
    reading = Reading(format="source", unread=source.unread, problems=list(source.problems))
    for node in source.nodes:
        reading.count((node.class_type, None, None, None), inactive=False)
        for name, value in node.inputs.items():
            for literal in alternatives(value):
                add_files(reading, tables, node.class_type, {name: _plain(literal)})
    loader = "loose literal"
    for _, text in source.loose_models:
        if is_model_name(text):
            reading.models.append(FoundModel(text.replace("\\", "/"), loader))
    return reading


def _plain(value: Any, depth: int = 0) -> Any:
    """Return a literal without the marks of what is computed or may vary inside it."""
    if depth > 32:
        return None
    if isinstance(value, Alternatives):
        return [_plain(item, depth + 1) for item in value.values]
    if isinstance(value, dict):
        return {key: _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, depth + 1) for item in value]
    return value if isinstance(value, str | int | float | bool) else None
