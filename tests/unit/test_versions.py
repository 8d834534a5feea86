from __future__ import annotations

import itertools

import pytest

from comfylock.versions import is_version, version_key

ORDER = [
    "a commit or a word",
    "0.0.1",
    "0.9",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.0.1",
    "1.0.2",
    "1.0.10",
    "1.2",
    "2",
    "10.0",
]
"""Source: the example of SemVer 2.0.0 section 11, and what packs write besides."""


@pytest.mark.parametrize(("older", "newer"), list(itertools.combinations(ORDER, 2)))
def test_versions_in_order(older: str, newer: str) -> None:
    assert version_key(older) < version_key(newer)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1.0", "1.0.0"),
        ("v1.2.3", "1.2.3"),
        ("1.2.3+build", "1.2.3"),
        ("1.2.3-rc.1+build.5", "1.2.3-rc.1"),
        (" 1.2.3-rc+x   ", "1.2.3-rc"),
        ("1.2.3\n", "1.2.3"),
    ],
)
def test_versions_that_are_the_same(one: str, other: str) -> None:
    assert version_key(one) == version_key(other)


@pytest.mark.parametrize("text", ["1.0", "v0.3.64", "1", "1.0.0-rc.1", "2024.11.5", " 1.2 "])
def test_what_is_a_version(text: str) -> None:
    assert is_version(text)


@pytest.mark.parametrize(
    "text", ["", "nightly", "unknown", "f91daf0a", "1234567", "1.0.0-" + "x" * 99, "a1.2"]
)
def test_what_is_none(text: str) -> None:
    assert not is_version(text)


def test_every_text_has_a_place() -> None:
    texts = ["", "x", "1.0", "9" * 5000, "1." * 3000, "\0", "日本"]
    assert max(texts, key=version_key) == "1.0"
