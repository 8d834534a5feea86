"""Which of ComfyUI's own class types judge inputs by code of their own.

`/object_info` does not say it, and it matters: ComfyUI then skips its check of range and choice.
Source: `VALIDATE_INPUTS` and `validate_inputs` in `nodes.py`, `comfy_extras` and
`comfy_api_nodes` of ComfyUI 0.3.40 to 0.33.0.
"""

from __future__ import annotations

FILE_CHECKS: dict[str, tuple[str, ...]] = {
    "LoadAudio": ("audio",),
    "LoadImage": ("image",),
    "LoadImageMask": ("image",),
    "LoadImageOutput": ("image",),
    "LoadLatent": ("latent",),
    "LoadVideo": ("file",),
    "WebcamCapture": ("image",),
}
"""Inputs that must name a file of the input folder; anything else is refused."""

INPUT_TYPES = "input_types"
"""In place of an input: the class judges the types of its links by itself."""

_CODE_CHECKS: dict[str, tuple[str, ...]] = {
    "CustomCombo": ("choice", "index"),
    "FluxKontextMaxImageNode": ("aspect_ratio",),
    "FluxKontextProImageNode": ("aspect_ratio",),
    "FluxProUltraImageNode": ("aspect_ratio",),
    "KlingCameraControls": (
        "horizontal_movement",
        "vertical_movement",
        "pan",
        "tilt",
        "roll",
        "zoom",
    ),
    "Load3D": ("model_file",),
    "Load3DAdvanced": ("model_file",),
    "LoadImageSetNode": ("images", "resize_method"),
    "ModelAttentionBackend": ("attention",),
    "SelectCLIPDevice": ("device",),
    "SelectModelDevice": ("device",),
    "SelectVAEDevice": ("device",),
    "TripoConversionNode": (INPUT_TYPES,),
}
"""Inputs that other code judges, the outcome of which only running it can tell."""

_ALL = frozenset({"CustomCombo", "Load3D", "Load3DAdvanced"})
"""Class types that take any input for such code (`**kwargs`): ComfyUI then skips its own check of
all of them."""


def own_checks(class_type: str) -> tuple[str, ...]:
    """Return the inputs that a class type of ComfyUI judges by itself."""
    return FILE_CHECKS.get(class_type) or _CODE_CHECKS.get(class_type, ())


def judges_all(class_type: str) -> bool:
    """Say whether a class type of ComfyUI judges all of its inputs by itself."""
    return class_type in _ALL
