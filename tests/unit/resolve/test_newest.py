from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from comfylock.lockfile.schema import ModelPin
from comfylock.resolve.newest import Newer, Survey, survey
from comfylock.sources.interface import Missing, ModelFacts, RegistryPack
from tests.locks import COMMIT, OTHER_SHA, SHA, from_file, from_git, hub_model, release
from tests.unit.resolve.services import World
from tests.unit.resolve.services import release as published

if TYPE_CHECKING:
    from comfylock.lockfile.schema import PackPin

GAMMA = "https://github.com/carl/gamma"
SINGLE = "https://github.com/dora/single/raw/HEAD/nodes/single.py"
HUB = "https://huggingface.co/org/repo/resolve/main/ae.safetensors"
OLD, NEW, TIP = "a" * 40, "b" * 40, "c" * 40


def ask(world: World, *pins: PackPin | ModelPin) -> Survey:
    packs = [pin for pin in pins if not isinstance(pin, ModelPin)]
    models = [pin for pin in pins if isinstance(pin, ModelPin)]
    with ThreadPoolExecutor(4) as executor:
        return survey(packs, models, world.sources(), executor)


def one(world: World, pin: PackPin | ModelPin) -> Newer:
    found = ask(world, pin)
    assert found.unreachable == ()
    assert len(found.entries) == 1
    return found.entries[0]


def told(entry: Newer) -> tuple[str, str | None]:
    return entry.status, entry.newest


def facts(**fields: Any) -> ModelFacts:
    values: dict[str, Any] = {"source": "huggingface", "sha256": SHA, "size": 1}
    return ModelFacts(**{"verified": "upstream", **values, **fields})


# packs of the registry


def test_all_packs_of_the_registry_are_one_question() -> None:
    world = World()
    newer = replace(published("alpha", "1.10.0"), date="2025-04-01T00:00:00Z")
    world.packs["alpha"] = RegistryPack("alpha", "active", None, newer)
    world.add("beta", "1.2.0")
    world.add("later", "1.1.0")
    found = ask(world, release("later"), release("beta"), release("alpha"))
    assert world.asked == ["comfy-registry packs alpha beta later"]
    assert found.entries[0] == Newer(
        "pack",
        "alpha",
        "comfy-registry",
        "1.2.0",
        "outdated",
        "1.10.0",
        "2025-04-01T00:00:00Z",
    )
    assert [(e.name, e.status) for e in found.entries[1:]] == [
        ("beta", "current"),
        ("later", "current"),
    ]


@pytest.mark.parametrize(
    ("answer", "note"),
    [
        (Missing("deleted", "it was deleted"), "it was deleted"),
        (RegistryPack("alpha", "banned"), "`alpha` is banned in the Comfy Registry"),
        (RegistryPack("alpha", "active"), "it has no active version"),
    ],
)
def test_a_pack_of_which_nothing_newer_can_be_known(
    answer: RegistryPack | Missing, note: str
) -> None:
    world = World(packs={"alpha": answer})
    entry = one(world, release())
    assert (entry.status, entry.newest, entry.note) == ("unknown", None, note)


def test_a_pack_that_goes_by_another_name_today() -> None:
    renamed = RegistryPack("omega", "active", None, published("omega", "1.2.0"))
    entry = one(World(packs={"alpha": renamed}), release())
    assert entry.status == "current"
    assert entry.note == "`alpha` is called `omega` in the Comfy Registry today"


# packs from git


def git_world(**tags: str) -> World:
    return World(
        commits={GAMMA: {"HEAD": TIP}},
        tags={GAMMA: {f"v{name.strip('v').replace('_', '.')}": c for name, c in tags.items()}},
        branches={GAMMA: {"main": TIP, "dev": NEW}},
        dates={
            OLD: "2025-01-01T00:00:00Z",
            NEW: "2025-02-01T00:00:00Z",
            TIP: "2025-03-01T00:00:00Z",
        },
    )


def pinned(commit: str, **fields: Any) -> PackPin:
    dates = git_world().dates
    return from_git(commit=commit, date=dates[commit], **fields)


def test_the_newest_release_is_compared() -> None:
    world = git_world(v1_0=OLD, v1_1=NEW)
    entry = one(world, pinned(OLD, version="v1.0"))
    assert told(entry) == ("outdated", "v1.1")
    assert entry.date == "2025-02-01T00:00:00Z"
    assert world.asked == [f"git refs {GAMMA}", f"git pin {GAMMA} v1.1"]
    assert told(one(world, pinned(NEW, version="v1.1"))) == ("current", None)


def test_what_is_current_costs_one_question() -> None:
    world = git_world(v1_1=NEW)
    assert told(one(world, pinned(NEW, version="v1.1"))) == ("current", None)
    assert world.asked == [f"git refs {GAMMA}"]


def test_a_commit_after_the_newest_release_is_held_against_the_branch() -> None:
    world = git_world(v1_0=OLD)
    assert told(one(world, pinned(NEW))) == ("outdated", "cccccccccc")
    assert told(one(world, pinned(TIP))) == ("current", None)


def test_without_releases_the_default_branch_counts() -> None:
    assert told(one(git_world(), pinned(OLD))) == ("outdated", "cccccccccc")
    assert told(one(git_world(), pinned(TIP))) == ("current", None)


def test_a_branch_that_was_asked_for_counts() -> None:
    world = git_world(v9_0=TIP)
    assert told(one(world, pinned(OLD, requested="dev"))) == ("outdated", "bbbbbbbbbb")
    assert told(one(world, pinned(NEW, requested="dev"))) == ("current", None)


def test_a_release_that_was_withdrawn_makes_nothing_older_newer() -> None:
    world = git_world(v1_0=OLD)
    world.commits[GAMMA]["HEAD"] = OLD
    assert told(one(world, pinned(NEW))) == ("current", None)
    world.commits[GAMMA]["HEAD"] = "d" * 40
    world.dates["d" * 40] = "2024-01-01T00:00:00Z"
    assert told(one(world, pinned(NEW))) == ("current", None)


def test_a_pin_without_a_date_is_older_than_anything_else() -> None:
    assert told(one(git_world(v1_0=OLD), from_git(commit=NEW))) == ("outdated", "v1.0")


def test_a_repository_that_is_gone() -> None:
    entry = one(World(), pinned(OLD))
    assert (entry.status, entry.note) == ("unknown", f"{GAMMA} is not there")


def test_a_revision_that_goes_while_we_look() -> None:
    world = git_world()
    world.commits[GAMMA] = {"HEAD": ""}
    assert one(world, pinned(OLD)).note == f"{GAMMA} has no `None`"


def test_a_pack_of_one_file() -> None:
    world = World(files={SINGLE: facts(source="git", sha256=OTHER_SHA, commit=NEW)})
    assert told(one(world, from_file())) == ("outdated", "bbbbbbbbbb")
    world.files[SINGLE] = facts(source="git", commit=NEW)
    assert told(one(world, from_file())) == ("current", None)
    alone = from_file(repository=None, commit=None, path=None)
    assert one(world, alone).note == "its address tells no versions"


# models


def test_a_revision_that_moved() -> None:
    moved = facts(repository="org/repo", commit=NEW, sha256=OTHER_SHA)
    assert told(one(World(files={HUB: moved}), hub_model())) == ("outdated", "bbbbbbbbbb")


def test_a_revision_that_moved_past_the_same_bytes() -> None:
    assert told(one(World(files={HUB: facts(commit=NEW)}), hub_model())) == ("current", None)


def test_without_digests_the_commits_decide() -> None:
    bare = hub_model(sha256=None, unhashed="why")
    world = World(files={HUB: facts(sha256=None, commit=NEW)})
    assert told(one(world, bare)) == ("outdated", "bbbbbbbbbb")
    world = World(files={HUB: facts(commit=COMMIT)})
    assert told(one(world, bare)) == ("current", None)


def test_what_cannot_move_is_not_asked_for() -> None:
    world = World()
    assert one(world, hub_model(requested=None)).note == "one commit was asked for"
    assert one(world, hub_model(requested=COMMIT)).status == "current"
    assert told(one(world, ModelPin("a", "vae", "local"))) == ("unknown", None)
    assert told(one(world, ModelPin("a", "vae", "url", url="https://e.org/a"))) == ("unknown", None)
    assert world.asked == []


def test_a_file_that_is_gone() -> None:
    world = World(files={HUB: Missing("gone", "it is gone")})
    assert one(world, hub_model()).note == "it is gone"
    civitai = ModelPin("b.pt", "loras", "civitai", model_id=11, version_id=22, file_id=33)
    world = World(files={"https://civitai.com/models/11": Missing("gone", "taken down")})
    assert one(world, civitai).note == "taken down"


def test_versions_of_civitai() -> None:
    pin = ModelPin("b.pt", "loras", "civitai", model_id=11, version_id=22, file_id=33, sha256=SHA)
    newest = facts(source="civitai", model_id=11, version_id=44, file_id=55)
    world = World(files={"https://civitai.com/models/11": newest})
    entry = one(world, pin)
    assert (entry.locked, *told(entry)) == (
        "version 22, file 33",
        "outdated",
        "version 44, file 55",
    )
    assert told(one(world, replace(pin, version_id=44))) == ("current", None)
    assert one(world, replace(pin, model_id=None)).status == "current"


def test_assets_of_the_newest_release() -> None:
    repository = "https://github.com/ann/models"
    pin = ModelPin(
        "d.pt", "loras", "github-release", repository=repository, tag="v1", path="d.pt", sha256=SHA
    )
    url = f"{repository}/releases/latest/download/d.pt"
    world = World(files={url: facts(source="github-release", tag="v2", sha256=OTHER_SHA)})
    assert told(one(world, pin)) == ("outdated", "v2")
    world.files[url] = facts(source="github-release", tag="v2")
    assert told(one(world, pin)) == ("current", None)


def test_files_of_repositories() -> None:
    repository = "https://github.com/ann/models"
    pin = ModelPin("t.pth", "vae", "git", "main", repository, COMMIT, "vae/t.pth", sha256=SHA)
    url = f"{repository}/raw/main/vae/t.pth"
    world = World(files={url: facts(source="git", commit=NEW, sha256=OTHER_SHA)})
    assert told(one(world, pin)) == ("outdated", "bbbbbbbbbb")


# all together


def test_a_service_that_is_away_costs_its_own_pins_only() -> None:
    world = git_world(v1_1=NEW)
    world.add("alpha", "1.3.0")
    world.files[HUB] = facts()
    world.down = {"git"}
    found = ask(world, release(), pinned(OLD), hub_model())
    assert [(e.name, e.status) for e in found.entries] == [
        ("alpha", "outdated"),
        ("vae/ae.safetensors", "current"),
    ]
    assert [(u.service, u.subjects) for u in found.unreachable] == [("git", ("carl/gamma",))]
    world.down = {"comfy-registry"}
    found = ask(world, release(), release("beta"), pinned(OLD))
    assert found.unreachable[0].subjects == ("alpha", "beta")
    assert [e.name for e in found.entries] == ["carl/gamma"]


def test_nothing_to_ask() -> None:
    world = World()
    assert ask(world) == Survey(())
    assert world.asked == []
