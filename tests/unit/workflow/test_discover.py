from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from comfylock.workflow.discover import Candidate, Missing, Repeated, discover

Tree = Callable[..., Path]


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """Make files in a folder that is the current one."""
    monkeypatch.chdir(tmp_path)

    def make(*names: str) -> Path:
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("{}", "utf-8")
        return tmp_path

    return make


def files(*paths: str) -> list[str]:
    return [found.path for found in discover(paths) if isinstance(found, Candidate)]


def missing(*paths: str) -> list[tuple[str, str]]:
    return [(m.path, m.message) for m in discover(paths) if isinstance(m, Missing)]


def test_folders_are_read_in_name_order(tree: Tree) -> None:
    tree("b/2.json", "b/10.json", "a/z.json", "c.json", "B.json")
    assert files(".") == ["./B.json", "./c.json", "./a/z.json", "./b/10.json", "./b/2.json"]


def test_a_named_file_is_named_and_a_found_one_is_not(tree: Tree) -> None:
    tree("a.json", "d/b.json")
    assert list(discover(["a.json", "d"])) == [
        Candidate("a.json", is_named=True),
        Candidate("d/b.json", is_named=False, group=1),
    ]


def test_each_file_comes_once(tree: Tree) -> None:
    tree("d/a.json")
    assert list(discover(["d", "d/", "./d/a.json"])) == [
        Candidate("d/a.json", is_named=True),
        Repeated("d/a.json", 1),
        Repeated("./d/a.json", 2),
    ]


def test_groups_may_go_by_other_numbers(tree: Tree) -> None:
    tree("a", "b")
    assert [found.group for found in discover(["a", "b", "c"], [3, 5, 9])] == [3, 5, 9]


def test_other_peoples_folders_are_left_out_and_hidden_ones_are_not(tree: Tree) -> None:
    tree(".git/x.json", "node_modules/p/x.json", "__pycache__/x.json", ".keep/a.json", "a.json")
    assert files(".") == ["./a.json", "./.keep/a.json"]
    assert files("node_modules/p") == ["node_modules/p/x.json"]


def test_standard_input_is_a_name(tree: Tree) -> None:
    tree()
    assert list(discover(["-", "-"])) == [Candidate("-", is_named=True), Repeated("-", 1)]


def test_what_is_not_there(tree: Tree) -> None:
    tree("a.json")
    assert missing("nothing.json", "a.json/b", "x*.json", "\0", "x" * 5000) == [
        ("nothing.json", "there is no such file or folder"),
        ("a.json/b", "cannot be read: not a directory"),
        ("x*.json", "matches no file"),
        ("\0", "is no path"),
        ("x" * 5000, "cannot be read: file name too long"),
    ]


def test_patterns(tree: Tree) -> None:
    tree("a/1.json", "a/b/2.json", "c/3.json", "c/4.txt", "[x].json", ".h/5.json")
    assert files("*/*.json") == ["a/1.json", "c/3.json"]
    assert files("**/*.json") == ["[x].json", "a/1.json", "a/b/2.json", "c/3.json"]
    assert files("a/**") == ["a/1.json", "a/b/2.json"]
    assert files("[ac]") == ["a/1.json", "a/b/2.json", "c/3.json", "c/4.txt"]
    assert files("[x].json") == ["[x].json"]
    assert all(not found.is_named for found in discover(["*.json"]) if isinstance(found, Candidate))


def test_an_absolute_pattern(tree: Tree) -> None:
    root = tree("a/1.json", "a/b/2.json")
    assert files(f"{root}/**/*.json") == [f"{root}/a/1.json", f"{root}/a/b/2.json"]


def test_links_to_folders_are_not_followed_and_links_to_files_are(tree: Tree) -> None:
    root = tree("a/1.json", "elsewhere/2.json")
    (root / "a" / "loop").symlink_to("..")
    (root / "a" / "self").symlink_to(".")
    (root / "a" / "link.json").symlink_to("../elsewhere/2.json")
    (root / "a" / "gone.json").symlink_to("nowhere")
    (root / "a" / "circle").symlink_to("circle")
    assert files("a") == ["a/1.json", "a/link.json"]
    assert files("a/**/*.json") == ["a/1.json", "a/link.json"]
    assert files("**") == ["a/1.json", "a/link.json", "elsewhere/2.json"]
    assert missing("a/circle") == [
        ("a/circle", "cannot be read: too many levels of symbolic links")
    ]


def test_a_named_link_to_a_folder_is_followed(tree: Tree) -> None:
    root = tree("real/1.json")
    (root / "link").symlink_to("real")
    assert files("link") == ["link/1.json"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
def test_pipes_are_never_waited_for(tree: Tree) -> None:
    root = tree("d/a.json")
    os.mkfifo(root / "d" / "pipe.json")
    os.mkfifo(root / "d" / ".gitignore")
    assert files("d") == ["d/a.json"]
    assert missing("d/pipe.json") == [("d/pipe.json", "is neither a file nor a folder")]


@pytest.mark.skipif(os.name == "nt", reason="needs bytes as names")
def test_names_that_are_no_text(tree: Tree) -> None:
    root = tree("a.json")
    raw = os.path.join(os.fsencode(root), b"\xff\xfe.json")
    with open(raw, "wb") as stream:
        stream.write(b"{}")
    assert files(".") == ["./a.json", "./" + os.fsdecode(b"\xff\xfe.json")]


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may read everything"
)
def test_a_folder_that_may_not_be_read(tree: Tree) -> None:
    root = tree("d/a.json", "e/b.json")
    (root / "d").chmod(0)
    try:
        assert missing("d") == [("d", "cannot be read: permission denied")]
        assert files(".") == ["./e/b.json"]
    finally:
        (root / "d").chmod(0o700)


def test_folders_deeper_than_python_recurses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = tmp_path / "d"
    top.mkdir()
    (top / "a.json").write_text("{}", "utf-8")
    monkeypatch.chdir(top)
    try:
        for _ in range(1200):
            os.mkdir("d")
            os.chdir("d")
        monkeypatch.chdir(tmp_path)
        assert files("d") == ["d/a.json"]
    finally:  # nothing else can remove it
        monkeypatch.chdir(tmp_path)
        while (top / "d").exists():
            halves = [top / "d"]
            while len(halves) < 400 and (halves[-1] / "d").exists():
                halves.append(halves[-1] / "d")
            halves[-1].rename(tmp_path / "rest")
            for path in reversed(halves[:-1]):
                path.rmdir()
            (tmp_path / "rest").rename(top / "d")
            if not (top / "d" / "d").exists():
                (top / "d").rmdir()


def test_a_folder_above_repeats_what_is_named_below(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tree("here/a.json", "b.json") / "here")
    found = [each for each in discover(["..", "a.json"]) if isinstance(each, Candidate)]
    assert [os.path.basename(each.path) for each in found] == ["b.json", "a.json"]
    assert [each.is_named for each in found] == [False, True]


def test_an_ignored_folder_is_read_when_it_is_named(tree: Tree) -> None:
    root = tree("out/a.json", "out/b.json", "out/deep/c.json", "kept/d.json")
    (root / ".git").mkdir()
    (root / ".gitignore").write_text("out/\n", "utf-8")
    (root / "out" / ".gitignore").write_text("b.json\n", "utf-8")
    assert files(".") == ["./.gitignore", "./kept/d.json"]
    assert files("out") == ["out/.gitignore", "out/a.json", "out/deep/c.json"]
    assert files("out/deep") == ["out/deep/c.json"]
