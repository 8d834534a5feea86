"""What a kind of output works from: a lock's entries as ordered steps, with the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.config.emit import EmitSettings
from comfylock.emit.places import Places, places_of
from comfylock.errors import EmitError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from comfylock.emit.steps import (  # noqa: TC004 - plans are never decoded
        ComfyuiStep,
        ImageStep,
        ModelStep,
        PackStep,
        PythonStep,
        Unpinned,
    )

LOCK_HINT = "comfylock lock"


class Variant(Struct, frozen=True):
    """A part of the lock that goes together."""

    name: str
    groups: tuple[str, ...]
    """The groups that are in it; what is in no group always is."""
    has_models: bool = True
    is_dev: bool = False
    """With what people want who work inside: Jupyter, an editor, git."""

    def has(self, groups: Iterable[str]) -> bool:
        """Say whether something of these groups is in it."""
        groups = tuple(groups)
        return not groups or any(group in self.groups for group in groups)


class Plan(Struct, frozen=True, kw_only=True):
    """Everything to install, in a fixed order, and how it is laid out."""

    digest: str
    """sha256 of the lock's bytes."""
    settings: EmitSettings
    comfyui: ComfyuiStep | None
    """None: whoever installs has it already."""
    packs: tuple[PackStep, ...]
    """By name."""
    models: tuple[ModelStep, ...]
    """By key; alternatives under one key by falling VRAM."""
    python: tuple[PythonStep, ...]
    """Of the targets that are asked for, by name."""
    images: tuple[ImageStep, ...]
    """All of the lock's, by name and platform."""
    groups: tuple[str, ...]
    """Every group that something is in, sorted."""
    variants: tuple[Variant, ...]
    """Those asked for, the default one first."""
    class_types: tuple[str, ...]
    """What the workflows need of packs, sorted."""
    unpinned: tuple[Unpinned, ...]
    """What the lock could not pin; to be shown as comments."""
    inputs: tuple[str, ...] = ()
    """The workflow files, folders and patterns that were locked, relative to the lock, sorted."""
    previous: Plan | None = None
    """What is installed now, where the output is to lead from there to here."""

    @property
    def system_packages(self) -> tuple[str, ...]:
        """The Debian packages that packs and settings ask for, sorted."""
        needed = {name for pack in self.packs for name in pack.system_packages}
        return tuple(sorted(needed | set(self.settings.system_packages)))

    def places(self, *, in_image: bool) -> Places:
        """Return the folders of an image, or of what a script installs."""
        return places_of(self.settings, in_image=in_image)

    def not_pinned(self, *kinds: str) -> tuple[str, ...]:
        """Return a line for each thing of these kinds that the lock could not pin."""
        return tuple(f"not pinned: {each}" for each in self.unpinned if each.kind in kinds)

    def packs_of(self, variant: Variant) -> tuple[PackStep, ...]:
        """Return the packs that are in a variant."""
        return tuple(pack for pack in self.packs if variant.has(pack.groups))

    def models_of(self, variant: Variant) -> tuple[ModelStep, ...]:
        """Return the models that are in a variant."""
        if not variant.has_models:
            return ()
        return tuple(model for model in self.models if variant.has(model.groups))

    def required_comfyui(self) -> ComfyuiStep:
        """Return ComfyUI's step.

        Raises:
            EmitError: the lock has none.
        """
        if self.comfyui is None:
            told = "the lock has no ComfyUI: comfylock.toml says `pin = false` in `[comfyui]`"
            raise EmitError(told, hint="remove `pin = false` and run `comfylock lock`")
        return self.comfyui

    def required_python(self) -> tuple[PythonStep, ...]:
        """Return the Python packages, for one target at least.

        Raises:
            EmitError: the lock has none.
        """
        if not self.python:
            told = "the lock has no Python packages"
            hint = "add `targets` to `[python]` of comfylock.toml and run `comfylock lock`"
            raise EmitError(told, hint=hint)
        return self.python

    def required_image(self, accelerator: str, platform: str = "linux/amd64") -> ImageStep:
        """Return the image to build on for an accelerator.

        Raises:
            UsageError: the settings name one that the lock does not have.
            EmitError: the lock has none for it.
        """
        settings = self.settings
        default = accelerator if settings.base == "standalone" else settings.base
        name = settings.image or default
        for image in self.images:
            if (image.name, image.platform) == (name, platform):
                return image
        told = f"the lock has no image `{name}` for {platform}"
        hint = f'add `{name} = "…"` to `[images]` of comfylock.toml and run `comfylock lock`'
        if settings.image is not None:
            raise UsageError(told, hint=hint)
        raise EmitError(told, hint=hint)
