"""The files beside a lock that it names: read with limits, written and removed together with it."""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from comfylock.errors import LockParseError, WriteError
from comfylock.files import holds, remove_leftovers, write_together
from comfylock.names import printable
from comfylock.reading import read_regular

if TYPE_CHECKING:
    from collections.abc import Mapping

    from comfylock.lockfile.schema import Lock

MAX_BYTES = 64 << 20
"""Of one file; a pylock of a thousand packages has some MiB."""

LEFTOVER = 600.0
"""Seconds after which a temporary file is nobody's any more; a lock is written in a blink."""


def read_companions(project: str, lock: Lock) -> dict[str, bytes]:
    """Return the bytes of the files that a lock names, those that are there, by name. No network.

    Raises:
        LockParseError: one is there and cannot be read, or is too large.
    """
    found: dict[str, bytes] = {}
    for pin in lock.python:
        path = os.path.join(project, pin.file)
        try:
            data = read_regular(path, MAX_BYTES + 1)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise LockParseError(path, (("", f"cannot be read: {error.strerror}"),)) from error
        if len(data) > MAX_BYTES:
            raise LockParseError(path, (("", f"is larger than {MAX_BYTES >> 20} MiB"),))
        found[pin.file] = data
    return found


def digests_of(companions: Mapping[str, bytes]) -> dict[str, str]:
    """Return the sha256 of each file."""
    return {name: hashlib.sha256(data).hexdigest() for name, data in companions.items()}


def write_lock_and_companions(
    path: str, data: bytes, companions: Mapping[str, bytes], old: Lock
) -> bool:
    """Write a lock and the files that it names, all or none; False if all are so already.

    What the old lock named and the new one does not is removed, if it is still as it was locked.

    Raises:
        WriteError: they cannot be written; the old ones are intact.
    """
    folder = os.path.dirname(os.path.abspath(path))
    remove_leftovers(folder, time.time() - LEFTOVER)
    files = {os.path.join(folder, name): text for name, text in companions.items()}
    for name, text in {**files, path: data}.items():
        if os.path.islink(name) and not holds(name, text):
            # Through a stranger's link anything could be overwritten; a person's would be lost.
            told = f"is a link to {printable(os.readlink(name))}, and no lock is written over it"
            raise WriteError(name, told, hint="put a file in its place, or lock where it leads")
    try:
        is_changed = write_together({**files, path: data})
    except OSError as error:
        told = f"cannot be written: {error.strerror or error}; what was there is as it was"
        hint = "what was learnt is kept: run it again when the folder can be written"
        raise WriteError(path, told, hint=hint) from error
    for pin in old.python:
        if pin.file not in companions:
            is_changed = _remove(os.path.join(folder, pin.file), pin.sha256) or is_changed
    return is_changed


def _remove(path: str, sha256: str) -> bool:
    with suppress(OSError):
        with open(path, "rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if digest == sha256:
            os.unlink(path)
            return True
    return False
