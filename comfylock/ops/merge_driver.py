"""Git's merges of a lock: entry by entry, and what a clone needs for that. No network."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.errors import UsageError
from comfylock.files import write_atomically
from comfylock.lockfile.conflicted import conflicted
from comfylock.lockfile.merge import Conflict, merge
from comfylock.lockfile.read import read_lock
from comfylock.lockfile.write import write_lock
from comfylock.ops.project import LOCK, read_bytes

if TYPE_CHECKING:
    from comfylock.lockfile.schema import Lock

ATTRIBUTES = ".gitattributes"
ENTRY = f"{LOCK} merge=comfylock"
COMMANDS = (
    'git config merge.comfylock.name "comfy.lock, entry by entry"',
    'git config merge.comfylock.driver "comfylock merge-driver %O %A %B --path=%P"',
)
"""What tells one clone of the repository what the attribute means; git never takes it from one."""


class MergeOutcome(Struct, frozen=True):
    """What became of a merge."""

    path: str
    conflicts: tuple[Conflict, ...] = ()
    """What somebody has to decide; the file has markers around it."""


class Installed(Struct, frozen=True):
    """What a repository says about merging locks."""

    file: str
    entry: str
    is_written: bool
    """The file was changed."""
    commands: tuple[str, ...]
    """What is left for the user to run, once in each clone."""


def merge_files(base: str, ours: str, theirs: str, path: str = LOCK) -> MergeOutcome:
    """Merge three locks into the file of ours, which is left alone if one cannot be understood.

    An empty base means that there is none. `path` is the lock's name for messages.

    Raises:
        UsageError: there is no such file.
        LockParseError, LockVersionError, LockConflictError: a lock cannot be understood.
        OSError: the result cannot be written.
    """
    before = _lock(base, f"{path} (base)", may_be_empty=True)
    mine, other = _lock(ours, f"{path} (ours)"), _lock(theirs, f"{path} (theirs)")
    assert mine is not None
    assert other is not None
    merged = merge(before, mine, other)
    if merged.conflicts:
        write_atomically(ours, conflicted(before, mine, other, merged))
        return MergeOutcome(path, merged.conflicts)
    data = write_lock(merged.lock)
    read_lock(data, f"{path} (merged)")
    write_atomically(ours, data)
    return MergeOutcome(path)


def install(project: str) -> Installed:
    """Let a project's `.gitattributes` name the driver, and say what each clone needs besides.

    Runs nothing: what a clone runs is its user's to say.

    Raises:
        UsageError: the file gives comfy.lock another driver, or is no plain file.
    """
    file = os.path.join(project, ATTRIBUTES)
    if os.path.islink(file):
        raise UsageError(f"{file} is a link, which git does not follow")
    text = read_bytes(file) or b""
    for line in text.splitlines():
        pattern, *attributes = line.split()[:10] or [b""]
        if pattern not in (LOCK.encode(), b"/" + LOCK.encode()):
            continue
        chosen = [word for word in attributes if word.lstrip(b"-!").split(b"=")[0] == b"merge"]
        if b"merge=comfylock" in chosen:
            return Installed(file, ENTRY, is_written=False, commands=COMMANDS)
        if chosen:
            told = chosen[0].decode("utf-8", "replace")
            hint = f"replace it by `{ENTRY}`"
            raise UsageError(f"{file} says `{told}` of comfy.lock already", hint=hint)
    end = b"\r\n" if b"\r\n" in text else b"\n"
    gap = end if text and not text.endswith(b"\n") else b""
    is_written = write_atomically(file, text + gap + ENTRY.encode() + end)
    return Installed(file, ENTRY, is_written, COMMANDS)


def _lock(path: str, name: str, *, may_be_empty: bool = False) -> Lock | None:
    data = read_bytes(path)
    if data is None:
        raise UsageError(f"{path}: there is no such file", hint="comfylock merge-driver --help")
    return None if may_be_empty and not data.strip() else read_lock(data, name)
