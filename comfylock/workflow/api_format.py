"""What a workflow in API format uses: `{"<id>": {"class_type", "inputs"}}`.

Only class names and file names to go on; muted and virtual nodes are already gone.
Source: ComfyUI's POST /prompt; ids of subgraph nodes are paths such as `12:34`.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from comfylock.model import Problem
from comfylock.workflow.models import FILE_TAILS, MAX_REPOSITORY, finder_for, texts_in
from comfylock.workflow.reading import FoundAsset, InputTables, Reading
from comfylock.workflow.ui_nodes import kind_of


class ApiNode(Struct, gc=False):
    """One node of an API workflow."""

    class_type: str
    inputs: dict[str, Any] | None = None
    is_changed: Any = None


API_DECODER = msgspec.json.Decoder(dict[str, ApiNode])


def read_api(nodes: dict[str, ApiNode], tables: InputTables, problems: list[Problem]) -> Reading:
    """Return what decoded API nodes use."""
    reading = Reading(format="api", problems=problems)
    special = tables.special
    for identifier, node in nodes.items():
        kind = node.class_type
        if not kind or kind.isspace():
            path = f"[{msgspec.json.encode(identifier).decode()}].class_type"
            problems.append(Problem(path, "is an empty text instead of a class type"))
            reading.unread += 1
            continue
        reading.count((kind, None, None, None), inactive=False)
        inputs = node.inputs
        if inputs and (kind in special or _may_name_files(inputs)):
            add_files(reading, tables, kind, inputs)
    return reading


def add_files(
    reading: Reading, tables: InputTables, class_type: str, inputs: dict[str, Any]
) -> None:
    """Add every model and asset that a node's inputs name; links and numbers are no names."""
    finder = finder_for(tables, class_type)
    for name, given in inputs.items():
        value = given
        if isinstance(value, dict) and value.keys() == {"__value__"}:  # how a list is given
            value = value["__value__"]
        elif is_link(value):
            continue
        for key, text, off in [(name, value, False)] if isinstance(value, str) else texts_in(value):
            if "://" in text:
                reading.notes.append(text)
            for item in finder.find(key or name, text):
                named = replace(item, inactive=True) if off else item
                if isinstance(named, FoundAsset):
                    reading.assets.append(named)
                else:
                    reading.models.append(named)


def salvage_api(value: dict[str, Any], problems: list[Problem]) -> tuple[dict[str, ApiNode], int]:
    """Build API nodes from decoded JSON that has faults; return them and how many were lost."""
    nodes: dict[str, ApiNode] = {}
    lost = 0
    for key, entry in value.items():
        path = f"[{msgspec.json.encode(key).decode()}]"
        if not isinstance(entry, dict) or "class_type" not in entry:
            if isinstance(entry, dict) and "inputs" in entry:
                problems.append(Problem(path, "has no class_type"))
                lost += 1
            elif entry is None or _is_node_id(key):
                problems.append(Problem(path, f"is {kind_of(entry)} instead of a node"))
                lost += 1
            continue
        class_type = entry["class_type"]
        if not isinstance(class_type, str) or not class_type.strip():
            message = f"is {kind_of(class_type)} instead of a class type"
            problems.append(Problem(f"{path}.class_type", message))
            lost += 1
            continue
        inputs = entry.get("inputs")
        if inputs is not None and not isinstance(inputs, dict):
            message = f"is {kind_of(inputs)} instead of an object"
            problems.append(Problem(f"{path}.inputs", message))
            inputs = None
        nodes[key] = ApiNode(class_type, inputs)
    return nodes, lost


def _is_node_id(key: str) -> bool:
    return key.replace(":", "").isdigit()


def _may_name_files(inputs: dict[str, Any]) -> bool:
    for value in inputs.values():
        if value.__class__ is str:
            if value[-3:] in FILE_TAILS or ":" in value:
                return True
            if "/" in value and len(value) <= MAX_REPOSITORY:
                return True
        elif value.__class__ is dict or (value.__class__ is list and not is_link(value)):
            return True
    return False


def is_link(value: Any) -> bool:
    """Say whether an input's value is a link: [node id, slot]."""
    return (
        value.__class__ is list
        and len(value) == 2
        and value[0].__class__ is str
        and value[1].__class__ is int
    )
