from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from comfylock.config.emit import EmitSettings
from comfylock.emit.plan import Plan, Variant
from comfylock.emit.planning import plan_of
from comfylock.emit.steps import ArchiveStep, FileStep, GitStep
from comfylock.errors import EmitError, LockParseError, UsageError
from comfylock.lockfile.schema import Gap, Lock, ModelPin
from tests.locks import (
    COMMIT,
    SHA,
    TREE,
    from_file,
    from_git,
    full,
    hub_model,
    image,
    python_pin,
    release,
    small,
)

ALLOWED = EmitSettings(allow_unpinned=True)


def plan(lock: Lock, **settings: Any) -> Plan:
    return plan_of(lock, SHA, EmitSettings(**settings))


def refusal(lock: Lock, **settings: Any) -> str:
    with pytest.raises((EmitError, UsageError)) as raised:
        plan(lock, **settings)
    return str(raised.value)


def test_a_lock_with_everything_in_it() -> None:
    found = plan_of(full(), SHA, ALLOWED)
    assert [type(pack) for pack in found.packs] == [
        {"comfy-registry": ArchiveStep, "git": GitStep, "file": FileStep}[pin.source]
        for pin in full().packs
    ]
    keys = [
        pin.place for pin in full().models if pin.folder and (pin.sha256 or pin.source == "local")
    ]
    assert [model.key for model in found.models] == sorted(keys)
    assert {step.kind for step in found.unpinned} == {"class-type", "comfyui", "model", "pack"}
    assert plan_of(full(), SHA, ALLOWED) == found


def test_the_order_of_the_lock_means_nothing() -> None:
    lock = full()
    other = replace(lock, packs=lock.packs[::-1], models=lock.models[::-1])
    assert plan_of(other, SHA, ALLOWED) == plan_of(lock, SHA, ALLOWED)


def test_what_packs_become() -> None:
    text = f"lib/sub {COMMIT} https://github.com/x/y"
    pins = (
        release(
            dependencies=(
                "numpy<2 # requirements.txt:3",
                "x # y",
                "--index-url https://x # r.txt:1",
            ),
            provides=("A", "B"),
        ),
        from_git(
            submodules=(text,), system_packages=("ffmpeg",), missing=("C",), provides=("C", "D")
        ),
        from_file(),
    )
    archive, git, single = plan(small(packs=pins, workflows=()), system_packages=("git",)).packs
    assert archive.requirements == ("numpy<2", "x")
    assert archive.remarks == ("it asks for `--index-url https://x`, which is not given to pip",)
    assert archive.class_types == ("A", "B")
    assert isinstance(git, GitStep)
    assert (git.commit, git.tree, git.submodules[0].path) == (COMMIT, TREE, "lib/sub")
    assert git.class_types == ("D",)
    assert git.remarks == ("it was found not to provide C",)
    assert single.folder == "single.py"


def test_where_models_come_from() -> None:
    models = (
        hub_model(path="a b/ae.safetensors", gated="auto"),
        ModelPin("b.pt", "loras", "civitai", version_id=2, file_id=3, sha256=SHA),
        ModelPin("c.pt", "loras", "local"),
        ModelPin(
            "d.pt",
            "loras",
            "git",
            repository="https://git.example.org/a/b",
            commit=COMMIT,
            path="d.pt",
            sha256=SHA,
        ),
        ModelPin(
            "e.pt",
            "loras",
            "github-release",
            repository="https://github.com/a/b",
            tag="v1",
            path="e.pt",
            sha256=SHA,
        ),
    )
    found = {step.key: step for step in plan(small(models=models, workflows=())).models}
    hub = found["vae/ae.safetensors"]
    assert hub.url == f"https://huggingface.co/org/repo/resolve/{COMMIT}/a%20b/ae.safetensors"
    assert (hub.service, hub.needs_token, hub.path) == ("huggingface", True, "vae/ae.safetensors")
    assert found["loras/b.pt"].url == "https://civitai.com/api/download/models/2?fileId=3"
    assert [found[f"loras/{name}.pt"].service for name in "bcde"] == [
        "civitai",
        "local",
        "other",
        "github",
    ]
    assert found["loras/c.pt"].url is None
    assert found["loras/e.pt"].url == "https://github.com/a/b/releases/download/v1/e.pt"


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (
            {"models": (hub_model(sha256=None, verified=None, unhashed="no file"),)},
            "no sha256: no file",
        ),
        ({"models": (hub_model(folder=None),)}, "model `ae.safetensors`: it has no folder"),
        ({"models": (hub_model(folder="custom_nodes"),)}, "it has no folder below `models`"),
        (
            {"unresolved": (Gap("pack", "beta", "not-found", "nobody knows it"),)},
            "pack `beta`: nobody",
        ),
    ],
)
def test_what_is_not_pinned_is_refused_or_told(fields: dict[str, Any], told: str) -> None:
    lock = small(**{"workflows": (), **fields})
    assert told in refusal(lock)
    found = plan(lock, allow_unpinned=True)
    assert told in str(found.unpinned[0])
    assert not [step for step in found.models if step.sha256 is None]


def test_many_unpinned_things_are_counted() -> None:
    gaps = tuple(Gap("pack", f"beta{n}", "not-found", "x") for n in range(9))
    assert refusal(small(unresolved=gaps)).endswith("; and 4 more")


@pytest.mark.parametrize(
    ("first", "second"),
    [("a.pt", "A.pt"), ("sub", "sub/a.pt"), ("a.pt", "A.pt.part")],
)
def test_two_models_in_each_others_way(first: str, second: str) -> None:
    lock = small(models=(hub_model(first), hub_model(second)), workflows=())
    assert "cannot both be in one folder" in refusal(lock)


def test_a_lock_that_no_reader_would_take() -> None:
    for bad in ("../up.pt", "/etc/passwd", "a\nb"):
        with pytest.raises(LockParseError):
            plan(small(models=(hub_model(bad),), workflows=()))


def test_variants() -> None:
    lock = small(
        packs=(release("alpha"), release("beta", groups=("video",))),
        models=(hub_model(), hub_model("v.pt", groups=("extra", "video"))),
        workflows=(),
    )
    found = plan(lock, variants=("standard", "minimal", "full", "dev", "extra"))
    told = {
        variant.name: (
            [pack.name for pack in found.packs_of(variant)],
            [model.key for model in found.models_of(variant)],
        )
        for variant in found.variants
    }
    assert list(told) == ["standard", "minimal", "full", "dev", "extra"]
    assert told["standard"] == (["alpha"], ["vae/ae.safetensors"])
    assert told["minimal"] == (["alpha"], [])
    assert told["full"] == told["dev"] == (["alpha", "beta"], ["vae/ae.safetensors", "vae/v.pt"])
    assert told["extra"] == (["alpha"], ["vae/ae.safetensors", "vae/v.pt"])
    assert found.groups == ("extra", "video")
    assert found.variants[3] == Variant("dev", ("extra", "video"), is_dev=True)
    assert refusal(lock, variants=("vdieo",)) == "there is no variant or group `vdieo`"


def test_targets_by_accelerator_or_name() -> None:
    pins = tuple(
        python_pin(f"linux-x86_64-py3.12-{accelerator}", file=f"pylock.{accelerator}.toml")
        for accelerator in ("cpu", "cu126", "cu128")
    )
    lock = small(python=pins)

    def names(*targets: str) -> list[str]:
        return [step.target.accelerator for step in plan(lock, targets=targets).python]

    assert names() == ["cpu", "cu126", "cu128"]
    assert names("cu128", "linux-x86_64-py3.12-cpu") == ["cpu", "cu128"]
    assert refusal(lock, targets=("cu999",)) == "the lock has no target `cu999`"


def test_pylocks_come_with_the_plan() -> None:
    lock = small(python=(python_pin(),))
    assert plan_of(lock, SHA, companions={"pylock.comfy.toml": b"x"}).python[0].pylock() == b"x"
    with pytest.raises(EmitError, match=r"`pylock\.comfy\.toml` is not beside comfy.lock"):
        plan(lock).python[0].pylock()


def test_what_is_not_locked_is_asked_for_in_vain() -> None:
    found = plan(small())
    for ask in (found.required_comfyui, found.required_python, lambda: found.required_image("cpu")):
        with pytest.raises(EmitError):
            ask()


def test_images_by_base_and_name() -> None:
    lock = small(images=(image("cu128"), image("mine"), image("runpod")))
    assert plan(lock).required_image("cu128").name == "cu128"
    assert plan(lock, base="runpod").required_image("cu128").name == "runpod"
    assert plan(lock, image="mine").required_image("cu128").name == "mine"
    with pytest.raises(UsageError, match="the lock has no image `other` for linux/amd64"):
        plan(lock, image="other").required_image("cu128")


def test_a_tier_that_no_model_has() -> None:
    assert refusal(small(), tier="fp8") == "no model has a tier `fp8`"


@pytest.mark.parametrize(
    ("settings", "in_image", "comfyui", "models"),
    [
        ({}, False, "/workspace/ComfyUI", "/workspace/models"),
        ({}, True, "/opt/ComfyUI", "/workspace/models"),
        (
            {"layout": "runpod-volume", "base": "runpod"},
            True,
            "/comfyui",
            "/runpod-volume/models",
        ),
        ({"models": "bake"}, True, "/opt/ComfyUI", "/opt/ComfyUI/models"),
        ({"layout": "plain"}, False, "ComfyUI", "ComfyUI/models"),
        ({"layout": "plain", "volume": "/data"}, True, "/opt/ComfyUI", "/data/models"),
        ({"comfyui_dir": "/srv/c"}, False, "/srv/c", "/workspace/models"),
    ],
)
def test_places(settings: dict[str, Any], in_image: bool, comfyui: str, models: str) -> None:
    places = plan(small(), **settings).places(in_image=in_image)
    assert (places.comfyui, places.models) == (comfyui, models)
    assert places.custom_nodes == f"{comfyui}/custom_nodes"
