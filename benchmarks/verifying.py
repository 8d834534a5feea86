"""Verifying what is installed: hashing at the machine's own rate, and nothing read twice."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time

from benchmarks.processes import console_script, cores, environment
from benchmarks.table import Row, at_least, exactly
from comfylock.lockfile.schema import Lock, ModelPin
from comfylock.lockfile.write import write_lock

LARGE = (8, 512 << 20)
"""Files and bytes of each: four gigabytes."""

MANY = (10_000, 4096)
BLOCK = 32 << 20
SETTLED = 2.5
"""Seconds after which a change of a file would show in its time stamps on any file system."""

ROUNDS = 3
TARGET = 0.9
QUICK = 1.0
"""Seconds for ten thousand files of which none has changed."""


def measure(scratch: str) -> list[Row]:
    """Return the rate of the first run, and what later ones cost."""
    folder = tempfile.mkdtemp(prefix="verify-", dir=scratch)
    try:
        return [*_large(os.path.join(folder, "large")), *_many(os.path.join(folder, "many"))]
    finally:
        shutil.rmtree(folder)


def _large(folder: str) -> list[Row]:
    paths = _write(folder, *LARGE)
    total = LARGE[0] * LARGE[1]
    theirs, ours, others = [], [], []
    for _ in range(ROUNDS):
        theirs.append(_timed(["sha256sum", *paths]))
        if shutil.which("openssl"):
            others.append(_timed(["openssl", "dgst", "-sha256", *paths]))
        shutil.rmtree(os.path.join(folder, "cache"), ignore_errors=True)
        seconds, hashed = _verify(folder)
        ours.append(seconds)
    if hashed != LARGE[0]:
        raise RuntimeError(f"{hashed} of {LARGE[0]} files were hashed")
    again, read = _verify(folder)
    rate, rival = total / min(ours) / 1e9, total / min(theirs) / 1e9
    note = f"{rate:.2f} GB/s on {cores()} cores, sha256sum {rival:.2f} GB/s on one"
    rows = [
        at_least(
            "verify.rate", "4 GB against sha256sum x cores", rate / rival / cores(), TARGET, note
        )
    ]
    if others:
        best = total / min(others) / 1e9
        share = rate / best / cores()
        told = f"{share:.2f} of openssl x cores ({best:.2f} GB/s on one)"
        rows.append(Row("verify.rate.openssl", "the same against openssl", told))
    rows.append(exactly("verify.again", "models read in a second run", read, 0, f"{again:.2f} s"))
    return rows


def _many(folder: str) -> list[Row]:
    _write(folder, *MANY)
    first, hashed = _verify(folder)
    if hashed != MANY[0]:
        raise RuntimeError(f"{hashed} of {MANY[0]} files were hashed")
    times, reads = zip(*(_verify(folder) for _ in range(ROUNDS)), strict=True)
    best = min(times)
    return [
        exactly("verify.many.again", "of 10,000 files, read in a second run", max(reads), 0),
        Row(
            "verify.many",
            "10,000 files, nothing changed, whole command",
            f"{best:.2f} s (first run {first:.2f} s)",
            f"< {QUICK:g} s",
            best < QUICK,
        ),
    ]


def _write(folder: str, count: int, size: int) -> list[str]:
    """Make a ComfyUI with models, a lock of them, and a place for a cache."""
    comfyui = os.path.join(folder, "ComfyUI")
    models = os.path.join(comfyui, "models", "checkpoints")
    os.makedirs(models)
    for name in ("main.py", "nodes.py"):
        with open(os.path.join(comfyui, name), "wb"):
            pass
    block = os.urandom(min(BLOCK, size))
    pins, paths = [], []
    for number in range(count):
        name = f"sub{number // 500}/{number:05}.safetensors"
        path = os.path.join(models, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as stream:
            stream.writelines(block for _ in range(size // len(block)))
            stream.write(f"{number:09}".encode())
        pins.append(ModelPin(name, "checkpoints", "local", size=size + 9, sha256="0" * 64))
        paths.append(path)
    with open(os.path.join(folder, "comfy.lock"), "wb") as stream:
        stream.write(write_lock(Lock(models=tuple(_true(pins, paths)))))
    time.sleep(SETTLED)
    return paths


def _true(pins: list[ModelPin], paths: list[str]) -> list[ModelPin]:
    """Return pins with the digests that the machine's own tool gives."""
    from msgspec.structs import replace  # noqa: PLC0415 - a leaf

    found = []
    for at in range(0, len(paths), 500):
        out = subprocess.run(
            ["sha256sum", *paths[at : at + 500]], capture_output=True, text=True, check=True
        ).stdout
        digests = [line.split()[0] for line in out.splitlines()]
        found += [replace(p, sha256=d) for p, d in zip(pins[at : at + 500], digests, strict=True)]
    return found


def _verify(folder: str) -> tuple[float, int]:
    """Run the command; return its seconds, and how many files it hashed."""
    command = [console_script("comfylock"), "verify", "-C", folder, "--json"]
    command += ["--installed", os.path.join(folder, "ComfyUI")]
    settings = {**environment(), "COMFYLOCK_CACHE_DIR": os.path.join(folder, "cache")}
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, env=settings, check=False)
    seconds = time.perf_counter() - began
    if done.returncode:
        raise RuntimeError(f"verify exits with {done.returncode}: {done.stdout[-500:]!r}")
    hashed: int = json.loads(done.stdout)["data"]["hashed"]
    return seconds, hashed


def _timed(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began
