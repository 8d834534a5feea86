"""What a pickle imports, and how grave that is by what happens to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.model_files.class_names import CLASSES
from comfylock.model_files.dangerous_names import is_dangerous
from comfylock.model_files.facts import Trait
from comfylock.model_files.trusted_names import TRUSTED

if TYPE_CHECKING:
    from comfylock.model_files.facts import Grade

TORCHSCRIPT = "__torch__"
"""Where TorchScript's own types are; Python has no such module."""

MAX_NAMES = 2000
"""Names that are told apart; more than that is told as one."""


class Name:
    """Something that a pickle imported, wherever it goes on the stack."""

    __slots__ = ("at", "grade", "is_used", "key", "text")

    def __init__(self, module: str, name: str, at: int) -> None:
        self.key = in_python3(module, name)
        self.text = f"{module}.{name}"
        self.at = at
        self.is_used = False
        self.grade = _grade(self.key)

    @property
    def is_trusted(self) -> bool:
        """Say whether torch would take it."""
        return self.grade == "plain"


def in_python3(module: str, name: str) -> tuple[str, str]:
    """Return a name of Python 2 as Python 3 finds it; old protocols are read that way."""
    from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING  # noqa: PLC0415 - pickles only

    if (module, name) in NAME_MAPPING:
        found: tuple[str, str] = NAME_MAPPING[module, name]
        return found
    return IMPORT_MAPPING.get(module, module), name


def _grade(key: tuple[str, str]) -> Grade | None:
    """Return how grave a name is by itself; None if nobody knows it."""
    if key in TRUSTED:
        return "plain"
    if key in CLASSES or key[0].split(".", 1)[0] == TORCHSCRIPT:
        return "suspicious"
    return "dangerous" if is_dangerous(*key) else None


class Imports:
    """All names of a pickle, each once."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, str], Name] = {}
        self._is_cut = False

    def add(self, module: str, name: str, at: int) -> Name:
        """Return the name, which is the same thing each time it is imported."""
        found = self._names.get((module, name))
        if found is None:
            found = Name(module, name, at)
            if len(self._names) < MAX_NAMES:
                self._names[module, name] = found
            elif not found.is_trusted:
                self._is_cut = True
        return found

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """Every name as Python 3 finds it, sorted."""
        return tuple(sorted({name.key for name in self._names.values()}))

    def traits(self) -> list[Trait]:
        """Return a trait for each name that torch would not take."""
        found = [_trait(name) for name in self._names.values() if not name.is_trusted]
        if self._is_cut:
            found.append(Trait("dangerous", "import", f"imports more than {MAX_NAMES} names"))
        return found


def _trait(name: Name) -> Trait:
    word = "call" if name.is_used else "import"
    verb = "calls" if name.is_used else "imports"
    if name.grade == "suspicious":
        return Trait("suspicious", word, f"{verb} `{name.text}`", f"byte {name.at}")
    if name.grade == "dangerous":
        return Trait("dangerous", word, f"{verb} `{name.text}`", f"byte {name.at}")
    grade: Grade = "dangerous" if name.is_used else "suspicious"
    return Trait(grade, word, f"{verb} `{name.text}`, which torch does not know", f"byte {name.at}")
