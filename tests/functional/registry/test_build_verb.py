from __future__ import annotations

import json
from itertools import permutations
from typing import TYPE_CHECKING

import pytest

from tests.functional.registry.sources import INK, LISTS, PEN, write_lists, write_wheel
from tests.functional.shell import everything

if TYPE_CHECKING:
    from pathlib import Path

    from tests.functional.shell import Shell

FILES = [
    "aliases.json",
    "asset_inputs.json",
    "class_types.json",
    "core.json",
    "frontend_only.json",
    "model_inputs.json",
    "models.json",
    "packs.json",
    "removed.json",
    "rules.json",
    "sources.json",
]


def inputs(folder: Path) -> list[str]:
    """Sources of three kinds that say different things about the same packs."""
    older = {**LISTS, "extension-node-map.json": {PEN: [["ZzOld", "ZzPen"], {}]}}
    answer = folder / "object_info-0.3.5.json"
    answer.write_text(json.dumps({"ZzCore": {"input": {}}}), encoding="utf-8")
    recorded = folder / "recorded.json"
    facts = {"repository": INK, "commit": "c" * 40, "class_types": ["ZzInk", "ZzBlot"], "id": "ink"}
    recorded.write_text(json.dumps(facts), encoding="utf-8")
    return [
        write_wheel(folder / "new.whl", "9.1"),
        write_wheel(folder / "old.whl", "4.0", older),
        str(answer),
        str(recorded),
    ]


def test_a_registry_from_sources(shell: Shell, tmp_path: Path) -> None:
    target = tmp_path / "built"
    built = shell.registry("build", *inputs(tmp_path), "-o", str(target))
    assert (built.code, built.err) == (0, "")
    assert built.out == f"Updated {target}: {', '.join(FILES)}\n"
    assert sorted(everything(target)) == FILES
    class_types = json.loads((target / "class_types.json").read_bytes())
    assert class_types["ZzShared"] == ["ink", "pens"]
    assert class_types["ZzOld"] == ["pens"]
    assert not shell.updated_layer.exists()


def test_the_order_of_sources_is_irrelevant(shell: Shell, tmp_path: Path) -> None:
    sources = inputs(tmp_path)
    target = tmp_path / "built"
    shell.registry("build", *sources, "-o", str(target))
    first = everything(target)
    for order in permutations(sources):
        again = shell.registry("build", *order, "-o", str(target))
        assert again.out == f"{target} is up to date\n"
    assert everything(target) == first


def test_only_what_changed_is_written(shell: Shell, tmp_path: Path) -> None:
    target = tmp_path / "built"
    folder = write_lists(tmp_path / "lists")
    shell.registry("build", folder, "-o", str(target))
    stats = tmp_path / "lists" / "github-stats.json"
    stats.write_text(json.dumps({PEN: {"stars": 900}, INK: {"stars": 70}}), encoding="utf-8")
    told = shell.registry("build", folder, "-o", str(target), "--json").json()
    assert (told["schema"], told["ok"]) == ("comfylock.registry.build", True)
    assert told["data"] == {"folder": str(target), "changed": ["class_types.json", "packs.json"]}


@pytest.mark.parametrize("bad", ["missing.whl", "empty", "readme.txt"])
def test_one_bad_source_writes_nothing(shell: Shell, tmp_path: Path, bad: str) -> None:
    target = tmp_path / "built"
    (tmp_path / "empty").mkdir()
    (tmp_path / "readme.txt").write_text("hello")
    path = str(tmp_path / bad)
    failed = shell.registry("build", *inputs(tmp_path), path, "-o", str(target))
    assert (failed.code, failed.out) == (2, "")
    assert failed.err.startswith(f"error: {path}: ")
    assert not target.exists()


def test_a_folder_that_is_a_file(shell: Shell, tmp_path: Path) -> None:
    target = tmp_path / "built"
    target.write_text("mine")
    failed = shell.registry("build", *inputs(tmp_path), "-o", str(target))
    assert failed.code == 2
    assert failed.err.startswith(f"error: {target}: cannot be written: ")
    assert target.read_text() == "mine"
