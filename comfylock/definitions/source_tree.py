"""Which files a pack has, and which of them a path or a module name means."""

from __future__ import annotations

import posixpath
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

HOME = "/pack"
"""Where a pack's source believes to be installed; no path of this machine is ever shown to it."""

PACKAGE = "pack"
"""The name under which a pack's own package is imported."""


class SourceTree:
    """A pack's files by path, relative to the pack with `/`."""

    def __init__(self, files: Iterable[str]) -> None:
        self.files = frozenset(files)
        self._folders: dict[str, set[str]] = {"": set()}
        self._suffixes: dict[str, list[str]] = {}
        for file in sorted(self.files, key=lambda f: (f.count("/"), f)):
            self._add(file)

    def _add(self, file: str) -> None:
        parts = file.split("/")
        for depth in range(len(parts)):
            self._folders.setdefault("/".join(parts[:depth]), set()).add(parts[depth])
        if file.endswith(".py"):
            stem = file.removesuffix(".py").removesuffix("/__init__")
            names = stem.split("/")
            for depth in range(max(0, len(names) - 6), len(names)):
                self._suffixes.setdefault("/".join(names[depth:]), []).append(file)

    def relative(self, path: str) -> str | None:
        """Return a path of the pack's world relative to the pack, or None if it is elsewhere."""
        full = posixpath.normpath(posixpath.join(HOME, path))
        if full == HOME:
            return ""
        return full[len(HOME) + 1 :] if full.startswith(HOME + "/") else None

    def listed(self, path: str) -> list[str] | None:
        """Return the sorted names in a folder, or None if it is not one of the pack."""
        relative = self.relative(path)
        names = None if relative is None else self._folders.get(relative)
        return None if names is None else sorted(names)

    def exists(self, path: str) -> bool | None:
        """Tell whether a path is there; None if it is not the pack's to say."""
        relative = self.relative(path)
        if relative is None:
            return None
        return True if relative in self.files or relative in self._folders else None

    def is_folder(self, path: str) -> bool | None:
        """Tell whether a path is a folder of the pack; None if unknown."""
        relative = self.relative(path)
        if relative is None or (relative not in self.files and relative not in self._folders):
            return None
        return relative in self._folders

    def matching(self, pattern: str) -> list[str] | None:
        """Return the sorted full paths that a `glob` pattern matches."""
        relative = self.relative(pattern)
        if relative is None:
            return None
        parts = relative.split("/")
        entries = [*self.files, *self._folders]
        return sorted(f"{HOME}/{entry}" for entry in entries if _matches(entry.split("/"), parts))

    def module_file(self, dotted: str) -> str | None:
        """Return the file of a module, its name given from the pack's root (`nodes.image`)."""
        path = dotted.replace(".", "/")
        if not path:
            return "__init__.py" if "__init__.py" in self.files else None
        for file in (f"{path}/__init__.py", f"{path}.py"):
            if file in self.files:
                return file
        return None

    def somewhere(self, dotted: str) -> str | None:
        """Return the file of a module that a changed `sys.path` may mean: the least deep."""
        found = self._suffixes.get(dotted.replace(".", "/"))
        return found[0] if found else None


def _matches(entry: list[str], pattern: list[str]) -> bool:
    """Match path parts; `**` stands for any number of them."""
    if "**" in pattern:
        cut = pattern.index("**")
        tail = pattern[cut + 1 :]
        return (
            len(entry) >= cut + len(tail)
            and _matches(entry[:cut], pattern[:cut])
            and (not tail or _matches(entry[-len(tail) :], tail))
        )
    return len(entry) == len(pattern) and all(map(fnmatchcase, entry, pattern))


def module_name(file: str) -> str:
    """Return the dotted name below the pack of a Python file (`nodes/__init__.py` is `nodes`)."""
    stem = file.removesuffix(".py")
    stem = "" if stem == "__init__" else stem.removesuffix("/__init__")
    return stem.replace("/", ".")
