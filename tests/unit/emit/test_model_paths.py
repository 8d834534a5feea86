"""`extra_model_paths.yaml`, read as ComfyUI reads it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from comfylock.config.emit import EmitSettings
from comfylock.emit.model_paths import generate
from comfylock.emit.planning import plan_of
from comfylock.errors import EmitError, UsageError
from comfylock.lockfile.mark import marked_digest
from tests.locks import SHA, hub_model, small


def paths(*folders: str, **settings: Any) -> dict[str, Any]:
    lock = small(models=tuple(hub_model(folder=folder) for folder in folders), workflows=())
    (file,) = generate(plan_of(lock, SHA, EmitSettings(**settings)))
    assert marked_digest(file.data) == SHA
    loaded: dict[str, Any] = yaml.safe_load(file.data)
    assert list(loaded) == ["comfy_lock"]
    section: dict[str, Any] = loaded["comfy_lock"]
    return section


def test_every_folder_of_the_lock_is_there() -> None:
    found = paths("vae", "ipadapter", "ultralytics_bbox", "a/b")
    assert found["base_path"] == "/workspace/"
    assert found["ipadapter"] == "models/ipadapter/"
    assert found["ultralytics_bbox"] == "models/ultralytics/bbox/"
    assert found["a/b"] == "models/a/b/"
    assert all(isinstance(value, str) for value in found.values())


def test_what_is_not_pinned_stands_as_a_comment() -> None:
    lock = small(models=(hub_model(folder=None),), workflows=())
    (file,) = generate(plan_of(lock, SHA, EmitSettings(allow_unpinned=True)))
    assert "\n# not pinned: model `ae.safetensors`: it has no folder" in file.data.decode()


def test_the_usual_folders_are_there_without_any_model() -> None:
    found = paths()
    assert found["loras"] == "models/loras/"
    assert found["clip"] == found["text_encoders"] == "models/text_encoders/"
    assert "custom_nodes" not in found


def test_the_layout_says_where_the_volume_is() -> None:
    assert paths("vae", layout="runpod-volume")["base_path"] == "/runpod-volume/"
    assert paths("vae", volume="/data/x")["base_path"] == "/data/x/"
    with pytest.raises(UsageError, match="has no volume"):
        paths("vae", layout="plain")


@pytest.mark.parametrize("folder", ["base_path", "is_default"])
def test_folders_that_mean_something_else(folder: str) -> None:
    with pytest.raises(EmitError, match="cannot be called"):
        paths(folder)


@pytest.mark.parametrize("folder", ["1", "no", "null", "1.5", "0x1f", "2024-01-01"])
def test_folders_that_yaml_would_take_for_something_else(folder: str) -> None:
    assert paths(folder)[folder] == f"models/{folder}/"
