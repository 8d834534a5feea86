"""Which workflows JSON holds, told by its content: UI, API, and every wrapper they come in.

A wrapper is anything around a workflow: `{"prompt": …}`, `{"input": {"workflow": …}}`, bodies of
POST /prompt, history entries, lists of templates, JSON inside JSON strings. Where the same graph
is there as UI and as API, the UI form is taken: it says more.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import msgspec

from comfylock.model import Problem
from comfylock.workflow.api_format import API_DECODER, read_api, salvage_api
from comfylock.workflow.decode import NotJsonError, decode_json
from comfylock.workflow.ui_format import read_ui
from comfylock.workflow.ui_nodes import UI_DECODER, is_editor_state, salvage_workflow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.workflow.reading import InputTables, Reading

MAX_DEPTH = 12
MAX_WORKFLOWS = 10_000
"""Workflows read from one file; a server's history stays far below."""

SAME_GRAPH = ("workflow", "extra_data", "extra_pnginfo", "input", "prompt", "output")
"""Keys beside each other that hold one graph in several forms, the most telling first."""

_TOP_MARKS = frozenset({"last_node_id", "last_link_id"})
_NODE_MARKS = frozenset({"pos", "widgets_values", "outputs", "mode", "order", "flags"})

Found = tuple[str, Any]
"""Where in the JSON, and the workflow's decoded value."""


def read_json(data: bytes, tables: InputTables) -> list[Reading]:
    """Return every workflow that JSON bytes hold; empty if it is JSON without a workflow.

    Raises:
        NotJsonError: with one sentence, line and column.
    """
    try:
        if b'"nodes"' in data:
            workflow = UI_DECODER.decode(data)
            if workflow.is_marked:
                return [read_ui(workflow, tables, [])]
        elif b'"class_type"' in data:
            nodes = API_DECODER.decode(data)
            if nodes:
                return [read_api(nodes, tables, [])]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    value, remark = decode_json(data)
    readings = read_value(value, tables)
    if remark and readings:
        readings[0].problems.insert(0, Problem("", remark))
    return readings


def may_hold_workflow(data: bytes) -> bool:
    """Say cheaply whether JSON bytes can hold a workflow at all."""
    if b'"nodes"' in data or b"class_type" in data or b"nodes\\" in data:
        return True
    if data[:1] == b"{" and b"\\u006" in data:  # keys spelled with escapes
        return True
    return data[:64].count(0) > 8  # UTF-16 or UTF-32


def read_value(value: Any, tables: InputTables) -> list[Reading]:
    """Return every workflow in a decoded JSON value."""
    found, gap = find_workflows(value)
    readings = []
    for fragment, document in found:
        problems: list[Problem] = []
        if is_ui(document):
            workflow, lost = salvage_workflow(document, problems)
            reading = read_ui(workflow, tables, problems, lost)
        else:
            nodes, lost = salvage_api(document, problems)
            reading = read_api(nodes, tables, problems)
            reading.unread += lost
        if len(found) > 1:
            reading.fragment = fragment
        readings.append(reading)
    if gap:
        readings[-1].unread += 1
        readings[-1].problems.append(Problem("", gap))
    return readings


def find_workflows(value: Any) -> tuple[list[Found], str | None]:
    """Return every workflow in a decoded JSON value and where it is, the UI form where both are.

    With it goes one sentence if there are more than are read.
    """
    found = list(itertools.islice(_search(value, "", 0), MAX_WORKFLOWS + 1))
    if len(found) <= MAX_WORKFLOWS:
        return found, None
    return found[:-1], f"holds more than {MAX_WORKFLOWS:,} workflows; the rest was not read"


def is_ui(value: Any) -> bool:
    """Say whether a decoded JSON value is a workflow in UI format, damaged or not."""
    if not isinstance(value, dict) or "nodes" not in value:
        return False
    if not _TOP_MARKS.isdisjoint(value) or is_editor_state(value.get("state")):
        return True
    nodes = value["nodes"]
    return isinstance(nodes, list) and any(
        isinstance(node, dict)
        and isinstance(node.get("type"), str)
        and not _NODE_MARKS.isdisjoint(node)
        for node in nodes
    )


def is_api(value: Any) -> bool:
    """Say whether a decoded JSON value is a workflow in API format, damaged or not."""
    return isinstance(value, dict) and any(
        isinstance(node, dict) and isinstance(node.get("class_type"), str)
        for node in value.values()
    )


def _search(value: Any, fragment: str, depth: int) -> Iterator[Found]:
    if isinstance(value, str):
        value = _unwrap_text(value)
    if depth > MAX_DEPTH:
        return
    if isinstance(value, dict):
        if is_ui(value) or is_api(value):
            yield fragment, value
        else:
            yield from _search_object(value, fragment, depth)
    elif isinstance(value, list):
        entry = _history_entry(value)
        if entry is not None:
            yield from _search(entry, fragment, depth + 1)
            return
        for index, item in enumerate(value):
            if isinstance(item, dict | list):
                yield from _search(item, f"{fragment}[{index}]", depth + 1)


def _search_object(value: dict[str, Any], fragment: str, depth: int) -> Iterator[Found]:
    best: list[Found] = []
    for key in SAME_GRAPH:
        if key in value:
            found = list(_search(value[key], _join(fragment, key), depth + 1))
            if found and (not best or (is_ui(found[0][1]) and not is_ui(best[0][1]))):
                best = found
    yield from best
    for key, item in value.items():
        if key not in SAME_GRAPH and isinstance(item, dict | list | str):
            yield from _search(item, _join(fragment, key), depth + 1)


def _history_entry(value: list[Any]) -> dict[str, Any] | None:
    """Return a queue or history tuple as an object: [number, prompt id, prompt, extra data, …]."""
    if len(value) >= 3 and isinstance(value[0], int | float) and isinstance(value[1], str):
        return {"prompt": value[2], "extra_data": value[3] if len(value) > 3 else None}
    return None


def _unwrap_text(text: str) -> Any:
    """Return the value of JSON inside a JSON string, encoded up to four times; else None."""
    value: Any = text
    for _ in range(4):
        if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "[", '"'):
            break
        if not may_hold_workflow(value.encode(errors="replace")):
            return None
        try:
            value, _remark = decode_json(value.encode(errors="replace"))
        except NotJsonError:
            return None
    return None if isinstance(value, str) else value


def _join(fragment: str, key: str) -> str:
    return f"{fragment}.{key}" if fragment else key
