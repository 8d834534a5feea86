"""What a checkout on disk is: its commit, and every way in which its files are not of it.

git looks at the files through a git folder of ours: of the checkout's own one it gets the
objects, the index and a few words of settings. No filter, hook, monitor or alias of it is run,
and the objects of the commit are hashed before they are believed.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from msgspec.structs import replace

from comfylock.errors import SourceUnavailableError
from comfylock.hashing import ChangedError, NotAFileError, sha256_of_file
from comfylock.names import printable
from comfylock.sources.git_files import pointer_of
from comfylock.sources.git_folder import CheckoutError, GitFolder, git_folder, small_file
from comfylock.sources.git_objects import Objects
from comfylock.sources.git_proof import prove
from comfylock.sources.hidden_code import hidden_code

if TYPE_CHECKING:
    from comfylock.sources.git_command import Commands

State = Literal["edited", "missing", "untracked", "staged", "hidden"]
"""hidden: it can be run, is not of the commit, and patterns keep `git status` from telling."""

MAX_INDEX = 256 << 20
"""Bytes."""

MAX_NESTED = 8
"""Submodules of submodules."""


class Change(Struct, frozen=True, order=True):
    """One file that is not as the commit has it."""

    path: str
    """From the checkout's folder, `/` between parts; a folder ends in `/`."""
    state: State


class Module(Struct, frozen=True, order=True):
    """A submodule of the commit, and what is in its place."""

    path: str
    commit: str
    """As the commit has it."""
    checkout: Checkout | None = None
    """None: nothing is there."""
    told: str | None = None
    """Why it cannot be looked at."""


class Checkout(Struct, frozen=True):
    """A folder that git checked out."""

    commit: str | None
    """HEAD; None if nothing was ever committed."""
    tree: str | None = None
    branch: str | None = None
    """None if HEAD is detached."""
    remote: str | None = None
    """As its settings have it."""
    is_shallow: bool = False
    changes: tuple[Change, ...] = ()
    """Sorted; what patterns ignore is left out, unless it can be run."""
    modules: tuple[Module, ...] = ()
    damage: str | None = None
    """What is wrong with its objects: the second half of a sentence."""

    @property
    def is_clean(self) -> bool:
        """Say whether `git status` would have nothing to tell, and no pattern hides code."""
        return not self.changes and self.damage is None


def read_checkout(
    commands: Commands,
    path: str,
    *,
    found: GitFolder | None = None,
    ignored: tuple[str, ...] = (),
    depth: int = 0,
) -> Checkout | None:
    """Return what a folder's checkout is; None if git did not check it out. No network.

    `found` is its git folder, where that is known already. Files that are `ignored`, in patterns
    of `.gitignore`, do not count unless the commit has them.

    Raises:
        CheckoutError: it cannot be looked at.
        SourceUnavailableError: git is not installed.
    """
    found = found or git_folder(commands, path)
    if found is None:
        return None
    plain = Checkout(
        found.head, branch=found.branch, remote=found.remote, is_shallow=found.is_shallow
    )
    if found.head is None:
        return plain
    scratch = tempfile.mkdtemp(prefix="checkout-", dir=commands.folder)
    try:
        _prepare(scratch, found, found.head, ignored)
        return _compared(_Look(commands, path, scratch, found, ignored), plain, depth)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at a checkout, through a git folder of our own."""

    commands: Commands
    path: str
    scratch: str
    found: GitFolder
    ignored: tuple[str, ...] = ()

    def ask(self, *arguments: str) -> bytes:
        """Return what git says about the files of the checkout."""
        done = self.commands.run(f"--work-tree={self.path}", *arguments, repository=self.scratch)
        if done.status:
            told = (done.err.strip().splitlines() or ["no reason given"])[-1]
            raise CheckoutError(f"cannot be read by git: {printable(told, 120)}")
        return done.out


def _compared(look: _Look, plain: Checkout, depth: int) -> Checkout:
    commit = look.found.head or ""
    objects = Objects(look.commands, look.scratch)
    try:
        proven = prove(objects, commit, look.found.algorithm)
    except SourceUnavailableError:  # git cannot unpack them
        proven = "holds damaged objects"
    if isinstance(proven, str):
        return replace(plain, damage=proven)
    changes = set(_staged(look, commit))
    look.ask("read-tree", commit)
    changes |= set(_changes(look))
    changes -= _unchanged(look, objects, commit, changes)
    changes |= set(_hidden(look, changes))
    modules = _modules(look, objects, commit, depth) if proven.has_modules else ()
    return replace(plain, tree=proven.tree, changes=tuple(sorted(changes)), modules=modules)


def _prepare(scratch: str, found: GitFolder, commit: str, ignored: tuple[str, ...]) -> None:
    """Make a git folder that has the checkout's objects, and nothing else of it that acts."""
    objects = os.path.join(found.common, "objects")
    if "\n" in objects or not os.path.isdir(objects):
        raise CheckoutError("has no folder of objects")
    for folder in ("objects/info", "refs", "info"):
        os.makedirs(os.path.join(scratch, *folder.split("/")))
    version = 1 if found.algorithm == "sha256" else 0
    lines = ["[core]", f"\trepositoryformatversion = {version}", "\tbare = false"]
    lines += [f"\t{name.partition('.')[2]} = {word}" for name, word in found.settings.items()]
    if version:
        lines += ["[extensions]", "\tobjectformat = sha256"]
    patterns = small_file(os.path.join(found.common, "info", "exclude"), 1 << 20) or b""
    patterns += b"".join(b"\n" + os.fsencode(pattern) for pattern in ignored) + b"\n"
    files = {
        "HEAD": f"{commit}\n".encode(),
        "config": ("\n".join(lines) + "\n").encode(),
        "objects/info/alternates": os.fsencode(objects) + b"\n",
        "info/exclude": patterns,
        # The first word on attributes: no driver of anybody's settings filters a stranger's file.
        "info/attributes": b"* -filter\n",
    }
    for name, data in files.items():
        with open(os.path.join(scratch, *name.split("/")), "wb") as stream:
            stream.write(data)


def _staged(look: _Look, commit: str) -> list[Change]:
    """Return what the checkout's own index has otherwise than its commit."""
    index = small_file(os.path.join(look.found.own, "index"), MAX_INDEX)
    if index is None:
        return []
    own = os.path.join(look.scratch, "index")
    with open(own, "wb") as stream:
        stream.write(index)
    try:
        out = look.ask(
            "diff-index", "--cached", "--name-only", "--no-renames", "-z",
            "--ignore-submodules=dirty", commit, "--",
        )  # fmt: skip
    except CheckoutError:
        return []  # an index that git cannot read says nothing about the files
    finally:
        os.unlink(own)
    return [Change(_text(name), "staged") for name in out.split(b"\0") if name]


def _changes(look: _Look) -> list[Change]:
    """Return what `git status` says about the files, with an index fresh from the commit.

    Such an index knows no time stamps, so that git reads every file.
    """
    out = look.ask(
        "status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames",
        "--ignore-submodules=all",
    )  # fmt: skip
    found: list[Change] = []
    for line in out.split(b"\0"):
        state, name = line[:2], _text(line[3:])
        if state == b"??":
            found.append(Change(name, "untracked"))
        elif b"D" in state:
            found.append(Change(name, "missing"))
        elif line:
            found.append(Change(name, "edited"))
    return found


def _hidden(look: _Look, changes: set[Change]) -> list[Change]:
    """Return the code that patterns hide."""
    tracked = [_text(name) for name in look.ask("ls-files", "-z").split(b"\0") if name]
    told = [change.path for change in changes]
    roots = [pattern.strip("/") for pattern in look.ignored]
    return [Change(path, "hidden") for path in hidden_code(look.path, tracked, told, roots)]


def _unchanged(look: _Look, objects: Objects, commit: str, changes: set[Change]) -> set[Change]:
    """Return the changes that are none: files of Git LFS whose pointer names their bytes."""
    edited = {change.path: change for change in changes if change.state == "edited"}
    if not edited:
        return set()
    ids = {entry.path: entry.id for entry in objects.entries(commit) if entry.path in edited}
    found: set[Change] = set()
    for path, blob in ids.items():
        pointer = pointer_of(objects, blob)
        if pointer is None:
            continue
        try:
            sha256, stamp = sha256_of_file(os.path.join(look.path, *path.split("/")))
        except (ChangedError, NotAFileError, OSError):
            continue
        if (sha256, stamp.size) == pointer:
            found.add(edited[path])
    return found


def _modules(look: _Look, objects: Objects, commit: str, depth: int) -> tuple[Module, ...]:
    found: list[Module] = []
    for entry in objects.entries(commit):
        if not entry.is_submodule:
            continue
        place = os.path.join(look.path, *entry.path.split("/"))
        checkout, told = None, None
        try:
            if depth >= MAX_NESTED:
                told = "lies too deep"
            elif os.path.lexists(os.path.join(place, ".git")):
                checkout = read_checkout(look.commands, place, depth=depth + 1)
        except CheckoutError as error:
            told = str(error)
        found.append(Module(entry.path, entry.id, checkout, told))
    return tuple(found)


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")
