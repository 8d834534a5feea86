"""Files that were made from a lock and say from which: is it the lock of now?

A companion carries the mark of `lockfile.mark`, as everything does that `emit` writes.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from comfylock.config.emit import KINDS
from comfylock.lockfile.mark import marked_digest
from comfylock.patterns import Pattern
from comfylock.verifying.disk import read_small
from comfylock.verifying.findings import Checked, Item, judged, observe
from comfylock.verifying.mends import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.findings import Finding

MAX_FILES = 2000
MAX_SIZE = 16 << 20
LOCK = "comfy.lock"
_HEAD = 1000
_WRITTEN = Pattern(r"[Ww]ritten by `?comfylock emit ([a-z-]{1,20})")
_JSON = ((b'"bomFormat"', "sbom"), (b'"git_custom_nodes"', "snapshot"))
_SKIPPED = frozenset({"node_modules", "__pycache__", "custom_nodes", "models", "output", "venv"})


def companions_checked(project: str, lock: bytes) -> Checked:
    """Compare every companion in a project's folder, and the folders in it, with the lock."""
    expected = hashlib.sha256(lock).hexdigest()
    findings: list[Finding] = []
    items: list[Item] = []
    for name, kind, digest in _companions(project):
        # Not verified: the rest of the file was not compared with what the lock gives.
        item = Item("file", name, "unproven", expected[:10], digest[:10], proof="the lock's digest")
        mine = []
        if digest != expected:
            told = f"`{name}` was made from another state of `{LOCK}`"
            again = f"comfylock emit {kind} -o {quote(name)}"
            mend = again if kind else "make it again from this lock"
            mine.append(
                observe("companion-stale", "file", name, told, name, mend, expected, digest)
            )
        findings += mine
        items.append(judged(item, mine))
    return Checked(tuple(findings), tuple(items))


def _companions(project: str) -> Iterator[tuple[str, str, str]]:
    """Yield the files that say from which lock they are, the kind of output each is, its digest.

    The kind is empty where it cannot be told.
    """
    for name in _files(project):
        try:
            data = read_small(os.path.join(project, *name.split("/")), MAX_SIZE)
        except OSError:
            continue
        if data is None or b"comfy.lock" not in data:
            continue
        digest = marked_digest(data)
        if digest is not None:
            yield name, _kind_of(data), digest


def _kind_of(data: bytes) -> str:
    """Return the kind of output that a file is, by its head or, of JSON, by what is in it."""
    match = _WRITTEN.search(data[:_HEAD].decode("utf-8", "replace"))
    if match is not None and match[1] in KINDS:
        return match[1]
    return next((kind for mark, kind in _JSON if mark in data), "")


def _files(project: str) -> list[str]:
    """Return the files of a project's folder and of those one below, sorted; hidden ones not."""
    found: list[str] = []
    folders = [""]
    for folder in folders:
        try:
            with os.scandir(os.path.join(project, folder) if folder else project) as entries:
                for entry in entries:
                    name = f"{folder}/{entry.name}" if folder else entry.name
                    is_hidden = entry.name.startswith(".") and entry.name != ".github"
                    if is_hidden or entry.name == LOCK or entry.name in _SKIPPED:
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        if name.count("/") < 2 and (not folder or folder.startswith(".github")):
                            folders.append(name)
                    elif os.path.isfile(entry.path):  # no fault of a link in a circle
                        found.append(name)
        except OSError:
            continue
        if len(found) > MAX_FILES:
            break
    return sorted(found)[:MAX_FILES]
