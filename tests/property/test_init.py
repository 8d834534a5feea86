"""Whatever strangers write: the settings that `init` begins parse, and hold nothing of it."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comfylock.config import parse_config
from comfylock.config.tables import shown
from comfylock.model import ClassEntry, ModelEntry, Report
from comfylock.names import quoted
from comfylock.ops.init import import_packs
from comfylock.ops.init_text import Imported, comment, starting_text
from comfylock.ops.snapshot import Snapshot, read_snapshot
from comfylock.registry.store import Registry
from tests.builders import REGISTRY, write_layer

if TYPE_CHECKING:
    from pathlib import Path

BREAKERS = ['"', '"""', "'", "\\", "\n", "\r\n", "\r", "\t", "\x00", "\x7f", "\u2028", "\u202e"]
PIECES = ["#", "]", "[packs]\n", '" = 1\n', "= {", "a", "o/r", "https://", "\ud800", "é", "…", " "]
HOSTILE = st.one_of(
    st.text(st.characters(), max_size=20),
    st.lists(st.sampled_from(BREAKERS + PIECES), max_size=8).map("".join),
)
WHOLE = HOSTILE.map(lambda text: text.encode("utf-8", "replace").decode())
URLS = st.one_of(WHOLE, WHOLE.map(lambda text: f"https://github.com/{text}"), st.just("git@h:o/r"))
COMMITS = st.one_of(WHOLE, st.none(), st.sampled_from(["a" * 40, "1.2.3", "nightly"]))
ENTRIES = st.one_of(COMMITS, st.fixed_dictionaries({"hash": COMMITS, "disabled": st.booleans()}))


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    folder: Path = tmp_path_factory.mktemp("registry")
    write_layer(folder, **REGISTRY)
    return Registry((str(folder),))


def without_comments(text: str) -> dict[str, Any]:
    lines = [line for line in text.split("\n") if not line.startswith("#")]
    return tomllib.loads("\n".join(lines))


@given(
    st.dictionaries(URLS, ENTRIES, max_size=4),
    st.dictionaries(st.one_of(WHOLE, st.just("beta")), COMMITS, max_size=4),
    st.lists(st.fixed_dictionaries({"filename": WHOLE}), max_size=3),
    WHOLE,
)
def test_no_snapshot_breaks_out(
    registry: Registry,
    git: dict[str, Any],
    ids: dict[str, Any],
    files: list[Any],
    commit: str,
) -> None:
    document = {
        "comfyui": commit,
        "git_custom_nodes": git,
        "cnr_custom_nodes": ids,
        "file_custom_nodes": files,
        "pips": dict.fromkeys(ids, ""),
    }
    snapshot = read_snapshot(json.dumps(document).encode(), "snapshot.json")
    imported = import_packs(snapshot, registry)
    assert len(imported.lines) + len(imported.problems) == len(snapshot.packs)
    text = starting_text(Report(), (), imported)
    config = parse_config(text.encode(), "comfylock.toml")
    assert set(config.pack_rules) == imported.names
    assert all(rule.is_required for rule in config.pack_rules.values())
    assert without_comments(text) == tomllib.loads(text)
    assert set(tomllib.loads(text)) == {"lock", "comfyui", "class-types", "packs", "models"}
    assert all(problem.isprintable() for problem in imported.problems)


@given(st.lists(HOSTILE, max_size=4), st.lists(HOSTILE, min_size=1, max_size=3))
def test_no_workflow_breaks_out(names: list[str], candidates: list[str]) -> None:
    found = tuple(candidates)
    report = Report(
        class_types=(
            *(ClassEntry(name, "unknown", None, "unknown", found) for name in names),
            *(ClassEntry(name, "ambiguous", None, "registry", found) for name in names),
        ),
        models=tuple(ModelEntry(name, "loras", "LoraLoader", None) for name in names),
    )
    text = starting_text(report, (), Imported(comments=found))
    parse_config(text.encode(), "comfylock.toml")
    assert tomllib.loads(text) == {
        "lock": {},
        "comfyui": {},
        "class-types": {},
        "packs": {},
        "models": {},
    }


@given(st.lists(HOSTILE, min_size=1, max_size=4))
def test_lines_to_complete_are_toml_without_their_sign(names: list[str]) -> None:
    report = Report(
        class_types=tuple(ClassEntry(name, "unknown", None, "unknown", ()) for name in names),
        models=tuple(ModelEntry(name, "loras", "LoraLoader", None) for name in names),
    )
    completed = [
        line.removeprefix("# ")
        for line in starting_text(report, (), Imported()).split("\n")
        if line.endswith(('= "owner/repo"', '= "https://…"'))
    ]
    assert len(completed) == 2 * len(names)
    assert {next(iter(tomllib.loads(line).values())) for line in completed} == {
        "owner/repo",
        "https://…",
    }


@given(WHOLE)
def test_a_quoted_text_is_that_text(text: str) -> None:
    line = f"x = {quoted(text)}"
    assert "\n" not in line
    assert tomllib.loads(line) == {"x": text}
    assert tomllib.loads(f"{quoted(text)} = 1") == {text: 1}


@given(HOSTILE)
def test_comments_and_paths_of_faults_are_one_line(text: str) -> None:
    assert tomllib.loads(f"{comment(text)}\nx = 1") == {"x": 1}
    assert shown(text).isprintable()


def test_an_empty_snapshot_gives_nothing(registry: Registry) -> None:
    assert import_packs(Snapshot(), registry) == Imported()
