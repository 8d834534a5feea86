"""A hundred thousand workflows in one run: linear in time, flat in memory, on every core."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from typing import TYPE_CHECKING, Any

from benchmarks.processes import Measured, console_script, cores, run
from benchmarks.table import Row, size
from benchmarks.widget_names import all_nodes

if TYPE_CHECKING:
    from collections.abc import Sequence

TOTAL = 100_000
PART = 25_000
IN_FOLDER = 500
LARGEST = 20_000
"""Bytes of the largest template that is copied: the whole stays below two gigabytes."""

ROUNDS = 2
"""Runs of each size, of which the faster counts."""

LINEAR = 1.15
"""How much longer than four times a quarter the whole may take."""

FLAT = 1.1
"""How much more memory than a quarter the whole may take."""


def measure(paths: Sequence[str], scratch: str) -> list[Row]:
    """Return time, memory and processor use for a quarter, a half and all of the files."""
    folder = tempfile.mkdtemp(prefix="large-", dir=scratch)
    try:
        parts, count = _copies(paths, folder)
        rows = [Row("large.files", "workflows written", f"{TOTAL:,}, {size(count)}")]
        rows += _rows("jsonl", ["--jsonl"], parts)
        rows += _rows("text", [], parts)
    finally:
        shutil.rmtree(folder)
    return rows


def _rows(name: str, options: list[str], parts: Sequence[str]) -> list[Row]:
    command = [console_script("comfylock"), "analyze", *options]
    run([*command, parts[0]])  # the first look at the files is the disk's
    runs: dict[int, Measured] = {}
    for share in (1, 2, len(parts)) * ROUNDS:
        measured = run([*command, *parts[:share]], watch=True)
        before = runs.setdefault(PART * share, measured)
        runs[PART * share] = min(before, measured, key=lambda one: one.seconds)
    quarter, whole = runs[PART], runs[TOTAL]
    shown = ", ".join(f"{count // 1000}k {one.seconds:.1f} s" for count, one in runs.items())
    growth = whole.seconds / (quarter.seconds * TOTAL / PART)
    used = whole.cpu / whole.seconds
    wanted = 0.8 * min(cores(), 2)
    return [
        Row(
            f"large.{name}.time", shown, f"{growth:.2f} of linear", f"<= {LINEAR}", growth <= LINEAR
        ),
        _memory(f"large.{name}.parent", "peak of the first process", runs, "memory"),
        _memory(f"large.{name}.workers", "peak of the largest worker", runs, "workers"),
        Row(
            f"large.{name}.cores",
            "processor time / time",
            f"{used:.2f} ({whole.cpu:.1f} s / {whole.seconds:.1f} s)",
            f">= {wanted:g}",
            used >= wanted,
        ),
    ]


def _memory(name: str, what: str, runs: dict[int, Measured], field: str) -> Row:
    peaks = [getattr(one, field) for one in runs.values()]
    growth = peaks[-1] / max(peaks[0], 1)
    return Row(name, what, ", ".join(map(size, peaks)), f"<= {FLAT} of 25k", growth <= FLAT)


def _copies(paths: Sequence[str], folder: str) -> tuple[list[str], int]:
    """Write the files, each different; return the folders of the four quarters and the bytes."""
    originals = [_load(path) for path in paths]
    texts = [json.dumps(original) for original in originals]
    small = [o for o, text in zip(originals, texts, strict=True) if len(text) <= LARGEST]
    parts = [os.path.join(folder, f"part-{index}") for index in range(TOTAL // PART)]
    written = 0
    for index in range(TOTAL):
        if index % IN_FOLDER == 0:
            here = os.path.join(parts[index // PART], f"{index // IN_FOLDER:04}")
            os.makedirs(here)
        data = _changed(small[index % len(small)], index)
        with open(os.path.join(here, f"{index:06}.json"), "wb") as stream:
            stream.write(data)
        written += len(data)
    return parts, written


def _changed(workflow: dict[str, Any], index: int) -> bytes:
    """Return a workflow with an id and seeds of its own."""
    workflow["id"] = f"00000000-0000-4000-8000-{index:012}"
    for node in all_nodes(workflow):
        values = node.get("widgets_values")
        if isinstance(values, list) and len(values) > 1 and values[1] in ("fixed", "randomize"):
            values[0] = index
    return json.dumps(workflow, separators=(",", ":")).encode()


def _load(path: str) -> Any:
    with open(path, "rb") as stream:
        return json.load(stream)
