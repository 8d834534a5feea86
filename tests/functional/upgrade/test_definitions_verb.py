"""`comfylock definitions`: sets from everywhere, saved and shown."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.definition_sets import INFO
from tests.services.loopback import Answer, document, page, redirect

if TYPE_CHECKING:
    from tests.functional.upgrade.conftest import Place
    from tests.services.loopback import Service

PACK = str(Path(__file__).parents[2] / "upgrade_pack")
STATS = {"system": {"comfyui_version": "0.9.9"}}


def answer(server: Service) -> None:
    server.answers["/object_info"] = document(INFO)
    server.answers["/system_stats"] = document(STATS)


def test_help_opens_with_examples(place: Place) -> None:
    for verb in ("definitions", "check", "check-upgrade"):
        with pytest.raises(SystemExit):
            place(verb, "--help")
        out = place.capture.readouterr()[0]
        assert out.index("examples:") < out.index("options")
        assert out.count(f"  comfylock {verb} ") >= 2
        assert all(len(line) <= 80 for line in out.splitlines())


def test_a_set_is_saved_and_shown(place: Place) -> None:
    saved = place("definitions", "save", "old.json", "-o", "set.json")
    size = len((place.folder / "set.json").read_bytes())
    assert (saved.code, saved.err) == (0, "")
    assert saved.out == f"Wrote ./set.json: 4 class types, {size:,} bytes\n"
    again = place("definitions", "save", "set.json", "-o", "set.json")
    assert again.out.startswith("Unchanged: ./set.json")
    shown = place("definitions", "show", "set.json", "TestSampler")
    assert shown.out.splitlines() == [
        "TestSampler",
        "  image  IMAGE",
        "  seed   INT 0..100 = 0",
        "  steps  INT 1..50 = 20",
        "  mode   COMBO = slow fast | slow",
        "  note   STRING optional",
        "  -> IMAGE",
    ]
    told = place("definitions", "show", "set.json")
    assert told.out == "4 class types\n  1 comfy_extras\n  3 nodes\n"


def test_lines_fit_a_narrow_terminal(place: Place) -> None:
    shown = place("definitions", "show", "old.json", "TestSampler", "TestChooser", columns=40)
    assert all(len(line) <= 40 for line in shown.out.splitlines())


def test_what_is_not_in_a_set_is_said(place: Place) -> None:
    shown = place("definitions", "show", "old.json", "TestShow", "Nobody")
    assert (shown.code, shown.err) == (1, "error: there is no class type `Nobody` in this set\n")
    assert shown.out.startswith("TestShow (an output)\n")
    told = place("definitions", "show", "old.json", "Nobody", "TestShow", "--json")
    assert told.data["missing"] == ["Nobody"]
    assert told.data["classes"]["TestShow"]["output_node"] is True


def test_a_running_server_is_asked(place: Place, server: Service) -> None:
    answer(server)
    saved = place("definitions", "save", "--server", server.url, "-o", "set.json", "--json")
    assert saved.code == 0
    assert saved.data["comfyui"] == "0.9.9"
    assert saved.data["kind"] == "server"
    assert server.paths() == ["/object_info", "/system_stats"]
    assert "authorization" not in {name.lower() for name in server.asked[0].headers}
    assert place("definitions", "show", f"{server.url}/", "TestShow").code == 0


def test_a_server_need_not_say_its_version(place: Place, server: Service) -> None:
    server.answers["/object_info"] = document(INFO)
    assert place("definitions", "show", server.url, "--json").data["comfyui"] is None


@pytest.mark.parametrize(
    ("reply", "code", "message"),
    [
        (page(), 2, "answers a web page"),
        (Answer(b"<html>"), 2, "answers a web page"),
        (Answer(b""), 2, "answers nothing"),
        (Answer(b"  \n"), 2, "answers nothing"),
        (Answer(b"{"), 2, "answers what is not JSON"),
        (document({}), 2, "answers JSON that is no node definitions"),
        (document([1]), 2, "answers JSON that is no node definitions"),
        (Answer(b"no", 404), 2, "answers 404"),
        (Answer(b"no", 401), 2, "answers 401"),
        (Answer(b"no", 500), 3, "500"),
        (Answer(b"x" * 100, missing=50), 3, ""),
        (redirect("http://10.0.0.1/object_info"), 3, "leads to `10.0.0.1`"),
    ],
)
def test_a_server_that_says_something_else_is_told_in_a_sentence(
    place: Place, server: Service, reply: Answer, code: int, message: str
) -> None:
    server.answers["/object_info"] = reply
    ended = place("definitions", "show", server.url)
    assert (ended.code, ended.out) == (code, "")
    assert ended.err.startswith("error: ")
    assert message in ended.err
    assert "Traceback" not in ended.err


def test_nobody_there_is_exit_3(place: Place) -> None:
    ended = place("definitions", "show", "http://127.0.0.1:9")
    assert ended.code == 3
    assert ended.err.startswith("error: 127.0.0.1: cannot be reached")


@pytest.mark.parametrize(
    ("address", "code", "message"),
    [
        ("http://192.168.0.7:8188", 3, "COMFYLOCK_ALLOW_HOSTS=192.168.0.7"),
        ("http://comfy.example:8188", 3, "is an address without https"),
        ("http://", 2, "is no server's address"),
        ("http://user:secret@127.0.0.1:1", 2, "with a name or password before it; leave that out"),
        ("http://127.0.0.1:1/?token=secret", 2, "with `?` and more behind it; leave that out"),
    ],
)
def test_where_a_server_may_be(place: Place, address: str, code: int, message: str) -> None:
    ended = place("definitions", "show", address)
    assert ended.code == code
    assert message in ended.err
    assert "secret" not in ended.err


def test_a_server_is_not_asked_offline(place: Place, server: Service) -> None:
    ended = place("definitions", "show", server.url, "--offline")
    assert (ended.code, server.asked) == (2, [])


def test_source_is_read_and_never_run(place: Place) -> None:
    ran = place.folder / "ran"
    bomb = place.write("bomb/__init__.py", f"open({str(ran)!r}, 'w')\n" + _pack("Bomb"))
    ended = place("definitions", "show", str(bomb.parent), "Bomb")
    assert ended.out.splitlines()[:2] == ["Bomb", "  x  INT = 1"]
    assert not ran.exists()
    told = place("definitions", "show", PACK, "--json").data
    assert (told["kind"], told["core_only"], told["class_types"]) == ("source", True, 8)


def _pack(name: str, default: int = 1) -> str:
    return f"""
class A:
    @classmethod
    def INPUT_TYPES(cls):
        return {{"required": {{"x": ("INT", {{"default": {default}}})}}}}
    RETURN_TYPES = ("IMAGE",)
NODE_CLASS_MAPPINGS = {{"{name}": A}}
"""


def test_source_is_read_at_a_commit(place: Place) -> None:
    def git(*words: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(place.folder / "pack"), *words],
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    place.write("pack/__init__.py", _pack("First"))
    git("init", "-q")
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.com")
    git("add", ".")
    git(*identity, "commit", "-qm", "one")
    commit = git("rev-parse", "HEAD")
    git("tag", "v1")
    place.write("pack/__init__.py", _pack("Second"))
    for revision in (commit, commit[:10], "v1"):
        ended = place("definitions", "show", f"pack@{revision}", "First", "--json")
        assert ended.code == 0
        assert ended.data["commit"] == commit
    assert place("definitions", "show", "pack", "Second").code == 0
    git("worktree", "add", "-q", "../beside", "v1")
    git(*identity, "commit", "-qam", "two")
    for name, revision, there in (("beside", "HEAD", "First"), ("beside", "HEAD~0", "First")):
        assert place("definitions", "show", f"{name}@{revision}", there).code == 0
    assert place("definitions", "show", "beside@HEAD", "Second").code == 1
    assert place("definitions", "show", "pack@HEAD", "Second").code == 0
    missing = place("definitions", "show", "pack@nowhere")
    assert missing.err.startswith("error: pack@nowhere: has no commit `nowhere`")


def test_several_sets_are_one(place: Place) -> None:
    place.write("pack/__init__.py", _pack("Own"))
    saved = place("definitions", "save", "old.json", "pack", "-o", "both.json", "--json")
    assert saved.data["class_types"] == 5
    assert saved.data["core_only"] is False


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"<!doctype html><html>", "is a web page, no node definitions"),
        (b"{", "cut off"),
        (b"[]", "is JSON of another kind, no node definitions"),
        (b"{}", "is an empty object, no node definitions"),
        (json.dumps({"nodes": [], "links": []}).encode(), "is a workflow, no node definitions"),
        (json.dumps({"1": {"class_type": "X"}}).encode(), "is a workflow, no node definitions"),
        (b'{"comfylock-definitions": 99}', "is a set of definitions of version 99"),
        (b'{"comfylock-definitions": 1}', "damaged set of definitions"),
        (b"\xff\xfe\x00", "is not JSON"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_set_is_told_in_a_sentence(place: Place, content: bytes, message: str) -> None:
    place.write("bad.json", content)
    ended = place("definitions", "show", "bad.json", "--json")
    assert ended.code == 2
    assert ended.err.startswith("error: bad.json: ")
    assert message in ended.err
    assert json.loads(ended.out)["error"]["code"] == "definitions"


def test_odd_classes_are_named_and_the_rest_is_kept(place: Place) -> None:
    odd: dict[str, Any] = {f"Odd{number}": None for number in range(14)}
    place.write("odd.json", INFO | odd)
    ended = place("definitions", "show", "odd.json", "TestShow")
    assert ended.code == 2
    assert ended.out.startswith("TestShow")
    assert ended.err.count("error: odd.json#Odd") == 10
    assert ended.err.endswith("error: 4 more of these; -v tells all\n")
    assert place("definitions", "show", "odd.json", "TestShow", "-v").err.count("\n") == 14
    saved = place("definitions", "save", "odd.json", "-o", "kept.json", "--json")
    assert saved.code == 2
    assert [each["path"] for each in saved.data["unreadable"]][:2] == [
        "odd.json#Odd0",
        "odd.json#Odd1",
    ]
    # What is saved says by itself that nothing is known of them.
    assert place("definitions", "show", "kept.json", "TestShow").code == 0


def test_workflows_are_judged_by_the_rest_of_a_damaged_answer(place: Place) -> None:
    place.write("odd.json", INFO | {"Odd": {"input": [], "output": []}})
    good = {"1": {"class_type": "TestLoader", "inputs": {}}}
    odd = {"1": {"class_type": "Odd", "inputs": {"x": 1}}}
    place.write("good.json", good)
    place.write("odd-one.json", odd)
    ended = place("check", "good.json", "odd-one.json", "--definitions", "odd.json", "--json")
    assert ended.code == 2
    assert [each["path"] for each in ended.data["unreadable"]] == ["odd.json#Odd"]
    first, second = ended.data["workflows"]
    assert [fault["kind"] for fault in first["faults"]] == ["prompt_no_outputs"]
    assert second["verdict"] == "unjudged"
    for words in (
        ["--from", "old.json", "--to", "odd.json"],
        ["--from", "odd.json", "--to", "old.json"],
    ):
        ended = place("check-upgrade", *words, "good.json")
        assert ended.code == 2
        assert "error: odd.json#Odd: `input` is not an object" in ended.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "`definitions` needs a subcommand: save, show"),
        (["keep"], "`definitions` has no subcommand `keep`"),
        (["save"], "needs a set and a file to write to"),
        (["save", "old.json"], "needs a set and a file to write to"),
        (["show"], "needs a set"),
        (["show", "gone.json"], "gone.json: there is no such file or folder"),
        (["show", "empty"], "empty: declares no node types"),
        (["save", "old.json", "-o", "old.json/x"], "old.json/x"),
    ],
)
def test_mistakes_are_told(place: Place, words: list[str], message: str) -> None:
    (place.folder / "empty").mkdir()
    ended = place("definitions", *words)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err
