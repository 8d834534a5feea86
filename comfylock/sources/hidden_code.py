"""Code in a checkout that its commit does not know and `git status` does not tell.

Patterns hide it: the commit's own, those of `.git/info/exclude`, or a `.gitignore` beside it.
Python may import it in the place of what the commit has: a folder `nodes` goes before `nodes.py`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from comfylock.reading import read_regular

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

CODE = (
    ".bat", ".cmd", ".dll", ".dylib", ".exe", ".js", ".mjs", ".pth", ".ps1", ".py", ".pyc",
    ".pyd", ".pyi", ".pyw", ".pyx", ".sh", ".so", ".ts", ".wasm",
)  # fmt: skip
"""What Python, a browser or a system may run, by the end of its name in lower case."""

MADE = frozenset({"__pycache__", ".git", ".ipynb_checkpoints"})
"""Folders that appear while a pack is used."""

CACHE = "__pycache__"
MAX_DEPTH = 64
_ATTRIBUTES = ".gitattributes"
_UNCHECKED = (1).to_bytes(4, "little")
_ENVIRONMENTS = frozenset({"pyvenv.cfg", "conda-meta"})


def hidden_code(
    folder: str, tracked: Collection[str], told: Collection[str], roots: Collection[str] = ()
) -> list[str]:
    """Return what is hidden, by path from the checkout's folder, `/` between parts, sorted.

    Of a folder in which nothing is `tracked` the folder alone is named, with a `/` at its end.
    `told` is what `git status` tells; `roots` are folders that are not looked into.
    """
    known = frozenset(tracked)
    above = {path[:at] for path in known for at, letter in enumerate(path) if letter == "/"}
    seen = frozenset(told)
    found: set[str] = set()
    for path, is_code in _walk(folder, known | seen, frozenset(roots)):
        if not is_code or path in known or path in seen:
            continue
        parts = path.split("/")
        tops = ("/".join(parts[:at]) for at in range(1, len(parts)))
        top = next((each for each in tops if each not in above), None)
        found.add(path if top is None else f"{top}/")
    return sorted(found - seen)


def _walk(folder: str, closed: frozenset[str], roots: frozenset[str]) -> Iterator[tuple[str, bool]]:
    """Yield every file, and whether it may be code; submodules and other checkouts stay closed."""
    waiting = [("", 0)]
    while waiting:
        prefix, depth = waiting.pop()
        entries = _entries(os.path.join(folder, *prefix.split("/")))
        if prefix and _is_environment({entry.name for entry in entries}):
            continue
        for entry in entries:
            path = f"{prefix}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                if entry.name == CACHE:
                    yield from ((each, True) for each in unchecked_bytecode(folder, prefix))
                is_closed = path in closed or f"{path}/" in closed or entry.name in MADE
                if not is_closed and path not in roots and depth < MAX_DEPTH:
                    waiting.append((f"{path}/", depth + 1))
            elif path not in roots:
                yield path, _is_code(entry)


def unchecked_bytecode(folder: str, prefix: str) -> list[str]:
    """Return the files of a folder's `__pycache__` that Python runs whatever the source says.

    `prefix` leads from a pack's `folder` to it, and ends in a `/` unless it is empty. Other
    bytecode is used only if it claims the time and size, or the hash, of its source.

    Source: https://peps.python.org/pep-0552/
    """
    path = os.path.join(folder, *prefix.split("/"), CACHE)
    found = []
    for entry in _entries(path):
        try:
            head = read_regular(entry.path, 8) if entry.name.endswith(".pyc") else b""
        except OSError:
            continue
        if head[4:] == _UNCHECKED:
            found.append(f"{prefix}{CACHE}/{entry.name}")
    return sorted(found)


def _entries(path: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            return list(entries)
    except OSError:  # git passes over it as well
        return []


def _is_environment(names: set[str]) -> bool:
    """Say whether a folder holds a Python environment, and is nothing that can be imported."""
    return not _ENVIRONMENTS.isdisjoint(names) and not any(n.startswith("__init__.") for n in names)


def _is_code(entry: os.DirEntry[str]) -> bool:
    """Say whether something may be run, or says how git compares what is beside it."""
    if entry.name.lower().endswith(CODE) or entry.name == _ATTRIBUTES:
        return True
    return entry.is_symlink() and os.path.isdir(entry.path)
