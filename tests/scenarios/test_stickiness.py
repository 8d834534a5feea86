"""A pin stays until it is asked to move; what moves is told, and nothing else moves (P16)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.builders import ui
from tests.scenarios import small
from tests.scenarios.studio import digest, loader
from tests.services.node_archive import node_zip, pack_files

if TYPE_CHECKING:
    from comfylock.lockfile.schema import Lock
    from tests.scenarios.place import Place


def pins(lock: Lock) -> dict[str, str | None]:
    """Every pin by its name: what says which bytes it means."""
    packs = {pin.name: pin.version for pin in lock.packs}
    return packs | {pin.key: pin.sha256 for pin in lock.models}


def moved(before: dict[str, str | None], after: dict[str, str | None]) -> set[str]:
    """The names whose pins differ."""
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def fresh(place: Place) -> Place:
    """The place with an empty cache: as if a day had gone by."""
    place.environment["COMFYLOCK_CACHE_DIR"] = str(place.folder / "another-cache")
    return place


@pytest.fixture
def locked(shop: Place) -> Place:
    """The small project, locked; then everything has something newer."""
    assert shop.run("lock").code == 0
    small.publish_news(shop.world)
    return fresh(shop)


def test_p16_news_move_nothing(locked: Place) -> None:
    before = locked.lock
    ended, sent = locked.sent("lock")
    assert (ended.code, sent, locked.lock) == (0, {}, before)
    assert "is up to date" in ended.out


def test_p16_a_new_need_moves_nothing_else(locked: Place) -> None:
    before = pins(locked.locked)
    url = "https://huggingface.co/owner/weights/resolve/main/weights.safetensors"
    locked.write(
        "workflows/second.json",
        ui(loader(1, "second.safetensors", (url,))),
    )
    ended, sent = locked.sent("lock")
    assert ended.code == 0
    assert set(sent) == {"huggingface"}
    assert moved(before, pins(locked.locked)) == {"checkpoints/second.safetensors"}


def test_p16_upgrade_moves_everything_and_says_from_where_to_where(locked: Place) -> None:
    before = pins(locked.locked)
    ended = locked.run("lock", "--upgrade")
    assert ended.code == 0
    after = pins(locked.locked)
    assert moved(before, after) == {
        "alpha",
        "gamma",
        "owner/beta",
        "checkpoints/weights.safetensors",
    }
    assert (after["alpha"], after["gamma"], after["owner/beta"]) == ("1.2.0", "2.1.0", "v1.1.0")
    told = " ".join(ended.out.split())
    for move in ("alpha 1.0.0 -> 1.2.0", "gamma 2.0.0 -> 2.1.0", "owner/beta v1.0.0 -> v1.1.0"):
        assert move in told, told
    assert locked.run("lock", "--check").code == 0
    again, sent = locked.sent("lock")
    assert (again.code, sent) == (0, {})


@pytest.mark.parametrize(
    ("name", "version"),
    [("alpha", "1.2.0"), ("ALPHA", "1.2.0"), ("owner/beta", "v1.1.0"), ("gamma", "2.1.0")],
)
def test_p16_one_pack_moves_alone(locked: Place, name: str, version: str) -> None:
    before = pins(locked.locked)
    assert locked.run("lock", "--upgrade-package", name).code == 0
    after = pins(locked.locked)
    assert moved(before, after) == {name.lower()}
    assert after[name.lower()] == version
    assert locked.run("lock", "--check").code == 0


def test_p16_one_model_moves_alone(locked: Place) -> None:
    before = pins(locked.locked)
    key = "checkpoints/weights.safetensors"
    assert locked.run("lock", "-P", key).code == 0
    assert moved(before, pins(locked.locked)) == {key}


@pytest.mark.parametrize(
    ("asked", "version"),
    [("alpha==1.1.0", "1.1.0"), ("gamma==2.0.0", "2.0.0"), ("owner/beta==v1.1.0", "v1.1.0")],
)
def test_p16_a_pack_moves_to_the_version_that_is_asked_for(
    locked: Place, asked: str, version: str
) -> None:
    ended = locked.run("lock", "--upgrade-package", asked)
    assert ended.code == 0, ended.err
    assert pins(locked.locked)[asked.partition("==")[0]] == version
    assert locked.run("lock", "--check").code == 0
    assert locked.sent("lock")[1] == {}


@pytest.mark.parametrize("asked", ["alpha==9.9.9", "owner/beta==v9", "gamma==0.0.1"])
def test_a_version_that_is_not_there_leaves_the_lock_as_it_was(locked: Place, asked: str) -> None:
    before = locked.lock
    ended = locked.run("lock", "--upgrade-package", asked)
    assert (ended.code, locked.lock) == (1, before)
    name, _, version = asked.partition("==")
    assert f"error: {name}: " in ended.err
    assert version in ended.err


def test_a_misspelt_name_moves_nothing(locked: Place) -> None:
    before = locked.lock
    ended, sent = locked.sent("lock", "--upgrade-package", "alfa")
    assert (ended.code, sent, locked.lock) == (2, {}, before)
    assert "error: nothing called `alfa` is locked or needed" in ended.err
    assert "hint: did you mean `alpha`?" in ended.err


@pytest.mark.parametrize("words", [("--upgrade",), ("-P", "alpha"), ()])
def test_a_dry_run_tells_and_writes_nothing(shop: Place, words: tuple[str, ...]) -> None:
    if words:
        assert shop.run("lock").code == 0
        small.publish_news(shop.world)
        fresh(shop)
    before = shop.files()
    ended = shop.run("lock", "--dry-run", *words)
    assert ended.code == 0
    assert shop.files() == before
    assert "alpha" in ended.out


def test_a_newer_stamp_moves_its_pack_and_an_older_one_does_not(locked: Place) -> None:
    before = pins(locked.locked)
    locked.write("workflows/main.json", small.workflow(locked.world, alpha="1.1.0"))
    assert locked.run("lock", "--check").code == 1
    assert locked.run("lock").code == 0
    after = pins(locked.locked)
    assert (moved(before, after), after["alpha"]) == ({"alpha"}, "1.1.0")
    locked.write("workflows/main.json", small.workflow(locked.world, alpha="1.0.0"))
    assert locked.run("lock").code == 0
    assert pins(locked.locked)["alpha"] == "1.1.0"


def test_prefer_latest_takes_the_newest_and_then_stays(locked: Place) -> None:
    before = pins(locked.locked)
    locked.write("comfylock.toml", '[lock]\nprefer = "latest"\n')
    check = locked.run("lock", "--check")
    assert (check.code, "OptionChanged" in check.err) == (1, True)
    assert locked.run("lock").code == 0
    assert moved(before, pins(locked.locked)) == set()  # what still does stays
    assert locked.run("lock", "--upgrade").code == 0
    assert pins(locked.locked)["alpha"] == "1.2.0"
    assert locked.locked.options.prefer == "latest"
    assert locked.run("lock", "--check").code == 0


def test_another_target_is_written_down_and_moves_nothing(locked: Place) -> None:
    before = pins(locked.locked)
    locked.write("comfylock.toml", '[lock]\ntargets = ["linux-x86_64"]\n')
    assert locked.run("lock", "--check").code == 1
    ended, sent = locked.sent("lock")
    assert (ended.code, sent) == (0, {})
    assert locked.locked.options.targets == ("linux-x86_64",)
    assert pins(locked.locked) == before
    assert locked.run("lock", "--check").code == 0


def test_a_rule_of_the_project_moves_what_it_excludes(locked: Place) -> None:
    before = pins(locked.locked)
    locked.write("comfylock.toml", '[packs]\nalpha = ">=1.1,<1.2"\ngamma = ">=2"\n')
    assert locked.run("lock").code == 0
    after = pins(locked.locked)
    assert (moved(before, after), after["alpha"]) == ({"alpha"}, "1.1.0")


# the same version with other bytes


def test_p21_a_pack_whose_bytes_changed_is_a_mismatch(locked: Place) -> None:
    """Its pin must be chosen anew, and the version it has holds other bytes than were locked."""
    before, old = locked.lock, {pin.name: pin for pin in locked.locked.packs}["gamma"]
    archive = node_zip({**pack_files(("GammaNode",)), "evil.py": b"import os\n"})
    versions = locked.world.registry.packs["gamma"].versions
    del versions["2.1.0"]
    versions["2.0.0"].archive = archive
    locked.environment["COMFYLOCK_CACHE_DIR"] = str(locked.folder / "third-cache")
    ended = locked.run("lock", "--upgrade")
    assert (ended.code, locked.lock) == (4, before)
    line = next(line for line in ended.err.splitlines() if line.startswith("error: gamma: "))
    assert str(old.sha256) in line
    assert digest(archive) in line
    assert "--upgrade-package gamma" in line
    assert locked.run("lock", "--upgrade-package", "gamma").code == 0
    changed = {pin.name: pin for pin in locked.locked.packs}["gamma"]
    assert (changed.version, changed.sha256) == ("2.0.0", digest(archive))


def test_p21_a_model_whose_bytes_changed_is_a_mismatch(locked: Place) -> None:
    before = locked.lock
    locked.world.files.add("/plain.safetensors", b"tampered with")
    ended = locked.run("lock", "--upgrade")
    assert (ended.code, locked.lock) == (4, before)
    line = next(line for line in ended.err.splitlines() if "plain.safetensors" in line)
    assert digest(b"plain " * 9) in line
    assert digest(b"tampered with") in line


def test_p21_a_workflow_with_the_wrong_digest_is_a_mismatch(shop: Place) -> None:
    wrong = loader(1, "weights.safetensors", (small.HUB,), "ab" * 32)
    shop.write("workflows/wrong.json", ui(wrong))
    ended = shop.run("lock", "--allow-unresolved")
    assert (ended.code, shop.lock) == (4, None)
    line = next(line for line in ended.err.splitlines() if line.startswith("error: checkpoints/"))
    assert f"the workflow says sha256 {'ab' * 32}" in line
    assert f"holds {digest(b'weights ' * 9)}" in line
    assert '"checkpoints/weights.safetensors" = { url = ' in line + ended.err


@pytest.mark.parametrize("right", [True, False])
def test_p21_the_projects_own_digest_decides(shop: Place, *, right: bool) -> None:
    sha256 = digest(b"weights " * 9) if right else "cd" * 32
    table = f'{{ url = "{small.HUB}", sha256 = "{sha256}" }}'
    shop.write("comfylock.toml", f'[models]\n"checkpoints/weights.safetensors" = {table}\n')
    ended = shop.run("lock")
    assert ended.code == (0 if right else 4)
    assert (shop.lock is not None) is right
    assert right or f"comfylock.toml says sha256 {sha256}" in ended.err


def test_the_right_one_of_two_sources_is_taken_by_its_digest(shop: Place) -> None:
    other = "https://huggingface.co/owner/other/resolve/main/weights.safetensors"
    shop.world.hub.add("owner/other", {"weights.safetensors": b"other weights"})
    node = loader(1, "weights.safetensors", (small.HUB, other))
    node["properties"]["models"][1]["hash"] = digest(b"other weights")
    shop.write("workflows/main.json", ui(node))
    ended = shop.run("lock")
    assert ended.code == 0
    [pin] = shop.locked.models
    assert pin.repository == "owner/other"
    assert "holds other bytes than the workflow is stamped with" in ended.err


def test_what_is_newest_is_asked_anew_after_a_minute(shop: Place) -> None:
    assert shop.run("lock").code == 0
    assert shop.run("lock", "--upgrade").code == 0
    for path in (shop.folder / "cache").rglob("*.json"):
        entry = json.loads(path.read_bytes())
        path.write_text(json.dumps({**entry, "fetched": entry["fetched"] - 120}))
    small.publish_news(shop.world)
    shop.lock_file.unlink()
    assert shop.sent("lock")[1] == {}
    before = shop.locked
    assert shop.run("lock", "--upgrade-package", "gamma").code == 0
    assert moved(pins(before), pins(shop.locked)) == {"gamma"}
