"""A project folder with the made-up registry, and commands that run in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from comfylock.cli.main import main
from tests.builders import (
    Json,
    encoded,
    node,
    stamped,
    ui,
)

if TYPE_CHECKING:
    import pytest


ROOT = Path(__file__).parents[1]
URL = "https://huggingface.co/org/repo/resolve/main/fresh.safetensors"
MODELS = [{"name": "fresh.safetensors", "url": URL, "directory": "checkpoints"}]

GOOD = ui(
    node(1, "KSampler", 5, "fixed"),
    stamped(2, "AlphaNode", cnr_id="alpha", ver="1.2.0"),
    node(3, "CheckpointLoaderSimple", "fresh.safetensors", properties={"models": MODELS}),
    node(4, "LoadImage", "cat.png", "image"),
    node(5, "BetaNode", mode=4),
)
OPEN = ui(node(1, "Shared"), node(2, "Nobody Knows"), node(3, "LoraLoader", "mystery.safetensors"))


class Run:
    """A project folder and what came of a command in it."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[bytes]) -> None:
        self.folder = folder
        self.capture = capture
        self.out = ""
        self.err = ""

    def write(self, name: str, content: Any) -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else encoded(content))
        return name

    def __call__(self, *words: str) -> int:
        code = main(["analyze", *words])
        out, err = self.capture.readouterr()
        self.out, self.err = out.decode(), err.decode()
        return code

    def json(self, *words: str) -> Json:
        self(*words, "--json")
        decoded: Json = json.loads(self.out)
        return decoded


def outside(run: Run, *words: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command in a process of its own."""
    command = [sys.executable, "-m", "comfylock", "analyze", *words]
    changed = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(command, env=changed, cwd=run.folder, capture_output=True, check=False)
