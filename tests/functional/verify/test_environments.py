"""`verify --inventory` and `--against`: one table of what differs."""

from __future__ import annotations

import hashlib
import json
import shutil
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from comfylock.lockfile.write import write_lock
from tests.functional.verify.conftest import found, verify
from tests.functional.verify.deviations import DEVIATIONS, write
from tests.installation import ALPHA, install
from tests.python_environment import add, add_environment

if TYPE_CHECKING:
    from pathlib import Path

    from tests.installation import Tree


def inventory(tree: Tree, name: str, *words: str) -> Path:
    path = tree.root / name
    ended = verify(tree, "--inventory", str(path), "-q", *words)
    assert path.exists(), ended.err
    return path


def rows(
    tree: Tree, *words: str, installed: bool = False
) -> set[tuple[str, str | None, str | None]]:
    ended = verify(tree, "--json", *words, installed=installed)
    assert ended.out, ended.err
    differences = ended.data["differences"]
    assert ended.code == int(bool(differences["rows"])) or ended.code == 4
    return {(row["name"], row["left"], row["right"]) for row in differences["rows"]}


def test_equal_machines_have_equal_inventories(tree: Tree, tmp_path: Path) -> None:
    other = tree.copy(tmp_path / "second")
    one, two = inventory(tree, "one.json"), inventory(other, "two.json")
    assert one.read_bytes() == two.read_bytes()
    assert str(tree.root) not in one.read_text()
    assert rows(tree, "--against", str(one), str(two)) == set()


def test_a_machine_is_as_its_lock(tree: Tree) -> None:
    path = inventory(tree, "pod.json")
    ended = verify(tree, "--against", str(path), installed=False)
    assert ended.code == 0, ended.out
    assert "nothing differs" in ended.out


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a byte flipped in a model", {"vae/ae.safetensors"}),
        ("a model gone", {"vae/ae.safetensors"}),
        ("a model that is not locked", {"loras/more.safetensors"}),
        ("a pack at another commit", {"carl/gamma"}),
        ("a pack with a local edit", {"carl/gamma"}),
        ("a submodule at another commit", {"carl/gamma"}),
        ("a registry pack with one file changed", {"alpha"}),
        ("a registry pack in another version", {"alpha"}),
        ("an extra pack", {"stranger"}),
        ("a disabled pack", {"alpha"}),
        ("a single file changed", {"dora/single"}),
        ("comfyui at another commit", {"comfyui"}),
        ("comfyui with a local edit", {"comfyui"}),
    ],
)
def test_what_differs_between_two_machines(
    tree: Tree, tmp_path: Path, name: str, expected: set[str]
) -> None:
    other = tree.copy(tmp_path / "second")
    DEVIATIONS[name].change(other)
    one, two = inventory(tree, "one.json"), inventory(other, "two.json")
    told = {"dora/single": "single.py"}
    names = {told.get(each, each) for each in expected}
    assert {name for name, _, _ in rows(tree, "--against", str(one), str(two))} == names
    machine = {name for name, _, _ in rows(tree, "--against", str(two), installed=True)}
    assert machine == names
    if name != "a registry pack with one file changed":  # a lock knows the archive alone
        assert {name for name, _, _ in rows(tree, "--against", str(two))} == expected


def test_two_machines_that_were_changed_in_other_ways(tree: Tree, tmp_path: Path) -> None:
    """The same files are not as they should be, and they are not the same."""
    other = tree.copy(tmp_path / "second")
    for number, each in enumerate((tree, other)):
        write(each.nodes / "gamma/gamma.py", f"A = {number}\n")
        write(each.nodes / "gamma/.git/info/exclude", "hidden/\n")
        write(each.nodes / "gamma/hidden/__init__.py", "A = 1\n")
        write(each.comfyui / "nodes.py", "A = 1\n")
    one, two = inventory(tree, "one.json"), inventory(other, "two.json")
    shas = [hashlib.sha256(f"A = {n}\n".encode()).hexdigest()[:10] for n in (0, 1)]
    labels = [f"edited gamma.py {sha}" for sha in shas]
    assert rows(tree, "--against", str(one), str(two)) == {("carl/gamma", labels[0], labels[1])}
    write(other.nodes / "gamma/gamma.py", "A = 0\n")
    write(other.nodes / "gamma/hidden/__init__.py", "A = 2\n")
    ((_, _, right),) = rows(tree, "--against", str(one), str(inventory(other, "three.json")))
    assert (right or "").startswith("hidden hidden/ ")


def test_a_pack_that_one_machine_has_twice(tree: Tree, tmp_path: Path) -> None:
    other = tree.copy(tmp_path / "second")
    install(ALPHA, other.nodes / "alpha-copy")
    one, two = inventory(tree, "one.json"), inventory(other, "two.json")
    expected = {("alpha in alpha-copy", None, "1.2.0")}
    assert rows(tree, "--against", str(one), str(two)) == expected


def test_two_locks(tree: Tree) -> None:
    lock = tree.read()
    (tree.root / "other").mkdir()
    changed = replace(
        lock,
        packs=(replace(lock.packs[0], version="1.3.0"), *lock.packs[1:]),
        models=lock.models[1:],
        workflows=(replace(lock.workflows[0], models=lock.workflows[0].models[1:]),),
    )
    (tree.root / "other/comfy.lock").write_bytes(write_lock(changed, force=True))
    own = str(tree.project / "comfy.lock")
    expected = {
        ("alpha", "1.2.0", "1.3.0"),
        ("checkpoints/base.safetensors", f"sha256 {(lock.models[0].sha256 or '')[:10]}", None),
    }
    assert rows(tree, "--against", own, str(tree.root / "other")) == expected
    assert rows(tree, "--against", str(tree.root / "other")) == expected


def test_python_packages_of_two_machines(tree: Tree) -> None:
    python = add_environment(tree)
    one = inventory(tree, "one.json", "--python", str(python))
    site = python.parent.parent / "lib/python3.12/site-packages"
    add(site, "stranger", "0.1")
    shutil.rmtree(next(site.glob("numpy-*")))
    two = inventory(tree, "two.json", "--python", str(python))
    assert rows(tree, "--against", str(one), str(two)) == {
        ("stranger", None, "0.1"),
        ("numpy", "2.1.0", None),
    }


def test_a_lock_of_packages_and_a_machine(tree: Tree) -> None:
    python = add_environment(tree)
    pod = inventory(tree, "pod.json", "--python", str(python))
    assert rows(tree, "--against", str(pod)) == set()


def test_an_inventory_needs_no_lock(tree: Tree) -> None:
    (tree.project / "comfy.lock").unlink()
    document = json.loads(inventory(tree, "pod.json").read_text())
    assert document["schema"] == "comfylock.inventory"
    assert [pack["name"] for pack in document["packs"]] == ["alpha", "carl/gamma", "single.py"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{}", "no inventory"),
        ('{"schema": "comfylock.inventory", "version": 9}', "version 9"),
        ('{"schema": "comfylock.inventory", "version": 1, "packs": 3}', "no inventory"),
        ("not a lock", "not TOML"),
    ],
)
def test_a_file_that_is_neither(tree: Tree, text: str, told: str) -> None:
    (tree.root / "odd").write_text(text)
    ended = verify(tree, "--against", str(tree.root / "odd"), installed=False)
    assert ended.code == 2
    assert told in ended.err


def test_no_password_of_a_remote_is_repeated(tree: Tree) -> None:
    for address in (
        "https://ann:sesame42@github.com/somebody/gamma",
        "https://ann:sesame42@example.org/odd",
        "https://example.org/odd?token=sesame42",
    ):
        tree.git(tree.nodes / "gamma", "remote", "set-url", "origin", address)
        ended = verify(tree, "-v", "--inventory", str(tree.root / "pod.json"))
        assert "pack-remote" in ended.out
        assert "sesame42" not in ended.out + ended.err + (tree.root / "pod.json").read_text()
        shutil.copytree(tree.nodes / "gamma", tree.nodes / "stranger", symlinks=True)
        assert "sesame42" not in verify(tree, "-v").out
        shutil.rmtree(tree.nodes / "stranger")


def test_three_are_too_many(tree: Tree) -> None:
    assert verify(tree, "--against", "a", "b", "c", installed=False).code == 2
    assert verify(tree, "--against", "a", "b").code == 2
    assert verify(tree, "--inventory", "x", installed=False).code == 2


def test_the_names_of_a_pack_are_one(tree: Tree) -> None:
    """A lock calls a file pack by its name, a machine by its file."""
    pod = inventory(tree, "pod.json")
    assert found(tree, "--against", str(pod)).data["differences"]["rows"] == []


def test_people_see_one_table(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tree.read()
    moved = replace(lock.packs[0], version="9.9.9")
    other = tree.root / "other.lock"
    gone = lock.packs[-1].name
    users = tuple(
        replace(each, packs=tuple(name for name in each.packs if name != gone))
        for each in lock.workflows
    )
    packs = (moved, *lock.packs[1:-1])
    other.write_bytes(write_lock(replace(lock, packs=packs, workflows=users)))
    ended = verify(tree, "--against", str(other), installed=False)
    assert ended.code == 1
    table = ended.out[ended.out.index("differs") :].splitlines()
    assert table[0].split()[0] == "differs"
    assert [line.split()[:2] for line in table[1:3]] == [
        ["pack", lock.packs[0].name],
        ["pack", gone],
    ]
    assert table[1].split()[-1] == "9.9.9"
    assert table[2].endswith("not there")
    assert ended.out.count("install both from one lock") == 1
    monkeypatch.setenv("COLUMNS", "40")
    narrow = verify(tree, "--against", str(other), installed=False).out
    assert f"pack {gone}" in narrow
    assert "other.lock: not there" in narrow or "…: not there" in narrow
