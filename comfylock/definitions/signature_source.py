"""What ComfyUI's or a pack's own source comes to as a set of signatures. Runs none of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from comfylock.definitions.budget import BudgetExceededError
from comfylock.definitions.input_types import type_name
from comfylock.definitions.mappings import CORE_MODULES, registered_modules, registered_python
from comfylock.definitions.pack import core_files
from comfylock.definitions.pack_files import read_pack_files, read_single_file
from comfylock.definitions.python_source import CLASS_STEPS, STEPS, Program, is_complete
from comfylock.definitions.signature import (
    CHOICE,
    ClassSignature,
    DefinitionSet,
    OutputSignature,
)
from comfylock.definitions.signature_inputs import read_hidden, read_inputs
from comfylock.definitions.signature_schema import schema_signature
from comfylock.definitions.values import ClassValue, FunctionValue, truth

if TYPE_CHECKING:
    import ast

    from comfylock.definitions.mappings import Registered
    from comfylock.definitions.pack_files import PackFiles
    from comfylock.model import Problem

VERSION_FILE = "comfyui_version.py"
COMFYUI_MARKS = frozenset({"nodes.py", "folder_paths.py", VERSION_FILE})
"""Files at the root of ComfyUI's repository; two of them tell it from a pack."""

_INSIDE = CORE_MODULES | {"comfy"}
"""What is followed: the names of samplers and the like are in `comfy`."""

_OWN_PACK = "custom_nodes/websocket_image_save.py"
"""The one pack in ComfyUI's own repository."""

_CORE_STEPS = 5 * STEPS

Found = tuple[DefinitionSet, tuple["Problem", ...]]


def read_source(root: str) -> Found:
    """Return what a folder declares: a checkout of ComfyUI, a pack, or a pack of one file."""
    if os.path.isfile(root):
        return source_signatures(read_single_file(root), start=os.path.basename(root))
    return source_signatures(read_pack_files(root), module=os.path.basename(os.path.abspath(root)))


def source_signatures(
    files: PackFiles, *, start: str = "__init__.py", module: str = "pack"
) -> Found:
    """Return what source files declare; `module` is the folder's name in `custom_nodes`."""
    if len(COMFYUI_MARKS.intersection(files.names)) > 1:
        core = [*core_files(files.python), *filter(_OWN_PACK.__eq__, files.python)]
        program, registered = registered_modules(files.python, core, _INSIDE, _CORE_STEPS)
        version = _version(program)
        classes = _classes(program, registered)
    else:
        program, registered = registered_python(files.python, files.names, start=start)
        stem = start.removesuffix(".py") if start != "__init__.py" else module
        version = None
        classes = _classes(program, registered, f"custom_nodes.{stem}")
    found = DefinitionSet(
        classes, "source", version, is_core_only=True, is_partial=not registered.is_whole
    )
    return found, tuple(sorted({*files.problems, *program.problems}))


def _version(program: Program) -> str | None:
    if VERSION_FILE not in program.sources:
        return None
    found = program.module_of(VERSION_FILE).scope.names.get("__version__")
    return found if isinstance(found, str) else None


def _classes(
    program: Program, registered: Registered, module: str | None = None
) -> dict[str, ClassSignature]:
    return {
        name: _signature(program, name, registered.classes[name], module)
        for name in sorted(registered.classes)
    }


def _signature(program: Program, name: str, value: object, module: str | None) -> ClassSignature:
    """Return what a class declares; partial if not all of it could be read."""
    if not isinstance(value, ClassValue):
        return ClassSignature(name, module=module, is_partial=True)
    home = module or value.module.file.removesuffix(".py").replace("/", ".")
    try:
        with program.budget.allowance(CLASS_STEPS):
            if value.find("define_schema") is not None:
                found = schema_signature(program.schema(value))
            else:
                found = _older(program, value)
    except (BudgetExceededError, RecursionError):
        return ClassSignature(name, module=home, is_partial=True)
    checks, checks_all = _checks(value)
    return ClassSignature(
        name,
        found.inputs,
        found.outputs,
        found.is_output,
        home,
        found.deprecated,
        checks,
        checks_all,
        found.is_partial,
        found.hidden,
    )


def _older(program: Program, cls: ClassValue) -> ClassSignature:
    """Return what `INPUT_TYPES`, `RETURN_TYPES` and the flags beside them declare."""
    declared = program.called(cls, "INPUT_TYPES")
    sections = declared if isinstance(declared, dict) else {}
    shown = {key: value for key, value in sections.items() if isinstance(key, str)}
    types = program.attribute(cls, "RETURN_TYPES")
    names = program.attribute(cls, "RETURN_NAMES")
    known = isinstance(types, list | tuple)
    return ClassSignature(
        "",
        read_inputs(shown),
        _outputs(types, names) if isinstance(types, list | tuple) else (),
        is_output=truth(program.attribute(cls, "OUTPUT_NODE")) is True,
        deprecated=truth(program.attribute(cls, "DEPRECATED")) is True,
        is_partial=not (known and is_complete(declared)),
        hidden=read_hidden(shown.get("hidden")),
    )


def _outputs(types: list[Any] | tuple[Any, ...], names: object) -> tuple[OutputSignature, ...]:
    told = names if isinstance(names, list | tuple) else ()
    found = []
    for place, declared in enumerate(types):
        name = told[place] if place < len(told) else ""
        kind = type_name(declared)
        choices = None
        if kind == CHOICE and isinstance(declared, list | tuple):
            choices = tuple(str(each) for each in declared if isinstance(each, str | int | float))
        shown = name if isinstance(name, str) and name != kind else ""
        found.append(OutputSignature(kind, shown, choices))
    return tuple(found)


def _checks(cls: ClassValue) -> tuple[tuple[str, ...], bool]:
    """Return the inputs that a class judges by itself, and whether it judges all of them."""
    for name in ("VALIDATE_INPUTS", "validate_inputs"):
        function = cls.find(name)
        if isinstance(function, FunctionValue):
            taken: ast.arguments = function.node.args
            first = 0 if function.kind == "static" else 1
            names = [each.arg for each in (*taken.posonlyargs, *taken.args)]
            return tuple(names[first:]), taken.kwarg is not None
    return (), False
