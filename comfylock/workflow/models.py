"""Which values of a node name model files or input assets.

By the table of inputs first, by extension as the last resort; embeddings and LoRAs inside
prompts too. Nothing here looks at a disk.
"""

from __future__ import annotations

import itertools
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from comfylock.names import MODEL_EXTENSIONS, leaves_its_folder, normalise_model_path
from comfylock.patterns import Pattern
from comfylock.workflow.reading import FoundAsset, FoundModel, InputTables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

MEDIA_EXTENSIONS = (
    ".png",
    ".jpg",
    ".jpeg",
    ".webp",
    ".gif",
    ".bmp",
    ".tiff",
    ".avif",
    ".heic",
    ".exr",
    ".mp4",
    ".mov",
    ".webm",
    ".mkv",
    ".avi",
    ".m4v",
    ".mp3",
    ".wav",
    ".flac",
    ".ogg",
    ".opus",
    ".m4a",
    ".aac",
    ".glb",
    ".gltf",
    ".obj",
    ".stl",
    ".fbx",
    ".ply",
    ".spz",
    ".splat",
    ".ksplat",
)
"""Files of the input folder."""

FILE_TAILS = frozenset(
    "".join(letters)
    for extension in MODEL_EXTENSIONS + MEDIA_EXTENSIONS
    for letters in itertools.product(*((c, c.upper()) for c in extension[-3:]))
) | {"ut]", "mp]"}
"""The last three characters of every extension in every case, and of ` [input]`, ` [output]` and
` [temp]` behind one: one look-up rules most values out."""

WELL_KNOWN_INPUTS = {
    "ckpt_name": "checkpoints",
    "unet_name": "diffusion_models",
    "lora_name": "loras",
    "lora": "loras",
    "vae_name": "vae",
    "control_net_name": "controlnet",
    "clip_name": "text_encoders",
    "clip_name1": "text_encoders",
    "clip_name2": "text_encoders",
    "clip_name3": "text_encoders",
    "clip_name4": "text_encoders",
    "style_model_name": "style_models",
    "gligen_name": "gligen",
    "hypernetwork_name": "hypernetworks",
}
"""Input names that core loaders use for one folder; packs follow them."""

_EMBEDDING = Pattern(r"embedding:([^\s,()\[\]{}:<>|\"']+)")
_PROMPT_LORA = Pattern(r"<lora:([^:<>\n]{1,200})(?::[^<>\n]{0,60})?>", re.IGNORECASE)
_NOT_IN_A_NAME = Pattern(r'[\n\r\t\0<>"|?*]|://')
_REPOSITORY = Pattern(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}\Z")
_REPOSITORY_INPUT = Pattern(
    r"(?:.*_)?(?:model|models|repo|repo_id|model_id|model_name|model_path|model_repo|hf_model"
    r"|checkpoint|llm)\Z",
    re.IGNORECASE,
)
DIRECTORY_FOLDERS = frozenset({"diffusers"})
"""Folder keys whose entries are folders, without an extension. Source: folder_paths.py."""

_ANNOTATION = Pattern(r"\s*\[(?:input|output|temp)\]\Z")
MAX_NAME = 400
MAX_REPOSITORY = 193
"""Characters of the longest `org/name`."""

MAX_FINDERS = 20_000
MAX_REMEMBERED = 2_000
"""Values of one class type whose meaning is remembered."""
MAX_DULL = 20_000
MAX_DULL_TEXT = 40
_DULL: set[str] = set()
"""Short texts met that name no file in any class type: `randomize`, `euler` and their like."""

PREVIEW = "videopreview"
"""What VideoHelperSuite shows in its nodes, kept among their values; it repeats a file's name."""

MAX_DEPTH = 12
"""Widget values nested deeper hold no file names that any known node understands."""


Picked = tuple[Any, str, bool]
"""Input name, or place in the widget list, or None; text; switched off by its own `on: false`."""


def _is_plain(value: str) -> bool:
    """Say whether a text has nothing in it that no file name has."""
    return _NOT_IN_A_NAME.search(value) is None


def is_model_name(value: str) -> bool:
    """Say whether a text looks like a model's file name: a known extension and nothing foreign."""
    return value[-3:] in FILE_TAILS and len(value) <= MAX_NAME and _is_model_name(value)


@lru_cache(maxsize=4096)
def _is_model_name(value: str) -> bool:
    return (
        value.lower().endswith(MODEL_EXTENSIONS)
        and _is_plain(value)
        and value.rpartition("/")[2].rpartition("\\")[2].lower() not in MODEL_EXTENSIONS
    )


def is_repository_name(name: str | None, value: str) -> bool:
    """Say whether an input of this name with this value names a model repository (`org/name`)."""
    return (
        name is not None
        and "/" in value
        and _REPOSITORY.match(value) is not None
        and _REPOSITORY_INPUT.match(name) is not None
        and not value.lower().endswith(MEDIA_EXTENSIONS)
    )


def is_media_name(value: str) -> bool:
    """Say whether a text looks like the name of a picture, video, sound or 3D file."""
    return (
        (value[-3:] in FILE_TAILS or value[-1:] == "]")
        and len(value) <= MAX_NAME
        and strip_annotation(value).lower().endswith(MEDIA_EXTENSIONS)
        and _is_plain(value)
    )


def strip_annotation(value: str) -> str:
    """Return an input file's name without ComfyUI's ` [input]`, ` [output]` or ` [temp]`."""
    return _ANNOTATION.sub("", value.strip())


def names_in_prompt(text: str) -> Iterator[tuple[str, str]]:
    """Yield (folder, name) for each `embedding:…` and `<lora:…>` in a prompt."""
    if "embedding:" in text:
        for match in _EMBEDDING.finditer(text):
            name = match[1].rstrip(".")
            if name and "://" not in name:
                yield "embeddings", normalise_model_path(name)
    if _names_a_lora(text):
        for match in _PROMPT_LORA.finditer(text):
            name = normalise_model_path(match[1])
            if name and not leaves_its_folder(name):
                yield "loras", name


def _names_a_lora(text: str) -> bool:
    """Say whether `<lora:` is in a text, in any case; lower case of a long text takes its time."""
    return "<" in text and ("<l" in text or "<L" in text) and "<lora:" in text.lower()


def texts_in(value: Any, depth: int = 0) -> Iterator[tuple[str | None, str, bool]]:
    """Yield (key, text, switched off) for every text inside nested lists and objects.

    An object with `on: false` (a LoRA slot that the user switched off) marks its texts.
    """
    if depth > MAX_DEPTH:
        return
    if isinstance(value, dict):
        off = value.get("on") is False
        for key, item in value.items():
            if isinstance(item, str):
                yield key, item, off
            elif isinstance(item, dict | list):
                for inner, text, inner_off in texts_in(item, depth + 1):
                    yield inner or key, text, off or inner_off
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, str):
                yield None, item, False
            elif isinstance(item, dict | list):
                yield from texts_in(item, depth + 1)


class FileFinder:
    """Finds the models and assets that the values of one class type name."""

    __slots__ = (
        "_assets",
        "_dull",
        "_folders",
        "_found",
        "_is_core",
        "_is_loader",
        "_only_folder",
        "_takes_any_name",
        "class_type",
        "names",
    )

    def __init__(self, tables: InputTables, class_type: str) -> None:
        models = tables.models.get(class_type, [])
        assets = tables.assets.get(class_type, [])
        self.class_type = class_type
        self.names = {row[2]: row[0] for row in (*models, *assets) if row[2] is not None}
        """The input's name by its place among the widgets, as far as the tables tell."""
        self._is_core = class_type in tables.core  # its own loaders offer files only
        self._folders = {row[0]: row[1] for row in models}
        self._only_folder = models[0][1] if len(models) == 1 else None
        self._assets = frozenset([row[0] for row in assets])
        self._is_loader = "load" in class_type.lower()
        self._takes_any_name = not DIRECTORY_FOLDERS.isdisjoint(self._folders.values())
        self._dull: AbstractSet[str] = frozenset() if self._takes_any_name else _DULL
        self._found: dict[tuple[str | None, str], Sequence[FoundModel | FoundAsset]] = {}

    def pick(self, values: Any) -> list[Picked]:
        """Return the texts among a node's values that can name a file or hold a link; few do."""
        if type(values) is list:
            pairs: Iterable[tuple[Any, Any]] = enumerate(values)
        elif type(values) is dict:
            pairs = [pair for pair in values.items() if pair[0] != PREVIEW]
        else:
            pairs = ((None, values),)
        dull = self._dull
        picked: list[Picked] = []
        for place, value in pairs:
            kind = type(value)
            if kind is str:
                # A long text is not looked up: that would cost more than reading it.
                if (len(value) > MAX_DULL_TEXT or value not in dull) and self._wants(value):
                    picked.append((place, value, False))
            elif kind is dict or kind is list:
                for key, text, off in texts_in(value):
                    if text not in dull and self._wants(text):
                        picked.append((key or place, text, off))
        return picked

    def _wants(self, text: str) -> bool:
        """Say whether a text is worth a look; a short one that never is, is remembered."""
        if text[-3:] in FILE_TAILS or self._takes_any_name:
            return True
        if ":" in text:
            if "://" in text or "embedding:" in text or _names_a_lora(text):
                return True
        elif "/" in text and len(text) <= MAX_REPOSITORY:
            return not self._is_core
        if len(text) <= MAX_DULL_TEXT:
            if len(_DULL) >= MAX_DULL:  # a stranger's texts must not fill the memory
                _DULL.clear()
            _DULL.add(text)
        return False

    def find(self, name: str | None, text: str) -> Sequence[FoundModel | FoundAsset]:
        """Return what one value of one input names; several for prompts."""
        key = (name, text)
        found = self._found.get(key)
        if found is None:
            found = list(self._find(name, text))
            if len(text) <= MAX_NAME and len(self._found) < MAX_REMEMBERED:
                self._found[key] = found
        return found

    def _find(self, name: str | None, text: str) -> Iterator[FoundModel | FoundAsset]:
        if is_model_name(text) or self._takes(name, text):
            path = normalise_model_path(text)
            yield FoundModel(path, self.class_type, name, _above(self._folder(name), path))
        elif self._is_asset(name, text):
            yield FoundAsset(strip_annotation(text), self.class_type, name)
        elif ":" in text:
            for folder, found in names_in_prompt(text):
                yield FoundModel(found, self.class_type, name, folder)

    def _folder(self, name: str | None) -> str | None:
        """Return the folder by the table, else by an input name that means one folder."""
        if name is None:
            return self._only_folder
        return self._folders.get(name) or WELL_KNOWN_INPUTS.get(name)

    def _takes(self, name: str | None, text: str) -> bool:
        """Say whether a text without an extension names a model here."""
        if self._takes_any_name and self._folder(name) in DIRECTORY_FOLDERS:
            return bool(text) and text.lower() != "none" and _is_plain(text)
        return not self._is_core and is_repository_name(name, text)

    def _is_asset(self, name: str | None, text: str) -> bool:
        if not is_media_name(text):
            return False
        return self._is_loader or name in self._assets or (name is None and bool(self._assets))


def _above(folder: str | None, path: str) -> str | None:
    """Return the folder that a path starts from.

    Packs that offer the files of two folders (`ultralytics_bbox`, `ultralytics_segm`) put the
    second half in front of the name (`bbox/face.pt`): both lie below the first half.
    """
    head, found, _ = path.partition("/")
    return folder.removesuffix(f"_{head}") if folder and found else folder


def finder_for(tables: InputTables, class_type: str) -> FileFinder:
    """Return the class type's finder, made once for each table."""
    finder = tables.finders.get(class_type)
    if finder is None:
        if len(tables.finders) > MAX_FINDERS:  # a stranger's class names must not fill the memory
            tables.finders.clear()
        finder = tables.finders[class_type] = FileFinder(tables, class_type)
    return finder
