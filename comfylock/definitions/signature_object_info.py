"""What `/object_info` comes to as a set of signatures, however odd a pack's answer is.

Source: `GET /object_info` of ComfyUI's server (`node_info` in `server.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfylock.definitions.input_types import NAME_LIMIT, SECTIONS
from comfylock.definitions.object_info import CLASS_LIMIT
from comfylock.definitions.own_checks import judges_all, own_checks
from comfylock.definitions.signature import (
    CHOICE,
    ClassSignature,
    DefinitionSet,
    Kind,
    OutputSignature,
)
from comfylock.definitions.signature_inputs import read_hidden, read_inputs
from comfylock.model import Problem
from comfylock.names import is_text, printable

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

OUTPUT_LIMIT = 1024


def is_object_info(document: Any) -> bool:
    """Say whether decoded JSON looks like what `/object_info` answers."""
    if not isinstance(document, dict):
        return False
    return any(
        isinstance(entry, dict) and "input" in entry and "output" in entry
        for entry in document.values()
    )


def read_signatures(
    document: dict[Any, Any],
    files: Mapping[str, Collection[str]] | None = None,
    *,
    kind: Kind = "object-info",
    keep_files: bool = False,
) -> tuple[DefinitionSet, tuple[Problem, ...]]:
    """Return the signatures of a decoded answer, sorted, and what is wrong in it.

    A class of the wrong shape costs that class or that part of it. `files` are inputs by class
    type that are known to offer the machine's files.
    """
    classes: dict[str, ClassSignature] = {}
    problems: list[Problem] = []
    for class_type in sorted(name for name in document if isinstance(name, str)):
        if not 0 < len(class_type) <= NAME_LIMIT or not is_text(class_type):
            problems.append(Problem(printable(class_type), "left out: not a name"))
        elif len(classes) >= CLASS_LIMIT:
            problems.append(Problem("", f"more than {CLASS_LIMIT} class types; the rest left out"))
            break
        else:
            known = files.get(class_type, ()) if files else ()
            signature, fault = _class(class_type, document[class_type], known, keep_files)
            classes[class_type] = signature
            if fault:
                problems.append(Problem(printable(class_type), fault))
    found = DefinitionSet(classes, kind, has_files=keep_files)
    return found, tuple(problems)


def _class(
    class_type: str, entry: Any, files: Collection[str], keep_files: bool
) -> tuple[ClassSignature, str]:
    if not isinstance(entry, dict):
        return ClassSignature(class_type, is_partial=True), "is not an object; nothing is known"
    sections = entry.get("input")
    fault = ""
    if not isinstance(sections, dict):
        fault, sections = "`input` is not an object; its inputs are not known", {}
    shown = ordered_sections(sections, entry.get("input_order"))
    for section, _ in SECTIONS:
        if section in shown and not isinstance(shown[section], dict):
            fault = fault or f"`input.{section}` is not an object; its inputs are not known"
    outputs = entry.get("output")
    if not isinstance(outputs, list | tuple):
        fault = fault or "`output` is not a list; its outputs are not known"
        outputs = ()
    module = entry.get("python_module")
    module = module if isinstance(module, str) and module else None
    is_core = module is None or not module.startswith("custom_nodes.")
    return (
        ClassSignature(
            class_type,
            read_inputs(shown, files, keep_files=keep_files),
            read_outputs(outputs, entry.get("output_name")),
            is_output=entry.get("output_node") is True,
            module=module,
            deprecated=entry.get("deprecated") is True,
            checks=own_checks(class_type) if is_core else (),
            checks_all=is_core and judges_all(class_type),
            is_partial=bool(fault),
            hidden=read_hidden(sections.get("hidden")),
        ),
        fault,
    )


def ordered_sections(sections: dict[Any, Any], orders: Any) -> dict[Any, Any]:
    """Return the sections in the order that the server states beside them, if it does."""
    if not isinstance(orders, dict):
        return sections
    shown = dict(sections)
    for section, _ in SECTIONS:
        held, order = sections.get(section), orders.get(section)
        if isinstance(held, dict) and isinstance(order, list) and list(held) != order:
            first = [name for name in order if isinstance(name, str) and name in held]
            shown[section] = {name: held[name] for name in dict.fromkeys([*first, *held])}
    return shown


def read_outputs(outputs: Any, names: Any) -> tuple[OutputSignature, ...]:
    """Return the outputs from their types and names; a list in place of a type is choices."""
    told = names if isinstance(names, list | tuple) else ()
    found = []
    for place, declared in enumerate(outputs[:OUTPUT_LIMIT]):
        name = told[place] if place < len(told) else ""
        kind = declared if isinstance(declared, str) else "*"
        choices = None
        if isinstance(declared, list | tuple):
            kind, choices = CHOICE, tuple(str(each) for each in declared)
        shown = name if isinstance(name, str) and name != kind else ""
        found.append(OutputSignature(kind[:NAME_LIMIT], shown[:NAME_LIMIT], choices))
    return tuple(found)
