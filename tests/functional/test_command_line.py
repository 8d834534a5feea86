from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from comfylock.cli.main import main
from tests.builders import (
    node,
    ui,
)
from tests.project import GOOD, ROOT, Run

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
        (["analyze", "x", "--json", "--graph", "dot"], "--graph: not allowed with argument", None),
        (["analyze", "x", "--json", "--jsonl"], "--jsonl: not allowed with argument --json", None),
        (["analyze", "--", "--zzz"], "--zzz: there is no such file", None),
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


def test_what_stands_behind_two_dashes_is_no_option(run: Run) -> None:
    for name in ("-a.json", "--json"):
        run.write(name, GOOD)
    assert main(["analyze", "-q", "--json", "--", "-a.json", "--json"]) == 0
    found = json.loads(run.capture.readouterr()[0])["data"]["workflows"]
    assert [each["path"] for each in found] == ["-a.json", "--json"]
    assert main(["registry", "--", "show", "-x"]) == 1
    assert run.capture.readouterr()[0] == b"nothing is known under `-x`\n"


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


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has a disk that is full")
@pytest.mark.parametrize("words", [("cache", "dir"), ("cache", "info", "--json")])
def test_a_full_disk_under_the_output_is_no_bug(words: tuple[str, ...]) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-m", "comfylock", *words],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == "error: the output cannot be written: No space left on device\n"
