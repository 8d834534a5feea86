"""What do git hosts say, and is it proven?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from comfylock.sources.interface import GitPin, Missing, Refs

if TYPE_CHECKING:
    from comfylock.sources.git import Git
    from tests.services.git_server import GitServer

PACK = "https://github.com/owner/pack"
NODE = "class A:\n    pass\nNODE_CLASS_MAPPINGS = {'X': A}\n"


def pinned(git: Git, revision: str | None = None, *, read: bool = False) -> GitPin:
    found = git.pin(PACK, revision, read=read)
    assert isinstance(found, GitPin), found
    return found


def test_the_tip_of_a_branch_costs_two_exchanges_to_find_and_two_to_fetch(
    host: GitServer, git: Git
) -> None:
    made = host.repository("github.com/owner/pack")
    commit = made.commit({"__init__.py": NODE, "requirements.txt": "numpy\n", "install.py": ""})
    found = pinned(git, read=True)
    assert found.facts.commit == commit
    assert found.facts.date == "2023-11-14T22:13:20Z"
    assert found.facts.contents.class_types == ("X",)
    assert host.steps() == ["GET info/refs", "POST ls-refs", "GET info/refs", "POST fetch"]
