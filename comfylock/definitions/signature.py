"""What ComfyUI holds a workflow to: each class type reduced to what decides whether it runs.

A set of signatures is what `/object_info` says without its texts: small enough to be kept beside
a lock, and enough to judge workflows without a server.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

Kind = Literal["server", "object-info", "source"]
"""Where a set is from: a running server, a saved `/object_info`, or source read statically."""

CHOICE = "COMBO"
"""The type of an input that offers choices, however a server spells it."""

ANY = "*"
AUTOGROW = "COMFY_AUTOGROW_V3"
DYNAMIC_CHOICE = "COMFY_DYNAMICCOMBO_V3"
DYNAMIC_SLOT = "COMFY_DYNAMICSLOT_V3"
DYNAMIC_GROUP = "COMFY_DYNAMICGROUP_V3"
MATCHED = "COMFY_MATCHTYPE_V3"

DYNAMIC = frozenset({AUTOGROW, DYNAMIC_CHOICE, DYNAMIC_SLOT, DYNAMIC_GROUP})
"""Types that stand for other inputs, depending on the values given."""


class InputSignature(Struct, frozen=True, gc=False):
    """One input of a class type, as far as it decides whether a value is taken."""

    name: str
    type: str
    """`INT`, `MODEL`, `COMBO`, `A,B`, `*`."""
    required: bool = True
    widget: bool = False
    """The editor shows a widget for it, so it fills a value in by itself."""
    default: Any = UNSET
    minimum: int | float | None = None
    maximum: int | float | None = None
    choices: tuple[Any, ...] | None = None
    """What may be chosen; None where that cannot be told or depends on the machine."""
    files: bool = False
    """The choices are the machine's files, or a service's answer: not part of the signature."""
    listed: bool = False
    """The choices stand in place of the type, as older classes have it."""
    several: bool = False
    """A list of choices is taken too."""
    trailing: int = 0
    """Values that the editor stores right after this one: a seed's control."""
    upload: bool = False
    """The editor stores one more value, at the end of the required ones: an upload button."""
    options: tuple[tuple[str, tuple[InputSignature, ...]], ...] = ()
    """Dynamic types: the inputs behind each choice, or the template under an empty name."""
    names: tuple[str, ...] = ()
    """Autogrow: the names that the template may be used under."""
    at_least: int = 0
    """Autogrow: how many of these are required; a group: how many rows. `maximum` rows at most."""

    @property
    def has_default(self) -> bool:
        """Say whether the definition itself states a default."""
        return not isinstance(self.default, UnsetType)

    @property
    def is_dynamic(self) -> bool:
        """Say whether it stands for other inputs."""
        return self.type in DYNAMIC

    def fallback(self) -> Any:
        """Return what the editor fills in; UNSET if it can fill in nothing.

        Source: the widget constructors of ComfyUI's frontend.
        """
        if self.has_default:
            return self.default
        if self.type == DYNAMIC_CHOICE:
            return self.options[0][0] if self.options else UNSET
        if not self.widget:
            return UNSET
        if self.type == CHOICE:
            return self.choices[0] if self.choices else UNSET
        if self.type in ("INT", "FLOAT"):
            return max(0, self.minimum or 0)
        return {"STRING": "", "BOOLEAN": False}.get(self.type, UNSET)


class OutputSignature(Struct, frozen=True, gc=False):
    """One output of a class type."""

    type: str
    name: str = ""
    choices: tuple[Any, ...] | None = None
    """The list that stands in place of the type, where a class gives choices out."""


class ClassSignature(Struct, frozen=True, gc=False):
    """One class type: what it takes and gives."""

    class_type: str
    inputs: tuple[InputSignature, ...] = ()
    """In the editor's order: required, then optional."""
    outputs: tuple[OutputSignature, ...] = ()
    is_output: bool = False
    """A workflow needs at least one of these, or nothing runs."""
    module: str | None = None
    """ComfyUI's name of where it is from: `nodes`, `custom_nodes.<folder>`."""
    deprecated: bool = False
    checks: tuple[str, ...] = ()
    """Inputs that the class judges by code of its own; ComfyUI then skips its own checks."""
    checks_all: bool = False
    """The class judges all of its inputs by code of its own."""
    is_partial: bool = False
    """Not all of its inputs or outputs could be read; what is missing here may be there."""
    hidden: tuple[tuple[str, str], ...] = ()
    """What ComfyUI itself hands in, `("prompt", "PROMPT")`; sorted. No workflow gives it."""

    def input(self, name: str) -> InputSignature | None:
        """Return the input of this name."""
        return next((entry for entry in self.inputs if entry.name == name), None)

    @property
    def is_core(self) -> bool:
        """Say whether it is from ComfyUI itself."""
        return not (self.module or "").startswith("custom_nodes.") or self.module == _CORE_PACK


_CORE_PACK = "custom_nodes.websocket_image_save"
"""The one pack that is part of ComfyUI's own repository."""


class DefinitionSet(Struct, frozen=True):
    """The signatures of one installation, or of what was read."""

    classes: dict[str, ClassSignature]
    """Sorted by class type."""
    kind: Kind = "object-info"
    comfyui: str | None = None
    """ComfyUI's version, where it is known."""
    commit: str | None = None
    name: str = ""
    """What people call it: the file, folder or address that it was read from."""
    is_core_only: bool = False
    """It says nothing of packs: a class type that is not here may be there."""
    has_files: bool = False
    """Choices that are the machine's files were kept."""
    is_partial: bool = False
    """Not all that is registered could be read: a class type that is not here may be there."""


def merged(sets: tuple[DefinitionSet, ...]) -> DefinitionSet:
    """Return several sets as one: ComfyUI's own class types win, else the last one that has it.

    What a server says of a pack's class is what is there, whatever source says; what a class
    checks by itself, only source tells, so that is kept of both.
    Source: `load_custom_node` of ComfyUI, which ignores what a pack calls like a core node.
    """
    classes: dict[str, ClassSignature] = {}
    answered: set[str] = set()
    for each in sets:
        is_answer = each.kind != "source"
        for name, signature in each.classes.items():
            held = classes.get(name)
            if held is None or signature.is_core:
                classes[name] = signature
            elif held.is_core:
                continue
            elif is_answer is (name in answered):
                classes[name] = signature
            else:
                pair = (signature, held) if is_answer else (held, signature)
                classes[name] = _checked(*pair)
        if is_answer:
            answered.update(each.classes)
    first = sets[0]
    return DefinitionSet(
        {name: classes[name] for name in sorted(classes)},
        next((each.kind for each in sets if each.kind != "source"), first.kind),
        next((each.comfyui for each in sets if each.comfyui), None),
        first.commit,
        " + ".join(each.name for each in sets if each.name),
        is_core_only=all(each.is_core_only for each in sets),
        has_files=all(each.has_files for each in sets),
        # A server's answer names everything that its packs register.
        is_partial=all(each.is_core_only for each in sets) and any(s.is_partial for s in sets),
    )


def _checked(answer: ClassSignature, source: ClassSignature) -> ClassSignature:
    """Return what a server says of a class, with what its source says that it checks."""
    if not source.checks and not source.checks_all:
        return answer
    return replace(answer, checks=source.checks, checks_all=source.checks_all)
