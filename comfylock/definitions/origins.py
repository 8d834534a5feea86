"""Where the choices of an input come from: a model folder, the input folder, neither.

Source: `folder_paths.py` of ComfyUI.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.definitions.values import InstanceValue, Opaque
from comfylock.links import FOLDER_ALIASES

if TYPE_CHECKING:
    from collections.abc import Iterator

PARTS_LIMIT = 200
"""Parts of a value that are looked at."""

UPLOADS = {
    "image_upload": "image",
    "animated_image_upload": "image",
    "video_upload": "video",
    "audio_upload": "audio",
}
"""Options that add an upload button, and what is uploaded."""

_BY_KEY = (
    "get_filename_list",
    "get_folder_paths",
    "folder_names_and_paths.get",
)
_INPUT_FOLDER = ("get_input_directory", "folder_paths.input_directory")
_BARRIERS = ("path.dirname", "().parent")
"""What is made of a path by these is a folder, not a file."""

_WORDS = {
    "audio": ("audio", "sound", ".mp3", ".wav", ".flac", ".ogg"),
    "video": ("video", ".mp4", ".webm", ".mov", ".mkv"),
    "image": ("image", "mask", ".png", ".jpg", ".jpeg", ".webp"),
}
"""What tells the kind of a file: a filter of the choices, else the input's name."""


def parts_of(value: object) -> Iterator[object]:
    """Yield a value and what it was made from, breadth first, up to a limit."""
    waiting = [value]
    seen: set[int] = set()
    for entry in waiting:
        if id(entry) in seen:
            continue
        seen.add(id(entry))
        if len(seen) > PARTS_LIMIT:
            return
        yield entry
        if isinstance(entry, Opaque):
            if not entry.name.endswith(_BARRIERS):
                waiting.extend(entry.parts())
        elif isinstance(entry, (list, tuple)):
            waiting.extend(entry[:PARTS_LIMIT])
        elif isinstance(entry, dict):
            waiting.extend(list(entry.values())[:PARTS_LIMIT])
        elif isinstance(entry, InstanceValue):
            waiting.extend(list(entry.names.values())[:PARTS_LIMIT])


def folder_of(value: object) -> str | None:
    """Return the model folder key that a value's choices come from, if one shows."""
    below: str | None = None
    for part in parts_of(value):
        if not isinstance(part, Opaque):
            continue
        key = _key(part)
        if key is not None:
            return FOLDER_ALIASES.get(key, key)
        below = below or _below_models(part)
    return below


def _key(part: Opaque) -> str | None:
    """Return the key of a call like `folder_paths.get_filename_list(key)`."""
    if part.called and part.name.endswith(_BY_KEY):
        keys = [*part.args, *part.options.values()]
        return next((key for key in keys if isinstance(key, str) and key), None)
    if part.name == "entry" and len(part.args) == 2:
        held, key = part.args
        if isinstance(held, Opaque) and held.name.endswith("folder_names_and_paths"):
            return key if isinstance(key, str) and key else None
    return None


def _below_models(part: Opaque) -> str | None:
    """Return the first name below `folder_paths.models_dir` in a path that is joined."""
    if not part.name.endswith(("path.join", "operation", "Path", "joinpath")):
        return None
    for position, entry in enumerate(part.args[:-1]):
        if isinstance(entry, Opaque) and entry.name.endswith("folder_paths.models_dir"):
            following = part.args[position + 1]
            if isinstance(following, str):
                return following.strip("/\\").replace("\\", "/").partition("/")[0] or None
    return None


def asset_of(name: str, value: object, options: dict[object, object]) -> str | None:
    """Return which kind of file of the input folder an input offers, if that shows.

    Source: the upload flags that ComfyUI's editor knows (`image_upload`, …).
    """
    folder = options.get("image_folder", "input")
    if isinstance(folder, Opaque):
        folder = folder.name.rpartition(".")[2]
    if folder != "input":
        return None
    for flag, kind in UPLOADS.items():
        if options.get(flag) is True:
            return kind
    parts = list(parts_of(value))
    if not any(_is_input_folder(part) for part in parts):
        return None
    filters = [part.lower() for part in parts if isinstance(part, str)]
    for kind, words in _WORDS.items():
        if any(text in words or f".{text}" in words for text in filters):
            return kind
    lower = name.lower()
    return next((kind for kind, words in _WORDS.items() if any(w in lower for w in words)), None)


def _is_input_folder(part: object) -> bool:
    return isinstance(part, Opaque) and part.name.removesuffix("()").endswith(_INPUT_FOLDER)
