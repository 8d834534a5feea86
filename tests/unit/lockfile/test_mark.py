from __future__ import annotations

import pytest

from comfylock.lockfile.mark import lock_mark, marked_digest
from tests.locks import OTHER_SHA, SHA


@pytest.mark.parametrize(
    "text",
    [
        f"#!/usr/bin/env bash\n# {lock_mark(SHA)}\n",
        f'LABEL x="{lock_mark(SHA)}"\n',
        f'{{"comfy.lock sha256": "{SHA}"}}',
        f'{{"comfy.lock sha256":"{SHA}"}}',
        f'{{"name": "comfy.lock sha256",\n      "value": "{SHA}"}}',
        f"# {lock_mark(SHA)}\r\n# {lock_mark(OTHER_SHA)}",
    ],
)
def test_the_mark_is_found(text: str) -> None:
    assert marked_digest(text.encode()) == SHA


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe\0\1",
        b"# comfy.lock sha256: abc",
        f"# comfy.lock sha256: {SHA}0".encode(),
        f"# comfyXlock sha256: {SHA}".encode(),
        f"sha256: {SHA}".encode(),
    ],
)
def test_other_texts_have_none(data: bytes) -> None:
    assert marked_digest(data) is None
