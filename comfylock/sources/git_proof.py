"""Are the objects of a commit what their ids say? git itself checks only some of that when reading.

A checkout's object store may be a stranger's; its files are compared with these trees.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from comfylock.sources.git_objects import Objects

_HASHES = {"sha1": hashlib.sha1, "sha256": hashlib.sha256}


class Proven(Struct, frozen=True):
    """What a commit whose objects were hashed holds."""

    tree: str
    has_modules: bool
    """Some entry is a commit of another repository."""


def prove(objects: Objects, commit: str, algorithm: str) -> Proven | str:
    """Return what a commit holds, or the second half of a sentence: why it is not to be believed.

    Raises:
        SourceUnavailableError: git cannot read an object.
    """
    body = objects.raw([commit], b"commit").get(commit)
    if body is None:
        return "lacks the object of its commit"
    if _id_of(b"commit", body, algorithm) != commit:
        return "holds a forged commit"
    root = body.partition(b"\n")[0].decode("ascii", "replace").removeprefix("tree ")
    waiting, seen, has_modules = [root], {root}, False
    while waiting:
        bodies = objects.raw(waiting, b"tree")
        if len(bodies) < len(waiting):
            return "lacks objects of its commit"
        below: set[str] = set()
        for name, tree in bodies.items():
            if _id_of(b"tree", tree, algorithm) != name:
                return "holds a forged tree"
            trees, modules = _entries(tree, len(name) // 2)
            below |= trees
            has_modules = has_modules or modules
        waiting = sorted(below - seen)
        seen |= below
    return Proven(root, has_modules)


def _id_of(kind: bytes, body: bytes, algorithm: str) -> str:
    digest = _HASHES[algorithm](b"%s %d\0" % (kind, len(body)))
    digest.update(body)
    return digest.hexdigest()


def _entries(body: bytes, length: int) -> tuple[set[str], bool]:
    """Return the ids of the trees in a tree, and whether it has submodules.

    An id has `length` bytes.
    """
    found: set[str] = set()
    has_modules = False
    at = 0
    while (end := body.find(b"\0", at)) >= 0:
        if body.startswith((b"40000 ", b"040000 "), at):
            found.add(body[end + 1 : end + 1 + length].hex())
        has_modules = has_modules or body.startswith(b"160000 ", at)
        at = end + 1 + length
    return found, has_modules
