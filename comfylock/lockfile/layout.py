"""Where an installation has what a lock names: packs in `custom_nodes`, models in `models`."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING

from comfylock.patterns import Pattern

if TYPE_CHECKING:
    from collections.abc import Iterable

    from comfylock.lockfile.schema import ModelPin, PackPin

OWN_FILES = frozenset({"websocket_image_save.py", "example_node.py.example", "__pycache__"})
"""What ComfyUI itself has in `custom_nodes`."""

FOLDERS = {"ultralytics_bbox": "ultralytics/bbox", "ultralytics_segm": "ultralytics/segm"}
"""Folder keys that are no path below `models`. Source: ComfyUI-Impact-Subpack's
add_folder_path_and_extensions."""

_ODD = Pattern(r"[^A-Za-z0-9._-]+")


def pack_folders(pins: Iterable[PackPin]) -> dict[str, str]:
    """Return for each pack's name its folder, or its one file, in `custom_nodes`.

    As ComfyUI-Manager names them: a registry pack by its id, one from git by its repository.
    Where two would meet, also on systems that do not tell case apart, those of git and files
    carry their owner's name too.
    """
    pins = sorted(pins, key=lambda pin: pin.name)
    plain = {pin.name: _plain(pin) for pin in pins}
    counts = Counter(folder.casefold() for folder in plain.values())
    taken = {name.casefold() for name in OWN_FILES}
    found: dict[str, str] = {}
    for pin in sorted(pins, key=lambda pin: (pin.source != "comfy-registry", pin.name)):
        folder = plain[pin.name]
        is_shared = counts[folder.casefold()] > 1 and pin.source != "comfy-registry"
        if is_shared or folder.casefold() in taken:
            folder = _with_owner(pin, folder)
        if folder.casefold() in taken:
            folder = f"{hashlib.sha256(pin.name.encode()).hexdigest()[:12]}-{folder}"
        taken.add(folder.casefold())
        found[pin.name] = folder
    return dict(sorted(found.items()))


def folder_place(key: str | None) -> str | None:
    """Return where a model folder is below ComfyUI's `models`.

    None if that is not known, or not there: whatever lies in `custom_nodes` is run as code.
    """
    return None if key is None or key.split("/")[0] == "custom_nodes" else FOLDERS.get(key, key)


def model_place(pin: ModelPin) -> str | None:
    """Return a model's path below ComfyUI's `models`; None if it has no place there."""
    folder = folder_place(pin.folder)
    return None if folder is None else f"{folder}/{pin.name}"


def _plain(pin: PackPin) -> str:
    if pin.source == "file":
        name = _tame((pin.path or pin.url or pin.name).partition("?")[0].rpartition("/")[2])
        return name if name.endswith(".py") else f"{name}.py"
    place = pin.repository if pin.source == "git" and pin.repository else pin.name
    return _tame(place.rstrip("/").rpartition("/")[2].removesuffix(".git"))


def _with_owner(pin: PackPin, folder: str) -> str:
    place = (pin.repository or pin.name).rstrip("/")
    owner = place.rpartition("/")[0].rpartition("/")[2]
    return f"{_tame(owner)}-{folder}" if owner else folder


def _tame(name: str) -> str:
    """Return a name that ComfyUI loads and that is nothing but a name to a shell."""
    name = _ODD.sub("_", name).lstrip(".-").removesuffix(".disabled")
    return name or "pack"
