from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import comfylock
from comfylock.lockfile.write import write_lock
from tests.functional.verbs import locked
from tests.locks import python_pin

if TYPE_CHECKING:
    from pathlib import Path


def test_files_without_writing(tmp_path: Path) -> None:
    (tmp_path / "comfy.lock").write_bytes(write_lock(locked()))
    request = comfylock.EmitRequest(
        kinds=("sbom", "model-paths"), project=str(tmp_path), settings={"volume": "/data"}
    )
    outcome = comfylock.emit_files(request, {})
    assert [file.name for file in outcome.files] == ["extra_model_paths.yaml", "sbom.cdx.json"]
    assert b"base_path: /data/" in outcome.files[0].data
    assert outcome.refusals == ()
    assert [path.name for path in tmp_path.iterdir()] == ["comfy.lock"]


def test_a_kind_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "comfy.lock").write_bytes(write_lock(locked(python=(python_pin(),))))
    many = comfylock.EmitRequest(kinds=("requirements", "model-paths"), project=str(tmp_path))
    outcome = comfylock.emit_files(many, {})
    assert [made.kind for made in outcome.refusals] == ["requirements"]
    assert [file.name for file in outcome.files] == ["extra_model_paths.yaml"]
    alone = comfylock.EmitRequest(kinds=("requirements",), project=str(tmp_path))
    with pytest.raises(comfylock.EmitError, match="is not beside comfy"):
        comfylock.emit_files(alone, {})
