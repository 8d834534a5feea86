"""What a pack's own files say, from git, an archive or anywhere else; nothing of it is run."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from comfylock.definitions.pack import read_files
from comfylock.definitions.pack_files import SKIPPED, PackFiles, collect_files, is_source
from comfylock.python.requirement_lines import PROJECT, REQUIREMENTS, flat_lines
from comfylock.sources.build_facts import START, build_facts
from comfylock.sources.interface import SourceFacts
from comfylock.sources.pip_calls import calls_pip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

RUN_BY_COMFYUI = ("install.py", "prestartup_script.py")
"""Files that ComfyUI-Manager runs on install, and ComfyUI on every start."""

NATIVE = (".c", ".cc", ".cpp", ".cu", ".cxx", ".pyx", ".rs", "/CMakeLists.txt", "/Cargo.toml")
"""What a build of native code is made from."""

MAX_DEPTH = 3
"""Folders deep that requirements files are looked for, which another takes in (`-r`)."""


def wanted_files(names: Iterable[str], *, with_classes: bool) -> list[str]:
    """Return the files that `facts_of` would read, sorted: fetch these first."""
    always = {START, REQUIREMENTS, PROJECT}
    return sorted(
        name
        for name in names
        if name in always
        or _may_be_taken_in(name)
        or (with_classes and is_source(name) and not SKIPPED & set(name.split("/")[:-1]))
    )


def facts_of(
    names: Iterable[str],
    read: Callable[[str], bytes | None],
    *,
    with_classes: bool,
    with_source: bool = False,
) -> SourceFacts:
    """Return what a pack's files say.

    `names` are the paths of its regular files, relative to the pack with `/`: no links, no
    folders, nothing that leaves the pack. `read` gives a file's bytes, None where it cannot or
    where the file is too large; it is called for `wanted_files` alone, and with `with_source`
    for all Python. Without either, what a build needs is told from the pack's first file only.
    """
    own = sorted(set(names))
    known = set(own)
    top = {name for name in own if "/" not in name}

    def content(name: str) -> bytes | None:
        return read(name) if name in known else None

    start = content(START)
    source = collect_files(own, read) if with_classes else None
    if source is not None:
        build = build_facts(source.python)
    elif with_source:
        build = build_facts(collect_files([n for n in own if n.endswith(".py")], read).python)
    else:
        build = build_facts({START: start} if start is not None else {})
    return SourceFacts(
        runs_code=_runs_code(own, top, _project(content(PROJECT)), start),
        requirements=flat_lines(content),
        class_types=_class_types(source) if source is not None else None,
        programs=build.programs,
        needs_gpu=build.needs_gpu,
    )


def facts_of_file(name: str, data: bytes) -> SourceFacts:
    """Return what a pack of a single Python file says."""
    files = PackFiles({name: data}, {}, (name,), None, ())
    runs = (f"{name}: pip",) if calls_pip(data) else ()
    build = build_facts({START: data})
    return SourceFacts(
        runs_code=runs,
        class_types=_class_types(files, name),
        programs=build.programs,
        needs_gpu=tuple(each.replace(START, name, 1) for each in build.needs_gpu),
    )


def _may_be_taken_in(name: str) -> bool:
    return name.endswith(".txt") and name.count("/") < MAX_DEPTH


def _class_types(files: PackFiles, start: str = START) -> tuple[str, ...]:
    found = read_files(files, start)
    return tuple(sorted({d.class_type for d in found.class_types} | set(found.frontend_only)))


def _runs_code(
    names: list[str], top: set[str], project: dict[str, object], start: bytes | None
) -> tuple[str, ...]:
    runs = {name for name in RUN_BY_COMFYUI if name in top}
    if any(f"/{name}".endswith(NATIVE) for name in names):
        if "setup.py" in top:
            runs.add("setup.py")
        if "build-system" in project:
            runs.add(PROJECT)
    if start is not None and calls_pip(start):
        runs.add(f"{START}: pip")
    return tuple(sorted(runs))


def _project(data: bytes | None) -> dict[str, object]:
    try:
        return tomllib.loads((data or b"").decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return {}
