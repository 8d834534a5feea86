from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from comfylock.cli.text import Style, cells
from comfylock.cli.why_text import explanation_text
from comfylock.lockfile.schema import ComfyuiPin, Gap, Lock, ModelPin, PackPin, WorkflowEntry
from comfylock.lockfile.write import write_lock
from comfylock.registry.lookup import Verdict
from comfylock.requirements import Offer
from comfylock.resolve.chains import ClassChain, Explanation, ModelChain, PackChain, Use
from tests.builders import node, stamped, ui
from tests.functional.verbs import URL, call, data, locked, project
from tests.locks import COMMIT, SHA, full, hub_model, release

if TYPE_CHECKING:
    from tests.project import Run


def test_a_class_type_from_its_nodes_to_its_pin(run: Run) -> None:
    project(run)
    assert call(run, "why", "AlphaNode") == 0
    assert run.out == (
        "AlphaNode: class type\n"
        "  workflows/first.json: nodes 2, 7\n"
        "    from alpha, by the author's stamp, stamped 1.2.0\n"
        "  workflows/second.json: node 4\n"
        "    from alpha, by the author's stamp, stamped 1.2.0\n"
        "  registry: alpha\n"
        "\n"
        "alpha 1.2.0: node pack\n"
        "  source      comfy-registry\n"
        "  requested   1.2.0\n"
        "  version     1.2.0\n"
        "  from        https://cdn.comfy.org/ann/alpha/1.2.0/node.zip\n"
        f"  sha256      {SHA}\n"
        "              1,234 bytes, computed from the bytes\n"
        "  status      active\n"
        "  also called ann/alpha, old-alpha\n"
    )


@pytest.mark.parametrize(
    "name",
    ["carl/gamma", "CARL/Gamma", "https://github.com/Carl/gamma", "git@github.com:carl/gamma.git"],
)
def test_a_pack_by_any_of_its_names(run: Run, name: str) -> None:
    project(run)
    assert call(run, "explain", name) == 0
    assert run.out == (
        "carl/gamma 0123456789: node pack\n"
        "  source      git\n"
        "  requested   nothing in particular\n"
        "  repository  https://github.com/carl/gamma\n"
        f"  commit      {COMMIT}\n"
        "  needed for\n"
        "    GammaNode\n"
        "      workflows/second.json: node 1\n"
        "        from carl/gamma, by the registry\n"
        "      registry: carl/gamma\n"
    )


def test_a_model(run: Run) -> None:
    project(run)
    assert call(run, "why", "Fresh.safetensors") == 0
    assert run.out.startswith(
        "checkpoints/fresh.safetensors: model\n"
        "  workflows/first.json: node 3\n"
        "    the workflow names\n"
        f"      {URL}\n"
        "  source      huggingface, named by the workflow\n"
        "  requested   main\n"
    )
    chain = data(run, "why", "checkpoints/fresh.safetensors")["models"][0]
    assert chain["uses"][0]["nodes"] == ["3"]
    assert chain["uses"][0]["offers"] == [{"url": URL, "origin": "node", "sha256": None}]
    assert chain["pin"]["commit"] == COMMIT


def test_comfyui_itself(run: Run) -> None:
    project(run)
    pin = ComfyuiPin("*", "0.3.64", "https://github.com/comfyanonymous/ComfyUI", COMMIT)
    run.write("comfy.lock", write_lock(locked(comfyui=pin)))
    assert call(run, "why", "ComfyUI") == 0
    assert run.out == (
        "comfyui: ComfyUI itself\n"
        "  workflows/first.json has class types of 0.1.0 or newer\n"
        "  requested   *\n"
        "  version     0.3.64\n"
        "  repository  https://github.com/comfyanonymous/ComfyUI\n"
        f"  commit      {COMMIT}\n"
    )
    run.write("comfylock.toml", b'[comfyui]\nversion = ">=0.3.60"\n')
    assert call(run, "why", "comfyui") == 0
    assert "  comfylock.toml asks for >=0.3.60\n" in run.out


def test_what_only_the_tree_tells_of(run: Run) -> None:
    project(run)
    assert call(run, "why", "workflows/first.json") == 1
    told = "error: why explains packs, models and the like; `workflows/first.json` is none\n"
    assert run.err == f"{told}\nhint: comfylock tree workflows/first.json\n"


def test_a_class_type_that_nothing_is_locked_for(run: Run) -> None:
    project(run)
    assert call(run, "why", "KSampler") == 0
    assert run.out == (
        "KSampler: class type\n"
        "  workflows/first.json: node 1\n"
        "    nothing has to be locked for these\n"
        "  registry: ComfyUI's own since 0.1.0\n"
    )
    run.write("workflows/muted.json", ui(node(8, "BetaNode", mode=4)))
    assert data(run, "why", "BetaNode")["class_types"][0]["uses"] == [
        {
            "workflow": "workflows/muted.json",
            "nodes": ["8"],
            "evidence": "",
            "pack": None,
            "stamps": [],
            "offers": [],
            "inactive": True,
        }
    ]


def test_what_is_needed_and_not_locked(run: Run) -> None:
    project(run)
    run.write("workflows/new.json", ui(stamped(5, "BetaNode", cnr_id="beta", ver="2.0.0")))
    run.write("workflows/more.json", ui(node(6, "LoraLoader", "new.pt")))
    assert call(run, "why", "beta") == 0
    assert run.out == (
        "beta: node pack\n"
        "  not locked: comfylock lock\n"
        "  needed for\n"
        "    BetaNode\n"
        "      workflows/new.json: node 5\n"
        "        from beta, by the author's stamp, stamped 2.0.0\n"
        "      registry: beta\n"
    )
    assert call(run, "why", "loras/new.pt") == 0
    assert run.out == (
        "loras/new.pt: model\n  workflows/more.json: node 6\n  not locked: comfylock lock\n"
    )


def test_what_is_locked_and_not_needed(run: Run) -> None:
    lock = locked()
    extra = release("extra", provides=("OldNode",))
    project(run, replace(lock, packs=(*lock.packs, extra), models=(*lock.models, hub_model())))
    assert call(run, "why", "OldNode") == 0
    assert "  no workflow has it any more: comfylock lock\n  registry: does not know it" in run.out
    assert call(run, "why", "ae.safetensors") == 0
    assert "  no workflow names it\n" in run.out


def test_gaps_with_what_was_tried(run: Run) -> None:
    paths = ("workflows/open.json",)
    entry = WorkflowEntry(paths[0], ("lost/pack",), ("loras/mystery.pt",))
    gaps = (
        Gap(
            "class-type", "Shared", "ambiguous", "it may be from any of two", ("a: not", "b"), paths
        ),
        Gap("model", "loras/mystery.pt", "no-source", "nobody says where it is from", (), paths),
        Gap("pack", "lost/pack", "not-found", "nobody knows it", ("git: no",), paths),
    )
    project(run, locked(workflows=(*locked().workflows, entry), unresolved=gaps))
    nodes = (node(1, "Shared"), stamped(2, "LostNode", aux_id="lost/pack"))
    run.write(paths[0], ui(*nodes, node(3, "LoraLoader", "mystery.pt")))
    assert call(run, "lock", "--check", "--allow-unresolved") == 0
    assert call(run, "why", "shared") == 0
    assert run.out == (
        "Shared: class type\n"
        "  workflows/open.json: node 1\n"
        "  registry: any of beta, alpha, carl/gamma\n"
        "  unresolved (ambiguous): it may be from any of two\n"
        "    tried a: not\n"
        "    tried b\n"
    )
    assert call(run, "why", "Lost/Pack") == 0
    assert "  unresolved (not-found): nobody knows it\n    tried git: no\n  needed for\n" in run.out
    assert call(run, "why", "mystery.pt") == 0
    assert run.out.endswith("  unresolved (no-source): nobody says where it is from\n")


def test_what_the_project_decides(run: Run) -> None:
    project(run)
    run.write("comfylock.toml", b'[class-types]\nGammaNode = "carl/gamma"\n')
    assert call(run, "why", "GammaNode") == 0
    assert "from carl/gamma, by your comfylock.toml\n" in run.out
    assert "  registry: carl/gamma by your comfylock.toml\n" in run.out


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("AlphaNod", "did you mean `AlphaNode`?"),
        ("beta", 'comfylock registry show "beta"'),
        ("carl/gama", "did you mean `carl/gamma`?"),
        ("zzzzzz", None),
    ],
)
def test_what_nothing_is_called(run: Run, name: str, hint: str | None) -> None:
    project(run)
    assert call(run, "why", name) == 1
    assert run.out == ""
    told = f"error: nothing in this project is called `{name}`\n"
    assert run.err == told + (f"\nhint: {hint}\n" if hint else "")
    assert call(run, "why", name, "--json") == 1
    assert json.loads(run.out)["ok"] is False


def test_without_a_lock_or_a_name(run: Run) -> None:
    assert call(run, "why", "AlphaNode") == 2
    assert "hint: comfylock lock" in run.err
    assert call(run, "why") == 2


def test_a_lock_without_workflows(run: Run) -> None:
    run.write("comfy.lock", write_lock(Lock(packs=(release(),))))
    assert call(run, "why", "alpha") == 0
    assert run.out.startswith("alpha 1.2.0: node pack\n")


def test_a_workflow_that_cannot_be_read_is_a_warning(run: Run) -> None:
    project(run)
    run.write("comfylock.toml", b'[lock]\nworkflows = ["workflows", "gone.json"]\n')
    assert call(run, "why", "alpha") == 0
    assert run.err.startswith("warning: gone.json: ")
    assert call(run, "why", "alpha", "-q") == 0
    assert run.err == ""


def test_everything_that_a_lock_can_say(run: Run) -> None:
    project(run, full())
    for name, told in {
        "alpha": (
            "  version     1.2.0, 2025-03-01\n",
            "  status      pending, deprecated\n",
            "  rejected    zeta, beta\n",
            "  lacks       AlphaNode\n",
            "  runs code   install.py\n",
            "  groups      video\n",
            "the pinned version of alpha was found not to provide it\n",
        ),
        "carl/gamma": ("  submodules  deps/sub\n",),
        "loose.bin": ("  sha256      none: the host gives no file to an anonymous user\n",),
        "base.safetensors": (
            "  access      gated: login, private\n",
            "  also at     https://example.org/base.safetensors\n",
            "  source      civitai, named by comfylock.toml\n",
        ),
        "vae/ae.safetensors": ("  licence     apache-2.0\n", "  access      gated: auto\n"),
        "mine.safetensors": ("  requested   just this\n",),
    }.items():
        assert call(run, "why", name) == 0
        assert all(line in run.out for line in told), run.out


@pytest.mark.parametrize("columns", [20, 49, 80])
def test_hostile_names_and_narrow_terminals(columns: int) -> None:
    evil = "\x1b[2J\u202eevil\u200b" + "漢" * 50
    verdict = Verdict("ambiguous", candidates=(evil, evil))
    offer = Offer(f"https://{evil}", "note", evil)
    gap = Gap("model", evil, evil, evil, (evil,), (evil,))
    many = tuple(f"{evil}{n}" for n in range(30))
    use = Use(evil, many, "registry", evil, (evil,), (offer,))
    chain = ClassChain(evil, (use, Use(evil, ())), (evil,), (evil,), verdict, (evil,), gap)
    pin = PackPin(evil, "git", repository=evil, commit=evil, date=evil, aliases=(evil,))
    model = ModelPin(evil, evil, "url", url=evil, unhashed=evil, mirrors=(evil,))
    found = Explanation(
        evil,
        (chain,),
        (PackChain(evil, evil, pin, (replace(chain, name="other"), chain), gap),),
        (ModelChain(evil, evil, model, (use,), gap), ModelChain("b", "", None)),
    )
    text = explanation_text(found, Style("never", sys.stdout), columns)
    assert not set(text) & set("\x1b\u202e\u200b")
    assert max(cells(line) for line in text.splitlines()) <= columns
    assert "and 18 more" in " ".join(text.split())
