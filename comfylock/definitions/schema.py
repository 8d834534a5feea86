"""Which inputs a class of ComfyUI's newer kind declares in its `define_schema`.

Source: `comfy_api/latest/_io.py` of ComfyUI.
"""

from __future__ import annotations

from comfylock.definitions.input_types import ANY, describe
from comfylock.definitions.values import Opaque, truth
from comfylock.model import InputDefinition

SPECIAL = {
    "AnyType": ANY,
    "Autogrow": "COMFY_AUTOGROW_V3",
    "AutogrowDynamic": "COMFY_AUTOGROW_V3",
    "Bbox": "BBOX",
    "ComboDynamic": "COMFY_COMBODYNAMIC_V3",
    "ControlNet": "CONTROL_NET",
    "DynamicCombo": "COMFY_DYNAMICCOMBO_V3",
    "DynamicSlot": "COMFY_DYNAMICSLOT_V3",
    "File3DAny": "FILE_3D",
    "File3DFBX": "FILE_3D_FBX",
    "File3DGLB": "FILE_3D_GLB",
    "File3DGLTF": "FILE_3D_GLTF",
    "File3DKSPLAT": "FILE_3D_KSPLAT",
    "File3DOBJ": "FILE_3D_OBJ",
    "File3DPLY": "FILE_3D_PLY",
    "File3DPointCloudAny": "FILE_3D_POINT_CLOUD_ANY",
    "File3DSPLAT": "FILE_3D_SPLAT",
    "File3DSPZ": "FILE_3D_SPZ",
    "File3DSTL": "FILE_3D_STL",
    "File3DSplatAny": "FILE_3D_SPLAT_ANY",
    "File3DUSDZ": "FILE_3D_USDZ",
    "ImageCompare": "IMAGECOMPARE",
    "Load3D": "LOAD_3D",
    "Load3DAnimation": "LOAD_3D_ANIMATION",
    "Load3DCamera": "LOAD3D_CAMERA",
    "Load3DModelInfo": "LOAD3D_MODEL_INFO",
    "MatchType": "COMFY_MATCHTYPE_V3",
    "MultiCombo": "COMBO",
    "MultiType": "COMFY_MULTITYPED_V3",
}
"""Types whose name is not just the class name with `_` between its words."""

_UPLOADS = {
    "image": "image_upload",
    "video": "video_upload",
    "audio": "audio_upload",
    "model": "file_upload",
}


def schema_id(schema: object) -> str | None:
    """Return the `node_id` of an `io.Schema(…)`, if it is one and its id is known."""
    if not isinstance(schema, Opaque) or not schema.name.endswith("Schema"):
        return None
    found = argument(schema, 0, "node_id")
    return found if isinstance(found, str) else None


def schema_title(schema: object) -> str | None:
    """Return the `display_name` of an `io.Schema(…)`, if known."""
    found = argument(schema, 1, "display_name") if isinstance(schema, Opaque) else None
    return found if isinstance(found, str) else None


def schema_inputs(schema: object) -> tuple[tuple[InputDefinition, ...], bool]:
    """Return the inputs of an `io.Schema(…)`, required ones first, and whether all were read."""
    listed = argument(schema, 3, "inputs") if isinstance(schema, Opaque) else None
    if listed is None:
        return (), True
    if not isinstance(listed, (list, tuple)):
        return (), False
    known = [_input(entry) for entry in listed]
    found = {entry.name: entry for entry in known if entry is not None}
    ordered = sorted(found.values(), key=lambda entry: not entry.required)
    return tuple(ordered), len(ordered) == len(known)


def argument(call: Opaque, position: int, name: str) -> object:
    """Return an argument of a call, given by name or by position; None if it is not."""
    if name in call.options:
        return call.options[name]
    return call.args[position] if position < len(call.args) else None


def _input(call: object) -> InputDefinition | None:
    """Return the input that `io.Int.Input("seed", …)` declares."""
    if not isinstance(call, Opaque) or not call.called:
        return None
    named = argument(call, 0, "id")
    if isinstance(named, Opaque) and named.called:
        inner = _input(named)
        return None if inner is None else _multiple(call, inner)
    if not isinstance(named, str):
        return None
    kind = input_type(call)
    options: dict[object, object] = dict(call.options.items())
    choices = argument(call, 1, "options") if kind == "COMBO" else None
    options.update(upload_flag(options.get("upload")))
    required = truth(options.get("optional")) is not True
    return describe(named, kind, choices, options, required=required)


def _multiple(call: Opaque, inner: InputDefinition) -> InputDefinition:
    """Return the input of `MultiType.Input(io.Float.Input(…), types=[…])`."""
    types = argument(call, 1, "types")
    names = [inner.type, *(io_type(t) for t in types)] if isinstance(types, list) else []
    return InputDefinition(
        name=inner.name,
        type=",".join(dict.fromkeys(names)) or inner.type,
        required=inner.required and truth(call.options.get("optional")) is not True,
        widget=inner.widget,
        trailing=inner.trailing,
    )


def input_type(call: Opaque) -> str:
    """Return the type of an input from the name of its class: `io.ClipVision.Input`."""
    if isinstance(call.base, Opaque) and call.base.called:
        custom = call.base.args[0] if call.base.args else call.base.options.get("io_type")
        return custom if isinstance(custom, str) and custom else ANY
    name = call.name.removesuffix(".Input").rpartition(".")[2]
    if name == "MultiType":
        types = argument(call, 1, "types")
        known = [io_type(t) for t in types] if isinstance(types, list) else []
        return ",".join(dict.fromkeys(known)) or SPECIAL[name]
    return _type_name(name)


def io_type(value: object) -> str:
    """Return the type that `io.Int`, or a call of a custom type, stands for."""
    if not isinstance(value, Opaque):
        return ANY
    if value.called:
        return value.args[0] if value.args and isinstance(value.args[0], str) else ANY
    return _type_name(value.name.rpartition(".")[2])


def _type_name(name: str) -> str:
    if name in SPECIAL:
        return SPECIAL[name]
    if name.isupper() or "_" in name:
        return name
    words = "".join(f"_{c}" if c.isupper() else c for c in name).strip("_")
    return words.upper()


def upload_flag(value: object) -> dict[object, object]:
    """Return the flag of `upload=io.UploadType.image`."""
    if not isinstance(value, Opaque):
        return {}
    flag = _UPLOADS.get(value.name.rpartition(".")[2])
    return {} if flag is None else {flag: True}
