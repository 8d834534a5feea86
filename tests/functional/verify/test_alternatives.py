"""A model with alternatives: any one of them is right in its place, and the report names which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from comfylock.lockfile.schema import Lock
from tests.dependency_report import falsely_verified
from tests.functional.verify.conftest import Ended, found, verify
from tests.installation import digest

if TYPE_CHECKING:
    from tests.installation import Tree

PLACE = "vae/ae.safetensors"
FULL, HALF, TINY = b"full " * 400, b"half " * 200, b"tiny " * 200
"""Two of them have one size."""

TIERS = {"fp32": (FULL, 24), "fp16": (HALF, 12), "fp8": (TINY, None)}


def tiered(tree: Tree) -> Tree:
    """The tree with a lock that has alternatives for one of its models, and one workflow less."""
    lock = tree.read()
    (old,) = (pin for pin in lock.models if pin.key == PLACE)
    pins = [
        replace(old, tier=tier, vram=vram, sha256=digest(data), size=len(data), path=f"{tier}.st")
        for tier, (data, vram) in TIERS.items()
    ]
    others = [pin for pin in lock.models if pin.key != PLACE]
    models = tuple(sorted((*others, *pins), key=lambda pin: pin.key))
    tree.write(Lock(comfyui=lock.comfyui, packs=lock.packs, models=models))
    return tree


def about(ended: Ended) -> list[dict[str, Any]]:
    assert falsely_verified(ended.data) == []
    return [item for item in ended.data["items"] if item["name"].startswith(PLACE)]


@pytest.mark.parametrize("tier", TIERS)
def test_any_alternative_will_do_and_is_named(tree: Tree, tier: str) -> None:
    tiered(tree).model(PLACE).write_bytes(TIERS[tier][0])
    ended = found(tree)
    assert (ended.code, ended.found) == (0, {("model-alternative", f"{PLACE}@{tier}")})
    (item,) = about(ended)
    assert (item["name"], item["status"]) == (f"{PLACE}@{tier}", "verified")
    assert f"is the alternative `{tier}` of `fp8`, `fp16`, `fp32`" in " ".join(
        verify(tree).out.split()
    )


def test_none_of_them(tree: Tree) -> None:
    path = tiered(tree).model(PLACE)
    for data, kind, code in (
        (HALF[:-1] + b"X", "model-digest", 4),
        (HALF[:-1], "model-truncated", 4),
        (FULL + b"more", "model-size", 4),
    ):
        path.write_bytes(data)
        ended = found(tree)
        assert [f["kind"] for f in ended.data["findings"]] == [kind]
        assert (ended.code, [item["status"] for item in about(ended)]) == (code, ["differs"])
        told = ended.data["findings"][0]["message"]
        assert all(f"`{tier}`" in told for tier in TIERS), told


def test_none_is_there(tree: Tree) -> None:
    tiered(tree).model(PLACE).unlink()
    ended = found(tree)
    assert (ended.code, ended.found) == (1, {("model-missing", f"{PLACE}@fp8")})
    assert [item["status"] for item in about(ended)] == ["missing"]
    (finding,) = ended.data["findings"]
    assert "`fp16`, `fp32`" in finding["message"]
    assert "fp8.st" in finding["mend"]  # what any GPU can take


def test_one_behind_a_wrong_file_of_another_root(tree: Tree) -> None:
    tiered(tree).model(PLACE).write_bytes(b"wrong")
    second = tree.root / "second/vae"
    second.mkdir(parents=True)
    (second / "ae.safetensors").write_bytes(FULL)
    ended = found(tree, "--models-dir", str(second.parent))
    assert "model-shadowed" in {kind for kind, _ in ended.found}


def test_an_inventory_with_any_of_them_is_as_the_lock(tree: Tree) -> None:
    tiered(tree).model(PLACE).write_bytes(HALF)
    inventory = str(tree.root / "pod.json")
    assert verify(tree, "--inventory", inventory).code == 0
    ended = verify(tree, "--against", inventory, "--json", installed=False)
    rows = [row for row in ended.data["differences"]["rows"] if row["about"] == "model"]
    assert rows == []
    tree.model(PLACE).write_bytes(b"stranger")
    verify(tree, "--inventory", inventory)
    ended = verify(tree, "--against", inventory, "--json", installed=False)
    (row,) = (row for row in ended.data["differences"]["rows"] if row["about"] == "model")
    assert row["name"] == PLACE
    assert "(fp16)" in row["left"]
