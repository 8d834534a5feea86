from __future__ import annotations

import os
import subprocess
from pathlib import Path

import msgspec
import pytest

from comfylock.errors import RegistryError
from comfylock.registry import build_git as git
from comfylock.registry.build import read_inputs
from comfylock.registry.build_facts import CoreHistory, RecordedPack
from comfylock.registry.build_record import (
    declared_repository,
    encode_recording,
    is_comfyui,
    is_manager,
    record_comfyui,
    record_manager,
    record_pack,
)

VERSION = '__version__ = "0.3.9"'
URL = "https://github.com/ann/comfyui-pens"


class Repository:
    """A small git repository whose commits lie months apart."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.month = 0
        self.run("init", "-q", "-b", "main")

    @property
    def directory(self) -> str:
        return os.path.join(self.folder, ".git")

    def commit(self, files: dict[str, str] | None = None) -> None:
        for name, text in (files or {}).items():
            path = os.path.join(self.folder, *name.split("/"))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        self.month += 1
        self.run("add", "-A")
        day = f"2024-{self.month:02}-01T00:00:00Z"
        self.run("commit", "-q", "-m", "state", "--allow-empty", day=day)

    def run(self, *arguments: str, day: str = "2024-01-01T00:00:00Z") -> None:
        identity = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
        environment = {**os.environ, "GIT_COMMITTER_DATE": day, "GIT_AUTHOR_DATE": day}
        environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        command = ["git", *identity, *arguments]
        subprocess.run(command, cwd=self.folder, env=environment, check=True)


@pytest.fixture
def repository(tmp_path: object) -> Repository:
    return Repository(str(tmp_path))


def mapping(*names: str) -> str:
    entries = ", ".join(f'"{name}": Node' for name in names)
    return f"class Node:\n    pass\n\n\nNODE_CLASS_MAPPINGS = {{{entries}}}\n"


def project(name: str, repository: str = URL) -> str:
    return (
        f'[project]\nname = "{name}"\n[project.urls]\nRepository = "{repository}"\n[tool.comfy]\n'
    )


def test_a_git_directory_is_found_beside_its_work_tree(repository: Repository) -> None:
    assert git.git_directory(repository.folder) == repository.directory
    assert git.git_directory(repository.directory) == repository.directory
    assert git.git_directory(os.path.join(repository.directory, "objects")) is None


@pytest.mark.parametrize(
    "told",
    [
        "",
        "gitdir:",
        "gitdir: /nowhere/at/all",
        "gitdir: .\nHEAD",
        "gitdir: \0",
        "x" * 9000,
        "gitdir: .",
    ],
)
def test_a_link_to_no_git_directory_is_none(tmp_path: Path, told: str) -> None:
    (tmp_path / ".git").write_text(told)
    assert git.git_directory(str(tmp_path)) is None


def test_the_git_directory_of_a_worktree_has_its_objects_elsewhere(
    repository: Repository, tmp_path: Path
) -> None:
    repository.commit({"a.py": "1"})
    other = tmp_path / "other"
    repository.run("worktree", "add", "-q", str(other))
    found = git.git_directory(str(other))
    assert found is not None
    assert git.resolve(found, "HEAD") == git.resolve(repository.directory, "HEAD")
    (Path(found) / "commondir").write_text("../nowhere")
    assert git.git_directory(str(other)) is None


def test_commits_come_newest_first_and_only_those_that_touch_a_path(repository: Repository) -> None:
    repository.commit({"a.py": "1"})
    repository.commit({"b.py": "2"})
    found = git.commits(repository.directory)
    assert [commit.date for commit in found] == ["2024-02-01", "2024-01-01"]
    assert git.commits(repository.directory, ("a.py",)) == found[1:]
    assert git.commits(repository.directory, limit=1) == found[:1]


def test_links_and_other_files_are_not_exported(repository: Repository, tmp_path: object) -> None:
    os.symlink("/etc/passwd", os.path.join(repository.folder, "link.py"))
    repository.commit({"sub/a.py": "1", "notes": "x"})
    commit = git.commits(repository.directory)[0]
    target = os.path.join(str(tmp_path), "out")
    assert git.export(repository.directory, commit.id, (".py",), target) == 1
    assert os.listdir(target) == ["sub"]


@pytest.mark.parametrize("path", ["../a", "/a", "a/../b", ".git/config", "a\\b", "c:x", ""])
def test_paths_that_leave_the_folder_are_refused(path: str) -> None:
    assert not git.is_contained(path)


def test_a_file_that_is_not_there_is_none(repository: Repository) -> None:
    repository.commit({"a.py": "1"})
    commit = git.commits(repository.directory)[0]
    assert git.read_text(repository.directory, commit.id, "a.py") == "1"
    assert git.read_text(repository.directory, commit.id, "b.py") is None
    assert git.read_text(repository.directory, "HEAD", "a.py") is None


def test_each_state_of_a_file_is_read_once(repository: Repository) -> None:
    for text in ("1", "2", "1"):
        repository.commit({"a.py": text})
    found = git.commits(repository.directory)
    states = list(git.read_states(repository.directory, "a.py", found))
    assert states == [(found[0].id, b"1"), (found[1].id, b"2")]


@pytest.mark.parametrize(
    ("name", "limit"), [("_MAX_BLOB", 3), ("_MAX_TOTAL", 5), ("_MAX_BLOBS", 1)]
)
def test_what_is_read_has_limits(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, name: str, limit: int
) -> None:
    repository.commit({"a.py": "123", "b.py": "1234"})
    monkeypatch.setattr(git, name, limit)
    commit = git.commits(repository.directory)[0]
    assert [blob.path for blob in git.blobs(repository.directory, commit.id, (".py",))] == ["a.py"]


def test_refusals_are_registry_errors(repository: Repository) -> None:
    with pytest.raises(RegistryError, match="git refuses"):
        git.commits(repository.directory)
    with pytest.raises(RegistryError, match="40 hex digits"):
        git.blobs(repository.directory, "--output=x", (".py",))


def test_a_pack_is_read_at_several_states(repository: Repository) -> None:
    repository.commit(
        {"__init__.py": mapping("Quill", "Pen"), "pyproject.toml": project("old-pens")}
    )
    for _ in range(3):
        repository.commit()
    repository.commit(
        {
            "__init__.py": mapping("Pen"),
            "pyproject.toml": project("comfyui-pens", "https://github.com/ann/pens"),
        }
    )
    found = record_pack(repository.directory, URL)
    assert found.class_types == ("Pen",)
    assert found.earlier == ("Quill",)
    assert found.id == "comfyui-pens"
    assert found.former_ids == ("old-pens",)
    assert found.declared == ("https://github.com/ann/pens",)
    assert found.date == "2024-05-01"
    assert declared_repository(repository.directory) == "https://github.com/ann/pens"


def test_one_state_is_read_where_one_is_asked_for(repository: Repository) -> None:
    repository.commit({"__init__.py": mapping("Quill")})
    repository.commit({"__init__.py": mapping("Pen")})
    assert record_pack(repository.directory, URL, states=1).earlier == ()
    assert record_pack(repository.directory, URL).earlier == ("Quill",)


def test_a_recording_reads_back(repository: Repository) -> None:
    repository.commit({"__init__.py": mapping("Pen")})
    found = record_pack(repository.directory, URL)
    text = encode_recording(found)
    assert msgspec.json.decode(text, type=RecordedPack) == found
    assert b"earlier" not in text


def test_comfyuis_history_gives_first_and_last_versions(repository: Repository) -> None:
    repository.commit({"README": "x"})
    assert not is_manager(repository.directory)
    repository.commit(
        {
            "nodes.py": mapping("Old", "Gone"),
            "pyproject.toml": 'version = "0.3.9"',
            "comfy/sd.py": "",
        }
    )
    repository.commit({"nodes.py": mapping("Old", "Gone", "Unreleased")})
    repository.commit(
        {
            "nodes.py": mapping("Old", "New"),
            "comfyui_version.py": '__version__ = "0.3.10"\n',
        }
    )
    found = record_comfyui(repository.directory)
    assert is_comfyui(repository.directory)
    assert found.versions == ("0.3.9", "0.3.10")
    assert found.class_types == {
        "Gone": ("0.3.9", "0.3.10"),
        "New": ("0.3.10", ""),
        "Old": ("0.3.9", ""),
    }
    assert msgspec.json.decode(encode_recording(found), type=CoreHistory) == found


def test_former_lists_hold_what_a_later_state_dropped(repository: Repository) -> None:
    name = "extension-node-map.json"
    repository.commit({name: '{"u": [["A", "B"], {}], "v": [["C"], {}]}'})
    repository.commit({name: "{damaged"})
    repository.commit({name: '{"u": [["A"], {}]}'})
    found = record_manager(repository.directory)
    assert is_manager(repository.directory)
    assert found.former == {"u": ("B",), "v": ("C",)}


def test_git_directories_are_inputs_of_the_build(repository: Repository) -> None:
    repository.commit({"__init__.py": mapping("Pen")})
    with pytest.raises(RegistryError, match="nothing in it"):
        read_inputs([repository.folder])
    repository.commit({"pyproject.toml": project("comfyui-pens")})
    (pack,) = read_inputs([repository.folder]).recorded
    assert (pack.repository, pack.class_types) == (URL, ("Pen",))
    repository.commit({"extension-node-map.json": '{"u": [["A"], {}]}'})
    assert read_inputs([repository.directory]).former[0].former == {}
    files = {"comfy/sd.py": "", "nodes.py": mapping("K"), "comfyui_version.py": VERSION}
    repository.commit(files)
    assert read_inputs([repository.folder]).histories[0].class_types == {"K": ("0.3.9", "")}
