"""The requirements of popular packs with ComfyUI's, resolved against the real package index."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from typing import TYPE_CHECKING

from benchmarks.pack_requirements import COMFYUI, PACKS
from benchmarks.table import Row, exactly
from comfylock.python.requirement_lines import read_pack
from comfylock.python.settings import PythonSettings
from comfylock.python.targets import target_of
from comfylock.python.torch import is_protected
from comfylock.resolve.python_packages import PythonRequest, PythonResolution, resolve_python
from comfylock.sources.python_packages import UvPackages

if TYPE_CHECKING:
    from comfylock.python.asked import Reading

TARGET = ("3.12", "linux-x86_64", "default")
"""torch as the package index has it: PyTorch's own index need not be reachable."""

_GIT = "git+https://github.com/WASasquatch"
WITHOUT = {
    "comfyui-art-venture": ("fairscale",),
    "comfyui-impact-pack": ("sam2",),
    "comfyui-reactor": ("insightface==0.7.3",),
    "comfyui-rmbg": ("groundingdino-py",),
    "comfyui_controlnet_aux": ("fvcore",),
    "comfyui_essentials": ("pixeloe",),
    "was-node-suite-comfyui": (
        "fairscale",
        f"{_GIT}/img2texture.git",
        f"{_GIT}/cstr",
        f"{_GIT}/ffmpy.git",
    ),
}
"""Lines that cannot be had without building a source distribution, which runs its code."""


def readings() -> list[Reading]:
    """Return what ComfyUI and the packs ask for."""
    texts = {"comfyui": COMFYUI, **PACKS}
    return [
        read_pack(name, {"requirements.txt": text.encode()}.get) for name, text in texts.items()
    ]


def measure(scratch: str) -> tuple[list[Row], list[str]]:
    """Return the rows: resolved with digests, how long it takes, unchanged when asked again."""
    os.makedirs(scratch, exist_ok=True)
    cache = tempfile.mkdtemp(prefix="uv-", dir=scratch)
    try:
        return _measured(UvPackages(cache))
    finally:
        shutil.rmtree(cache, ignore_errors=True)


def _measured(uv: UvPackages) -> tuple[list[Row], list[str]]:
    settings = PythonSettings(ignored=WITHOUT)
    asked = sum(len(each.asked) for each in readings())
    cold, first = _timed(uv, PythonRequest(settings=settings))
    rows = [
        Row("python.packs", "packs beside ComfyUI", f"{len(PACKS)}", ">= 30", len(PACKS) >= 30),
        Row("python.lines", "lines asked", f"{asked} ({len(first.ignored)} ignored)"),
    ]
    details = [each.message for each in first.conflicts] + [str(each) for each in first.attempts]
    if first.compiled is None:
        rows.append(Row("python.solved", "resolved", "no solution", "a solution", met=False))
        return rows, details
    lock = first.compiled
    with_digest = sum(bool(each.digests) for each in lock.packages)
    warm, second = _timed(uv, PythonRequest(settings=settings, earlier=lock.pylock))
    offline, third = _timed(uv, PythonRequest(settings=settings, offline=True))
    trio = sum(is_protected(each.name) for each in lock.packages)
    same = [each.compiled is not None and each.compiled == lock for each in (second, third)]
    rows += [
        exactly("python.digests", "packages with sha256", with_digest, len(lock.packages)),
        Row("python.trio", "of these torch and its libraries", str(trio)),
        Row("python.cold", "empty cache", f"{cold:.1f} s"),
        Row("python.warm", "again, with the lock", f"{warm:.2f} s"),
        Row("python.offline", "again, offline", f"{offline:.2f} s"),
        Row("python.stable", "the same bytes again", _yes(same[0]), "yes", same[0]),
        Row("python.stable.offline", "the same bytes offline", _yes(same[1]), "yes", same[1]),
    ]
    return rows, details


def _timed(uv: UvPackages, request: PythonRequest) -> tuple[float, PythonResolution]:
    begin = time.perf_counter()
    found = resolve_python(readings(), target_of(*TARGET), uv, request)
    return time.perf_counter() - begin, found


def _yes(value: bool) -> str:
    return "yes" if value else "no"


if __name__ == "__main__":
    from benchmarks.scratch import scratch_folder
    from benchmarks.table import as_text

    measured, lines = measure(scratch_folder())
    print(as_text(measured), *lines, sep="\n")
    sys.exit(any(row.met is False for row in measured))
