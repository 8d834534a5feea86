"""Which files a command line means: files, folders, glob patterns and standard input.

Folders are read recursively in name order, honouring .gitignore and without following links to
folders, so that the same tree always gives the same list.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Paths = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]

STANDARD_INPUT = "-"
SKIPPED_FOLDERS = frozenset(
    [
        "node_modules",
        "__pycache__",
        "site-packages",
        ".git",
        ".hg",
        ".svn",
        ".venv",
        ".tox",
        ".nox",
        ".cache",
        ".mypy_cache",
        ".ruff_cache",
        ".pytest_cache",
        ".hypothesis",
        ".ipynb_checkpoints",
        ".comfylock",
    ]
)
"""Folders that hold tools' and other people's files, whatever .gitignore says."""


class Candidate(Struct, frozen=True, gc=False):
    """A file to look into."""

    path: str
    is_named: bool
    """The user named it: if it holds no workflow, that is an error and not a file to skip."""
    group: int = 0
    """Which of the given paths it came from."""


class Repeated(Struct, frozen=True, gc=False):
    """A file that an earlier path has led to already."""

    path: str
    group: int = 0


class Missing(Struct, frozen=True, gc=False):
    """A given path that leads nowhere, and why."""

    path: str
    message: str
    group: int = 0


def given_paths(paths: Paths) -> list[str]:
    """Return the paths that a caller gives; a text is one path, not one for each letter."""
    if isinstance(paths, str | os.PathLike):
        return [os.fspath(paths)]
    return [os.fspath(path) for path in paths]


def discover(
    paths: Iterable[str], groups: Iterable[int] | None = None
) -> Iterator[Candidate | Missing | Repeated]:
    """Yield every file that the paths mean, once each, folders in name order.

    `groups` are the numbers that the paths go by, if not their places.
    """
    paths = list(paths)
    groups = range(len(paths)) if groups is None else groups
    together = "\n".join(paths)  # one search instead of one for each path
    is_mixed = len(set(map(os.path.isabs, paths))) > 1
    key_of: Callable[[str], str] = str
    if is_mixed or ".." in together:
        key_of = _key
    elif "./" in together or "//" in together:
        key_of = os.path.normpath
    if not _overlap(paths, key_of):
        for group, path in zip(groups, paths, strict=True):
            yield from _expand(path, group)
        return
    named = {key_of(path) for path in paths}
    seen: set[str] = set()
    for group, path in zip(groups, paths, strict=True):
        for found in _expand(path, group):
            if not isinstance(found, Candidate):
                yield found
                continue
            key = key_of(found.path)
            if key in seen:
                yield Repeated(found.path, group)
                continue
            seen.add(key)
            if key in named and not found.is_named:  # met in a folder first
                yield Candidate(found.path, is_named=True, group=group)
            else:
                yield found


def _overlap(paths: list[str], key_of: Callable[[str], str]) -> bool:
    """Say whether two of the paths can mean the same file; if not, none need be remembered."""
    together = "\n".join(paths)
    if any(letter in together for letter in "*?["):
        return len(paths) > 1
    # A folder stands right before what is in it, once all names end alike.
    keys = sorted([key_of(path).rstrip("/") + "/" for path in paths])
    return "./" in keys[:-1] or any(map(str.startswith, keys[1:], keys))


def _key(path: str) -> str:
    return path if path == STANDARD_INPUT else os.path.abspath(path)


def _expand(path: str, group: int) -> Iterable[Candidate | Missing]:
    if path == STANDARD_INPUT:
        return (Candidate(path, is_named=True, group=group),)
    try:
        mode = os.stat(path).st_mode
    except ValueError:
        return (Missing(path, "is no path", group),)
    except OSError as error:
        if any(letter in path for letter in "*?["):
            return _glob(path, group)
        return (Missing(path, _why(error), group),)
    if stat.S_ISREG(mode):
        return (Candidate(path, is_named=True, group=group),)
    if stat.S_ISDIR(mode):
        return _walk(path, group)
    return (Missing(path, "is neither a file nor a folder", group),)


def _glob(pattern: str, group: int) -> Iterator[Candidate | Missing]:
    matches = sorted(set(_matches(pattern)))
    if not matches:
        yield Missing(pattern, "matches no file", group)
    for match in matches:
        if os.path.isdir(match):
            if not pattern.rstrip("/").endswith("**"):
                yield from _walk(match, group)
        elif os.path.isfile(match):
            yield Candidate(match, is_named=False, group=group)


def _matches(pattern: str) -> Iterator[str]:
    """Yield what a pattern matches; `**` does not follow links, which may lead in circles."""
    import glob  # noqa: PLC0415 - shells expand most patterns themselves

    head, found, rest = f"/{pattern}".partition("/**")
    if not found or rest[:1] not in ("", "/"):  # `a**b` is an ordinary pattern
        yield from glob.iglob(pattern)
        return
    head, rest = head[1:], rest.lstrip("/") or "*"
    roots = glob.iglob(head) if head else ("/" if pattern.startswith("/") else "",)
    for root in roots:
        for folder, folders, _ in os.walk(root or "."):
            folders[:] = [name for name in folders if not name.startswith(".")]
            inner = folder if root else folder.removeprefix(".").lstrip("/")
            yield from _matches(os.path.join(glob.escape(inner), rest))


def _walk(root: str, group: int) -> Iterator[Candidate | Missing]:
    from comfylock.workflow.ignore import IgnoreRules  # noqa: PLC0415 - only folders need it

    rules = IgnoreRules(root)
    # A stack of folders, the next one in name order on top; recursion would end at 1,000 levels.
    stack = [root]
    while stack:
        folder = stack.pop()
        try:
            names, inner = _listing(folder)
        except OSError as error:
            yield Missing(folder, _why(error), group)
            continue
        rules.enter(folder, names)
        folders = []
        for name in names:
            path = os.path.join(folder, name)
            is_folder = name in inner
            if rules.ignores(path, is_folder=is_folder):
                continue
            if not is_folder:
                yield Candidate(path, is_named=False, group=group)
            elif name not in SKIPPED_FOLDERS:
                folders.append(path)
        stack.extend(reversed(folders))


def _listing(folder: str) -> tuple[list[str], set[str]]:
    """Return the names of a folder's files and folders, sorted, and which of them are folders.

    Names alone: a folder of 100,000 files should not cost more than their names.
    """
    names: list[str] = []
    inner: set[str] = set()
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                inner.add(entry.name)
            elif not _is_regular(entry):
                continue
            names.append(entry.name)
    names.sort()
    return names, inner


def _is_regular(entry: os.DirEntry[str]) -> bool:
    """Say whether an entry is a file, directly or through a link that leads to one."""
    try:
        return entry.is_file()
    except OSError:
        return False


def _why(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file or folder"
    return f"cannot be read: {(error.strerror or 'unknown').lower()}"
