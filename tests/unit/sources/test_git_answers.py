"""What else is learnt of a commit, and is it learnt once?"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from comfylock.errors import SourceUnavailableError
from comfylock.net.answers import InMemory
from comfylock.sources.git import Git
from comfylock.sources.interface import GitPin, Missing
from tests.services.git_repository import Submodule
from tests.services.git_server import Fault
from tests.unit.sources.git_pins import FIND, NODE, PACK, pinned, refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from comfylock.net.interface import Known, Question
    from tests.services.git_repository import Repository
    from tests.services.git_server import GitServer


# submodules


def test_submodules_are_pinned_by_the_tree(host: GitServer, pack: Repository, git: Git) -> None:
    commit = "1" * 40
    urls = {
        "relative": "../other.git",
        "deep/dir": "https://user:planted@git.example.com/a/b.git",
        "scp": "git@github.com:c/d.git",
        "absent": None,
        "bad": "ext::sh -c touch% planted",
        "plain": "http://example.com/a/b",
        "local": "/etc",
        "up": "../../../../x",
    }
    text = "".join(
        f'[submodule "{path}"]\n\tpath = {path}\n\turl = {url}\n'
        for path, url in urls.items()
        if url is not None
    )
    files: dict[str, Any] = {path: Submodule(commit) for path in urls}
    pack.commit({".gitmodules": text + '[submodule "x"]\n\tpath = nowhere\n', **files})
    found = pinned(git)
    assert found.facts.submodules == (
        f"deep/dir {commit} https://git.example.com/a/b.git",
        f"relative {commit} https://github.com/owner/other",
        f"scp {commit} ssh://git@github.com/c/d",
    )
    left_out = [warning.split("`")[1] for warning in found.warnings if "left out" in warning]
    assert left_out == ["absent", "bad", "local", "plain", "up"]
    assert "planted@" not in str(found)
    elsewhere = {asked.path.partition("?")[0] for asked in host.asked if "/pack/" not in asked.path}
    assert elsewhere == {"/github.com/owner/other/info/refs"}


def test_files_in_git_lfs_are_told(pack: Repository, git: Git) -> None:
    rules = "*.bin filter=lfs diff=lfs merge=lfs -text\n/deep/*.dat filter=lfs\n*.txt text\n\n"
    files: dict[str, Any] = {"a.txt": "a", "x.dat": "x", ".gitattributes": rules}
    pack.commit(files)
    assert pinned(git).warnings == ()
    with Git(InMemory()) as again:
        pack.commit({**files, "deep/x.dat": "x", "deep/weights.bin": "x"})
        (told,) = pinned(again).warnings
    assert told.startswith(f"`deep/weights.bin` and 1 more of `{PACK}`: kept in Git LFS, ")


def test_submodules_beside_the_repository_are_proven(
    host: GitServer, pack: Repository, git: Git
) -> None:
    inner = host.repository("github.com/owner/inner")
    leaf = inner.commit({"a.py": "A = 1\n"})
    text = '[submodule "b"]\n\tpath = b\n\turl = ../inner\n'
    outer = host.repository("github.com/owner/outer")
    nesting = outer.commit({".gitmodules": text, "b": Submodule(leaf)})
    targets = {"fine": ("inner", leaf), "nests": ("outer", nesting), "gone": ("inner", "1" * 40)}
    text = "".join(
        f'[submodule "{path}"]\n\tpath = {path}\n\turl = ../{name}\n'
        for path, (name, _) in targets.items()
    )
    files: dict[str, Any] = {path: Submodule(commit) for path, (_, commit) in targets.items()}
    pack.commit({".gitmodules": text, **files})
    found = pinned(git)
    assert [line.split(" ")[0] for line in found.facts.submodules] == ["fine", "gone", "nests"]
    where = f"of `{PACK}`"
    lacks = f"`https://github.com/owner/inner` has no branch, tag or commit `{'1' * 40}`"
    assert found.warnings == (
        f"submodule `gone` {where} cannot be had: {lacks}",
        f"submodule `nests` {where} has submodules of its own, which are not locked",
    )
    asked = len(host.asked)
    assert pinned(git) == found
    assert len(host.asked) - asked <= len(FIND)


@pytest.mark.parametrize(
    "text", ["[submodule", "\0\xff", "x" * 300_000, "[include]\n\tpath = /x\n"]
)
def test_a_broken_list_of_submodules_names_none(pack: Repository, git: Git, text: str) -> None:
    pack.commit({".gitmodules": text, "sub": Submodule("1" * 40)})
    found = pinned(git)
    assert found.facts.submodules == ()
    assert found.warnings == (
        f"submodule `sub` of `{PACK}` has no URL in .gitmodules and is left out",
    )


# answers


class Written:
    """Answers that are written down and read back, as a cache does."""

    def __init__(self) -> None:
        self.kept: dict[Question, bytes] = {}
        self.asked: list[Question] = []

    def ask(
        self, question: Question, kind: Any, fetch: Callable[[Known[Any] | None], Known[Any]]
    ) -> Any:
        self.asked.append(question)
        if question not in self.kept:
            known = fetch(None)
            if not known.is_kept:
                return known.value
            self.kept[question] = msgspec.json.encode(known.value)
        return msgspec.json.decode(self.kept[question], type=kind)


def test_answers_survive_a_cache_and_cost_nothing_the_second_time(
    host: GitServer, pack: Repository
) -> None:
    old = pack.commit({"__init__.py": NODE})
    pack.commit({"__init__.py": NODE, "sub": Submodule("1" * 40)})
    pack.tag("v1", old)
    answers = Written()
    seen = []
    for _ in range(2):
        with Git(answers) as git:
            seen.append([git.pin(PACK, name, read=True) for name in (None, "v1", old[:8], old)])
        count = len(host.asked)
        host.faults["github.com/owner/pack"] = Fault(500)
    assert seen[0] == seen[1]
    assert len(host.asked) == count == 6
    lasting = {question.kind for question in answers.asked if question.is_lasting}
    assert lasting == {"commit", "source"}
    assert all("planted" not in question.key for question in answers.asked)


def test_what_is_not_there_is_asked_again(host: GitServer, pack: Repository) -> None:
    pack.commit({"a": "1"})
    answers = Written()
    with Git(answers) as git:
        assert refused(git, "1" * 40).reason == "no-such-revision"
        assert refused(git, url="https://github.com/owner/none").reason == "private-or-missing"
    host.repository("github.com/owner/none").commit({"a": "1"})
    with Git(answers) as git:
        assert isinstance(git.pin("https://github.com/owner/none", None, read=False), GitPin)


def test_threads_share_a_client(host: GitServer, pack: Repository, git: Git) -> None:
    commits = [pack.commit({"__init__.py": NODE + f"# {n}\n"}) for n in range(6)]
    for number, commit in enumerate(commits):
        pack.tag(f"v{number}", commit)
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda n: pinned(git, f"v{n}", read=True).facts.commit, range(6)))
    assert found == commits
    assert host.steps().count("POST ls-refs") == 1


def test_a_closed_client_leaves_nothing_and_may_begin_anew(
    pack: Repository, git: Git, tmp_path: Path
) -> None:
    commit = pack.commit({"a": "1"})
    pinned(git)
    assert list((tmp_path / "scratch").iterdir()) != []
    git.close()
    git.close()
    assert list((tmp_path / "scratch").iterdir()) == []
    pack.tag("v1", commit)
    assert pinned(git, commit).facts.commit == commit


def test_after_the_run_a_thread_that_was_left_behind_begins_nothing(
    host: GitServer, pack: Repository, tmp_path: Path
) -> None:
    pack.commit({"a": "1"})
    scratch = tmp_path / "over"
    scratch.mkdir()
    with Git(InMemory(), scratch=str(scratch)) as git:
        pass
    with pytest.raises(SourceUnavailableError, match="git: was interrupted"):
        git.refs(PACK)
    assert list(scratch.iterdir()) == []
    assert host.asked == []


# a host that changes its mind between two questions


@pytest.mark.parametrize("revision", [None, "old", "short", "refs/pull/1/head"])
def test_a_repository_that_vanishes_between_two_questions(
    host: GitServer, pack: Repository, git: Git, revision: str | None
) -> None:
    old = pack.commit({"a": "1"})
    pack.commit({"a": "2"})
    git.refs(PACK)
    name = {"old": old, "short": old[:9]}.get(revision or "", revision)
    host.faults["github.com/owner/pack"] = Fault(404)
    assert refused(git, name).reason == "private-or-missing"


def test_a_repository_that_hides_its_history(host: GitServer, pack: Repository, git: Git) -> None:
    old = pack.commit({"a": "1"})
    pack.commit({"a": "2"})
    scratch = git.scratch(PACK)
    assert not isinstance(scratch.commit(old), Missing)
    git.refs(PACK)
    host.faults["github.com/owner/pack"] = Fault(404)
    assert refused(git, old).reason == "private-or-missing"
