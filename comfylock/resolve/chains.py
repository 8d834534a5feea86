"""What is behind a name: from nodes over class types and evidence to pins, as values."""

from __future__ import annotations

from msgspec import Struct

from comfylock.lockfile.schema import ComfyuiPin, Gap, ModelPin, PackPin
from comfylock.registry.lookup import Verdict
from comfylock.requirements import Offer


class Use(Struct, frozen=True):
    """One workflow that has a class type or model."""

    workflow: str
    nodes: tuple[str, ...]
    """Their ids; empty where the format has none."""
    evidence: str = ""
    """Why a class type is thought to be its pack's."""
    pack: str | None = None
    """The pack that it is thought to be from; a class type's alone."""
    stamps: tuple[str, ...] = ()
    offers: tuple[Offer, ...] = ()
    """The addresses that a workflow or the project names for a model."""
    inactive: bool = False
    """Only muted or bypassed nodes have it, or nothing locks it for another reason."""


class ClassChain(Struct, frozen=True):
    """From a class type's nodes to the packs that are pinned for it."""

    name: str
    uses: tuple[Use, ...]
    packs: tuple[str, ...]
    """The pinned packs that provide it for the workflows."""
    missing_in: tuple[str, ...]
    """Of these, the ones found not to provide it."""
    registry: Verdict
    """What the registry alone knows of it, without stamps."""
    claimed_by: tuple[str, ...]
    """Every pack that the registry lists it under."""
    gap: Gap | None = None


class PackChain(Struct, frozen=True):
    """From a pack's class types to its pin."""

    name: str
    label: str
    pin: PackPin | None
    class_types: tuple[ClassChain, ...] = ()
    gap: Gap | None = None


class ModelChain(Struct, frozen=True):
    """From the nodes that name a model to its pin."""

    name: str
    """`folder/name`."""
    label: str
    pin: ModelPin | None
    uses: tuple[Use, ...] = ()
    gap: Gap | None = None


class ComfyuiChain(Struct, frozen=True):
    """From what asks for a ComfyUI to its pin."""

    pin: ComfyuiPin | None
    asked: str | None = None
    """The version, range or revision that comfylock.toml asks for."""
    minimum: str | None = None
    """The oldest version that has every core class type of the workflows."""
    workflow: str | None = None
    """One that needs it."""
    gap: Gap | None = None


class PackagePin(Struct, frozen=True):
    """A Python package as it is locked for one target."""

    target: str
    version: str
    file: str
    """The pylock that holds it."""
    is_built: bool = False
    """There is no wheel: whoever installs it runs its code."""


class AskedLine(Struct, frozen=True):
    """A line that asks for a Python package."""

    pack: str
    """`comfyui` for ComfyUI's own."""
    text: str
    place: str
    """`requirements.txt:3`; `registry:1` for what the registry tells."""
    is_ignored: bool = False


class PackageChain(Struct, frozen=True):
    """From those who ask for a Python package to its pins."""

    name: str
    """Normalised."""
    pins: tuple[PackagePin, ...]
    """By target; none if it is not locked."""
    lines: tuple[AskedLine, ...]
    """ComfyUI's, then those of the packs by name; none if only other packages need it."""
    limits: tuple[str, ...] = ()
    """What comfylock.toml says about it, with its table."""


class Explanation(Struct, frozen=True):
    """Everything that is behind one name."""

    asked: str
    class_types: tuple[ClassChain, ...] = ()
    packs: tuple[PackChain, ...] = ()
    """Those asked for, and those of the class types asked for."""
    models: tuple[ModelChain, ...] = ()
    packages: tuple[PackageChain, ...] = ()
    """Python packages; one at the most."""
    comfyui: ComfyuiChain | None = None
    """ComfyUI itself, where that is asked for."""
    unreadable: tuple[tuple[str, str], ...] = ()
    """Inputs that could not be looked into: path and sentence."""
    nearest: tuple[str, ...] = ()
    """Names spelled much like it, where nothing has it."""
    in_tree: bool = False
    """It is a workflow, an image or a target, of which the tree tells."""
    is_in_registry: bool = False
    """The registry knows it, though nothing here has it."""

    @property
    def is_known(self) -> bool:
        """Say whether anything in the project has that name."""
        named = (self.class_types, self.packs, self.models, self.packages, self.comfyui)
        return any(named)
