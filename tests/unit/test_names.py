from __future__ import annotations

import pytest

from comfylock.names import (
    OWNER_REPO,
    SUBGRAPH_ID,
    normalise_model_path,
    normalise_registry_id,
    normalise_repository,
    printable,
    repository_key,
)

WANTED = "https://github.com/Owner/Repo"


@pytest.mark.parametrize(
    "url",
    [
        WANTED,
        f"{WANTED}.git",
        f"{WANTED}/",
        f"  {WANTED}  ",
        "http://github.com/Owner/Repo",
        "HTTPS://GitHub.com/Owner/Repo",
        "https://www.github.com/Owner/Repo",
        "https://me:secret@github.com/Owner/Repo.git",
        "git@github.com:Owner/Repo.git",
        "ssh://git@github.com/Owner/Repo.git",
        "git://github.com/Owner/Repo",
        f"git+{WANTED}.git@v1.0",
        f"{WANTED}/tree/main/sub",
        f"{WANTED}/blob/main/node.py",
        f"{WANTED}?tab=readme",
        f"{WANTED}#readme",
    ],
)
def test_one_repository_in_many_spellings(url: str) -> None:
    assert normalise_repository(url) == WANTED
    assert repository_key(url) == "github.com/owner/repo"


@pytest.mark.parametrize(
    "url", ["", "Owner/Repo", "https://github.com/Owner", "https://.git/a/b", "file:///a/b", "x y"]
)
def test_what_is_no_repository(url: str) -> None:
    assert normalise_repository(url) is None


def test_other_hosts_and_ports_stay() -> None:
    assert normalise_repository("ssh://git@Git.example:2222/a/B") == "https://git.example:2222/a/B"


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://gitlab.com/group/sub/one", "gitlab.com/group/sub/one"),
        ("git@gitlab.com:group/sub/two.git", "gitlab.com/group/sub/two"),
        ("https://gitlab.com/group/sub/one/-/tree/main", "gitlab.com/group/sub/one"),
        ("https://gitlab.com/group/one.git/-/blob/main/a.py", "gitlab.com/group/one"),
        ("https://git.example.com/scm/tools/Pack.git", "git.example.com/scm/tools/pack"),
        ("https://git.example.com/a/b/src/branch/main", "git.example.com/a/b"),
        ("https://git.example.com/tree/raw", "git.example.com/tree/raw"),
        ("https://codeberg.org/a/b/src/branch/main", "codeberg.org/a/b"),
        ("https://dev.azure.com/org/tools/_git/pack", "dev.azure.com/org/tools/_git/pack"),
    ],
)
def test_groups_in_groups_and_pages_below(url: str, key: str) -> None:
    assert repository_key(url) == key


def test_what_is_no_repository_is_its_own_key() -> None:
    assert repository_key(" HTTPS://Example.com/x.py/ ") == "example.com/x.py"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ComfyUI-KJNodes", "comfyui-kjnodes"),
        (" rgthree-comfy\n", "rgthree-comfy"),
        ("a", "a"),
        ("a" * 100, "a" * 100),
        ("a" * 101, None),
        ("", None),
        ("-a", None),
        ("a-", None),
        ("a b", None),
        ("owner/repo", None),
        ("naïve", None),
    ],
)
def test_registry_ids(text: str, expected: str | None) -> None:
    assert normalise_registry_id(text) == expected


@pytest.mark.parametrize("text", ["o/r", "Owner-1/some.repo_x"])
def test_owner_and_repository(text: str) -> None:
    assert OWNER_REPO.match(text)


@pytest.mark.parametrize("text", ["o", "o/r/x", "-o/r", "SetNode", "o" * 40 + "/r", "o/r\n"])
def test_what_is_no_owner_and_repository(text: str) -> None:
    assert not OWNER_REPO.match(text)


def test_subgraph_ids() -> None:
    assert SUBGRAPH_ID.match("11111111-2222-3333-4444-55555555AAAA")
    assert not SUBGRAPH_ID.match("11111111-2222-3333-4444-55555555AAAA0")
    assert not SUBGRAPH_ID.match("Save-as-PNG")


def test_model_paths() -> None:
    assert normalise_model_path(" .\\sub\\x.pt ") == "sub/x.pt"


def test_printable_text_is_one_safe_line() -> None:
    assert printable("a\x1b[31m\nb\u202e") == "a�[31m�b�"
    assert printable("x" * 300, 10) == "x" * 9 + "…"
    assert printable("x" * 10, 10) == "x" * 10
