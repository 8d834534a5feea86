from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from comfylock.errors import UsageError
from comfylock.lockfile.satisfy import Drift, model_drift, pack_drift, unsatisfied
from comfylock.lockfile.schema import ComfyuiPin, Gap, Lock, ModelPin, Options, WorkflowEntry
from comfylock.lockfile.targets import require_target
from comfylock.requirements import (
    ClassNeed,
    ModelNeed,
    ModelRule,
    Offer,
    PackRule,
    Requirements,
    WorkflowNeed,
)
from tests.locks import (
    COMMIT,
    OTHER_SHA,
    SHA,
    from_file,
    from_git,
    hub_model,
    release,
    small_needs,
    url_of,
)
from tests.locks import small as small_lock

A = "workflows/a.json"


def kinds(lock: Lock, needs: Requirements, **flags: bool) -> list[tuple[str, str | None, str]]:
    """The reasons without their sentences, which are looked at too."""
    found = unsatisfied(lock, needs, **flags)
    assert all(drift.message and not drift.message.endswith(".") for drift in found)
    return [(drift.kind, drift.workflow, drift.subject) for drift in found]


def needs_of(*classes: ClassNeed, path: str = A, **fields: Any) -> Requirements:
    """Needs of one workflow with these class types alone."""
    return Requirements((WorkflowNeed(path, classes),), inputs=("workflows",), **fields)


def lock_of(*packs: Any, **fields: Any) -> Lock:
    """A lock of one workflow with these packs alone."""
    entry = WorkflowEntry(A, tuple(sorted(pin.name for pin in packs)))
    values = {"workflows": (entry,), "packs": packs, "models": (), **fields}
    return small_lock(**values)


def stamped(*stamps: str, pack: str = "alpha") -> Requirements:
    return needs_of(ClassNeed("AlphaNode", pack, "cnr_id", stamps))


def pack_kinds(pin: Any, needs: Requirements) -> list[str]:
    found = pack_drift(pin, needs)
    assert kinds(lock_of(pin), needs) == [(d.kind, d.workflow, d.subject) for d in found]
    return [drift.kind for drift in found]


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


# versions


@pytest.mark.parametrize(
    ("text", "is_stale"),
    [
        ("1.2.0", False),
        (">=1.2,<2", False),
        (">=1,<3", False),
        ("<1.2", True),
        ("==1.3", True),
        ("anything else", True),
    ],
)
def test_p12_p13_a_range_that_still_admits_the_pin_is_no_news(text: str, is_stale: bool) -> None:
    needs = small_needs(pack_rules={"alpha": PackRule("alpha", version=text)})
    expected = [("RangeExcludesPin", None, "alpha")] if is_stale else []
    assert kinds(small_lock(), needs) == expected


def test_a_range_for_what_was_taken_from_git() -> None:
    rules = {"carl/gamma": PackRule("carl/gamma", version=">=1")}
    needs = needs_of(ClassNeed("X", "carl/gamma", "aux_id"), pack_rules=rules)
    for pin, expected in (
        (from_git(version="v1.1"), []),
        (from_git(requested=">=1"), []),
        (from_git(), ["RangeExcludesPin"]),
        (from_git(version="v0.9"), ["RangeExcludesPin"]),
    ):
        assert pack_kinds(replace(pin, provides=("X",)), needs) == expected


@pytest.mark.parametrize(
    ("stamps", "is_stale"),
    [
        ((), False),
        (("1.2.0",), False),
        (("v1.2.0",), False),
        (("0.9.0", "1.1.0"), False),
        (("1.1.0", "1.10.0"), True),
        (("nightly",), False),
        ((COMMIT[:10],), False),
    ],
)
def test_p14_stamps_are_wishes(stamps: tuple[str, ...], is_stale: bool) -> None:
    pin = release(provides=("AlphaNode",))
    assert pack_kinds(pin, stamped(*stamps)) == (["StampChanged"] if is_stale else [])
    latest = replace(stamped(*stamps), prefer="latest")
    assert pack_drift(pin, latest) == ()
    ruled = replace(stamped(*stamps), pack_rules={"alpha": PackRule("alpha", version="1.2.0")})
    assert pack_drift(pin, ruled) == ()


def test_a_stamp_that_could_not_be_had_is_no_news() -> None:
    pin = release(requested="2.0.0", provides=("AlphaNode",))
    assert pack_kinds(pin, stamped("2.0.0")) == []
    assert pack_kinds(pin, stamped("2.0.1")) == ["StampChanged"]
    without = from_git("alpha", provides=("AlphaNode",))
    assert pack_kinds(without, stamped("2.0.1")) == []
    tagged = from_git("alpha", version="v2.0", provides=("AlphaNode",))
    assert pack_kinds(tagged, stamped("2.0.1")) == ["StampChanged"]


@pytest.mark.parametrize(
    ("requested", "stamps", "is_stale"),
    [
        (COMMIT[:10], (COMMIT[:10],), False),
        (COMMIT[:10], (COMMIT[:10], "f" * 40), False),
        (COMMIT[:10], (COMMIT,), False),
        (COMMIT[:10], ("f" * 40,), True),
        (COMMIT[:10], (), True),
        ("e" * 40, ("f" * 40,), True),
        ("main", ("f" * 40,), False),
        (None, ("f" * 40,), False),
    ],
)
def test_p12_commits_as_stamps(
    requested: str | None, stamps: tuple[str, ...], is_stale: bool
) -> None:
    pin = from_git("alpha", requested=requested, provides=("AlphaNode",))
    assert pack_kinds(pin, stamped(*stamps)) == (["StampChanged"] if is_stale else [])


GIT = "https://github.com/carl/gamma"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (PackRule("alpha", git="git@github.com:Carl/Gamma.git"), []),
        (PackRule("alpha", git="https://github.com/fork/gamma"), ["RuleChanged"]),
        (PackRule("alpha", git="https://github.com/was/gamma"), []),
        (PackRule("alpha", git=GIT, revision="dev"), []),
        (PackRule("alpha", git=GIT, revision="v1.0"), []),
        (PackRule("alpha", git=GIT, revision=COMMIT[:8]), []),
        (PackRule("alpha", git=GIT, revision="f" * 8), ["RuleChanged"]),
        (PackRule("alpha", revision="other"), ["RuleChanged"]),
        (PackRule("alpha", url="https://example.org/x.py"), ["RuleChanged"]),
        (PackRule("alpha", groups=()), []),
    ],
)
def test_p13_rules_about_repositories(rule: PackRule, expected: list[str]) -> None:
    pin = from_git(
        "alpha",
        repository=GIT,
        requested="dev",
        version="v1.0",
        aliases=("was/gamma",),
        provides=("AlphaNode",),
    )
    needs = replace(stamped(), pack_rules={"alpha": rule})
    assert pack_kinds(pin, needs) == expected


def test_p13_a_release_where_a_repository_is_wanted() -> None:
    pin = release(provides=("AlphaNode",))
    for rule in (PackRule("alpha", git=GIT), PackRule("alpha", revision="main")):
        assert pack_kinds(pin, replace(stamped(), pack_rules={"alpha": rule})) == ["RuleChanged"]


RAW = "https://raw.githubusercontent.com/dora/single"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (PackRule("x", url=f"{RAW}/{COMMIT}/nodes/single.py"), []),
        (PackRule("x", url=f"{RAW}/main/nodes/single.py"), []),
        (PackRule("x", url="https://github.com/dora/single/raw/main/nodes/single.py"), []),
        (PackRule("x", url=f"{RAW}/{'f' * 40}/nodes/single.py"), ["RuleChanged"]),
        (PackRule("x", url=f"{RAW}/main/nodes/other.py"), ["RuleChanged"]),
        (PackRule("x", url="https://example.org/nodes/single.py"), ["RuleChanged"]),
        (PackRule("x", url=f"{RAW}/main/nodes/single.py", sha256=SHA), []),
        (PackRule("x", url=f"{RAW}/main/nodes/single.py", sha256=OTHER_SHA), ["DigestDiffers"]),
    ],
)
def test_p13_rules_about_single_files(rule: PackRule, expected: list[str]) -> None:
    pin = from_file(provides=("AlphaNode",))
    needs = replace(stamped(pack="dora/single"), pack_rules={"dora/single": rule})
    assert pack_kinds(pin, needs) == expected


def test_a_file_without_a_commit() -> None:
    url = "https://example.org/x.py"
    pin = from_file(url=url, repository=None, commit=None, path=None, provides=("AlphaNode",))
    for address, expected in ((url, []), (url + "?v=2", ["RuleChanged"])):
        rules = {"dora/single": PackRule("dora/single", url=address)}
        needs = replace(stamped(pack="dora/single"), pack_rules=rules)
        assert pack_kinds(pin, needs) == expected


# models


def model_needs(*offers: Offer, name: str = "ae.safetensors", **fields: Any) -> Requirements:
    need = WorkflowNeed(A, models=(ModelNeed(name, "vae", offers),))
    return Requirements((need,), inputs=("workflows",), **fields)


def model_kinds(pin: ModelPin, needs: Requirements) -> list[str]:
    lock = small_lock(workflows=(WorkflowEntry(A, (), (pin.key,)),), packs=(), models=(pin,))
    found = model_drift(pin, needs)
    assert unsatisfied(lock, needs) == found
    return [drift.kind for drift in found]


def test_p13_models_come_and_go() -> None:
    needs = small_needs()
    more = replace(
        needs.workflows[0], models=(*needs.workflows[0].models, ModelNeed("b.pt", "loras"))
    )
    assert kinds(small_lock(), replace(needs, workflows=(more,))) == [
        ("MissingModel", A, "loras/b.pt")
    ]
    less = replace(needs.workflows[0], models=())
    assert kinds(small_lock(), replace(needs, workflows=(less,))) == [
        ("OrphanModel", None, "vae/ae.safetensors"),
        ("OrphanModel", A, "vae/ae.safetensors"),
    ]
    unlisted = small_lock(workflows=(WorkflowEntry(A, ("alpha",)),))
    assert kinds(unlisted, needs) == [("MissingModel", A, "vae/ae.safetensors")]


@pytest.mark.parametrize("key", ["ae.safetensors", "vae/ae.safetensors"])
def test_models_that_nobody_wants_locked(key: str) -> None:
    needs = small_needs(model_rules={key: ModelRule(key, is_ignored=True)})
    lock = small_lock(workflows=(WorkflowEntry(A, ("alpha",)),), models=())
    assert kinds(lock, needs) == []
    assert ("OrphanModel", None, "vae/ae.safetensors") in kinds(small_lock(), needs)


def test_rules_may_ask_for_a_model_that_no_workflow_names() -> None:
    rules = {"loras/b.pt": ModelRule("loras/b.pt", is_local=True, is_required=True)}
    needs = small_needs(model_rules=rules)
    assert kinds(small_lock(), needs) == [("MissingModel", None, "loras/b.pt")]
    mine = ModelPin("b.pt", "loras", "local", origin="config")
    lock = small_lock(models=(hub_model(), mine))
    assert kinds(lock, needs) == []
    assert kinds(lock, small_needs()) == [("OrphanModel", None, "loras/b.pt")]


HUB = "https://huggingface.co/org/repo/resolve"
CIVITAI = "https://civitai.com"
GITHUB = "https://github.com/ann/models"
PINS = {
    "hub": hub_model(path="sub dir/ae.safetensors"),
    "commit": hub_model(requested=None),
    "civitai": hub_model().__class__(
        "ae.safetensors", "vae", "civitai", model_id=1, version_id=2, file_id=3, sha256=SHA
    ),
    "release": ModelPin(
        "ae.safetensors", "vae", "github-release", repository=GITHUB, tag="a/v1", path="x.pt"
    ),
    "latest": ModelPin(
        "ae.safetensors",
        "vae",
        "github-release",
        "latest",
        repository=GITHUB,
        tag="v1",
        path="x.pt",
    ),
    "git": ModelPin(
        "ae.safetensors",
        "vae",
        "git",
        requested="main",
        repository=GITHUB,
        commit=COMMIT,
        path="d/x.pt",
    ),
    "url": ModelPin(
        "ae.safetensors",
        "vae",
        "url",
        url="https://example.org/a?x=1",
        mirrors=("https://example.com/b",),
    ),
}


@pytest.mark.parametrize(
    ("name", "url", "leads"),
    [
        ("hub", f"{HUB}/main/sub%20dir/ae.safetensors", True),
        ("hub", f"{HUB}/{COMMIT}/sub%20dir/ae.safetensors", True),
        ("hub", "https://huggingface.co/Org/Repo/blob/main/sub%20dir/ae.safetensors", True),
        ("hub", "https://mirror.example/org/repo/resolve/main/sub%20dir/ae.safetensors", True),
        ("hub", f"{HUB}/main/ae.safetensors", False),
        ("hub", f"{HUB}/dev/sub%20dir/ae.safetensors", False),
        ("hub", "https://huggingface.co/org/other/resolve/main/sub%20dir/ae.safetensors", False),
        ("hub", "https://huggingface.co/org/repo", False),
        ("commit", f"{HUB}/{COMMIT}/ae.safetensors", True),
        ("commit", f"{HUB}/main/ae.safetensors", False),
        ("civitai", f"{CIVITAI}/api/download/models/2?fileId=3", True),
        ("civitai", f"{CIVITAI}/api/download/models/2?type=Model", True),
        ("civitai", f"{CIVITAI}/api/download/models/2?fileId=4", False),
        ("civitai", f"{CIVITAI}/api/download/models/9", False),
        ("civitai", f"{CIVITAI}/models/1/a-name?modelVersionId=2", True),
        ("civitai", f"{CIVITAI}/models/1?modelVersionId=9", False),
        ("civitai", f"{CIVITAI}/models/1", True),
        ("civitai", f"{CIVITAI}/model-versions/2", True),
        ("civitai", f"{CIVITAI}/user/1", False),
        ("release", f"{GITHUB}/releases/download/a/v1/x.pt", True),
        ("release", f"{GITHUB}/releases/download/v2/x.pt", False),
        ("release", f"{GITHUB}/releases/latest/download/x.pt", False),
        ("release", f"{GITHUB}/releases/download/a/v1/y.pt", False),
        ("release", f"{GITHUB}/wiki/x.pt", False),
        ("latest", f"{GITHUB}/releases/latest/download/x.pt", True),
        ("git", f"{GITHUB}/raw/main/d/x.pt", True),
        ("git", f"{GITHUB}/blob/refs/heads/main/d/x.pt", True),
        ("git", "https://raw.githubusercontent.com/ann/models/main/d/x.pt", True),
        ("git", "https://media.githubusercontent.com/media/ann/models/main/d/x.pt", True),
        ("git", f"{GITHUB}/raw/{COMMIT}/d/x.pt", True),
        ("git", f"{GITHUB}/raw/dev/d/x.pt", False),
        ("git", f"{GITHUB}/raw/main/e/x.pt", False),
        ("git", "https://github.com/ben/models/raw/main/d/x.pt", False),
        ("url", "https://example.org/a?x=1", True),
        ("url", "https://example.com/b", True),
        ("url", "https://example.org/a", False),
    ],
)
def test_p13_the_source_is_still_one_that_is_named(name: str, url: str, leads: bool) -> None:
    pin = replace(PINS[name], origin="workflow")
    expected = [] if leads else ["SourceChanged"]
    assert model_kinds(pin, model_needs(Offer(url, "workflow"))) == expected
    other = Offer("https://example.net/first", "node")
    assert model_kinds(pin, model_needs(other, Offer(url, "workflow"))) == expected
    rules = {pin.name: ModelRule(pin.name, url=url)}
    expected = [] if leads else ["RuleChanged"]
    assert model_kinds(pin, model_needs(other, model_rules=rules)) == expected


def test_an_address_that_led_there_by_a_redirect_was_written_down() -> None:
    offer = Offer("https://huggingface.co/old/repo/resolve/main/ae.safetensors", "node")
    assert model_kinds(hub_model(), model_needs(offer)) == ["SourceChanged"]
    assert model_kinds(hub_model(mirrors=(offer.url,)), model_needs(offer)) == []
    assert model_kinds(hub_model(requested=offer.url), model_needs(offer)) == []


def test_p14_a_source_from_the_registry_stays_whatever_the_registry_says() -> None:
    pin = hub_model(origin="registry")
    offers = [Offer("https://example.org/new", "registry", OTHER_SHA)]
    assert model_kinds(pin, model_needs(*offers)) == []
    assert model_kinds(pin, model_needs()) == []


def test_p5_p13_a_workflow_that_names_another_digest() -> None:
    url = url_of(hub_model())
    assert model_kinds(hub_model(), model_needs(Offer(url, "node", SHA))) == []
    wrong = model_needs(Offer(url, "node", OTHER_SHA))
    assert model_kinds(hub_model(), wrong) == ["DigestDiffers"]
    assert model_drift(hub_model(), wrong) == (
        Drift(
            "DigestDiffers",
            A,
            "vae/ae.safetensors",
            f"`vae/ae.safetensors` is locked with sha256 {SHA}, "
            f"the workflow names sha256 {OTHER_SHA}",
        ),
    )
    unhashed = hub_model(sha256=None, verified=None, unhashed="so")
    assert model_kinds(unhashed, wrong) == []


@pytest.mark.parametrize(
    ("rule", "pin", "expected"),
    [
        ({"is_local": True}, {}, []),
        ({"is_local": True, "sha256": SHA, "size": 5}, {"sha256": SHA, "size": 5}, []),
        ({"is_local": True, "sha256": SHA}, {}, ["DigestDiffers"]),
        ({"is_local": True}, {"sha256": SHA}, ["DigestDiffers"]),
        ({"is_local": True, "size": 6}, {"size": 5}, ["RuleChanged"]),
        ({"url": "https://example.org/a"}, {}, ["RuleChanged"]),
        ({}, {}, ["RuleChanged"]),
    ],
)
def test_p13_files_that_the_user_brings(
    rule: dict[str, Any], pin: dict[str, Any], expected: list[str]
) -> None:
    key = "vae/ae.safetensors"
    mine = ModelPin("ae.safetensors", "vae", "local", origin="config", **pin)
    needs = model_needs(model_rules={key: ModelRule(key, **rule)} if rule else {})
    assert model_kinds(mine, needs) == expected


def test_p13_a_rule_that_changed_its_mind() -> None:
    url = url_of(hub_model())
    key = "vae/ae.safetensors"
    rules = {key: ModelRule(key, url=url, sha256=OTHER_SHA), "ae.safetensors": ModelRule("x")}
    assert model_kinds(hub_model(), model_needs(model_rules=rules)) == ["DigestDiffers"]
    unhashed = hub_model(sha256=None, verified=None, unhashed="so")
    assert model_kinds(unhashed, model_needs(model_rules=rules)) == []
    local = {"ae.safetensors": ModelRule("ae.safetensors", is_local=True)}
    assert model_kinds(hub_model(), model_needs(model_rules=local)) == ["RuleChanged"]


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
        (ComfyuiPin(">=0.3.64"), []),
        (ComfyuiPin(">=0.3.60"), [("RangeExcludesPin", A, "comfyui")]),
        (ComfyuiPin(">=0.3.60", "0.3.70"), []),
        (ComfyuiPin("0.3.60", "v0.3.60"), [("RangeExcludesPin", A, "comfyui")]),
        (ComfyuiPin("master", None, GIT, COMMIT), []),
    ],
)
def test_p2_comfyui_is_new_enough(pin: ComfyuiPin | None, expected: list[Any]) -> None:
    needs = small_needs()
    older = WorkflowNeed("workflows/b.json", minimum="0.3.5")
    both = (replace(needs.workflows[0], minimum="0.3.64"), older)
    entries = (*small_lock().workflows, WorkflowEntry("workflows/b.json"))
    lock = small_lock(comfyui=pin, workflows=entries)
    assert kinds(lock, replace(needs, workflows=both)) == expected
    gap = Gap("comfyui", "comfyui", "offline", "nobody could be asked")
    with_gap = replace(lock, unresolved=(gap,))
    assert kinds(with_gap, replace(needs, workflows=both), allow_unresolved=True) == []


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
    lock = small_lock(models=(unhashed,))
    assert kinds(lock, small_needs()) == []
    found = unsatisfied(lock, small_needs(), require_hashes=True)
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
