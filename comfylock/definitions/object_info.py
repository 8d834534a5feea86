"""Which class types a running ComfyUI offers, and what inputs they take.

Source: `GET /object_info` of ComfyUI's server (`node_info` in `server.py`).
"""

from __future__ import annotations

from comfylock.definitions.input_types import NAME_LIMIT, SECTIONS, read_sections
from comfylock.model import ClassDefinition, Problem
from comfylock.names import printable

CLASS_LIMIT = 100_000
"""Class types of one server that are kept."""


def read_object_info(
    document: object,
) -> tuple[tuple[ClassDefinition, ...], tuple[Problem, ...]]:
    """Return the class types of a decoded `/object_info` answer, sorted, and what is wrong in it.

    A class whose inputs have the wrong shape is kept without them: its name is a fact. Model
    folders stay unknown, as a server sends the files and not the folder.
    """
    if not isinstance(document, dict):
        return (), (Problem("", "not an object of class types"),)
    found: list[ClassDefinition] = []
    problems: list[Problem] = []
    for class_type in sorted(name for name in document if isinstance(name, str)):
        if not 0 < len(class_type) <= NAME_LIMIT or len(found) >= CLASS_LIMIT:
            problems.append(Problem(printable(class_type), "left out: name too long, or too many"))
            continue
        definition, fault = _class(class_type, document[class_type])
        found.append(definition)
        if fault:
            problems.append(Problem(printable(class_type), fault))
    return tuple(found), tuple(problems)


def _class(class_type: str, entry: object) -> tuple[ClassDefinition, str]:
    if not isinstance(entry, dict):
        return ClassDefinition(class_type), "not an object"
    title = entry.get("display_name")
    sections = entry.get("input")
    fault = "" if isinstance(sections, dict) else "`input` is not an object"
    shown = _ordered(sections, entry.get("input_order")) if isinstance(sections, dict) else {}
    for section, _ in SECTIONS:
        if section in shown and not isinstance(shown[section], dict):
            fault = fault or f"`input.{section}` is not an object"
    return (
        ClassDefinition(
            class_type,
            read_sections(shown),
            display_name=title if isinstance(title, str) else None,
            file=_file(entry.get("python_module")),
        ),
        fault,
    )


def _ordered(sections: dict[object, object], orders: object) -> dict[object, object]:
    """Return the sections in the order that the server states beside them, if it does."""
    shown = dict(sections)
    for section, _ in SECTIONS:
        held = sections.get(section)
        order = orders.get(section) if isinstance(orders, dict) else None
        if isinstance(held, dict) and isinstance(order, list):
            first = [name for name in order if isinstance(name, str) and name in held]
            shown[section] = {name: held[name] for name in dict.fromkeys([*first, *held])}
    return shown


def _file(module: object) -> str | None:
    """Return where a class is from: `comfy_extras/nodes_x.py`, `custom_nodes/<folder>`."""
    if not isinstance(module, str) or not module:
        return None
    first, _, rest = module.partition(".")
    if first == "custom_nodes":
        return f"{first}/{rest}"
    return f"{module.replace('.', '/')}.py"
