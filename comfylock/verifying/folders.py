"""Where ComfyUI looks for models: its folder keys, and what `extra_model_paths.yaml` adds.

Source: folder_paths.py and utils/extra_config.py of ComfyUI.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from comfylock.links import FOLDER_ALIASES
from comfylock.names import leaves_its_folder, printable
from comfylock.reading import read_regular

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

YAML = "extra_model_paths.yaml"
MAX_YAML = 1 << 20
"""Bytes."""

SEVERAL = {
    "text_encoders": ("text_encoders", "clip"),
    "diffusion_models": ("unet", "diffusion_models"),
    "controlnet": ("controlnet", "t2i_adapter"),
}
"""Folder keys that have several folders below `models/`, or one of another name."""

KEYS = (
    "audio_encoders",
    "background_removal",
    "checkpoints",
    "classifiers",
    "clip_vision",
    "configs",
    "controlnet",
    "detection",
    "diffusers",
    "diffusion_models",
    "embeddings",
    "frame_interpolation",
    "geometry_estimation",
    "gligen",
    "hypernetworks",
    "latent_upscale_models",
    "loras",
    "model_patches",
    "optical_flow",
    "photomaker",
    "style_models",
    "text_encoders",
    "upscale_models",
    "vae",
    "vae_approx",
)
"""The folder keys that ComfyUI knows by itself; packs add theirs."""

CUSTOM_NODES = "custom_nodes"
_OTHERS = frozenset({"datasets", "fonts", CUSTOM_NODES, "base_path", "is_default"})
_OUTPUT = ("checkpoints", "clip", "vae", "diffusion_models", "loras")
"""Folders below `output/` that are searched too."""


class FolderError(Exception):
    """A file of settings that cannot be understood: the second half of a sentence."""


class Folders(Struct, frozen=True):
    """Where things are, by folder key, in the order of ComfyUI's search."""

    models: dict[str, tuple[str, ...]] = {}
    """Every path absolute."""
    custom_nodes: tuple[str, ...] = ()
    roots: tuple[str, ...] = ()
    """Folders that hold a folder for each key, for keys that only packs know."""
    problems: tuple[tuple[str, str], ...] = ()
    """Files of settings that could not be understood: path and sentence."""

    def of(self, key: str | None) -> tuple[str, ...]:
        """Return the folders of a key; of all keys, where a lock does not know it."""
        if key is None:
            return tuple(dict.fromkeys(each for found in self.models.values() for each in found))
        known = self.models.get(FOLDER_ALIASES.get(key, key), ())
        named = tuple(os.path.join(root, key) for root in self.roots)
        return tuple(dict.fromkeys((*known, *named)))


def folders_of(
    comfyui: str,
    *,
    roots: Iterable[str] = (),
    files: Iterable[str] = (),
    environ: Mapping[str, str] | None = None,
) -> Folders:
    """Return where a ComfyUI looks; `roots` and `files` are further model roots and settings."""
    base = os.path.abspath(comfyui)
    every = [os.path.join(base, "models"), *map(os.path.abspath, roots)]
    found: dict[str, list[str]] = {}
    for root in every:
        for key in KEYS:
            names = SEVERAL.get(key, (key,))
            found.setdefault(key, []).extend(os.path.join(root, name) for name in names)
    for name in _OUTPUT:
        key = FOLDER_ALIASES.get(name, name)
        found[key].append(os.path.join(base, "output", name))
    nodes = [os.path.join(base, CUSTOM_NODES)]
    problems: list[tuple[str, str]] = []
    own = os.path.join(base, YAML)
    named = [os.path.abspath(file) for file in files]
    for file in [*([own] if os.path.lexists(own) else []), *named]:
        try:
            _add(_sections(file), os.path.dirname(file), found, nodes, environ or {})
        except FolderError as error:
            problems.append((file, str(error)))
    return Folders(
        {key: tuple(dict.fromkeys(paths)) for key, paths in found.items()},
        tuple(dict.fromkeys(nodes)),
        tuple(every),
        tuple(problems),
    )


def _sections(file: str) -> dict[str, dict[str, Any]]:
    """Return the sections of a settings file.

    Raises:
        FolderError: with the second half of a sentence.
    """
    try:
        data = read_regular(file, MAX_YAML + 1)
    except OSError as error:
        raise FolderError(f"cannot be read: {error.strerror}") from error
    if len(data) > MAX_YAML:
        raise FolderError(f"is larger than {MAX_YAML >> 20} MiB")
    import yaml  # noqa: PLC0415 - few installations have such a file

    try:
        document = yaml.safe_load(data)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        told = printable(" ".join(str(error).split()), 120)
        raise FolderError(f"is not YAML: {told}") from error
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise FolderError("is no table of sections")
    for name, section in document.items():
        if section is not None and not isinstance(section, dict):
            raise FolderError(f"`{printable(str(name), 80)}` is no table of folders")
    return {str(name): section for name, section in document.items() if section is not None}


def _add(
    sections: dict[str, dict[str, Any]],
    beside: str,
    found: dict[str, list[str]],
    nodes: list[str],
    environ: Mapping[str, str],
) -> None:
    """Add the folders of a settings file that lies in the folder `beside`.

    Raises:
        FolderError: a value is no text; ComfyUI would not start with it.
    """
    for section in sections.values():
        base = section.get("base_path")
        start = beside
        if base is not None:
            if not isinstance(base, str):
                raise FolderError("`base_path` is no text")
            start = os.path.normpath(os.path.join(beside, _expanded(base, environ)))
        for each, value in section.items():
            key = str(each)
            if key in {"base_path", "is_default"} or value is None:
                continue
            if not isinstance(value, str):
                raise FolderError(f"`{printable(key, 80)}` is no text")
            paths = [os.path.normpath(os.path.join(start, p)) for p in value.split("\n") if p]
            name = FOLDER_ALIASES.get(key, key)
            if name == CUSTOM_NODES:
                nodes += paths
            elif name not in _OTHERS and not leaves_its_folder(name):
                old = found.setdefault(name, [])
                found[name] = [*paths, *old] if section.get("is_default") is True else old + paths


def _expanded(path: str, environ: Mapping[str, str]) -> str:
    """Return a path with `~` and `$NAME` as ComfyUI's user would have them."""
    import re  # noqa: PLC0415 - as yaml above

    def value(match: re.Match[str]) -> str:
        return environ.get(match[1] or match[2], match[0])

    if path == "~" or path.startswith("~/"):
        path = (environ.get("HOME") or os.path.expanduser("~")) + path[1:]
    return re.sub(r"\$(?:(\w+)|\{(\w+)\})", value, path)
