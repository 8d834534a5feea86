"""Files of a package, whether it is a wheel or unpacked: names and bytes, within limits."""

from __future__ import annotations

import os
from itertools import islice
from typing import TYPE_CHECKING

from comfylock.errors import RegistryError

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterator

MAX_FILE = 64 * 1024 * 1024
"""No single file of an input is larger, in bytes."""

MAX_FILES = 100_000
"""Files looked at below one folder; a package has far fewer."""


def read_file(path: str) -> bytes:
    """Return a file's bytes.

    Raises:
        RegistryError: it is larger than `MAX_FILE`.
    """
    with open(path, "rb") as file:
        return _capped(path, file.read(MAX_FILE + 1))


def _capped(name: str, data: bytes) -> bytes:
    if len(data) > MAX_FILE:
        raise RegistryError(name, f"larger than {MAX_FILE} bytes")
    return data


class Folder:
    """An unpacked package, or a folder of packages."""

    def __init__(self, root: str) -> None:
        self._root = root

    def tops(self) -> list[str]:
        """Return the names at the top, sorted."""
        return sorted(os.listdir(self._root))

    def names(self, below: str) -> list[str]:
        """Return the files below a folder, `/` between parts, sorted."""
        return sorted(islice(self._walk(below), MAX_FILES))

    def _walk(self, below: str) -> Iterator[str]:
        for folder, _, files in os.walk(os.path.join(self._root, *below.split("/"))):
            inside = os.path.relpath(folder, self._root).replace(os.sep, "/")
            yield from (f"{inside}/{name}" for name in files)

    def read(self, name: str) -> bytes:
        """Return a file's bytes."""
        return read_file(os.path.join(self._root, *name.split("/")))


class Wheel:
    """A package as it is published."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names = sorted(archive.namelist())[:MAX_FILES]

    def tops(self) -> list[str]:
        """Return the names at the top, sorted."""
        return sorted({name.split("/")[0] for name in self._names})

    def names(self, below: str) -> list[str]:
        """Return the files below a folder, sorted."""
        return [name for name in self._names if name.startswith(below + "/")]

    def read(self, name: str) -> bytes:
        """Return a file's bytes."""
        with self._archive.open(name) as file:
            return _capped(name, file.read(MAX_FILE + 1))


Tree = Folder | Wheel
