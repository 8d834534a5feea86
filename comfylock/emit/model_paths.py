"""`extra_model_paths.yaml`: ComfyUI finds the models of a network volume.

Source: load_extra_path_config in ComfyUI's utils/extra_config.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.emit.interface import Emitted
from comfylock.emit.quoting import comment, refuse_odd
from comfylock.errors import EmitError, UsageError
from comfylock.lockfile.layout import folder_place
from comfylock.lockfile.mark import lock_mark

if TYPE_CHECKING:
    from collections.abc import Iterable

    from comfylock.emit.plan import Plan
    from comfylock.emit.steps import ModelStep

NAME = "extra_model_paths.yaml"
SECTION = "comfy_lock"
"""The name of the one section; ComfyUI prints it and does nothing else with it."""

USUAL = (
    "audio_encoders",
    "checkpoints",
    "clip_vision",
    "configs",
    "controlnet",
    "diffusers",
    "diffusion_models",
    "embeddings",
    "gligen",
    "hypernetworks",
    "latent_upscale_models",
    "loras",
    "model_patches",
    "photomaker",
    "style_models",
    "text_encoders",
    "upscale_models",
    "vae",
    "vae_approx",
)
"""Folders that people add models to by hand; ComfyUI takes keys that it does not know.
Source: folder_names_and_paths in ComfyUI's folder_paths.py."""

HEADER = """\
# {mark}
# Written by comfylock emit model-paths. Read by ComfyUI from its own folder at each start, or with
# --extra-model-paths-config FILE: it then finds the models below {base}.
"""


def generate(plan: Plan) -> tuple[Emitted, ...]:
    """Return the file, with a key for each folder that the lock's models are in.

    Raises:
        UsageError: the layout has no volume.
        EmitError: a folder cannot be told in this format.
    """
    places = plan.places(in_image=True)
    if places.volume is None:
        raise UsageError(
            "the layout `plain` has no volume with models to be found",
            hint="set `layout` or `volume` in `[emit]` of comfylock.toml",
        )
    import yaml  # noqa: PLC0415 - this kind alone needs it

    paths = {key: f"models/{place}/" for key, place in _folders(plan.models).items()}
    content = {SECTION: {"base_path": f"{places.volume}/", **paths}}
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=1000)
    header = HEADER.format(mark=lock_mark(plan.digest), base=f"{places.volume}/models")
    header += "".join(f"# {comment(line)}\n" for line in plan.not_pinned("model"))
    return (Emitted(NAME, (header + text).encode()),)


def _folders(models: Iterable[ModelStep]) -> dict[str, str]:
    """Return the folder keys with their places below `models`, sorted."""
    found = {"clip": "text_encoders", **{key: key for key in USUAL}}
    for model in models:
        if model.folder in {"base_path", "is_default"}:
            raise EmitError(f"a model folder cannot be called `{model.folder}` in {NAME}")
        found[model.folder] = refuse_odd(folder_place(model.folder) or model.folder, NAME)
    return dict(sorted(found.items()))
