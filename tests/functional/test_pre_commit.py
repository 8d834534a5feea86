"""The hooks for pre-commit: what starts them, what they run, and a real run of both."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from comfylock.lockfile.write import write_lock
from tests.functional.verbs import FIRST, SECOND, call, commit, git, locked, project
from tests.locks import release

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.project import Run

ROOT = Path(__file__).parents[2]
HOOKS: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
BY_ID = {hook["id"]: hook for hook in HOOKS}
DOCUMENT = (ROOT / "docs" / "ci.md").read_text("utf-8")


def test_there_are_two_and_both_are_documented() -> None:
    assert list(BY_ID) == ["comfylock-check", "comfylock-lock"]
    for hook in HOOKS:
        assert f"| `{hook['id']}` | `{hook['entry']}`" in DOCUMENT
        assert (hook["language"], hook["pass_filenames"]) == ("python", False)
        assert hook["require_serial"]


@pytest.mark.parametrize(
    "path",
    [
        "comfy.lock",
        "sub/comfylock.toml",
        "pyproject.toml",
        "workflows/a.json",
        "Workflows/A.JSON",
        "shots/image.png",
        "a.webp",
        "clip.mp4",
        "sound.flac",
        "src/build.ts",
        "src/build.py",
        "model.glb",
    ],
)
def test_what_starts_them(path: str) -> None:
    assert all(re.search(hook["files"], path) for hook in HOOKS)


@pytest.mark.parametrize(
    "path",
    ["README.md", "Dockerfile", "poetry.lock", "my-comfy.lock.txt", "xcomfy.lock", "a.jsonx"],
)
def test_what_does_not(path: str) -> None:
    assert not any(re.search(hook["files"], path) for hook in HOOKS)


def test_the_check_is_a_command_that_tells_the_truth(run: Run) -> None:
    words = shlex.split(BY_ID["comfylock-check"]["entry"])[1:]
    project(run)
    assert call(run, *words) == 0
    run.write("comfy.lock", write_lock(locked(packs=(*locked().packs, release("extra")))))
    assert call(run, *words) == 1
    assert call(run, *words, "-C", "nowhere") == 2


# for real


@pytest.fixture(scope="module")
def pre_commit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """pre-commit in an environment of its own."""
    home = tmp_path_factory.mktemp("pre-commit")
    subprocess.run([sys.executable, "-m", "venv", str(home)], check=True, capture_output=True)
    python = str(home / ("Scripts" if os.name == "nt" else "bin") / "python")
    done = subprocess.run(
        [python, "-m", "pip", "install", "-q", "pre-commit"], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip(f"pip cannot install pre-commit: {done.stderr.decode()[-300:]}")
    patch = pytest.MonkeyPatch()
    patch.setenv("PRE_COMMIT_HOME", str(home / "cache"))
    yield [python, "-m", "pre_commit"]
    patch.undo()


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This repository as it stands, committed."""
    folder = tmp_path_factory.mktemp("repository") / "comfylock"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    commit(folder, "all")
    return folder


def tried(
    command: list[str], repository: Path, run: Run, hook: str, *words: str
) -> subprocess.CompletedProcess[str]:
    """Run a hook as `pre-commit try-repo` does."""
    done = subprocess.run(
        [*command, "try-repo", str(repository), hook, "--all-files", "--verbose", *words],
        cwd=run.folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NO_COLOR": "1"},
    )
    if "InstallationError" in done.stdout or "pip', 'install'" in done.stdout:
        pytest.skip(f"pip cannot build the hook's environment: {done.stdout[-300:]}")
    return done


@pytest.mark.system
def test_try_repo_checks(pre_commit: list[str], repository: Path, run: Run) -> None:
    project(run)
    commit(run.folder)
    done = tried(pre_commit, repository, run, "comfylock-check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "comfy.lock is current: 2 packs and 1 model of 2 workflows" in done.stdout
    run.write("comfy.lock", write_lock(locked(packs=(*locked().packs, release("extra")))))
    commit(run.folder)
    done = tried(pre_commit, repository, run, "comfylock-check")
    assert done.returncode == 1
    assert "comfy.lock is not current" in done.stdout
    assert "[OrphanPin]" in done.stdout


@pytest.mark.system
def test_try_repo_locks(pre_commit: list[str], repository: Path, run: Run) -> None:
    """What is pinned stays, so that no service is asked; what is gone goes."""
    run.write("workflows/first.json", FIRST)
    run.write("workflows/second.json", SECOND)
    run.write("comfy.lock", write_lock(locked(packs=(*locked().packs, release("extra")))))
    run.write("comfylock.toml", b"[comfyui]\npin = false\n")
    commit(run.folder)
    done = tried(pre_commit, repository, run, "comfylock-lock")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "files were modified by this hook" in done.stdout
    text = (run.folder / "comfy.lock").read_text("utf-8")
    assert 'name = "extra"' not in text
    assert 'name = "alpha"' in text
    commit(run.folder)
    assert tried(pre_commit, repository, run, "comfylock-lock").returncode == 0
    assert git(run.folder, "status", "--porcelain") == ""


@pytest.mark.system
def test_other_files_start_nothing(pre_commit: list[str], repository: Path, run: Run) -> None:
    run.write("README.md", b"x\n")
    shutil.rmtree(run.folder / ".comfylock")  # the tests' own registry, in JSON
    commit(run.folder)
    done = tried(pre_commit, repository, run, "comfylock-check")
    assert done.returncode == 0
    assert "no files to check" in done.stdout
