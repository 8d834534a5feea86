from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from comfylock.cli.main import main
from tests.builders import (
    ABSENT,
    OUTER,
    REGISTRY,
    Json,
    api,
    encoded,
    node,
    stamped,
    subgraph,
    ui,
    with_subgraphs,
    write_layer,
)

ROOT = Path(__file__).parents[2]
URL = "https://huggingface.co/org/repo/resolve/main/fresh.safetensors"
MODELS = [{"name": "fresh.safetensors", "url": URL, "directory": "checkpoints"}]

GOOD = ui(
    node(1, "KSampler", 5, "fixed"),
    stamped(2, "AlphaNode", cnr_id="alpha", ver="1.2.0"),
    node(3, "CheckpointLoaderSimple", "fresh.safetensors", properties={"models": MODELS}),
    node(4, "LoadImage", "cat.png", "image"),
    node(5, "BetaNode", mode=4),
)
OPEN = ui(node(1, "Shared"), node(2, "Nobody Knows"), node(3, "LoraLoader", "mystery.safetensors"))


class Run:
    """A project folder and what came of a command in it."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[bytes]) -> None:
        self.folder = folder
        self.capture = capture
        self.out = ""
        self.err = ""

    def write(self, name: str, content: Any) -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else encoded(content))
        return name

    def __call__(self, *words: str) -> int:
        code = main(["analyze", *words])
        out, err = self.capture.readouterr()
        self.out, self.err = out.decode(), err.decode()
        return code

    def json(self, *words: str) -> Json:
        self(*words, "--json")
        decoded: Json = json.loads(self.out)
        return decoded


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> Run:
    monkeypatch.chdir(tmp_path)
    write_layer(tmp_path / ".comfylock" / "registry", **REGISTRY)
    return Run(tmp_path, capsysbinary)


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
    assert re.match(r"error: \S*core\.json: is damaged: [^\n]*\n\nhint: [^\n]*\n\Z", run.err)
    assert run.out == ""


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


def test_all_faults_of_a_comfylock_toml_are_told(run: Run) -> None:
    run.write("comfylock.toml", b'[class-types]\nA = 1\n"B\\u001b[2J" = 2\n')
    assert run("a.json", "--json") == 2
    told = json.loads(run.out)
    assert (told["schema"], told["ok"]) == ("comfylock.error", False)
    assert len(told["error"]["faults"]) == 2
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


# determinism


def many(run: Run) -> list[str]:
    """Workflows that agree and disagree about everything that can be merged."""
    names = []
    for number in range(12):
        stamp = {
            "cnr_id": ["alpha", "beta", "Unknown", "comfy-core"][number % 4],
            "ver": f"1.{number}",
        }
        links = [{"name": "m.safetensors", "url": f"{URL}{number % 3}", "directory": "loras"}]
        workflow = ui(
            stamped(1, "AlphaNode", **stamp),
            stamped(
                2, "BrandNew", cnr_id="comfy-core", ver=["0.3.50", "v0.3.50", "0.4"][number % 3]
            ),
            node(3, "Shared", mode=number % 3 * 2),
            node(4, "LoraLoader", "m.safetensors", properties={"models": links}),
            node(5, ABSENT),
            node(6, OUTER, "x.safetensors", properties={"proxyWidgets": [["7", "ckpt_name"]]}),
        )
        inner = subgraph(OUTER, node(7, "CheckpointLoaderSimple", f"c{number % 2}.safetensors"))
        names.append(run.write(f"w/{number:02}.json", with_subgraphs(workflow, inner)))
    return names


def without_order(report: Json) -> Json:
    """The report with the lists of workflows sorted: those follow the inputs."""
    data = report["data"]
    for entry in (*data["class_types"], *data["packs"], *data["models"]):
        entry["workflows"].sort()
    data["workflows"].sort(key=lambda entry: entry["path"])
    return report


def test_the_order_of_the_inputs_does_not_matter(run: Run) -> None:
    names = many(run)
    expected = without_order(run.json(*names))
    assert without_order(run.json(*reversed(names))) == expected
    assert without_order(run.json(*names[5:], *names[:5])) == expected


@pytest.mark.parametrize("words", [["--json"], ["--jsonl"], []])
def test_two_processes_say_the_same_as_one(run: Run, words: list[str]) -> None:
    many(run)
    run.write("w/bad.json", b'{"nodes": [')
    run("w", *words, "--jobs", "1")
    alone = (run.out, run.err)
    run("w", *words, "--jobs", "2")
    assert (run.out, run.err) == alone


def outside(run: Run, *words: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command in a process of its own."""
    command = [sys.executable, "-m", "comfylock", "analyze", *words]
    changed = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(command, env=changed, cwd=run.folder, capture_output=True, check=False)


def test_the_seed_of_hashes_does_not_matter(run: Run) -> None:
    many(run)
    first, second = (outside(run, "w", "--json", PYTHONHASHSEED=seed) for seed in ("1", "2"))
    assert first.returncode == 0
    assert first.stdout == second.stdout


# text


def columns(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


LONG = ui(
    node(1, "A Class Type With A Name That Goes On And On For More Than Eighty Columns In All"),
    stamped(
        2,
        "短い名前のノードですがとても長いのでこの行には入りきらないはずですよね",
        aux_id="o/" + "r" * 90,
    ),
    node(3, "LoraLoader", "folder/" * 30 + "x.safetensors"),
    node(4, "LoadImage", "picture " * 20 + ".png"),
    node(5, "Shared"),
    None,
)


@pytest.mark.parametrize("width", [80, 40, 120, 20])
@pytest.mark.parametrize("words", [[], ["-v"]])
def test_text_fits_its_columns(
    run: Run, monkeypatch: pytest.MonkeyPatch, width: int, words: list[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    run.write("a.json", LONG)
    run.write("a/rather/long/path/to/" + "w" * 60 + ".json", GOOD)
    assert run("a.json", "a", *words) == 0
    report, _, advice = run.out.partition("\nTo settle")
    for line in report.splitlines():
        whole = line.strip().startswith("https://")  # links and TOML are there to be copied
        assert whole or columns(line) <= width, line
    assert advice


def test_no_colours_where_nobody_sees_them(run: Run) -> None:
    run.write("a.json", OPEN)
    run("a.json")
    assert "\x1b" not in run.out
    run("a.json", "--color", "always")
    assert "\x1b[" in run.out


HOSTILE = "evil\x1b[2J\x1b]0;x\x07\r\u202eabc\u2066\u200b\x9b31m\nfake: line"


def test_nothing_hostile_reaches_the_terminal(run: Run) -> None:
    workflow = ui(
        node(1, HOSTILE),
        stamped(2, "X" + HOSTILE, cnr_id="bad\x1b[31m", aux_id="\u202e"),
        node(3, "LoadImage", "\x1b[31m\u202e.png"),
        node(4, "LoraLoader", "\x1b[31m\u202ex.safetensors"),
        node(HOSTILE, "KSampler"),
        node(HOSTILE, "KSampler"),
    )
    run.write("we\x1b[31mird\u202e.json", workflow)
    run.write("bro\x1b[31mken\u202e.json", b"{")
    for words in ([], ["-v"], ["--strict"]):
        assert run(".", "gone\x1b[2J", *words) == 2
        for text in (run.out, run.err):
            assert not set(text) & set("\x1b\x07\r\u202e\u2066\u200b\x9b")
        assert not [line for line in run.out.splitlines() if line.startswith("fake")]


def test_the_lines_for_comfylock_toml_are_toml(run: Run) -> None:
    import tomllib  # noqa: PLC0415

    names = ['quo"te', "back\\slash", "new\nline", "tag\U000e0041", "短い", "\x1b[31m"]
    run.write("a.json", ui(*(node(number, name) for number, name in enumerate(names))))
    run("a.json")
    lines = run.out.partition("[class-types]")[2]
    assert set(tomllib.loads("[class-types]" + lines)["class-types"]) == set(names)


def test_huge_names_are_cut(run: Run) -> None:
    run.write("a.json", ui(node(1, "x" * 1_000_000), node("y" * 1_000_000, "KSampler")))
    run("a.json")
    assert len(run.out.partition("To settle")[0]) < 5000


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_any_terminal_encoding_will_do(run: Run, encoding: str) -> None:
    run.write("短い.json", LONG)
    done = outside(run, "短い.json", PYTHONIOENCODING=encoding)
    assert done.returncode == 0
    assert done.stderr == b""


# usage


def test_help_opens_with_examples(run: Run) -> None:
    for words in ([], ["analyze"]):
        assert main_or_exit([*words, "--help"]) == 0
        out = run.capture.readouterr()[0].decode()
        assert out.index("examples:") < out.index("options")
        assert out.count("  comfylock analyze ") >= 2
        assert all(len(line) <= 80 for line in out.splitlines())


def main_or_exit(words: list[str]) -> object:
    try:
        return main(words)
    except SystemExit as stopped:  # argparse's own help
        return stopped.code or 0


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["analise", "x"], "there is no verb `analise`", "did you mean `comfylock analyze`?"),
        (["zzz"], "there is no verb `zzz`", "comfylock --help"),
        (["analyze", "x", "--jsno"], "there is no option `--jsno`", "did you mean `--json`?"),
        (["analyze", "x", "--zzz"], "there is no option `--zzz`", "comfylock analyze --help"),
        (["analyze", "x", "--jobs", "many"], "`many` is no number of processes", None),
        (["analyze"], "PATH", "comfylock analyze --help"),
        (["analyze", "x", "--graph", "svg"], "invalid choice: 'svg'", None),
        (["analyze", "x", "--jsonl", "--graph", "dot"], "not allowed with argument", None),
    ],
)
def test_mistakes_are_told_with_advice(
    capsys: pytest.CaptureFixture[str], words: list[str], message: str, hint: str | None
) -> None:
    assert main(words) == 2
    _, err = capsys.readouterr()
    assert err.startswith("error: ")
    assert message in err
    assert hint is None or err.endswith(f"\nhint: {hint}\n")


def test_a_path_instead_of_a_verb(run: Run) -> None:
    run.write("a.json", GOOD)
    assert main(["a.json"]) == 2
    assert run.capture.readouterr()[1].endswith(b"hint: comfylock analyze a.json\n")


def test_options_stand_anywhere(run: Run) -> None:
    run.write("a.json", GOOD)
    run.write("b.json", GOOD)
    assert main(["-q", "analyze", "a.json", "--json", "b.json"]) == 0
    assert len(json.loads(run.capture.readouterr()[0])["data"]["workflows"]) == 2


def test_version_and_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert re.match(r"comfylock \d", capsys.readouterr()[0])
    assert main([]) == 2
    assert "usage: comfylock VERB" in capsys.readouterr()[1]


# the boundary


def test_a_bug_is_told_and_kept_in_a_file(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(run.folder))

    def broken(_: object) -> int:
        raise ZeroDivisionError("a bug\x1b[2J \udc80")

    monkeypatch.setattr("comfylock.cli.analyze.run", broken)
    assert run("a.json") == 70
    assert run.err.startswith("error: a bug in comfylock: ZeroDivisionError: a bug�[2J")
    log = Path(run.err.rpartition("report it with ")[2].strip())
    text = log.read_text("utf-8")
    assert "Traceback" in text
    assert "arguments: ['analyze', 'a.json']" in text


def test_an_interruption(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("comfylock.cli.analyze.run", interrupted)
    assert run("a.json") == 130
    assert run.err == "\nerror: interrupted\n"


@pytest.mark.skipif(os.name == "nt", reason="pipes end otherwise there")
def test_a_reader_that_goes_away(run: Run) -> None:
    run.write("a.json", ui(*(node(n, f"Class {n} " + "x" * 90) for n in range(3000))))
    command = [sys.executable, "-m", "comfylock", "analyze", "a.json", "--json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, env=environment, cwd=run.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        # Python's own buffers do not always notice; what counts is that nobody is bothered.
        assert process.wait(60) in {0, 141}
        assert process.stderr.read() == b""
