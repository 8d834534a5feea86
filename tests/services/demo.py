"""`make demo`: lock the example workflows against services on this machine, and say so."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

from tests.services.examples import fill
from tests.services.world import world_serving

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
STEPS = (
    ("lock",),
    ("lock", "--check"),
    ("tree", "comfyui-kjnodes", "--invert"),
    ("why", "ImageResizeKJ"),
)


def main() -> int:
    """Copy the examples into a scratch folder, lock them there, show what came of it."""
    say("Services on this machine stand in for the Comfy Registry, GitHub, Hugging Face and")
    say("CivitAI; the packs and files they hold are made up, a few lines each.")
    with tempfile.TemporaryDirectory(prefix="comfylock-demo-") as folder:
        project = os.path.join(folder, "examples")
        shutil.copytree(os.path.join(ROOT, "examples"), project)
        with world_serving(folder) as world:
            fill(world)
            environment = {**os.environ, **world.environment}
            environment["COMFYLOCK_CACHE_DIR"] = os.path.join(folder, "cache")
            for words in STEPS:
                code = run(words, project, environment)
                if code:
                    return code
        show(os.path.join(project, "comfy.lock"))
    return 0


def run(words: tuple[str, ...], project: str, environment: Mapping[str, str]) -> int:
    """Show a command and run it in the project."""
    say(f"\n$ comfylock {' '.join(words)}")
    command = [sys.executable, "-m", "comfylock", *words]
    path = os.pathsep.join(filter(None, (ROOT, environment.get("PYTHONPATH"))))
    return subprocess.run(
        command, cwd=project, env={**environment, "PYTHONPATH": path}, check=False
    ).returncode


def show(path: str) -> None:
    """Show a pack and a model of the lock."""
    with open(path, encoding="utf-8") as stream:
        blocks = stream.read().split("\n\n")
    for kind in ("[[pack]]", "[[model]]"):
        found = [block for block in blocks if block.startswith(kind)]
        say(f"\ncomfy.lock, one of {len(found)} {kind} blocks:\n{found[len(found) // 2]}")


def say(text: str) -> None:
    """Print at once, so that the order of our words and the command's is kept."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
