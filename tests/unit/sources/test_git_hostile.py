"""What can a repository, or the folder that comfylock runs in, do to us?"""

from __future__ import annotations

import os
import random
import subprocess
from typing import TYPE_CHECKING

import pytest

from comfylock.sources.git import MAX_PROVEN
from comfylock.sources.git_objects import is_contained
from comfylock.sources.git_remote import read_refs
from comfylock.sources.interface import Missing
from tests.services.git_repository import Link, Program, Repository, Submodule
from tests.unit.sources.git_pins import NODE, PACK, pinned

if TYPE_CHECKING:
    from pathlib import Path

    from comfylock.sources.git import Git
    from tests.services.git_server import GitServer

NAME = "github.com/owner/pack"


# refs


def test_only_refs_that_git_allows_are_taken() -> None:
    commit = "1" * 40
    names = ["ok", "a/b", "-x", "a b", "a\x1b[31m", "a..b", "x^{}y", "\ufffd", "", "z" * 600]
    lines = [f"{commit}\trefs/heads/{name}" for name in names]
    lines += [f"{commit}\trefs/tags/-t", "zz\trefs/heads/short", "garbage", f"{commit}\tHEAD"]
    refs = read_refs(PACK, "\n".join(lines))
    assert refs.branches == {"a/b": commit, "ok": commit}
    assert (refs.tags, refs.default_branch) == ({}, "a/b")


def test_a_default_branch_with_a_hostile_name_is_none() -> None:
    refs = read_refs(PACK, f"ref: refs/heads/-x\tHEAD\n{'1' * 40}\tHEAD\n")
    assert (refs.default_branch, refs.head) == (None, "1" * 40)
    assert read_refs(PACK, f"{'1' * 40}\tHEAD\n").default_branch is None


def test_a_tag_that_looks_like_an_option_is_left_out(host: GitServer, git: Git) -> None:
    made = host.repository(NAME)
    commit = made.commit({"a": "1"})
    made.tag("-v1", commit)
    made.tag("v1", commit)
    refs = git.refs(PACK)
    assert not isinstance(refs, Missing)
    assert refs.tags == {"v1": commit}


@pytest.mark.parametrize(
    "revision", ["--upload-pack=touch x", "-x", "refs/--x y", "HEAD:../x", "a\nb", "@{-1}", "\x1b"]
)
def test_a_hostile_revision_is_a_value(host: GitServer, git: Git, revision: str) -> None:
    host.repository(NAME).commit({"a": "1"})
    found = git.pin(PACK, revision, read=False)
    assert isinstance(found, Missing)
    assert found.reason == "no-such-revision"
    assert found.message.isprintable()


@pytest.mark.parametrize("url", ["ext::sh -c true", "file:///etc", "-x", "http://github.com/a/b"])
def test_a_hostile_address_reaches_nobody(host: GitServer, git: Git, url: str) -> None:
    for found in (git.refs(url), git.pin(url, None, read=False)):
        assert isinstance(found, Missing)
        assert found.reason == "not-allowed"
    assert host.asked == []


# trees


def test_links_are_not_followed(host: GitServer, git: Git, tmp_path: Path) -> None:
    secret = tmp_path / "secret.py"
    secret.write_text("NODE_CLASS_MAPPINGS = {'Planted': 1}", "utf-8")
    host.repository(NAME).commit(
        {
            "__init__.py": "from .a import *\nfrom .b import *",
            "a.py": Link(str(secret)),
            "b.py": NODE,
            "requirements.txt": Link(str(secret)),
            "install.py": Link("b.py"),
        }
    )
    contents = pinned(git, read=True).facts.contents
    assert contents.class_types == ("X",)
    assert (contents.requirements, contents.runs_code) == ((), ())


def test_paths_that_leave_the_tree_are_left_out(host: GitServer, git: Git) -> None:
    made = host.repository(NAME)
    node = made.write("blob", NODE.encode())
    evil = made.raw_tree([("100644", "__init__.py", node), ("100755", "install.py", node)])
    entries = [
        ("40000", "..", evil),
        ("40000", ".git", evil),
        ("40000", "\udcff", evil),
        ("100644", "a\\b.py", node),
        ("100644", "a\nb.py", node),
        ("160000", "..x\x1b", "1" * 40),
        ("100644", "__init__.py", made.write("blob", b"")),
    ]
    tree = made.raw_tree(entries)
    text = f"tree {tree}\nauthor A <a> 1 +0000\ncommitter A <a> 1 +0000\n\nx"
    made.point("refs/heads/main", made.write("commit", text.encode()))
    facts = pinned(git, read=True).facts
    assert facts.tree == tree
    assert (facts.contents.class_types, facts.contents.runs_code) == ((), ())
    assert facts.submodules == ()


@pytest.mark.parametrize("path", ["a/../b", "/a", "a//b", ".GIT/x", "a\\b", "a\x00", "\udcff", ""])
def test_paths_are_contained(path: str) -> None:
    assert not is_contained(path)
    assert is_contained("a/b.py")


def test_huge_files_stay_where_they_are(host: GitServer, git: Git) -> None:
    noise = random.Random(7).randbytes(3_000_000)
    made = host.repository(NAME)
    made.commit({"__init__.py": NODE, "model.bin": noise, "huge.py": "#" * (5 << 20)})
    assert pinned(git, read=True).facts.contents.class_types == ("X",)
    with git.scratch(PACK).lock:
        commit = pinned(git, read=True).facts.commit
        objects = git.scratch(PACK).commit(commit)
        assert not isinstance(objects, Missing)
        ids = {entry.path: entry.id for entry in objects.entries(commit)}
        assert ids["model.bin"] not in objects.kinds(ids.values())


def test_a_program_is_a_file_like_any_other(host: GitServer, git: Git) -> None:
    host.repository(NAME).commit({"__init__.py": Program(NODE), "install.py": Program("")})
    contents = pinned(git, read=True).facts.contents
    assert (contents.class_types, contents.runs_code) == (("X",), ("install.py",))


def test_attributes_and_filters_change_nothing(
    host: GitServer, git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "ran"
    monkeypatch.setenv("GIT_CONFIG_COUNT", "9")
    monkeypatch.setenv("GIT_CONFIG_KEY_8", "filter.evil.smudge")
    monkeypatch.setenv("GIT_CONFIG_VALUE_8", f"touch {mark}")
    host.repository(NAME).commit({".gitattributes": "* filter=evil\n", "__init__.py": NODE})
    assert pinned(git, read=True).facts.contents.class_types == ("X",)
    assert not mark.exists()


def test_a_submodule_elsewhere_is_named_and_never_fetched(host: GitServer, git: Git) -> None:
    text = '[submodule "-x"]\n\tpath = -x\n\turl = https://gitlab.com/a/b\n\tupdate = !touch x\n'
    host.repository(NAME).commit({".gitmodules": text, "-x": Submodule("1" * 40)})
    assert pinned(git, read=True).facts.submodules == (f"-x {'1' * 40} https://gitlab.com/a/b",)
    assert all(asked.path.startswith(f"/{NAME}/") for asked in host.asked)


def test_no_more_submodules_are_looked_for_than_anybody_has(host: GitServer, git: Git) -> None:
    paths = [f"m{number:03}" for number in range(MAX_PROVEN + 9)]
    text = "".join(f'[submodule "{p}"]\n\tpath = {p}\n\turl = ../{p}\n' for p in paths)
    host.repository(NAME).commit({".gitmodules": text, **{p: Submodule("1" * 40) for p in paths}})
    assert len(pinned(git, read=False).warnings) == MAX_PROVEN


# the machine


def test_the_repository_that_we_stand_in_has_no_say(
    host: GitServer, git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = host.repository(NAME).commit({"__init__.py": NODE})
    here = tmp_path / "here"
    subprocess.run(["git", "init", "-q", str(here)], check=True)
    for key, value in (
        ("url.https://evil.example.com/.insteadOf", PACK),
        ("core.hooksPath", str(tmp_path)),
        ("remote.comfylock.url", "https://evil.example.com/"),
    ):
        subprocess.run(["git", "-C", str(here), "config", key, value], check=True)
    monkeypatch.chdir(here)
    assert pinned(git, read=True).facts.commit == commit


def test_variables_of_a_git_hook_lead_nowhere(
    host: GitServer, git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = host.repository(NAME).commit({"__init__.py": NODE})
    mine = Repository(str(tmp_path / "mine.git"))
    before = sorted(os.walk(mine.path))
    for name, value in (
        ("GIT_DIR", mine.path),
        ("GIT_OBJECT_DIRECTORY", os.path.join(mine.path, "objects")),
        ("GIT_ALTERNATE_OBJECT_DIRECTORIES", os.path.join(mine.path, "objects")),
        ("GIT_INDEX_FILE", os.path.join(mine.path, "index")),
        ("GIT_ASKPASS", "/bin/false"),
    ):
        monkeypatch.setenv(name, value)
    assert pinned(git, commit, read=True).facts.commit == commit
    assert sorted(os.walk(mine.path)) == before
