"""What a verification looks like: for people, for code scanning, for CI, in a comment."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import comfylock
from comfylock.cli.text import cells
from comfylock.verifying.kinds import KINDS
from tests.functional.verify.conftest import found, verify
from tests.functional.verify.deviations import DEVIATIONS
from tests.installation import Tree
from tests.project import ROOT

HOSTILE = "a | `b` <script>x</script> [l](http://e) @all $(touch x)\x1b[31m\x07\u202e&amp;.py"
"""A file's name that tries everything."""


@pytest.fixture
def spoiled(tree: Tree) -> Tree:
    """A tree with a few things wrong, one of them with a hostile name."""
    for name in ("a byte flipped in a model", "a pack gone", "an extra pack"):
        if name in DEVIATIONS:
            DEVIATIONS[name].change(tree)
    (tree.nodes / "gamma" / HOSTILE.replace("/", ":")).write_text("")
    DEVIATIONS["a model that is not locked"].change(tree)
    return tree


def test_the_text_for_people(spoiled: Tree) -> None:
    ended = verify(spoiled)
    assert ended.code == 4
    assert "vae/ae.safetensors" in ended.out
    assert "[model-digest]" in ended.out
    assert "  -> curl -fL" in ended.out
    assert ended.out.rstrip().endswith("3 errors, 1 note")


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_lines_fit_but_for_commands(
    spoiled: Tree, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = verify(spoiled, "-v").out.splitlines()
    assert [line for line in lines if cells(line) > columns and "->" not in line] == []


@pytest.mark.parametrize("form", ["text", "sarif", "junit", "markdown", "json"])
def test_nothing_reaches_a_terminal_that_it_would_obey(spoiled: Tree, form: str) -> None:
    words = ["--json"] if form == "json" else ["--format", form]
    ended = verify(spoiled, *words)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e]", ended.out if form != "json" else "")
    assert "\x1b" not in ended.out


def test_comfyui_is_called_by_its_name(tree: Tree) -> None:
    DEVIATIONS["comfyui at another commit"].change(tree)
    assert "error: ComfyUI is at commit " in verify(tree).out


def test_quiet_is_the_result_alone(tree: Tree) -> None:
    assert verify(tree, "-q").out.count("\n") == 1


def test_verbose_shows_every_thing(tree: Tree) -> None:
    out = verify(tree, "-v").out
    assert all(name in out for name in ("alpha", "carl/gamma", "dora/single", "comfyui"))


def test_sarif_is_as_its_schema_says(spoiled: Tree) -> None:
    log = json.loads(verify(spoiled, "--format", "sarif").out)
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-2.1.0.json")
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert run["tool"]["driver"]["name"] == "comfylock"
    assert len({rule["id"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["shortDescription"]["text"]
        assert rule["defaultConfiguration"]["level"] in {"error", "warning", "note"}
    assert run["results"]
    prints = [result["partialFingerprints"]["finding/v1"] for result in run["results"]]
    assert len(set(prints)) == len(prints)
    text = (spoiled.project / "comfy.lock").read_text().splitlines()
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in {"error", "warning", "note"}
        assert result["message"]["text"]
        (location,) = result["locations"]
        place = location["physicalLocation"]
        uri = place["artifactLocation"]["uri"]
        assert re.fullmatch(r"[A-Za-z0-9._~%/-]+", uri)
        assert not uri.startswith("/")
        assert 1 <= place["region"]["startLine"] <= len(text)
    assert run["invocations"][0]["executionSuccessful"] is True


def test_sarif_points_to_the_line_of_the_lock(tree: Tree) -> None:
    DEVIATIONS["a pack at another commit"].change(tree)
    (result,) = json.loads(verify(tree, "--format", "sarif").out)["runs"][0]["results"]
    line = result["locations"][0]["physicalLocation"]["region"]["startLine"]
    assert (tree.project / "comfy.lock").read_text().splitlines()[line - 1] == 'name = "carl/gamma"'


def test_sarif_of_a_clean_tree_has_no_results(tree: Tree) -> None:
    run = json.loads(verify(tree, "--format", "sarif").out)["runs"][0]
    assert run["results"] == []
    assert run["tool"]["driver"]["rules"] == []


def test_junit_counts_what_it_holds(spoiled: Tree) -> None:
    root = ET.fromstring(verify(spoiled, "--format", "junit").out)
    assert root.tag == "testsuites"
    totals = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for suite in root:
        assert suite.tag == "testsuite"
        cases = suite.findall("testcase")
        assert suite.get("tests") == str(len(cases))
        assert suite.get("failures") == str(sum(c.find("failure") is not None for c in cases))
        for case in cases:
            assert case.get("name")
            assert (case.get("classname") or "").startswith("comfylock.")
        for name in totals:
            totals[name] += int(suite.get(name) or 0)
    assert {name: root.get(name) for name in totals} == {n: str(c) for n, c in totals.items()}
    assert totals["failures"] == 3
    failure = next(root.iter("failure"))
    assert failure.get("type") in KINDS
    assert failure.get("message")


def test_markdown_is_a_table_that_nobody_breaks_out_of(spoiled: Tree) -> None:
    text = verify(spoiled, "--format", "markdown").out
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) > 10
    for row in rows:
        bare = re.sub(r"`[^`]*`", "", row)
        assert not re.search(r"[<@\[]", bare), row
    widths = {len(re.sub(r"`[^`]*`", "", row).split("|")) for row in rows[:5]}
    assert len(widths) == 1


def test_json_and_a_format_exclude_each_other(tree: Tree) -> None:
    assert verify(tree, "--json", "--format", "sarif").code == 2


def test_the_same_tree_gives_the_same_bytes(spoiled: Tree) -> None:
    for words in (["--json"], ["--format", "sarif"], ["--format", "junit"]):
        first = verify(spoiled, *words).out.replace('"hashed"', "")
        second = verify(spoiled, *words).out.replace('"hashed"', "")
        assert re.sub(r": \d+\n", "", first) == re.sub(r": \d+\n", "", second)


def test_every_kind_is_in_the_documentation() -> None:
    page = (ROOT / "docs/verify.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (error|warning|note) \|", page, re.MULTILINE))
    assert rows == {kind: meaning.severity for kind, meaning in KINDS.items()}


def test_strict_lets_warnings_fail(tree: Tree) -> None:
    DEVIATIONS["a registry pack with one data file added"].change(tree)
    assert verify(tree).code == 0
    assert verify(tree, "--strict").code == 1
    for words, count in (((), "0"), (("--strict",), "1")):
        report = ET.fromstring(verify(tree, "--format", "junit", *words).out)
        assert report.get("failures") == count


def test_the_library_gives_the_same(tree: Tree) -> None:
    """`comfylock.verify` is the function, whatever modules were imported before."""
    DEVIATIONS["a byte flipped in a model"].change(tree)
    request = comfylock.VerifyRequest(project=str(tree.project), installed=str(tree.comfyui))
    outcome = comfylock.verify(request, tree.variables())
    assert isinstance(outcome, comfylock.VerifyOutcome)
    assert {(f.kind, f.subject) for f in outcome.findings} == found(tree).found
    assert all(isinstance(finding, comfylock.Finding) for finding in outcome.findings)
    assert all(isinstance(item, comfylock.Item) for item in outcome.items)
    assert outcome.exit_code() == 4
    assert comfylock.audit.__name__ == "audit"


def test_sarif_names_the_lock_from_where_the_command_was_run(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    DEVIATIONS["a pack at another commit"].change(tree)
    monkeypatch.chdir(tree.root)
    moved = Tree(Path())
    run = json.loads(verify(moved, "--format", "sarif").out)["runs"][0]
    (location,) = run["results"][0]["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "project/comfy.lock"


def test_the_first_line_of_a_table_names_its_columns(tree: Tree, tmp_path: Path) -> None:
    del tmp_path
    assert verify(tree).out.splitlines()[0].split() == ["name", "status", "version", "bytes"]
