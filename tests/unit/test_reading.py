from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from comfylock.reading import open_regular, read_regular

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_is_read_as_far_as_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    assert read_regular(str(path), 3) == b"123"
    with open_regular(str(path)) as stream:
        assert stream.read() == b"12345"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_what_is_no_file_is_refused_at_once_and_left_closed(tmp_path: Path) -> None:
    pipe = str(tmp_path / "pipe")
    os.mkfifo(pipe)
    free = os.dup(0)
    os.close(free)
    for path in (pipe, str(tmp_path), os.devnull):
        with pytest.raises(OSError, match=r"no regular file|directory"):
            read_regular(path, 1)
    again = os.dup(0)
    os.close(again)
    assert again == free
