"""`verify --upstream`: each pin of a lock spoiled in turn at its service, and always caught."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from comfylock.lockfile.read import read_lock
from comfylock.lockfile.schema import PythonPin
from comfylock.lockfile.write import write_lock
from comfylock.ops.services import Effort
from comfylock.ops.verify_services import upstream_checked
from tests.dependency_report import falsely_verified
from tests.installation import COMFYUI_FILES, digest, install
from tests.services.git_repository import Repository
from tests.services.hub import Stored
from tests.services.node_archive import node_zip, pack_files
from tests.services.web import Fault, Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.scenarios.place import Place
    from tests.services.world import World

ALPHA, GAMMA, BETA, SINGLE, CORE = "alpha", "gamma", "owner/beta", "tiny", "comfyui"
HUB, CIVITAI = "checkpoints/weights.safetensors", "checkpoints/civitai.safetensors"
ASSET, PLAIN = "checkpoints/asset.pth", "checkpoints/plain.safetensors"
OTHER = node_zip({"__init__.py": b"import evil\n"})

SPOILS: dict[str, tuple[Callable[[World], None], set[tuple[str, str]], int]] = {}


def spoil(
    *found: tuple[str, str], code: int = 1
) -> Callable[[Callable[[World], None]], Callable[[World], None]]:
    def note(change: Callable[[World], None]) -> Callable[[World], None]:
        SPOILS[change.__name__.replace("_", " ")] = (change, set(found), code)
        return change

    return note


def beta(world: World) -> Repository:
    """The repository of the pack from git, as it is."""
    found = Repository.__new__(Repository)
    found.path = os.path.join(world.git.root, "github.com/owner/beta.git")
    found._algorithm, found._count = "sha1", 5
    return found


# the Comfy Registry


@spoil(("upstream-digest", ALPHA), code=4)
def other_bytes_in_an_archive(world: World) -> None:
    world.registry.packs[ALPHA].versions["1.0.0"].archive = OTHER


@spoil(("upstream-gone", ALPHA))
def an_archive_that_is_none_any_more(world: World) -> None:
    world.registry.packs[ALPHA].versions["1.0.0"].archive = b"<html>gone</html>"


@spoil(("upstream-gone", ALPHA))
def an_archive_gone(world: World) -> None:
    path = f"/{ALPHA}-people/{ALPHA}/1.0.0/node.zip"
    world.registry.faults[path] = Fault(Reply(404))


@spoil(("upstream-gone", ALPHA), ("upstream-address", ALPHA))
def an_archive_that_is_said_to_be_elsewhere(world: World) -> None:
    world.registry.packs[ALPHA].versions["1.0.0"].url = "https://elsewhere.example.com/node.zip"
    world.registry.faults[f"/{ALPHA}-people/{ALPHA}/1.0.0/node.zip"] = Fault(Reply(404))


@spoil(("upstream-gone", ALPHA))
def a_version_gone(world: World) -> None:
    del world.registry.packs[ALPHA].versions["1.0.0"]


@spoil(("upstream-banned", ALPHA))
def a_version_banned(world: World) -> None:
    world.registry.packs[ALPHA].versions["1.0.0"].status = "Banned"


@spoil(("upstream-banned", ALPHA))
def a_version_deleted(world: World) -> None:
    world.registry.packs[ALPHA].versions["1.0.0"].status = "Deleted"


@spoil(("upstream-flagged", ALPHA))
def a_version_flagged(world: World) -> None:
    world.registry.packs[ALPHA].versions["1.0.0"].status = "Flagged"


@spoil(("upstream-status", ALPHA), code=0)
def a_version_pending_again(world: World) -> None:
    world.registry.packs[ALPHA].versions["1.0.0"].status = "Pending"


@spoil(("upstream-deprecated", ALPHA), code=0)
def a_version_deprecated(world: World) -> None:
    world.registry.packs[ALPHA].versions["1.0.0"].deprecated = True


@spoil(("upstream-banned", ALPHA))
def a_pack_banned(world: World) -> None:
    world.registry.packs[ALPHA].status = "Banned"


@spoil(("upstream-banned", ALPHA))
def a_pack_deleted(world: World) -> None:
    world.registry.packs[ALPHA].status = "Deleted"


@spoil(("upstream-gone", ALPHA))
def a_pack_gone(world: World) -> None:
    del world.registry.packs[ALPHA]


@spoil(("upstream-moved", GAMMA), code=0)
def a_pack_under_another_id(world: World) -> None:
    pack = world.registry.packs[GAMMA]
    pack.is_listed = False
    world.registry.add("delta")
    world.registry.packs["delta"].versions = pack.versions
    world.registry.renamed[GAMMA] = "delta"


@spoil(("upstream-digest", GAMMA), code=4)
def the_other_archive(world: World) -> None:
    world.registry.packs[GAMMA].versions["2.0.0"].archive = OTHER


# git


@spoil(("upstream-gone", BETA))
def a_repository_gone(world: World) -> None:
    shutil.rmtree(os.path.join(world.git.root, "github.com/owner/beta.git"))


@spoil(("upstream-gone", BETA))
def a_repository_made_private(world: World) -> None:
    world.git.hide("github.com/owner/beta")


@spoil(("upstream-moved", BETA), code=0)
def a_repository_moved(world: World) -> None:
    folder = os.path.join(world.git.root, "github.com/owner")
    os.rename(os.path.join(folder, "beta.git"), os.path.join(folder, "better.git"))
    world.git.renamed["github.com/owner/beta"] = "github.com/owner/better"


@spoil(("upstream-gone", BETA))
def a_commit_gone(world: World) -> None:
    repository = beta(world)
    old = repository.read("refs/heads/main") or ""
    repository.drop("refs/tags/v1.0.0")
    repository.commit({"new.py": "A = 1\n"}, parents=())
    os.unlink(os.path.join(repository.path, "objects", old[:2], old[2:]))


@spoil(("upstream-history", BETA), code=0)
def history_rewritten(world: World) -> None:
    repository = beta(world)
    repository.drop("refs/tags/v1.0.0")
    repository.commit({"new.py": "A = 1\n"}, parents=())


@spoil(("upstream-tag", BETA), code=0)
def a_tag_moved(world: World) -> None:
    repository = beta(world)
    repository.tag("v1.0.0", repository.commit({"new.py": "A = 1\n"}))


@spoil(("upstream-gone", CORE))
def comfyui_gone(world: World) -> None:
    shutil.rmtree(os.path.join(world.git.root, "github.com/comfyanonymous/ComfyUI.git"))


# Hugging Face


def stored(world: World) -> dict[str, Stored]:
    found = world.hub.repositories["owner/weights"]
    return found.commits[found.refs["main"]]


@spoil(("upstream-digest", HUB), code=4)
def other_bytes_on_the_hub(world: World) -> None:
    stored(world)["weights.safetensors"] = Stored(b"stranger " * 9, is_large=True)


@spoil(("upstream-gone", HUB))
def a_file_of_the_hub_gone(world: World) -> None:
    del stored(world)["weights.safetensors"]


@spoil(("upstream-gone", HUB))
def a_commit_of_the_hub_gone(world: World) -> None:
    world.hub.repositories["owner/weights"].commits.clear()
    world.hub.repositories["owner/weights"].refs.clear()
    world.hub.add("owner/weights", {"weights.safetensors": b"all new"}, card={"license": "mit"})


@spoil(("upstream-gone", HUB))
def a_repository_of_the_hub_gone(world: World) -> None:
    del world.hub.repositories["owner/weights"]


@spoil(("upstream-gone", HUB))
def a_repository_of_the_hub_made_private(world: World) -> None:
    world.hub.repositories["owner/weights"].private = True


@spoil(("upstream-gated", HUB))
def a_repository_of_the_hub_gated(world: World) -> None:
    world.hub.repositories["owner/weights"].gated = "manual"


@spoil(("upstream-licence", HUB), code=0)
def another_licence(world: World) -> None:
    world.hub.repositories["owner/weights"].card = {"license": "other"}


@spoil(("upstream-moved", HUB), code=0)
def a_repository_of_the_hub_renamed(world: World) -> None:
    repository = world.hub.repositories.pop("owner/weights")
    repository.name = "owner/heavier"
    world.hub.repositories["owner/heavier"] = repository
    world.hub.renamed["owner/weights"] = "owner/heavier"


# CivitAI


@spoil(("upstream-digest", CIVITAI), code=4)
def other_bytes_on_civitai(world: World) -> None:
    world.civitai.versions[5].files[0].content = b"ivitaic"


@spoil(("upstream-gone", CIVITAI))
def a_version_of_civitai_gone(world: World) -> None:
    del world.civitai.versions[5]


@spoil(("upstream-gone", CIVITAI))
def a_file_of_civitai_gone(world: World) -> None:
    world.civitai.versions[5].files[0].id = 51


@spoil(("upstream-refused", CIVITAI))
def a_version_of_civitai_hidden(world: World) -> None:
    world.civitai.hidden.add(5)


# releases


@spoil(("upstream-digest", ASSET), code=4)
def an_asset_replaced(world: World) -> None:
    world.github.add("owner/release", "v1", asset__pth=b"other")


@spoil(("upstream-gone", ASSET))
def an_asset_gone(world: World) -> None:
    world.github.add("owner/release", "v1", another__pth=b"asset")


@spoil(("upstream-gone", ASSET))
def a_release_gone(world: World) -> None:
    world.github.releases.clear()


# other addresses


@spoil(("upstream-digest", PLAIN), code=4)
def other_bytes_at_an_address(world: World) -> None:
    world.files.add("/plain.safetensors", b"other " * 9)


@spoil(("upstream-gone", PLAIN))
def an_address_that_leads_nowhere(world: World) -> None:
    del world.files.files["/plain.safetensors"]


@spoil(("upstream-refused", PLAIN))
def an_address_that_asks_for_a_login(world: World) -> None:
    world.files.files["/plain.safetensors"].status = 401


@spoil(("upstream-gone", PLAIN))
def a_page_in_the_place_of_a_file(world: World) -> None:
    page = b"<!doctype html><title>x</title>"
    world.files.add("/plain.safetensors", page, content_type="text/html")


@spoil(("upstream-gone", SINGLE))
def the_repository_of_a_single_file_gone(world: World) -> None:
    shutil.rmtree(os.path.join(world.git.root, "github.com/owner/scripts.git"))


def locked(shop: Place) -> Place:
    """The shop with a pack that is one file, locked."""
    scripts = shop.world.git.repository("github.com/owner/scripts")
    scripts.commit({"tiny.py": "NODE_CLASS_MAPPINGS = {'Tiny': 1}\n"})
    url = "https://raw.githubusercontent.com/owner/scripts/main/tiny.py"
    shop.write("comfylock.toml", f'[packs]\ntiny = {{ url = "{url}", always = true }}\n')
    ended = shop.run("lock")
    assert ended.code == 0, ended.err
    return shop


def found(shop: Place) -> tuple[set[tuple[str, str]], int]:
    ended = shop.run("verify", "--upstream", "--json")
    assert ended.out, ended.err
    assert falsely_verified(ended.data) == []
    return {(each["kind"], each["subject"]) for each in ended.data["findings"]}, ended.code


def test_nothing_is_said_while_everything_is_there(shop: Place) -> None:
    locked(shop)
    ended = shop.run("verify", "--upstream", "--strict", "--json")
    assert ended.code == 0, ended.out
    assert ended.data["findings"] == []
    items = {item["name"]: item for item in ended.data["items"] if item["about"] != "workflow"}
    assert {item["status"] for item in items.values()} == {"verified"}
    assert items[ALPHA]["available"] == ["1.1.0", "1.0.0"]
    assert items[BETA]["available"] == ["v1.0.0"]
    assert len(items) == 9
    assert shop.run("verify", "--upstream").code == 0


@pytest.mark.parametrize("name", SPOILS)
def test_each_pin_that_is_spoiled_is_caught(shop: Place, name: str) -> None:
    change, expected, code = SPOILS[name]
    locked(shop)
    change(shop.world)
    assert found(shop) == (expected, code)


def test_every_pin_is_spoiled_in_some_way() -> None:
    subjects = {subject for _, expected, _ in SPOILS.values() for _, subject in expected}
    assert subjects == {ALPHA, GAMMA, BETA, SINGLE, CORE, HUB, CIVITAI, ASSET, PLAIN}


def test_a_second_look_reads_nothing_again_that_its_host_vouches_for(shop: Place) -> None:
    locked(shop)
    shop.run("verify", "--upstream")
    shop.world.forget()
    shop.run("verify", "--upstream")
    assert "GET /plain.safetensors" not in shop.world.files.paths()


def test_the_lock_and_the_project_stay_as_they_are(shop: Place) -> None:
    locked(shop)
    before = shop.files()
    shop.world.registry.packs[ALPHA].versions["1.0.0"].archive = OTHER
    found(shop)
    assert shop.files() == before


def test_a_service_that_is_away_is_named_and_the_rest_still_verified(
    shop: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked(shop)
    shop.world.hub.faults["/"] = Fault(Reply(503))
    for name, value in shop.variables().items():
        monkeypatch.setenv(name, value)
    lock = read_lock(shop.lock or b"")
    effort = Effort(attempts=1, pause=0, seconds=1)
    checked, away = upstream_checked(str(shop.project), lock, os.environ, None, effort)
    assert [subjects for _, subjects in away] == [(HUB,)]
    assert checked.findings == ()
    statuses = {item.name: item.status for item in checked.items}
    assert statuses.pop(HUB) == "unknown"
    assert statuses.keys() >= {ALPHA, BETA, CIVITAI, ASSET, PLAIN, CORE}
    assert set(statuses.values()) == {"verified"}


def test_a_registry_that_is_away_leaves_its_packs_unknown(
    shop: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked(shop)
    shop.world.registry.faults["/"] = Fault(Reply(503))
    for name, value in shop.variables().items():
        monkeypatch.setenv(name, value)
    effort = Effort(attempts=1, pause=0, seconds=1)
    checked, away = upstream_checked(str(shop.project), shop.locked, os.environ, None, effort)
    assert [subjects for _, subjects in away] == [(ALPHA, GAMMA)]
    unknown = {item.name for item in checked.items if item.status == "unknown"}
    assert unknown == {ALPHA, GAMMA}


def test_mirrors_are_asked_too(shop: Place) -> None:
    locked(shop)
    content = stored(shop.world)["weights.safetensors"].content
    shop.world.files.add("/mirror.safetensors", content)
    mirrors = (f"{shop.world.files.url}/mirror.safetensors",)
    models = (replace(m, mirrors=mirrors) if m.key == HUB else m for m in shop.locked.models)
    shop.lock_file.write_bytes(write_lock(replace(shop.locked, models=tuple(models))))
    assert found(shop) == (set(), 0)
    shop.world.files.add("/mirror.safetensors", b"stranger")
    assert found(shop) == ({("upstream-mirror", HUB)}, 0)
    del shop.world.files.files["/mirror.safetensors"]
    assert found(shop) == ({("upstream-mirror", HUB)}, 0)


def test_what_nobody_vouches_for_is_not_verified(shop: Place) -> None:
    locked(shop)
    pins = (replace(m, gated="login") if m.key == CIVITAI else m for m in shop.locked.models)
    shop.lock_file.write_bytes(write_lock(replace(shop.locked, models=tuple(pins))))
    shop.world.civitai.versions[5].files[0].is_scanned = False
    shop.world.civitai.versions[5].wants_login = True
    ended = shop.run("verify", "--upstream", "--json")
    assert {(f["kind"], f["subject"]) for f in ended.data["findings"]} == {
        ("upstream-unproven", CIVITAI)
    }
    assert ended.code == 0
    (item,) = (item for item in ended.data["items"] if item["name"] == CIVITAI)
    assert item["status"] == "unproven"


def test_python_packages_are_asked_for_too(shop: Place) -> None:
    locked(shop)
    there = shop.world.files.add("/numpy-2.1.0-py3-none-any.whl", b"wheel")
    gone = f"{shop.world.files.url}/torch-2.8.0-py3-none-any.whl"
    tables = [
        f'[[packages]]\nname = "{name}"\nversion = "{version}"\nwheels = [\n'
        f'    {{ url = "{url}", size = 5, hashes = {{ sha256 = "{"ab" * 32}" }} }},\n]\n'
        for name, version, url in (("numpy", "2.1.0", there), ("torch", "2.8.0", gone))
    ]
    data = ('lock-version = "1.0"\n' + "\n".join(tables)).encode()
    shop.write("pylock.comfy.toml", data)
    pin = PythonPin("linux-x86_64-py3.12-cpu", "pylock.comfy.toml", digest(data), "0" * 64, 2)
    shop.lock_file.write_bytes(write_lock(replace(shop.locked, python=(pin,))))
    kinds = {pair for pair in found(shop)[0] if pair[0].startswith("upstream")}
    assert kinds == {("upstream-gone", "torch")}
    shop.world.files.add("/torch-2.8.0-py3-none-any.whl", b"longer wheel")
    kinds = {pair for pair in found(shop)[0] if pair[0].startswith("upstream")}
    assert kinds == {("upstream-digest", "torch")}


def test_offline_excludes_it(shop: Place) -> None:
    ended = shop.run("verify", "--upstream", "--offline")
    assert ended.code == 2
    assert "--offline forbids it" in ended.err


def test_what_upstream_learns_proves_what_is_installed(shop: Place) -> None:
    """A registry pack's bytes are compared once its archive was fetched and matched its pin."""
    locked(shop)
    folder = shop.folder / "ComfyUI"
    for name, text in COMFYUI_FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(str(text))
    files = pack_files(("AlphaNode",))
    project = b'[project]\nname = "alpha"\nversion = "1.0.0"\n[tool.comfy]\n'
    install({**files, "pyproject.toml": project}, folder / "custom_nodes/alpha")
    shutil.rmtree(shop.folder / "cache")
    words = ("verify", "--installed", str(folder), "--json")
    before = {(f["kind"], f["subject"]) for f in shop.run(*words).data["findings"]}
    assert ("pack-unproven", ALPHA) in before
    after = {(f["kind"], f["place"]) for f in shop.run(*words, "--upstream").data["findings"]}
    assert ("pack-code-added", "custom_nodes/alpha/pyproject.toml") not in after
    assert ("pack-file-added", "custom_nodes/alpha/pyproject.toml") in after
