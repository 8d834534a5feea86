"""`comfylock check-upgrade`: what would break, and `--fix`."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING, Any

import pytest

from tests.definition_sets import INFO, SAMPLER, SHOW, chain, info, prompt, with_inputs
from tests.media import png, png_text

if TYPE_CHECKING:
    from pathlib import Path

    from tests.functional.upgrade.conftest import Place

SIDES = ("--from", "old.json", "--to", "new.json")


def test_the_differences_alone(place: Place) -> None:
    ended = place("check-upgrade", *SIDES)
    assert ended.code == 1
    assert ended.out.splitlines() == [
        "breaks every workflow that has it: 1 difference",
        "  TestSampler.strength is new and required, with the default `1.0` (API: breaks,",
        "  editor: harmless)",
        "may break, depending on values and links: 1 difference",
        "  TestSampler.strength takes the place of another widget: files without names of",
        "  widgets shift (API: harmless, editor: may-break)",
        "",
        "format  editor  worker  works together",
        "api     -       old     yes",
        "api     -       new     no: 1 difference breaks workflows",
        "ui      old     old     yes",
        "ui      old     new     no: 1 difference breaks workflows",
        "ui      new     old     yes",
        "ui      new     new     yes",
        "",
        "order",
        "  1. check the API files: give them to this command, with --fix",
        "  2. upgrade the editor: what it makes works on the old workers",
        "  3. upgrade the workers",
        "  4. use class types that are new only when all workers have them",
    ]


def test_nothing_differs(place: Place) -> None:
    ended = place("check-upgrade", "--from", "old.json", "--to", "old.json")
    assert ended.code == 0
    assert ended.out.startswith("nothing differs between the two sets\n")


def test_workflows_are_told_apart_by_format(place: Place) -> None:
    place.write("w/api.json", prompt())
    named = chain(values={"seed": 7, "steps": 20, "mode": "slow", "note": ""})
    place.write("w/ui.json", named)
    ended = place("check-upgrade", *SIDES, "w", "--json")
    assert ended.code == 1
    found = {each["path"]: each for each in ended.data["workflows"]}
    api, ui = found["w/api.json"], found["w/ui.json"]
    assert (api["broken"], api["fixed"], ui["broken"]) == (True, True, False)
    assert [(hit["node"], hit["input"], hit["grade"]) for hit in api["hits"]] == [
        ("2", "strength", "breaks")
    ]
    assert ended.data["totals"]["broken"] == 1
    cells = {
        (each["format"], each["editor"], each["worker"]): (each["works"], each["broken"])
        for each in ended.data["matrix"]
    }
    assert cells == {
        ("api", "old", "old"): (1, 0),
        ("api", "old", "new"): (0, 1),
        ("ui", "old", "old"): (1, 0),
        ("ui", "old", "new"): (0, 1),
        ("ui", "new", "old"): (1, 0),
        ("ui", "new", "new"): (1, 0),
    }
    assert ended.data["order"]["order"] == "editor-first"


def test_the_text_says_what_to_do(place: Place) -> None:
    place.write("w/api.json", prompt())
    out = place("check-upgrade", *SIDES, "w").out
    assert "w/api.json (api): breaks\n" in out
    assert "  --fix mends it\n" in out
    assert "1 workflow: 1 broken by the upgrade, 1 of them mended by --fix\n" in out
    assert "`check-upgrade --fix` writes what is missing" in out


@pytest.mark.parametrize("columns", [40, 80])
def test_lines_fit(place: Place, columns: int) -> None:
    place.write("w/api.json", prompt())
    place.write("w/ui.json", chain())
    out = place("check-upgrade", *SIDES, "w", columns=columns).out
    assert all(len(line) <= columns for line in out.splitlines())


def test_a_widget_that_shifts_is_seen_in_files_of_the_editor(place: Place) -> None:
    place.write("ui.json", chain())
    ended = place("check-upgrade", *SIDES, "ui.json", "--json")
    (ui,) = ended.data["workflows"]
    assert [(hit["input"], hit["kind"]) for hit in ui["hits"]] == [
        ("strength", "invalid_input_type"),
        ("note", "value-changed"),
    ]


def test_a_new_default_changes_what_is_left_out(place: Place) -> None:
    changed = json.loads(json.dumps(SAMPLER))
    changed["input"]["optional"]["note"][1]["default"] = "new"
    place.write("new.json", info(TestSampler=changed))
    place.write("without.json", prompt())
    place.write("with.json", prompt(note="x"))
    ended = place("check-upgrade", *SIDES, "without.json", "with.json", "--json")
    assert ended.code == 0
    hits = [[hit["kind"] for hit in each["hits"]] for each in ended.data["workflows"]]
    assert hits == [["default-changed"], []]


def test_what_did_not_run_before_is_not_the_upgrades_fault(place: Place) -> None:
    place.write("w.json", prompt(steps=99))
    ended = place("check-upgrade", "--from", "old.json", "--to", "old.json", "w.json")
    assert ended.code == 0
    place.write("w2.json", prompt(steps=99))
    assert "does not run before the upgrade either" in place("check-upgrade", *SIDES, "w2.json").out


def test_a_pack_that_neither_set_has_hides_nothing(place: Place) -> None:
    made = {**prompt(), "90": {"class_type": "SomebodysNode", "inputs": {"image": ["1", 0]}}}
    place.write("w.json", made)
    ended = place("check-upgrade", *SIDES, "w.json")
    assert ended.code == 1
    assert "TestSampler.strength: is required and not given" in ended.out
    assert "? 90: nothing is known of `SomebodysNode`" in ended.out
    lines = [line for line in ended.out.splitlines() if line.startswith("api")]
    assert lines == [
        "api     -       old     no break known, 0 of 1 work, 1 not judged",
        "api     -       new     no, 0 of 1 work, 1 broken",
    ]
    assert place("check-upgrade", *SIDES, "w.json", "--fix").code == 0
    assert place("check-upgrade", *SIDES, "w.json").code == 0


def test_fix_writes_the_default_and_nothing_else(place: Place) -> None:
    text = json.dumps(prompt(), indent=3).replace('"slow"', '"\\u0073low"') + "\r\n"
    path = place.write("w/api.json", text)
    os.chmod(path, 0o640)
    place.write("w/ui.json", chain())
    place.write("w/good.json", prompt(strength=0.5))
    ended = place("check-upgrade", *SIDES, "w", "--fix")
    assert (ended.code, ended.err) == (0, "")
    after = path.read_bytes().decode()
    assert after == text.replace('"\\u0073low"', '"\\u0073low",\n         "strength": 1.0')
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert '+         "strength": 1.0' in ended.out
    assert ended.out.endswith("1 file written to\n")
    assert place("check", "w", "--definitions", "new.json").out.endswith("1 does not run\n")
    assert place("check", str(path), "--definitions", "new.json").code == 0
    assert place("check-upgrade", *SIDES, "w", "--fix").out == "nothing to write\n"


def test_dry_run_writes_nothing(place: Place) -> None:
    path = place.write("api.json", prompt())
    before = path.read_bytes()
    ended = place("check-upgrade", *SIDES, "api.json", "--fix", "--dry-run")
    assert (ended.code, path.read_bytes()) == (0, before)
    assert ended.out.endswith("1 file would be written to\n")


def test_a_long_line_is_shown_where_it_changes(place: Place) -> None:
    padding = {"9": {"class_type": "TestShow", "inputs": {"image": ["2", 0], "x": "y" * 900}}}
    place.write("api.json", {**prompt(), **padding})
    out = place("check-upgrade", *SIDES, "api.json", "--fix", "--dry-run").out
    assert '\n+, "strength": 1.0\n' in out
    assert all(len(line) < 100 for line in out.splitlines())


@pytest.mark.parametrize(
    "wrap",
    [
        lambda w: {"prompt": w, "client_id": "x"},
        lambda w: [{"a": 1}, {"input": {"workflow": w}}],
    ],
)
def test_wrapped_workflows_are_written_in_place(place: Place, wrap: Any) -> None:
    path = place.write("api.json", wrap(prompt()))
    assert place("check-upgrade", *SIDES, "api.json", "--fix").code == 0
    assert json.loads(path.read_text()) == wrap(prompt(strength=1.0))


def test_a_byte_order_mark_stays(place: Place) -> None:
    path = place.write("api.json", "\ufeff" + json.dumps(prompt()))
    assert place("check-upgrade", *SIDES, "api.json", "--fix").code == 0
    assert path.read_text().startswith('\ufeff{"1": ')


def test_a_link_stays_a_link(place: Place) -> None:
    real = place.write("real.json", prompt())
    (place.folder / "link.json").symlink_to(real)
    assert place("check-upgrade", *SIDES, "link.json", "--fix").code == 0
    assert (place.folder / "link.json").is_symlink()
    assert "strength" in real.read_text()


def test_what_cannot_be_mended_is_said(place: Place) -> None:
    newer = with_inputs(SAMPLER, strength=["FLOAT", {"default": 1.0}], mask=["MASK", {}])
    place.write("new.json", info(TestSampler=newer))
    place.write("api.json", prompt())
    ended = place("check-upgrade", *SIDES, "api.json", "--fix")
    assert ended.code == 1
    assert "still wrong: api.json: 2 TestSampler.mask: is required and not given\n" in ended.out
    told = place("check-upgrade", *SIDES, "api.json", "--json")
    assert told.data["workflows"][0]["fixed"] is False


def test_what_nothing_can_mend_is_said_too(place: Place) -> None:
    place.write("new.json", {name: each for name, each in INFO.items() if name != "TestLoader"})
    path = place.write("api.json", prompt())
    place.write("before.json", {"1": {"class_type": "Unheard", "inputs": {}}})
    before = path.read_bytes()
    ended = place("check-upgrade", *SIDES, "api.json", "before.json", "--fix")
    assert (ended.code, path.read_bytes()) == (1, before)
    told = "still wrong: api.json: 1 TestLoader: there is no class type `TestLoader`\n"
    assert ended.out == f"{told}nothing to write\n"
    ended = place("check-upgrade", *SIDES, "api.json", "--fix", "--json")
    (file,) = ended.data["files"]
    assert (file["written"], file["fixes"], file["diff"]) == (False, [], "")


def test_what_is_posted_is_mended_not_the_workflow_beside_it(place: Place) -> None:
    body = {"prompt": prompt(), "extra_data": {"extra_pnginfo": {"workflow": chain()}}}
    path = place.write("api.json", body)
    assert place("check", "api.json", "--definitions", "new.json").code == 1
    assert place("check-upgrade", *SIDES, "api.json", "--fix").code == 0
    assert json.loads(path.read_text()) == {**body, "prompt": prompt(strength=1.0)}


def test_a_file_of_too_many_workflows_is_not_mended_in_part(place: Place) -> None:
    path = place.write("api.json", [{"1": {"class_type": "X"}}] * 10_001)
    whole = path.read_bytes()
    ended = place("check-upgrade", *SIDES, "api.json", "--fix")
    told = "holds more than 10,000 workflows; the rest was not read"
    assert (ended.code, ended.err) == (2, f"error: api.json: {told}\n")
    assert path.read_bytes() == whole


def test_in_a_folder_too_it_is_said_what_cannot_be_written_to(place: Place) -> None:
    place.write("w/text.json", {"prompt": json.dumps(prompt())})
    place.write("w/none.json", {"a": 1})
    place.write("w/damaged.json", b'{"1": {"class_type"')
    place.write("w/picture.png", png(png_text("prompt", json.dumps(prompt()))))
    place.write("w/well.png", png(png_text("prompt", json.dumps(prompt(strength=1.0)))))
    ended = place("check-upgrade", *SIDES, "w", "--fix")
    assert (ended.code, ended.out) == (2, "nothing to write\n")
    damaged, picture, text = ended.err.splitlines()
    assert picture == "error: w/picture.png: is a PNG file; only JSON can be written to"
    assert damaged.startswith("error: w/damaged.json: ends in the middle")
    assert text.startswith("error: w/text.json: holds the workflow as text")


def test_a_folder_without_workflows_is_not_mended(place: Place) -> None:
    place.write("w/none.json", {"a": 1})
    ended = place("check-upgrade", *SIDES, "w", "--fix")
    assert (ended.code, ended.err) == (2, "error: w: holds no workflow\n")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (png(png_text("prompt", json.dumps(prompt()))), "is a PNG file; only JSON can be written"),
        (b'{"a": 1}', "holds no workflow"),
        (json.dumps({"prompt": json.dumps(prompt())}).encode(), "as text inside JSON"),
        (json.dumps(prompt()).encode("utf-16"), "is not UTF-8"),
        (b'{"1": {"class_type"', "cut off"),
    ],
)
def test_what_cannot_be_written_to_stays(place: Place, content: bytes, message: str) -> None:
    path = place.write("bad.json", content)
    good = place.write("good.json", prompt())
    ended = place("check-upgrade", *SIDES, "bad.json", "good.json", "--fix")
    assert ended.code == 2
    assert message in ended.err
    assert path.read_bytes() == content
    assert "strength" in good.read_text()


def test_a_folder_that_cannot_be_written_is_said(place: Place) -> None:
    path: Path = place.write("w/api.json", prompt())

    def refuse(*_: Any) -> bool:
        raise OSError(30, "Read-only file system")

    place.monkeypatch.setattr("comfylock.ops.upgrade_fix.write_atomically", refuse)
    ended = place("check-upgrade", *SIDES, str(path), "--fix")
    assert ended.code == 2
    assert "cannot be written: read-only file system" in ended.err


def test_fix_as_json(place: Place) -> None:
    place.write("api.json", prompt())
    ended = place("check-upgrade", *SIDES, "api.json", "--fix", "--json")
    (file,) = ended.data["files"]
    assert file["written"] is True
    assert file["fixes"] == [
        {"node": "2", "class_type": "TestSampler", "input": "strength", "value": 1.0}
    ]


def test_sets_of_different_kinds_are_compared_where_both_speak(place: Place) -> None:
    own = dict(SHOW, python_module="custom_nodes.own")
    place.write("old.json", info(Own=own))
    place("definitions", "save", "new.json", "-o", "set.json")
    core = (place.folder / "set.json").read_text().replace('"lists"', '"core_only":true,\n"lists"')
    place.write("core.json", core)
    both = place("check-upgrade", "--from", "old.json", "--to", "core.json", "--json")
    assert "Own" not in {each["class_type"] for each in both.data["changes"]}
    assert both.err == "note: one set says nothing of packs; their class types are left out\n"
    server = place("check-upgrade", *SIDES, "--json")
    assert "Own" in {each["class_type"] for each in server.data["changes"]}


def test_sets_of_different_things_are_refused(place: Place) -> None:
    place.write("other.json", {"Other": SHOW})
    ended = place("check-upgrade", "--from", "old.json", "--to", "other.json")
    assert ended.code == 2
    assert ended.err.startswith("error: other.json: has no class type in common with old.json\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "an upgrade has two sides"),
        (["--from", "old.json"], "an upgrade has two sides"),
        ([*SIDES, "--fix"], "--fix needs workflows"),
        ([*SIDES, "--dry-run", "x"], "--dry-run is about --fix"),
        (["--from", "gone.json", "--to", "new.json"], "gone.json: there is no such file"),
        ([*SIDES, "gone.json"], "gone.json: there is no such file"),
    ],
)
def test_mistakes_are_told(place: Place, words: list[str], message: str) -> None:
    ended = place("check-upgrade", *words)
    assert ended.code == 2
    assert message in ended.err


def test_unreadable_workflows_cost_themselves(place: Place) -> None:
    place.write("w/bad.json", b'{"nodes": [')
    place.write("w/api.json", prompt())
    ended = place("check-upgrade", *SIDES, "w", "--json")
    assert ended.code == 2
    assert [each["path"] for each in ended.data["unreadable"]] == ["w/bad.json"]
    assert ended.data["totals"]["broken"] == 1
