"""What one `(type, options)` of `INPUT_TYPES` comes to as a signature.

The same shape comes from a server and from source read statically.
Source: https://docs.comfy.org/custom-nodes/backend/datatypes
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from comfylock.definitions.input_types import (
    INPUT_LIMIT,
    NAME_LIMIT,
    SECTIONS,
    SEEDS,
    WIDGETS,
    type_name,
)
from comfylock.definitions.signature import (
    AUTOGROW,
    CHOICE,
    DYNAMIC,
    DYNAMIC_CHOICE,
    DYNAMIC_GROUP,
    DYNAMIC_SLOT,
    InputSignature,
)
from comfylock.names import MODEL_EXTENSIONS

if TYPE_CHECKING:
    from collections.abc import Collection

CHOICE_LIMIT = 20_000
TEXT_LIMIT = 2_000
"""Characters of a default that is kept; a longer one is a text, not a setting."""

DEPTH_LIMIT = 6
"""Dynamic inputs inside each other."""

AUTOGROW_LIMIT = 100
"""Names of an autogrow input. Source: `Autogrow._MaxNames` of ComfyUI."""

GROUP_ROWS = 20
"""Rows of a group. Source: `_DynamicGroup._MaxRows` of ComfyUI."""

FILE_ENDINGS = (
    *MODEL_EXTENSIONS,
    ".engine",
    ".yaml",
    ".png",
    ".jpg",
    ".jpeg",
    ".webp",
    ".gif",
    ".mp4",
    ".webm",
    ".mov",
    ".mkv",
    ".mp3",
    ".wav",
    ".flac",
    ".ogg",
    ".glb",
    ".obj",
    ".latent",
    ".ttf",
    ".otf",
    ".svg",
)
"""What shows that a choice is a file of the machine."""

FOLDER_FLAGS = (
    "image_upload",
    "animated_image_upload",
    "video_upload",
    "audio_upload",
    "file_upload",
    "image_folder",
    "remote",
    "remote_combo",
)
"""Options that say: what is offered is what a folder or a service holds at the moment."""

UPLOAD_FLAGS = ("image_upload", "animated_image_upload", "video_upload", "audio_upload")


def read_inputs(
    sections: dict[Any, Any],
    files: Collection[str] = (),
    *,
    keep_files: bool = False,
    depth: int = 0,
) -> tuple[InputSignature, ...]:
    """Return the inputs of `{"required": {name: spec}, "optional": …}`, in that order.

    `files` are the inputs known to offer the machine's files; `keep_files` keeps these choices.
    """
    found: dict[str, InputSignature] = {}
    for section, required in SECTIONS:
        entries = sections.get(section)
        if not isinstance(entries, dict):
            continue
        for name, specification in entries.items():
            if not isinstance(name, str) or len(name) > NAME_LIMIT or name in found:
                continue
            if len(found) >= INPUT_LIMIT:
                return tuple(found.values())
            found[name] = read_input(
                name,
                specification,
                required=required,
                is_file=name in files,
                keep_files=keep_files,
                depth=depth,
            )
    return tuple(found.values())


def read_hidden(declared: Any) -> tuple[tuple[str, str], ...]:
    """Return the hidden inputs of `{"prompt": "PROMPT"}`; a server may put the type in a list."""
    found: dict[str, str] = {}
    for name, told in declared.items() if isinstance(declared, dict) else ():
        kind = told[0] if isinstance(told, list | tuple) and told else told
        is_text = isinstance(name, str) and isinstance(kind, str)
        if is_text and len(name) + len(kind) <= NAME_LIMIT and len(found) < INPUT_LIMIT:
            found[name] = kind
    return tuple(sorted(found.items()))


def read_input(
    name: str,
    specification: Any,
    *,
    required: bool,
    is_file: bool = False,
    keep_files: bool = False,
    depth: int = 0,
) -> InputSignature:
    """Return one input from its `(type, options)`, however odd its shape."""
    declared: Any = specification
    options: dict[Any, Any] = {}
    if isinstance(specification, list | tuple):
        declared = specification[0] if specification else None
        if len(specification) > 1 and isinstance(specification[1], dict):
            options = specification[1]
    kind = type_name(declared)
    listed = kind == CHOICE and not isinstance(declared, str)
    if kind in DYNAMIC:
        return _dynamic(name, kind, options, required=required, depth=depth)
    is_widget = kind in WIDGETS or kind.partition(",")[0] in WIDGETS & {options.get("widgetType")}
    is_widget = is_widget or options.get("socketless") is True
    if options.get("forceInput") is True or options.get("force_input") is True:
        is_widget = False
    offered = _choices(declared if listed else options.get("options")) if kind == CHOICE else None
    depends = kind == CHOICE and (is_file or _depends_on_machine(offered, options))
    default = options.get("default", UNSET)
    return InputSignature(
        name,
        kind,
        required,
        widget=is_widget,
        default=UNSET if depends and not keep_files else plain_default(default),
        minimum=_number(options.get("min")),
        maximum=_number(options.get("max")),
        choices=None if depends and not keep_files else offered,
        files=depends,
        listed=listed,
        several=bool(options.get("multiselect") or options.get("multi_select")),
        trailing=_controls(name, kind, options) if is_widget else 0,
        upload=is_widget and any(options.get(flag) is True for flag in UPLOAD_FLAGS),
    )


def plain_default(value: Any) -> Any:
    """Return a default that can be written down again; UNSET for anything else."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return value if len(value) <= TEXT_LIMIT else UNSET
    if isinstance(value, float):
        return value if math.isfinite(value) else UNSET
    if isinstance(value, list | tuple) and all(isinstance(v, str | int | float) for v in value):
        return list(value) if len(value) <= 100 else UNSET
    return {} if value == {} else UNSET


def _choices(offered: Any) -> tuple[Any, ...] | None:
    """Return what is offered, flat; a dict offers its keys; None if it is no list at all."""
    if not isinstance(offered, list | tuple | dict):
        return None
    if len(offered) > CHOICE_LIMIT:
        return None
    if all(isinstance(entry, list | dict) or _is_scalar(entry) for entry in offered):
        return tuple(entry if _is_scalar(entry) else str(entry) for entry in offered)
    return None


def _is_scalar(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float)


def _depends_on_machine(offered: tuple[Any, ...] | None, options: dict[Any, Any]) -> bool:
    """Say whether choices are a folder's or a service's, not the class's own.

    An empty list is a folder without files: nobody offers nothing.
    """
    if not offered or any(options.get(flag) for flag in FOLDER_FLAGS):
        return True
    return any(isinstance(each, str) and _is_file(each.lower()) for each in offered)


def _is_file(text: str) -> bool:
    return text.endswith(FILE_ENDINGS) and not text.startswith(".")


def _number(value: Any) -> int | float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if isinstance(value, int) or math.isfinite(value) else None


def _controls(name: str, kind: str, options: dict[Any, Any]) -> int:
    """Count the values that the editor stores right after an input's own.

    Source: `useIntWidget`, `useComboWidget` and `addValueControlWidgets` of ComfyUI's frontend: a
    control for INT, a control and a filter for COMBO.
    """
    control = options.get("control_after_generate")
    controlled = name in SEEDS and kind == "INT" if control is None else bool(control)
    return {"INT": 1, CHOICE: 2}.get(kind, 0) if controlled else 0


def _dynamic(
    name: str, kind: str, options: dict[Any, Any], *, required: bool, depth: int
) -> InputSignature:
    """Return an input that stands for others. Source: `comfy_api/latest/_io.py` of ComfyUI."""
    if depth >= DEPTH_LIMIT:
        return InputSignature(name, "*", required)
    if kind == DYNAMIC_CHOICE:
        choices: list[tuple[str, tuple[InputSignature, ...]]] = []
        offered = options.get("options")
        for option in offered[:CHOICE_LIMIT] if isinstance(offered, list | tuple) else ():
            key = option.get("key") if isinstance(option, dict) else None
            inner = option.get("inputs") if isinstance(option, dict) else None
            if isinstance(key, str):
                shown = inner if isinstance(inner, dict) else {}
                choices.append((key, read_inputs(shown, depth=depth + 1)))
        default = plain_default(options.get("default", UNSET))
        return InputSignature(
            name, kind, required, widget=True, default=default, options=tuple(choices)
        )
    if kind == DYNAMIC_SLOT:
        held = options.get("inputs")
        slot = read_inputs(held if isinstance(held, dict) else {}, depth=depth + 1)
        return InputSignature(name, kind, required, options=(("", slot),))
    if kind == DYNAMIC_GROUP:
        return _group(name, options, required=required, depth=depth)
    return _autogrow(name, options, required=required, depth=depth)


def _group(name: str, options: dict[Any, Any], *, required: bool, depth: int) -> InputSignature:
    """Return an input of rows, each with the template's fields: `rows.0.name`."""
    held = options.get("template")
    fields = read_inputs(held if isinstance(held, dict) else {}, depth=depth + 1)
    least, most = _number(options.get("min")), _number(options.get("max"))
    return InputSignature(
        name,
        DYNAMIC_GROUP,
        required,
        options=(("", fields),),
        at_least=int(least or 0),
        maximum=GROUP_ROWS if most is None else int(most),
    )


def _autogrow(name: str, options: dict[Any, Any], *, required: bool, depth: int) -> InputSignature:
    held = options.get("template")
    template: dict[Any, Any] = held if isinstance(held, dict) else {}
    inner = template.get("input")
    inputs = read_inputs(inner if isinstance(inner, dict) else {}, depth=depth + 1)
    listed = template.get("names")
    if isinstance(listed, list):
        names = [each for each in listed if isinstance(each, str)]
    else:
        count = template.get("max", 0)
        count = count if isinstance(count, int) and not isinstance(count, bool) else 0
        names = [f"{template.get('prefix', '')}{place}" for place in range(min(count, 100))]
    least = template.get("min", 0)
    return InputSignature(
        name,
        AUTOGROW,
        required,
        options=(("", inputs[:1]),),
        names=tuple(names[:AUTOGROW_LIMIT]),
        at_least=least if isinstance(least, int) and not isinstance(least, bool) else 0,
    )
