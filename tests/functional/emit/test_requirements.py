"""What pip and uv make of the requirements: they install what was locked and nothing else."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from comfylock.config.emit import EmitSettings
from comfylock.emit.planning import plan_of
from comfylock.emit.requirements import generate
from comfylock.python.requirement_lines import read_list
from comfylock.python.settings import PythonSettings
from comfylock.resolve.python_packages import PythonRequest, resolve_python
from comfylock.sources.uv_command import find_uv
from tests.functional.python.python_world import COMFYUI, python_world
from tests.functional.python.test_install import this_machine
from tests.locks import SHA, python_pin, small

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.functional.python.python_world import World

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the index has torch for Linux alone"
)


class Place:
    """A requirements file for this machine, the index that has its packages, an environment."""

    def __init__(self, world: World, folder: Path) -> None:
        readings = [read_list("comfyui", COMFYUI.splitlines()), read_list("a", ["old-tools"])]
        request = PythonRequest(settings=PythonSettings(indexes=world.indexes))
        target = this_machine("cu128")
        found = resolve_python(readings, target, world.uv, request).compiled
        assert found is not None
        self.versions = found.versions
        self.index = world.indexes.default or ""
        self.folder = folder
        lock = small(python=(python_pin(target.name),))
        files = {"pylock.comfy.toml": found.pylock}
        (file,) = generate(plan_of(lock, SHA, EmitSettings(), companions=files))
        self.text = file.data.decode()
        (folder / file.name).write_bytes(file.data)
        self.uv("venv", "-q", "--python", sys.executable, "venv")

    def uv(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [find_uv(), *words, "--no-config", "--cache-dir", str(self.folder / "cache")]
        return self.run(command)

    def run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)

    def install(self) -> subprocess.CompletedProcess[str]:
        words = (
            "--require-hashes",
            "--no-deps",
            "-r",
            "requirements.txt",
            "--index-url",
            self.index,
        )
        return self.uv("pip", "install", "--python", "venv", *words)

    def dry_run(self) -> subprocess.CompletedProcess[str]:
        """Let pip say what it would do."""
        words = ["--require-hashes", "--dry-run", "--ignore-installed", "-r", "requirements.txt"]
        place = ["--index-url", self.index, "--no-cache-dir", "--disable-pip-version-check"]
        return self.run([sys.executable, "-m", "pip", "install", *words, *place])


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with python_world(str(tmp_path / "resolving")) as world:
        folder = tmp_path / "place"
        folder.mkdir()
        yield Place(world, folder)


def test_uv_installs_what_was_locked(place: Place) -> None:
    done = place.install()
    assert done.returncode == 0, done.stderr
    listed = place.uv("pip", "freeze", "--python", "venv").stdout.split("\n")
    have = dict(line.replace(" @ ", "==", 1).split("==", 1) for line in listed if line)
    assert have.keys() == place.versions.keys()
    assert have["numpy"] == place.versions["numpy"]
    assert "torch-2.8.0%2Bcu128" in have["torch"] or "torch-2.8.0+cu128" in have["torch"]


def test_pip_would_install_what_was_locked(place: Place) -> None:
    done = place.dry_run()
    assert done.returncode == 0, done.stdout + done.stderr
    told = done.stdout.rpartition("Would install ")[2].split()
    assert sorted(told) == sorted(f"{n}-{v}" for n, v in place.versions.items())


@pytest.mark.parametrize("package", ["numpy", "torch"])
def test_another_digest_is_refused(place: Place, package: str) -> None:
    lines: list[str] = place.text.split("\n")
    at = next(i for i, line in enumerate(lines) if line.startswith((f"{package}=", f"{package} ")))
    lines[at + 1] = f"    --hash=sha256:{'0' * 64}"
    (place.folder / "requirements.txt").write_text("\n".join(lines), "utf-8")
    for done in (place.install(), *([place.dry_run()] if package == "torch" else [])):
        told: Any = done.stdout + done.stderr
        assert done.returncode
        assert "hash" in told.lower()
