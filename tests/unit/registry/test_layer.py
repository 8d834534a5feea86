from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from comfylock.errors import RegistryError
from comfylock.model import ClassDefinition, InputDefinition, PackDefinition
from comfylock.registry.layer import put_pack
from comfylock.registry.store import Pack, Registry, forget, shared_registry
from tests.functional.shell import everything

if TYPE_CHECKING:
    from pathlib import Path


def made(*names: str, folder: str | None = None, scripts: tuple[str, ...] = ()) -> PackDefinition:
    """A pack whose class types all take one file."""
    inputs = (InputDefinition(name="file", type="COMBO", folder=folder),)
    classes = tuple(ClassDefinition(name, inputs if folder else ()) for name in sorted(names))
    return PackDefinition(class_types=classes, frontend_only=scripts, registry_id="an-id")


def test_a_pack_and_all_about_it(tmp_path: Path) -> None:
    put_pack(str(tmp_path), "pens", made("Pen", folder="vae", scripts=("Note",)), None)
    layer = Registry((str(tmp_path),))
    assert layer.packs.all() == {"pens": Pack(id="an-id", origins=("registry add",))}
    assert layer.class_types.all() == {"Pen": ["pens"]}
    assert layer.frontend_only == {"Note": ["pens"]}
    assert [row[:2] for row in layer.tables.models["Pen"]] == [("file", "vae")]
    assert layer.aliases.all() == {}


def test_other_packs_stay(tmp_path: Path) -> None:
    folder = str(tmp_path)
    put_pack(
        folder, "one", made("Pen", "Ink", folder="vae", scripts=("Note",)), "https://a.example/b/c"
    )
    put_pack(folder, "two", made("Pen", folder="loras", scripts=("Note",)), None)
    put_pack(folder, "two", made("Cap"), None)
    layer = Registry((folder,))
    assert layer.class_types.all() == {"Cap": ["two"], "Ink": ["one"], "Pen": ["one"]}
    assert layer.frontend_only == {"Note": ["one"]}
    assert layer.aliases.all() == {"a.example/b/c": "one"}
    assert layer.pack_named("https://a.example/b/c.git") == "one"


def test_what_a_pack_no_longer_has_is_gone(tmp_path: Path) -> None:
    folder = str(tmp_path)
    put_pack(folder, "one", made("Pen", "Ink", folder="vae"), "https://github.com/a/b")
    put_pack(folder, "one", made("Ink"), "https://github.com/a/c")
    layer = Registry((folder,))
    assert layer.tables.models == {}
    assert layer.aliases.all() == {"a/c": "one"}
    assert set(layer.class_types.all()) == {"Ink"}


def test_the_order_of_packs_is_irrelevant(tmp_path: Path) -> None:
    packs = {"one": made("Pen", "Ink"), "two": made("Pen", "Cap"), "a/three": made("Pen")}
    for at, order in enumerate((sorted(packs), sorted(packs, reverse=True))):
        for name in order:
            put_pack(str(tmp_path / str(at)), name, packs[name], None)
    assert everything(tmp_path / "0") == everything(tmp_path / "1")


def test_damage_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "aliases.json").write_bytes(b"{")
    with pytest.raises(RegistryError, match=r"aliases\.json: is damaged"):
        put_pack(str(tmp_path), "one", made("Pen"), None)
    assert everything(tmp_path) == {"aliases.json": b"{"}


def test_shared_registries_see_it(tmp_path: Path) -> None:
    folder, other = str(tmp_path / "a"), str(tmp_path / "b")
    both, single = shared_registry((folder, other)), shared_registry((other,))
    assert both.class_types.get("Pen") is None
    put_pack(folder, "one", made("Pen"), None)
    assert shared_registry((folder, other)).class_types.get("Pen") == ["one"]
    assert shared_registry((other,)) is single
    forget(other)
    assert shared_registry((other,)) is not single


def test_layers_decide_names_one_after_another(tmp_path: Path) -> None:
    upper, lower = str(tmp_path / "upper"), str(tmp_path / "lower")
    put_pack(lower, "a/b", made("Pen"), "https://github.com/a/b")
    put_pack(lower, "else", made("Cap"), "https://github.com/a/mine")
    put_pack(upper, "mine", made("Pen"), "https://github.com/a/b")
    put_pack(upper, "a/mine", made("Ink"), None)
    registry = Registry((upper, lower))
    assert registry.pack_named("a/b") == registry.pack_named("https://github.com/A/B") == "mine"
    assert registry.pack_named("a/mine") == "a/mine"
    assert registry.pack_named("else") == "else"
    assert registry.pack_named("nobody") is None
    assert Registry((lower,)).pack_named("a/mine") == "else"
