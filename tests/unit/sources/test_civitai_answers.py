"""CivitAI's answers, hostile ones included: what is taken from them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comfylock.sources.civitai_answers import MAX_FILES, exact_size, newest_of, version_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=9,
)


def file(**changes: Any) -> dict[str, Any]:
    hashes = {"SHA256": "AB" * 32}
    return {"id": 5, "name": "a.pt", "type": "Model", "hashes": hashes, **changes}


def version(*files: Any, **changes: Any) -> bytes:
    return json.dumps({"id": 2, "modelId": 1, "name": "v1", "files": files, **changes}).encode()


@given(st.integers(1, 1 << 50), st.integers(0, 12))
def test_a_size_is_never_wrong(size: int, places: int) -> None:
    assert exact_size(round(size / 1024, places)) in {size, None}


@given(st.integers(1, 1 << 45))
def test_a_size_that_was_not_rounded_is_known(size: int) -> None:
    expected = size if size % 128 and size < 1 << 50 else None
    assert exact_size(size / 1024) == expected


@pytest.mark.parametrize(
    "value", [None, "3.0009765625", 3, True, -3.0009765625, 0.0, 1e300, 3.1, float("inf")]
)
def test_what_is_no_certain_size(value: object) -> None:
    assert exact_size(value) is None


@pytest.mark.parametrize(
    "bad",
    [
        {"id": -5},
        {"id": 0},
        {"id": "5"},
        {"id": True},
        {"id": 5.0},
        {"id": 10**15},
        {"name": ""},
        {"name": None},
        {"name": 7},
        {"name": "a\nb"},
        {"name": "a" * 256},
    ],
)
def test_files_without_a_number_or_a_name_are_left_out(bad: dict[str, Any]) -> None:
    found = version_of(version(file(**bad), file(id=6)))
    assert found is not None
    assert [each.id for each in found.files] == [6]


@pytest.mark.parametrize("digest", [None, "", "AB", 7, "zz" * 32, ["AB" * 32]])
def test_digests_that_are_none(digest: object) -> None:
    found = version_of(version(file(hashes={"SHA256": digest})))
    assert found is not None
    assert found.files[0].sha256 is None


def test_files_come_in_order_and_not_without_end() -> None:
    found = version_of(version(*(file(id=9000 - n) for n in range(MAX_FILES + 5))))
    assert found is not None
    numbers = [each.id for each in found.files]
    assert len(numbers) == MAX_FILES
    assert numbers == sorted(numbers)


@pytest.mark.parametrize(
    ("changes", "gated"),
    [
        ({"availability": None, "earlyAccessEndsAt": "2030-01-01"}, "early-access"),
        ({"availability": "", "earlyAccessEndsAt": ""}, None),
        ({"availability": "Public", "earlyAccessEndsAt": "2020-01-01"}, None),
        ({"availability": ["EarlyAccess"]}, None),
        ({}, None),
    ],
)
def test_absent_null_and_empty_are_alike(changes: dict[str, Any], gated: str | None) -> None:
    found = version_of(version(file(), **changes, usageControl="", model=None))
    assert found is not None
    assert (found.gated, found.off, found.private) == (gated, None, False)


@given(
    st.dictionaries(
        st.sampled_from(["id", "modelId", "files", "model", "availability", "name", "hashes"]),
        JSON,
    )
)
def test_anything_is_read_or_refused(content: dict[str, Any]) -> None:
    body = json.dumps(content).encode()
    found = version_of(body)
    assert found is None or found.id > 0
    model = json.dumps({"id": 3, "modelVersions": [content]}).encode()
    newest = newest_of(model, 3)
    assert newest is None or newest.model_id == 3
