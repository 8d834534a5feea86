from __future__ import annotations

import json
import os
import re
import sys

import pytest

from tests.builders import (
    ABSENT,
    api,
    encoded,
    node,
    ui,
)
from tests.project import GOOD, OPEN, URL, Run

# exit codes and streams


def test_a_good_workflow(run: Run) -> None:
    assert run(run.write("a.json", GOOD)) == 0
    assert run.err == ""
    assert "1 workflow, 5 nodes, 1 inactive" in run.out
    assert "checkpoints/fresh.safetensors" in run.out
    assert run.out.endswith("\n")


def test_open_questions_end_with_1_only_when_strict(run: Run) -> None:
    run.write("a.json", OPEN)
    assert run("a.json") == 0
    assert run("a.json", "--strict") == 1
    assert '"Shared" = "beta"' in run.out
    assert '"Nobody Knows" = "owner/repo"' in run.out


def test_strict_takes_a_whole_workflow(run: Run) -> None:
    assert run(run.write("a.json", GOOD), "--strict") == 0


def test_strict_does_not_take_unread_nodes(run: Run) -> None:
    assert run(run.write("a.json", ui(node(1, "KSampler"), node(2, ABSENT))), "--strict") == 1


def test_what_comfylock_toml_says_settles_it(run: Run) -> None:
    toml = '[class-types]\nShared = "beta"\n"Nobody Knows" = "own/er"\n'
    run.write("comfylock.toml", toml.encode())
    assert run(run.write("a.json", OPEN), "--strict") == 0
    assert "your comfylock.toml" in run.out


BAD: dict[str, tuple[bytes, str]] = {
    "truncated": (encoded(GOOD)[:-9], "ends in the middle of a value at line 1, column"),
    "empty": (b"", "the file is empty"),
    "a list": (b"[]", "is JSON, but holds no workflow in UI or API format"),
    "null": (b"null", "is JSON, but holds no workflow"),
    "a text": (b'"hello"', "is JSON, but holds no workflow"),
    "deep": (b"[" * 100_000, "nested too deeply to be a workflow"),
    "other json": (b'{"name": "x", "version": "1"}', "is JSON, but holds no workflow"),
    "no json": (b"hello", "is neither JSON, nor media with an embedded workflow, nor source code"),
    "binary": (b"\x01\x02" * 99, "is neither JSON, nor media"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_one_line_and_the_others_are_analysed(run: Run, name: str) -> None:
    data, message = BAD[name]
    run.write("bad.json", data)
    run.write("good.json", GOOD)
    assert run("bad.json", "good.json") == 2
    assert run.err.count("\n") == 1
    assert run.err.startswith("error: bad.json: ")
    assert message in run.err
    assert "1 workflow, 5 nodes" in run.out


def test_a_file_of_20_megabytes(run: Run) -> None:
    text = "x" * 20_000_000
    assert run(run.write("big.json", ui(node(1, "KSampler"), node(2, "Note", text)))) == 0
    assert "2 nodes" in run.out


def test_a_missing_path_beside_a_good_one(run: Run) -> None:
    run.write("good.json", GOOD)
    assert run("nothing.json", "good.json") == 2
    assert run.err == "error: nothing.json: there is no such file or folder\n"
    assert "1 workflow" in run.out


def test_a_folder_without_workflows(run: Run) -> None:
    run.write("d/package.json", {"name": "x"})
    assert run("d") == 2
    assert run.err == "error: d: holds no workflow\n"
    assert run.out == ""


def test_a_folder_skips_what_is_no_workflow(run: Run) -> None:
    run.write("d/package.json", {"name": "x"})
    run.write("d/notes.txt", b"hello")
    run.write("d/a.json", GOOD)
    assert run("d") == 0
    assert run.err == ""


def test_a_damaged_workflow_in_a_folder_is_told(run: Run) -> None:
    run.write("d/bad.json", encoded(GOOD)[:-9])
    run.write("d/good.json", GOOD)
    assert run("d") == 2
    assert run.err.startswith("error: d/bad.json: ends in the middle")
    assert "1 workflow" in run.out


def test_a_file_beside_its_folder_counts_once(run: Run) -> None:
    run.write("d/a.json", GOOD)
    assert run("d", "d/a.json", "d/") == 0
    assert "1 workflow," in run.out


def test_a_named_file_without_a_workflow_is_told_though_its_folder_came_first(run: Run) -> None:
    run.write("d/a.json", GOOD)
    run.write("d/package.json", {"name": "x"})
    assert run("d", "d/package.json") == 2
    assert "d/package.json: is JSON, but holds no workflow" in run.err


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may read everything"
)
def test_a_file_that_may_not_be_read(run: Run) -> None:
    run.write("a.json", GOOD)
    (run.folder / "a.json").chmod(0)
    assert run("a.json") == 2
    assert run.err == "error: a.json: cannot be read: permission denied\n"


def test_a_link_in_a_circle_cannot_be_read(run: Run) -> None:
    (run.folder / "a.json").symlink_to("a.json")
    assert run("a.json") == 2
    assert run.err == "error: a.json: cannot be read: too many levels of symbolic links\n"


# settings and registry


def test_a_broken_registry_file_is_one_sentence(run: Run) -> None:
    run.write("a.json", GOOD)
    run.write(".comfylock/registry/core.json", b"{")
    assert run("a.json") == 2
    assert re.match(r"error: \S*core\.json: is damaged: [^\n]*; left out: [^\n]*\n\Z", run.err)
    assert run.out.startswith("1 workflow, ")


@pytest.mark.parametrize("file", ["class_types", "models", "rules"])
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_broken_registry_file_that_is_needed_late(run: Run, file: str, jobs: str) -> None:
    run.write("a.json", OPEN)
    run.write(f".comfylock/registry/{file}.json", b"{")
    assert run("a.json", "--jobs", jobs) == 2
    assert f"{file}.json: is damaged: " in run.err


def test_a_broken_comfylock_toml_is_one_sentence(run: Run) -> None:
    run.write("a.json", GOOD)
    run.write("comfylock.toml", b"[class-typs]\n")
    assert run("a.json") == 2
    assert run.err == (
        "error: ./comfylock.toml: `class-typs`: is no setting; did you mean `class-types`?\n"
    )
    assert run.out.startswith("1 workflow, ")


@pytest.mark.parametrize("rule", ['"mystery.safetensors"', '"loras/mystery.safetensors"'])
@pytest.mark.parametrize("value", ["{ local = true }", "{ ignore = true }"])
def test_models_that_need_no_source(run: Run, rule: str, value: str) -> None:
    run.write("a.json", OPEN)
    run.write("comfylock.toml", f"[models]\n{rule} = {value}\n".encode())
    assert run("a.json") == 0
    assert "needs no source (your comfylock.toml)" in run.out
    assert "no source known" not in run.out
    assert '"https://…"' not in run.out


MIRRORED = [
    {"name": "a.pt", "url": "http://127.0.0.1:8080/a.pt", "directory": "loras"},
    {"name": "a.pt", "url": "https://hub.example/a.pt", "directory": "loras"},
]


def test_hosts_that_the_environment_allows(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run.write("a.json", ui(node(1, "LoraLoader", "a.pt", properties={"models": MIRRORED})))
    assert run.json("a.json")["data"]["models"][0]["sources"] == []
    monkeypatch.setenv("COMFYLOCK_ALLOW_HOSTS", "127.0.0.1:8080")
    monkeypatch.setenv("HF_ENDPOINT", "https://hub.example/")
    found = run.json("a.json")["data"]["models"][0]["sources"]
    assert [source["url"] for source in found] == [entry["url"] for entry in MIRRORED]


def test_a_wrong_environment_is_told_and_the_file_still_counts(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.write("a.json", OPEN)
    run.write("comfylock.toml", b'[class-types]\nShared = "beta"\n')
    monkeypatch.setenv("COMFYLOCK_ALLOW_HOSTS", "https://x")
    assert run("a.json") == 2
    assert run.err.startswith("error: environment: `COMFYLOCK_ALLOW_HOSTS`: must be a host name")
    assert "your comfylock.toml" in run.out


def test_all_faults_of_a_comfylock_toml_are_told(run: Run) -> None:
    run.write("comfylock.toml", b'[class-types]\nA = 1\n"B\\u001b[2J" = 2\n')
    run.write("a.json", GOOD)
    assert run("a.json", "--json") == 2
    told = json.loads(run.out)
    assert (told["schema"], told["ok"]) == ("comfylock.analyze", False)
    assert [each["path"] for each in told["data"]["problems"]] == ["./comfylock.toml"] * 2
    assert len(told["data"]["workflows"]) == 1
    assert "\x1b" not in run.err


def test_another_project(run: Run) -> None:
    run.write("p/comfylock.toml", b'[class-types]\nShared = "alpha"\n')
    run.write("a.json", ui(node(1, "Shared")))
    assert run.json("a.json", "-C", "p")["data"]["class_types"][0]["pack"] == "alpha"


# json


def test_the_whole_report_as_json(run: Run) -> None:
    run.write("a.json", GOOD)
    run.write("b.json", OPEN)
    told = run.json("a.json", "b.json")
    assert {key: told[key] for key in ("schema", "version", "ok")} == {
        "schema": "comfylock.analyze",
        "version": 1,
        "ok": True,
    }
    data = told["data"]
    assert set(data) == {"workflows", "class_types", "packs", "models", "comfyui", "problems"}
    first = data["workflows"][0]
    assert first == {
        "path": "a.json",
        "format": "ui-0.4",
        "nodes": 5,
        "inactive": 1,
        "unread": 0,
        "class_types": ["AlphaNode", "BetaNode", "CheckpointLoaderSimple", "KSampler", "LoadImage"],
        "packs": ["alpha", "beta"],
        "models": ["checkpoints/fresh.safetensors"],
        "assets": ["cat.png"],
        "problems": [],
    }
    by_name = {entry["class_type"]: entry for entry in data["class_types"]}
    assert {name: entry["kind"] for name, entry in by_name.items()} == {
        "AlphaNode": "pack",
        "BetaNode": "pack",
        "CheckpointLoaderSimple": "core",
        "KSampler": "core",
        "LoadImage": "core",
        "LoraLoader": "core",
        "Nobody Knows": "unknown",
        "Shared": "ambiguous",
    }
    keys = {"class_type", "kind", "pack", "evidence", "candidates", "workflows", "count"}
    assert keys <= set(by_name["Shared"])
    assert by_name["Shared"]["candidates"] == ["beta", "alpha", "carl/gamma"]
    assert (by_name["BetaNode"]["count"], by_name["BetaNode"]["inactive"]) == (0, 1)
    assert by_name["AlphaNode"]["workflows"] == ["a.json"]
    alpha = data["packs"][0]
    assert {key: alpha[key] for key in ("name", "registry_id", "repository")} == {
        "name": "alpha",
        "registry_id": "alpha",
        "repository": "https://github.com/ann/Alpha",
    }
    assert alpha["versions_seen"] == ["1.2.0"]
    assert (alpha["class_types"], alpha["workflows"]) == (["AlphaNode"], ["a.json"])
    assert data["packs"][1]["inactive"] is True
    fresh = data["models"][0]
    assert {key: fresh[key] for key in ("name", "folder", "class_type", "input")} == {
        "name": "fresh.safetensors",
        "folder": "checkpoints",
        "class_type": "CheckpointLoaderSimple",
        "input": "ckpt_name",
    }
    assert fresh["sources"] == [{"url": URL, "from": "node", "sha256": None}]
    assert (fresh["inactive"], fresh["workflows"]) == (False, ["a.json"])
    assert data["comfyui"] == {"minimum": "0.1.0"}
    assert data["problems"] == []


def test_problems_in_json(run: Run) -> None:
    run.write("a.json", ui(node(1, "KSampler"), None))
    told = run.json("a.json", "gone.json")
    assert told["ok"] is False
    assert told["data"]["problems"] == [
        {"path": "gone.json", "message": "there is no such file or folder"}
    ]
    assert told["data"]["workflows"][0]["problems"] == [
        {"path": "nodes[1]", "message": "is null instead of a node"}
    ]
    assert told["data"]["workflows"][0]["unread"] == 1


def test_one_line_of_json_a_workflow(run: Run) -> None:
    run.write("a.json", GOOD)
    run.write("b.json", {"templates": [GOOD, api(("KSampler", {}))]})
    assert run("a.json", "gone.json", "b.json", "--jsonl") == 2
    lines = [json.loads(line) for line in run.out.splitlines()]
    assert [line["path"] for line in lines] == [
        "a.json",
        "gone.json",
        "b.json#templates[0]",
        "b.json#templates[1]",
    ]
    assert lines[1]["error"] == "there is no such file or folder"
    assert lines[0]["resolved"][0]["class_type"] == "AlphaNode"


def test_inactive_nodes_can_be_left_out(run: Run) -> None:
    data = run.json(run.write("a.json", GOOD), "--no-inactive")["data"]
    assert "BetaNode" not in data["workflows"][0]["class_types"]
    assert [pack["name"] for pack in data["packs"]] == ["alpha"]


@pytest.mark.parametrize("shape", ["mermaid", "dot", "graphml", "json"])
def test_a_graph(run: Run, shape: str) -> None:
    assert run(run.write("a.json", GOOD), "--graph", shape) == 0
    assert "KSampler" in run.out
    assert run.err == ""


def test_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with open(run.write("a.json", GOOD), "rb") as stream:
        wrapped = open(stream.fileno(), encoding="utf-8", closefd=False)  # noqa: SIM115
        monkeypatch.setattr(sys, "stdin", wrapped)
        assert run.json("-")["data"]["workflows"][0]["path"] == "-"
        wrapped.close()


def test_a_closed_standard_input_is_nobodys_fault(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert run(run.write("a.json", GOOD)) == 0
    assert run("-") == 2
    assert run.err == "error: -: no standard input to read\n"
