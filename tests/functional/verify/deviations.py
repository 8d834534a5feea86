"""Ways in which an installation can differ from its lock, each with what must be found."""

from __future__ import annotations

import os
import shutil
import subprocess
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from tests.installation import ALPHA, MODELS, Tree, install

if TYPE_CHECKING:
    from pathlib import Path


BASE, AE = "checkpoints/base.safetensors", "vae/ae.safetensors"
DETAIL, OTHER = "loras/sub/detail.safetensors", "loras/sub/other.safetensors"
CLIP = "text_encoders/clip_l.safetensors"
GAMMA, ALPHA_NAME, SINGLE_NAME, CORE = "carl/gamma", "alpha", "dora/single", "comfyui"


class Deviation(Struct, frozen=True):
    """One way to differ."""

    change: Callable[[Tree], None]
    found: set[tuple[str, str]]
    """Kind and subject of every finding, no more and no less."""
    code: int
    is_mended: bool = True
    """The commands that are named can be run here, and the tree is as locked afterwards."""


DEVIATIONS: dict[str, Deviation] = {}


def deviation(
    *found: tuple[str, str], code: int = 1, mended: bool = False
) -> Callable[[Callable[[Tree], None]], Callable[[Tree], None]]:
    """Note a deviation under its function's name."""

    def note(change: Callable[[Tree], None]) -> Callable[[Tree], None]:
        name = change.__name__.replace("_", " ")
        assert name not in DEVIATIONS
        DEVIATIONS[name] = Deviation(change, set(found), code, mended)
        return change

    return note


# models


@deviation(("model-digest", AE), code=4)
def a_byte_flipped_in_a_model(tree: Tree) -> None:
    flip(tree.model(AE))


@deviation(("model-digest", AE), code=4)
def a_byte_flipped_and_the_time_set_back(tree: Tree) -> None:
    path = tree.model(AE)
    status = path.stat()
    flip(path)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@deviation(("model-truncated", BASE), code=4)
def a_model_cut_short(tree: Tree) -> None:
    path = tree.model(BASE)
    path.write_bytes(path.read_bytes()[:-1])


@deviation(("model-truncated", BASE), code=4)
def an_empty_model(tree: Tree) -> None:
    tree.model(BASE).write_bytes(b"")


@deviation(("model-size", BASE), code=4)
def a_model_with_a_byte_more(tree: Tree) -> None:
    path = tree.model(BASE)
    path.write_bytes(path.read_bytes() + b"\0")


@deviation(("model-swapped", DETAIL), ("model-swapped", OTHER), code=4)
def two_models_of_one_size_swapped(tree: Tree) -> None:
    one, two = tree.model(DETAIL), tree.model(OTHER)
    data = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(data)


@deviation(("model-missing", AE))
def a_model_gone(tree: Tree) -> None:
    tree.model(AE).unlink()


@deviation(("model-link", AE), code=0)
def a_model_behind_a_symlink(tree: Tree) -> None:
    path = tree.model(AE)
    path.rename(tree.root / "elsewhere.bin")
    path.symlink_to(tree.root / "elsewhere.bin")


@deviation(("model-link", AE), ("model-digest", AE), code=4)
def a_symlink_to_other_bytes(tree: Tree) -> None:
    path = tree.model(AE)
    (tree.root / "elsewhere.bin").write_bytes(path.read_bytes()[::-1])
    path.unlink()
    path.symlink_to(tree.root / "elsewhere.bin")


@deviation(("model-dangling", AE))
def a_symlink_that_leads_nowhere(tree: Tree) -> None:
    path = tree.model(AE)
    path.unlink()
    path.symlink_to("nowhere.bin")


@deviation(("model-dangling", AE))
def a_symlink_to_itself(tree: Tree) -> None:
    path = tree.model(AE)
    path.unlink()
    path.symlink_to(path.name)


@deviation(("model-case", AE), ("model-extra", "vae/AE.safetensors"), mended=True)
def a_name_in_other_letters(tree: Tree) -> None:
    path = tree.model(AE)
    path.rename(path.with_name("AE.safetensors"))


@deviation(("model-misplaced", AE), ("model-extra", "checkpoints/ae.safetensors"), mended=True)
def a_model_in_another_folder(tree: Tree) -> None:
    tree.model(AE).rename(tree.model("checkpoints/ae.safetensors"))


@deviation(("model-misplaced", DETAIL), ("model-extra", "loras/detail.safetensors"), mended=True)
def a_model_without_its_subfolder(tree: Tree) -> None:
    tree.model(DETAIL).rename(tree.model("loras/detail.safetensors"))


@deviation(("model-partial", AE))
def an_unfinished_download(tree: Tree) -> None:
    path = tree.model(AE)
    path.rename(path.with_name("ae.safetensors.part"))


@deviation(("model-not-a-file", AE))
def a_folder_in_the_place_of_a_model(tree: Tree) -> None:
    tree.model(AE).unlink()
    tree.model(AE).mkdir()


@deviation(("model-not-a-file", AE))
def a_pipe_in_the_place_of_a_model(tree: Tree) -> None:
    tree.model(AE).unlink()
    os.mkfifo(tree.model(AE))


@deviation(("model-stand-in", AE), code=4)
def a_web_page_in_the_place_of_a_model(tree: Tree) -> None:
    tree.model(AE).write_bytes(b"<!doctype html><html><title>Log in</title></html>")


@deviation(("model-stand-in", AE), code=4)
def a_pointer_of_git_lfs_in_the_place_of_a_model(tree: Tree) -> None:
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 200\n"
    tree.model(AE).write_text(text)


@deviation(("model-shadowed", CLIP), ("model-digest", CLIP), code=4)
def another_file_found_before_the_locked_one(tree: Tree) -> None:
    first = tree.comfyui / "models/text_encoders/clip_l.safetensors"
    first.parent.mkdir(parents=True)
    first.write_bytes(MODELS["text_encoders", "clip_l.safetensors"][::-1])


@deviation(("model-extra", "loras/more.safetensors"), code=0)
def a_model_that_is_not_locked(tree: Tree) -> None:
    tree.model("loras/more.safetensors").write_bytes(b"more")


@deviation(("model-extra", "ultralytics/face.pt"), code=0)
def a_model_in_a_folder_that_only_packs_know(tree: Tree) -> None:
    path = tree.comfyui / "models/ultralytics/face.pt"
    path.parent.mkdir()
    path.write_bytes(b"face")


@deviation(("model-missing", DETAIL), ("model-missing", OTHER))
def a_volume_that_is_not_mounted(tree: Tree) -> None:
    shutil.rmtree(tree.root / "volume")


@deviation(("model-missing", DETAIL), ("model-missing", OTHER))
def the_file_of_model_paths_gone(tree: Tree) -> None:
    (tree.comfyui / "extra_model_paths.yaml").unlink()


@deviation(
    ("model-missing", DETAIL),
    ("model-missing", OTHER),
    ("unreadable", "extra_model_paths.yaml"),
    code=2,
)
def a_file_of_model_paths_that_is_no_yaml(tree: Tree) -> None:
    (tree.comfyui / "extra_model_paths.yaml").write_text("volume: [")


@deviation(("model-unhashed", AE), code=0)
def a_model_without_a_locked_digest(tree: Tree) -> None:
    relock_model(tree, AE, sha256=None, size=None, verified=None, unhashed="nobody could say")


@deviation(("group-absent", AE), code=0)
def a_model_of_a_group_that_is_not_installed(tree: Tree) -> None:
    tree.model(AE).unlink()
    regroup(tree, "video")


# packs from git


@deviation(("pack-commit", GAMMA), mended=True)
def a_pack_at_another_commit(tree: Tree) -> None:
    commit_in(tree, tree.nodes / "gamma", "later.py")


@deviation(("pack-edited", GAMMA), code=4, mended=True)
def a_pack_with_a_local_edit(tree: Tree) -> None:
    append(tree.nodes / "gamma/gamma.py")


@deviation(("pack-edited", GAMMA), code=4, mended=True)
def a_local_edit_of_the_same_size_and_time(tree: Tree) -> None:
    path = tree.nodes / "gamma/gamma.py"
    status = path.stat()
    flip(path)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@deviation(("pack-edited", GAMMA), code=4)
def an_edit_that_git_was_told_to_overlook(tree: Tree) -> None:
    tree.git(tree.nodes / "gamma", "update-index", "--assume-unchanged", "gamma.py")
    append(tree.nodes / "gamma/gamma.py")


@deviation(("pack-edited", GAMMA), code=4, mended=True)
def a_file_of_a_pack_made_executable(tree: Tree) -> None:
    (tree.nodes / "gamma/gamma.py").chmod(0o755)


@deviation(("pack-edited", GAMMA), code=4, mended=True)
def a_file_of_a_pack_made_a_symlink(tree: Tree) -> None:
    path = tree.nodes / "gamma/gamma.py"
    path.unlink()
    path.symlink_to("/dev/null")


@deviation(("pack-edited", GAMMA), ("pack-staged", GAMMA), code=4, mended=True)
def an_edit_that_is_staged(tree: Tree) -> None:
    append(tree.nodes / "gamma/gamma.py")
    tree.git(tree.nodes / "gamma", "add", "gamma.py")


@deviation(("pack-staged", GAMMA), code=0, mended=True)
def a_file_taken_out_of_the_index_alone(tree: Tree) -> None:
    tree.git(tree.nodes / "gamma", "rm", "-q", "--cached", "gamma.py")


@deviation(("pack-file-missing", GAMMA), mended=True)
def a_file_of_a_checkout_gone(tree: Tree) -> None:
    (tree.nodes / "gamma/gamma.py").unlink()


@deviation(("pack-untracked", GAMMA), mended=True)
def an_untracked_file(tree: Tree) -> None:
    (tree.nodes / "gamma/more.py").write_text("A = 1\n")


@deviation(("pack-code-added", GAMMA), mended=True)
def code_that_the_checkout_itself_excludes(tree: Tree) -> None:
    write(tree.nodes / "gamma/.git/info/exclude", "*.local\n*.py\n.gitattributes\n")
    write(tree.nodes / "gamma/my.local", "data\n")
    write(tree.nodes / "gamma/more.py", "A = 1\n")


@deviation(("pack-code-added", GAMMA), mended=True)
def attributes_that_the_checkout_itself_excludes(tree: Tree) -> None:
    """They would let git take other bytes for those of the commit."""
    folder = tree.nodes / "gamma"
    write(folder / ".git/info/exclude", ".gitattributes\n")
    write(folder / ".gitattributes", "*.py working-tree-encoding=UTF-7\n")
    write(folder / "gamma.py", "class Gamma: pass+AAo-")


@deviation(("pack-code-added", GAMMA), mended=True)
def a_folder_that_ignores_itself_and_goes_before_a_file(tree: Tree) -> None:
    write(tree.nodes / "gamma/gamma/.gitignore", "*\n")
    write(tree.nodes / "gamma/gamma/__init__.py", "A = 1\n")


@deviation(("pack-code-added", GAMMA), mended=True)
def code_in_a_submodule_that_is_excluded(tree: Tree) -> None:
    write(tree.nodes / "gamma/.git/modules/deps/inner/info/exclude", "*\n")
    write(tree.nodes / "gamma/deps/inner/more.py", "A = 1\n")


@deviation(("pack-code-added", GAMMA), mended=True)
def bytecode_that_needs_no_source(tree: Tree) -> None:
    write(tree.nodes / "gamma/__pycache__/__init__.cpython-312.pyc", "\0\0\r\n\0\0\0\0sized")
    write(tree.nodes / "gamma/__pycache__/gamma.cpython-312.pyc", "\0\0\r\n\1\0\0\0hashed")


@deviation(("pack-untracked", GAMMA), mended=True)
def an_untracked_file_with_a_hostile_name(tree: Tree) -> None:
    (tree.nodes / "gamma/$(touch x) 'y'\n\x1b[31m.py").write_text("A = 1\n")


@deviation(("pack-remote", GAMMA), mended=True)
def another_remote(tree: Tree) -> None:
    address = "https://github.com/somebody/gamma"
    tree.git(tree.nodes / "gamma", "remote", "set-url", "origin", address)


@deviation(("pack-remote", GAMMA), mended=True)
def no_remote_at_all(tree: Tree) -> None:
    tree.git(tree.nodes / "gamma", "remote", "remove", "origin")


@deviation(("pack-submodule-missing", GAMMA), mended=True)
def a_missing_submodule(tree: Tree) -> None:
    tree.git(tree.nodes / "gamma", "submodule", "deinit", "-q", "--all", "-f")


@deviation(("pack-submodule-commit", GAMMA), mended=True)
def a_submodule_at_another_commit(tree: Tree) -> None:
    commit_in(tree, tree.nodes / "gamma/deps/inner", "later.py")


@deviation(("pack-edited", GAMMA), code=4, mended=True)
def a_submodule_with_a_local_edit(tree: Tree) -> None:
    append(tree.nodes / "gamma/deps/inner/inner.py")


@deviation(("pack-untracked", GAMMA), mended=True)
def an_untracked_file_in_a_submodule(tree: Tree) -> None:
    (tree.nodes / "gamma/deps/inner/more.py").write_text("A = 1\n")


@deviation(("pack-damaged", GAMMA))
def objects_of_a_checkout_gone(tree: Tree) -> None:
    shutil.rmtree(tree.nodes / "gamma/.git/objects")
    (tree.nodes / "gamma/.git/objects").mkdir()


@deviation(("pack-damaged", GAMMA))
def a_forged_tree(tree: Tree) -> None:
    folder = tree.nodes / "gamma"
    append(folder / "gamma.py")
    tree.git(folder, "add", "gamma.py")
    forged = tree.git(folder, "write-tree").strip()
    own = tree.git(folder, "rev-parse", "HEAD^{tree}").strip()
    replace_object(tree, folder, own, forged)


@deviation(("pack-commit", GAMMA))
def a_checkout_before_its_first_commit(tree: Tree) -> None:
    tree.git(tree.nodes / "gamma", "checkout", "-q", "--orphan", "fresh")


@deviation(("unreadable", GAMMA), code=2)
def a_head_that_makes_no_sense(tree: Tree) -> None:
    (tree.nodes / "gamma/.git/HEAD").write_text("ref: ../../etc/passwd\n")


@deviation(("pack-tree", GAMMA), code=4)
def an_edited_pack_without_its_git_folder(tree: Tree) -> None:
    without_git(tree)
    append(tree.nodes / "gamma/gamma.py")


@deviation(("pack-source", GAMMA))
def a_pack_of_git_from_the_registry(tree: Tree) -> None:
    without_git(tree)
    (tree.nodes / "gamma/.tracking").write_text("__init__.py\ngamma.py")


# packs of the registry


@deviation(("pack-edited", ALPHA_NAME), code=4)
def a_registry_pack_with_one_file_changed(tree: Tree) -> None:
    append(tree.nodes / "alpha/nodes/alpha.py")


@deviation(("pack-edited", ALPHA_NAME), code=4)
def a_script_of_a_registry_pack_with_one_byte_flipped(tree: Tree) -> None:
    flip(tree.nodes / "alpha/js/alpha.js")


@deviation(("pack-edited", ALPHA_NAME), code=4)
def a_file_of_a_registry_pack_made_a_symlink(tree: Tree) -> None:
    path = tree.nodes / "alpha/nodes/alpha.py"
    path.rename(tree.root / "alpha.py")
    path.symlink_to(tree.root / "alpha.py")


@deviation(("pack-file-missing", ALPHA_NAME))
def a_registry_pack_with_one_file_removed(tree: Tree) -> None:
    (tree.nodes / "alpha/nodes/alpha.py").unlink()


@deviation(("pack-code-added", ALPHA_NAME), mended=True)
def a_registry_pack_with_one_script_added(tree: Tree) -> None:
    (tree.nodes / "alpha/nodes/more.py").write_text("A = 1\n")


@deviation(("pack-code-added", ALPHA_NAME), mended=True)
def bytecode_of_a_registry_pack_that_needs_no_source(tree: Tree) -> None:
    write(tree.nodes / "alpha/nodes/__pycache__/alpha.cpython-312.pyc", "\0\0\r\n\1\0\0\0hash")
    write(tree.nodes / "alpha/__pycache__/__init__.cpython-312.pyc", "\0\0\r\n\3\0\0\0hash")


@deviation(("pack-file-added", ALPHA_NAME), code=0, mended=True)
def a_registry_pack_with_one_data_file_added(tree: Tree) -> None:
    (tree.nodes / "alpha/settings.json").write_text("{}")


@deviation(("pack-version", ALPHA_NAME))
def a_registry_pack_in_another_version(tree: Tree) -> None:
    project = tree.nodes / "alpha/pyproject.toml"
    project.write_bytes(ALPHA["pyproject.toml"].replace(b"1.2.0", b"1.3"))


@deviation(("pack-file-missing", ALPHA_NAME))
def a_registry_pack_that_hides_its_version(tree: Tree) -> None:
    (tree.nodes / "alpha/pyproject.toml").unlink()


@deviation(("pack-list", ALPHA_NAME))
def a_list_of_files_that_names_others(tree: Tree) -> None:
    path = tree.nodes / "alpha/.tracking"
    path.write_text(path.read_text() + "\n../gamma/gamma.py")


@deviation(("pack-source", ALPHA_NAME))
def a_registry_pack_from_git(tree: Tree) -> None:
    folder = tree.nodes / "alpha"
    tree.git(folder, "init", "-q")
    commit_in(tree, folder, "__init__.py")


# any pack


@deviation(("pack-missing", ALPHA_NAME))
def a_registry_pack_gone(tree: Tree) -> None:
    shutil.rmtree(tree.nodes / "alpha")


@deviation(("pack-missing", GAMMA))
def a_pack_of_git_gone(tree: Tree) -> None:
    shutil.rmtree(tree.nodes / "gamma")


@deviation(("pack-missing", SINGLE_NAME))
def a_single_file_gone(tree: Tree) -> None:
    (tree.nodes / "single.py").unlink()


@deviation(("pack-edited", SINGLE_NAME), code=4)
def a_single_file_changed(tree: Tree) -> None:
    append(tree.nodes / "single.py")


@deviation(("pack-disabled", ALPHA_NAME), mended=True)
def a_disabled_pack(tree: Tree) -> None:
    (tree.nodes / "alpha").rename(tree.nodes / "alpha.disabled")


@deviation(("pack-disabled", ALPHA_NAME), mended=True)
def a_pack_disabled_by_the_manager(tree: Tree) -> None:
    (tree.nodes / ".disabled").mkdir()
    (tree.nodes / "alpha").rename(tree.nodes / ".disabled/alpha@1_2_0")


@deviation(("pack-disabled", SINGLE_NAME), mended=True)
def a_disabled_single_file(tree: Tree) -> None:
    (tree.nodes / "single.py").rename(tree.nodes / "single.py.disabled")


@deviation(("pack-extra", "stranger"), mended=True)
def an_extra_pack(tree: Tree) -> None:
    (tree.nodes / "stranger").mkdir()
    (tree.nodes / "stranger/__init__.py").write_text("")


@deviation(("pack-extra", "stranger.py"), mended=True)
def an_extra_single_file(tree: Tree) -> None:
    (tree.nodes / "stranger.py").write_text("")


@deviation(("pack-extra", "registered"), mended=True)
def an_extra_pack_of_the_registry(tree: Tree) -> None:
    files = {n: d.replace(b'"alpha"', b'"registered"') for n, d in ALPHA.items()}
    install(files, tree.nodes / "Some Folder")


@deviation(("pack-duplicate", ALPHA_NAME), mended=True)
def a_pack_installed_twice(tree: Tree) -> None:
    install(ALPHA, tree.nodes / "alpha-copy")


@deviation(("pack-link", ALPHA_NAME), code=0)
def a_pack_behind_a_symlink(tree: Tree) -> None:
    (tree.nodes / "alpha").rename(tree.root / "alpha")
    (tree.nodes / "alpha").symlink_to(tree.root / "alpha")


# ComfyUI


@deviation(("comfyui-commit", CORE), mended=True)
def comfyui_at_another_commit(tree: Tree) -> None:
    commit_in(tree, tree.comfyui, "later.py")


@deviation(("comfyui-edited", CORE), code=4, mended=True)
def comfyui_with_a_local_edit(tree: Tree) -> None:
    append(tree.comfyui / "nodes.py")


@deviation(("comfyui-missing-file", CORE), mended=True)
def comfyui_without_one_of_its_files(tree: Tree) -> None:
    (tree.comfyui / "nodes.py").unlink()


@deviation(("comfyui-untracked", CORE), mended=True)
def an_untracked_file_in_comfyui(tree: Tree) -> None:
    (tree.comfyui / "sitecustomize.py").write_text("A = 1\n")


@deviation(("comfyui-untracked", CORE), mended=True)
def code_in_comfyui_that_is_excluded(tree: Tree) -> None:
    write(tree.comfyui / ".git/info/exclude", "*\n")
    write(tree.comfyui / "sitecustomize.py", "A = 1\n")
    write(tree.comfyui / "env/pyvenv.cfg", "home = /usr/bin\n")
    write(tree.comfyui / "env/lib/python3.12/site-packages/six.py", "A = 1\n")


@deviation(("pack-extra", "example_node.py.example"), mended=True)
def a_pack_under_the_name_of_an_example(tree: Tree) -> None:
    write(tree.nodes / "example_node.py.example/__init__.py", "A = 1\n")


@deviation(("comfyui-remote", CORE), code=0, mended=True)
def comfyui_of_a_fork(tree: Tree) -> None:
    address = "https://github.com/somebody/ComfyUI"
    tree.git(tree.comfyui, "remote", "set-url", "origin", address)


@deviation(("comfyui-staged", CORE), code=0, mended=True)
def a_change_of_comfyui_that_is_only_staged(tree: Tree) -> None:
    path = tree.comfyui / "nodes.py"
    before = path.read_bytes()
    append(path)
    tree.git(tree.comfyui, "add", "nodes.py")
    path.write_bytes(before)


@deviation(("comfyui-damaged", CORE))
def objects_of_comfyui_gone(tree: Tree) -> None:
    shutil.rmtree(tree.comfyui / ".git/objects")
    (tree.comfyui / ".git/objects").mkdir()


@deviation(("comfyui-unproven", CORE), code=0)
def comfyui_without_its_git_folder(tree: Tree) -> None:
    shutil.rmtree(tree.comfyui / ".git")


@deviation(("comfyui-version", CORE))
def another_comfyui_without_its_git_folder(tree: Tree) -> None:
    shutil.rmtree(tree.comfyui / ".git")
    (tree.comfyui / "comfyui_version.py").write_text('__version__ = "0.3.40"\n')


# files


@deviation(("MissingModel", "checkpoints/new.safetensors"), ("OrphanModel", BASE))
def a_workflow_that_needs_another_model(tree: Tree) -> None:
    path = tree.project / "workflows/main.json"
    path.write_text(path.read_text().replace("base.safetensors", "new.safetensors"))


@deviation(("companion-stale", "install.sh"))
def a_script_made_from_another_lock(tree: Tree) -> None:
    text = f"#!/usr/bin/env bash\n# comfy.lock sha256: {'0' * 64}\n"
    (tree.project / "install.sh").write_text(text)


@deviation(("companion-stale", "install.sh"), ("model-extra", "ultralytics/face.pt"))
def links_in_circles_beside_what_is_looked_for(tree: Tree) -> None:
    write(tree.project / "install.sh", f"# comfy.lock sha256: {'0' * 64}\n")
    write(tree.comfyui / "models/ultralytics/face.pt", "face")
    for folder in (tree.project, tree.comfyui / "models", tree.nodes / "gamma/.git"):
        for name in ("a-circle", "z-circle"):
            (folder / name).symlink_to(name)


@deviation(("workflows-absent", "workflows"), code=0)
def no_workflows_on_this_machine(tree: Tree) -> None:
    shutil.rmtree(tree.project / "workflows")


# what they are made with


def flip(path: Path) -> None:
    """Change one bit in the middle."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def write(path: Path, text: str) -> None:
    """Write a file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def append(path: Path) -> None:
    """Add a line."""
    path.write_bytes(path.read_bytes() + b"# edited\n")


def commit_in(tree: Tree, folder: Path, name: str) -> None:
    """Make a commit more."""
    if name != "__init__.py":
        (folder / name).write_text("A = 1\n")
    tree.git(folder, "add", "-f", name)
    tree.git(folder, "commit", "-q", "-m", "later")


def without_git(tree: Tree) -> None:
    """Leave what an archive of the commit leaves."""
    folder = tree.nodes / "gamma"
    shutil.rmtree(folder / ".git")
    (folder / "deps/inner/.git").unlink()


def replace_object(tree: Tree, folder: Path, name: str, other: str) -> None:
    """Put an object under the id of another, loose, as a forger would."""
    kind = tree.git(folder, "cat-file", "-t", other).strip()
    objects = folder / ".git/objects"
    packed = list((objects / "pack").glob("*.pack"))
    for path in packed:
        moved = path.rename(objects / path.name)
        path.with_suffix(".idx").unlink()
        shutil.copy(moved, objects / "in.pack")
        with (objects / "in.pack").open("rb") as stream:
            subprocess.run(["git", "unpack-objects", "-q"], cwd=folder, stdin=stream, check=True)
        moved.unlink()
        (objects / "in.pack").unlink()
    body = zlib.decompress((objects / other[:2] / other[2:]).read_bytes())
    assert body.startswith(kind.encode())
    target = objects / name[:2] / name[2:]
    if target.exists():
        target.chmod(0o644)
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(zlib.compress(body))


def relock_model(tree: Tree, key: str, **fields: object) -> None:
    """Lock a model otherwise."""
    lock = tree.read()
    models = tuple(replace(m, **fields) if m.key == key else m for m in lock.models)
    tree.write(replace(lock, models=models))


def regroup(tree: Tree, name: str) -> None:
    """Put the workflow, and so everything, into a group."""
    path = tree.project / "comfylock.toml"
    path.write_text(path.read_text() + f'[groups]\n{name} = ["workflows/*"]\n')
    lock, groups = tree.read(), (name,)
    tree.write(
        replace(
            lock,
            workflows=tuple(replace(each, groups=groups) for each in lock.workflows),
            packs=tuple(replace(each, groups=groups) for each in lock.packs),
            models=tuple(replace(each, groups=groups) for each in lock.models),
        )
    )
