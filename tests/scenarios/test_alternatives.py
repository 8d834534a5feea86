"""Several files under one name: all locked, none lost, and the choice left to whoever installs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from comfylock.emit.planning import plan_of
from comfylock.lockfile.merge import merge
from tests.locks import SHA

if TYPE_CHECKING:
    from tests.scenarios.place import Place

KEY = "checkpoints/weights.safetensors"
TIERS = """\
[models]
"{key}" = {{ alternatives = [
    {{ tier = "fp8", vram = 12, huggingface = "owner/tiers", path = "fp8.safetensors" }},
    {{ tier = "fp16", vram = {vram}, huggingface = "owner/tiers", path = "fp16.safetensors" }},
    {{ tier = "small", url = "{url}/plain.safetensors" }},
] }}
"""


@pytest.fixture
def tiers(shop: Place) -> Place:
    """The small project, in which one model is one of three files."""
    files = {"fp16.safetensors": b"sixteen " * 9, "fp8.safetensors": b"eight " * 9}
    shop.world.hub.add("owner/tiers", files)
    settle(shop)
    return shop


def settle(shop: Place, vram: int = 24) -> None:
    text = TIERS.format(key=KEY, vram=vram, url=shop.world.files.url)
    shop.write("comfylock.toml", text)


def locked(shop: Place) -> dict[str, Any]:
    ended = shop.run("lock")
    assert ended.code == 0, ended.err
    return {pin.key: pin for pin in shop.locked.models}


def reasons(shop: Place) -> set[tuple[str, str]]:
    ended = shop.run("lock", "--check", "--json")
    return {(each["kind"], each["subject"]) for each in ended.data["reasons"]}


def test_every_file_is_locked_under_one_name(tiers: Place) -> None:
    pins = locked(tiers)
    ours = {key: pin for key, pin in pins.items() if pin.place == KEY}
    assert {key: (pin.tier, pin.vram) for key, pin in ours.items()} == {
        f"{KEY}@fp16": ("fp16", 24),
        f"{KEY}@fp8": ("fp8", 12),
        f"{KEY}@small": ("small", None),
    }
    assert len({pin.sha256 for pin in ours.values()}) == 3
    assert set(ours) < set(tiers.locked.workflows[0].models)
    assert KEY not in tiers.locked.workflows[0].models
    before = tiers.lock
    ended, sent = tiers.sent("lock")
    assert (ended.code, sent, tiers.lock) == (0, {}, before)
    assert tiers.run("lock", "--check").code == 0


def test_what_makes_it_stale(tiers: Place) -> None:
    locked(tiers)
    settle(tiers, vram=16)
    assert reasons(tiers) == {("RuleChanged", f"{KEY}@fp16")}
    assert locked(tiers)[f"{KEY}@fp16"].vram == 16
    tiers.write("comfylock.toml", "")
    found = reasons(tiers)
    assert ("MissingModel", KEY) in found
    assert ("OrphanModel", f"{KEY}@fp8") in found
    assert [key for key in locked(tiers) if key.startswith(KEY)] == [KEY]
    settle(tiers)
    assert ("MissingModel", f"{KEY}@small") in reasons(tiers)


def test_they_move_together_or_one_by_one(tiers: Place) -> None:
    before = locked(tiers)
    files = {"fp16.safetensors": b"newer sixteen", "fp8.safetensors": b"newer eight"}
    tiers.world.hub.add("owner/tiers", files)
    tiers.run("cache", "clean")
    assert locked(tiers) == before
    assert tiers.run("lock", "-P", f"{KEY}@fp8").code == 0
    after = {pin.key: pin for pin in tiers.locked.models}
    assert {key for key in after if after[key] != before[key]} == {f"{KEY}@fp8"}
    assert tiers.run("lock", "-P", KEY).code == 0
    after = {pin.key: pin for pin in tiers.locked.models}
    assert {key for key in after if after[key] != before[key]} == {f"{KEY}@fp8", f"{KEY}@fp16"}


def test_one_that_is_gone_leaves_the_others(tiers: Place) -> None:
    text = TIERS.format(key=KEY, vram=24, url=tiers.world.files.url)
    tiers.write("comfylock.toml", text.replace("fp8.safetensors", "gone.safetensors"))
    ended = tiers.run("lock")
    assert ended.code == 1
    assert f"{KEY}@fp8" in ended.out + ended.err
    assert tiers.run("lock", "--allow-unresolved").code == 0
    assert [gap.name for gap in tiers.locked.unresolved] == [f"{KEY}@fp8"]
    assert f"{KEY}@fp16" in {pin.key for pin in tiers.locked.models}
    assert tiers.run("lock", "--check", "--allow-unresolved").code == 0


def test_all_names_lead_to_them(tiers: Place) -> None:
    locked(tiers)
    for name in (KEY, f"{KEY}@fp8", "weights.safetensors"):
        ended = tiers.run("why", name)
        assert ended.code == 0, ended.err
        assert "workflows/main.json" in ended.out
        assert f"{KEY}@fp8" in ended.out
    assert f"{KEY}@fp16" in tiers.run("tree").out
    assert tiers.run("outdated").code == 0


def test_locks_with_them_merge(tiers: Place) -> None:
    locked(tiers)
    lock = tiers.locked
    merged = merge(None, lock, lock)
    assert (merged.lock, merged.conflicts) == (lock, ())


def test_a_plan_has_them_with_the_most_demanding_first(tiers: Place) -> None:
    locked(tiers)
    steps = [step for step in plan_of(tiers.locked, SHA).models if step.key == KEY]
    assert [(step.tier, step.vram) for step in steps] == [
        ("fp16", 24000),
        ("fp8", 12000),
        ("small", None),
    ]
    assert {step.path for step in steps} == {KEY}
    ended = tiers.run("emit", "sbom", "--tier", "fp8")
    assert ended.code == 0, ended.err
    assert f"model:{KEY}#fp8" in ended.out
    assert tiers.run("emit", "sbom", "--tier", "fp4").code == 2
