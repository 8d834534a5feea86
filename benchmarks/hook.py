"""What a commit waits for: the check hook on 100 workflows, against an empty Python."""

from __future__ import annotations

import os
import shlex
import statistics
import sys
import tempfile

import yaml

from benchmarks.locking import bench
from benchmarks.processes import HOME, console_script, environment, run
from benchmarks.table import Row, ratio

LIMIT = 10
"""Times `python -c pass`."""


def entry() -> list[str]:
    """Return the words that pre-commit runs for `comfylock-check`."""
    with open(os.path.join(HOME, ".pre-commit-hooks.yaml"), encoding="utf-8") as stream:
        hooks = {hook["id"]: hook for hook in yaml.safe_load(stream)}
    words = shlex.split(hooks["comfylock-check"]["entry"])
    return [console_script(words[0]), *words[1:]]


def measure(runs: int) -> list[Row]:
    """Return how long the check hook takes, the two taking turns."""
    with bench() as place:
        done = place.lock(keeps="")
        if done.code:
            raise RuntimeError(f"comfylock lock exits with {done.code}: {done.text[-2000:]}")
        # A check needs to know which hosts are allowed, and no service.
        hosts = {"COMFYLOCK_ALLOW_HOSTS": place.environment["COMFYLOCK_ALLOW_HOSTS"]}
        commands = {
            "pass": [sys.executable, "-c", "pass"],
            "hook": [*entry(), "-C", place.project],
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        with tempfile.NamedTemporaryFile() as output:
            for index in range(max(runs, 15) + 1):
                for name, words in commands.items():
                    measured = run(words, output=output.name, settings={**environment(), **hosts})
                    if measured.code:
                        raise RuntimeError(f"{' '.join(words)} exits with {measured.code}")
                    if index:
                        times[name].append(measured.seconds)
    medians = {name: statistics.median(seconds) for name, seconds in times.items()}
    sides = (medians["hook"], medians["pass"])
    return [ratio("hook.check", "the check hook, 100 workflows, medians", sides, LIMIT, "ms")]
