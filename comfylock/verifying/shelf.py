"""The model folders of an installation: each listed once, looked through as ComfyUI does."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from comfylock.verifying.disk import Walk, walk

if TYPE_CHECKING:
    from comfylock.lockfile.schema import ModelPin
    from comfylock.verifying.folders import Folders

SUFFIXES = (
    ".bin", ".ckpt", ".gguf", ".onnx", ".pkl", ".pt", ".pt2", ".pth", ".safetensors", ".sft",
)  # fmt: skip
"""Files that ComfyUI or a pack loads as models."""


class Shelf:
    """The model folders of an installation, each listed once."""

    def __init__(self, folders: Folders, base: str) -> None:
        self.base = base
        self._folders = folders
        self._walks: dict[str, Walk] = {}
        self._places: dict[str | None, tuple[str, ...]] = {}

    def walked(self, folder: str) -> Walk:
        """Return what is in a folder; nothing, if there is none."""
        if folder not in self._walks:
            self._walks[folder] = walk(folder, follows=True)
        return self._walks[folder]

    def all_folders(self) -> dict[str, str]:
        """Return every model folder there is, with its folder key."""
        found: dict[str, str] = {}
        for key, paths in self._folders.models.items():
            for path in paths:
                found.setdefault(path, key)
        for root in self._folders.roots:
            for name in _subfolders(root):
                found.setdefault(os.path.join(root, name), name)
        return {path: found[path] for path in sorted(found) if os.path.isdir(path)}

    def places(self, key: str | None) -> tuple[str, ...]:
        """Return the folders in which ComfyUI looks for a key, in order."""
        if key not in self._places:
            found = self._folders.of(key) if key is not None else tuple(self.all_folders())
            self._places[key] = found
        return self._places[key]

    def target(self, pin: ModelPin) -> str:
        """Return where a model belongs."""
        folder = pin.folder or "checkpoints"
        own = os.path.join(self._folders.roots[0], folder)
        places = self._folders.of(folder)
        chosen = next((p for p in places if os.path.isdir(p)), own if own in places else places[0])
        return os.path.join(chosen, *pin.name.split("/"))

    def unreadable(self) -> list[tuple[str, str]]:
        """Return what could not be listed, and why."""
        return [
            (os.path.join(folder, name), told)
            for folder, found in self._walks.items()
            for name, told in found.unreadable
        ]


def _subfolders(root: str) -> list[str]:
    try:
        with os.scandir(root) as entries:
            return sorted(entry.name for entry in entries if os.path.isdir(entry.path))
    except OSError:
        return []
