"""The model files below a folder, as ComfyUI would find them: which to look into. No network."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.errors import UsageError
from comfylock.links import folder_key
from comfylock.model_files.name_formats import is_model_name
from comfylock.verifying.folders import CUSTOM_NODES, folders_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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


def installed_models(
    comfyui: str,
    roots: tuple[str, ...] = (),
    path_files: tuple[str, ...] = (),
    environ: Mapping[str, str] | None = None,
) -> Listed:
    """Return every file below ComfyUI's models, and where else it looks, and the models of packs.

    `roots` are further folders with `checkpoints`, `loras` and so on, `path_files` further
    `extra_model_paths.yaml`; ComfyUI's own is always read. Of packs' files only those that are
    named as models.

    Raises:
        UsageError: the folder is no ComfyUI, or a further one is not there.
    """
    if not os.path.isdir(os.path.join(comfyui, MODELS)):
        hint = "name the folder that holds main.py and models, or give --models PATH"
        raise UsageError(f"{comfyui}: is no ComfyUI, it has no folder `{MODELS}`", hint=hint)
    for root in roots:
        if not os.path.isdir(root):
            raise UsageError(f"{root}: there is no such folder")
    folders = folders_of(comfyui, roots=roots, files=path_files, environ=environ)
    found: dict[str, ModelFile] = {}
    keys: set[str] = set()
    faults = list(folders.problems)
    for root in (os.path.join(comfyui, MODELS), *roots):
        for path in _files(root, faults):
            _note(found, keys, path, _key_below(root, path))
    for key, places in folders.models.items():
        for place in places:
            for path in _files(place, faults) if os.path.isdir(place) else ():
                _note(found, keys, path, f"{key}/{_relative(path, place)}")
    for nodes in folders.custom_nodes:
        for path in _files(nodes, faults) if os.path.isdir(nodes) else ():
            if is_model_name(path) and os.path.abspath(path) not in found:
                name = f"{CUSTOM_NODES}/{_relative(path, nodes)}"
                found[os.path.abspath(path)] = ModelFile(path, name, is_model=False)
    return Listed(tuple(sorted(found.values())), tuple(sorted(set(faults))))


def _note(found: dict[str, ModelFile], keys: set[str], path: str, key: str) -> None:
    """Keep a file, each once however it is reached; of two with one name the second by its path."""
    place = os.path.abspath(path)
    if place in found:
        return
    found[place] = ModelFile(path, key if key not in keys else path, is_model=True)
    keys.add(key)


def _key_below(root: str, path: str) -> str:
    name = _relative(path, root)
    first, slash, rest = name.partition("/")
    return f"{folder_key(first) or first}/{rest}" if slash else name


def _relative(path: str, folder: str) -> str:
    return os.path.relpath(path, folder).replace(os.sep, "/")


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
            if _is_folder(entry):
                waiting.append(entry.path)
            elif _is_file(entry):
                count += 1
                if count > MAX_FILES:
                    faults.append((folder, f"has more than {MAX_FILES:,} files"))
                    return
                yield entry.path


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads in a circle
        return False


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return stat.S_ISREG(entry.stat().st_mode)
    except OSError:
        return entry.is_symlink()  # a link that leads nowhere is told as one that cannot be read
