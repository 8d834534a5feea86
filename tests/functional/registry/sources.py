"""Packs and published lists as the tests of the registry's verbs need them."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any

from tests.services.loopback import Service, document

if TYPE_CHECKING:
    from pathlib import Path

PEN = "https://github.com/alice/pens"
INK = "https://github.com/bob/ink-well"

LISTS: dict[str, Any] = {
    "custom-node-list.json": {
        "custom_nodes": [
            {"reference": PEN, "files": [PEN], "id": "pens", "title": "Pens"},
            {"reference": INK, "files": [INK], "title": "Ink"},
        ]
    },
    "extension-node-map.json": {
        PEN: [["ZzPen", "ZzShared"], {"title_aux": "Pens"}],
        INK: [["ZzInk", "ZzShared"], {"nodename_pattern": "^ZzInk"}],
    },
    "github-stats.json": {PEN: {"stars": 7}, INK: {"stars": 70}},
    "model-list.json": {
        "models": [
            {
                "filename": "zz-quill.safetensors",
                "url": "https://huggingface.co/alice/quill/resolve/main/zz-quill.safetensors",
                "save_path": "loras",
                "type": "lora",
            }
        ]
    },
}
"""Made-up lists in the Manager's shape; no name in them is in the bundled registry."""

NODES = """
class Stamp:
    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "run"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"strength": ("FLOAT", {}),
                             "lora": (folder_paths.get_filename_list("loras"),)}}

NODE_CLASS_MAPPINGS = {"ZzStamp": Stamp, "ZzStampTwo": Stamp}
"""

PROJECT = """
[project]
name = "{name}"
[project.urls]
Repository = "{repository}"
[tool.comfy]
PublisherId = "alice"
"""


def project(name: str, repository: str = "https://github.com/alice/stamps") -> str:
    """A pack's pyproject.toml."""
    return PROJECT.format(name=name, repository=repository)


def publish(service: Service, lists: dict[str, Any] = LISTS) -> None:
    """Let a service answer with lists."""
    for name, content in lists.items():
        service.answers[f"/{name}"] = document(content)


def write_lists(folder: Path, lists: dict[str, Any] = LISTS) -> str:
    """Write lists into a folder and return it."""
    folder.mkdir()
    for name, content in lists.items():
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    return str(folder)


def write_wheel(path: Path, version: str, lists: dict[str, Any] = LISTS) -> str:
    """Write a wheel of the Manager with lists in it and return its path."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"comfyui_manager-{version}.dist-info/METADATA", "Name: comfyui-manager")
        for name, content in lists.items():
            archive.writestr(f"comfyui_manager/{name}", json.dumps(content))
    return str(path)
