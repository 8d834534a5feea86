"""Which bytes is a pack of one file?"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from comfylock.net.answers import InMemory
from comfylock.net.http import Http
from comfylock.net.trust import Trust
from comfylock.sources.interface import FileFacts, Missing, SourceFacts
from comfylock.sources.single_file import SingleFiles
from tests.services.git_server import HOSTS, GitServer
from tests.services.loopback import Answer, page, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.sources.git import Git
    from tests.services.loopback import Service

NAME = "github.com/owner/nodes"
HOME = f"https://{NAME}"
NODE = "class A:\n    pass\nNODE_CLASS_MAPPINGS = {'X': A}\n"
SHA256 = hashlib.sha256(NODE.encode()).hexdigest()
CONTENTS = SourceFacts(class_types=("X",))
GIST = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def files(host: GitServer, git: Git, monkeypatch: pytest.MonkeyPatch) -> Iterator[SingleFiles]:
    for name, value in host.environment((*HOSTS, "gist.github.com")).items():
        monkeypatch.setenv(name, value)
    with Http("comfylock-tests", Trust(configured=frozenset({"127.0.0.1"}))) as http:
        yield SingleFiles(git, http, InMemory())


def reason(found: FileFacts | Missing) -> str:
    assert isinstance(found, Missing), found
    return found.reason


# GitHub


@pytest.mark.parametrize(
    "url",
    [
        "https://raw.githubusercontent.com/owner/nodes/main/dir/my%20node.py",
        "https://github.com/owner/nodes/raw/main/dir/my%20node.py",
        "https://github.com/owner/nodes/blob/main/dir/my%20node.py?raw=true",
        "https://raw.githubusercontent.com/owner/nodes/main/dir/my%20node.py?token=planted",
    ],
)
def test_files_on_github_are_taken_from_git(host: GitServer, files: SingleFiles, url: str) -> None:
    commit = host.repository(NAME).commit({"dir/my node.py": NODE, "setup.py": ""})
    assert files.file(url) == FileFacts(
        url=f"https://raw.githubusercontent.com/owner/nodes/{commit}/dir/my%20node.py",
        sha256=SHA256,
        size=len(NODE),
        repository=HOME,
        commit=commit,
        path="dir/my node.py",
        requested="main",
        contents=CONTENTS,
    )
    assert len(host.asked) == 4


def test_a_commit_in_the_address_is_no_request(host: GitServer, files: SingleFiles) -> None:
    commit = host.repository(NAME).commit({"a.py": NODE})
    found = files.file(f"{HOME}/raw/{commit}/a.py")
    assert isinstance(found, FileFacts)
    assert (found.requested, found.commit) == (None, commit)


def test_what_is_no_python_file_is_refused(host: GitServer, files: SingleFiles) -> None:
    host.repository(NAME).commit(
        {"a.py": "\n<!DOCTYPE html>", "b.py": b"\0", "c.py": "#" * 5_000_000}
    )
    assert reason(files.file(f"{HOME}/raw/main/a.py")) == "not-a-file"
    assert reason(files.file(f"{HOME}/raw/main/b.py")) == "not-a-file"
    assert reason(files.file(f"{HOME}/raw/main/c.py")) == "too-large"
    assert reason(files.file(f"{HOME}/raw/main/none.py")) == "no-such-file"
    assert reason(files.file(f"{HOME}/raw/none/a.py")) == "no-such-revision"


# gists


def test_a_gist_is_a_repository(host: GitServer, files: SingleFiles) -> None:
    made = host.repository(f"gist.github.com/{GIST}")
    old = made.commit({"a.py": "old"})
    commit = made.commit({"a.py": NODE, "README.md": ""})
    blob = made.write("blob", NODE.encode())
    raw = f"https://gist.githubusercontent.com/owner/{GIST}/raw"
    for url, requested in (
        (f"https://gist.github.com/owner/{GIST}", "HEAD"),
        (f"{raw}/a.py", "HEAD"),
        (f"{raw}/{blob}/a.py", "HEAD"),
        (f"{raw}/{commit}/a.py", None),
    ):
        found = files.file(url)
        assert isinstance(found, FileFacts), found
        assert (found.commit, found.path, found.sha256) == (commit, "a.py", SHA256)
        assert (found.url, found.requested) == (f"{raw}/{blob}/a.py", requested)
        assert found.repository == f"https://gist.github.com/{GIST}"
    found = files.file(f"{raw}/{old}/a.py")
    assert isinstance(found, FileFacts)
    assert (found.commit, found.size) == (old, 3)
    assert reason(files.file(f"{raw}/{'1' * 40}/a.py")) == "no-such-revision"
    assert reason(files.file(f"{raw}/none.py")) == "no-such-file"


def test_a_gist_of_several_scripts_is_ambiguous(host: GitServer, files: SingleFiles) -> None:
    host.repository(f"gist.github.com/{GIST}").commit({"a.py": "", "b.py": ""})
    found = files.file(f"https://gist.github.com/{GIST}")
    assert isinstance(found, Missing)
    assert found.message == f"`https://gist.github.com/{GIST}` holds 2 scripts"
    assert reason(files.file(f"https://gist.github.com/{GIST[:-1]}0")) == "private-or-missing"


def test_a_gist_that_vanished_since_it_was_proven(
    host: GitServer, files: SingleFiles, git: Git
) -> None:
    host.repository(f"gist.github.com/{GIST}").commit({"a.py": NODE})
    git.pin(f"https://gist.github.com/{GIST}", None, read=False)
    git.close()
    host.hide(f"gist.github.com/{GIST}")
    assert reason(files.file(f"https://gist.github.com/{GIST}")) == "private-or-missing"


# anywhere else


@pytest.mark.parametrize(
    "url", ["http://example.com/a.py", "file:///a.py", "", "https://x/../a.py"]
)
def test_only_https_is_fetched(files: SingleFiles, url: str) -> None:
    assert reason(files.file(url)) == "not-allowed"


@pytest.fixture
def web() -> Iterator[Service]:
    with serving() as service:
        yield service


def test_other_files_are_downloaded(files: SingleFiles, web: Service) -> None:
    web.answers["/dir/a.py"] = Answer(NODE.encode(), content_type="text/plain")
    url = f"{web.url}/dir/a.py?v=1"
    assert files._download(url) == FileFacts(url, SHA256, len(NODE), contents=CONTENTS)
    assert files._download(url) == files._download(url)
    assert web.paths() == ["/dir/a.py"]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (page(), "not-a-file"),
        (Answer(b" <HTML>", content_type="text/plain"), "not-a-file"),
        (Answer(b"PK\x03\x04\0", content_type="text/plain"), "not-a-file"),
        (Answer(status=401), "private-or-missing"),
        (Answer(status=403), "private-or-missing"),
        (Answer(status=404), "not-found"),
        (Answer(status=410), "gone"),
        (Answer(status=451), "legal"),
    ],
)
def test_what_is_no_file_has_a_reason(
    files: SingleFiles, web: Service, answer: Answer, expected: str
) -> None:
    web.answers["/a.py"] = answer
    assert reason(files._download(f"{web.url}/a.py")) == expected
