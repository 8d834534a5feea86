from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from comfylock.errors import UsageError
from comfylock.lockfile.satisfy import unsatisfied
from comfylock.lockfile.schema import ComfyuiPin, Gap, Lock, Options, WorkflowEntry
from comfylock.lockfile.targets import require_target
from comfylock.requirements import (
    ClassNeed,
    ComfyuiRule,
    ModelNeed,
    ModelRule,
    PackRule,
    Requirements,
    WorkflowNeed,
)
from tests.lock_needs import A, kinds, lock_of, needs_of
from tests.locks import (
    COMMIT,
    from_git,
    hub_model,
    release,
    small_needs,
    url_of,
)
from tests.locks import small as small_lock


def test_p12_nothing_changed() -> None:
    assert kinds(small_lock(), small_needs()) == []


# class types and packs


def test_p13_a_class_type_was_added() -> None:
    more = [
        ClassNeed("BetaNode", "beta", "cnr_id"),
        ClassNeed("Other", "alpha", "cnr_id"),
        ClassNeed("Unknown"),
        ClassNeed("Weak", "gamma", "registry"),
    ]
    assert kinds(small_lock(), small_needs(*more)) == [
        ("MissingNodeType", A, "Other"),
        ("MissingNodeType", A, "Unknown"),
        ("MissingNodeType", A, "Weak"),
        ("MissingPack", A, "beta"),
    ]


def test_p13_a_class_type_was_removed() -> None:
    needs = small_needs()
    bare = replace(needs, workflows=(replace(needs.workflows[0], classes=()),))
    assert kinds(small_lock(), bare) == [("OrphanPin", None, "alpha"), ("OrphanPin", A, "alpha")]
    two = small_lock(packs=(release(provides=("AlphaNode", "Gone")),))
    assert kinds(two, needs) == [("OrphanNodeType", None, "Gone")]


COMFYUI = "https://github.com/comfyanonymous/ComfyUI"


@pytest.mark.parametrize("evidence", ["registry", "preemption", "pattern", "company", ""])
def test_p14_news_of_a_registry_are_none(evidence: Any) -> None:
    pin = release(provides=("AlphaNode",))
    for pack in ("alpha", "omega", None):
        need = ClassNeed("AlphaNode", pack, evidence, is_ambiguous=pack is None)
        assert kinds(lock_of(pin), needs_of(need)) == []


@pytest.mark.parametrize("evidence", ["config", "cnr_id", "aux_id"])
def test_p12_who_names_a_pack_gets_that_pack(evidence: Any) -> None:
    pin = release(provides=("AlphaNode",))
    needs = needs_of(ClassNeed("AlphaNode", "omega", evidence))
    assert ("MissingPack", A, "omega") in kinds(lock_of(pin), needs)


@pytest.mark.parametrize(
    ("pin", "need"),
    [
        (release(aliases=("old-alpha",)), ClassNeed("AlphaNode", "old-alpha", "cnr_id")),
        (release(aliases=("ann/alpha",)), ClassNeed("AlphaNode", "ann/alpha", "aux_id")),
        (release(), ClassNeed("AlphaNode", "x/y", "cnr_id", stamped_id="alpha")),
        (
            from_git("alpha", repository="https://github.com/Ann/Alpha"),
            ClassNeed("AlphaNode", "ann/alpha", "aux_id"),
        ),
        (
            from_git("gitlab.com/a/b", repository="https://gitlab.com/a/b"),
            ClassNeed("AlphaNode", "gitlab.com/a/b", "config"),
        ),
    ],
)
def test_the_names_of_a_pack(pin: Any, need: ClassNeed) -> None:
    assert kinds(lock_of(replace(pin, provides=("AlphaNode",))), needs_of(need)) == []


def test_the_project_s_word_beats_the_id_on_the_nodes() -> None:
    need = ClassNeed("AlphaNode", "fork/alpha", "config", stamped_id="alpha")
    assert ("MissingPack", A, "fork/alpha") in kinds(
        lock_of(release(provides=("AlphaNode",))), needs_of(need)
    )


def test_one_class_type_of_two_packs() -> None:
    packs = (release(provides=("X",)), release("beta", provides=("X",)))
    entries = (WorkflowEntry("a", ("alpha",)), WorkflowEntry("b", ("beta",)))
    lock = lock_of(*packs, workflows=entries)
    firm = WorkflowNeed("a", (ClassNeed("X", "alpha", "cnr_id"),))
    for weak in (ClassNeed("X", "alpha", "registry"), ClassNeed("X", "beta", "registry")):
        needs = Requirements((firm, WorkflowNeed("b", (weak,))), inputs=("workflows",))
        assert kinds(lock, needs) == []
    needs = Requirements((firm, WorkflowNeed("c", (weak,))), inputs=("workflows",))
    assert kinds(lock, needs) == [
        ("OrphanWorkflow", "b", "b"),
        ("MissingWorkflow", "c", "c"),
    ]


def test_what_a_workflow_lists_is_what_it_needs() -> None:
    pins = (release(provides=("X",)), release("beta", provides=("Y",)))
    needs = needs_of(ClassNeed("X", "alpha", "cnr_id"), ClassNeed("Y", "beta", "registry"))
    lock = lock_of(*pins, workflows=(WorkflowEntry(A, ("alpha",)),))
    assert kinds(lock, needs) == [("MissingPack", A, "beta")]


def test_rules_may_ask_for_a_pack_that_no_workflow_needs() -> None:
    rules = {"beta": PackRule("beta", is_required=True), "gone": PackRule("gone")}
    needs = small_needs(pack_rules=rules)
    assert kinds(small_lock(), needs) == [("MissingPack", None, "beta")]
    lock = small_lock(packs=(*small_lock().packs, release("beta")))
    assert kinds(lock, needs) == []
    assert kinds(lock, small_needs()) == [("OrphanPin", None, "beta")]


# workflows, options, groups


def test_p13_workflows_come_and_go() -> None:
    needs = small_needs()
    moved = replace(needs.workflows[0], path="workflows/b.json")
    assert kinds(small_lock(), replace(needs, workflows=(moved,))) == [
        ("OrphanWorkflow", A, A),
        ("MissingWorkflow", "workflows/b.json", "workflows/b.json"),
    ]


def test_p10_p13_options() -> None:
    needs = small_needs(
        prefer="latest", inputs=("x",), include_inactive=True, targets=("linux-x86_64",)
    )
    lock = small_lock(options=Options(inputs=("workflows",), targets=("macos-arm64",)))
    assert kinds(lock, needs) == [
        ("OptionChanged", None, "include-inactive"),
        ("OptionChanged", None, "inputs"),
        ("OptionChanged", None, "prefer"),
        ("OptionChanged", None, "targets"),
        ("TargetMissing", None, "linux-x86_64"),
    ]
    told = {drift.subject: drift.message for drift in unsatisfied(lock, needs)}
    assert told["prefer"] == "`prefer` is `latest` now, `authored` is locked"
    assert told["include-inactive"] == "`include-inactive` is true now, false is locked"
    empty = unsatisfied(small_lock(options=Options()), small_needs())
    assert empty[0].message == "`inputs` is `workflows` now, nothing is locked"


def test_the_order_of_inputs_means_nothing() -> None:
    lock = small_lock(options=Options(inputs=("a", "b")))
    assert kinds(lock, small_needs(inputs=("b", "a"))) == []


def test_p13_groups() -> None:
    groups = {"video": ("workflows/*",)}
    needs = small_needs(groups=groups)
    assert kinds(small_lock(), needs) == [
        ("GroupChanged", None, "alpha"),
        ("GroupChanged", None, "vae/ae.safetensors"),
        ("GroupChanged", A, A),
    ]
    lock = small_lock()
    in_group = small_lock(
        workflows=(replace(lock.workflows[0], groups=("video",)),),
        packs=(replace(lock.packs[0], groups=("video",)),),
        models=(replace(lock.models[0], groups=("video",)),),
    )
    assert kinds(in_group, needs) == []
    assert len(kinds(in_group, small_needs())) == 3


def test_the_project_s_word_about_groups() -> None:
    rules = {"alpha": PackRule("alpha", groups=("extra",))}
    key = "vae/ae.safetensors"
    url = url_of(hub_model())
    models = {key: ModelRule(key, url=url, groups=("extra",))}
    needs = small_needs(pack_rules=rules, model_rules=models)
    assert [kind for kind, _, _ in kinds(small_lock(), needs)] == ["GroupChanged"] * 2
    lock = small_lock(
        packs=(release(provides=("AlphaNode",), groups=("extra",)),),
        models=(hub_model(groups=("extra",)),),
    )
    assert kinds(lock, needs) == []


@pytest.mark.parametrize(
    ("pin", "expected"),
    [
        (None, [("MissingPack", A, "comfyui")]),
        (ComfyuiPin(">=0.3.64"), [("MissingPack", A, "comfyui")]),
        (ComfyuiPin(">=0.3.60", "0.3.70", COMFYUI, COMMIT), []),
        (ComfyuiPin("0.3.60", "0.3.60", COMFYUI, COMMIT), [("RangeExcludesPin", A, "comfyui")]),
        (ComfyuiPin("master", None, COMFYUI, COMMIT), []),
    ],
)
def test_p2_comfyui_is_new_enough(pin: ComfyuiPin | None, expected: list[Any]) -> None:
    needs = replace(small_needs(), comfyui=ComfyuiRule())
    older = WorkflowNeed("workflows/b.json", minimum="0.3.5")
    both = (replace(needs.workflows[0], minimum="0.3.64"), older)
    entries = (*small_lock().workflows, WorkflowEntry("workflows/b.json"))
    lock = small_lock(comfyui=pin, workflows=entries)
    assert kinds(lock, replace(needs, workflows=both)) == expected
    gap = Gap("comfyui", "comfyui", "offline", "nobody could be asked")
    with_gap = replace(lock, unresolved=(gap,))
    assert kinds(with_gap, replace(needs, workflows=both), allow_unresolved=True) == []


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (ComfyuiRule(), []),
        (ComfyuiRule(version=">=0.3.60,<0.4"), []),
        (ComfyuiRule(version="0.3.70"), []),
        (ComfyuiRule(version="<0.3.70"), ["RangeExcludesPin"]),
        (ComfyuiRule(version="not a range"), ["RangeExcludesPin"]),
        (ComfyuiRule(revision=COMMIT[:8]), []),
        (ComfyuiRule(revision=">=0.3.60"), []),
        (ComfyuiRule(revision="master"), ["RuleChanged"]),
        (ComfyuiRule(repository=f"{COMFYUI}.git"), []),
        (ComfyuiRule(repository="https://github.com/me/fork"), ["RuleChanged"]),
    ],
)
def test_p13_rules_about_comfyui(rule: ComfyuiRule, expected: list[str]) -> None:
    pin = ComfyuiPin(">=0.3.60", "0.3.70", COMFYUI, COMMIT)
    lock = small_lock(comfyui=pin)
    found = unsatisfied(lock, replace(small_needs(), comfyui=rule))
    assert [drift.kind for drift in found] == expected
    assert {drift.subject for drift in found} <= {"comfyui"}


def test_comfyui_is_not_locked_where_nobody_wants_it() -> None:
    assert unsatisfied(small_lock(), small_needs()) == ()
    nothing = Requirements(comfyui=ComfyuiRule())
    assert unsatisfied(Lock(), nothing) == ()
    asked = Requirements(comfyui=ComfyuiRule(version="0.3.64"))
    assert [drift.kind for drift in unsatisfied(Lock(), asked)] == ["MissingPack"]


# gaps


def gap(kind: Any, name: str, *workflows: str) -> Gap:
    return Gap(kind, name, "not-found", "nobody knows it", (), workflows)


def test_p23_what_is_unresolved_is_a_reason_unless_it_is_allowed() -> None:
    more = [ClassNeed("Beta", "beta", "cnr_id"), ClassNeed("Unknown", is_ambiguous=True)]
    needs = small_needs(*more)
    entry = WorkflowEntry(A, ("alpha", "beta"), ("vae/ae.safetensors",))
    gaps = (gap("pack", "beta", A), gap("class-type", "Unknown", A))
    lock = small_lock(workflows=(entry,), unresolved=gaps)
    assert kinds(lock, needs) == [("Unresolved", None, "Unknown"), ("Unresolved", None, "beta")]
    assert kinds(lock, needs, allow_unresolved=True) == []
    assert kinds(lock, small_needs(), allow_unresolved=True) == [
        ("OrphanGap", A, "Unknown"),
        ("OrphanGap", A, "beta"),
        ("OrphanPin", A, "beta"),
    ]


def test_p23_a_gap_stands_for_the_workflows_it_names() -> None:
    needs = small_needs(ClassNeed("Unknown"))
    elsewhere = small_lock(unresolved=(gap("class-type", "Unknown", "other.json"),))
    assert kinds(elsewhere, needs, allow_unresolved=True) == [
        ("OrphanGap", "other.json", "Unknown"),
        ("MissingNodeType", A, "Unknown"),
    ]
    anywhere = small_lock(unresolved=(gap("class-type", "Unknown"),))
    assert kinds(anywhere, needs, allow_unresolved=True) == []


def test_p23_models_and_renamed_packs() -> None:
    need = WorkflowNeed(A, (ClassNeed("X", "old", "cnr_id"),), (ModelNeed("m.pt", None),))
    needs = Requirements((need,), inputs=("workflows",))
    entry = WorkflowEntry(A, ("new",), ("m.pt",))
    gaps = (gap("pack", "new", A), gap("model", "m.pt", A))
    lock = Lock(Options(inputs=("workflows",)), workflows=(entry,), unresolved=gaps)
    assert kinds(lock, needs, allow_unresolved=True) == []


def test_p5_hashes_may_be_required() -> None:
    unhashed = hub_model(sha256=None, verified=None, unhashed="the host wants a login")
    rest = small_lock()
    entry = replace(rest.workflows[0], models=("vae/ae.safetensors", "vae/b.pt"))
    lock = small_lock(models=(unhashed, hub_model("b.pt", origin="registry")), workflows=(entry,))
    both = (*small_needs().workflows[0].models, ModelNeed("b.pt", "vae"))
    needs = small_needs(workflows=(replace(small_needs().workflows[0], models=both),))
    assert kinds(lock, needs) == []
    found = unsatisfied(lock, needs, require_hashes=True)
    assert [(drift.kind, drift.message) for drift in found] == [
        ("Unhashed", "`vae/ae.safetensors` has no sha256: the host wants a login")
    ]


def test_p10_a_lock_is_for_its_targets() -> None:
    require_target(small_lock(), "anything")
    lock = small_lock(options=Options(targets=("linux-x86_64", "macos-arm64")))
    require_target(lock, "linux-x86_64")
    told = "for `linux-x86_64`, `macos-arm64`, not for `windows-x86_64`"
    with pytest.raises(UsageError, match=told) as caught:
        require_target(lock, "windows-x86_64")
    assert caught.value.hint
