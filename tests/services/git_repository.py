"""Git repositories made in a test, object by object, so that hostile ones can be made too."""

from __future__ import annotations

import hashlib
import os
import subprocess
import zlib
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

WHEN = 1_700_000_000
"""Seconds: 2023-11-14T22:13:20Z, the date of the first commit of a repository."""


class Link(Struct, frozen=True):
    """A symbolic link in a tree."""

    target: str


class Submodule(Struct, frozen=True):
    """A commit of another repository in a tree."""

    commit: str


class Program(Struct, frozen=True):
    """A file that may be run."""

    text: str


Content = str | bytes | Link | Submodule | Program


class Repository:
    """A bare repository; every commit has a fixed date, so ids are the same in each run."""

    def __init__(self, path: str, *, algorithm: str = "sha1") -> None:
        self.path = path
        self._algorithm = algorithm
        self._count = 0
        subprocess.run(
            ["git", "init", "-q", "--bare", "--template=", f"--object-format={algorithm}", path],
            check=True,
        )
        self.default("main")

    def commit(
        self,
        files: Mapping[str, Content],
        *,
        branch: str | None = "main",
        parents: tuple[str, ...] | None = None,
        when: str | None = None,
    ) -> str:
        """Make a commit that holds exactly these files, as a branch's new tip; return its id.

        Its parent is the branch's tip if `parents` says nothing. `when` is git's `SECONDS ZONE`.
        """
        if parents is None:
            tip = self.read(f"refs/heads/{branch}") if branch else None
            parents = (tip,) if tip else ()
        self._count += 1
        date = when or f"{WHEN + 60 * (self._count - 1)} +0000"
        lines = [f"tree {self.tree(files)}", *(f"parent {parent}" for parent in parents)]
        lines += [f"author A <a@example.com> {date}", f"committer C <c@example.com> {date}"]
        made = self.write("commit", "\n".join([*lines, "", f"commit {self._count}\n"]).encode())
        if branch:
            self.point(f"refs/heads/{branch}", made)
        return made

    def tag(self, name: str, commit: str, *, annotated: bool = False, kind: str = "commit") -> str:
        """Make a tag; return what it points to: the commit, or the tag's own object."""
        target = commit
        if annotated:
            text = (
                f"object {commit}\ntype {kind}\ntag {name}\ntagger T <t@example.com> {WHEN} +0000\n"
            )
            target = self.write("tag", f"{text}\ntag {name}\n".encode())
        self.point(f"refs/tags/{name}", target)
        return target

    def tree(self, files: Mapping[str, Content]) -> str:
        """Write a tree, with the trees below it; return its id."""
        below: dict[str, dict[str, Content]] = {}
        entries: list[tuple[str, str, str]] = []
        for path, content in files.items():
            name, slash, rest = path.partition("/")
            if slash:
                below.setdefault(name, {})[rest] = content
            else:
                entries.append(self._entry(name, content))
        entries += [("40000", name, self.tree(inner)) for name, inner in below.items()]
        return self.raw_tree(entries)

    def raw_tree(self, entries: list[tuple[str, str, str]]) -> str:
        """Write a tree of (mode, name, id) as it is, even one that git would not make."""
        entries = sorted(entries, key=lambda e: e[1] + ("/" if e[0] == "40000" else ""))
        return self.write(
            "tree",
            b"".join(
                f"{mode} {name}".encode("utf-8", "surrogateescape") + b"\0" + bytes.fromhex(object_)
                for mode, name, object_ in entries
            ),
        )

    def write(self, kind: str, body: bytes) -> str:
        """Write an object; return its id."""
        data = f"{kind} {len(body)}".encode() + b"\0" + body
        name = hashlib.new(self._algorithm, data, usedforsecurity=False).hexdigest()
        path = os.path.join(self.path, "objects", name[:2], name[2:])
        if not os.path.exists(path):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as stream:
                stream.write(zlib.compress(data))
        return name

    def point(self, ref: str, target: str) -> None:
        """Let a ref point to an object."""
        path = os.path.join(self.path, *ref.split("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="ascii") as stream:
            stream.write(f"{target}\n")

    def drop(self, ref: str) -> None:
        """Remove a ref; its commits stay and can still be fetched by their ids."""
        os.unlink(os.path.join(self.path, *ref.split("/")))

    def default(self, branch: str) -> None:
        """Let HEAD lead to a branch, whether there is one or not."""
        with open(os.path.join(self.path, "HEAD"), "w", encoding="utf-8") as stream:
            stream.write(f"ref: refs/heads/{branch}\n")

    def detach(self, commit: str) -> None:
        """Let HEAD be a commit and no branch."""
        with open(os.path.join(self.path, "HEAD"), "w", encoding="ascii") as stream:
            stream.write(f"{commit}\n")

    def read(self, ref: str) -> str | None:
        """Return what a ref points to."""
        try:
            with open(os.path.join(self.path, *ref.split("/")), encoding="ascii") as stream:
                return stream.read().strip()
        except OSError:
            return None

    def _entry(self, name: str, content: Content) -> tuple[str, str, str]:
        if isinstance(content, Submodule):
            return "160000", name, content.commit
        if isinstance(content, Link):
            return "120000", name, self.write("blob", content.target.encode())
        if isinstance(content, Program):
            return "100755", name, self.write("blob", content.text.encode())
        data = content.encode() if isinstance(content, str) else content
        return "100644", name, self.write("blob", data)
