from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.ended import Ended, run
from tests.installation import Tree, build

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """A clean tree, made once."""
    return build(tmp_path_factory.mktemp("original"))


@pytest.fixture
def tree(original: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """A clean tree of the test's own, and its user's environment."""
    made = original.copy(tmp_path / "tree")
    for name, value in made.variables().items():
        monkeypatch.setenv(name, value)
    return made


def verify(tree: Tree, *words: str, installed: bool = True) -> Ended:
    """Run `comfylock verify` in a tree's project."""
    where = ["--installed", str(tree.comfyui)] if installed else []
    return run("verify", "-C", str(tree.project), *where, *words)


def found(tree: Tree, *words: str) -> Ended:
    """Run it for a program."""
    return verify(tree, "--json", *words)
