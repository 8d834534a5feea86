from __future__ import annotations

import pytest

from comfylock.redaction import holds_secret, mask, redact, redact_url, secrets_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nothing to hide", "nothing to hide"),
        ("hf_transfer>=0.1.8", "hf_transfer>=0.1.8"),
        ("got hf_abcdefghijkl, sorry", "got ***, sorry"),
        ("ghp_0123456789abcdef ghs_0123456789abcdef", "*** ***"),
        ("github_pat_11ABC_def456", "***"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("authorization: basic YWxpY2U6aA==", "authorization: basic ***"),
        ("'Authorization': 'token abcdef'", "'Authorization': 'token ***'"),
        ("see https://alice:hunter2@a.example/b", "see https://***@a.example/b"),
        ("ssh://git@a.example/b", "ssh://***@a.example/b"),
        ("https://a/b?v=1&token=x&w=2", "https://a/b?v=1&token=***&w=2"),
        ("https://a/b?%74oken=x", "https://a/b?%74oken=***"),
        ("a?X-Amz-Signature=0f&X-Amz-Date=1", "a?X-Amz-Signature=***&X-Amz-Date=***"),
        ("https://a/b?sig=a%2Bb&amp;Key-Pair-Id=k", "https://a/b?sig=***&amp;Key-Pair-Id=***"),
        ("https://a/b#access_token=x", "https://a/b#access_token=***"),
        ("https://a/b?fileId=7&pageToken=3", "https://a/b?fileId=7&pageToken=3"),
        ("mail alice@a.example", "mail alice@a.example"),
    ],
)  # fmt: skip
def test_what_looks_like_a_secret_goes(text: str, expected: str) -> None:
    assert redact(text) == expected
    assert redact(redact(text)) == expected


@pytest.mark.parametrize(
    "spelling",
    ['a"b\\c/d+e', 'a\\"b\\\\c\\/d+e', "a%22b%5Cc%2Fd%2Be", "a%22b%5cc%2fd%2be", "a%2522b\\c/d+e"],
)
def test_known_secrets_go_in_every_spelling(spelling: str) -> None:
    secret = 'a"b\\c/d+e'
    assert redact(f"x {spelling} y", [secret]) == "x *** y"
    assert mask(f"x {spelling} y", [secret, ""]) == "x *** y"
    assert holds_secret(spelling, ["other", secret])
    assert not holds_secret("harmless", [secret, ""])


def test_the_longest_secret_goes_first() -> None:
    assert redact("secret-and-more", ["secret", "secret-and-more"]) == "***"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example/b?v=1", "https://a.example/b?v=1"),
        ("https://x:y@a.example/b?token=1#c", "https://a.example/b"),
        ("https://a.example/b?v=1&Signature=2&w=3", "https://a.example/b?v=1&w=3"),
        ("https://a.example/b?", "https://a.example/b"),
        ("https://a.example/b/hf_abcdefghijkl", "https://a.example/b/***"),
        ("/relative?sig=1", "/relative"),
    ],
)
def test_an_address_keeps_what_names_its_file(url: str, expected: str) -> None:
    assert redact_url(url) == expected


def test_an_address_tells_its_secrets() -> None:
    url = "https://alice-in:hunter2hunter2@a.example/b?v=12345678&sig=0123456789&token=short#x"
    assert secrets_of(url) == {"alice-in", "hunter2hunter2", "0123456789"}
    assert secrets_of("https://a.example/b") == frozenset()
