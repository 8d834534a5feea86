"""P15: what promises not to write writes nothing, for every verb and every such flag."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from comfylock.cli.main import ALIASES, VERBS
from comfylock.lockfile.write import write_lock
from tests.builders import node, ui
from tests.functional.verbs import call, commit, locked, project
from tests.locks import release

if TYPE_CHECKING:
    from pathlib import Path

    from tests.project import Run

QUIET = {
    "analyze": [["workflows"], ["workflows", "--strict"], ["workflows", "--json"]],
    "lock": [
        ["--check"],
        ["--locked"],
        ["--check", "--json"],
        ["--check-exists"],
        ["--frozen"],
        ["--dry-run", "--offline"],
        ["--dry-run", "--offline", "--allow-unresolved", "-U"],
    ],
    "emit": [
        ["--check"],
        ["all", "--check", "-o", "deploy"],
        ["model-paths"],
        ["model-paths", "--json"],
    ],
    "init": [["--dry-run"], ["workflows", "--dry-run", "--json"]],
    "tree": [[], ["--invert"], ["alpha"], ["--json"], ["nobody"]],
    "why": [["AlphaNode"], ["alpha", "--json"], ["fresh.safetensors"], ["nobody"]],
    "diff": [[], ["HEAD"], ["HEAD", "HEAD", "--json"], ["--markdown"], ["nobody"]],
    "outdated": [["--offline"], ["alpha", "--offline", "--json"], ["nobody"]],
    "audit": [[], ["--json"], ["--models", "workflows"], ["--installed", "nowhere"]],
    "verify": [[], ["--json"], ["--format", "sarif"], ["--installed", "."], ["nobody"]],
    "definitions": [["show", "."], ["show", "nobody", "--json"]],
    "check": [["workflows", "--definitions", "."], ["workflows", "--definitions", "nobody"]],
    "check-upgrade": [
        ["--from", ".", "--to", ".", "workflows"],
        ["--from", ".", "--to", ".", "workflows", "--fix", "--dry-run"],
    ],
    "registry": [["show", "AlphaNode"], ["search", "alpha"], ["show", "nobody"]],
    "cache": [["dir"], ["info"], ["prune"], ["clean"]],
    "merge-driver": [[], ["a", "b", "c"]],
}
"""Verb to command lines that must leave a project as it is."""

CASES = [(verb, words) for verb, lines in QUIET.items() for words in lines]
CASES += [(alias, words) for alias, verb in ALIASES.items() for words in QUIET[verb]]


def state(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file and link of a project but git's own, with its bytes and its moment."""
    found = {}
    for at, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != ".git"]
        for name in (*names, *folders):
            path = os.path.join(at, name)
            data = b"" if os.path.isdir(path) else (folder / at / name).read_bytes()
            found[os.path.relpath(path, folder)] = (data, os.stat(path).st_mtime_ns)
    return found


def test_the_whole_verb_table_is_here() -> None:
    assert QUIET.keys() == VERBS.keys()
    assert set(ALIASES.values()) <= QUIET.keys()


@pytest.mark.parametrize("is_stale", [False, True], ids=["current", "stale"])
@pytest.mark.parametrize(
    ("verb", "words"), CASES, ids=lambda one: " ".join([one] if isinstance(one, str) else one)
)
def test_p15_nothing_is_written(
    run: Run, monkeypatch: pytest.MonkeyPatch, verb: str, words: list[str], *, is_stale: bool
) -> None:
    monkeypatch.setenv("COMFYLOCK_CACHE_DIR", str(run.folder.parent / "cache"))
    project(run)
    commit(run.folder)
    if is_stale:
        run.write("workflows/second.json", ui(node(1, "Nobody Knows"), node(2, "BetaNode")))
        run.write("comfy.lock", write_lock(locked(packs=(*locked().packs, release("extra")))))
    before = state(run.folder)
    assert call(run, verb, *words) in {0, 1, 2, 3}
    assert state(run.folder) == before


@pytest.mark.parametrize("verb", [*VERBS, *ALIASES])
def test_every_verb_has_a_help_with_two_examples(run: Run, verb: str) -> None:
    assert call(run, verb, "--help") == 0
    name = ALIASES.get(verb, verb)
    examples = run.out.split("\nexamples:\n")[1].split("\n\n")[0].splitlines()
    assert len(examples) >= 2
    assert all(line.startswith(f"  comfylock {name}") for line in examples)
    assert all(len(line) <= 80 for line in run.out.splitlines())
