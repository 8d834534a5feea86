"""What was fetched of one repository: single commits without history, and history without files.

Two git directories, because a commit without its history would hide where it belongs to.
"""

from __future__ import annotations

import os
from itertools import accumulate
from threading import RLock
from typing import TYPE_CHECKING

from comfylock.sources.git_command import TooLargeError
from comfylock.sources.git_faults import is_unadvertised, missing_of, no_such_revision
from comfylock.sources.git_objects import Objects
from comfylock.sources.git_remote import renamed
from comfylock.sources.interface import Missing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from comfylock.sources.git_command import Commands

SMALL = 256 << 10
"""Bytes of a file that comes along with its commit; greater ones are fetched when needed."""

REMOTE = "comfylock"
_EVERYTHING = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
_CONFIGS = {
    "sha1": b"[core]\n\trepositoryformatversion = 0\n\tbare = true\n",
    "sha256": b"[core]\n\trepositoryformatversion = 1\n\tbare = true\n"
    b"[extensions]\n\tobjectformat = sha256\n",
}
"""The configuration of a bare repository, by the kind of its ids."""

_ALWAYS = (
    "--no-auto-maintenance",
    "--no-progress",
    "--no-recurse-submodules",
    "--no-tags",
    "--no-write-fetch-head",
)


class Scratch:
    """One repository's git directories; one thread at a time works in them."""

    def __init__(self, commands: Commands, url: str, folder: str, host: str) -> None:
        self.lock = RLock()
        self._commands = commands
        self.url = url
        self._host = host
        self._folder = folder
        self._objects: dict[str, Objects] = {}
        self._proven: set[str] = set()
        self._has_history = False

    def commit(self, commit: str) -> Objects | Missing:
        """Return the objects of a commit, fetched unless they are here: this proves it."""
        with self.lock:
            objects = self._directory("commits", commit)
            if commit not in self._proven:
                refused = self._fetch_commit(objects, commit)
                if refused is not None:
                    return refused
                if objects.commit(commit) is None:
                    return no_such_revision(self.url, commit)
                self._proven.add(commit)
            return objects

    def files(
        self, objects: Objects, blobs: Iterable[str], limit: int, *, total: int | None = None
    ) -> dict[str, bytes]:
        """Return files by their ids, fetched unless they are here; the first up to `total`.

        A file above `limit` bytes is left out.
        """
        with self.lock:
            wanted = list(dict.fromkeys(blobs))
            known = objects.kinds(wanted)
            absent = [blob for blob in wanted if blob not in known]
            if absent:
                self.fetch_files(objects, absent)
                known = objects.kinds(wanted)
            small = {blob: size for blob, (_, size) in known.items() if size <= limit}
            sums = zip(small, accumulate(small.values()), strict=True)
            return objects.blobs(blob for blob, sum_ in sums if total is None or sum_ <= total)

    def fetch_files(self, objects: Objects, blobs: Iterable[str]) -> Missing | None:
        """Fetch files by their ids; those that are too large stay away."""
        data = "".join(f"{blob}\n" for blob in blobs).encode()
        try:
            return self._fetch(objects, "--filter=blob:none", "--stdin", data=data)
        except TooLargeError:
            return Missing("too-large", f"a file of `{self.url}` is larger than is allowed")

    def history(self, like: str) -> Objects | Missing:
        """Return all commits that branches and tags lead to, without their files."""
        with self.lock:
            objects = self._directory("history", like)
            if not self._has_history:
                refused = self._fetch(objects, "--filter=tree:0", refspecs=_EVERYTHING)
                if refused is not None:
                    return refused
                self._has_history = True
            return objects

    def _fetch_commit(self, objects: Objects, commit: str) -> Missing | None:
        keep = f"{commit}:refs/comfylock/{commit}"
        small = f"--filter=blob:limit={SMALL}"
        return self._fetch(objects, "--depth=1", small, refspecs=(keep,), revision=commit)

    def _fetch(
        self,
        objects: Objects,
        *options: str,
        refspecs: tuple[str, ...] = (),
        revision: str | None = None,
        data: bytes = b"",
    ) -> Missing | None:
        arguments = ["-c", f"remote.{REMOTE}.url={self.url}"]
        if data:
            # With anything in common, a server takes it that files of old commits are here too.
            arguments += ["-c", "fetch.negotiationAlgorithm=noop"]
        arguments += ["fetch", *_ALWAYS, *options, "--", REMOTE, *refspecs]
        try:
            done = self._commands.remote(
                *arguments, repository=objects.directory, service=self._host, data=data
            )
        finally:
            self._tidy(objects.directory)
        if done.status and revision is not None and is_unadvertised(done.err):
            # An old server gives only what branches and tags point to, or lead to.
            return self._fetch(objects, refspecs=_EVERYTHING)
        if done.status:
            return missing_of(done.err, self.url, revision)
        moved = renamed(self._commands, self.url, done.err)
        return moved if isinstance(moved, Missing) else None

    def _directory(self, name: str, commit: str) -> Objects:
        """Return a git directory for the kind of ids that a commit has; a new one is empty."""
        kind = "sha256" if len(commit) == 64 else "sha1"
        directory = os.path.join(self._folder, f"{name}-{kind}")
        if directory not in self._objects:
            for folder in ("objects", "refs"):
                os.makedirs(os.path.join(directory, folder))
            with open(os.path.join(directory, "HEAD"), "wb") as stream:
                stream.write(b"ref: refs/heads/main\n")
            self._objects[directory] = Objects(self._commands, directory)
            self._tidy(directory)
        return self._objects[directory]

    def _tidy(self, directory: str) -> None:
        """Undo what `fetch --filter` configures, and what an interrupted one leaves behind.

        Git would otherwise try to fetch whatever is absent, one object at a time.
        """
        with open(os.path.join(directory, "config"), "wb") as stream:
            stream.write(_CONFIGS[directory.rpartition("-")[2]])
        for place, _, names in os.walk(directory):
            for name in names:
                if name.endswith(".lock") or name.startswith("tmp_"):
                    os.unlink(os.path.join(place, name))
