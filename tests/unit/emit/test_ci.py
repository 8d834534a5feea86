"""The GitHub workflow: what it watches, what it may do, and that nothing slips into a command."""

from __future__ import annotations

import fnmatch
import re
from typing import Any

import pytest
import yaml

from comfylock.config.emit import EmitSettings
from comfylock.emit.ci import ACTIONS, NAME, generate
from comfylock.emit.planning import plan_of
from comfylock.errors import EmitError
from comfylock.lockfile.mark import marked_digest
from comfylock.lockfile.schema import Options
from tests.locks import SHA, small


def text(*inputs: str, **settings: Any) -> str:
    lock = small(options=Options(inputs=inputs), workflows=())
    (file,) = generate(plan_of(lock, SHA, EmitSettings(**settings)))
    assert file.name == NAME
    assert marked_digest(file.data) == SHA
    return file.data.decode()


def workflow(*inputs: str, **settings: Any) -> dict[str, Any]:
    loaded: dict[Any, Any] = yaml.safe_load(text(*inputs, **settings))
    loaded["on"] = loaded.pop(True)  # YAML 1.1 takes `on` for yes; GitHub does not
    return loaded


def steps(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in found["jobs"].values() for step in job["steps"]]


def test_it_may_read_and_nothing_else() -> None:
    found = workflow("workflows", output="deploy")
    assert found["permissions"] == {"contents": "read"}
    assert not any("permissions" in job for job in found["jobs"].values())
    for step in steps(found):
        if "checkout" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False


def test_actions_stand_at_commits_with_their_versions_behind() -> None:
    told = text("workflows", output="deploy")
    uses = re.findall(r"uses: (\S+)(.*)", told)
    assert len(uses) == 5
    for action, behind in uses:
        assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", action)
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", behind)
    assert {action.partition("@")[0].partition("/")[2] for action, _ in uses} == set(ACTIONS)


def test_commands_are_fixed_texts() -> None:
    for step in steps(workflow("workflows", output="deploy")):
        assert "${{" not in step.get("run", "")
    one, other = text("a", output="x"), text("b;rm -rf $HOME", output="y")
    runs = re.compile(r"run: .*")
    assert runs.findall(one) == runs.findall(other)


def test_secrets_go_to_the_one_step_that_asks_services() -> None:
    told = [step for step in steps(workflow("workflows", output="d")) if "secrets." in str(step)]
    assert [step["run"] for step in told] == ["comfylock lock"]


def test_it_watches_what_can_make_the_lock_stale() -> None:
    found = workflow("extra/*.json", "one.json", "workflows", output="deploy")
    paths = found["on"]["push"]["paths"]
    assert found["on"]["pull_request"]["paths"] == paths == sorted(paths)
    for path in (
        "comfy.lock",
        "comfylock.toml",
        "pylock.comfy.toml",
        "one.json",
        "workflows/a.json",
        "extra/b.json",
        "deploy/Dockerfile",
        NAME,
    ):
        assert any(fnmatch.fnmatchcase(path, pattern) for pattern in paths), path
    assert not any(fnmatch.fnmatchcase("src/main.py", pattern) for pattern in paths)
    assert workflow(".")["on"]["push"]["paths"] == ["**"]


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("!a", "\\!a"),
        ("a+b", "a\\+b"),
        ("a?.json", "a*.json"),
        ('a "b": #c', 'a "b": #c'),
        ("- x", "- x"),
        ("*anchor", "*anchor"),
        ("ü/模型", "ü/模型"),
    ],
)
def test_paths_are_github_s_patterns(path: str, pattern: str) -> None:
    assert pattern in workflow(path)["on"]["push"]["paths"]


def test_a_path_that_would_be_a_term_is_refused() -> None:
    with pytest.raises(EmitError, match="cannot be told to GitHub"):
        text("a/${{ github.token }}")


def test_without_an_output_nothing_emitted_is_checked() -> None:
    commands = [step.get("run") for step in steps(workflow("a"))]
    assert "comfylock emit --check" not in commands
    assert "comfylock emit all" not in commands
    lock = small()
    assert "nobody says where that is" in str(generate(plan_of(lock, SHA))[0].notes)
    whole = EmitSettings(output="deploy")
    assert len(generate(plan_of(lock, SHA, whole))[0].notes) == 1
    commands = [step.get("run") for step in steps(workflow("a", output="deploy"))]
    assert {"comfylock lock --check", "comfylock verify", "comfylock emit --check"} <= {*commands}


def test_what_is_offered_for_download() -> None:
    upload = steps(workflow("a", output="deploy"))[-1]
    kept = upload["with"]["path"].split("\n")
    assert kept == ["comfy.lock", "pylock*.toml", "deploy/", NAME]
