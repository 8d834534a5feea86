"""Where findings point to: the line of the entry that they are about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from comfylock.cli.lock_lines import lock_lines
from comfylock.lockfile.write import write_lock
from tests.locks import full, hub_model

if TYPE_CHECKING:
    from pathlib import Path


def test_every_entry_has_the_line_of_its_own_name(tmp_path: Path) -> None:
    twins = tuple(
        hub_model("same.safetensors", folder, tier=tier)
        for folder, tier in (("loras", None), ("vae", "fp16"), ("vae", "fp8"))
    )
    lock = replace(full(), models=tuple(sorted((*full().models, *twins), key=lambda m: m.key)))
    path = tmp_path / "comfy.lock"
    path.write_bytes(write_lock(lock))
    lines = path.read_text("utf-8").splitlines()
    found = lock_lines(str(path))
    for about, key, name in (
        *(("model", model.key, model.name) for model in lock.models),
        *(("pack", pack.name, pack.name) for pack in lock.packs),
    ):
        assert name in lines[found[about, key] - 1], key
    numbers = [found["model", twin.key] for twin in twins]
    assert len(set(numbers)) == 3
    for entry in lock.workflows:
        assert entry.path in lines[found["workflow", entry.path] - 1]
    assert lines[found["comfyui", "comfyui"] - 1].startswith(("[comfyui]", "requested", "version"))


def test_what_is_no_lock_has_no_lines(tmp_path: Path) -> None:
    assert lock_lines(str(tmp_path / "nowhere")) == {}
    (tmp_path / "odd").write_bytes(
        b'\xff[[model]]\nname = "\nname = 3\n[[model]]\nname = "a\\"b"\n'
    )
    assert lock_lines(str(tmp_path / "odd")) == {("model", 'a"b'): 5}
