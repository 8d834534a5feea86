"""A Docker engine, if this machine has one, and what tests ask it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from functools import cache
from typing import TYPE_CHECKING, Any, Self

import pytest

from comfylock.ops.emit import EmitRequest, emit_files
from tests.services.hub import TOKEN
from tests.services.image_world import BASE

if TYPE_CHECKING:
    from tests.services.image_world import ImageWorld

Run = subprocess.CompletedProcess[str]


def require_engine() -> None:
    """Skip unless an engine answers and has the base image."""
    if shutil.which("docker") is None:
        pytest.skip("there is no docker command on PATH")
    if docker("version").returncode != 0:
        pytest.skip("no Docker engine answers (DOCKER_HOST)")
    if docker("image", "inspect", BASE).returncode != 0 and not _base_made():
        told = "a Debian 12 with ca-certificates, curl, git, python3 and python3-venv"
        pytest.skip(f"the engine has no image {BASE} and cannot make it: {told}")


@cache
def _base_made() -> bool:
    """Make the base image, where the engine can reach a registry and Debian's archive."""
    text = (
        "FROM debian:12\nRUN apt-get update && apt-get install --yes --no-install-recommends"
        " ca-certificates curl git python3 python3-venv && rm -rf /var/lib/apt/lists/*\n"
    )
    run = subprocess.run(
        ["docker", "build", "--network=host", "-t", BASE, "-"],
        input=text,
        check=False,
        capture_output=True,
        text=True,
        timeout=600,
    )
    return run.returncode == 0


def docker(*words: str, **environ: str) -> Run:
    """Run docker; what it says is in the result."""
    return subprocess.run(
        ["docker", *words],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **environ},
        timeout=3000,
    )


def emitted(world: ImageWorld, kind: str = "dockerfile", **settings: Any) -> str:
    """Return what a kind gives for the world's project."""
    named = {key.replace("_", "-"): value for key, value in settings.items()}
    (file,) = emit_files(EmitRequest((kind,), world.folder, named)).files
    return file.data.decode()


def build(world: ImageWorld, text: str, *words: str, tag: str = "comfylock-test") -> Run:
    """Build a Dockerfile in the world's project, with its services."""
    with open(os.path.join(world.folder, "Dockerfile"), "w", encoding="utf-8") as file:
        file.write(text)
    arguments = ["--network=host", "--progress=plain", "--secret=id=hf_token,env=HF_TOKEN"]
    return docker(
        "build",
        *arguments,
        *world.build_arguments(),
        *words,
        "-t",
        tag,
        world.folder,
        HF_TOKEN=TOKEN,
    )


def built(world: ImageWorld, text: str, *words: str, tag: str = "comfylock-test") -> Run:
    """Build, and hold that it worked."""
    run = build(world, text, *words, tag=tag)
    assert run.returncode == 0, run.stderr[-4000:]
    return run


def asked(world: ImageWorld) -> dict[str, int]:
    """Return how many requests each service had."""
    return {
        "git": len(world.git.asked),
        "hub": len(world.hub.asked),
        "files": len(world.files.asked),
    }


def inside(tag: str, *words: str, options: tuple[str, ...] = ()) -> str:
    """Run a program in an image without a network; return what it says."""
    run = docker(
        "run", "--rm", "--network=none", *options, "--entrypoint", words[0], tag, *words[1:]
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


class Container:
    """A container that runs until the end of a `with`."""

    def __init__(self, *words: str) -> None:
        run = docker("run", "--detach", *words)
        assert run.returncode == 0, run.stderr
        self.name = run.stdout.strip()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        docker("rm", "--force", self.name)

    @property
    def state(self) -> dict[str, Any]:
        """What the engine knows of it."""
        found: dict[str, Any] = json.loads(docker("inspect", self.name).stdout)[0]["State"]
        return found

    @property
    def log(self) -> str:
        """What it said."""
        run = docker("logs", self.name)
        return run.stdout + run.stderr

    def wait_for(self, what: str, seconds: float = 60) -> None:
        """Wait until its log has a text.

        Raises:
            AssertionError: it does not come, or the container ended.
        """
        end = time.monotonic() + seconds
        while what not in self.log:
            assert time.monotonic() < end, self.log
            assert self.state["Running"], self.log
            time.sleep(0.1)

    def until_healthy(self, seconds: float = 60) -> None:
        """Wait until its health check says yes."""
        end = time.monotonic() + seconds
        while self.state["Health"]["Status"] != "healthy":
            assert time.monotonic() < end, self.state["Health"]
            time.sleep(0.2)

    def stop(self) -> int:
        """Stop it as an orchestrator does; return its exit code."""
        docker("stop", "--time=20", self.name)
        return int(self.state["ExitCode"])
