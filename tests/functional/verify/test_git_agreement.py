"""What verify says of a checkout is what `git status` and `git rev-parse` say of it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from comfylock.sources.git_checkout import Checkout, read_checkout
from comfylock.sources.git_command import Commands, Limits
from tests.services.git_repository import Program, Repository, Submodule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.services.git_repository import Content

FILES: dict[str, Content] = {
    "__init__.py": "A = 1\n",
    "sub/inner.py": "B = 2\n",
    "sub/deep/run.sh": Program("#!/bin/sh\n"),
    "with space ü.txt": "text\n",
    "data.bin": b"\0\1\2" * 100,
    ".gitignore": "*.log\nbuild/\n!keep.log\n",
    ".gitattributes": "*.txt text\n",
}


class Ground:
    """A remote, and a checkout of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "checkout"
        self.remote = Repository(str(folder / "remote.git"))
        self.first = self.remote.commit(FILES)
        self.second = self.remote.commit({**FILES, "later.py": "C = 3\n"})
        self.remote.tag("v1", self.first, annotated=True)
        self.scratch = folder / "scratch"
        self.scratch.mkdir()
        self.git("clone", "-q", f"file://{folder}/remote.git", str(self.folder), at=folder)

    def git(self, *words: str, at: Path | None = None) -> str:
        """Run git as a user would."""
        command = ["git", "-c", "user.name=A", "-c", "user.email=a@b.c", *words]
        done = subprocess.run(
            command, cwd=at or self.folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def read(self) -> Checkout:
        """What verify says."""
        found = read_checkout(Commands(str(self.scratch), Limits()), str(self.folder))
        assert found is not None
        return found

    def write(self, name: str, text: str) -> None:
        """Write a file of the checkout."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Ground(tmp_path)


def detach(ground: Ground) -> None:
    ground.git("checkout", "-q", "--detach", "v1")


def pack(ground: Ground) -> None:
    ground.git("pack-refs", "--all")
    ground.git("gc", "-q")


def shallow(ground: Ground) -> None:
    shutil.rmtree(ground.folder)
    folder = ground.folder.parent
    ground.git(
        "clone", "-q", "--depth=1", f"file://{folder}/remote.git", str(ground.folder), at=folder
    )


def worktree(ground: Ground) -> None:
    other = ground.folder.parent / "other"
    ground.git("worktree", "add", "-q", str(other), "v1")
    ground.folder = other


def branch(ground: Ground) -> None:
    ground.git("checkout", "-q", "-b", "topic/with/slashes")
    ground.write("more.py", "D = 4\n")
    ground.git("add", ".")
    ground.git("commit", "-q", "-m", "more")


def edit(ground: Ground) -> None:
    ground.write("__init__.py", "A = 2\n")


def staged(ground: Ground) -> None:
    edit(ground)
    ground.git("add", "__init__.py")


def staged_new(ground: Ground) -> None:
    ground.write("new.py", "E = 5\n")
    ground.git("add", "new.py")


def staged_and_undone(ground: Ground) -> None:
    staged(ground)
    ground.write("__init__.py", "A = 1\n")


def removed(ground: Ground) -> None:
    (ground.folder / "sub/inner.py").unlink()


def removed_from_index(ground: Ground) -> None:
    ground.git("rm", "-q", "--cached", "sub/inner.py")


def renamed(ground: Ground) -> None:
    ground.git("mv", "sub/inner.py", "sub/outer.py")


def untracked(ground: Ground) -> None:
    ground.write("a folder/ü.py", "F = 6\n")


def ignored(ground: Ground) -> None:
    ground.write("debug.log", "x")
    ground.write("build/out.o", "x")


def excluded(ground: Ground) -> None:
    (ground.folder / ".git/info").mkdir(exist_ok=True)
    (ground.folder / ".git/info/exclude").write_text("*.local\n")
    ground.write("my.local", "x")


def kept(ground: Ground) -> None:
    ground.write("keep.log", "x")


def executable(ground: Ground) -> None:
    (ground.folder / "__init__.py").chmod(0o755)


def file_modes_off(ground: Ground) -> None:
    ground.git("config", "core.fileMode", "false")
    executable(ground)


def link(ground: Ground) -> None:
    (ground.folder / "__init__.py").unlink()
    (ground.folder / "__init__.py").symlink_to("data.bin")


def folder_for_file(ground: Ground) -> None:
    (ground.folder / "__init__.py").unlink()
    ground.write("__init__.py/inner.py", "x")


def line_ends(ground: Ground) -> None:
    ground.git("config", "core.autocrlf", "true")
    path = ground.folder / "with space ü.txt"
    path.unlink()
    ground.git("checkout", "-q", "--", path.name)
    assert path.read_bytes() == b"text\r\n"


def touched(ground: Ground) -> None:
    os.utime(ground.folder / "__init__.py", (1, 1))


def nested(ground: Ground) -> None:
    ground.git("init", "-q", "inner")


def merging(ground: Ground) -> None:
    ground.git("checkout", "-q", "-b", "side", "v1")
    ground.write("__init__.py", "A = 7\n")
    ground.git("commit", "-q", "-am", "side")
    ground.git("checkout", "-q", "main")
    ground.write("__init__.py", "A = 8\n")
    ground.git("commit", "-q", "-am", "main")
    subprocess.run(
        ["git", "-c", "user.name=A", "-c", "user.email=a@b.c", "merge", "-q", "side"],
        cwd=ground.folder,
        capture_output=True,
        check=False,
    )


CASES: list[Callable[[Ground], None]] = [
    lambda _: None, detach, pack, shallow, worktree, branch, edit, staged, staged_new,
    staged_and_undone, removed, removed_from_index, renamed, untracked, ignored, excluded, kept,
    executable, file_modes_off, link, folder_for_file, line_ends, touched, nested, merging,
]  # fmt: skip


@pytest.mark.parametrize("change", CASES, ids=lambda case: case.__name__)
def test_verify_agrees_with_git(ground: Ground, change: Callable[[Ground], None]) -> None:
    change(ground)
    found = ground.read()
    assert found.commit == ground.git("rev-parse", "HEAD").strip()
    assert found.tree == ground.git("rev-parse", "HEAD^{tree}").strip()
    told = subprocess.run(
        ["git", "symbolic-ref", "-q", "--short", "HEAD"],
        cwd=ground.folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (found.branch or "") == told.stdout.strip()
    assert (found.remote or "") == ground.git("remote", "get-url", "origin").strip()
    shallow_here = ground.git("rev-parse", "--is-shallow-repository").strip()
    assert found.is_shallow == (shallow_here == "true")
    assert {change.path for change in found.changes} == _status(ground)
    assert found.is_clean == (not _status(ground))


def _status(ground: Ground) -> set[str]:
    out = ground.git("status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames")
    return {line[3:] for line in out.split("\0") if line}


def test_a_sha256_repository_is_read_too(tmp_path: Path) -> None:
    remote = Repository(str(tmp_path / "remote.git"), algorithm="sha256")
    commit = remote.commit({"a.py": "A = 1\n"})
    folder = tmp_path / "checkout"
    subprocess.run(["git", "clone", "-q", f"file://{remote.path}", str(folder)], check=True)
    (tmp_path / "scratch").mkdir()
    found = read_checkout(Commands(str(tmp_path / "scratch"), Limits()), str(folder))
    assert found is not None
    assert (found.commit, found.changes) == (commit, ())


def test_files_of_git_lfs_are_as_their_pointer_says(ground: Ground) -> None:
    """Their bytes are not in git; whoever has them has what the commit means."""
    data = b"weights " * 100
    pointer = (
        "version https://git-lfs.github.com/spec/v1\n"
        f"oid sha256:{hashlib.sha256(data).hexdigest()}\nsize {len(data)}\n"
    )
    files: dict[str, Content] = {**FILES, "model.pt": pointer, ".gitattributes": "*.pt filter=lfs"}
    commit = ground.remote.commit(files)
    ground.git("-c", "filter.lfs.smudge=", "pull", "-q")
    (ground.folder / "model.pt").write_bytes(data)
    assert ground.read().commit == commit
    assert ground.read().is_clean
    (ground.folder / "model.pt").write_bytes(data[::-1])
    assert [change.path for change in ground.read().changes] == ["model.pt"]


HOSTILE = {
    "core.fsmonitor": "touch {mark}",
    "core.hooksPath": "{hooks}",
    "core.sshCommand": "touch {mark}",
    "core.gitProxy": "touch {mark}",
    "core.pager": "touch {mark}",
    "core.editor": "touch {mark}",
    "core.askPass": "touch {mark}",
    "core.attributesFile": "{attributes}",
    "core.worktree": "/",
    "credential.helper": "!touch {mark}",
    "diff.external": "touch {mark}",
    "diff.evil.textconv": "touch {mark};",
    "diff.evil.command": "touch {mark};",
    "filter.evil.clean": "touch {mark}; cat",
    "filter.evil.smudge": "touch {mark}; cat",
    "filter.evil.process": "touch {mark}",
    "filter.evil.required": "true",
    "alias.status": "!touch {mark}",
    "alias.read-tree": "!touch {mark}",
    "include.path": "{included}",
    "gpg.program": "touch {mark}",
    "log.showSignature": "true",
    "submodule.recurse": "true",
    "extensions.partialClone": "origin",
    "remote.origin.promisor": "true",
    "remote.origin.uploadpack": "touch {mark};",
    "remote.origin.url": "ext::touch {mark}",
    "uploadpack.packObjectsHook": "touch {mark}",
    "trace2.eventTarget": "{mark}",
    "status.submoduleSummary": "true",
}


@pytest.fixture
def hostile(ground: Ground, tmp_path: Path) -> Iterator[tuple[Ground, Path]]:
    """A checkout whose own git folder does what it can to run something."""
    mark, hooks = tmp_path / "mark", tmp_path / "hooks"
    hooks.mkdir()
    for name in (
        "post-index-change",
        "fsmonitor-watchman",
        "post-checkout",
        "reference-transaction",
    ):
        for folder in (hooks, ground.folder / ".git/hooks"):
            folder.mkdir(exist_ok=True)
            (folder / name).write_text(f"#!/bin/sh\ntouch {mark}\n")
            (folder / name).chmod(0o755)
    (tmp_path / "attributes").write_text("* filter=evil diff=evil\n")
    (ground.folder / ".git/info").mkdir(exist_ok=True)
    (ground.folder / ".git/info/attributes").write_text("* filter=evil diff=evil\n")
    (tmp_path / "included").write_text(f"[core]\n\tfsmonitor = touch {mark}\n")
    values = {
        "mark": mark, "hooks": hooks,
        "attributes": tmp_path / "attributes", "included": tmp_path / "included",
    }  # fmt: skip
    for name, value in HOSTILE.items():
        subprocess.run(
            ["git", "config", "--file", ".git/config", name, value.format(**values)],
            cwd=ground.folder, check=True,
        )  # fmt: skip
    yield ground, mark
    assert not mark.exists(), "something of the checkout was run"


def test_nothing_of_a_checkout_is_ever_run(hostile: tuple[Ground, Path]) -> None:
    ground, _ = hostile
    (ground.folder / ".gitattributes").write_text("* filter=evil diff=evil\n")
    ground.write("__init__.py", "A = 9\n")
    found = ground.read()
    assert found.commit == ground.second
    assert {change.path for change in found.changes} == {".gitattributes", "__init__.py"}


def test_nothing_of_a_submodule_is_ever_run(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    inner = Repository(str(tmp_path / "inner.git"))
    commit = inner.commit({"a.py": "A = 1\n"})
    outer = Repository(str(tmp_path / "outer.git"))
    told = f'[submodule "in"]\n\tpath = in\n\turl = file://{inner.path}\n\tupdate = !touch {mark}\n'
    outer.commit({".gitmodules": told.replace("\tupdate = !touch " + str(mark) + "\n", ""),
                  "in": Submodule(commit)})  # fmt: skip
    folder = tmp_path / "checkout"
    words = ["git", "-c", "protocol.file.allow=always", "clone", "-q", "--recurse-submodules"]
    subprocess.run([*words, f"file://{outer.path}", str(folder)], check=True)
    config = folder / ".git/modules/in/config"
    config.write_text(config.read_text() + f"[core]\n\tfsmonitor = touch {mark}\n")
    (tmp_path / "scratch").mkdir()
    found = read_checkout(Commands(str(tmp_path / "scratch"), Limits()), str(folder))
    assert found is not None
    assert found.modules[0].checkout is not None
    assert found.modules[0].checkout.commit == commit
    assert not mark.exists()


def test_nothing_of_a_checkout_is_changed(ground: Ground) -> None:
    edit(ground)
    before = _state(ground.folder)
    ground.read()
    assert _state(ground.folder) == before


def _state(folder: Path) -> dict[str, tuple[int, int]]:
    found = {}
    for place, _, names in os.walk(folder):
        for name in names:
            status = os.lstat(os.path.join(place, name))
            found[os.path.join(place, name)] = (status.st_mtime_ns, status.st_size)
    return found
