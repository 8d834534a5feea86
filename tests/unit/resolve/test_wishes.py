from __future__ import annotations

import itertools
from typing import Any

from comfylock.lockfile.schema import Lock, PackPin
from comfylock.requirements import (
    ClassNeed,
    ModelNeed,
    ModelRule,
    Offer,
    PackRule,
    Requirements,
    WorkflowNeed,
)
from comfylock.resolve.wishes import assign, model_wishes

URL = "https://huggingface.co/acme/alpha/resolve/main/a.safetensors"


def needs(*workflows: WorkflowNeed, **more: Any) -> Requirements:
    return Requirements(workflows, **more)


def stamped(class_type: str, pack: str, *stamps: str) -> ClassNeed:
    return ClassNeed(class_type, pack, "cnr_id", stamps)


# packs


def test_a_pack_is_wished_for_once_with_everything_said_about_it() -> None:
    one = WorkflowNeed("a.json", (stamped("A", "alpha", "1.0.0"),))
    two = WorkflowNeed("b.json", (stamped("B", "alpha", "2.0.0"),))
    found = assign(needs(one, two), Lock(), {})
    wish = found.packs["alpha"]
    assert wish.class_types == {"A", "B"}
    assert wish.stamps == {("1.0.0", "a.json"), ("2.0.0", "b.json")}
    assert wish.evidence == {"a.json: cnr_id", "b.json: cnr_id"}
    assert found.by_workflow == {"a.json": {"alpha"}, "b.json": {"alpha"}}


def test_the_order_of_workflows_does_not_matter() -> None:
    workflows = [
        WorkflowNeed("a.json", (stamped("A", "alpha", "1.0.0"),)),
        WorkflowNeed("b.json", (ClassNeed("A", "beta", "aux_id"),)),
        WorkflowNeed("c.json", (ClassNeed("C", None, "", candidates=("x", "y")),)),
    ]
    results = [assign(needs(*order), Lock(), {}) for order in itertools.permutations(workflows)]
    assert all(result.packs == results[0].packs for result in results)
    assert all(result.open.keys() == results[0].open.keys() for result in results)


def test_weak_evidence_keeps_the_pack_that_is_locked() -> None:
    old = Lock(packs=(PackPin("locked", "git", provides=("A",)),))
    weak = WorkflowNeed("a.json", (ClassNeed("A", "listed-today", "registry"),))
    assert list(assign(needs(weak), old, {}).packs) == ["locked"]


def test_a_stamp_overrules_the_pack_that_is_locked() -> None:
    old = Lock(packs=(PackPin("locked", "git", provides=("A",)),))
    firm = WorkflowNeed("a.json", (stamped("A", "stamped"),))
    assert list(assign(needs(firm), old, {}).packs) == ["stamped"]


def test_a_class_that_nobody_knows_is_open_until_somebody_is_found() -> None:
    need = WorkflowNeed("a.json", (ClassNeed("New"),))
    assert list(assign(needs(need), Lock(), {}).open) == ["New"]
    found = assign(needs(need), Lock(), {"New": "newcomer"})
    assert found.open == {}
    assert found.packs["newcomer"].evidence == {"a.json: comfy-registry"}


def test_what_a_service_once_said_stays_the_evidence() -> None:
    pin = PackPin("found", "git", provides=("A",), evidence=("a.json: comfy-registry",))
    workflows = (
        WorkflowNeed("a.json", (ClassNeed("A"),)),
        WorkflowNeed("b.json", (ClassNeed("A"),)),
    )
    wish = assign(needs(*workflows), Lock(packs=(pin,)), {}).packs["found"]
    assert wish.evidence == {"a.json: comfy-registry", "b.json: comfy.lock"}


def test_what_else_could_have_been_meant_is_remembered() -> None:
    need = ClassNeed("A", "alpha", "company", candidates=("alpha", "beta"))
    wish = assign(needs(WorkflowNeed("a.json", (need,))), Lock(), {}).packs["alpha"]
    assert wish.rejected == {"beta"}


def test_a_rule_reaches_its_pack_and_may_ask_for_more() -> None:
    rules = {
        "alpha": PackRule("alpha", ">=1"),
        "always": PackRule("always", is_required=True, groups=("dev",)),
        "elsewhere": PackRule("elsewhere", ">=2"),
    }
    need = WorkflowNeed("a.json", (stamped("A", "alpha"),))
    packs = assign(needs(need, pack_rules=rules), Lock(), {}).packs
    assert sorted(packs) == ["alpha", "always"]
    assert packs["alpha"].rule == rules["alpha"]
    assert packs["always"].groups == ("dev",)


# groups


def test_groups_of_workflows_reach_packs_and_models() -> None:
    model = ModelNeed("m.pt", "loras", (Offer(URL, "node"),))
    one = WorkflowNeed("video/a.json", (stamped("A", "alpha"),), (model,))
    two = WorkflowNeed("b.json", (stamped("B", "beta"),))
    wanted = needs(one, two, groups={"video": ("video/*",)})
    packs = assign(wanted, Lock(), {}).packs
    assert packs["alpha"].groups == ("video",)
    assert packs["beta"].groups == ()
    assert model_wishes(wanted)["loras/m.pt"].groups == ("video",)


# models


def test_a_model_is_wished_for_once_with_all_offers_ranked() -> None:
    first = ModelNeed("m.pt", "loras", (Offer("https://b.example/m.pt", "registry"),))
    second = ModelNeed("m.pt", "loras", (Offer(URL, "node"),))
    wanted = needs(WorkflowNeed("a.json", (), (first,)), WorkflowNeed("b.json", (), (second,)))
    wish = model_wishes(wanted)["loras/m.pt"]
    assert [offer.origin for offer in wish.offers] == ["node", "registry"]
    assert wish.workflows == {"a.json", "b.json"}


def test_the_same_name_in_two_folders_is_two_models() -> None:
    models = (ModelNeed("m.pt", "loras"), ModelNeed("m.pt", "vae"))
    wishes = model_wishes(needs(WorkflowNeed("a.json", (), models)))
    assert sorted(wishes) == ["loras/m.pt", "vae/m.pt"]


def test_an_ignored_model_is_not_wished_for() -> None:
    rules = {"m.pt": ModelRule("m.pt", is_ignored=True)}
    wanted = needs(WorkflowNeed("a.json", (), (ModelNeed("m.pt", "loras"),)), model_rules=rules)
    assert model_wishes(wanted) == {}


def test_a_model_may_be_asked_for_by_the_project_alone() -> None:
    rules = {"loras/m.pt": ModelRule("loras/m.pt", URL, is_required=True)}
    (wish,) = model_wishes(needs(model_rules=rules)).values()
    assert (wish.folder, wish.name, wish.rule) == ("loras", "m.pt", rules["loras/m.pt"])
