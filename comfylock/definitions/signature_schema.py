"""What the `define_schema` of a class of ComfyUI's newer kind comes to as a signature.

Source: `comfy_api/latest/_io.py` of ComfyUI.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from comfylock.definitions.schema import argument, input_type, io_type, upload_flag
from comfylock.definitions.signature import (
    AUTOGROW,
    CHOICE,
    DYNAMIC_CHOICE,
    ClassSignature,
    InputSignature,
    OutputSignature,
)
from comfylock.definitions.signature_inputs import DEPTH_LIMIT, read_input
from comfylock.definitions.values import ClassValue, InstanceValue, Opaque, truth

_POSITIONS = {"INT": 6, "FLOAT": 6, "STRING": 7, "BOOLEAN": 6, CHOICE: 6}
"""Where the default stands among the arguments of an input, if it is given by position."""


def schema_signature(schema: object) -> ClassSignature:
    """Return the signature of an `io.Schema(…)`; partial where it could not be read."""
    if not isinstance(schema, Opaque):
        return ClassSignature("", is_partial=True)
    inputs, all_inputs = _inputs(argument(schema, 3, "inputs"), 0)
    outputs, all_outputs = _outputs(argument(schema, 4, "outputs"))
    return ClassSignature(
        "",
        inputs,
        outputs,
        is_output=truth(schema.options.get("is_output_node")) is True,
        deprecated=truth(schema.options.get("is_deprecated")) is True,
        is_partial=not (all_inputs and all_outputs),
        hidden=_hidden(schema),
    )


def _hidden(schema: Opaque) -> tuple[tuple[str, str], ...]:
    """Return what ComfyUI hands in. Source: `Schema.finalize` in `comfy_api/latest/_io.py`."""
    listed = schema.options.get("hidden")
    names = {
        each.name.rpartition(".")[2]
        for each in (listed if isinstance(listed, list | tuple) else ())
        if isinstance(each, Opaque) and not each.called
    }
    if truth(schema.options.get("is_api_node")) is True:
        names |= {"auth_token_comfy_org", "api_key_comfy_org"}
    if truth(schema.options.get("is_output_node")) is True:
        names |= {"prompt", "extra_pnginfo"}
    return tuple((name, name.upper()) for name in sorted(names))


def _inputs(listed: object, depth: int) -> tuple[tuple[InputSignature, ...], bool]:
    """Return the inputs, required ones first, and whether all were read."""
    if listed is None:
        return (), True
    if not isinstance(listed, list | tuple):
        return (), False
    known = [_input(entry, depth) for entry in listed]
    found = {entry.name: entry for entry in known if entry is not None}
    ordered = sorted(found.values(), key=lambda entry: not entry.required)
    return tuple(ordered), len(ordered) == len(known)


def _input(call: object, depth: int) -> InputSignature | None:
    """Return the input that `io.Int.Input("seed", …)` declares."""
    if not isinstance(call, Opaque) or not call.called:
        return None
    named = argument(call, 0, "id")
    if isinstance(named, Opaque) and named.called:
        inner = _input(named, depth)
        return None if inner is None else _several_types(call, inner)
    if not isinstance(named, str):
        return None
    kind = input_type(call)
    required = truth(call.options.get("optional")) is not True
    if kind in (DYNAMIC_CHOICE, AUTOGROW):
        return _dynamic(call, named, kind, required=required, depth=depth)
    options: dict[Any, Any] = dict(call.options)
    position = _POSITIONS.get(kind)
    if position is not None and "default" not in options and position < len(call.args):
        options["default"] = call.args[position]
    options.update(upload_flag(options.get("upload")))
    offered = argument(call, 1, "options")
    if kind == CHOICE:
        options["options"] = _members(offered)
    options["default"] = _member(options["default"]) if "default" in options else None
    if options["default"] is None:
        del options["default"]
    options["force_input"] = truth(options.get("force_input")) is True
    options["remote"] = options.get("remote") is not None
    options["control_after_generate"] = _control(options)
    if options["control_after_generate"] is None:
        del options["control_after_generate"]
    found = read_input(named, [kind, options], required=required)
    if kind == CHOICE and options["options"] is None:
        # Choices that only running the code tells are not the folder's for that.
        return replace(found, files=True)
    return found


def _control(options: dict[Any, Any]) -> bool | None:
    """Return whether a control follows; an enumeration's member stands for one that does."""
    control = options.get("control_after_generate")
    if control is None:
        return None
    known = truth(control)
    return True if known is None else known


def _several_types(call: Opaque, inner: InputSignature) -> InputSignature:
    """Return the input of `MultiType.Input(io.Float.Input(…), types=[…])`."""
    types = argument(call, 1, "types")
    names = [inner.type, *(io_type(t) for t in types)] if isinstance(types, list) else []
    return replace(
        inner,
        type=",".join(dict.fromkeys(names)) or inner.type,
        required=inner.required and truth(call.options.get("optional")) is not True,
    )


def _dynamic(
    call: Opaque, name: str, kind: str, *, required: bool, depth: int
) -> InputSignature | None:
    if depth >= DEPTH_LIMIT:
        return None
    if kind == AUTOGROW:
        return _autogrow(call, name, required=required, depth=depth)
    offered = argument(call, 1, "options")
    options: list[tuple[str, tuple[InputSignature, ...]]] = []
    for option in offered if isinstance(offered, list | tuple) else ():
        key = argument(option, 0, "key") if isinstance(option, Opaque) else None
        if not isinstance(key, str) or not isinstance(option, Opaque):
            return None
        inner, whole = _inputs(argument(option, 1, "inputs"), depth + 1)
        if not whole:
            return None
        options.append((key, inner))
    return InputSignature(name, kind, required, widget=True, options=tuple(options))


def _autogrow(call: Opaque, name: str, *, required: bool, depth: int) -> InputSignature | None:
    template = argument(call, 1, "template")
    if not isinstance(template, Opaque) or not template.called:
        return None
    inner = _input(argument(template, 0, "input"), depth + 1)
    if inner is None:
        return None
    by_names = template.name.endswith("TemplateNames")
    least = argument(template, 2, "min")
    if by_names:
        listed = argument(template, 1, "names")
        given = listed if isinstance(listed, list | tuple) else ()
        names = [each for each in given if isinstance(each, str)]
    else:
        prefix, most = argument(template, 1, "prefix"), argument(template, 3, "max")
        names = [f"{prefix}{place}" for place in range(most if isinstance(most, int) else 10)]
    return InputSignature(
        name,
        AUTOGROW,
        required,
        options=(("", (replace(inner, widget=False),)),),
        names=tuple(names[:100]),
        at_least=least if isinstance(least, int) else 1,
    )


def _members(offered: object) -> list[Any] | None:
    """Return choices: a list's, or those of an enumeration; None if that cannot be told."""
    if isinstance(offered, ClassValue):
        own = offered.names.items()
        values = [value for name, value in own if not name.startswith("_") and _is_plain(value)]
        return values or None
    if not isinstance(offered, list | tuple):
        return None
    values = [_member(each) for each in offered]
    return values if all(map(_is_plain, values)) else None


def _member(value: object) -> Any:
    """Return the value of an enumeration's member, any other value as it is."""
    if isinstance(value, InstanceValue):
        return next((each for each in value.names.values() if _is_plain(each)), value)
    return value


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int | float | bool)


def _outputs(listed: object) -> tuple[tuple[OutputSignature, ...], bool]:
    if listed is None:
        return (), True
    if not isinstance(listed, list | tuple):
        return (), False
    found = [_output(entry) for entry in listed]
    known = tuple(entry for entry in found if entry is not None)
    return known, len(known) == len(found)


def _output(call: object) -> OutputSignature | None:
    """Return the output that `io.Image.Output(display_name=…)` declares."""
    if not isinstance(call, Opaque) or not call.called:
        return None
    base = call.base
    if isinstance(base, Opaque) and base.called and (base.args or base.options):
        kind = input_type(call)
    else:
        kind = io_type(Opaque(call.name.removesuffix(".Output").removesuffix("()")))
    name = call.options.get("display_name")
    return OutputSignature(kind, name if isinstance(name, str) and name != kind else "")
