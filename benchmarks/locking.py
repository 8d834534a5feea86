"""How long a lock takes, what it asks for, and how fast it is checked afterwards."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.lock_world import Plan, write_workflows
from benchmarks.processes import HOME, console_script, environment, run
from benchmarks.table import Row, exactly, ratio

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 0.1
"""What every answer of every service takes."""

COLD_LIMIT = 3.0
CHECK_LIMIT = 8
ROUNDS = 3
"""Cold runs; each sends all requests again."""


class Ended(NamedTuple):
    """A command that ended: seconds, what it said, and the requests that it sent by service."""

    seconds: float
    code: int
    text: str
    sent: dict[str, int]


class Bench:
    """A project, services in another process, and the command."""

    def __init__(self, folder: str, services: subprocess.Popen[str]) -> None:
        self.project = os.path.join(folder, "project")
        self.cache = os.path.join(folder, "cache")
        self._services = services
        told = self._answer()
        write_workflows(os.path.join(self.project, "workflows"), Plan(), told["files"])
        self.environment = {
            **environment(),
            **told["environment"],
            "COMFYLOCK_CACHE_DIR": self.cache,
        }

    def lock(self, *words: str, keeps: str) -> Ended:
        """Run `lock` with what `keeps` names (`cache`, `lock`) as it is, the rest removed."""
        if "cache" not in keeps:
            shutil.rmtree(self.cache, ignore_errors=True)
        path = os.path.join(self.project, "comfy.lock")
        if "lock" not in keeps and os.path.exists(path):
            os.unlink(path)
        command = [console_script("comfylock"), "lock", "-C", self.project, *words]
        began = time.perf_counter()
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=False
        )
        seconds = time.perf_counter() - began
        return Ended(seconds, done.returncode, done.stdout + done.stderr, self.sent())

    def sent(self) -> dict[str, int]:
        """Return the requests since the last time, by service."""
        assert self._services.stdin is not None
        self._services.stdin.write("sent\n")
        self._services.stdin.flush()
        found: dict[str, int] = self._answer()
        return found

    def _answer(self) -> Any:
        assert self._services.stdout is not None
        line = self._services.stdout.readline()
        if not line:
            raise RuntimeError("the services stopped")
        return json.loads(line)


@contextmanager
def bench() -> Iterator[Bench]:
    """Yield a project and its services; both are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="comfylock-bench-") as folder:
        command = [sys.executable, "-m", "benchmarks.runners.lock_services", folder, str(SECONDS)]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=HOME
        ) as services:
            yield Bench(folder, services)
            assert services.stdin is not None
            services.stdin.close()


def measure(runs: int) -> list[Row]:
    """Return the figures of locking and checking 100 workflows."""
    with bench() as place:
        cold = [_well(place.lock(keeps="")) for _ in range(ROUNDS)]
        rows = [_cold_row(cold), *_fact_rows(cold[-1].sent)]
        warm = _well(place.lock(keeps="cache"))
        offline = _well(place.lock("--offline", keeps="cache"))
        again = _well(place.lock(keeps="cache lock"))
        named = (("warm", warm), ("offline", offline), ("again", again))
        what = {
            "warm": "requests, all answers in the cache",
            "offline": "requests, `--offline`",
            "again": "requests, the lock is current",
        }
        for name, ended in named:
            note = f"{ended.seconds:.2f} s"
            rows.append(exactly(f"lock.{name}", what[name], sum(ended.sent.values()), 0, note))
        return [*rows, *_check_rows(place, runs)]


def _well(ended: Ended) -> Ended:
    if ended.code:
        raise RuntimeError(f"comfylock lock exits with {ended.code}: {ended.text[-2000:]}")
    return ended


def _cold_row(cold: list[Ended]) -> Row:
    seconds = statistics.median(ended.seconds for ended in cold)
    shown = ", ".join(f"{ended.seconds:.2f}" for ended in cold)
    figure = f"{seconds:.2f} s ({shown})"
    what = f"50 packs, 100 models, {SECONDS * 1000:.0f} ms in every answer, median"
    return Row("lock.cold", what, figure, f"<= {COLD_LIMIT:g} s", seconds <= COLD_LIMIT)


def _fact_rows(sent: dict[str, int]) -> list[Row]:
    return [
        exactly(f"lock.requests.{service}", "requests: " + what, sent.get(service, 0), count)
        for service, (count, what) in Plan().facts.items()
    ]


def beside_pass(place: Bench, words: list[str], runs: int) -> tuple[float, float]:
    """Return the median seconds of a command, and of Python doing nothing, the two taking turns."""
    # A check needs to know which hosts are allowed, and no service.
    hosts = {"COMFYLOCK_ALLOW_HOSTS": place.environment["COMFYLOCK_ALLOW_HOSTS"]}
    commands = [words, [sys.executable, "-c", "pass"]]
    times: tuple[list[float], list[float]] = ([], [])
    with tempfile.NamedTemporaryFile() as output:
        for index in range(max(runs, 15) + 1):
            for each, seconds in zip(commands, times, strict=True):
                measured = run(each, output=output.name, settings={**environment(), **hosts})
                if measured.code:
                    raise RuntimeError(f"{' '.join(each)} exits with {measured.code}")
                if index:
                    seconds.append(measured.seconds)
    return statistics.median(times[0]), statistics.median(times[1])


def _check_rows(place: Bench, runs: int) -> list[Row]:
    command = console_script("comfylock")
    words = [command, "lock", "--check", "-C", place.project]
    sides = beside_pass(place, words, runs)
    sent = sum(place.sent().values())
    return [
        ratio("lock.check", "`lock --check`, 100 workflows, medians", sides, CHECK_LIMIT, "ms"),
        exactly("lock.check.requests", "requests of `lock --check`", sent, 0),
    ]
