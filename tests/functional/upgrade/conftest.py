from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import Struct

from comfylock.cli.main import main
from tests.definition_sets import INFO, SAMPLER, info, with_inputs
from tests.ended import Ended
from tests.services.loopback import Service, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Place(Struct, frozen=True):
    """A folder with definitions in it, and commands that run there."""

    folder: Any
    capture: Any
    monkeypatch: Any

    def write(self, name: str, content: Any) -> Path:
        """Write a file and return where it is."""
        path: Path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    def __call__(self, *words: str, columns: int = 80) -> Ended:
        self.monkeypatch.setenv("COLUMNS", str(columns))
        code = main(list(words))
        out, err = self.capture.readouterr()
        return Ended(code, out, err)


@pytest.fixture
def place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Place:
    """A folder with `old.json`, and `new.json` that asks for one input more."""
    monkeypatch.chdir(tmp_path)
    found = Place(tmp_path, capsys, monkeypatch)
    found.write("old.json", INFO)
    newer = with_inputs(SAMPLER, strength=["FLOAT", {"default": 1.0, "min": 0.0, "max": 2.0}])
    found.write("new.json", info(TestSampler=newer))
    return found


@pytest.fixture
def server() -> Iterator[Service]:
    """A server in place of a ComfyUI."""
    with serving() as running:
        yield running
