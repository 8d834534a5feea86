"""Read commits and files of a git directory without a work tree and without trusting it.

The only place of the registry that runs a program. No hook, filter, pager, replacement
object or transport of the repository is used: git is asked for objects alone.
"""

from __future__ import annotations

import os
import re
import subprocess
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from comfylock.errors import RegistryError

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMMIT = re.compile(r"[0-9a-f]{40}\Z")
_BLOBS = {"100644", "100755"}
_MAX_LINE = 8192
_MAX_BLOB = 4 * 1024 * 1024
_MAX_COMMITS = 100_000
_MAX_BLOBS = 20_000
_MAX_TOTAL = 256 * 1024 * 1024
_SECONDS = 120.0
_OPTIONS = (
    "--no-replace-objects",
    "--no-optional-locks",
    "-c",
    "protocol.allow=never",
    "-c",
    "core.fsmonitor=false",
    "-c",
    f"core.hooksPath={os.devnull}",
    "-c",
    "log.showSignature=false",
)


_Asked = TypeVar("_Asked")


class Commit(NamedTuple):
    """A commit and its day."""

    id: str
    date: str
    """`YYYY-MM-DD` of the committer."""


class Blob(NamedTuple):
    """A file in a commit's tree."""

    path: str
    id: str
    size: int


def git_directory(path: str) -> str | None:
    """Return the git directory that a folder is, has, or has a link to; None if it has none.

    It has `HEAD` and `objects`; that of a worktree has its `objects` where `commondir` says, and
    is linked to by a file `.git`, as that of a submodule is.
    """
    beside = os.path.join(path, ".git")
    linked = _line(beside)
    told = linked.removeprefix("gitdir:").strip() if linked.startswith("gitdir:") else ""
    for folder in (path, beside, *([os.path.join(path, told)] if told else [])):
        if os.path.isfile(os.path.join(folder, "HEAD")) and _has_objects(folder):
            return os.path.normpath(folder)
    return None


def _has_objects(folder: str) -> bool:
    common = os.path.join(folder, _line(os.path.join(folder, "commondir")) or ".")
    return os.path.isdir(os.path.join(common, "objects"))


def _line(path: str) -> str:
    """Return what a small file of one line says; empty if it is none."""
    try:
        if not os.path.isfile(path):
            return ""
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            told = file.read(_MAX_LINE).strip()
    except (OSError, ValueError):
        return ""
    return "" if "\n" in told or "\0" in told else told


def commits(
    git_directory: str, paths: tuple[str, ...] = (), limit: int = _MAX_COMMITS
) -> list[Commit]:
    """Return the commits that lead to HEAD, newest first; only those that touch the paths."""
    count = f"--max-count={limit}"
    output = _run(git_directory, "log", "--format=%H %cs", count, "HEAD", "--", *paths)
    pairs = (line.split(" ", 1) for line in output.decode("ascii", "replace").splitlines())
    return [Commit(*pair) for pair in pairs if len(pair) == 2 and _COMMIT.match(pair[0])]


def blobs(git_directory: str, commit: str, suffixes: tuple[str, ...]) -> list[Blob]:
    """Return the regular files of a commit with these suffixes; links and huge files are not."""
    _check(git_directory, commit)
    output = _run(git_directory, "ls-tree", "-r", "-l", "-z", "--full-tree", commit)
    found: list[Blob] = []
    for entry in output.split(b"\0"):
        meta, _, name = entry.partition(b"\t")
        fields = meta.decode("ascii", "replace").split()
        path = name.decode("utf-8", "replace")
        if len(fields) != 4 or fields[0] not in _BLOBS or not path.endswith(suffixes):
            continue
        if fields[3].isdigit() and is_contained(path):
            found.append(Blob(path, fields[2], int(fields[3])))
    return _within_limits(found)


def _within_limits(found: list[Blob]) -> list[Blob]:
    """Return the files that may be read: none too large, not too many, not too much."""
    small = [blob for blob in found if blob.size <= _MAX_BLOB][:_MAX_BLOBS]
    totals = accumulate(blob.size for blob in small)
    return [blob for blob, total in zip(small, totals, strict=True) if total <= _MAX_TOTAL]


def is_contained(path: str) -> bool:
    """Say whether a path from a tree stays inside the folder it is written to."""
    parts = path.split("/")
    return not (set(parts) & {"", ".", "..", ".git"}) and "\\" not in path and ":" not in path


def read_blobs(git_directory: str, wanted: list[Blob]) -> Iterator[tuple[Blob, bytes]]:
    """Yield the bytes of files, in the order asked for; what is missing is left out."""
    request = b"".join(blob.id.encode("ascii") + b"\n" for blob in wanted)
    yield from _answers(_run(git_directory, "cat-file", "--batch", data=request), wanted)


def _answers(output: bytes, asked: list[_Asked]) -> Iterator[tuple[_Asked, bytes]]:
    """Yield what `git cat-file --batch` answered to each question; blobs only."""
    position = 0
    for question in asked:
        end = output.find(b"\n", position)
        if end < 0:
            return
        fields = output[position:end].split()
        position = end + 1
        if fields[-1] == b"missing" or len(fields) != 3:
            continue
        size = int(fields[2])
        if fields[1] == b"blob":
            yield question, output[position : position + size]
        position += size + 1


def read_states(git_directory: str, path: str, found: list[Commit]) -> Iterator[tuple[str, bytes]]:
    """Yield each state that a file had at these commits once, with the first such commit."""
    names = [commit.id for commit in found if _COMMIT.match(commit.id)]
    if not names or "\n" in path:
        return
    request = "".join(f"{name}:{path}\n" for name in names).encode()
    lines = _run(git_directory, "cat-file", "--batch-check", data=request).splitlines()
    first: dict[Blob, str] = {}
    for name, line in zip(names, lines, strict=False):
        fields = line.decode("ascii", "replace").split()
        if len(fields) == 3 and fields[1] == "blob" and fields[2].isdigit():
            first.setdefault(Blob(path, fields[0], int(fields[2])), name)
    for blob, data in read_blobs(git_directory, _within_limits(list(first))):
        yield first[blob], data


def read_text(git_directory: str, commit: str, path: str) -> str | None:
    """Return one file of a commit as text; None if it is not there."""
    for _, data in read_states(git_directory, path, [Commit(commit, "")]):
        return data.decode("utf-8", "replace")
    return None


def export(git_directory: str, commit: str, suffixes: tuple[str, ...], folder: str) -> int:
    """Write a commit's files with these suffixes below a folder; return how many."""
    count = 0
    for blob, data in read_blobs(git_directory, blobs(git_directory, commit, suffixes)):
        target = os.path.join(folder, *blob.path.split("/"))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "xb") as file:
            file.write(data)
        count += 1
    return count


def resolve(git_directory: str, revision: str) -> str | None:
    """Return the commit that a tag, branch or commit means; None if there is no such thing."""
    if not revision or revision.startswith("-") or not revision.isprintable():
        return None
    try:
        told = _run(git_directory, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    except RegistryError:
        return None
    found = told.decode("ascii", "replace").strip()
    return found if _COMMIT.match(found) else None


def _check(git_directory: str, commit: str) -> None:
    if not _COMMIT.match(commit):
        raise RegistryError(git_directory, "a commit is 40 hex digits")


def _run(git_directory: str, *arguments: str, data: bytes = b"") -> bytes:
    """Return what git prints.

    Raises:
        RegistryError: git is missing, refuses, or takes too long.
    """
    command = ["git", *_OPTIONS, f"--git-dir={os.path.abspath(git_directory)}", *arguments]
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "HOME": os.devnull,
    }
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program and options; no shell
            command,
            input=data,
            capture_output=True,
            check=False,
            env=environment,
            timeout=_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RegistryError(git_directory, f"git cannot be run: {error}") from error
    if done.returncode:
        reason = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise RegistryError(git_directory, f"git refuses: {reason[-1] if reason else 'no reason'}")
    return done.stdout
