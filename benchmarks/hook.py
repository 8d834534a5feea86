"""What a commit waits for: the check hook on 100 workflows, against an empty Python."""

from __future__ import annotations

import os
import shlex

import yaml

from benchmarks.locking import bench, beside_pass
from benchmarks.processes import HOME, console_script
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
        sides = beside_pass(place, [*entry(), "-C", place.project], runs)
    return [ratio("hook.check", "the check hook, 100 workflows, medians", sides, LIMIT, "ms")]
