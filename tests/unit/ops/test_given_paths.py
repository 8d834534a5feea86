"""Does the library take one path for one path, as a text and as a `Path`?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import comfylock
from comfylock.ops.upgrade_check import Comparison
from comfylock.ops.upgrade_fix import FixedFile, fix_files
from comfylock.registry.store import shared_registry
from tests.definition_sets import INFO, prompt

if TYPE_CHECKING:
    from pathlib import Path

    from comfylock.definitions.signature import DefinitionSet


@pytest.fixture
def known(tmp_path: Path) -> DefinitionSet:
    path = tmp_path / "old.json"
    path.write_text(json.dumps(INFO), "utf-8")
    from_text, _ = comfylock.load_definitions(str(path), shared_registry())
    from_path, _ = comfylock.load_definitions(path, shared_registry())
    assert from_text == from_path
    return from_text


def test_a_text_is_one_path_and_not_one_for_each_letter(
    tmp_path: Path, known: DefinitionSet
) -> None:
    path = tmp_path / "api.json"
    path.write_text(json.dumps(prompt(steps=99)), "utf-8")
    checker = comfylock.Checker(known, shared_registry())
    comparison = Comparison(known, known, shared_registry())
    for given in (str(path), path, [path], (str(path),)):
        (found,) = comfylock.check_workflows(given, checker)
        assert found.path == str(path)
        (impact,) = comfylock.check_upgrade(known, known, given, shared_registry()).impacts
        assert impact.path == str(path)
        mended = [each for each in fix_files(given, comparison) if isinstance(each, FixedFile)]
        assert [each.path for each in mended if each.is_written] == []
