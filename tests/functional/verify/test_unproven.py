"""What cannot be proven is said to be so, and never guessed."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tests.functional.verify.conftest import found, verify
from tests.functional.verify.deviations import DEVIATIONS, write
from tests.installation import GAMMA_FILES
from tests.services.git_repository import Repository

if TYPE_CHECKING:
    from typing import Any

    from tests.ended import Ended
    from tests.installation import Tree


def alpha(tree: Tree) -> dict[str, Any]:
    """What is said of the registry's pack."""
    items = found(tree).data["items"]
    item: dict[str, Any] = next(item for item in items if item["name"] == "alpha")
    return item


def test_an_archive_that_nobody_knows(tree: Tree) -> None:
    assert alpha(tree)["proof"] == "version and every file"
    shutil.rmtree(tree.cache)
    ended = found(tree)
    assert ended.found == {("pack-unproven", "alpha")}
    assert ended.code == 0
    assert (alpha(tree)["status"], alpha(tree)["proof"]) == (
        "unproven",
        "version and list of files",
    )


def test_the_last_line_counts_what_is_unproven(tree: Tree) -> None:
    shutil.rmtree(tree.cache)
    assert " verified, 1 unproven; 1 note\n" in verify(tree).out


def test_the_installers_list_still_finds_what_came_and_went(tree: Tree) -> None:
    shutil.rmtree(tree.cache)
    DEVIATIONS["a registry pack with one file removed"].change(tree)
    DEVIATIONS["a registry pack with one script added"].change(tree)
    assert found(tree).found == {
        ("pack-unproven", "alpha"),
        ("pack-file-missing", "alpha"),
        ("pack-code-added", "alpha"),
    }


def test_a_changed_file_is_not_guessed_without_its_digest(tree: Tree) -> None:
    shutil.rmtree(tree.cache)
    DEVIATIONS["a registry pack with one file changed"].change(tree)
    assert found(tree).found == {("pack-unproven", "alpha")}
    assert alpha(tree)["status"] == "unproven"


def test_another_archive_in_the_cache_proves_nothing(tree: Tree) -> None:
    lock = tree.read()
    packs = (replace(lock.packs[0], sha256="0" * 64), *lock.packs[1:])
    tree.write(replace(lock, packs=packs))
    assert found(tree).found == {("pack-unproven", "alpha")}


def test_a_copy_without_a_list_or_a_version(tree: Tree) -> None:
    shutil.rmtree(tree.cache)
    (tree.nodes / "alpha/.tracking").unlink()
    assert alpha(tree)["proof"] == "version"
    (tree.nodes / "alpha/pyproject.toml").unlink()
    assert found(tree).found == {("pack-version", "alpha")}


def test_a_list_that_climbs_is_reported_and_not_followed(tree: Tree) -> None:
    shutil.rmtree(tree.cache)
    path = tree.nodes / "alpha/.tracking"
    path.write_text(path.read_text() + "\n../gamma/gamma.py\n/etc/passwd\nC:\\x\n")
    assert ("pack-list", "alpha") in found(tree).found


def test_a_proven_copy_without_a_list(tree: Tree) -> None:
    (tree.nodes / "alpha/.tracking").unlink()
    assert found(tree).data["findings"] == []


def test_a_pack_of_git_without_git_is_proven_by_its_tree(tree: Tree) -> None:
    shutil.rmtree(tree.nodes / "gamma")
    repository = Repository(str(tree.root / "remotes/carl/gamma"))
    commit = repository.commit(GAMMA_FILES)
    lock = tree.read()
    own = repository.tree(GAMMA_FILES)
    gamma = replace(lock.packs[1], commit=commit, tree=own, submodules=())
    tree.write(replace(lock, packs=(lock.packs[0], gamma, lock.packs[2])))
    for name in ("__init__.py", "gamma.py", ".gitignore"):
        write(tree.nodes / "gamma" / name, str(GAMMA_FILES[name]))
    ended = found(tree)
    assert ended.data["findings"] == []
    assert _gamma(ended) == ("verified", "every file of the commit's tree")


def test_submodules_without_git_are_not_proven_by_the_tree_above_them(tree: Tree) -> None:
    shutil.rmtree(tree.nodes / "gamma/.git")
    (tree.nodes / "gamma/deps/inner/.git").unlink()
    (tree.nodes / "gamma/deps/inner/inner.py").write_text("A = 'another'\n")
    ended = found(tree)
    assert ended.found == {("pack-unproven", "carl/gamma")}
    assert _gamma(ended) == ("unproven", "every file but those of submodules")
    shutil.rmtree(tree.nodes / "gamma/deps/inner")
    assert found(tree).found == {("pack-submodule-missing", "carl/gamma")}


def _gamma(ended: Ended) -> tuple[str, str]:
    item = next(each for each in ended.data["items"] if each["name"] == "carl/gamma")
    return item["status"], item["proof"]


def test_comfyui_under_its_other_name_is_no_deviation(tree: Tree) -> None:
    tree.git(tree.comfyui, "remote", "set-url", "origin", "https://github.com/Comfy-Org/ComfyUI")
    assert found(tree).data["findings"] == []


def test_a_pack_under_one_of_its_names_is_no_deviation(tree: Tree) -> None:
    lock = tree.read()
    gamma = replace(lock.packs[1], aliases=("carla/gamma",))
    tree.write(replace(lock, packs=(lock.packs[0], gamma, lock.packs[2])))
    tree.git(tree.nodes / "gamma", "remote", "set-url", "origin", "git@github.com:Carla/Gamma.git")
    assert found(tree).data["findings"] == []


def test_links_that_lead_nowhere_are_no_packs(tree: Tree) -> None:
    (tree.nodes / "gone").symlink_to("/nowhere/at/all")
    assert found(tree).data["findings"] == []
