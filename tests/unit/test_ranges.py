from __future__ import annotations

import pytest

from comfylock.ranges import parse_range

ADMITTED = {
    "1.2.3": ["1.2.3", "v1.2.3", "1.2.3+build"],
    "==1.2": ["1.2.0", "1.2"],
    "= 1.2": ["1.2"],
    "==1.2.3-rc.1": ["1.2.3-rc.1"],
    ">=1.2,<2": ["1.2", "1.9.9", "1.2.0.1"],
    " >= 1.2 , < 2 ": ["1.2"],
    ">1.2": ["1.2.1", "1.2.0.1", "3"],
    "<=1.2": ["1.2", "0.1"],
    "!=1.2.0": ["1.2.1", "1.1"],
    "!=1.2.*": ["1.1.9", "1.3"],
    "~=1.4": ["1.4", "1.9"],
    "~=1.4.2": ["1.4.2", "1.4.9"],
    "~1.4": ["1.4", "1.4.7"],
    "~1": ["1.0", "1.9"],
    "^1.2": ["1.2", "1.9.9"],
    "^0.2.3": ["0.2.3", "0.2.9"],
    "^0.0.3": ["0.0.3"],
    "^0": ["0.0.1", "0.9"],
    "1.2.*": ["1.2", "1.2.9"],
    "*": ["0.1", "99"],
    ">=1.2.0-rc.1": ["1.2.0-rc.2", "1.2.0", "1.3.0"],
    "<1.0.0-rc.2": ["1.0.0-rc.1", "0.9"],
    "^1.2.3.4": ["1.2.3.4", "1.9"],
    "1.2.3.*": ["1.2.3", "1.2.3.9"],
    "^0.0.0.4": ["0.0.0.4"],
    "!=1.2.3.4.*": ["1.2.3.5", "1.2.3"],
    "1.2rc1": ["1.2rc1"],
    "1.2.dev1": ["1.2.dev1"],
}
REFUSED = {
    "1.2.3": ["1.2.4", "1.2.3-rc.1"],
    ">=1.2,<2": ["2.0", "1.1.9", "2.0.0-rc.1", "1.5.0-beta"],
    ">1.2": ["1.2.0", "1.1"],
    "<=1.2": ["1.2.1", "1.2.0-rc.1"],
    "!=1.2.0": ["1.2"],
    "!=1.2.*": ["1.2", "1.2.9", "1.2.0-rc.1"],
    "!=1.2.0-rc.1": ["1.2.0-rc.1", "1.2.0-rc.2"],
    "~=1.4": ["2.0", "1.3", "2.0.0-a"],
    "~=1.4.2": ["1.5", "1.4.1"],
    "~1.4": ["1.5"],
    "~1": ["2"],
    "^1.2": ["2.0", "1.1"],
    "^0.2.3": ["0.3", "0.2.2"],
    "^0.0.3": ["0.0.4"],
    "^0": ["1.0"],
    "1.2.*": ["1.3", "1.1.9"],
    "*": ["nightly", "", "1.0.0-rc.1", "f91daf0a"],
    ">=1.2.0-rc.1": ["1.3.0-beta", "1.2.0-beta"],
    "1.2.3.*": ["1.2.4", "1.2.2"],
    "^0.0.0.4": ["0.0.0.5", "0.0.0.3"],
    "!=1.2.3.4.*": ["1.2.3.4"],
}


@pytest.mark.parametrize(
    ("text", "version"), [(text, version) for text, all_ in ADMITTED.items() for version in all_]
)
def test_versions_in_a_range(text: str, version: str) -> None:
    wanted = parse_range(text)
    assert wanted is not None
    assert wanted.text == text
    assert wanted.admits(version)


@pytest.mark.parametrize(
    ("text", "version"), [(text, version) for text, all_ in REFUSED.items() for version in all_]
)
def test_versions_outside_a_range(text: str, version: str) -> None:
    wanted = parse_range(text)
    assert wanted is not None
    assert not wanted.admits(version)


@pytest.mark.parametrize(
    "text",
    ["", ",", ">=", "latest", ">=1.2,", "1.2 || 2", "=>1", "~=1", ">=1.*", "1.*-rc", "1" * 500],
)
def test_what_is_no_range(text: str) -> None:
    assert parse_range(text) is None


@pytest.mark.parametrize(
    ("text", "exact"),
    [("1.2.3", "1.2.3"), ("==v1.2", "1.2"), ("==1.2,!=1.3", None), (">=1", None), ("1.*", None)],
)
def test_the_one_version_of_an_exact_range(text: str, exact: str | None) -> None:
    wanted = parse_range(text)
    assert wanted is not None
    assert wanted.exact == exact
