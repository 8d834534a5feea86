"""ComfyUI-Manager's `deps-in-workflow`: the function behind the command, with its own map.

The Manager imports ComfyUI for its folders; a stand-in gives it empty ones.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import os
import sys
import tempfile
import types
from typing import Any

from benchmarks.runners.rounds import serve


def load(folder: str) -> Any:
    """Return the Manager's core module, told to stay off the network."""
    os.environ["COMFYUI_PATH"] = folder
    folders: Any = types.ModuleType("folder_paths")
    folders.get_system_user_directory = lambda name: os.path.join(folder, name)
    folders.get_user_directory = lambda: folder
    folders.get_folder_paths = lambda _: [folder]
    sys.modules["folder_paths"] = folders
    found = importlib.util.find_spec("comfyui_manager")
    if found is None:
        raise SystemExit("comfyui-manager is not installed")
    package = types.ModuleType("comfyui_manager")  # its __init__ wants a running ComfyUI
    package.__path__ = list(found.submodule_search_locations or ())
    sys.modules["comfyui_manager"] = package
    core = importlib.import_module("comfyui_manager.legacy.manager_core")
    core.get_config()["network_mode"] = "offline"
    return core


def extract_all(paths: list[str]) -> None:
    """Ask for every file's packs, as one run of the command each would."""
    for path in paths:
        asyncio.run(CORE.extract_nodes_from_workflow(path, mode="local"))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        CORE = load(scratch)
        serve(extract_all)
