"""What the tests of git share: one repository, the steps that it takes to ask, the answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.sources.interface import GitPin, Missing

if TYPE_CHECKING:
    from comfylock.sources.git import Git

PACK = "https://github.com/owner/pack"
NODE = "class A:\n    pass\nNODE_CLASS_MAPPINGS = {'X': A}\n"
FIND = ["GET info/refs", "POST ls-refs"]
FETCH = ["GET info/refs", "POST fetch"]
HISTORY = ["GET info/refs", "POST ls-refs", "POST fetch"]


def pinned(git: Git, revision: str | None = None, *, read: bool = False) -> GitPin:
    found = git.pin(PACK, revision, read=read)
    assert isinstance(found, GitPin), found
    return found


def refused(git: Git, revision: str | None = None, url: str = PACK) -> Missing:
    found = git.pin(url, revision, read=False)
    assert isinstance(found, Missing), found
    return found
