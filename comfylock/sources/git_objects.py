"""Reading the objects of a git directory: commits, trees, files; nothing is checked out."""

from __future__ import annotations

import contextlib
import os
import tempfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.errors import SourceUnavailableError
from comfylock.names import is_text, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from comfylock.sources.git_command import Commands

MAX_ENTRIES = 100_000
"""Files of a tree."""


class Entry(Struct, frozen=True):
    """One path of a commit's tree."""

    mode: str
    """`100644`, `100755`, `120000` (a link), `160000` (a submodule)."""
    id: str
    path: str

    @property
    def is_file(self) -> bool:
        """It is a regular file."""
        return self.mode in {"100644", "100755"}

    @property
    def is_submodule(self) -> bool:
        """It is a commit of another repository."""
        return self.mode == "160000"


class CommitObject(Struct, frozen=True):
    """What a commit's object says."""

    tree: str
    date: str
    """UTC, when it was committed."""


class Objects:
    """The objects of one git directory."""

    def __init__(self, commands: Commands, directory: str) -> None:
        self.commands = commands
        self.directory = directory
        self._commits: dict[str, CommitObject] = {}
        self._entries: dict[str, list[Entry]] = {}

    def kinds(self, names: Iterable[str]) -> dict[str, tuple[str, int]]:
        """Return kind and size (bytes) of each object that is here."""
        wanted = list(names)
        if not wanted:
            return {}
        request = "".join(f"{name}\n" for name in wanted).encode()
        lines = self._git("cat-file", "--batch-check", data=request).splitlines()
        fields = [line.decode("ascii", "replace").split() for line in lines]
        return {
            name: (words[1], int(words[2]))
            for name, words in zip(wanted, fields, strict=False)
            if len(words) == 3 and words[2].isdigit()
        }

    def commit(self, commit: str) -> CommitObject | None:
        """Return what a commit's object says; None if it is not here or is no commit."""
        if commit not in self._commits:
            found = self._read([commit], b"commit").get(commit)
            if found is None:
                return None
            header = found.partition(b"\n\n")[0].decode("utf-8", "replace").split("\n")
            fields = {line.partition(" ")[0]: line.partition(" ")[2] for line in reversed(header)}
            self._commits[commit] = CommitObject(
                fields.get("tree", ""), _date(fields.get("committer", ""))
            )
        return self._commits[commit]

    def entries(self, commit: str) -> list[Entry]:
        """Return the files, links and submodules of a commit, sorted by path.

        Paths that would leave the folder they are written to, or are no text, are left out.
        """
        if commit in self._entries:
            return self._entries[commit]
        found: list[Entry] = []
        for line in self._git("ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0"):
            meta, _, name = line.partition(b"\t")
            words = meta.decode("ascii", "replace").split()
            path = name.decode("utf-8", "surrogateescape")
            if len(words) == 3 and is_contained(path):
                found.append(Entry(words[0], words[2], path))
        found.sort(key=lambda entry: entry.path)
        self._entries[commit] = found[:MAX_ENTRIES]
        return self._entries[commit]

    def blobs(self, ids: Iterable[str]) -> dict[str, bytes]:
        """Return files by their ids; what is not here is left out."""
        return self._read(sorted(set(ids)), b"blob")

    def raw(self, names: Iterable[str], kind: bytes) -> dict[str, bytes]:
        """Return objects of a kind by their ids, as they are; what is not here is left out."""
        return self._read(list(names), kind)

    def digest(self, blob: str) -> tuple[str, int]:
        """Return the sha256 and size (bytes) of a file of any size, from where it is stored."""
        return self.commands.digest("cat-file", "blob", blob, repository=self.directory)

    def settings(self, data: bytes) -> dict[str, str]:
        """Return the settings of a file in git's own format (`.gitmodules`); {} if it is none."""
        handle, name = tempfile.mkstemp(dir=self.commands.folder)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            done = self.commands.run("config", "--no-includes", "-z", "--file", name, "--list")
        finally:
            with contextlib.suppress(OSError):
                os.unlink(name)
        lines = done.out.decode("utf-8", "replace").split("\0") if done.status == 0 else []
        return {line.partition("\n")[0]: line.partition("\n")[2] for line in lines if line}

    def ask(self, *arguments: str, data: bytes = b"") -> bytes | None:
        """Return what git says about this directory; None if it refuses."""
        done = self.commands.run(*arguments, repository=self.directory, data=data)
        return None if done.status else done.out

    def _read(self, names: list[str], kind: bytes) -> dict[str, bytes]:
        if not names:
            return {}
        request = "".join(f"{name}\n" for name in names).encode()
        return dict(_answers(self._git("cat-file", "--batch", data=request), names, kind))

    def _git(self, *arguments: str, data: bytes = b"") -> bytes:
        done = self.commands.run(*arguments, repository=self.directory, data=data)
        if done.status:
            told = (done.err.strip().splitlines() or ["no reason given"])[-1]
            raise SourceUnavailableError("git", f"cannot read what it fetched: {printable(told)}")
        return done.out


def is_contained(path: str) -> bool:
    """Say whether a path of a tree is a text and stays inside the folder it is written to."""
    parts = path.lower().split("/")
    return (
        not {"", ".", "..", ".git"} & set(parts)
        and "\\" not in path
        and is_text(path)
        and path.isprintable()
    )


def _answers(output: bytes, asked: list[str], kind: bytes) -> Iterator[tuple[str, bytes]]:
    position = 0
    for question in asked:
        end = output.find(b"\n", position)
        words = output[position:end].split()
        position = end + 1
        if len(words) != 3:
            continue
        size = int(words[2])
        if words[1] == kind:
            yield question, output[position : position + size]
        position += size + 1


def _date(committer: str) -> str:
    """Return the date of `Name <mail> SECONDS ZONE` in UTC; the epoch if it has none."""
    words = committer.rpartition(">")[2].split()
    try:
        moment = datetime.fromtimestamp(int(words[0]), UTC)
    except (ValueError, IndexError, OverflowError, OSError):
        moment = datetime.fromtimestamp(0, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
