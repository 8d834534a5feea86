"""Which repository URLs may be given to git, and in which spelling?"""

from __future__ import annotations

import pytest

from comfylock.sources.git_urls import after_redirect, host_of, redacted, repository_url
from comfylock.sources.interface import Missing


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://github.com/Owner/Repo", "https://github.com/Owner/Repo"),
        (" https://www.GitHub.com/o/r.git/ ", "https://github.com/o/r"),
        ("git+https://github.com/o/r@main", "https://github.com/o/r"),
        ("https://github.com/o/r/tree/main/sub", "https://github.com/o/r"),
        ("https://user:planted@github.com/o/r", "https://github.com/o/r"),
        ("https://planted@git.example.com:8443/o/r.git", "https://git.example.com:8443/o/r.git"),
        ("https://gitlab.com/g/sub/r/-/tree/main", "https://gitlab.com/g/sub/r"),
        ("https://gitlab.com/g/sub/r.git?x=planted#y", "https://gitlab.com/g/sub/r"),
        ("https://gist.github.com/o/0123456789abcdef0123", None),
        ("git@github.com:o/r.git", "ssh://git@github.com/o/r"),
        ("example.com:o/r", "ssh://git@example.com/o/r"),
        ("ssh://me:planted@example.com:22/~me/r.git", "ssh://me@example.com:22/~me/r.git"),
        ("ssh://example.com/o/r", "ssh://git@example.com/o/r"),
    ],
)
def test_one_spelling_without_secrets(given: str, expected: str | None) -> None:
    found = repository_url(given)
    assert found == (expected or given)
    assert repository_url(str(found)) == found


@pytest.mark.parametrize(
    "given",
    [
        "",
        "-oProxyCommand=touch planted",
        "--upload-pack=touch",
        "/etc/passwd",
        "../other",
        "ext::sh -c touch",
        "file:///etc",
        "git://github.com/o/r",
        "http://github.com/o/r",
        "ftp://github.com/o/r",
        "https://",
        "https:///o/r",
        "https://github.com",
        "https://github.com/",
        "https://-o/x/y",
        "https://[::1/o/r",
        "https://github.com:99999/o/r",
        "https://example.com/o/../../r",
        "https://example.com/o/r\n--x",
        "https://example.com/o/r x",
        "https://example.com/o/$(touch)",
        "https://example.com/ö",
        "ssh://-oProxyCommand=touch/o/r",
        "-oX@example.com:o/r",
        "https://example.com/" + "x" * 2000,
    ],
)
def test_anything_else_is_refused(given: str) -> None:
    found = repository_url(given)
    assert isinstance(found, Missing), found
    assert found.reason == "not-allowed"
    assert found.hint == "give it as `https://host/owner/repo` or `ssh://git@host/owner/repo`"


def test_a_strange_ssh_user_is_no_user() -> None:
    assert repository_url("ssh://-oX@example.com/o/r") == "ssh://git@example.com/o/r"


def test_a_refusal_tells_no_secret() -> None:
    found = repository_url("http://user:planted@example.com/o/r")
    assert isinstance(found, Missing)
    assert found.message == "`http://example.com/o/r` is neither an https nor an ssh address"
    assert redacted("a https://u:planted@b/c ssh://git@d") == "a https://b/c ssh://d"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("./sub", "https://github.com/o/r/sub"),
        ("../other.git", "https://github.com/o/other"),
        ("../../p/q", "https://github.com/p/q"),
        ("../../../p/q", None),
        ("../..", None),
        ("https://example.com/a/b", "https://example.com/a/b"),
    ],
)
def test_relative_urls_stay_on_their_host(given: str, expected: str | None) -> None:
    found = repository_url(given, base="https://github.com/o/r")
    if expected is None:
        assert isinstance(found, Missing)
    elif given == "./sub":
        assert found == "https://github.com/o/r"  # GitHub has nothing below a repository
    else:
        assert found == expected


@pytest.mark.parametrize(
    ("fetched", "target", "expected"),
    [
        ("https://github.com/o/r", "https://github.com/n/m/", "https://github.com/n/m"),
        ("http://mirror:1/hub/o/r", "http://mirror:1/hub/n/m/", "https://github.com/n/m"),
        ("http://mirror:1/hub/o/r.git", "http://mirror:1/hub/n/m.git", "https://github.com/n/m"),
        ("https://github.com/o/r", "https://gitlab.com/n/m/", "https://gitlab.com/n/m"),
        ("https://mirror/x", "https://mirror/y/z", "https://mirror/y/z"),
    ],
)
def test_redirects_lead_to_the_canonical_address(fetched: str, target: str, expected: str) -> None:
    assert after_redirect("https://github.com/o/r", fetched, target) == expected


def test_a_redirect_to_something_else_is_refused() -> None:
    found = after_redirect("https://github.com/o/r", "https://github.com/o/r", "http://evil/x")
    assert isinstance(found, Missing)


def test_the_host_names_the_service() -> None:
    assert host_of("ssh://git@example.com:22/o/r") == "example.com"
    assert host_of("nothing") == "git"
