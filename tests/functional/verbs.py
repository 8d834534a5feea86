"""A project with a lock, and every verb as a user calls it."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

from comfylock.cli.main import main
from comfylock.lockfile.schema import ComfyuiPin, Lock, Options, WorkflowEntry
from comfylock.lockfile.write import write_lock
from tests.builders import node, stamped, ui
from tests.locks import from_git, hub_model, release

if TYPE_CHECKING:
    from pathlib import Path

    from tests.project import Run

COMFYUI = "https://github.com/comfyanonymous/ComfyUI"
URL = "https://huggingface.co/org/repo/resolve/main/fresh.safetensors"
MODELS = [{"name": "fresh.safetensors", "url": URL, "directory": "checkpoints"}]
FIRST = ui(
    node(1, "KSampler", 5, "fixed"),
    stamped(2, "AlphaNode", cnr_id="alpha", ver="1.2.0"),
    node(3, "CheckpointLoaderSimple", "fresh.safetensors", properties={"models": MODELS}),
    stamped(7, "AlphaNode", cnr_id="alpha", ver="1.2.0"),
)
SECOND = ui(node(1, "GammaNode"), stamped(4, "AlphaNode", cnr_id="alpha", ver="1.2.0"))


def locked(**fields: Any) -> Lock:
    """What a resolution makes of the two workflows."""
    values: dict[str, Any] = {
        "options": Options(inputs=("workflows",)),
        "comfyui": ComfyuiPin(">=0.1.0", "0.3.64", COMFYUI, "c" * 40, "d" * 40),
        "workflows": (
            WorkflowEntry("workflows/first.json", ("alpha",), ("checkpoints/fresh.safetensors",)),
            WorkflowEntry("workflows/second.json", ("alpha", "carl/gamma")),
        ),
        "packs": (
            release(
                aliases=("ann/alpha", "old-alpha"),
                provides=("AlphaNode",),
                evidence=("workflows/first.json: cnr_id", "workflows/second.json: cnr_id"),
            ),
            from_git(provides=("GammaNode",), evidence=("workflows/second.json: registry",)),
        ),
        "models": (hub_model("fresh.safetensors", "checkpoints"),),
    }
    return Lock(**{**values, **fields})


def project(run: Run, lock: Lock | None = None) -> None:
    """Write the workflows, and a lock that satisfies them unless another is given."""
    run.write("workflows/first.json", FIRST)
    run.write("workflows/second.json", SECOND)
    run.write("comfy.lock", write_lock(locked() if lock is None else lock))


def git(folder: Path, *words: str) -> str:
    """Run git as a user with a name would; return what it prints."""
    names = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
    command = ["git", *names, "-c", "init.defaultBranch=main", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


def commit(folder: Path, message: str = "change") -> None:
    """Commit everything in a folder, in a repository made for it if there is none."""
    if not (folder / ".git").exists():
        git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message)


def call(run: Run, *words: str) -> int:
    """Run a command line; keep what it printed."""
    try:
        code = main(list(words))
    except SystemExit as stopped:  # argparse's own help
        code = int(stopped.code or 0)
    out, err = run.capture.readouterr()
    run.out, run.err = out.decode(), err.decode()
    return code


def data(run: Run, *words: str) -> Any:
    """Run a command line with --json; return what its envelope holds."""
    call(run, *words, "--json")
    return json.loads(run.out)["data"]
