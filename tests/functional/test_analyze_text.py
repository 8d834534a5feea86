from __future__ import annotations

import unicodedata

import pytest

from tests.builders import (
    ABSENT,
    OUTER,
    Json,
    node,
    stamped,
    subgraph,
    ui,
    with_subgraphs,
)
from tests.project import GOOD, OPEN, URL, Run, outside

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
