from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from comfylock.cli.outdated_text import survey_text
from comfylock.cli.text import Style, cells
from comfylock.lockfile.schema import Lock, ModelPin, WorkflowEntry
from comfylock.resolve.newest import Newer, Survey
from tests.functional.shell import everything
from tests.functional.verbs import call, data, project
from tests.locks import from_git, release
from tests.services.comfy_registry import RegistryService, registry_serving
from tests.services.git_server import Fault, GitServer, git_serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.project import Run


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMFYLOCK_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[RegistryService]:
    with registry_serving() as running:
        monkeypatch.setenv("COMFYLOCK_REGISTRY_URL", running.url)
        running.publish("alpha", "1.2.0")
        running.publish("alpha", "1.10.0")
        running.publish("beta", "1.2.0")
        yield running


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitServer]:
    with git_serving(str(tmp_path / "served")) as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        yield server


def lock(host: GitServer) -> Lock:
    """Two packs of the registry, one of git with a newer release, a model of nowhere."""
    repository = host.repository("github.com/carl/gamma")
    old = repository.commit({"a.py": b"1"})
    repository.tag("v1.0", old)
    repository.tag("v1.1", repository.commit({"a.py": b"2"}, when="1750000000 +0000"))
    return Lock(
        workflows=(
            WorkflowEntry("workflows/first.json", ("alpha",)),
            WorkflowEntry("workflows/second.json", ("beta", "carl/gamma"), ("vae/mine.pt",)),
        ),
        packs=(release("alpha"), release("beta"), from_git(commit=old, version="v1.0")),
        models=(ModelPin("mine.pt", "vae", "local"),),
    )


def test_what_is_newer(run: Run, registry: RegistryService, host: GitServer) -> None:
    project(run, lock(host))
    before = everything(run.folder / "workflows"), (run.folder / "comfy.lock").read_bytes()
    assert call(run, "outdated", "--newer-only") == 0, run.err
    head, alpha, gamma, mine = run.out.splitlines()
    assert head.split() == ["name", "locked", "newest", "date"]
    assert alpha.split()[:3] == ["alpha", "1.2.0", "1.10.0"]
    assert gamma.split()[0::2] == ["carl/gamma", "v1.1"]
    assert gamma.endswith("  2025-06-15")
    assert mine == "vae/mine.pt: the user brings it"
    assert call(run, "outdated", "--exit-code", "--newer-only") == 1
    assert [entry["move"] for entry in data(run, "outdated", "--newer-only")["entries"]] == [
        None
    ] * 4
    assert (
        everything(run.folder / "workflows"),
        (run.folder / "comfy.lock").read_bytes(),
    ) == before
    assert registry.installs == 0


@pytest.mark.usefixtures("registry")
def test_only_some_names(run: Run, host: GitServer) -> None:
    project(run, lock(host))
    assert call(run, "outdated", "beta", "--exit-code") == 0
    assert run.out == "nothing newer for 1 pin\n"
    assert host.asked == []
    names = [entry["name"] for entry in data(run, "outdated", "workflows/second.json")["entries"]]
    assert names == ["beta", "carl/gamma", "vae/mine.pt"]
    assert call(run, "outdated", "alfa") == 2
    assert "nothing called `alfa` is locked" in run.err


@pytest.mark.usefixtures("registry")
def test_a_service_that_is_away(run: Run, host: GitServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)  # between the attempts
    project(run, lock(host))
    host.faults["github.com/carl/gamma"] = Fault(500)
    assert call(run, "outdated", "--exit-code") == 3
    assert run.out.splitlines()[1].startswith("alpha")
    assert "error: github.com: " in run.err
    assert "(asked about carl/gamma)" in run.err
    found = data(run, "outdated", "--newer-only")
    assert found["unreachable"][0]["subjects"] == ["carl/gamma"]
    assert found["facts"]["comfy-registry"] == {"needed": 2, "asked": 0}


@pytest.mark.usefixtures("registry")
def test_offline_nothing_is_asked(run: Run, host: GitServer) -> None:
    project(run, lock(host))
    assert call(run, "outdated", "--offline") == 3
    assert "is not known offline" in run.err
    assert run.err.count("hint: run once without --offline\n") == 1
    assert "vae/mine.pt: the user brings it\n" in run.out
    assert call(run, "outdated", "alpha") == 0
    assert call(run, "outdated", "alpha", "--offline") == 0
    assert run.out.splitlines()[1].startswith("alpha")


def test_without_a_lock_or_a_folder(run: Run) -> None:
    assert call(run, "outdated") == 2
    assert "hint: comfylock lock" in run.err
    assert call(run, "outdated", "-C", "gone") == 2
    assert "gone: there is no such folder" in run.err


@pytest.mark.parametrize("columns", [20, 45, 80])
def test_narrow_terminals_and_hostile_names(columns: int) -> None:
    evil = "\x1b[2J\u202eevil" + "漢" * 60
    old = Newer("pack", evil, "git", evil, "outdated", evil, evil)
    odd = Newer("model", evil, "url", evil, "unknown", note=evil)
    text = survey_text(Survey((old, odd)), Style("never", sys.stdout), columns, verbose=True)
    assert not set(text) & set("\x1b\u202e")
    assert max(cells(line) for line in text.splitlines()) <= columns


def test_notes_of_what_is_current_are_for_the_curious() -> None:
    entry = Newer("model", "a", "huggingface", "x", "current", note="one commit was asked for")
    style = Style("never", sys.stdout)
    assert survey_text(Survey((entry,)), style, 80) == "nothing newer for 1 pin\n"
    assert "a: one commit was asked for\n" in survey_text(Survey((entry,)), style, 80, verbose=True)


def test_room_that_names_do_not_need_is_for_versions() -> None:
    locked = "b18396daa3 (2023-11-14)"
    entry = Newer("pack", "acme/fp", "git", locked, "outdated", "09878cbca1", "2023-11-15")
    text = survey_text(Survey((entry,)), Style("never", sys.stdout), 80)
    assert text.splitlines()[1] == f"acme/fp  {locked}  09878cbca1  2023-11-15"
