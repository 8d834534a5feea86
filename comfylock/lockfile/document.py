"""The lock as TOML has it: which tables there are, in which order, and their kinds."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from comfylock.lockfile.schema import (
    ComfyuiPin,
    Gap,
    ImagePin,
    Lock,
    ModelPin,
    Options,
    PackPin,
    PythonPin,
    WorkflowEntry,
)

Entry = Options | ComfyuiPin | ImagePin | PythonPin | WorkflowEntry | PackPin | ModelPin | Gap
"""What one table of a lock holds."""

SINGLE: dict[str, type[Options | ComfyuiPin]] = {"options": Options, "comfyui": ComfyuiPin}
"""Tables that occur once, in order."""

MANY: dict[str, type[ImagePin | PythonPin | WorkflowEntry | PackPin | ModelPin | Gap]] = {
    "image": ImagePin,
    "python": PythonPin,
    "workflow": WorkflowEntry,
    "pack": PackPin,
    "model": ModelPin,
    "unresolved": Gap,
}
"""Tables of which there are many, in order."""


class Document(Struct, frozen=True, forbid_unknown_fields=True):
    """A lock with the names that its file uses."""

    version: int
    revision: int = 0
    options: Options = Options()
    comfyui: ComfyuiPin | None = None
    image: tuple[ImagePin, ...] = ()
    python: tuple[PythonPin, ...] = ()
    workflow: tuple[WorkflowEntry, ...] = ()
    pack: tuple[PackPin, ...] = ()
    model: tuple[ModelPin, ...] = ()
    unresolved: tuple[Gap, ...] = ()
    tool: dict[str, dict[str, Any]] = {}

    def as_lock(self, unknown: tuple[str, ...] = ()) -> Lock:
        """Return the lock, its entries in the order of the file."""
        return Lock(
            options=self.options,
            comfyui=self.comfyui,
            images=self.image,
            python=self.python,
            workflows=self.workflow,
            packs=self.pack,
            models=self.model,
            unresolved=self.unresolved,
            tool=self.tool,
            version=self.version,
            revision=self.revision,
            unknown=unknown,
        )


def image_key(image: ImagePin) -> str:
    """Return what tells one image from another: its name, and the platform it is for."""
    return f"{image.name} {image.platform}"


def gap_key(gap: Gap) -> str:
    """Return what tells one gap from another: its kind and its name."""
    return f"{gap.kind}: {gap.name}"
