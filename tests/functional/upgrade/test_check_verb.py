"""`comfylock check`: would ComfyUI run these workflows?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.definition_sets import INFO, LOADER, chain, info, node, prompt
from tests.media import mp4, png, png_text
from tests.services.loopback import document

if TYPE_CHECKING:
    from tests.functional.upgrade.conftest import Place
    from tests.services.loopback import Service

BY = ("--definitions", "old.json")


def test_good_workflows_are_exit_0(place: Place) -> None:
    place.write("w/api.json", prompt())
    place.write("w/ui.json", chain())
    ended = place("check", "w", *BY)
    assert (ended.code, ended.out, ended.err) == (0, "2 workflows: 2 work\n", "")


def test_faults_are_told_with_node_and_input(place: Place) -> None:
    place.write("w/api.json", prompt(steps=99))
    place.write("w/good.json", prompt())
    ended = place("check", "w", *BY)
    assert ended.code == 1
    assert ended.out.splitlines() == [
        "w/api.json: does not run",
        "  2 TestSampler.steps: `99` is more than 50 [value_bigger_than_max]",
        "2 workflows: 1 works, 1 does not run",
    ]


def test_of_a_large_film_only_its_metadata_are_read(place: Place) -> None:
    path = place.write("w/film.mp4", mp4([("prompt", json.dumps(prompt()))], frames=b""))
    whole = path.read_bytes()
    at = whole.index(b"moov") - 4
    with path.open("r+b") as stream:  # a hole of 65 MiB takes no room
        stream.seek(at)
        stream.write((65 << 20).to_bytes(4, "big") + b"free")
        stream.seek(at + (65 << 20))
        stream.write(whole[at:])
    assert place("check", "w", *BY).out == "1 workflow: 1 works\n"


def test_the_envelope(place: Place) -> None:
    place.write("api.json", prompt(mode="odd"))
    ended = place("check", "api.json", *BY, "--json")
    envelope = json.loads(ended.out)
    assert (envelope["schema"], envelope["version"], envelope["ok"]) == (
        "comfylock.check",
        1,
        False,
    )
    (workflow,) = ended.data["workflows"]
    assert workflow["verdict"] == "breaks"
    assert workflow["faults"] == [
        {
            "node": "2",
            "class_type": "TestSampler",
            "input": "mode",
            "kind": "value_not_in_list",
            "message": "`odd` is not one of `fast`, `slow`",
        }
    ]
    assert ended.data["totals"] == {"works": 0, "partly": 0, "breaks": 1, "unjudged": 0}


@pytest.mark.parametrize(
    "wrap",
    [
        lambda w: {"prompt": w},
        lambda w: {"input": {"workflow": w}},
        lambda w: [7, "id", w, {}, []],
        lambda w: {"prompt": json.dumps(w)},
    ],
)
def test_every_wrapper_is_opened(place: Place, wrap: Any) -> None:
    place.write("x.json", wrap(prompt(steps=99)))
    assert "value_bigger_than_max" in place("check", "x.json", *BY).out


def test_files_of_several_workflows_and_media(place: Place) -> None:
    place.write("many.json", [prompt(), prompt(steps=99)])
    place.write("picture.png", png(png_text("workflow", json.dumps(chain()))))
    ended = place("check", "many.json", "picture.png", *BY, "--json")
    found = [(each["path"], each["format"], each["verdict"]) for each in ended.data["workflows"]]
    assert found == [
        ("many.json#[0]", "api", "works"),
        ("many.json#[1]", "api", "breaks"),
        ("picture.png", "png/ui", "works"),
    ]


def test_bad_inputs_cost_themselves(place: Place) -> None:
    place.write("w/broken.json", b'{"1": {"class_type": "X", "inputs"')
    place.write("w/good.json", prompt())
    place.write("w/other.json", {"some": "thing"})
    place.write("code.py", "x = 1")
    ended = place("check", "w", "gone.json", "code.py", *BY)
    assert ended.code == 2
    assert ended.out == "1 workflow: 1 works\n"
    lines = ended.err.splitlines()
    assert lines[0].startswith("error: w/broken.json: ends in the middle of a value at line 1")
    assert lines[1] == "error: gone.json: there is no such file or folder"
    assert lines[2].startswith("error: code.py: is source code")


def test_files_of_models_are_not_judged_unless_asked_for(place: Place, server: Service) -> None:
    place.write("w.json", {**prompt(), "1": _loading("elsewhere.safetensors")})
    server.answers["/object_info"] = document(INFO)
    assert place("check", "w.json", "--server", server.url).code == 0
    strict = place("check", "w.json", "--server", server.url, "--files")
    assert strict.code == 1
    assert "`elsewhere.safetensors` is not one of `a.safetensors`" in strict.out


def _loading(name: str) -> dict[str, Any]:
    return {"class_type": "TestLoader", "inputs": {"file": name}}


def test_packs_that_a_set_does_not_speak_of(place: Place) -> None:
    place.write("w.json", {**prompt(), "9": {"class_type": "Strange", "inputs": {"a": ["2", 0]}}})
    plain = place("check", "w.json", *BY)
    assert plain.code == 1
    assert "there is no class type `Strange` [missing_node_type]" in plain.out
    core = place("check", "w.json", *BY, "--core-only")
    assert core.code == 0
    assert core.out.splitlines()[0] == "w.json: cannot be judged"
    assert place("check", "w.json", *BY, "--core-only", "--strict").code == 1


def test_class_types_of_comfyui_itself_are_missed_all_the_same(place: Place) -> None:
    place.write("w.json", {**prompt(), "9": {"class_type": "KSampler", "inputs": {}}})
    ended = place("check", "w.json", *BY, "--core-only")
    assert "there is no class type `KSampler`" in ended.out


def test_what_the_editor_does_at_the_last_moment_is_not_judged(place: Place) -> None:
    document_ = chain(node(5, "workflow>x"))
    document_["nodes"][1]["inputs"] = []
    place.write("w.json", document_)
    ended = place("check", "w.json", *BY)
    assert ended.out.splitlines()[0] == "w.json: cannot be judged"
    assert "opened by the editor alone" in ended.out


def test_damaged_nodes_keep_a_workflow_from_being_called_good(place: Place) -> None:
    document_ = chain()
    document_["nodes"].append(None)
    place.write("w.json", document_)
    ended = place("check", "w.json", *BY)
    assert "? nodes[3]: is no node that can be read" in ended.out
    assert "1 cannot be judged" in ended.out


def test_hostile_names_do_not_reach_the_terminal(place: Place) -> None:
    evil = "\x1b[31m\u202eevil\n"
    entry = {evil: {"class_type": evil, "inputs": {evil: evil}}}
    place.write("w.json", {**prompt(), **entry})
    ended = place("check", "w.json", *BY)
    assert ended.code == 1
    assert not {"\x1b", "\u202e"} & set(ended.out + ended.err)


@pytest.mark.parametrize("columns", [40, 80])
def test_lines_fit(place: Place, columns: int) -> None:
    changes = {"TestLoader": dict(LOADER, output=[])}
    place.write("old.json", info(**changes))
    place.write("w/a long name of a workflow that goes on.json", prompt(steps=99, mode="x" * 90))
    ended = place("check", "w", *BY, columns=columns)
    assert all(len(line) <= columns for line in ended.out.splitlines())


def test_definitions_are_needed(place: Place) -> None:
    place.write("w.json", prompt())
    ended = place("check", "w.json")
    assert (ended.code, ended.out) == (2, "")
    assert "no definitions to judge by" in ended.err
    assert "hint: comfylock definitions save" in ended.err


def test_standard_input(place: Place) -> None:
    class Stream:
        buffer = __import__("io").BytesIO(json.dumps(prompt(steps=99)).encode())

    place.monkeypatch.setattr("sys.stdin", Stream)
    assert place("check", "-", *BY).out.startswith("-: does not run\n")


def test_one_set_of_several_that_is_none_costs_what_it_would_have_said(place: Place) -> None:
    place.write("api.json", prompt())
    place.write("pack.json", {"1": {"class_type": "Unheard", "inputs": {}}})
    place.write("page.json", b"<!doctype html>")
    sets = ("--definitions", "old.json", "--definitions", "page.json")
    ended = place("check", "api.json", "pack.json", *sets, "--json")
    assert ended.code == 2
    assert [each["verdict"] for each in ended.data["workflows"]] == ["works", "unjudged"]
    assert ended.data["unreadable"] == [
        {"path": "page.json", "message": "is a web page, no node definitions"}
    ]
    told = place("check", "api.json", *sets)
    assert told.err == "error: page.json: is a web page, no node definitions\n"
    words = ("--from", "old.json", "--to", "page.json", "--to", "new.json")
    assert place("check-upgrade", *words, "api.json", "--json").data["totals"]["broken"] == 1
    for alone in ((), ("--definitions", "page.json")):
        ended = place("check", "api.json", "--definitions", "page.json", *alone)
        assert (ended.code, ended.out) == (2, "")
    refused = place("check-upgrade", *words, "api.json", "--fix")
    assert (refused.code, refused.out) == (2, "")
    saved = place("definitions", "save", "old.json", "page.json", "-o", "both.json")
    assert (saved.code, (place.folder / "both.json").exists()) == (2, False)
