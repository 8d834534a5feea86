"""What a commit's tree says: its submodules, and the pack in it."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from comfylock.definitions.pack_files import PYTHON_SIZE, TOTAL_SIZE
from comfylock.names import printable
from comfylock.patterns import Pattern
from comfylock.sources.git_urls import repository_url
from comfylock.sources.interface import Missing, SourceFacts
from comfylock.sources.source_facts import facts_of, wanted_files

if TYPE_CHECKING:
    from comfylock.sources.git_objects import Entry, Objects
    from comfylock.sources.git_scratch import Scratch

MODULES = ".gitmodules"
ATTRIBUTES = ".gitattributes"
MAX_SETTINGS_SIZE = 256 << 10
"""Bytes of a `.gitmodules` or `.gitattributes` that is read."""

MAX_RULES = 64
LONGEST_RULE = 200
"""Rules of a `.gitattributes` that are looked at, and characters of one: more would take long."""

_SETTING = Pattern(r"submodule\.(.+)\.(path|url)\Z")


def submodules_of(
    scratch: Scratch, objects: Objects, entries: list[Entry], repository: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return a commit's submodules (`path commit url`, sorted by path), and warnings.

    Those without a URL that may be fetched are left out, and warned about. Source:
    https://git-scm.com/docs/gitmodules
    """
    links = {entry.path: entry.id for entry in entries if entry.is_submodule}
    if not links:
        return (), ()
    urls = _urls(scratch, objects, entries)
    found: list[str] = []
    warnings: list[str] = []
    for path in sorted(links):
        shown = f"submodule `{printable(path)}` of `{repository}`"
        if path not in urls:
            warnings.append(f"{shown} has no URL in {MODULES} and is left out")
            continue
        url = repository_url(urls[path], base=repository)
        if isinstance(url, Missing):
            warnings.append(f"{shown} is left out: {url.message}")
        else:
            found.append(f"{path} {links[path]} {url}")
    return tuple(found), tuple(warnings)


def _urls(scratch: Scratch, objects: Objects, entries: list[Entry]) -> dict[str, str]:
    """Return the URLs in `.gitmodules` by the path of their submodule."""
    blobs = [entry.id for entry in entries if entry.path == MODULES and entry.is_file]
    data = scratch.files(objects, blobs, MAX_SETTINGS_SIZE)
    modules: dict[str, dict[str, str]] = {}
    for blob in blobs:
        for key, value in objects.settings(data.get(blob, b"")).items():
            match = _SETTING.match(key)
            if match is not None:
                modules.setdefault(match[1], {})[match[2]] = value
    return {
        module["path"]: module["url"]
        for module in modules.values()
        if module.get("path") and module.get("url")
    }


def large_files(
    scratch: Scratch, objects: Objects, entries: list[Entry], repository: str
) -> tuple[str, ...]:
    """Return a warning if files of a commit are kept in Git LFS: installed are their pointers.

    Source: https://git-scm.com/docs/gitattributes
    """
    blobs = [entry.id for entry in entries if entry.path == ATTRIBUTES and entry.is_file]
    data = scratch.files(objects, blobs, MAX_SETTINGS_SIZE)
    patterns = [
        line.split()[0].removeprefix("/")
        for blob in blobs
        for line in data.get(blob, b"").decode("utf-8", "replace").splitlines()
        if "filter=lfs" in line.split()[1:]
    ]
    patterns = [pattern for pattern in patterns if len(pattern) < LONGEST_RULE][:MAX_RULES]
    found = [entry.path for entry in entries if entry.is_file and _matches(entry.path, patterns)]
    if not found:
        return ()
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    told = f"`{printable(found[0])}`{more} of `{repository}`"
    return (f"{told}: kept in Git LFS, installed as the pointer that git holds",)


def _matches(path: str, patterns: list[str]) -> bool:
    """Say whether a path is meant; a pattern without a slash is about the last part."""
    name = path.rpartition("/")[2]
    return any(fnmatchcase(path if "/" in pattern else name, pattern) for pattern in patterns)


def contents_of(
    scratch: Scratch, objects: Objects, entries: list[Entry], *, with_classes: bool
) -> SourceFacts:
    """Return what the files of a commit say about the pack in it."""
    ids = {entry.path: entry.id for entry in entries if entry.is_file}
    wanted = [ids[name] for name in wanted_files(ids, with_classes=with_classes)]
    data = scratch.files(objects, wanted, PYTHON_SIZE, total=TOTAL_SIZE)
    return facts_of(ids, lambda name: data.get(ids[name]), with_classes=with_classes)
