"""Which inputs an `INPUT_TYPES` dict declares.

The same shape comes from a server (`/object_info`) and from source read statically.
Source: https://docs.comfy.org/custom-nodes/backend/datatypes
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.definitions.origins import UPLOADS, asset_of, folder_of
from comfylock.definitions.values import InstanceValue, Opaque
from comfylock.model import InputDefinition

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDGETS = frozenset(
    {"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO", "COLOR", "WEBCAM", "AUDIO_RECORD", "LOAD_3D"}
)
"""Types that the editor shows as a widget. Source: `ComfyWidgets` of ComfyUI's frontend."""

SEEDS = frozenset({"seed", "noise_seed"})
"""INT inputs that get a control of what follows a run, unless they say otherwise."""

SECTIONS = (("required", True), ("optional", False))

INPUT_LIMIT = 4096
"""Inputs of one class that are kept."""

NAME_LIMIT = 256
"""Characters of an input's name or type; a longer one is left out."""

ANY = "*"


def read_sections(sections: dict[object, object]) -> tuple[InputDefinition, ...]:
    """Return the inputs of `{"required": {name: spec}, "optional": …}`, in declared order."""
    found: dict[str, InputDefinition] = {}
    for section, required in SECTIONS:
        for name, specification in _entries(sections.get(section)):
            if len(found) < INPUT_LIMIT and name not in found:
                found[name] = read_specification(name, specification, required=required)
    return tuple(found.values())


def _entries(section: object) -> Iterator[tuple[str, object]]:
    if isinstance(section, dict):
        for name, specification in section.items():
            if isinstance(name, str) and len(name) <= NAME_LIMIT:
                yield name, specification


def read_specification(name: str, specification: object, *, required: bool) -> InputDefinition:
    """Return one input from its `(type, options)`."""
    declared: object = specification
    options: dict[object, object] = {}
    if isinstance(specification, (tuple, list)):
        declared = specification[0] if specification else None
        if len(specification) > 1 and isinstance(specification[1], dict):
            options = specification[1]
    return describe(name, type_name(declared), declared, options, required=required)


def describe(
    name: str, kind: str, choices: object, options: dict[object, object], *, required: bool
) -> InputDefinition:
    """Return an input from its type, what its choices are made from, and its options."""
    socket = options.get("forceInput") is True or options.get("force_input") is True
    is_choice = kind == "COMBO"
    offered = options.get("options") if isinstance(choices, str) else choices
    widget = kind in WIDGETS and not socket
    return InputDefinition(
        name=name,
        type=kind,
        required=required,
        widget=widget,
        folder=folder_of(offered) if is_choice else None,
        asset=asset_of(name, offered, options) if is_choice else None,
        trailing=_trailing(name, kind, options) if widget else 0,
    )


def _trailing(name: str, kind: str, options: dict[object, object]) -> int:
    """Count the values that the editor stores right after an input's own.

    Source: `useIntWidget`, `useComboWidget` and `addValueControlWidgets` of ComfyUI's frontend: a
    control for INT, a control and a filter for COMBO, an upload button.
    """
    control = options.get("control_after_generate")
    controlled = name in SEEDS and kind == "INT" if control is None else bool(control)
    count = {"INT": 1, "COMBO": 2}.get(kind, 0) if controlled else 0
    return count + any(options.get(flag) is True for flag in UPLOADS)


def type_name(declared: object) -> str:
    """Return the name of a type: a text as it is, choices as `COMBO`, `*` for anything else."""
    if isinstance(declared, str):
        return declared if 0 < len(declared) <= NAME_LIMIT else ANY
    if isinstance(declared, (list, tuple, dict)):
        return "COMBO"
    if isinstance(declared, Opaque):
        return _outside_type(declared)
    if isinstance(declared, InstanceValue):
        held = next((v for v in declared.names.values() if isinstance(v, str)), ANY)
        return held or ANY
    return ANY


def _outside_type(declared: Opaque) -> str:
    module, _, name = declared.name.rpartition(".")
    if module.endswith(("IO", "io")) or declared.name.startswith("IO."):
        return {"ANY": ANY, "PRIMITIVE": "STRING,FLOAT,INT,BOOLEAN"}.get(name, name)
    if declared.called or module:
        texts = [argument for argument in declared.args if isinstance(argument, str)]
        if texts and "type" in declared.name.lower():
            return texts[0]
        return "COMBO"
    return ANY
