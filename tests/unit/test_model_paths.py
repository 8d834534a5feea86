from __future__ import annotations

import pytest

from comfylock.names import leaves_its_folder


@pytest.mark.parametrize(
    "path", ["/etc/a.pt", "../a.pt", "a/../../b.pt", "C:/a.pt", "~/a.pt", ".."]
)
def test_paths_that_leave_their_folder(path: str) -> None:
    assert leaves_its_folder(path)


@pytest.mark.parametrize("path", ["a.pt", "sub/a.pt", "a..b.pt", "sub/..a.pt", ""])
def test_paths_that_stay_in_their_folder(path: str) -> None:
    assert not leaves_its_folder(path)
