"""Sound parts of locks as text, and what is wrong with others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from comfylock.errors import LockParseError
from comfylock.lockfile.read import read_lock
from tests.locks import COMMIT, SHA

if TYPE_CHECKING:
    from comfylock.lockfile.schema import Lock

PACK = f"""
[[pack]]
name = "alpha"
source = "comfy-registry"
version = "1.2.0"
url = "https://cdn.comfy.org/alpha/1.2.0/node.zip"
sha256 = "{SHA}"
size = 5
"""
GIT = f"""
[[pack]]
name = "carl/gamma"
source = "git"
repository = "https://github.com/carl/gamma"
commit = "{COMMIT}"
tree = "{COMMIT}"
"""
MODEL = f"""
[[model]]
name = "ae.safetensors"
folder = "vae"
source = "huggingface"
repository = "org/repo"
commit = "{COMMIT}"
path = "ae.safetensors"
sha256 = "{SHA}"
"""
WORKFLOW = '\n[[workflow]]\npath = "a.json"\n'


def faults(text: str | bytes) -> list[tuple[str, str]]:
    """What is wrong with a lock of version 1."""
    data = text if isinstance(text, bytes) else f"version = 1\n{text}".encode()
    with pytest.raises(LockParseError) as caught:
        read_lock(data)
    return list(caught.value.faults)


def read_text(text: str) -> Lock:
    """The lock of version 1 that a text holds."""
    return read_lock(f"version = 1\n{text}".encode())
