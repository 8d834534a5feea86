"""Where in a workflow file a class type or a file name stands: the nodes' ids, for messages.

The readers count and forget ids, which is what makes them fast. Whoever has something to say
about a node looks it up here, in the few files that it is about.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from comfylock.names import normalise_model_path
from comfylock.workflow.decode import MAX_JSON_BYTES, NotJsonError, decode_json

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

MAX_VALUES = 1_000_000
"""Values looked at in one file."""

Places = dict[str, tuple[str, ...]]
"""Class type or file name to the ids of the nodes that have it, in the file's order."""


def places_in(path: str, subjects: Collection[str]) -> Places:
    """Return the ids of the nodes that are of these class types or name these files.

    An id inside a subgraph or group node has its definition's name before it: `Upscale:12`.
    What cannot be read has no places; nothing is raised.
    """
    found: dict[str, list[str]] = {}
    budget = [MAX_VALUES]
    for document in _documents(path):
        for node_id, node in _nodes(document, "", budget):
            for text in {subject for subject in _texts(node, budget) if subject in subjects}:
                ids = found.setdefault(text, [])
                if node_id not in ids:
                    ids.append(node_id)
    return {subject: tuple(found[subject]) for subject in sorted(found)}


def _documents(path: str) -> Iterator[Any]:
    try:
        with open(path, "rb") as stream:
            from comfylock.workflow.embedded import (  # noqa: PLC0415 - messages are rare
                HEAD_SIZE,
                read_embedded,
                sniff,
            )

            container = sniff(stream.read(HEAD_SIZE))
            stream.seek(0)
            if container is None:
                texts = [stream.read(MAX_JSON_BYTES + 1)]
            else:
                embedded = read_embedded(stream, container, os.fstat(stream.fileno()).st_size)
                texts = [d.text.encode(errors="replace") for d in embedded.documents[:1]]
    except OSError:
        return
    for text in texts:
        try:
            yield decode_json(text)[0]
        except NotJsonError:
            continue


def _nodes(value: Any, scope: str, budget: list[int], depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Yield every node below a value, with its id."""
    budget[0] -= 1
    if budget[0] < 0 or depth > 60:
        return
    value = _opened(value)
    if isinstance(value, list):
        for entry in value:
            yield from _nodes(entry, scope, budget, depth + 1)
    elif isinstance(value, dict):
        is_named = depth and "nodes" in value and isinstance(value.get("name"), str)
        yield from _nodes_of(value, f"{value['name']}:" if is_named else scope, budget, depth)


def _nodes_of(
    value: dict[str, Any], scope: str, budget: list[int], depth: int
) -> Iterator[tuple[str, Any]]:
    nodes = value.get("nodes")
    for node in nodes if isinstance(nodes, list) else ():
        if isinstance(node, dict) and "type" in node:
            yield f"{scope}{node.get('id', '?')}", node
    for key, entry in value.items():
        if isinstance(entry, dict) and isinstance(entry.get("class_type"), str):
            yield f"{scope}{key}", entry
        elif isinstance(entry, dict | list | str):
            is_group = depth and isinstance(entry, dict) and "nodes" in entry
            yield from _nodes(entry, f"{key}:" if is_group else scope, budget, depth + 1)


def _opened(value: Any) -> Any:
    """Return what JSON inside a JSON string says, anything else as it is."""
    if isinstance(value, str) and value[:1] in "{[" and ("nodes" in value or "class_" in value):
        try:
            return decode_json(value.encode(errors="replace"))[0]
        except NotJsonError:
            return None
    return value


def _texts(node: Any, budget: list[int], depth: int = 0) -> Iterator[str]:
    """Yield a node's class type and every text in its values, as names are written."""
    budget[0] -= 1
    if budget[0] < 0 or depth > 20:
        return
    if isinstance(node, str):
        yield node
        path = normalise_model_path(node)
        yield path
        yield path.rpartition("/")[2]
    elif isinstance(node, list):
        for entry in node:
            yield from _texts(entry, budget, depth + 1)
    elif isinstance(node, dict):
        for entry in node.values():
            yield from _texts(entry, budget, depth + 1)
