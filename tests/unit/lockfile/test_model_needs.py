from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from comfylock.lockfile.satisfy import Drift, model_drift, unsatisfied
from comfylock.lockfile.schema import ModelPin, WorkflowEntry
from comfylock.requirements import (
    ModelNeed,
    ModelRule,
    Offer,
    Requirements,
    WorkflowNeed,
)
from tests.lock_needs import A, kinds
from tests.locks import (
    COMMIT,
    OTHER_SHA,
    SHA,
    hub_model,
    small_needs,
    url_of,
)
from tests.locks import small as small_lock

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
