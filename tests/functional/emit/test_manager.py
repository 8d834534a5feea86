"""The snapshot, restored by the real ComfyUI-Manager's command line against services here."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from comfylock.emit.planning import plan_of
from comfylock.emit.snapshot import generate
from comfylock.ops.snapshot import load_snapshot, read_snapshot
from comfylock.sources.uv_command import find_uv
from tests.locks import SHA, from_file, from_git, release, small
from tests.services.node_archive import pack_files
from tests.services.world import world_serving

if TYPE_CHECKING:
    from pathlib import Path

MANAGER = "comfyui-manager==4.3"
COMFYUI = {
    "folder_paths.py": """
import os
base_path = os.path.dirname(os.path.abspath(__file__))
folder_names_and_paths = {"custom_nodes": ([os.path.join(base_path, "custom_nodes")], set())}
def get_folder_paths(name):
    return folder_names_and_paths[name][0][:]
def get_system_user_directory(name):
    return os.path.join(base_path, "user", "__" + name)
def get_user_directory():
    return os.path.join(base_path, "user")
""",
    "utils/__init__.py": "",
    "utils/extra_config.py": "def load_extra_path_config(path): pass\n",
    "torchvision/__init__.py": "",
    "torchvision/datasets/__init__.py": "",
    "torchvision/datasets/utils.py": """
from comfyui_manager.common.manager_downloader import basic_download_url as download_url
""",
    "comfy/__init__.py": "",
    "comfy/cli_args.py": "import types\nargs = types.SimpleNamespace()\n",
}
"""As much of a ComfyUI, and of its torchvision, as the command line asks for."""

START = """
import runpy, sys
import comfyui_manager.common.cnr_utils as registry
registry.base_url = sys.argv.pop(1)
runpy.run_module("cm_cli", run_name="__main__", alter_sys=True)
"""
"""The real command line, with the registry's address moved: it has no setting for that."""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An interpreter that has ComfyUI-Manager."""
    folder = tmp_path_factory.mktemp("manager")
    made = [find_uv(), "venv", "-q", "--seed", "--python", sys.executable, str(folder / "venv")]
    subprocess.run(made, check=True, capture_output=True)
    path = str(folder / "venv" / "bin" / "python")
    command = [find_uv(), "pip", "install", "-q", "--python", path, MANAGER, "aiohttp"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"{MANAGER} cannot be installed here: {done.stderr[-300:]}")
    return path


@pytest.mark.system
def test_a_snapshot_is_restored(tmp_path: Path, python: str) -> None:
    comfyui = tmp_path / "ComfyUI"
    for name, text in COMFYUI.items():
        (comfyui / name).parent.mkdir(parents=True, exist_ok=True)
        (comfyui / name).write_text(text, "utf-8")
    nodes = comfyui / "custom_nodes"
    nodes.mkdir()
    with world_serving(str(tmp_path)) as world:
        for version in ("1.2.0", "1.3.0"):
            project = f'[project]\nname = "alpha"\nversion = "{version}"\n'
            files = pack_files(("AlphaNode",)) | {"pyproject.toml": project.encode()}
            world.registry.publish("alpha", version, ("AlphaNode",), files)
        repository = world.git.repository("github.com/carl/Gamma")
        locked = repository.commit({"__init__.py": "NODE_CLASS_MAPPINGS = {}\n"})
        repository.commit({"__init__.py": "NODE_CLASS_MAPPINGS = {}  # newer\n"})
        address = "https://github.com/carl/Gamma"
        packs = (release("alpha"), from_git(repository=address, commit=locked), from_file())
        (file,) = generate(plan_of(small(packs=packs, workflows=()), SHA))
        (tmp_path / file.name).write_bytes(file.data)
        environment = {**os.environ, **world.git.environment(), "COMFYUI_PATH": str(comfyui)}
        environment["PYTHONPATH"] = str(comfyui)
        command = [python, "-c", START, world.registry.url, "restore-snapshot"]

        def restore() -> str:
            done = subprocess.run(
                [*command, str(tmp_path / file.name)],
                cwd=nodes,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr
            assert "FAILED" not in done.stdout, done.stdout + done.stderr
            return done.stdout

        assert "[ INSTALLED ] alpha@1.2.0" in restore()
        assert 'version = "1.2.0"' in (nodes / "alpha" / "pyproject.toml").read_text("utf-8")
        # Cloned at the newest commit: what the note about a second time is for.
        assert "newer" in (nodes / "Gamma" / "__init__.py").read_text("utf-8")
        assert "[  CHECKOUT ] " in restore()
        assert "newer" not in (nodes / "Gamma" / "__init__.py").read_text("utf-8")
        assert not (nodes / "single.py").exists()
        saved = [*command[:-1], "save-snapshot", "--output", str(tmp_path / "saved.json")]
        subprocess.run(saved, cwd=nodes, env=environment, capture_output=True, check=True)
    theirs = load_snapshot(str(tmp_path / "saved.json")).packs
    ours = read_snapshot(file.data, file.name).packs
    assert theirs == tuple(pack for pack in ours if pack.kind != "file")
