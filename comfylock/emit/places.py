"""Where things are on a machine that was built from a lock, by layout and base."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from comfylock.config.emit import EmitSettings

VOLUMES = {"workspace": "/workspace", "runpod-volume": "/runpod-volume", "plain": None}
"""Layout to where its volume is mounted. The same network volume of RunPod is /workspace in a pod
and /runpod-volume in a serverless worker. Source: https://docs.runpod.io/serverless/storage"""

IN_IMAGE = {"standalone": "/opt/ComfyUI", "runpod": "/comfyui"}
"""Base to ComfyUI's folder in it. Source: the Dockerfile of runpod-workers/worker-comfyui."""


class Places(Struct, frozen=True):
    """Folders on the machine; absolute, or below where a script is started."""

    comfyui: str
    volume: str | None
    """None: there is none, everything is in ComfyUI's folder."""
    models: str
    """What `models/` is: on the volume if there is one and models are not baked."""

    @property
    def custom_nodes(self) -> str:
        """Where packs go."""
        return f"{self.comfyui}/custom_nodes"


def places_of(settings: EmitSettings, *, in_image: bool) -> Places:
    """Return the folders of an image, or of what a script installs on a machine.

    A script puts ComfyUI on the volume, where it outlives the pod; an image carries it.
    """
    volume = settings.volume or VOLUMES[settings.layout]
    if settings.comfyui_dir is not None:
        comfyui = settings.comfyui_dir
    elif in_image:
        comfyui = IN_IMAGE[settings.base]
    else:
        comfyui = f"{volume}/ComfyUI" if volume else "ComfyUI"
    is_shared = volume is not None and not (in_image and settings.models == "bake")
    return Places(comfyui, volume, f"{volume if is_shared else comfyui}/models")
