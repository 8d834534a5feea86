"""How fast and how small, in one run, the contenders taking turns."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from typing import TYPE_CHECKING

from benchmarks.processes import Contender, console_script, run
from benchmarks.scratch import peer_python
from benchmarks.table import Row, ratio, size

if TYPE_CHECKING:
    from collections.abc import Sequence

SLOW_ROUNDS = 2
"""Rounds for the Manager, which takes a hundred times as long as the others."""

PROCESSES = 3
"""How often each contender is started: where its memory lies is worth some per cent."""

COMFYGIT_MEMORY = 52_000_000
"""Bytes that comfygit's own command needs; its library is measured beside ours."""

PEER_TARGETS = {"comfygit": 0.5, "manager": 0.02}


def measure_library(paths: Sequence[str], scratch: str, rounds: int) -> list[Row]:
    """Return the time of one process over all templates against the peers and the floor."""
    pythons = {"comfylock_library": sys.executable, "floor": sys.executable}
    for peer in PEER_TARGETS:
        python = peer_python(scratch, peer)
        if python is not None:
            pythons[peer] = python
    times: dict[str, list[float]] = {name: [] for name in pythons}
    memory: dict[str, int] = dict.fromkeys(pythons, 0)
    for start in range(PROCESSES):
        contenders = {
            name: Contender(name, python, paths)
            for name, python in pythons.items()
            if name != "manager" or not start
        }
        for index in range(rounds + 1):
            for name, contender in contenders.items():
                if name == "manager" and index > SLOW_ROUNDS:
                    continue
                seconds = contender.round()
                if index:  # the first round warms up
                    times[name].append(seconds)
        for name, contender in contenders.items():
            memory[name] = max(memory[name], contender.memory)
            contender.close()
    return _library_rows(times, memory)


def _library_rows(times: dict[str, list[float]], memory: dict[str, int]) -> list[Row]:
    best = {name: min(seconds) for name, seconds in times.items()}
    ours = best["comfylock_library"]
    rows = [
        Row("speed.library", "644 templates, one process", f"{ours * 1000:.1f} ms"),
        ratio("speed.floor", "against decoding alone", (ours, best["floor"]), 2.5, "ms"),
    ]
    rows += [
        ratio(f"speed.{peer}", f"against {peer}'s parser", (ours, best[peer]), target, "ms")
        for peer, target in PEER_TARGETS.items()
        if peer in best
    ]
    medians = {name: statistics.median(seconds) for name, seconds in times.items()}
    shown = ", ".join(f"{name} {seconds * 1000:.0f} ms" for name, seconds in medians.items())
    rows.append(
        Row(
            "speed.medians",
            f"{len(times['floor'])} rounds in {PROCESSES} processes, medians",
            shown,
        )
    )
    limit = memory.get("comfygit", COMFYGIT_MEMORY)
    most = memory["comfylock_library"]
    figure, target = size(most), f"< {size(limit)} (comfygit)"
    rows.append(Row("memory.library", "peak, 644 templates", figure, target, most < limit))
    return rows


def measure_start(paths: Sequence[str], runs: int) -> list[Row]:
    """Return the time of whole commands against an interpreter that does nothing."""
    command = console_script("comfylock")
    chosen = sorted(paths, key=os.path.getsize)[len(paths) // 2]
    commands = {
        "pass": [sys.executable, "-c", "pass"],
        "version": [command, "--version"],
        "analyze": [command, "analyze", chosen],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    with tempfile.NamedTemporaryFile() as output:
        for index in range(max(runs, 15) + 1):
            for name, words in commands.items():
                measured = run(words, output=output.name)
                if measured.code:
                    raise RuntimeError(f"{' '.join(words)} exits with {measured.code}")
                if index:
                    times[name].append(measured.seconds)
    medians = {name: statistics.median(seconds) for name, seconds in times.items()}
    least = {name: min(seconds) for name, seconds in times.items()}
    smallest = ", ".join(f"{name} {seconds * 1000:.1f} ms" for name, seconds in least.items())
    empty = medians["pass"]
    return [
        ratio("start.analyze", "`analyze FILE`, medians", (medians["analyze"], empty), 6, "ms"),
        ratio("start.version", "`--version`, medians", (medians["version"], empty), 3.5, "ms"),
        Row("start.minima", f"{len(times['pass'])} runs, minima", smallest),
    ]


def measure_memory(paths: Sequence[str]) -> list[Row]:
    """Return the peak memory of the command over the folder of templates."""
    command = [console_script("comfylock"), "analyze", "--jsonl", *paths]
    with tempfile.NamedTemporaryFile() as output:
        measured = run(command, output=output.name, watch=True)
    if not measured.memory:
        return [Row("memory.command", "peak, `analyze --jsonl`", "not measured here")]
    return [
        Row(
            "memory.command",
            "peak, `analyze --jsonl`",
            size(measured.memory),
            f"< {size(COMFYGIT_MEMORY)}",
            measured.memory < COMFYGIT_MEMORY,
        )
    ]
