"""What was locked can be installed: uv takes our pylock, and what it installs fits together."""

from __future__ import annotations

import platform
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from comfylock.errors import SourceUnavailableError
from comfylock.python.requirement_lines import read_list
from comfylock.python.settings import PythonSettings
from comfylock.python.targets import Target, target_of
from comfylock.python.wanted import Compiled, Indexes
from comfylock.resolve.python_packages import PythonRequest, resolve_python
from comfylock.sources.python_packages import UvPackages
from comfylock.sources.uv_command import find_uv
from tests.functional.python.python_world import COMFYUI, python_world

if TYPE_CHECKING:
    from pathlib import Path

SYSTEMS = {"Linux": "linux", "Darwin": "macos", "Windows": "windows"}
MACHINES = {"AMD64": "x86_64", "aarch64": "arm64", "ARM64": "arm64"}


def this_machine(accelerator: str) -> Target:
    machine = platform.machine()
    where = f"{SYSTEMS[platform.system()]}-{MACHINES.get(machine, machine)}"
    return target_of(f"{sys.version_info[0]}.{sys.version_info[1]}", where, accelerator)


def uv(folder: Path, *words: str) -> str:
    command = [find_uv(), *words, "--no-config", "--cache-dir", str(folder / "cache")]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def installed(folder: Path, lock: Compiled) -> dict[str, str]:
    """What is in a new environment after it was made like the lock."""
    (folder / "pylock.comfy.toml").write_bytes(lock.pylock)
    uv(folder, "venv", "--python", sys.executable, str(folder / "venv"))
    place = ("--python", str(folder / "venv"))
    uv(folder, "pip", "sync", "pylock.comfy.toml", *place)
    uv(folder, "pip", "check", *place)
    listed = uv(folder, "pip", "freeze", *place).split()
    return dict(line.split("==", 1) for line in listed if "==" in line)


@pytest.mark.skipif(platform.system() != "Linux", reason="the index has torch for Linux alone")
def test_a_lock_is_installed_as_it_stands(tmp_path: Path) -> None:
    with python_world(str(tmp_path / "resolving")) as world:
        readings = [read_list("comfyui", COMFYUI.splitlines()), read_list("a", ["old-tools"])]
        request = PythonRequest(settings=PythonSettings(indexes=world.indexes))
        found = resolve_python(readings, this_machine("cu128"), world.uv, request)
        assert found.compiled is not None, found.conflicts
        assert installed(tmp_path, found.compiled) == found.compiled.versions


@pytest.mark.system
def test_torch_for_the_processor_fits_what_comfyui_needs(tmp_path: Path) -> None:
    lines = ["torch", "torchvision", "torchsde", "numpy>=1.25.0", "einops", "safetensors>=0.4.2"]
    readings = [read_list("comfyui", lines), read_list("mover", ["torch==1.13", "--pre"])]
    source = UvPackages(str(tmp_path / "resolving"))
    try:
        found = resolve_python(readings, this_machine("cpu"), source, PythonRequest())
    except SourceUnavailableError as error:
        pytest.skip(f"PyTorch's index is not reachable: {error}")
    assert found.compiled is not None, found.conflicts
    assert len(found.attempts) == 2
    assert installed(tmp_path, found.compiled) == found.compiled.versions


@pytest.mark.system
def test_packages_of_the_real_index_fit_together(tmp_path: Path) -> None:
    """Small ones, for the processor alone; torch itself would be two gigabytes."""
    lines = ["einops", "safetensors>=0.4.2", "numpy<2", "aiohttp>=3.11.8", "pydantic~=2.0", "tqdm"]
    settings = PythonSettings(trio=(), indexes=Indexes())
    found = resolve_python(
        [read_list("comfyui", lines)],
        this_machine("default"),
        UvPackages(str(tmp_path / "resolving")),
        PythonRequest(settings=settings),
    )
    assert found.compiled is not None, found.conflicts
    have = installed(tmp_path, found.compiled)
    assert have == found.compiled.versions
    assert have["numpy"].startswith("1.")
