"""Running contenders in processes of their own: how long, how much processor, how much memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.runners.rounds import ANSWER, peak_memory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
"""The repository: the runners import this package from every environment."""


class Measured(NamedTuple):
    """One run of a command."""

    seconds: float
    cpu: float
    """Seconds of processor time, children included."""
    memory: int
    """The most that the first process held, in bytes; 0 unless watched."""
    workers: int
    """The most that any of its children held, in bytes; 0 unless watched."""
    code: int


class Contender:
    """A process that does a round over the same files whenever it is asked."""

    def __init__(self, name: str, python: str, paths: Sequence[str]) -> None:
        self.name = name
        self.memory = 0
        self._list = tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8")  # noqa: SIM115
        self._list.write("\n".join(paths))
        self._list.flush()
        self._process = subprocess.Popen(
            [python, "-m", f"benchmarks.runners.{name}", self._list.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=HOME,
            env=environment() | {"PYTHONPATH": HOME},
        )

    def round(self) -> float:
        """Return the seconds of one more round."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        # What a contender prints while it is imported comes before the first answer.
        lines = (line for line in self._process.stdout if line.startswith(ANSWER))
        line = next(lines, None)
        if line is None:
            raise RuntimeError(f"the runner for {self.name} stopped")
        answer = json.loads(line)
        self.memory = answer["memory"]
        return float(answer["seconds"])

    def close(self) -> None:
        """End the process."""
        self._process.communicate()
        self._list.close()


def run(
    command: Sequence[str],
    *,
    output: str = os.devnull,
    watch: bool = False,
    settings: Mapping[str, str] | None = None,
) -> Measured:
    """Run a command with its output in a file, and measure it; `watch` samples its memory.

    `settings` are its environment, if not this one's.
    """
    around = dict(settings) if settings is not None else environment()
    with open(output, "wb") as stream:
        actions = [(os.POSIX_SPAWN_DUP2, stream.fileno(), 1)]
        began = time.perf_counter()
        process = os.posix_spawnp(command[0], list(command), around, file_actions=actions)
        watcher = _Watcher(process) if watch else None
        _, status, usage = os.wait4(process, 0)
        seconds = time.perf_counter() - began
    if watcher is not None:
        watcher.stop()
    return Measured(
        seconds,
        usage.ru_utime + usage.ru_stime,
        watcher.memory if watcher else 0,
        watcher.workers if watcher else 0,
        os.waitstatus_to_exitcode(status),
    )


class _Watcher:
    """Looks at a process and its children every few milliseconds; Linux only."""

    def __init__(self, process: int) -> None:
        self.process = process
        self.memory = self.workers = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def stop(self) -> None:
        """Stop looking."""
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        pause = 0.002
        while not self._done.wait(pause):
            pause = min(pause * 1.05, 0.1)
            self.memory = max(self.memory, peak_memory(self.process))
            for child in _children(self.process):
                self.workers = max(self.workers, peak_memory(child))


def _children(process: int) -> list[int]:
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{process}/task"):
            with open(f"/proc/{process}/task/{thread}/children", encoding="ascii") as stream:
                found.extend(int(child) for child in stream.read().split())
    except OSError:
        pass
    return found


def environment() -> dict[str, str]:
    """Return the environment for contenders: they may keep bytecode, as installed packages do."""
    return {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}


def cores() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def console_script(name: str) -> str:
    """Return the path of a command beside the running interpreter."""
    return os.path.join(os.path.dirname(sys.executable), name)
