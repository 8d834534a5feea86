from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import Struct

from comfylock.cli.main import main
from tests.installation import Tree, build

if TYPE_CHECKING:
    from pathlib import Path


class Ended(Struct, frozen=True):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """What its envelope holds."""
        return json.loads(self.out)["data"]

    @property
    def found(self) -> set[tuple[str, str]]:
        """Kind and subject of each finding."""
        return {(each["kind"], each["subject"]) for each in self.data["findings"]}


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
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
    where = ["--installed", str(tree.comfyui)] if installed else []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        code = main(["verify", "-C", str(tree.project), *where, *words])
    return Ended(code, _text(out), _text(err))


def found(tree: Tree, *words: str) -> Ended:
    """Run it for a program."""
    return verify(tree, "--json", *words)


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode("utf-8", "replace")
