from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from comfylock.workflow.discover import Candidate, discover

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is the judge")

FILES = [
    "a.json",
    "b.json",
    "keep.json",
    "sub/a.json",
    "sub/b.json",
    "sub/keep.json",
    "sub/deep/a.json",
    "sub/deep/x.json",
    "build/a.json",
    "build/keep.json",
    "other/build/a.json",
    "out put/a b.json",
    "out put/!odd.json",
    "é/ü.json",
    "#hash.json",
    "trail .json",
]

RULES: dict[str, dict[str, str]] = {
    "nothing": {},
    "a name": {".gitignore": "a.json\n"},
    "a pattern": {".gitignore": "*.json\n!keep.json\n"},
    "anchored": {".gitignore": "/a.json\n/sub/b.json\n"},
    "a folder": {".gitignore": "build/\n"},
    "an anchored folder": {".gitignore": "/build\n"},
    "a file that only folders match": {".gitignore": "a.json/\n"},
    "stars": {".gitignore": "sub/**/a.json\n**/build\n"},
    "stars at the end": {".gitignore": "sub/**\n"},
    "no way back into an ignored folder": {".gitignore": "build/\n!build/keep.json\n"},
    "a way back past a star": {".gitignore": "build/*\n!build/keep.json\n"},
    "order decides": {".gitignore": "!a.json\na.json\n*.json\n!b.json\n"},
    "nested rules": {".gitignore": "a.json\n", "sub/.gitignore": "!a.json\nb.json\n"},
    "deeper rules": {".gitignore": "*.json\n", "sub/deep/.gitignore": "!x.json\n"},
    "nested and anchored": {"sub/.gitignore": "/a.json\ndeep/x.json\n"},
    "comments and blanks": {".gitignore": "# a.json\n\n   \n\\#hash.json\n"},
    "escapes": {".gitignore": "out\\ put/\n\\!odd.json\n"},
    "trailing blanks": {".gitignore": "a.json   \ntrail\\ .json\n"},
    "classes": {".gitignore": "[ab].json\nsub/[!k]*.json\n"},
    "question marks": {".gitignore": "b.jso?\n"},
    "names of other scripts": {".gitignore": "é/\n"},
    "Windows line ends": {".gitignore": "a.json\r\nbuild/\r\n"},
    "a byte order mark": {".gitignore": "\ufeffa.json\n"},
    "separators that only Unicode knows": {".gitignore": "a.json\u2028b.json\n"},
    "broken patterns": {".gitignore": "[\n!\n/\n**\\\nb.json\n"},
    "excluded by the repository": {".git/info/exclude": "a.json\n", "sub/.gitignore": "!a.json\n"},
}


def make(root: Path, rules: dict[str, str]) -> None:
    subprocess.run(["git", "init", "-q", str(root)], check=True, capture_output=True)
    for name in FILES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("{}", "utf-8")
    for name, text in rules.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(text.encode())


def kept_by_git(root: Path, start: str = ".") -> set[str]:
    command = ["git", "ls-files", "-z", "--others", "--cached", "--exclude-standard", "--", start]
    done = subprocess.run(command, cwd=root, check=True, capture_output=True)
    names = done.stdout.decode().split("\0")
    return {name for name in names if name.endswith(".json")}


def kept(root: Path, start: str = ".") -> set[str]:
    found = discover([str(root / start)])
    paths = {item.path for item in found if isinstance(item, Candidate)}
    return {os.path.relpath(path, root) for path in paths if path.endswith(".json")}


@pytest.mark.parametrize("name", RULES)
def test_what_git_ignores_is_left_out(tmp_path: Path, name: str) -> None:
    make(tmp_path, RULES[name])
    assert kept(tmp_path) == kept_by_git(tmp_path)


@pytest.mark.xfail(strict=True, reason="pathspec weighs patterns that end in a slash lower")
def test_a_way_back_through_folders_under_two_stars(tmp_path: Path) -> None:
    make(tmp_path, {".gitignore": "sub/**\n!sub/deep/\n!sub/deep/x.json\n"})
    assert kept(tmp_path) == kept_by_git(tmp_path)


@pytest.mark.parametrize("name", ["a name", "nested rules", "deeper rules", "anchored"])
def test_rules_above_the_given_folder_count(tmp_path: Path, name: str) -> None:
    make(tmp_path, RULES[name])
    assert kept(tmp_path, "sub") == kept_by_git(tmp_path, "sub")


def test_a_named_file_is_taken_though_git_ignores_it(tmp_path: Path) -> None:
    make(tmp_path, {".gitignore": "*.json\n"})
    assert list(discover([str(tmp_path / "a.json")])) == [
        Candidate(str(tmp_path / "a.json"), is_named=True)
    ]


def test_rules_hold_without_a_repository_too(tmp_path: Path) -> None:
    make(tmp_path, {".gitignore": "a.json\n"})
    shutil.rmtree(tmp_path / ".git")
    assert "a.json" not in kept(tmp_path)
    assert "b.json" in kept(tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="needs bytes as names")
def test_rules_that_are_no_text(tmp_path: Path) -> None:
    make(tmp_path, {})
    (tmp_path / ".gitignore").write_bytes(b"\xff\xfe.json\n")
    with open(os.path.join(os.fsencode(tmp_path), b"\xff\xfe.json"), "wb") as stream:
        stream.write(b"{}")
    assert kept(tmp_path) == set(FILES)
