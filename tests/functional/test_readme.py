"""What the README shows is what the command prints."""

from __future__ import annotations

import os
import re
import shutil
from typing import TYPE_CHECKING

from comfylock.cli.main import VERBS, main
from tests.services.examples import fill
from tests.services.world import world_serving

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def read(name: str) -> str:
    with open(os.path.join(ROOT, name), encoding="utf-8") as stream:
        return stream.read()


def test_the_example_is_what_the_command_prints(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = re.search(r"\$ comfylock (analyze .*)\n((?:.*\n)*?)```", read("README.md"))
    assert shown is not None
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "80")
    assert main(shown[1].split()) == 0
    assert capsys.readouterr().out == shown[2]


def test_the_lock_is_what_the_command_prints(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    shown = re.search(r"\$ comfylock (lock .*)\n((?:.*\n)*?)```", read("README.md"))
    assert shown is not None
    project = tmp_path / "examples"
    shutil.copytree(os.path.join(ROOT, "examples"), project)
    monkeypatch.chdir(project)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("COMFYLOCK_CACHE_DIR", str(tmp_path / "cache"))
    with world_serving(str(tmp_path)) as world:
        fill(world)
        for name, value in world.environment.items():
            monkeypatch.setenv(name, value)
        assert main(shown[1].split()) == 0
    assert capsys.readouterr().out == shown[2]


def test_every_verb_is_in_the_readme() -> None:
    text = read("README.md")
    assert all(f"`comfylock {verb} " in text for verb in VERBS)


def test_every_document_that_is_linked_is_there() -> None:
    for name in ["README.md", *(f"docs/{file}" for file in os.listdir(os.path.join(ROOT, "docs")))]:
        for target in re.findall(r"\]\(([\w./-]+\.md)\)", read(name)):
            assert os.path.isfile(os.path.join(ROOT, os.path.dirname(name), target)), target


def test_the_exit_codes_of_the_help_are_those_of_the_readme() -> None:
    text = read("README.md")
    assert all(f"| {code}" in text for code in ("0", "1", "2", "3", "4", "70", "130"))
