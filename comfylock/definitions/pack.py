"""What a node pack, or ComfyUI itself, declares in its own source."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from comfylock.definitions.javascript_source import read_scripts
from comfylock.definitions.mappings import read_modules, read_python
from comfylock.definitions.pack_files import read_pack_files, read_single_file
from comfylock.definitions.project_file import read_project
from comfylock.model import PackDefinition, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from comfylock.definitions.pack_files import PackFiles

CORE_FOLDERS = ("comfy_extras/", "comfy_api_nodes/")
"""Where ComfyUI keeps its own classes besides `nodes.py`. Source: `init_extra_nodes` there."""


def read_pack(root: str) -> PackDefinition:
    """Return what a pack's folder, or a pack of a single `.py` file, declares. Runs nothing.

    Whatever could not be read is a problem of the result; nothing is raised.
    """
    single = os.path.isfile(root)
    files = read_single_file(root) if single else read_pack_files(root)
    return read_files(files, os.path.basename(root) if single else "__init__.py")


def read_files(files: PackFiles, start: str = "__init__.py") -> PackDefinition:
    """Return what a pack's files declare; `start` is the one that ComfyUI imports."""
    classes, problems = read_python(files.python, files.names, start=start)
    registered, more = read_scripts(files.scripts)
    registry_id, repository, faults = read_project(files.project)
    python = {definition.class_type for definition in classes}
    return PackDefinition(
        class_types=classes,
        frontend_only=tuple(sorted(set(registered) - python)),
        registry_id=registry_id,
        repository=repository,
        problems=_sorted([*files.problems, *problems, *more, *faults]),
    )


def read_comfyui(root: str) -> PackDefinition:
    """Return ComfyUI's own class types from a checkout: `nodes.py` and the extra nodes."""
    files = read_pack_files(root)
    classes, problems = read_modules(files.python, core_files(files.python))
    return PackDefinition(class_types=classes, problems=_sorted([*files.problems, *problems]))


def core_files(names: Iterable[str]) -> list[str]:
    """Return the files of ComfyUI's checkout that register its own class types, sorted."""
    return sorted(filter(_is_core, names))


def _is_core(name: str) -> bool:
    folder, _, file = name.rpartition("/")
    if not folder:
        return file == "nodes.py"
    return f"{folder}/" in CORE_FOLDERS and file != "__init__.py"


def _sorted(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(set(problems)))
