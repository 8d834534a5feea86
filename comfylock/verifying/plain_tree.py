"""The tree id of a folder that git did not check out, as an archive of a commit leaves it.

Source: https://git-scm.com/book/en/v2/Git-Internals-Git-Objects
"""

from __future__ import annotations

import hashlib
import os
import stat
from typing import TYPE_CHECKING

from comfylock.hashing import NotAFileError

if TYPE_CHECKING:
    from collections.abc import Mapping

SKIPPED = frozenset({"__pycache__", ".git"})
MAX_DEPTH = 64
MAX_READ = 2 << 30
"""Bytes of one file of a pack."""


def plain_tree_id(folder: str, modules: Mapping[str, str], algorithm: str = "sha1") -> str:
    """Return the id that git would give to a folder's tree.

    `modules` are the submodules of the commit: path to commit; their files are not read.

    Raises:
        OSError: a file cannot be read, or is none.
    """
    return _tree(folder, "", modules, algorithm, 0).hex()


def _tree(
    folder: str, prefix: str, modules: Mapping[str, str], algorithm: str, depth: int
) -> bytes:
    if depth > MAX_DEPTH:
        raise NotAFileError(folder)
    entries: list[tuple[bytes, bytes, bytes]] = []
    for name in os.listdir(folder):
        full = f"{prefix}{name}"
        if name in SKIPPED or full in modules:
            continue
        entry = _entry(os.path.join(folder, name), full, modules, algorithm, depth)
        if entry is not None:
            entries.append((os.fsencode(name), *entry))
    for path, commit in modules.items():
        above, _, name = path.rpartition("/")
        if above == prefix.rstrip("/"):
            entries.append((os.fsencode(name), b"160000", bytes.fromhex(commit)))
    # git sorts as if the name of a folder ended in a slash
    entries.sort(key=lambda one: one[0] + (b"/" if one[1] == b"40000" else b""))
    body = b"".join(mode + b" " + name + b"\0" + digest for name, mode, digest in entries)
    return _hash(b"tree", body, algorithm)


def _entry(
    path: str, full: str, modules: Mapping[str, str], algorithm: str, depth: int
) -> tuple[bytes, bytes] | None:
    """Return mode and id of one entry; None for an empty folder, which git does not know."""
    status = os.lstat(path)
    if stat.S_ISLNK(status.st_mode):
        return b"120000", _hash(b"blob", os.fsencode(os.readlink(path)), algorithm)
    if stat.S_ISDIR(status.st_mode):
        digest = _tree(path, f"{full}/", modules, algorithm, depth + 1)
        return None if digest == _hash(b"tree", b"", algorithm) else (b"40000", digest)
    if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_READ:
        raise NotAFileError(path)
    mode = b"100755" if status.st_mode & stat.S_IXUSR else b"100644"
    return mode, _blob(path, status.st_size, algorithm)


def _blob(path: str, size: int, algorithm: str) -> bytes:
    digest = hashlib.new(algorithm, b"blob %d\0" % size, usedforsecurity=False)
    with open(path, "rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.digest()


def _hash(kind: bytes, body: bytes, algorithm: str) -> bytes:
    data = b"%s %d\0" % (kind, len(body))
    return hashlib.new(algorithm, data + body, usedforsecurity=False).digest()
