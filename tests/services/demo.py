"""`make demo`: lock the example workflows against services on this machine, and install them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

from uv import find_uv_bin

from tests.services.examples import fill
from tests.services.front import gate_serving
from tests.services.hub import TOKEN
from tests.services.package_index import package_index, release
from tests.services.world import COMFYUI_REQUIREMENTS as ASKED
from tests.services.world import world_serving

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.services.world import World

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
STEPS = (
    ("lock",),
    ("lock", "--check"),
    ("tree", "comfyui-kjnodes", "--invert"),
    ("why", "ImageResizeKJ"),
)
EMIT = ("emit", "script", "--layout", "plain", "--pack-requirements", "-o", "install.sh")
MOST = 12
"""Lines of a program's output that are shown in whole."""


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
            return install(world, folder, project, environment)


def install(world: World, folder: str, project: str, environment: Mapping[str, str]) -> int:
    """Emit the script, run it into a scratch folder, again, and verify what it installed."""
    code = run(EMIT, project, environment)
    if code:
        return code
    # The one model that the examples' user brings.
    own = os.path.join(folder, "ComfyUI/models/diffusion_models/ace_step_v1_folk-Q6_K.gguf")
    os.makedirs(os.path.dirname(own))
    with open(own, "w", encoding="utf-8") as stream:
        stream.write("made up")
    wheels = [release(f"{name}==9.0") for name in re.findall(r"[a-z]+(?=[>\n])", ASKED)]
    world.hub.granted.update(name for name, each in world.hub.repositories.items() if each.gated)
    with gate_serving(world, folder) as gate, package_index(*wheels) as (_, index):
        with open(os.path.join(folder, ".curlrc"), "w", encoding="utf-8") as stream:
            stream.write(gate.settings)
        variables = {
            **environment,
            "HOME": folder,
            "COMFYUI_DIR": "../ComfyUI",
            "ENABLE_VIDEO": "1",
            "PYTHON": make_python(os.path.join(folder, "environment")),
            "PATH": f"{os.path.dirname(find_uv_bin())}:{environment['PATH']}",
            "UV_DEFAULT_INDEX": index,
            "UV_CACHE_DIR": os.path.join(folder, "uv"),
            "HF_TOKEN": TOKEN,
        }
        for words in ((), (), ("--verify",)):
            code = run_script(words, project, variables)
            if code:
                return code
    return run(("verify", "--installed", "../ComfyUI"), project, environment)


def run_script(words: tuple[str, ...], project: str, environment: Mapping[str, str]) -> int:
    """Run the emitted script; show what it says, of much the beginning and the end."""
    say(f"\n$ COMFYUI_DIR=../ComfyUI ENABLE_VIDEO=1 {' '.join(('bash install.sh', *words))}")
    command = ["bash", "install.sh", *words]
    done = subprocess.run(
        command, cwd=project, env=environment, stderr=subprocess.PIPE, text=True, check=False
    )
    lines = done.stderr.splitlines()
    if len(lines) > MOST and done.returncode == 0:
        lines[2:-1] = [f"… {len(lines) - 3} more lines …"]
    say("\n".join(lines))
    return done.returncode


def make_python(folder: str) -> str:
    """Make an environment; return its interpreter."""
    command = [find_uv_bin(), "venv", "--quiet", "--no-config", "--python", sys.executable, folder]
    subprocess.run(command, check=True)
    return os.path.join(folder, "bin", "python")


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
