"""Plans of locks from which images can be made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from comfylock.config.emit import EmitSettings
from comfylock.emit.kinds import generator
from comfylock.emit.planning import plan_of
from tests.locks import SHA, full, image, python_pin

if TYPE_CHECKING:
    from comfylock.emit.plan import Plan
    from comfylock.lockfile.schema import Lock

PYLOCK = b"""\
lock-version = "1.0"

[[packages]]
name = "torch"
version = "2.8.0+cu128"
"""


def buildable(lock: Lock | None = None) -> Lock:
    """Return a lock with everything in it that can be pinned, and two accelerators to build for."""
    whole = full()
    lock = lock or replace(
        whole,
        images=(),
        python=(),
        unresolved=(),
        workflows=(),
        models=tuple(m for m in whole.models if m.folder and (m.sha256 or m.source == "local")),
    )
    pins = (
        python_pin("linux-x86_64-py3.12-cpu", file="pylock.comfy-cpu.toml"),
        python_pin(torch="2.8.0+cu128", builds=("insightface",)),
    )
    return replace(
        lock,
        comfyui=lock.comfyui or whole.comfyui,
        images=lock.images or (image("cpu"), image("cu128"), image("runpod")),
        python=lock.python or pins,
    )


def plan(lock: Lock | None = None, **settings: Any) -> Plan:
    """Return the plan of a lock."""
    lock = buildable(lock)
    values: dict[str, Any] = {"models": "bake", "allow_unpinned": True, **settings}
    files = {pin.file: PYLOCK for pin in lock.python}
    return plan_of(lock, SHA, EmitSettings(**values), companions=files)


def text_of(kind: str, lock: Lock | None = None, **settings: Any) -> str:
    """Return what a kind makes of a lock."""
    (file,) = generator(kind)(plan(lock, **settings))
    return file.data.decode()
