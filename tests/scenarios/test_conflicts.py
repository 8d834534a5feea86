"""Two branches that both locked: `lock` takes both sides, and never one of them silently (P18)."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.builders import stamped, ui
from tests.scenarios import small
from tests.scenarios.studio import loader

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scenarios.place import Place


def merged(ours: bytes, base: bytes, theirs: bytes, folder: Path, style: str) -> bytes:
    """What git leaves in the file when it cannot merge two branches."""
    for name, content in (("ours", ours), ("base", base), ("theirs", theirs)):
        (folder / name).write_bytes(content)
    words = [
        "git",
        "merge-file",
        "-p",
        *([f"--{style}"] if style else []),
        "ours",
        "base",
        "theirs",
    ]
    done = subprocess.run(words, cwd=folder, capture_output=True, check=False)
    assert b"<<<<<<<" in done.stdout
    return done.stdout


def branch(place: Place, base: bytes, *words: str, **files: object) -> bytes:
    """Lock a change of the project, starting at a lock; take the change back, return the lock."""
    place.lock_file.write_bytes(base)
    for name, content in files.items():
        place.write(f"workflows/{name}.json", content)
    assert place.run("lock", *words).code == 0
    lock = place.lock
    for name in files:
        (place.project / "workflows" / f"{name}.json").unlink()
    assert lock is not None
    return lock


ONE = ui(stamped(1, "OneNode", cnr_id="beta-one", ver="1.0.0"))
TWO = ui(
    stamped(1, "TwoNode", cnr_id="beta-two", ver="1.0.0"),
    loader(2, "two.safetensors", (small.HUB,)),
)


@pytest.mark.parametrize("style", ["", "diff3"])
def test_p18_both_sides_are_taken_by_entry(shop: Place, tmp_path: Path, style: str) -> None:
    shop.world.registry.publish("beta-one", "1.0.0", ("OneNode",))
    shop.world.registry.publish("beta-two", "1.0.0", ("TwoNode",))
    assert shop.run("lock").code == 0
    base = shop.lock
    assert base is not None
    ours, theirs = branch(shop, base, one=ONE), branch(shop, base, two=TWO)
    shop.write("workflows/one.json", ONE)
    shop.write("workflows/two.json", TWO)
    shop.lock_file.write_bytes(merged(ours, base, theirs, tmp_path, style))
    check = shop.run("lock", "--check")
    assert check.code == 2
    assert "has unresolved merge conflicts (lines " in check.err
    assert "hint: `comfylock lock` takes both sides" in check.err
    ended, sent = shop.sent("lock")
    assert (ended.code, sent) == (0, {}), ended.err
    lock = shop.lock
    assert shop.run("lock", "--check").code == 0
    shop.lock_file.unlink()
    assert shop.run("lock").code == 0
    assert shop.lock == lock  # as if one person had made both changes


def test_p18_the_same_entry_on_both_sides_is_asked_about(shop: Place, tmp_path: Path) -> None:
    shop.write("comfylock.toml", '[packs]\nalpha = "*"\n')
    assert shop.run("lock", "-P", "alpha==1.0.0").code == 0
    base = shop.lock
    assert base is not None
    shop.world.registry.publish("alpha", "1.2.0", ("AlphaNode",))
    ours = branch(shop, base, "--upgrade-package", "alpha==1.1.0")
    theirs = branch(shop, base, "--upgrade-package", "alpha==1.2.0")
    conflicted = merged(ours, base, theirs, tmp_path, "")
    shop.lock_file.write_bytes(conflicted)
    ended = shop.run("lock")
    assert (ended.code, shop.lock) == (1, conflicted)
    assert "alpha" in ended.err
    assert "--upgrade-package alpha" in ended.err
    ended = shop.run("lock", "--upgrade-package", "alpha==1.2.0")
    assert ended.code == 0, ended.err
    assert {pin.name: pin.version for pin in shop.locked.packs}["alpha"] == "1.2.0"
    assert shop.run("lock", "--check").code == 0


@pytest.mark.parametrize(
    "damage",
    [
        lambda lock: lock.replace(b"=======\n", b""),
        lambda lock: lock.replace(b">>>>>>> theirs\n", b""),
        lambda lock: b"<<<<<<< x\n" + lock,
    ],
)
def test_markers_that_make_no_sense_are_told_and_left(shop: Place, damage: object) -> None:
    assert callable(damage)
    conflicted = damage(b"<<<<<<< ours\nversion = 1\n=======\nversion = 1\n>>>>>>> theirs\n")
    shop.lock_file.write_bytes(conflicted)
    ended, sent = shop.sent("lock")
    assert (ended.code, sent, shop.lock) == (2, {}, conflicted)
    assert "comfy.lock" in ended.err
    assert "Traceback" not in ended.err
