"""What do git hosts say, and is it proven?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from comfylock.sources.interface import GitPin, Refs
from tests.unit.sources.git_pins import FETCH, FIND, HISTORY, NODE, PACK, pinned, refused

if TYPE_CHECKING:
    from comfylock.sources.git import Git
    from tests.services.git_repository import Repository
    from tests.services.git_server import GitServer


def offered(git: Git, url: str = PACK) -> Refs:
    found = git.refs(url)
    assert isinstance(found, Refs), found
    return found


# refs


def test_branches_and_tags_are_listed(pack: Repository, git: Git) -> None:
    first = pack.commit({"a": "1"})
    second = pack.commit({"a": "2"}, branch="feature/x")
    pack.tag("v1", first)
    pack.tag("v2", second, annotated=True)
    assert offered(git) == Refs(
        repository=PACK,
        default_branch="main",
        head=first,
        branches={"feature/x": second, "main": first},
        tags={"v1": first, "v2": second},
    )


def test_a_detached_head_is_guessed_to_be_a_branch(pack: Repository, git: Git) -> None:
    commit = pack.commit({"a": "1"}, branch="zeta")
    pack.commit({"a": "1"}, branch="main")
    pack.detach(commit)
    found = offered(git)
    assert (found.default_branch, found.head) == ("zeta", commit)


def test_an_old_server_is_understood(host: GitServer, pack: Repository, git: Git) -> None:
    host.protocol = 0
    commit = pack.commit({"a": "1"})
    assert offered(git).default_branch == "main"
    assert pinned(git).facts.commit == commit
    assert all("ls-refs" not in step for step in host.steps())


def test_an_old_server_gives_older_commits_along_with_all_others(
    host: GitServer, pack: Repository, git: Git
) -> None:
    host.protocol = 0
    old = pack.commit({"a": "1"})
    pack.commit({"a": "2"})
    assert pinned(git, old).facts.commit == old
    assert refused(git, "1" * 40).reason == "no-such-revision"


def test_a_moved_repository_is_known_by_its_new_name(host: GitServer, git: Git) -> None:
    commit = host.repository("github.com/new/name").commit({"a": "1"})
    host.renamed["github.com/owner/pack"] = "github.com/new/name"
    found = pinned(git)
    assert (found.facts.repository, found.facts.commit) == ("https://github.com/new/name", commit)
    assert found.warnings == (f"`{PACK}` has moved to `https://github.com/new/name`",)
    assert host.asked[-1].path.startswith("/github.com/new/name/")


def test_an_added_ending_is_no_move(host: GitServer, git: Git) -> None:
    host.repository("git.example.com/g/sub/pack").commit({"a": "1"})
    host.renamed["git.example.com/g/old"] = "git.example.com/g/sub/pack.git"
    found = git.pin("https://git.example.com/g/sub/pack", None, read=False)
    assert isinstance(found, GitPin)
    assert found.warnings == ()
    assert offered(git, "https://git.example.com/g/old").repository.endswith("/g/sub/pack.git")


def test_an_ssh_address_stays_one(host: GitServer, git: Git) -> None:
    commit = host.repository("git.example.com/owner/pack").commit({"a": "1"})
    found = git.pin("git@git.example.com:owner/pack", None, read=False)
    assert isinstance(found, GitPin)
    assert (found.facts.repository, found.facts.commit) == (
        "ssh://git@git.example.com/owner/pack",
        commit,
    )


def test_a_repository_of_sha256_is_understood(host: GitServer, git: Git) -> None:
    made = host.repository("github.com/owner/pack", algorithm="sha256")
    old = made.commit({"__init__.py": NODE})
    tip = made.commit({"__init__.py": NODE + "\n"})
    assert len(tip) == 64
    assert pinned(git, read=True).facts.contents.class_types == ("X",)
    assert pinned(git, old[:9]).facts.commit == old


# revisions


def test_the_tip_of_a_branch_costs_two_exchanges_to_find_and_two_to_fetch(
    host: GitServer, pack: Repository, git: Git
) -> None:
    pack.commit({"a": "1"})
    commit = pack.commit({"__init__.py": NODE, "requirements.txt": "numpy\n", "install.py": ""})
    found = pinned(git, read=True)
    assert found.facts.commit == commit
    assert found.facts.tree == pack.tree(
        {"__init__.py": NODE, "requirements.txt": "numpy\n", "install.py": ""}
    )
    assert (found.facts.date, found.facts.on_branch) == ("2023-11-14T22:14:20Z", True)
    assert found.facts.contents.class_types == ("X",)
    assert found.facts.contents.runs_code == ("install.py",)
    assert found.facts.contents.requirements == ("numpy # requirements.txt:1",)
    assert (found.requested, found.tag, found.warnings) == (None, None, ())
    assert host.steps() == [*FIND, *FETCH]
    pinned(git, "main", read=True)
    assert host.steps() == [*FIND, *FETCH]


def test_nothing_is_read_that_was_not_asked_for(pack: Repository, git: Git) -> None:
    pack.commit({"__init__.py": NODE})
    assert pinned(git).facts.contents.class_types is None


def test_dates_are_utc(pack: Repository, git: Git) -> None:
    pack.commit({"a": "1"}, when="1700000000 -0800")
    assert pinned(git).facts.date == "2023-11-14T22:13:20Z"


@pytest.mark.parametrize("when", ["99999999999999999999 +0000", "-1x +0000", " "])
def test_a_broken_date_is_the_epoch(pack: Repository, git: Git, when: str) -> None:
    pack.commit({"a": "1"}, when=when)
    assert pinned(git).facts.date == "1970-01-01T00:00:00Z"


def test_tags_and_branches_mean_their_commits(pack: Repository, git: Git) -> None:
    first = pack.commit({"a": "1"})
    second = pack.commit({"a": "2"}, branch="feature/x")
    pack.tag("v1.9", first)
    pack.tag("v1.10", first, annotated=True)
    for revision, commit, tag in (
        ("v1.9", first, "v1.9"),
        ("v1.10", first, "v1.10"),
        ("refs/tags/v1.9", first, "v1.9"),
        ("main", first, "v1.10"),
        (first, first, "v1.10"),
        ("feature/x", second, None),
        ("refs/heads/feature/x", second, None),
    ):
        found = pinned(git, revision)
        assert (found.facts.commit, found.tag, found.requested) == (commit, tag, revision)
        assert found.warnings == ()


def test_a_tag_goes_before_a_branch_of_the_same_name(pack: Repository, git: Git) -> None:
    tagged = pack.commit({"a": "1"})
    tip = pack.commit({"a": "2"}, branch="v1")
    pack.tag("v1", tagged)
    found = pinned(git, "v1")
    assert (found.facts.commit, found.tag) == (tagged, "v1")
    assert found.warnings == (f"`v1` is a tag and a branch of `{PACK}`; the tag was taken",)
    assert pinned(git, "refs/heads/v1").facts.commit == tip


def test_a_full_commit_means_itself_whatever_a_tag_is_called(pack: Repository, git: Git) -> None:
    first = pack.commit({"a": "1"})
    pack.tag(first, pack.commit({"a": "2"}))
    assert pinned(git, first.upper()).facts.commit == first


def test_a_ref_that_is_neither_branch_nor_tag(pack: Repository, git: Git) -> None:
    pack.commit({"a": "1"})
    other = pack.commit({"a": "2"}, branch=None)
    pack.point("refs/pull/7/head", other)
    found = pinned(git, "refs/pull/7/head")
    assert (found.facts.commit, found.facts.on_branch) == (other, False)
    assert refused(git, "refs/pull/8/head").reason == "no-such-revision"
    assert refused(git, "refs/pull/*").reason == "no-such-revision"


def test_a_commit_below_a_tip_is_found_in_the_history(
    host: GitServer, pack: Repository, git: Git
) -> None:
    old = pack.commit({"a": "1"})
    pack.commit({"a": "2"})
    found = pinned(git, old)
    assert (found.facts.commit, found.facts.on_branch, found.warnings) == (old, True, ())
    assert host.steps() == [*FIND, *FETCH, *HISTORY]


def test_a_commit_that_only_a_tag_leads_to_is_on_it(pack: Repository, git: Git) -> None:
    pack.commit({"a": "1"})
    side = pack.commit({"a": "2"}, branch=None, parents=())
    pack.tag("side", pack.commit({"a": "3"}, branch=None, parents=(side,)), annotated=True)
    assert pinned(git, side).facts.on_branch


def test_a_commit_on_no_branch_is_warned_about(pack: Repository, git: Git) -> None:
    pack.commit({"a": "1"})
    stray = pack.commit({"a": "2"}, branch=None)
    found = pinned(git, stray)
    assert not found.facts.on_branch
    told = "a fork's commit, or history that was rewritten"
    assert found.warnings == (f"commit `{stray}` is on no branch of `{PACK}`: {told}",)


def test_a_short_commit_of_a_tip_needs_no_history(
    host: GitServer, pack: Repository, git: Git
) -> None:
    tip = pack.commit({"a": "1"})
    assert pinned(git, tip[:7].upper()).facts.commit == tip
    assert host.steps() == [*FIND, *FETCH]


def test_a_short_commit_is_looked_for_in_the_history(
    host: GitServer, pack: Repository, git: Git
) -> None:
    old = pack.commit({"a": "1"})
    pack.commit({"a": "2"}, branch="other")
    pack.commit({"a": "2"})
    found = pinned(git, old[:10])
    assert (found.facts.commit, found.requested) == (old, old[:10])
    # The history that named the commit tells where it is, too.
    assert host.steps() == [*FIND, *HISTORY, *FETCH]
    assert refused(git, "0123456").reason == "no-such-revision"


def test_a_short_commit_that_means_several_is_ambiguous(pack: Repository, git: Git) -> None:
    seen: dict[str, str] = {}
    number = 0
    while True:
        commit = pack.commit({"a": str(number)})
        if commit[:4] in seen:
            break
        seen[commit[:4]] = commit
        number += 1
    pack.commit({"a": "tip"})
    found = refused(git, commit[:4])
    assert found.reason == "ambiguous"
    assert commit in found.message
    assert seen[commit[:4]] in found.message


@pytest.mark.parametrize(
    "revision",
    ["nothing", "abc", "refs/heads/nothing", "refs/tags/nothing", "-x", "", "a b", "1" * 40],
)
def test_what_a_repository_does_not_have(pack: Repository, git: Git, revision: str) -> None:
    pack.commit({"a": "1"})
    found = refused(git, revision)
    assert found.reason == "no-such-revision"
    assert found.message == f"`{PACK}` has no branch, tag or commit `{revision}`"
    assert found.hint == f"`git ls-remote {PACK}` lists its branches and tags"


def test_ids_of_other_objects_are_no_commits(pack: Repository, git: Git) -> None:
    commit = pack.commit({"a": "1"})
    tag = pack.tag("v1", commit, annotated=True)
    pack.tag("tree", pack.tree({"a": "1"}))
    for other in (tag, pack.tree({"a": "1"}), pack.write("blob", b"1")):
        assert refused(git, other).reason == "no-such-revision"
    assert refused(git, "tree").reason == "no-such-revision"


def test_an_empty_repository_has_nothing_to_pin(pack: Repository, git: Git) -> None:
    assert pack.read("refs/heads/main") is None
    assert (offered(git).default_branch, offered(git).head) == (None, None)
    for revision in (None, "main", "1234567"):
        assert refused(git, revision).message == f"`{PACK}` is empty: it has no commits"


def test_a_head_that_leads_nowhere(pack: Repository, git: Git) -> None:
    pack.commit({"a": "1"}, branch="trunk")
    found = refused(git)
    assert found.message == f"`{PACK}` has no default branch"
    assert found.hint == "Name one of its branches, such as `trunk`"


def test_a_server_without_filters_is_understood(
    host: GitServer, pack: Repository, git: Git
) -> None:
    host.allows_filter = False
    old = pack.commit({"__init__.py": NODE, "big.bin": b"\0" * 600_000})
    pack.commit({"a": "2"})
    found = pinned(git, old, read=True)
    assert (found.facts.contents.class_types, found.facts.on_branch) == (("X",), True)


def test_large_sources_are_fetched_by_themselves(
    host: GitServer, pack: Repository, git: Git
) -> None:
    big = "#" * 300_000 + "\n"
    pack.commit({"__init__.py": "from .a import *", "a.py": big + NODE, "b.bin": b"x" * 400_000})
    assert pinned(git, read=True).facts.contents.class_types == ("X",)
    assert host.steps() == [*FIND, *FETCH, *FETCH]
