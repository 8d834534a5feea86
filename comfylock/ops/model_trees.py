"""The model files below a folder, as ComfyUI would find them: which to look into. No network."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.errors import UsageError
from comfylock.links import folder_key

if TYPE_CHECKING:
    from collections.abc import Iterator

MODELS = "models"
MAX_FILES = 1_000_000


class ModelFile(Struct, frozen=True, order=True):
    """A file to look into."""

    path: str
    key: str
    """`folder/name` where it lies in ComfyUI's models, else its path as given."""
    is_model: bool
    """It lies in ComfyUI's models."""


class Listed(Struct, frozen=True):
    """What there is to look into."""

    files: tuple[ModelFile, ...] = ()
    """Sorted by path."""
    unreadable: tuple[tuple[str, str], ...] = ()
    """Folders that could not be read: path and sentence."""


def installed_models(comfyui: str) -> Listed:
    """Return every file below ComfyUI's models.

    Raises:
        UsageError: the folder is no ComfyUI.
    """
    folder = os.path.join(comfyui, MODELS)
    if not os.path.isdir(folder):
        hint = "name the folder that holds main.py and models, or give --models PATH"
        raise UsageError(f"{comfyui}: is no ComfyUI, it has no folder `{MODELS}`", hint=hint)
    found = []
    faults: list[tuple[str, str]] = []
    for path in _files(folder, faults):
        name = os.path.relpath(path, folder).replace(os.sep, "/")
        first, slash, rest = name.partition("/")
        key = f"{folder_key(first) or first}/{rest}" if slash else name
        found.append(ModelFile(path, key, is_model=True))
    return Listed(tuple(sorted(found)), tuple(sorted(faults)))


def named_files(paths: tuple[str, ...]) -> Listed:
    """Return the files that were named, and those below folders that were.

    Raises:
        UsageError: there is nothing under a name.
    """
    found: set[str] = set()
    faults: list[tuple[str, str]] = []
    for path in paths:
        if os.path.isdir(path):
            found.update(_files(path, faults))
        elif os.path.exists(path):
            found.add(path)
        else:
            raise UsageError(f"{path}: there is no such file or folder")
    files = (ModelFile(path, path.replace(os.sep, "/"), is_model=False) for path in found)
    return Listed(tuple(sorted(files)), tuple(sorted(set(faults))))


def _files(folder: str, faults: list[tuple[str, str]]) -> Iterator[str]:
    """Yield files and links to files below a folder, through linked folders, each of them once."""
    seen: set[tuple[int, int]] = set()
    waiting = [folder]
    count = 0
    while waiting:
        at = waiting.pop()
        try:
            here = os.stat(at)
            entries = sorted(os.scandir(at), key=lambda entry: entry.name)
        except OSError as error:
            faults.append((at, f"cannot be read: {error.strerror or error}"))
            continue
        if (here.st_dev, here.st_ino) in seen:
            continue
        seen.add((here.st_dev, here.st_ino))
        for entry in entries:
            if entry.is_dir():
                waiting.append(entry.path)
            elif _is_file(entry):
                count += 1
                if count > MAX_FILES:
                    faults.append((folder, f"has more than {MAX_FILES:,} files"))
                    return
                yield entry.path


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return stat.S_ISREG(entry.stat().st_mode)
    except OSError:
        return entry.is_symlink()  # a link that leads nowhere is told as one that cannot be read
