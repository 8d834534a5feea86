from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.functional.registry.sources import NODES, project
from tests.functional.shell import everything

if TYPE_CHECKING:
    from tests.functional.shell import Shell

SCRIPT = "import { app } from '/scripts/app.js';\nLiteGraph.registerNodeType('ZzNote', Note);\n"

V3 = """
from comfy_api.latest import ComfyExtension, io

class Shade(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(node_id="ZzShade", inputs=[io.Float.Input("depth")], outputs=[])

class Extension(ComfyExtension):
    async def get_node_list(self):
        return [Shade]

async def comfy_entrypoint():
    return Extension()
"""


def workflow(shell: Shell, *nodes: dict[str, Any]) -> str:
    """Write a workflow into the project and return its path."""
    rows = [{"id": at, "mode": 0, **node} for at, node in enumerate(nodes)]
    path = shell.project / "workflow.json"
    path.write_text(json.dumps({"nodes": rows, "links": [], "version": 0.4}), encoding="utf-8")
    return str(path)


def packs_of(shell: Shell, class_type: str) -> Any:
    """What `analyze` says of a class type in a workflow without stamps."""
    told = shell("analyze", workflow(shell, {"type": class_type}), "--json").json()
    (entry,) = told["data"]["class_types"]
    return entry["kind"], entry["pack"]


def test_a_pack_is_known_afterwards(shell: Shell) -> None:
    path = shell.pack("stamps", {"__init__.py": NODES, "pyproject.toml": project("Stamps")})
    added = shell.registry("add", path)
    assert (added.code, added.err) == (0, "")
    assert added.out == f"Added stamps: 2 class types, in {shell.own_layer}\n"
    assert shell.registry("show", "ZzStamp").out.splitlines() == [
        "ZzStamp: class type",
        "  from stamps (listed)",
        "  lora names a file of loras",
    ]
    for name in ("stamps", "Alice/Stamps", "https://github.com/alice/stamps.git"):
        shown = shell.registry("show", name)
        assert shown.out.splitlines()[:3] == [
            "stamps: node pack",
            "  registry id stamps",
            "  https://github.com/alice/stamps",
        ]


def test_an_analysis_uses_it(shell: Shell) -> None:
    assert packs_of(shell, "ZzStamp") == ("unknown", None)
    shell.registry("add", shell.pack("stamps", {"__init__.py": NODES}))
    assert packs_of(shell, "ZzStamp") == ("pack", "stamps")
    path = workflow(shell, {"type": "ZzStamp", "widgets_values": [0.5, "mine.safetensors"]})
    (model,) = shell("analyze", path, "--json").json()["data"]["models"]
    assert (model["name"], model["folder"]) == ("mine.safetensors", "loras")


def test_the_project_has_the_word_before_the_bundled_registry(shell: Shell) -> None:
    name = "Any Switch (rgthree)"
    assert packs_of(shell, name) == ("pack", "rgthree-comfy")
    files = {"__init__.py": f"class A: pass\nNODE_CLASS_MAPPINGS = {{'{name}': A}}"}
    shell.registry("add", shell.pack("my-fork", files))
    assert packs_of(shell, name) == ("pack", "my-fork")


def test_a_pack_of_ones_own_takes_its_repository_from_the_bundled_registry(shell: Shell) -> None:
    """An author's stamp `owner/repo` must lead to the added pack, whatever it is called below."""
    address = "https://github.com/kijai/comfyui-moge"
    assert shell.registry("show", address).out.startswith("kijai/comfyui-moge: node pack")
    files = {"__init__.py": NODES, "pyproject.toml": project("my-moge", address)}
    shell.registry("add", shell.pack("moge", files))
    for name in (address, "kijai/ComfyUI-MoGe"):
        assert shell.registry("show", name).out.startswith("my-moge: node pack")
    path = workflow(shell, {"type": "ZzStamp", "properties": {"aux_id": "kijai/ComfyUI-MoGe"}})
    told = shell("analyze", path, "--json").json()["data"]
    assert [pack["name"] for pack in told["packs"]] == ["my-moge"]


def test_a_second_time_replaces_the_first(shell: Shell) -> None:
    path = shell.pack("stamps", {"__init__.py": NODES})
    shell.registry("add", path)
    first = everything(shell.own_layer)
    shell.registry("add", path)
    assert everything(shell.own_layer) == first
    later = "class B: pass\nNODE_CLASS_MAPPINGS = {'ZzOther': B}\n"
    shell.registry("add", shell.pack("stamps", {"__init__.py": later}))
    assert shell.registry("show", "ZzOther").code == 0
    assert shell.registry("show", "ZzStamp").code == 1
    assert b"ZzStamp" not in b"".join(everything(shell.own_layer).values())


def test_packs_stand_side_by_side(shell: Shell) -> None:
    shell.registry("add", shell.pack("one", {"__init__.py": NODES}))
    shell.registry("add", shell.pack("two", {"web/two.js": SCRIPT}))
    assert shell.registry("show", "ZzStamp").out.splitlines()[1] == "  from one (listed)"
    shell.registry("add", shell.pack("one", {"__init__.py": NODES}), "--name", "three")
    assert shell.registry("show", "ZzStamp").out.splitlines()[1] == "  ambiguous: one, three"
    assert len(os.listdir(shell.own_layer)) == 6


def test_for_all_projects_of_a_user(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    added = shell.registry("add", shell.pack("stamps", {"__init__.py": NODES}), "--user")
    layer = shell.home / "config" / "comfylock" / "registry"
    assert added.out.endswith(f", in {layer}\n")
    assert not shell.own_layer.exists()
    assert packs_of(shell, "ZzStamp") == ("pack", "stamps")
    shell.registry("add", shell.pack("stamps", {"__init__.py": NODES}), "--name", "nearer")
    assert packs_of(shell, "ZzStamp") == ("pack", "nearer")
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", str(shell.home / "another"))
    shell.registry("add", shell.pack("stamps", {"__init__.py": NODES}), "--user")
    assert (shell.home / "another/.config/comfylock/registry/packs.json").exists()


def test_nothing_of_a_pack_is_run(shell: Shell) -> None:
    marker = shell.home / "was-run"
    mark = f"open({str(marker)!r}, 'w').write('x')\n"
    files = {
        "__init__.py": f"{mark}from .nodes import *\nfrom .nodes import NODE_CLASS_MAPPINGS\n",
        "nodes.py": f"{mark}import torch_that_is_not_there\n{NODES}{mark}raise SystemExit(9)\n",
        "install.py": mark,
        "prestartup_script.py": mark,
        "setup.py": mark,
        "conftest.py": mark,
        "sitecustomize.py": mark,
    }
    shell.monkeypatch.chdir(shell.pack("marks", files))
    added = shell.registry("add", ".")
    assert added.code == 0
    assert added.out.startswith("Added marks: 2 class types, ")
    assert not marker.exists()
    assert "__pycache__" not in os.listdir(".")


def test_a_pack_that_is_one_file(shell: Shell) -> None:
    path = os.path.join(shell.pack("single", {"zz_single.py": NODES}), "zz_single.py")
    assert shell.registry("add", path).out.startswith("Added zz_single: 2 class types, ")


def test_a_pack_of_scripts_only(shell: Shell) -> None:
    files = {"__init__.py": "WEB_DIRECTORY = './web'\nNODE_CLASS_MAPPINGS = {}\n"}
    path = shell.pack("notes", {**files, "web/note.js": SCRIPT})
    assert shell.registry("add", path).out.startswith(
        "Added notes: 0 class types and 1 frontend-only type, "
    )
    shown = shell.registry("show", "ZzNote").out.splitlines()
    assert shown[1] == "  frontend-only (JavaScript), of notes"
    assert packs_of(shell, "ZzNote") == ("frontend-only", "notes")


def test_what_comfyui_registers_itself_stays_its_own(shell: Shell) -> None:
    script = SCRIPT.replace("ZzNote", "Reroute") + SCRIPT
    shell.registry("add", shell.pack("notes", {"web/note.js": script}))
    shown = shell.registry("show", "Reroute").out.splitlines()
    assert shown[1] == "  frontend-only (JavaScript), of comfy-core"


def test_a_pack_of_the_newer_kind(shell: Shell) -> None:
    added = shell.registry("add", shell.pack("shades", {"__init__.py": V3}))
    assert added.out.startswith("Added shades: 1 class type, ")
    assert packs_of(shell, "ZzShade") == ("pack", "shades")


def test_what_could_not_be_read_is_told(shell: Shell) -> None:
    files = {"__init__.py": "from .broken import *\n" + NODES, "broken.py": "def (:\n\x1b[31m"}
    added = shell.registry("add", shell.pack("half", files))
    assert added.code == 0
    assert added.err.startswith("warning: broken.py")
    assert "\x1b" not in added.err
    told = shell.registry("add", shell.pack("half", files), "--json").json()
    assert told["schema"] == "comfylock.registry.add"
    assert {
        key: told["data"][key] for key in ("name", "class_types", "frontend_only", "layer")
    } == {
        "name": "half",
        "class_types": 2,
        "frontend_only": 0,
        "layer": str(shell.own_layer),
    }
    assert told["data"]["problems"][0]["path"].startswith("broken.py")


def test_names_that_no_file_can_hold(shell: Shell) -> None:
    text = (
        NODES + 'NODE_CLASS_MAPPINGS["\\ud800"] = Stamp\nNODE_CLASS_MAPPINGS["\\x1b[2J"] = Stamp\n'
    )
    added = shell.registry("add", shell.pack("odd", {"__init__.py": text}))
    assert added.out.startswith("Added odd: 3 class types, ")
    assert added.err == "warning: names that are not valid Unicode were left out: 1\n"
    shown = shell.registry("show", "odd").out
    assert "\ufffd[2J" in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize(
    ("name", "words", "expected"),
    [
        ("My Pack", (), "`My Pack` is no name for a pack"),
        ("fine", ("--name", "a b"), "`a b` is no name for a pack"),
        ("fine", ("--name", "../../etc"), "`../../etc` is no name for a pack"),
        ("fine", ("--name", "\x1b[2J"), "`\ufffd[2J` is no name for a pack"),
        ("fine", ("--name", "Comfy-Core"), "`Comfy-Core` is ComfyUI itself"),
        ("fine", ("--repository", "not an address"), "`not an address` is no address"),
    ],
)
def test_names_that_are_none(
    shell: Shell, name: str, words: tuple[str, ...], expected: str
) -> None:
    failed = shell.registry("add", shell.pack(name, {"__init__.py": NODES}), *words)
    assert (failed.code, failed.out) == (2, "")
    assert failed.err.startswith(f"error: {expected}")
    assert "\n\nhint: --" in failed.err
    assert not shell.own_layer.exists()


def test_names_in_the_order_of_their_weight(shell: Shell) -> None:
    address = "https://github.com/Bob/Zz-Chalk.git"
    path = shell.pack("chalk", {"__init__.py": NODES})
    assert shell.registry("add", path).out.startswith("Added chalk: ")
    assert shell.registry("add", path, "--repository", address).out.startswith(
        "Added bob/zz-chalk: "
    )
    shell.pack("chalk", {"pyproject.toml": project("Zz-Id", address)})
    assert shell.registry("add", path).out.startswith("Added zz-id: ")
    assert shell.registry("add", path, "--name", "Mine").out.startswith("Added mine: ")


def test_a_repository_on_another_host(shell: Shell) -> None:
    address = "https://gitlab.example.com/studio/zz-stamps"
    path = shell.pack("stamps", {"__init__.py": NODES})
    shell.registry("add", path, "--repository", f"{address}.git")
    shown = shell.registry("show", f"git@{address[8:].replace('/', ':', 1)}.git")
    assert shown.out.splitlines()[:2] == ["stamps: node pack", f"  {address}"]


@pytest.mark.parametrize("files", [{}, {"README.md": "hello"}, {"a.py": "x = 1"}])
def test_a_folder_without_nodes(shell: Shell, files: dict[str, str]) -> None:
    path = shell.pack("empty", files)
    failed = shell.registry("add", path)
    assert failed.code == 2
    assert failed.err.splitlines()[0] == f"error: {path}: no node types found in this pack"
    assert not shell.own_layer.exists()


def test_a_pack_whose_nodes_are_put_together_when_it_runs(shell: Shell) -> None:
    path = shell.pack("late", {"__init__.py": "import x\nNODE_CLASS_MAPPINGS = x.collect()"})
    failed = shell.registry("add", path)
    assert failed.code == 2
    assert failed.err.splitlines()[0] == (
        f"error: {path}: no node types found in this pack; __init__.py: `NODE_CLASS_MAPPINGS` is "
        "put together when it runs"
    )


@pytest.mark.parametrize("words", [("nowhere",), (), ("a", "b"), ("",)])
def test_a_path_that_leads_nowhere(shell: Shell, words: tuple[str, ...]) -> None:
    failed = shell.registry("add", *words)
    assert (failed.code, failed.out) == (2, "")
    assert failed.err.startswith("error: ")


def test_a_project_that_is_not_there_is_not_made(shell: Shell) -> None:
    path = shell.pack("stamps", {"__init__.py": NODES})
    shell.project.rmdir()
    failed = shell.registry("add", path)
    assert (failed.code, failed.err) == (2, f"error: {shell.project}: there is no such folder\n")
    assert not shell.project.exists()


def test_a_layer_that_cannot_be_written(shell: Shell) -> None:
    path = shell.pack("stamps", {"__init__.py": NODES})
    (shell.project / ".comfylock").write_text("a file where the folder should be")
    failed = shell.registry("add", path)
    assert failed.code == 2
    assert failed.err.startswith(f"error: {shell.own_layer}")
    assert (shell.project / ".comfylock").read_text() == "a file where the folder should be"


def test_a_layer_whose_folder_refuses_leaves_no_rest(shell: Shell) -> None:
    path = shell.pack("stamps", {"__init__.py": NODES})
    shell.registry("add", path)
    (shell.own_layer / "class_types.json").unlink()
    (shell.own_layer / "class_types.json").mkdir()
    before = everything(shell.own_layer)
    failed = shell.registry("add", path, "--name", "other")
    assert failed.code == 2
    assert failed.err.startswith(f"error: {shell.own_layer}")
    assert everything(shell.own_layer) == before


DAMAGED: list[bytes] = [
    b"",
    b"{",
    b"[]",
    b"{\n",
    b"\xff\xfe",
    b'{"ZzStamp": 7}',
    b'{\n"ZzStamp":[7]\n}\n',
    b'{\n"ZzStamp":["\xff"]\n}\n',
    b'{\n"ZzStamp":' + b"[" * 100_000 + b"\n}\n",
    b'{"ZzStamp": ["\x1b[2J"]',
]


@pytest.mark.parametrize("number", range(len(DAMAGED)))
@pytest.mark.parametrize("command", ["show", "search", "add", "analyze"])
def test_a_damaged_layer_is_one_sentence(shell: Shell, number: int, command: str) -> None:
    shell.layer_file("class_types.json", DAMAGED[number])
    before = everything(shell.own_layer)
    if command == "analyze":  # goes on with what is left
        failed = shell("analyze", workflow(shell, {"type": "ZzStamp"}))
        assert (failed.code, failed.out[:11]) == (2, "1 workflow,")
        (sentence,) = failed.err.splitlines()
        assert "is damaged: " in sentence
        assert "; left out: remove it" in sentence
        assert "\x1b" not in failed.err
        return
    if command == "add":
        failed = shell.registry("add", shell.pack("stamps", {"__init__.py": NODES}))
    else:
        failed = shell.registry(command, "ZzStamp")
    assert (failed.code, failed.out) == (2, "")
    sentence, blank, hint = failed.err.splitlines()
    assert sentence.startswith(f"error: {shell.own_layer}/class_types.json: is damaged: ")
    assert blank == ""
    assert hint.startswith("hint: remove it")
    assert "\x1b" not in failed.err
    assert everything(shell.own_layer) == before
