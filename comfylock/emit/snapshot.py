"""A snapshot for ComfyUI-Manager, and what such a file cannot say.

Source: get_current_snapshot and restore_snapshot in ComfyUI-Manager 4.3's manager_core.py.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from comfylock.emit.interface import Emitted
from comfylock.emit.steps import ArchiveStep, FileStep, GitStep
from comfylock.lockfile.mark import NAME as MARK
from comfylock.python.pylock import read_pylock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.emit.plan import Plan

NAME = "snapshot.json"
IGNORED = "comfyui-manager"
"""ComfyUI-Manager passes over whatever has this in its name."""


def generate(plan: Plan) -> tuple[Emitted, ...]:
    """Return the snapshot of everything that is locked, whatever group it is in."""
    archives = [pack for pack in plan.packs if isinstance(pack, ArchiveStep)]
    gits = [pack for pack in plan.packs if isinstance(pack, GitStep)]
    files = [pack for pack in plan.packs if isinstance(pack, FileStep)]
    content: dict[str, Any] = {
        MARK: plan.digest,
        "comfyui": plan.comfyui.commit if plan.comfyui is not None else None,
        "git_custom_nodes": {
            pack.repository: {"hash": pack.commit, "disabled": False} for pack in gits
        },
        "cnr_custom_nodes": {pack.name: pack.version for pack in archives},
        "file_custom_nodes": [{"filename": pack.folder, "disabled": False} for pack in files],
        "pips": _pips(plan),
    }
    gaps = plan.not_pinned("class-type", "comfyui", "pack")
    if gaps:  # JSON has no comments; ComfyUI-Manager passes over keys that it does not know
        content["comfy.lock gaps"] = gaps
    text = json.dumps(content, indent=4, ensure_ascii=False)
    return (Emitted(NAME, f"{text}\n".encode(), notes=tuple(_notes(plan))),)


def _pips(plan: Plan) -> dict[str, str]:
    """Return the packages of the one target as `pip freeze` would name them; none of several."""
    if len(plan.python) != 1 or plan.python[0].data is None:
        return {}
    step = plan.python[0]
    found: dict[str, str] = {}
    for package in read_pylock(step.pylock(), step.file):
        if package.commit is not None and package.url is not None:
            found[package.name] = f"git+{package.url.removeprefix('git+')}@{package.commit}"
        elif package.url is not None:
            found[package.name] = package.url
        elif package.version is not None:
            found[f"{package.name}=={package.version}"] = ""
    return found


def _notes(plan: Plan) -> Iterator[str]:
    yield "ComfyUI-Manager compares no digests: whoever restores trusts the services"
    if any(isinstance(pack, GitStep) for pack in plan.packs):
        yield (
            "ComfyUI-Manager clones packs from git at their newest commit and moves them to the "
            "locked one when the snapshot is restored again, from inside `custom_nodes`"
        )
    if plan.comfyui is not None:
        yield "ComfyUI-Manager does not move ComfyUI itself; its commit is told only"
    for pack in plan.packs:
        if isinstance(pack, FileStep):
            yield f"ComfyUI-Manager does not fetch the file of `{pack.name}`: put it there yourself"
        where = pack.repository if isinstance(pack, GitStep) else pack.name
        if IGNORED in where.lower():
            yield f"ComfyUI-Manager passes over `{pack.name}`: its own name is in it"
    if plan.models:
        yield f"a snapshot holds no models: {len(plan.models)} are left out"
    if plan.groups:
        yield f"a snapshot has no groups: everything is in it, also {', '.join(plan.groups)}"
    if len(plan.python) > 1:
        names = ", ".join(step.target.accelerator for step in plan.python)
        yield f"the Python packages are left out: choose one of the targets ({names})"
    elif plan.python and plan.python[0].data is None:
        yield f"the Python packages are left out: `{plan.python[0].file}` is not there"
