from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

import pytest

from comfylock.cli.cache import size_text
from comfylock.net.cache import Cache
from comfylock.net.interface import Known, Question
from comfylock.ops.cache import cache_folder, cache_root
from comfylock.ops.registry import updated_layer
from tests.functional.shell import everything
from tests.functional.verbs import call, data

if TYPE_CHECKING:
    from pathlib import Path

    from tests.project import Run


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of two answers, one of them old, and files that are not the cache's."""
    root = tmp_path / "the cache"
    monkeypatch.setenv("COMFYLOCK_CACHE_DIR", str(root))
    cache = Cache(str(root / "answers"), time.time)
    for number in range(2):
        question = Question("git", "refs", f"https://example.org/{number}")
        assert cache.keep(question, str, Known("an answer"))
    oldest = next(path for path in sorted(root.rglob("*.json")))
    os.utime(oldest, (time.time() - 10 * 86400,) * 2)
    for path in ("registry/packs.json", "answers/notes.txt", "answers/ab/notes.json", "mine"):
        (root / path).parent.mkdir(exist_ok=True, parents=True)
        (root / path).write_text("{}", "utf-8")
    return root


def test_where_it_is(run: Run, root: Path) -> None:
    assert call(run, "cache", "dir") == 0
    assert run.out == f"{root}\n"
    assert data(run, "cache", "dir") == {"folder": str(root)}


def test_where_it_is_by_default() -> None:
    assert cache_root({"HOME": "/home/me"}) == "/home/me/.cache/comfylock"
    assert cache_root({"HOME": "/home/me", "XDG_CACHE_HOME": "/c"}) == "/c/comfylock"
    assert cache_folder({"COMFYLOCK_CACHE_DIR": "/x"}) == "/x/answers"
    assert cache_root({}).endswith(os.path.join(".cache", "comfylock"))


def test_the_refreshed_lists_are_in_the_same_place(root: Path) -> None:
    assert updated_layer() == str(root / "registry")
    assert cache_root(os.environ) == str(root)


def test_what_it_holds(run: Run, root: Path) -> None:
    size = sum(path.stat().st_size for path in root.rglob("*.json") if len(path.name) > 60)
    assert call(run, "cache", "info") == 0
    assert run.out == f"{root}/answers\n2 answers, {size} bytes\n"
    assert data(run, "cache", "info") == {
        "folder": f"{root}/answers",
        "entries": 2,
        "bytes": size,
    }


def test_a_cache_that_is_not_there_is_empty(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMFYLOCK_CACHE_DIR", str(tmp_path / "none"))
    assert call(run, "cache", "info") == 0
    assert run.out.endswith("0 answers, 0 bytes\n")
    assert call(run, "cache", "clean") == 0
    assert run.out == "Nothing to delete\n"
    assert not (tmp_path / "none").exists()


def test_pruning_deletes_what_is_old(run: Run, root: Path) -> None:
    assert call(run, "cache", "prune") == 0
    assert run.out == "Nothing to delete\n"
    assert call(run, "cache", "prune", "--days", "7") == 0
    assert run.out.startswith("Deleted 1 answer, ")
    assert data(run, "cache", "info")["entries"] == 1
    assert data(run, "cache", "prune", "--days", "0")["entries"] == 1
    assert (root / "registry" / "packs.json").exists()


def test_cleaning_leaves_what_is_not_the_caches(run: Run, root: Path) -> None:
    assert call(run, "cache", "clean", "-q") == 0
    assert run.out == ""
    kept = {"registry/packs.json", "answers/notes.txt", "answers/ab/notes.json", "mine"}
    assert set(everything(root)) == kept


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "`cache` needs a subcommand: dir, info, prune, clean"),
        (["wipe"], "`cache` has no subcommand `wipe`: dir, info, prune, clean"),
        (["clean", "--days", "3"], "--days is for `cache prune`, not for `cache clean`"),
        (["prune", "--days", "-3"], "--days"),
        (["prune", "--days", "much"], "`much` is no number of days"),
    ],
)
def test_a_command_line_that_makes_no_sense(
    run: Run, root: Path, words: list[str], message: str
) -> None:
    before = everything(root)
    assert call(run, "cache", *words) == 2
    assert message in run.err
    assert everything(root) == before
    assert call(run, "cache", *words, "--json") == 2
    assert json.loads(run.out)["ok"] is False


def test_sizes_for_people() -> None:
    assert [size_text(n) for n in (0, 999, 1000, 999_949, 999_950, 335_304_388)] == [
        "0 bytes",
        "999 bytes",
        "1.0 kB",
        "999.9 kB",
        "1.0 MB",
        "335.3 MB",
    ]
    assert size_text(7_654_321_000_000) == "7,654.3 GB"
