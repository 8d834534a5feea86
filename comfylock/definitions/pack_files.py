"""Which files of a pack's folder are read, and what is in them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.model import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

FILE_LIMIT = 20_000
"""Files of a pack that are looked at."""

PYTHON_SIZE = 4 << 20
JAVASCRIPT_SIZE = 2 << 20
"""Bytes of a file that is read; a greater script is a bundle of somebody else's code."""

TOTAL_SIZE = 64 << 20
"""Bytes of all files that are read."""

SKIPPED = frozenset(
    [
        ".git",
        ".github",
        ".hg",
        ".mypy_cache",
        ".pytest_cache",
        ".svn",
        ".venv",
        "__pycache__",
        "env",
        "node_modules",
        "site-packages",
        "venv",
    ]
)
"""Folders that never hold a pack's own source."""

SCRIPTS = (".js", ".mjs", ".ts", ".mts")


class PackFiles(Struct, frozen=True):
    """A pack's files by path, relative to the pack with `/`."""

    python: dict[str, bytes]
    scripts: dict[str, bytes]
    names: tuple[str, ...]
    """All of them, the unread ones too, sorted."""
    project: bytes | None
    """Its pyproject.toml."""
    problems: tuple[Problem, ...]


def read_pack_files(root: str) -> PackFiles:
    """Read a pack's Python and JavaScript, up to the limits; links out of it are not followed."""
    problems: list[Problem] = []

    def read(name: str, limit: int) -> bytes | None:
        return _read(root, name, limit, problems)

    return _collected(_walk(root, problems), read, problems)


def collect_files(names: Iterable[str], read: Callable[[str], bytes | None]) -> PackFiles:
    """Take a pack's Python and JavaScript from wherever `read` finds them, up to the limits.

    `names` are the paths of regular files, relative to the pack with `/`; `read` answers None
    for a file that it cannot give. What is not source is not read.
    """
    problems: list[Problem] = []

    def limited(name: str, limit: int) -> bytes | None:
        data = read(name)
        if data is None:
            problems.append(Problem(name, "was not read"))
            return None
        return data if _fits(name, data, limit, problems) else None

    own = [name for name in names if not SKIPPED & set(name.split("/")[:-1])]
    own.sort(key=lambda name: (name.count("/"), name))
    return _collected(own, limited, problems)


def is_source(name: str) -> bool:
    """Say whether a file of a pack is one that is read: Python, JavaScript or TypeScript."""
    return name.endswith(".py") or _is_script(name)


def _collected(
    found: Iterable[str], read: Callable[[str, int], bytes | None], problems: list[Problem]
) -> PackFiles:
    python: dict[str, bytes] = {}
    scripts: dict[str, bytes] = {}
    names: list[str] = []
    left = TOTAL_SIZE
    for name in found:
        if len(names) >= FILE_LIMIT:
            problems.append(Problem("", f"more than {FILE_LIMIT} files; the rest was not read"))
            break
        names.append(name)
        target = python if name.endswith(".py") else scripts if _is_script(name) else None
        if target is None:
            continue
        data = read(name, min(left, _size_limit(name)))
        if data is not None:
            target[name] = data
            left -= len(data)
    project = read("pyproject.toml", PYTHON_SIZE) if "pyproject.toml" in names else None
    return PackFiles(python, scripts, tuple(sorted(names)), project, tuple(problems))


def _is_script(name: str) -> bool:
    return name.endswith(SCRIPTS) and not name.endswith((".d.ts", ".min.js"))


def _size_limit(name: str) -> int:
    return PYTHON_SIZE if name.endswith(".py") else JAVASCRIPT_SIZE


def read_single_file(path: str) -> PackFiles:
    """Read a pack that is a single `.py` file."""
    folder, name = os.path.split(path)
    problems: list[Problem] = []
    data = _read(folder, name, PYTHON_SIZE, problems)
    return PackFiles({} if data is None else {name: data}, {}, (name,), None, tuple(problems))


def _walk(root: str, problems: list[Problem]) -> Iterator[str]:
    """Yield the files of a folder in a fixed order, the top ones first."""
    waiting = [""]
    for folder in waiting:
        try:
            with os.scandir(os.path.join(root, folder)) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            problems.append(Problem(folder, f"cannot be read: {error.strerror or 'I/O error'}"))
            continue
        for entry in entries:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in SKIPPED and len(waiting) < FILE_LIMIT:
                    waiting.append(path)
            elif _inside(root, entry):
                yield path


def _inside(root: str, entry: os.DirEntry[str]) -> bool:
    """Tell whether an entry is a file of the pack; a link must stay inside the pack."""
    if entry.is_symlink():
        target = os.path.realpath(entry.path)
        home = os.path.realpath(root)
        return target.startswith(home + os.sep) and os.path.isfile(target)
    return entry.is_file(follow_symlinks=False)


def _read(root: str, name: str, limit: int, problems: list[Problem]) -> bytes | None:
    try:
        with open(os.path.join(root, name), "rb") as stream:
            data = stream.read(limit + 1)
    except OSError as error:
        problems.append(Problem(name, f"cannot be read: {error.strerror or 'I/O error'}"))
        return None
    return data if _fits(name, data, limit, problems) else None


def _fits(name: str, data: bytes, limit: int, problems: list[Problem]) -> bool:
    if len(data) > limit and name.endswith(".py"):
        problems.append(Problem(name, f"larger than {limit} bytes; not read"))
    return len(data) <= limit
