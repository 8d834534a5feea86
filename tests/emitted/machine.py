"""A machine on which an emitted script runs: folders, a Python, stand-ins behind real names."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from comfylock.config.emit import EmitSettings
from comfylock.emit.planning import plan_of
from comfylock.emit.script import generate
from comfylock.lockfile.write import write_lock

if TYPE_CHECKING:
    from comfylock.lockfile.schema import Lock
    from tests.services.front import Gate  # noqa: TC004 - machines are never decoded
    from tests.services.world import World  # noqa: TC004 - nor by it

BASH = os.environ.get("TEST_BASH", "bash")
"""Scripts are for bash 4.4 and later: `TEST_BASH=…/bash-4.4/bash pytest tests/emitted`."""

SLEEP = """#!/bin/sh
echo "$@" >>"$SLEPT"
[ "$1" != 20 ] || exec /bin/sleep 0.4
exec /bin/sleep 0.02
"""
"""Pauses are written down and nearly left out; what tells of progress gets some sleep."""

CURL = """#!/bin/bash
printf '%s\\0' "$@" >>"$SEEN" && env >>"$SEEN"
exec "$REAL_CURL" "$@"
"""
"""What everybody on a machine could see of a program: its arguments; and its environment."""


class Ended(Struct, frozen=True):
    """How a run ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The summary, where it was asked for on standard output."""
        return [json.loads(line) for line in self.out.splitlines()]

    def outcomes(self) -> dict[str, str]:
        """What became of each thing, by its name."""
        return {each["name"]: each["outcome"] for each in self.lines if "name" in each}


class Machine(Struct):
    """Folders and an environment; `script` is made from a lock."""

    root: Path
    world: World
    gate: Gate
    python: str
    script: Path = Path()
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def comfyui(self) -> Path:
        return self.root / "ComfyUI"

    @property
    def models(self) -> Path:
        return self.comfyui / "models"

    @property
    def packs(self) -> Path:
        return self.comfyui / "custom_nodes"

    def emit(
        self,
        lock: Lock,
        *,
        pylocks: dict[str, bytes] | None = None,
        previous: Lock | None = None,
        name: str = "install.sh",
        **settings: Any,
    ) -> Path:
        """Write the script of a lock."""
        values = EmitSettings(**{"layout": "plain", "comfyui_dir": str(self.comfyui), **settings})
        digest = hashlib.sha256(write_lock(lock)).hexdigest()
        earlier = None
        if previous is not None:
            old = hashlib.sha256(write_lock(previous)).hexdigest()
            earlier = plan_of(previous, old, values, companions=pylocks or {})
        plan = plan_of(lock, digest, values, companions=pylocks or {}, previous=earlier)
        self.script = self.root / name
        self.script.write_bytes(generate(plan)[0].data)
        return self.script

    def variables(self, **environment: str) -> dict[str, str]:
        """Return the environment of a run: nothing of whoever runs the tests."""
        home, stubs, temporary = (self.root / name for name in ("home", "stubs", "tmp"))
        for folder in (home, stubs, temporary):
            folder.mkdir(exist_ok=True)
        (home / ".curlrc").write_text(self.gate.settings)
        self.stub("sleep", SLEEP)
        self.stub("curl", CURL)
        path = f"{stubs}:{os.path.dirname(_uv())}:/usr/local/bin:/usr/bin:/bin"
        return {
            "PATH": path,
            "HOME": str(home),
            "TMPDIR": str(temporary),
            "PYTHON": self.python,
            "SLEPT": str(self.root / "slept"),
            "SEEN": str(self.root / "seen"),
            "REAL_CURL": _program("curl"),
            "UV_CACHE_DIR": str(self.root / "uv-cache"),
            **self.world.git.environment(),
            "GIT_CONFIG_NOSYSTEM": "1",
            **self.environment,
            **environment,
        }

    def stub(self, name: str, text: str) -> None:
        """Put a program before those of the machine, if there is none of its name yet."""
        path = self.root / "stubs" / name
        path.parent.mkdir(exist_ok=True)
        if not path.exists():
            path.write_text(text)
            path.chmod(0o755)

    def begin(self, *words: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start the script in a process group of its own."""
        return subprocess.Popen(
            [BASH, str(self.script), *words],
            env=self.variables(**environment),
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def run(self, *words: str, **environment: str) -> Ended:
        """Run the script to its end, with the summary on standard output."""
        process = self.begin("--summary", "-", *words, **environment)
        try:
            out, err = process.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            sys.stderr.write(err.decode("utf-8", "replace"))
            raise
        return Ended(process.returncode, out.decode(), err.decode("utf-8", "replace"))

    def files(self, *folders: Path) -> dict[str, tuple[int, int]]:
        """Return what is below ComfyUI (or other folders), with the times of every change."""
        found = {}
        for folder in folders or (self.comfyui,):
            for path in [folder, *folder.rglob("*")]:
                status = path.lstat()
                found[str(path.relative_to(self.root))] = (status.st_mtime_ns, status.st_size)
        return found

    def seen(self) -> str:
        """What was in the arguments and the environment of every curl."""
        path = self.root / "seen"
        return path.read_text(errors="replace") if path.exists() else ""

    def pauses(self) -> list[str]:
        """How long the script wanted to wait, in order."""
        path = self.root / "slept"
        return path.read_text().split() if path.exists() else []


def _uv() -> str:
    import uv  # noqa: PLC0415 - as where it is used

    return os.fsdecode(uv.find_uv_bin())


def make_python(folder: Path) -> str:
    """Make an environment without pip; return its interpreter."""
    subprocess.run(
        [_uv(), "venv", "--quiet", "--python", sys.executable, str(folder)],
        check=True,
        env={"PATH": os.environ["PATH"], "HOME": str(folder.parent), "UV_NO_CONFIG": "1"},
    )
    return str(folder / "bin" / "python")


def _program(name: str) -> str:
    import shutil  # noqa: PLC0415 - as above

    return shutil.which(name) or name
