"""Bad input costs that input alone: a sentence, exit code 2, and the rest is still verified."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from comfylock.lockfile.schema import PythonPin
from tests.functional.verify.conftest import found, verify
from tests.functional.verify.deviations import AE
from tests.python_environment import make

if TYPE_CHECKING:
    from tests.ended import Ended
    from tests.installation import Tree

AS_ROOT = getattr(os, "geteuid", lambda: 1)() == 0


def statuses(ended: Ended, *subjects: str) -> set[str]:
    """What became of things, some left out."""
    return {item["status"] for item in ended.data["items"] if item["name"] not in subjects}


@pytest.mark.parametrize("folder", ["nothing", "empty", "file"])
def test_a_folder_that_is_no_comfyui(tree: Tree, folder: str) -> None:
    (tree.root / "empty").mkdir()
    (tree.root / "file").write_text("x")
    path = str(tree.root / folder)
    ended = verify(tree, "--installed", path, "--json", installed=False)
    assert ended.found == {("not-comfyui", path)}
    assert ended.code == 2
    assert statuses(ended) == {"verified"}  # the workflows


def test_a_folder_beside_comfyui_names_the_right_one(tree: Tree) -> None:
    ended = verify(tree, "--installed", str(tree.root), installed=False)
    assert f"--installed {tree.comfyui}" in ended.out


@pytest.mark.skipif(AS_ROOT, reason="root may read everything")
def test_a_model_that_may_not_be_read(tree: Tree) -> None:
    tree.model(AE).chmod(0)
    ended = found(tree)
    assert ended.found == {("unreadable", AE)}
    assert ended.code == 2
    assert statuses(ended, AE) == {"verified"}


@pytest.mark.skipif(AS_ROOT, reason="root may read everything")
def test_a_pack_that_may_not_be_listed(tree: Tree) -> None:
    (tree.nodes / "alpha").chmod(0)
    ended = found(tree)
    (tree.nodes / "alpha").chmod(0o755)
    assert ended.code == 2
    assert ("unreadable", "alpha") in ended.found


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("HEAD", "nonsense"),
        ("HEAD", "ref: refs/heads/../../x"),
        ("config", "[core\n"),
        ("HEAD", ""),
    ],
)
def test_a_git_folder_that_makes_no_sense(tree: Tree, name: str, text: str) -> None:
    (tree.nodes / "gamma/.git" / name).write_text(text)
    ended = found(tree)
    assert ended.found == {("unreadable", "carl/gamma")}
    assert ended.code == 2
    assert statuses(ended, "carl/gamma") == {"verified"}


def test_a_link_to_a_git_folder_that_is_gone(tree: Tree) -> None:
    shutil.rmtree(tree.nodes / "gamma/.git")
    (tree.nodes / "gamma/.git").write_text("gitdir: /nowhere/at/all\n")
    ended = found(tree)
    assert ended.found == {("unreadable", "carl/gamma")}


def test_a_lock_of_a_newer_format(tree: Tree) -> None:
    text = (tree.project / "comfy.lock").read_text()
    (tree.project / "comfy.lock").write_text(text.replace("version = 1", "version = 9", 1))
    ended = verify(tree, installed=False)
    assert ended.code == 2
    assert "version 9" in ended.err
    inventory = tree.root / "pod.json"
    both = verify(tree, "--inventory", str(inventory), "--json")
    assert both.code == 2
    assert {kind for kind, _ in both.found} == {"lock-unreadable"}
    assert inventory.exists()


def test_no_lock_at_all(tree: Tree) -> None:
    (tree.project / "comfy.lock").unlink()
    ended = verify(tree)
    assert ended.code == 2
    assert "no lockfile" in ended.err
    assert "comfylock lock" in ended.err


def test_a_workflow_that_cannot_be_read(tree: Tree) -> None:
    text = (tree.project / "workflows/main.json").read_text()
    (tree.project / "workflows/broken.json").write_text(text[: len(text) // 2])
    ended = found(tree)
    assert ("unreadable", "workflows/broken.json") in ended.found
    assert ended.code == 2
    assert statuses(ended) == {"verified"}


def test_an_environment_that_is_none(tree: Tree) -> None:
    (tree.root / "python").write_text("")
    ended = found(tree, "--python", str(tree.root / "python"))
    assert ended.code == 2
    assert {kind for kind, _ in ended.found} == {"unreadable"}


def test_a_folder_of_models_that_is_not_there(tree: Tree) -> None:
    ended = verify(tree, "--models-dir", str(tree.root / "nowhere"))
    assert ended.code == 2
    assert "no such folder" in ended.err


def test_more_folders_of_models(tree: Tree) -> None:
    (tree.comfyui / "extra_model_paths.yaml").unlink()
    assert found(tree).code == 1
    assert found(tree, "--models-dir", str(tree.root / "volume")).code == 0


def test_more_files_of_model_paths(tree: Tree) -> None:
    moved = tree.root / "paths.yaml"
    (tree.comfyui / "extra_model_paths.yaml").rename(moved)
    assert found(tree).code == 1
    assert found(tree, "--extra-model-paths", str(moved)).code == 0
    (tree.root / "list.yaml").write_text("volume:\n  loras: [a, b]\n")
    ended = found(tree, "--extra-model-paths", str(moved), "--extra-model-paths", "nowhere.yaml")
    assert {kind for kind, _ in ended.found} == {"unreadable"}
    assert found(tree, "--extra-model-paths", str(tree.root / "list.yaml")).code == 2


def test_an_inventory_that_cannot_be_written(tree: Tree) -> None:
    (tree.root / "folder").mkdir()
    ended = verify(tree, "--inventory", str(tree.root / "folder"))
    assert ended.code == 2
    assert "[unwritten]" in ended.out
    assert "vae/ae.safetensors" in ended.out  # the rest of the report


@pytest.mark.parametrize("name", ["comfylock.toml", "pylock.comfy.toml", "extra_model_paths.yaml"])
@pytest.mark.parametrize("kind", ["folder", "pipe", "nonsense"])
def test_a_file_of_settings_that_cannot_be_read(tree: Tree, name: str, kind: str) -> None:
    if name == "pylock.comfy.toml":
        pin = PythonPin("linux-x86_64-py3.12-cpu", name, "0" * 64, "0" * 64, 2)
        tree.write(replace(tree.read(), python=(pin,)))
    path = (tree.comfyui if name.endswith("yaml") else tree.project) / name
    path.unlink(missing_ok=True)
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        if not hasattr(os, "mkfifo"):
            pytest.skip("no pipes here")
        os.mkfifo(path)
    else:
        path.write_bytes(b"[[[\xff")
    ended = found(tree)
    assert ended.code == (4 if (kind, name) == ("nonsense", "pylock.comfy.toml") else 2)
    assert "unreadable" in {kind for kind, _ in ended.found}
    (alpha,) = (item for item in ended.data["items"] if item["name"] == "alpha")
    assert alpha["status"] == "verified"


def test_a_group_or_a_target_that_the_lock_does_not_have(tree: Tree) -> None:
    for option, told in (("--group", "no group `vide`"), ("--target", "no target `vide`")):
        ended = verify(tree, option, "vide")
        assert ended.code == 2
        assert told in ended.err


def test_groups_that_must_be_there(tree: Tree) -> None:
    settings = tree.project / "comfylock.toml"
    settings.write_text(settings.read_text() + '[groups]\nvideo = ["workflows/*"]\n')
    lock = tree.read()
    tree.write(
        replace(
            lock,
            workflows=tuple(replace(each, groups=("video",)) for each in lock.workflows),
            packs=tuple(replace(each, groups=("video",)) for each in lock.packs),
            models=tuple(replace(each, groups=("video",)) for each in lock.models),
        )
    )
    shutil.rmtree(tree.nodes / "alpha")
    assert found(tree).found == {("group-absent", "alpha")}
    assert found(tree, "--group", "video").found == {("pack-missing", "alpha")}
    assert found(tree, "--group", "all").found == {("pack-missing", "alpha")}


def test_no_pack_model_or_environment_is_ever_run(tree: Tree) -> None:
    """Every file that could run leaves a mark if it does."""
    mark = tree.root / "mark"
    line = f"open({str(mark)!r}, 'w')\n"
    for name in ("__init__.py", "install.py", "prestartup_script.py"):
        (tree.nodes / "alpha" / name).write_text(line)
    python = make(tree.root / "environment")
    python.write_text(f"#!/bin/sh\ntouch {mark}\n")
    site = tree.root / "environment/lib/python3.12/site-packages"
    (site / "sitecustomize.py").write_text(line)
    verify(tree, "--python", str(python), "--inventory", str(tree.root / "pod.json"))
    assert not mark.exists()


def test_nothing_to_compare_is_no_success(tree: Tree) -> None:
    shutil.rmtree(tree.project / "workflows")
    ended = verify(tree, installed=False)
    assert ended.code == 2
    assert ended.err == (
        "error: none of the locked workflows is here, so nothing was compared\n\n"
        "hint: comfylock verify --installed COMFYUI_DIR\n"
    )
    assert verify(tree).code == 0
