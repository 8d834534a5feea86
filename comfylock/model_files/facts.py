"""What was found in a model file, as values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable

Grade = Literal["plain", "suspicious", "dangerous"]
"""Nothing beyond what torch allows, more than that, or something that runs what nobody knows."""

GRADES: tuple[Grade, ...] = ("plain", "suspicious", "dangerous")

Format = Literal[
    "empty",
    "gguf",
    "hdf5",
    "keras",
    "legacy-torch",
    "npy",
    "npz",
    "onnx",
    "pickle",
    "safetensors",
    "seven-zip",
    "tar",
    "torch",
    "torchscript",
    "unknown",
    "zip",
]


class Trait(Struct, frozen=True, order=True):
    """One thing in a file that somebody should know."""

    grade: Grade
    word: str
    """A stable word: `call`, `import`, `computed-name`, `zip-flags`, …"""
    detail: str
    """One clause; a stranger's names may be in it."""
    place: str = ""
    """The member of an archive and the byte in it."""


class PickleFacts(Struct, frozen=True):
    """What one pickle would do, up to where an unpickler would stop."""

    traits: tuple[Trait, ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    """Everything that it imports, as (module, name), sorted."""
    operations: int = 0
    end: int = 0
    """Byte after its last opcode."""
    is_whole: bool = False
    """It ends with STOP."""
    first: object = None
    """What it leaves, where that is a number: the magic of old torch files."""

    @property
    def grade(self) -> Grade:
        """The worst of all."""
        return worst(self.traits)


class FileFacts(Struct, frozen=True):
    """What a file is and does."""

    format: Format
    has_pickle: bool = False
    traits: tuple[Trait, ...] = ()
    """Sorted, each once."""
    claimed: str = ""
    """The format that its name claims, where that is another one: `safetensors`."""

    @property
    def grade(self) -> Grade:
        """The worst of all."""
        return worst(self.traits)


def gravest(traits: Iterable[Trait], limit: int) -> tuple[Trait, ...]:
    """Return traits each once, sorted; of too many the gravest, so that none hides another."""
    once = sorted(set(traits))
    if len(once) > limit:
        once = sorted(sorted(once, key=lambda trait: -GRADES.index(trait.grade))[:limit])
    return tuple(once)


def worst(traits: tuple[Trait, ...]) -> Grade:
    """Return the gravest grade."""
    return GRADES[max((GRADES.index(trait.grade) for trait in traits), default=0)]
