"""`verify --python`: the packages of an environment, read as files."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from comfylock.verifying.python_environment import NoEnvironmentError, distributions, environment_of
from tests.functional.verify.conftest import found, verify
from tests.python_environment import PACKAGES, add, add_environment, make

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.installation import Tree


def site(python: Path) -> Path:
    """Where the packages are."""
    return python.parent.parent / "lib/python3.12/site-packages"


def metadata(folder: Path, name: str) -> Path:
    return next(folder.glob(f"{name}-*.dist-info"))


def other_version(folder: Path) -> None:
    shutil.rmtree(metadata(folder, "numpy"))
    add(folder, "numpy", "1.26.4")


def missing(folder: Path) -> None:
    shutil.rmtree(metadata(folder, "pillow"))


def extra(folder: Path) -> None:
    add(folder, "stranger", "0.1")


def twice(folder: Path) -> None:
    add(folder, "numpy", "1.26.4")


def half_removed(folder: Path) -> None:
    metadata(folder, "numpy").rename(folder / "~umpy-2.1.0.dist-info")


def no_metadata(folder: Path) -> None:
    (metadata(folder, "numpy") / "METADATA").unlink()


def editable(folder: Path) -> None:
    told = {"url": "file:///home/ann/numpy", "dir_info": {"editable": True}}
    (metadata(folder, "numpy") / "direct_url.json").write_text(json.dumps(told))


def other_commit(folder: Path) -> None:
    told = {"url": "https://github.com/ann/tool", "vcs_info": {"commit_id": "f" * 40}}
    (metadata(folder, "tool") / "direct_url.json").write_text(json.dumps(told))


def release_for_commit(folder: Path) -> None:
    (metadata(folder, "tool") / "direct_url.json").unlink()


def commit_for_release(folder: Path) -> None:
    told = {"url": "https://github.com/x/numpy", "vcs_info": {"commit_id": "f" * 40}}
    (metadata(folder, "numpy") / "direct_url.json").write_text(json.dumps(told))


def cpu_torch_replaced(folder: Path) -> None:
    shutil.rmtree(metadata(folder, "torch"))
    add(folder, "torch", "2.8.0+cu128")


def startup_file(folder: Path) -> None:
    (folder / "evil.pth").write_text("import os; os.system('touch ran')\n")


def startup_module(folder: Path) -> None:
    (folder / "sitecustomize.py").write_text("A = 1\n")


def startup_of_virtualenv_changed(folder: Path) -> None:
    (folder / "_virtualenv.pth").write_text("import _virtualenv; import os\n")


def stray_module(folder: Path) -> None:
    (folder / "PIL.cpython-312-x86_64-linux-gnu.so").write_text("")


def stray_package(folder: Path) -> None:
    (folder / "yaml").mkdir()
    (folder / "yaml/__init__.py").write_text("A = 1\n")
    (folder / "data").mkdir()
    (folder / "README.txt").write_text("no code\n")


def old_editable(folder: Path) -> None:
    (folder / "Some_Tool.egg-link").write_text("/home/ann/tool\n.\n")


def interpreter(folder: Path) -> None:
    config = folder.parents[2] / "pyvenv.cfg"
    config.write_text(config.read_text().replace("3.12.4", "3.11.9"))


CASES: dict[Callable[[Path], None], set[tuple[str, str]]] = {
    other_version: {("python-version", "numpy")},
    missing: {("python-missing", "pillow")},
    extra: {("python-extra", "stranger")},
    twice: {("python-duplicate", "numpy"), ("python-version", "numpy")},
    half_removed: {("python-missing", "numpy"), ("python-broken", "umpy")},
    no_metadata: {("python-broken", "numpy")},
    editable: {("python-editable", "numpy")},
    other_commit: {("python-source", "tool")},
    release_for_commit: {("python-source", "tool")},
    commit_for_release: {("python-source", "numpy")},
    cpu_torch_replaced: {("python-version", "torch")},
    interpreter: {("python-interpreter", "python")},
    startup_file: {("python-startup", "evil.pth")},
    startup_module: {("python-startup", "sitecustomize.py")},
    startup_of_virtualenv_changed: {("python-startup", "_virtualenv.pth")},
    stray_module: {("python-stray", "PIL.cpython-312-x86_64-linux-gnu.so")},
    stray_package: {("python-stray", "yaml")},
    old_editable: {("python-editable", "some-tool")},
}
HARMLESS = {"python-extra", "python-editable", "python-stray"}


def test_an_environment_as_it_is_locked(tree: Tree) -> None:
    python = add_environment(tree)
    ended = found(tree, "--python", str(python), "--strict")
    assert ended.data["findings"] == []
    assert ended.code == 0
    names = {item["name"] for item in ended.data["items"] if item["about"] == "python"}
    assert names == {*PACKAGES, "tool"}
    assert not (tree.root / "ran").exists()
    assert not Path("ran").exists()


@pytest.mark.parametrize("change", CASES, ids=lambda case: case.__name__)
def test_each_deviation_is_told_apart(tree: Tree, change: Callable[[Path], None]) -> None:
    python = add_environment(tree)
    change(site(python))
    ended = found(tree, "--python", str(python))
    assert ended.found == CASES[change]
    assert all(finding["mend"] for finding in ended.data["findings"])
    assert ended.code == (0 if {kind for kind, _ in CASES[change]} <= HARMLESS else 1)


def test_comfyuis_own_environment_is_found_by_itself(tree: Tree) -> None:
    python = add_environment(tree)
    python.parent.parent.rename(tree.comfyui / "venv")
    missing(tree.comfyui / "venv/lib/python3.12/site-packages")
    assert ("python-missing", "pillow") in found(tree).found


def test_without_an_environment_nothing_is_claimed(tree: Tree) -> None:
    add_environment(tree)
    ended = found(tree)
    assert ended.found == {("python-unproven", "python")}
    assert ended.code == 0


def test_an_interpreter_that_is_not_there(tree: Tree) -> None:
    add_environment(tree)
    ended = found(tree, "--python", str(tree.root / "nowhere/python"))
    assert {kind for kind, _ in ended.found} == {"unreadable"}
    assert ended.code == 2
    assert {item["status"] for item in ended.data["items"] if item["about"] == "pack"} == {
        "verified"
    }


def test_a_lock_without_packages_says_so(tree: Tree, tmp_path: Path) -> None:
    python = make(tmp_path / "environment")
    assert found(tree, "--python", str(python)).found == {("python-unlocked", "python")}


@pytest.mark.parametrize(
    ("change", "kind", "code"),
    [
        (lambda p: p.unlink(), "companion-missing", 1),
        (lambda p: p.write_bytes(p.read_bytes() + b"#"), "companion-changed", 4),
    ],
)
def test_the_file_of_packages_is_a_companion(
    tree: Tree, change: Callable[[Path], None], kind: str, code: int
) -> None:
    add_environment(tree)
    change(tree.project / "pylock.comfy.toml")
    ended = verify(tree, "--json", installed=False)
    assert ended.found == {(kind, "pylock.comfy.toml")}
    assert ended.code == code


def test_an_unknown_target_is_a_mistake(tree: Tree) -> None:
    python = add_environment(tree)
    ended = verify(tree, "--python", str(python), "--target", "windows-x86_64-py3.12-cpu")
    assert ended.code == 2
    assert "no target" in ended.err


# layouts


def test_this_very_environment() -> None:
    environment = environment_of(sys.executable)
    assert environment.version == f"{sys.version_info[0]}.{sys.version_info[1]}"
    packages, faults = distributions(environment)
    assert {"msgspec", "pytest"} <= {each.name for each in packages}
    assert faults == []


@pytest.mark.parametrize(
    ("folder", "exe"),
    [
        ("lib/python3.11/site-packages", "bin/python3"),
        ("lib/python3/dist-packages", "bin/python3"),
        ("Lib/site-packages", "python.exe"),
        ("Lib/site-packages", "Scripts/python.exe"),
        ("lib64/python3.13/site-packages", "bin/python3.13"),
    ],
)
def test_layouts_of_systems(tmp_path: Path, folder: str, exe: str) -> None:
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / exe).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / exe).write_text("")
    (tmp_path / "python312._pth").write_text("")
    add(tmp_path / folder, "numpy", "2.1.0")
    packages, _ = distributions(environment_of(str(tmp_path / exe)))
    assert [(each.name, each.version) for each in packages] == [("numpy", "2.1.0")]


def test_the_systems_packages_count_where_they_are_seen(tmp_path: Path) -> None:
    base = tmp_path / "base"
    (base / "lib/python3.12/site-packages").mkdir(parents=True)
    add(base / "lib/python3.12/site-packages", "numpy", "1.0")
    add(base / "lib/python3.12/site-packages", "pillow", "11.0")
    own = tmp_path / "own"
    (own / "lib/python3.12/site-packages").mkdir(parents=True)
    (own / "bin").mkdir()
    (own / "bin/python").write_text("")
    add(own / "lib/python3.12/site-packages", "numpy", "2.0")
    text = f"home = {base}/bin\ninclude-system-site-packages = true\nversion = 3.12.1\n"
    (own / "pyvenv.cfg").write_text(text)
    packages, _ = distributions(environment_of(str(own / "bin/python")))
    assert [(each.name, each.version) for each in packages] == [
        ("numpy", "2.0"),
        ("pillow", "11.0"),
    ]


def test_no_environment_anywhere(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").write_text("")
    with pytest.raises(NoEnvironmentError, match="no folder of packages"):
        environment_of(str(tmp_path / "bin/python"))
    with pytest.raises(NoEnvironmentError, match="without a Python"):
        environment_of(str(tmp_path / "bin"))
