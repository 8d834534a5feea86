"""Digests of many files: hashed on every core, and remembered until a file changes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

import msgspec
from msgspec import Struct

from comfylock.files import write_atomically
from comfylock.hashing import ChangedError, NotAFileError, Stamp, sha256_of_file, stamp_of
from comfylock.threads import threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MAX_REMEMBERED = 200_000
"""Files; those that were met last stay."""

MAX_BYTES = 128 << 20
"""Of the file that they are remembered in."""

FORMAT = 1
FINE, COARSE = 50_000_000, 2_000_000_000
"""Nanoseconds after a change in which another may show the same moment: on file systems that tell
parts of a second, and on those that do not."""


class Trouble(Struct, frozen=True):
    """Why there is no digest of a file."""

    kind: str
    """`vanished`, `changing`, `not-a-file` or `unreadable`."""
    told: str
    """The second half of a sentence: `cannot be read: Permission denied`."""


class Progress(Protocol):
    """Is told how far the hashing is."""

    def begin(self, count: int) -> None:
        """Note that so many more files are to be hashed."""

    def done(self, subject: str) -> None:
        """Note that one of them is."""


class _Kept(Struct, array_like=True):
    size: int
    mtime: int
    ctime: int
    inode: int
    device: int
    sha256: str

    def fits(self, stamp: Stamp) -> bool:
        """Say whether a file is as it was, by all that its status tells."""
        now = (self.mtime, self.size, self.ctime, self.inode, self.device)
        return now == (stamp.mtime, stamp.size, stamp.ctime, stamp.inode, stamp.device)


class _Memory(Struct):
    format: int
    files: dict[str, _Kept]


class Digests:
    """Hashes files, and knows those again that did not change since.

    `file` is where it remembers (None: nowhere), `jobs` how many files are read at a time, `now`
    the time in nanoseconds. Threads may share it. What is damaged or of another format counts as
    nothing remembered.
    """

    def __init__(
        self,
        file: str | None,
        now: Callable[[], int],
        *,
        jobs: int | None = None,
        progress: Progress | None = None,
    ) -> None:
        self._file = file
        self._now = now
        self._jobs = jobs or os.cpu_count() or 1
        self._progress = progress
        self._known = _load(file)
        self._met: dict[str, _Kept] = {}
        self._goes_on, self._has_news = True, False
        self.hashed = 0
        """Files that were read."""

    def find(self, paths: Iterable[str]) -> dict[str, str | Trouble]:
        """Return the sha256 of each file, or why there is none."""
        found: dict[str, str | Trouble] = {}
        unknown: list[tuple[int, str]] = []
        for path in dict.fromkeys(paths):
            try:
                stamp = stamp_of(os.stat(path))
            except OSError as error:
                found[path] = trouble(error)
                continue
            key = path if os.path.isabs(path) else os.path.abspath(path)
            kept = self._known.get(key)
            if kept is not None and kept.fits(stamp):
                self._met[key] = kept
                found[path] = kept.sha256
            else:
                unknown.append((stamp.size, path))
        # The largest first: so the cores come to their ends together.
        order = [path for _, path in sorted(unknown, key=lambda one: (-one[0], one[1]))]
        if self._progress is not None:
            self._progress.begin(len(order))
        try:
            with threads(self._jobs, "comfylock-hash") as pool:
                hashed = dict(zip(order, pool.map(self._hash, order), strict=True))
        except BaseException:
            self._goes_on = False  # nobody reads a large file to its end any more
            raise
        self.hashed += sum(isinstance(each, str) for each in hashed.values())
        return found | hashed

    def save(self) -> None:
        """Remember for the next run; a cache that cannot be written is no error."""
        if self._file is None or not self._has_news:
            return
        latest = _load(self._file)  # another process may have learnt something meanwhile
        order = {**latest, **self._known, **self._met}
        for path in self._met:
            order[path] = order.pop(path)
        files = dict(list(order.items())[-MAX_REMEMBERED:])
        try:
            data = msgspec.json.encode(_Memory(FORMAT, files))
            os.makedirs(os.path.dirname(os.path.abspath(self._file)), mode=0o700, exist_ok=True)
            write_atomically(self._file, data)
        except (OSError, UnicodeEncodeError):
            return

    def _hash(self, path: str) -> str | Trouble:
        began = self._now()
        try:
            sha256, stamp = sha256_of_file(path, lambda: self._goes_on)
        except OSError as error:
            return trouble(error)
        finally:
            if self._progress is not None:
                self._progress.done(path)
        if _is_settled(stamp, began) and _is_text(path):
            key = path if os.path.isabs(path) else os.path.abspath(path)
            self._met[key] = _Kept(*stamp, sha256)
            self._has_news = True
        return sha256


def _is_settled(stamp: Stamp, began: int) -> bool:
    """Say whether a later change would show: one in the same instant has the same stamp."""
    latest = max(stamp.mtime, stamp.ctime)
    return began - latest > (FINE if latest % 1_000_000_000 else COARSE)


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def trouble(error: OSError) -> Trouble:
    """Return what an error means for one file."""
    if isinstance(error, FileNotFoundError):
        return Trouble("vanished", "went away while it was looked at")
    if isinstance(error, ChangedError):
        return Trouble("changing", "changed while it was hashed")
    if isinstance(error, NotAFileError | IsADirectoryError):
        return Trouble("not-a-file", "is no regular file")
    return Trouble("unreadable", f"cannot be read: {error.strerror or error}")


def _load(file: str | None) -> dict[str, _Kept]:
    if file is None:
        return {}
    try:
        with open(file, "rb") as stream:
            data = stream.read(MAX_BYTES + 1)
        memory = msgspec.json.decode(data, type=_Memory)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}
    return memory.files if memory.format == FORMAT and len(data) <= MAX_BYTES else {}
