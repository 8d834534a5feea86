from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.builders import REGISTRY, write_layer
from tests.project import Run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> Run:
    monkeypatch.chdir(tmp_path)
    write_layer(tmp_path / ".comfylock" / "registry", **REGISTRY)
    return Run(tmp_path, capsysbinary)
