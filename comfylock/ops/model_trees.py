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


def installed_models(comfyui: str) -> tuple[ModelFile, ...]:
    """Return every file below ComfyUI's models, sorted by path.

    Raises:
        UsageError: the folder is no ComfyUI.
    """
    folder = os.path.join(comfyui, MODELS)
    if not os.path.isdir(folder):
        hint = "name the folder that holds main.py and models, or give --models PATH"
        raise UsageError(f"{comfyui}: is no ComfyUI, it has no folder `{MODELS}`", hint=hint)
    found = []
    for path in _files(folder):
        name = os.path.relpath(path, folder).replace(os.sep, "/")
        first, slash, rest = name.partition("/")
        key = f"{folder_key(first) or first}/{rest}" if slash else name
        found.append(ModelFile(path, key, is_model=True))
    return tuple(sorted(found))


def named_files(paths: tuple[str, ...]) -> tuple[ModelFile, ...]:
    """Return the files that were named, and those below folders that were.

    Raises:
        UsageError: there is nothing under a name.
    """
    found = []
    for path in paths:
        if os.path.isdir(path):
            found += [ModelFile(each, each.replace(os.sep, "/"), False) for each in _files(path)]
        elif os.path.exists(path):
            found.append(ModelFile(path, path.replace(os.sep, "/"), is_model=False))
        else:
            raise UsageError(f"{path}: there is no such file or folder")
    return tuple(sorted(set(found)))


def _files(folder: str) -> Iterator[str]:
    """Yield files and links to files below a folder, through linked folders, each of them once."""
    seen: set[tuple[int, int]] = set()
    waiting = [folder]
    count = 0
    while waiting and count < MAX_FILES:
        at = waiting.pop()
        try:
            here = os.stat(at)
            entries = sorted(os.scandir(at), key=lambda entry: entry.name)
        except OSError:
            continue  # it vanished, or is not ours to read: there is no model of ours in it
        if (here.st_dev, here.st_ino) in seen:
            continue
        seen.add((here.st_dev, here.st_ino))
        for entry in entries:
            if entry.is_dir():
                waiting.append(entry.path)
            elif _is_file(entry):
                count += 1
                yield entry.path


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return stat.S_ISREG(entry.stat().st_mode)
    except OSError:
        return entry.is_symlink()  # a link that leads nowhere is told as one that cannot be read
