"""`extra_model_paths.yaml`, read by ComfyUI's own reader.

ComfyUI is in no package registry: `COMFYUI_CHECKOUT=…/ComfyUI pytest -m system` says where one is.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from comfylock.config.emit import EmitSettings
from comfylock.emit.model_paths import generate
from comfylock.emit.planning import plan_of
from tests.hostile import taken
from tests.locks import SHA, hub_model, small

if TYPE_CHECKING:
    from pathlib import Path

    from comfylock.lockfile.schema import Lock

CHECKOUT = os.environ.get("COMFYUI_CHECKOUT", "")

READ = """
import json, sys
sys.argv, files = sys.argv[:1], sys.argv[1:]
import folder_paths
from utils.extra_config import load_extra_path_config
for file in files:
    load_extra_path_config(file)
print(json.dumps({key: value[0] for key, value in folder_paths.folder_names_and_paths.items()}))
"""

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(not CHECKOUT, reason="set COMFYUI_CHECKOUT to a ComfyUI"),
]


def folders(*files: Path) -> dict[str, list[str]]:
    """Where ComfyUI looks for models once it has read these files."""
    command = [sys.executable, "-c", READ, *map(str, files)]
    environment = {**os.environ, "PYTHONPATH": CHECKOUT}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


def test_comfyui_finds_the_models_of_the_volume(tmp_path: Path) -> None:
    keys = ("vae", "ultralytics_bbox", "a/b", "checkpoints", "text_encoders")
    lock = small(models=tuple(hub_model(folder=key) for key in keys), workflows=())
    (file,) = generate(plan_of(lock, SHA, EmitSettings(volume="/data")))
    path = tmp_path / file.name
    path.write_bytes(file.data)
    before, found = folders(), folders(path)
    added = {
        key: [place.rstrip("/") for place in places if place not in before.get(key, ())]
        for key, places in found.items()
    }
    assert added["vae"] == ["/data/models/vae"]
    assert added["ultralytics_bbox"] == ["/data/models/ultralytics/bbox"]
    assert added["a/b"] == ["/data/models/a/b"]
    assert "/data/models/text_encoders" in added["text_encoders"]
    assert found["custom_nodes"] == before["custom_nodes"]


def test_hostile_folders_stay_below_models(tmp_path: Path) -> None:
    def made(lock: Lock) -> bytes:
        return generate(plan_of(lock, SHA))[0].data

    files = []
    for place in ("model folder", "model name"):
        for number, (_, data) in enumerate(taken(made, place)):
            files.append(tmp_path / f"{place}{number}.yaml")
            files[-1].write_bytes(data)
    assert files
    before = folders()
    added = {
        place
        for key, places in folders(*files).items()
        for place in set(places) - set(before.get(key, ()))
    }
    assert added
    assert all(place.startswith("/workspace/models/") for place in added)
    assert all(".." not in place.split("/") for place in added)
