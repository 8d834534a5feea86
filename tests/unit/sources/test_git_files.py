"""Which bytes does the address of a file in a repository mean?"""

from __future__ import annotations

import hashlib
import random
from typing import TYPE_CHECKING

import pytest

from comfylock.net.answers import InMemory
from comfylock.references import RepositoryFile
from comfylock.sources.git import Git
from comfylock.sources.git_command import Limits
from comfylock.sources.git_files import RepositoryFiles
from comfylock.sources.interface import Missing, ModelFacts
from tests.services.git_repository import Link, Submodule
from tests.services.git_server import Fault

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services.git_repository import Repository
    from tests.services.git_server import GitServer

NAME = "github.com/owner/models"
HOME = f"https://{NAME}"
SHA256 = hashlib.sha256(b"weights").hexdigest()
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'ab' * 32}\nsize 123456789\n"


@pytest.fixture
def models(host: GitServer) -> Repository:
    return host.repository(NAME)


def find(git: Git, location: str, repository: str = HOME) -> ModelFacts | Missing:
    return RepositoryFiles(git).find(RepositoryFile(repository, location))


def found(git: Git, location: str) -> ModelFacts:
    facts = find(git, location)
    assert isinstance(facts, ModelFacts), facts
    return facts


def reason(git: Git, location: str) -> str:
    missing = find(git, location)
    assert isinstance(missing, Missing), missing
    return missing.reason


def test_a_small_file_is_hashed(host: GitServer, models: Repository, git: Git) -> None:
    commit = models.commit({"dir/a.pth": b"weights"})
    assert found(git, "main/dir/a.pth") == ModelFacts(
        source="git",
        sha256=SHA256,
        size=7,
        verified="downloaded",
        requested="main",
        repository=HOME,
        commit=commit,
        path="dir/a.pth",
    )
    assert len(host.asked) == 4
    found(git, f"{commit}/dir/a.pth")
    assert len(host.asked) == 4


def test_a_large_file_is_fetched_by_itself(host: GitServer, models: Repository, git: Git) -> None:
    data = random.Random(3).randbytes(700_000)
    models.commit({"a.pth": data, "b.pth": data + b"b"})
    facts = found(git, "main/a.pth")
    assert (facts.sha256, facts.size) == (hashlib.sha256(data).hexdigest(), 700_000)
    assert len(host.asked) == 6


def test_a_file_in_lfs_is_known_by_its_pointer(models: Repository, git: Git) -> None:
    models.commit({"a.pth": POINTER, "b.pth": POINTER.replace("oid", "ext-0-x y\noid")})
    for name in ("a.pth", "b.pth"):
        facts = found(git, f"main/{name}")
        assert (facts.sha256, facts.size, facts.verified) == ("ab" * 32, 123456789, "upstream")


@pytest.mark.parametrize("text", [POINTER[:60], POINTER.replace("sha256", "md5"), "x" + POINTER])
def test_what_only_looks_like_a_pointer_is_a_file(models: Repository, git: Git, text: str) -> None:
    models.commit({"a.pth": text})
    assert found(git, "main/a.pth").sha256 == hashlib.sha256(text.encode()).hexdigest()


def test_revisions_may_hold_slashes_and_the_longest_is_meant(models: Repository, git: Git) -> None:
    files = {"a.pth": b"weights", "x/a.pth": b"other"}
    main = models.commit(files)
    deep = models.commit(files, branch="release/x")
    models.tag("release-1", main, annotated=True)
    for location, commit, requested, path in (
        ("release/x/a.pth", deep, "release/x", "a.pth"),
        ("release/x/x/a.pth", deep, "release/x", "x/a.pth"),
        ("release-1/a.pth", main, "release-1", "a.pth"),
        ("refs/heads/release/x/a.pth", deep, "refs/heads/release/x", "a.pth"),
        ("refs/tags/release-1/a.pth", main, "refs/tags/release-1", "a.pth"),
        ("HEAD/x/a.pth", main, "HEAD", "x/a.pth"),
        (f"{main.upper()}/a.pth", main, None, "a.pth"),
        (f"{main[:8]}/a.pth", main, main[:8], "a.pth"),
    ):
        facts = found(git, location)
        assert (facts.commit, facts.requested, facts.path) == (commit, requested, path)


def test_names_in_addresses_are_decoded(models: Repository, git: Git) -> None:
    models.commit({"my models/ä+b.pth": b"weights"}, branch="a#b")
    models.commit({"x": ""})
    assert found(git, "a%23b/my%20models/%C3%A4+b.pth").path == "my models/ä+b.pth"


def test_what_is_not_there_has_a_reason(models: Repository, git: Git) -> None:
    commit = models.commit(
        {"dir/a.pth": b"", "link.pth": Link("dir/a.pth"), "sub": Submodule("1" * 40)}
    )
    assert reason(git, "main/none.pth") == "no-such-file"
    assert reason(git, "main/dir") == "no-such-file"
    assert reason(git, "main") == "no-such-file"
    assert reason(git, "main/../../x") == "no-such-file"
    assert reason(git, "main/%2e%2e/x") == "no-such-file"
    assert reason(git, "main/link.pth") == "not-a-file"
    assert reason(git, "main/sub") == "not-a-file"
    assert reason(git, "nothing/a.pth") == "no-such-revision"
    assert reason(git, f"{'1' * 40}/a.pth") == "no-such-revision"
    missing = find(git, f"{commit}/none.pth")
    assert isinstance(missing, Missing)
    assert missing.message == f"`{HOME}` at `{commit}` has no file `none.pth`"


def test_a_missing_repository_is_missing(host: GitServer, git: Git) -> None:
    missing = find(git, "main/a.pth", "https://github.com/no/body")
    assert isinstance(missing, Missing)
    assert missing.reason == "private-or-missing"
    assert host.steps() == ["GET info/refs"]


def test_warnings_are_about_the_commit_and_not_the_tree(host: GitServer, git: Git) -> None:
    made = host.repository("github.com/new/models")
    made.commit({"a.pth": b"1"})
    stray = made.commit({"a.pth": b"weights", "sub": Submodule("1" * 40)}, branch=None)
    host.renamed[NAME] = "github.com/new/models"
    facts = found(git, f"{stray}/a.pth")
    assert (facts.repository, facts.sha256) == ("https://github.com/new/models", SHA256)
    assert [warning.split(" ")[1] for warning in facts.warnings] == ["has", f"`{stray}`"]


def test_a_file_that_is_too_large_is_refused(
    models: Repository, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    models.commit({"a.pth": random.Random(5).randbytes(900_000)})
    pin = git.pin(HOME, None, read=False)
    assert not isinstance(pin, Missing)
    monkeypatch.setattr(git._running(), "limits", Limits(folder=500_000))
    missing = find(git, "main/a.pth")
    assert isinstance(missing, Missing)
    assert missing.message == f"a file of `{HOME}` is larger than is allowed"


def test_a_commit_that_vanished_since_it_was_proven(
    host: GitServer, models: Repository, git: Git
) -> None:
    models.commit({"a.pth": b"weights"})
    assert not isinstance(git.pin(HOME, None, read=False), Missing)
    git.close()
    host.faults[NAME] = Fault(404)
    assert reason(git, "main/a.pth") == "private-or-missing"
    again = git.pin(HOME, None, read=True)
    assert isinstance(again, Missing)


def test_known_answers_touch_no_disk(host: GitServer, models: Repository, tmp_path: Path) -> None:
    commit = models.commit({"a.pth": b"weights"})
    answers = InMemory()
    seen = []
    for name in ("first", "second"):
        scratch = tmp_path / name
        scratch.mkdir()
        with Git(answers, scratch=str(scratch)) as git:
            seen.append(found(git, "main/a.pth"))
            assert len(list(scratch.iterdir())) == (name == "first")
    assert seen[0] == seen[1]
    assert (seen[0].commit, len(host.asked)) == (commit, 4)
