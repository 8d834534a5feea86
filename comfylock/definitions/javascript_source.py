"""Which node types a pack's scripts register.

Source: `LiteGraph.registerNodeType`, and `registerNodeDef` of ComfyUI's frontend.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.definitions.javascript_names import DEPTH, Names
from comfylock.model import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME_LIMIT = 256
"""Characters of a node type; a longer name is left out."""

MARKS = (b"registerNodeType", b"registerNodeDef")
"""A script without these registers nothing itself."""


def read_javascript(data: bytes, file: str) -> tuple[str, ...]:
    """Return the node types that one script registers by itself, sorted."""
    return read_scripts({file: data})[0]


def read_scripts(scripts: Mapping[str, bytes]) -> tuple[tuple[str, ...], tuple[Problem, ...]]:
    """Return the node types that a pack's scripts register, sorted."""
    marked = [file for file in sorted(scripts) if any(m in scripts[file] for m in MARKS)]
    if not marked:
        return (), ()
    reader = Names(scripts)
    found: set[str] = set()
    problems: list[Problem] = []
    for file in marked:
        for node in reader.facts(file).registrations:
            name = reader.resolve(node, file)
            if name is None:
                place = f"{file}:{node.start_point.row + 1}"
                problems.append(Problem(place, "a node type is registered whose name is not told"))
            elif 0 < len(name) <= NAME_LIMIT:
                found.add(name)
    found.update(name for name in _set_up(reader, marked) if 0 < len(name) <= NAME_LIMIT)
    return tuple(sorted(found)), tuple(problems)


def _set_up(reader: Names, marked: list[str]) -> set[str]:
    """Return the types of classes on which a static method that registers them is called."""
    methods = {setup.method for f in marked for setup in reader.facts(f).setups} - {""}
    found: set[str] = set()
    for file in sorted(reader.scripts):
        if not any(f".{method}(".encode() in reader.scripts[file] for method in methods):
            continue
        for call in reader.facts(file).calls:
            static = None
            if call.method in methods:
                static = reader.registers(call.holder, call.method, file)
            name = None if static is None else reader.static(call.holder, static, file, DEPTH)
            found.update(() if name is None else (name,))
    return found
