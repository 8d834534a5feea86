from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from comfylock.cli.text import Style, cells
from comfylock.cli.tree import tree_text
from comfylock.lockfile.schema import ComfyuiPin, Gap, Lock, ModelPin, WorkflowEntry
from comfylock.ops.tree import Tree
from comfylock.resolve.explain import Branch
from tests.functional.verbs import COMFYUI, call, data, locked, project
from tests.locks import full, release

if TYPE_CHECKING:
    from tests.project import Run


def test_which_workflow_needs_what(run: Run) -> None:
    project(run)
    assert call(run, "tree") == 0
    assert run.out == (
        "ComfyUI 0.3.64\n"
        "workflows/first.json\n"
        "├── alpha 1.2.0\n"
        "└── checkpoints/fresh.safetensors org/repo 0123456789\n"
        "workflows/second.json\n"
        "├── alpha 1.2.0\n"
        "└── carl/gamma 0123456789\n"
    )


def test_what_is_needed_by_whom(run: Run) -> None:
    project(run)
    assert call(run, "tree", "--invert") == 0
    assert run.out == (
        "alpha 1.2.0\n"
        "├── workflows/first.json\n"
        "└── workflows/second.json\n"
        "carl/gamma 0123456789\n"
        "└── workflows/second.json\n"
        "checkpoints/fresh.safetensors org/repo 0123456789\n"
        "└── workflows/first.json\n"
    )


def test_depth(run: Run) -> None:
    project(run)
    assert call(run, "tree", "--depth", "0") == 0
    assert run.out == "ComfyUI 0.3.64\nworkflows/first.json\nworkflows/second.json\n"
    assert call(run, "tree", "--depth", "2", "workflows/second.json") == 0
    assert run.out == (
        "ComfyUI 0.3.64\n"
        "workflows/second.json\n"
        "├── alpha 1.2.0\n"
        "│   └── AlphaNode\n"
        "└── carl/gamma 0123456789\n"
        "    └── GammaNode\n"
    )
    assert call(run, "tree", "--depth", "deep") == 2


@pytest.mark.parametrize(
    "name",
    ["carl/gamma", "Carl/Gamma", "https://github.com/carl/gamma.git", "GammaNode", "gammanode"],
)
def test_a_pack_by_any_of_its_names(run: Run, name: str) -> None:
    project(run)
    assert call(run, "tree", name) == 0
    assert run.out == "ComfyUI 0.3.64\nworkflows/second.json\n└── carl/gamma 0123456789\n"
    assert call(run, "tree", "-i", name) == 0
    assert run.out == "carl/gamma 0123456789\n└── workflows/second.json\n"


@pytest.mark.parametrize(
    "name", ["fresh.safetensors", "checkpoints/Fresh.safetensors", "checkpoints\\fresh.safetensors"]
)
def test_a_model_by_any_of_its_names(run: Run, name: str) -> None:
    project(run)
    tree = data(run, "tree", "--invert", "--depth", "0", name)
    assert [root["name"] for root in tree["roots"]] == ["checkpoints/fresh.safetensors"]
    assert tree["roots"][0]["children"] == []


def test_several_names(run: Run) -> None:
    project(run)
    tree = data(run, "tree", "fresh.safetensors", "old-alpha")
    children = [[child["name"] for child in root["children"]] for root in tree["roots"]]
    assert children == [["alpha", "checkpoints/fresh.safetensors"], ["alpha"]]


def test_a_name_that_is_not_locked(run: Run) -> None:
    project(run)
    assert call(run, "tree", "carl/gama") == 2
    assert "nothing called `carl/gama` is locked" in run.err
    assert "hint: did you mean `carl/gamma`?" in run.err
    assert call(run, "tree", "zzz") == 2
    assert "hint: comfylock tree" in run.err


def test_without_a_lock(run: Run) -> None:
    assert call(run, "tree") == 2
    assert "no lockfile at" in run.err
    assert "hint: comfylock lock" in run.err


def test_all_that_a_lock_can_say(run: Run) -> None:
    project(run, full())
    assert call(run, "tree") == 0
    assert run.out == (
        "ComfyUI 0.3.64\n"
        "one.json#2\n"
        "├── unfound (unresolved: not-found)\n"
        "├── loras/unknown.pt (unresolved: no-source)\n"
        "└── Shared (unresolved: ambiguous)\n"
        "workflows/portrait ü.json [video]\n"
        "├── alpha 1.2.0 [video] (pending) (deprecated) (lacks AlphaNode)\n"
        "│       (runs code on install) (asks for a GPU at start)\n"
        "├── carl/gamma v1.0\n"
        "├── dora/single 0123456789\n"
        "├── checkpoints/base.safetensors version 22, file 33 (gated: login)\n"
        "│       (private)\n"
        "├── loose.bin url, sha256 none (no sha256)\n"
        "├── loras/sub/detail.safetensors@fp8 v2.0 [video]\n"
        "├── upscale_models/x4.pth datasets/org/repo 0123456789\n"
        "├── vae/ae.safetensors org/repo 0123456789 (gated: auto)\n"
        "├── vae/mine.safetensors local, sha256 none (no sha256)\n"
        "└── vae_approx/tae.pth https://github.com/ann/models 0123456789\n"
        "comfylock.toml\n"
        "├── cu128 linux/amd64\n"
        "│       docker.io/nvidia/cuda:12.8.1-cudnn-runtime-ubuntu24.04 ababababab\n"
        "├── cu128 linux/arm64\n"
        "│       docker.io/nvidia/cuda:12.8.1-cudnn-runtime-ubuntu24.04 ababababab\n"
        "├── linux-x86_64-py3.12-cpu 87 packages, sha256 ababababab\n"
        "├── linux-x86_64-py3.12-cu128\n"
        "│       87 packages, torch 2.8.0+cu128, sha256 ababababab (builds insightface)\n"
        "└── comfyui (unresolved: offline)\n"
    )
    assert call(run, "tree", "--depth", "2", "alpha") == 0
    assert "    ├── AlphaNode (not provided)\n" in run.out


def test_what_the_project_asks_for_and_no_workflow_needs(run: Run) -> None:
    mine = ModelPin("mine.pt", "vae", "local", unhashed="not here")
    project(run, Lock(packs=(release("extra"),), models=(mine,)))
    assert call(run, "tree") == 0
    lines = ["comfylock.toml", "├── extra 1.2.0", "└── vae/mine.pt local, sha256 none (no sha256)"]
    assert run.out.splitlines() == lines
    assert data(run, "tree", "-i")["roots"][0]["children"][0]["kind"] == "settings"


def test_an_empty_lock(run: Run) -> None:
    project(run, Lock(comfyui=ComfyuiPin(">=0.3.0")))
    assert call(run, "tree") == 0
    assert run.out == "ComfyUI >=0.3.0\nnothing is locked\n"


def test_json(run: Run) -> None:
    project(run)
    found = data(run, "tree", "--invert", "alpha")
    assert (found["inverted"], found["unresolved"], found["comfyui"]) == (
        True,
        0,
        {
            "requested": ">=0.1.0",
            "version": "0.3.64",
            "repository": COMFYUI,
            "commit": "c" * 40,
            "tree": "d" * 40,
            "dependencies": [],
        },
    )
    assert found["roots"] == [
        {
            "kind": "pack",
            "name": "alpha",
            "pin": "1.2.0",
            "groups": [],
            "remarks": [],
            "children": [
                {
                    "kind": "workflow",
                    "name": name,
                    "pin": "",
                    "groups": [],
                    "remarks": [],
                    "children": [],
                }
                for name in ("workflows/first.json", "workflows/second.json")
            ],
        }
    ]


@pytest.mark.parametrize("columns", [20, 33, 80])
def test_narrow_terminals(run: Run, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    path = "workflows/" + "漢字" * 30 + ".json"
    gap = Gap("class-type", "漢" * 60, "ambiguous", "which one", workflows=(path,))
    pack = release(provides=("AlphaNode", "x" * 200), groups=("g" * 90,))
    lock = locked(workflows=(WorkflowEntry(path, ("alpha", "carl/gamma")),), unresolved=(gap,))
    project(run, replace(lock, packs=(pack, lock.packs[1])))
    for words in (["--depth", "2"], ["-i"]):
        assert call(run, "tree", *words) == 0
        assert all(cells(line) <= columns for line in run.out.splitlines())


def test_hostile_names() -> None:
    evil = "\x1b[2J\u202eevil\u200b"
    branch = Branch("pack", evil, evil, (evil,), (evil,), (Branch("workflow", evil),))
    found = Tree((branch,), is_inverted=False, comfyui=ComfyuiPin(evil, evil), unresolved=0)
    text = tree_text(found, Style("never", sys.stdout), 80)
    assert not set(text) & set("\x1b\u202e\u200b")
    assert text.count("evil") == 6


def test_colours(run: Run) -> None:
    project(run, full())
    assert call(run, "tree", "--color", "always") == 0
    assert "\x1b[1mone.json#2\x1b[0m" in run.out
    assert "\x1b[31munfound (unresolved: not-found)\x1b[0m" in run.out
