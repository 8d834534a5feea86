"""What differs between two locks: files, or revisions of the project's git history. No network."""

from __future__ import annotations

import os

from msgspec import Struct

from comfylock.errors import UsageError
from comfylock.lockfile.diff import Changes, diff
from comfylock.lockfile.read import MAX_LOCK_BYTES, read_lock
from comfylock.lockfile.schema import Lock
from comfylock.ops.project import LOCK, load_lock, lock_path

HEAD = "HEAD"


class Side(Struct, frozen=True):
    """One of two locks."""

    name: str
    """As given: a file, or a revision and a path."""
    is_absent: bool = False
    """The revision has no lock; it counts as an empty one."""


class Difference(Struct, frozen=True):
    """Two locks and what differs between them."""

    old: Side
    new: Side
    changes: Changes


def difference(project: str, a: str | None = None, b: str | None = None) -> Difference:
    """Return what changes from one lock to another; from HEAD's to the project's by default.

    Each is a file or a revision (`HEAD`, `v1:sub/comfy.lock`); a file goes first.

    Raises:
        UsageError: there is no such file or revision, or git is not there.
        LockParseError, LockVersionError, LockConflictError: a lock cannot be understood.
    """
    old, old_lock = _side(project, HEAD if a is None else a)
    new, new_lock = _side(project, lock_path(project) if b is None else b)
    return Difference(old, new, diff(old_lock, new_lock))


def _side(project: str, text: str) -> tuple[Side, Lock]:
    lock = load_lock(text) if os.path.isfile(text) else None
    if lock is not None:
        return Side(text), lock
    if text == lock_path(project):
        raise UsageError(f"no lockfile at `{text}`", hint="comfylock lock")
    return _revision(project, text)


def _revision(project: str, text: str) -> tuple[Side, Lock]:
    from comfylock.sources.git_history import file_at  # noqa: PLC0415 - files need no git
    from comfylock.sources.interface import Missing  # noqa: PLC0415

    revision, colon, path = text.partition(":")
    found = file_at(project, revision, path or f"./{LOCK}", MAX_LOCK_BYTES)
    if not isinstance(found, Missing):
        return Side(text), read_lock(found, text)
    if found.reason == "no-such-file" and not path:
        return Side(text, is_absent=True), Lock()
    what = found.message
    if not colon and found.reason == "no-such-revision":
        what = f"`{text}` is neither a file nor a revision of the project's repository"
    raise UsageError(what, hint=found.hint)
