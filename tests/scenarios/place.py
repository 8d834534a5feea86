"""A project in a world of services, and commands that run in it as a user's do."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import Struct, field

from comfylock.cli.main import main
from comfylock.lockfile.read import read_lock
from comfylock.ops.lock import LockOutcome, LockRequest, lock
from comfylock.ops.services import Effort
from tests.builders import encoded
from tests.ended import Ended
from tests.project import ROOT
from tests.services.world import World

if TYPE_CHECKING:
    from comfylock.lockfile.schema import Lock
    from tests.services.web import StandIn

PATIENCE = 0.6
"""Seconds for a request where patience is short; the answers of this machine take a hundredth."""


class Place(Struct):
    """A folder with a project and a cache, and the world that it is locked in."""

    folder: Path
    world: World
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def project(self) -> Path:
        """The project's folder."""
        return self.folder / "project"

    @property
    def lock_file(self) -> Path:
        """Where its lock is."""
        return self.project / "comfy.lock"

    @property
    def lock(self) -> bytes | None:
        """The lock's bytes, None if there is none."""
        return self.lock_file.read_bytes() if self.lock_file.exists() else None

    @property
    def locked(self) -> Lock:
        """What the lock holds."""
        return read_lock(self.lock_file.read_bytes(), "comfy.lock")

    def write(self, name: str, content: Any) -> None:
        """Write a file of the project: bytes, a text, or a document as JSON."""
        path = self.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = content.encode() if isinstance(content, str) else content
        path.write_bytes(text if isinstance(text, bytes) else encoded(text))

    def variables(self, **environment: str) -> dict[str, str]:
        """What leads a command to the world and to this place's own cache."""
        cache = {"COMFYLOCK_CACHE_DIR": str(self.folder / "cache")}
        return {**self.world.environment, **cache, **self.environment, **environment}

    def run(self, *words: str, **environment: str) -> Ended:
        """Run a command line in this process."""
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.variables(**environment).items():
                patch.setenv(name, value)
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            code = main([*words, "-C", str(self.project)])
        return Ended(code, _text(out), _text(err))

    def attempt(self, **request: Any) -> LockOutcome:
        """Lock with little patience: a service that does not answer is given up at once."""
        effort = Effort(attempts=1, pause=0, seconds=PATIENCE)
        asked = {"project": str(self.project), "effort": effort, **request}
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.variables().items():
                patch.setenv(name, value)
            return lock(LockRequest(**asked), os.environ)

    def process(self, *words: str, code: str = "", **environment: str) -> subprocess.Popen[bytes]:
        """Begin a command line, or a piece of Python, in a process of its own."""
        command = [sys.executable, *(("-c", code) if code else ("-m", "comfylock")), *words]
        return subprocess.Popen(
            [*command, "-C", str(self.project)],
            env={**os.environ, "PYTHONPATH": str(ROOT), **self.variables(**environment)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def outside(self, *words: str, code: str = "", **environment: str) -> Ended:
        """Run a command line, or a piece of Python, in a process of its own."""
        process = self.process(*words, code=code, **environment)
        out, err = process.communicate()
        return Ended(process.returncode, out.decode(), err.decode())

    def sent(self, *words: str, **environment: str) -> tuple[Ended, dict[str, int]]:
        """Run a command line; return the requests that it sent, by service, with how it ended."""
        self.world.forget()
        ended = self.run(*words, **environment)
        return ended, {name: count for name, count in self.world.requests().items() if count}

    def files(self) -> dict[str, bytes]:
        """Every file of the project."""
        paths = (path for path in self.project.rglob("*") if path.is_file())
        return {str(path.relative_to(self.project)): path.read_bytes() for path in sorted(paths)}


def stand_ins(world: World) -> dict[str, StandIn]:
    """The services that speak HTTP, by name."""
    return {
        "comfy-registry": world.registry,
        "huggingface": world.hub,
        "civitai": world.civitai,
        "github": world.github,
        "files": world.files,
    }


def mend(world: World) -> None:
    """Let every service do what it should, and forget what it was asked."""
    for service in stand_ins(world).values():
        service.faults.clear()
    hidden = {name: fault for name, fault in world.git.faults.items() if fault.status == 401}
    world.git.faults.clear()
    world.git.faults.update(hidden)
    world.delay(0)
    world.hesitate(0)
    world.github.left = 60
    world.forget()


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode("utf-8", "replace")
