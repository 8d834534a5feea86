from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from comfylock.errors import RegistryError
from comfylock.registry.store import Pack, Registry, bundled_folder, shared_registry
from comfylock.registry.tables import PATIENCE
from tests.builders import REGISTRY, TABLES, made_up_registry, write_layer

SECTIONS = ["packs", "aliases", "class_types", "core", "removed", "frontend_only", "models"]


def test_every_section_is_there(tmp_path: Path) -> None:
    registry = made_up_registry(tmp_path)
    assert registry.packs.get("alpha") == Pack("alpha", "https://github.com/ann/Alpha", stars=50)
    assert registry.class_types.get("Shared") == ["carl/gamma", "alpha", "beta"]
    assert registry.core["NewSampler"] == "0.3.64"
    assert registry.frontend_only["SetNode"] == ["beta"]
    assert [place.folder for place in registry.models.get("twice.safetensors", [])] == [
        "vae",
        "loras",
    ]
    assert registry.rules.preemptions["Claimed"] == ["beta"]
    assert registry.sources["made-up"].version == "1"
    assert registry.tables.models.keys() == TABLES.models.keys()


def test_a_layer_may_hold_some_files_only(tmp_path: Path) -> None:
    registry = Registry((str(tmp_path),))
    for section in SECTIONS:
        assert len(getattr(registry, section)) == 0
    assert registry.rules.patterns == []


@pytest.mark.parametrize("decoded", [False, True], ids=["searched", "decoded"])
def test_the_first_layer_that_knows_a_name_decides(tmp_path: Path, decoded: bool) -> None:
    project = write_layer(tmp_path / "project", class_types={"BetaNode": ["mine"]})
    user = write_layer(
        tmp_path / "user",
        class_types={"BetaNode": ["theirs"], "Extra": ["theirs"]},
        core={"KSampler": "9.9"},
        rules={"preemptions": {"Claimed": ["theirs"]}, "patterns": [["^User", "theirs"]]},
    )
    bundled = write_layer(tmp_path / "bundled", **REGISTRY)
    registry = Registry((project, user, bundled))
    table = registry.class_types.all() if decoded else registry.class_types
    assert table.get("BetaNode") == ["mine"]
    assert table.get("Extra") == ["theirs"]
    assert table.get("AlphaNode") == ["alpha"]
    assert table.get("Nothing") is None
    assert registry.core["KSampler"] == "9.9"
    assert registry.rules.preemptions["Claimed"] == ["theirs"]
    assert registry.rules.patterns[0] == ("^User", "theirs")
    assert len(registry.rules.patterns) == 6


@pytest.mark.parametrize("indent", [None, 0, 1, 4])
def test_files_that_people_wrote_are_read_in_any_layout(tmp_path: Path, indent: int | None) -> None:
    for name, section in REGISTRY.items():
        text = json.dumps(section, indent=indent) + "\n"
        (tmp_path / f"{name}.json").write_text(text, "utf-8")
    registry = Registry((str(tmp_path),))
    for name, packs in REGISTRY["class_types"].items():
        assert registry.class_types.get(name) == packs
    assert registry.packs.get("alpha") is not None


def test_searching_and_decoding_give_the_same(tmp_path: Path) -> None:
    names = {f'Node {n} “é” "q" \\': [f"pack-{n}"] for n in range(PATIENCE * 2)}
    registry = made_up_registry(tmp_path, class_types=names)
    found = {name: registry.class_types.get(name) for name in names}
    assert found == names
    assert [registry.class_types.get(name) for name in ("Node", "pack-1", "")] == [None] * 3


@pytest.mark.parametrize(
    "name",
    ["alpha", "Alpha", "old-alpha", "ann/alpha", "Ann/Alpha", "https://github.com/Ann/Alpha.git"],
)
def test_a_pack_by_any_of_its_names(tmp_path: Path, name: str) -> None:
    assert made_up_registry(tmp_path).pack_named(name) == "alpha"


@pytest.mark.parametrize("name", ["", "nobody", "https://example.com/ann/alpha", "git@x"])
def test_a_pack_that_nobody_knows(tmp_path: Path, name: str) -> None:
    assert made_up_registry(tmp_path).pack_named(name) is None


def touch(registry: Registry) -> None:
    """Ask every section something."""
    for section in SECTIONS:
        getattr(registry, section).get("alpha")
        list(getattr(registry, section))
    assert len(registry.rules.preemptions) + len(registry.tables.models) + len(registry.sources) > 0


DAMAGE: dict[str, bytes] = {
    "cut off": b'{\n"alpha": ',
    "a list": b"[]\n",
    "not UTF-8": b'{\n"alpha": "\xff\xff",\n"patterns": ["\xff"]\n}\n',
    "other types": b'{\n"alpha": 3,\n"patterns": 3\n}\n',
    "empty": b"",
    "deep": b'{\n"alpha": ' + b"[" * 5000 + b"\n}\n",
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("file", [*SECTIONS, "rules", "model_inputs", "asset_inputs", "sources"])
def test_a_damaged_file_is_named(tmp_path: Path, file: str, damage: str) -> None:
    folder = Path(write_layer(tmp_path, **REGISTRY))
    (folder / f"{file}.json").write_bytes(DAMAGE[damage])
    with pytest.raises(RegistryError) as raised:
        touch(Registry((str(folder),)))
    assert raised.value.file == str(folder / f"{file}.json")
    assert str(raised.value).startswith(f"{folder / file}.json: is damaged: ")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "core.json").mkdir()
    with pytest.raises(RegistryError, match=r"core\.json: cannot be read"):
        assert Registry((str(tmp_path),)).core


def test_workers_load_their_own_copy(tmp_path: Path) -> None:
    registry = made_up_registry(tmp_path)
    copy: Any = pickle.loads(pickle.dumps(registry))
    assert copy.layers == registry.layers
    assert copy is shared_registry(registry.layers)


def test_the_bundled_registry_is_whole() -> None:
    registry = Registry()
    assert registry.layers == (bundled_folder(),)
    touch(registry)
    assert "KSampler" in registry.core
