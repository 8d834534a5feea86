"""What a pack's own files say, from git, an archive or anywhere else; nothing of it is run."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from comfylock.definitions.pack import read_files
from comfylock.definitions.pack_files import SKIPPED, PackFiles, collect_files, is_source
from comfylock.patterns import Pattern
from comfylock.python.requirement_text import decoded, logical_lines
from comfylock.sources.interface import SourceFacts
from comfylock.sources.pip_calls import calls_pip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

RUN_BY_COMFYUI = ("install.py", "prestartup_script.py")
"""Files that ComfyUI-Manager runs on install, and ComfyUI on every start."""

START = "__init__.py"
NATIVE = (".c", ".cc", ".cpp", ".cu", ".cxx", ".pyx", ".rs", "/CMakeLists.txt", "/Cargo.toml")
"""What a build of native code is made from."""

REQUIREMENTS = "requirements.txt"
PROJECT = "pyproject.toml"
MAX_REQUIREMENTS = 1000
MAX_LINE = 1000

_COMMENT = Pattern(r"(?:^|\s+)#.*$")
_USER = Pattern(r"(?<=://)[^/@\s]*:[^/@\s]*@|(?<=https://)[^/@\s]*@|(?<=http://)[^/@\s]*@")


def wanted_files(names: Iterable[str], *, with_classes: bool) -> list[str]:
    """Return the files that `facts_of` would read, sorted: fetch these first."""
    always = {START, REQUIREMENTS, PROJECT}
    return sorted(
        name
        for name in names
        if name in always
        or (with_classes and is_source(name) and not SKIPPED & set(name.split("/")[:-1]))
    )


def facts_of(
    names: Iterable[str], read: Callable[[str], bytes | None], *, with_classes: bool
) -> SourceFacts:
    """Return what a pack's files say.

    `names` are the paths of its regular files, relative to the pack with `/`: no links, no
    folders, nothing that leaves the pack. `read` gives a file's bytes, None where it cannot or
    where the file is too large; it is called for `wanted_files` alone.
    """
    own = sorted(set(names))
    top = {name for name in own if "/" not in name}

    def content(name: str) -> bytes | None:
        return read(name) if name in top else None

    project = _project(content(PROJECT))
    return SourceFacts(
        runs_code=_runs_code(own, top, project, content(START)),
        requirements=_requirements(content(REQUIREMENTS), project),
        class_types=_class_types(collect_files(own, read)) if with_classes else None,
    )


def facts_of_file(name: str, data: bytes) -> SourceFacts:
    """Return what a pack of a single Python file says."""
    files = PackFiles({name: data}, {}, (name,), None, ())
    runs = (f"{name}: pip",) if calls_pip(data) else ()
    return SourceFacts(runs_code=runs, class_types=_class_types(files, name))


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


def _requirements(data: bytes | None, project: dict[str, object]) -> tuple[str, ...]:
    lines: Iterable[object] = ()
    if data is not None:
        lines = (line for _, line in logical_lines(decoded(data)))
    else:
        table = project.get("project")
        listed = table.get("dependencies") if isinstance(table, dict) else None
        lines = listed if isinstance(listed, list) else ()
    clean = (_clean(line) for line in lines if isinstance(line, str))
    return tuple(line for line in clean if line)[:MAX_REQUIREMENTS]


def _clean(line: str) -> str:
    """Return a requirement without comment and password; nothing for one that is no text."""
    line = _USER.sub("", _COMMENT.sub("", line)).strip()
    return line if len(line) <= MAX_LINE and line.isprintable() else ""
