"""What a lock alone tells."""

from __future__ import annotations

from typing import Any

import pytest

from comfylock.auditing.locked import audit_lock
from comfylock.config.audit import KINDS, AuditRules
from comfylock.lockfile.schema import ComfyuiPin, Gap, Lock, ModelPin, PackPin, PythonPin
from tests.locks import SHA, from_git, full, hub_model, release


def kinds(*, rules: AuditRules | None = None, **fields: Any) -> list[str]:
    return sorted(
        f"{f.kind} {f.subject}" for f in audit_lock(Lock(**fields), rules or AuditRules())
    )


def good_model(name: str = "a.safetensors", **fields: Any) -> ModelPin:
    return hub_model(name, **{"origin": "config", **fields})


def test_a_lock_with_nothing_to_say() -> None:
    pin = ComfyuiPin(">=0.3", "0.3.64", "https://github.com/comfyanonymous/ComfyUI", "c" * 40)
    assert kinds(packs=(release(), from_git()), models=(good_model(),), comfyui=pin) == []


@pytest.mark.parametrize(
    ("pack", "kind"),
    [
        (release(status="flagged"), "flagged"),
        (release(status="banned"), "banned"),
        (release(status="pending"), "pending"),
        (release(status="strange"), "flagged"),
        (release(deprecated=True), "deprecated"),
        (release(runs_code=("install.py",)), "runs-code"),
        (release(url="http://cdn.comfy.org/alpha.zip"), "plain-http"),
        (from_git(repository="http://git.example.org/carl/gamma"), "plain-http"),
        (from_git(submodules=(f"deps {'a' * 40} http://example.org/x",)), "plain-http"),
    ],
)
def test_packs(pack: PackPin, kind: str) -> None:
    assert kinds(packs=(pack,)) == [f"{kind} {pack.name}"]


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        (good_model("x4.pth"), "pickle-format"),
        (good_model("sub/x.CKPT"), "pickle-format"),
        (good_model("x.bin"), "pickle-format"),
        (good_model("x.keras"), "code-format"),
        (good_model("x.npz"), "code-format"),
        (good_model(gated="manual"), "gated"),
        (good_model(private=True), "private"),
        (good_model(origin="note"), "weak-origin"),
        (good_model(origin="workflow"), "weak-origin"),
        (good_model(mirrors=("http://example.org/a",)), "plain-http"),
        (good_model(sha256=None, unhashed="nobody knows it"), "unhashed"),
        (ModelPin("a.safetensors", "vae", "local"), "unhashed"),
    ],
)
def test_models(model: ModelPin, kind: str) -> None:
    assert kinds(models=(model,)) == [f"{kind} {model.key}"]


@pytest.mark.parametrize("name", ["a.safetensors", "a.gguf", "a.sft", "a.onnx", "a.pt.safetensors"])
def test_formats_that_run_nothing(name: str) -> None:
    assert kinds(models=(good_model(name),)) == []


def test_a_file_that_is_a_pickle_where_it_comes_from() -> None:
    model = ModelPin("a", "vae", "huggingface", path="x/a.ckpt", sha256=SHA, origin="config")
    assert kinds(models=(model,)) == ["pickle-format vae/a"]


def test_python_packages_that_are_built() -> None:
    pins = tuple(
        PythonPin(target, "pylock.toml", SHA, SHA, 3, builds=builds)
        for target, builds in (("linux", ("a", "b")), ("windows", ("b",)), ("macos", ()))
    )
    found = list(audit_lock(Lock(python=pins), AuditRules()))
    assert [(f.about, f.subject, f.kind) for f in found] == [
        ("python", "a", "builds-code"),
        ("python", "b", "builds-code"),
    ]
    assert found[1].message.startswith("has no wheel for linux, windows, so")


def test_gaps() -> None:
    gaps = (
        Gap("class-type", "Shared", "ambiguous", "may be from any", hint="say which"),
        Gap("pack", "nobody", "not-found", "nobody knows it"),
        Gap("model", "vae/x", "no-source", "nobody says where"),
        Gap("comfyui", "comfyui", "offline", "nobody could be asked"),
    )
    found = list(audit_lock(Lock(unresolved=gaps, comfyui=ComfyuiPin(">=0.3")), AuditRules()))
    assert [(f.about, f.kind) for f in found] == [
        ("comfyui", "unpinned"),
        ("lock", "unresolved"),
        ("pack", "unresolved"),
        ("model", "unresolved"),
        ("comfyui", "unresolved"),
    ]
    assert found[1].mend == "say which"


@pytest.mark.parametrize(
    ("licence", "kind"),
    [
        ("cc-by-nc-4.0", "licence-denied"),
        ("gpl-3.0", "licence-not-allowed"),
        (None, "licence-unknown"),
        ("other", "licence-unknown"),
    ],
)
def test_licences(licence: str | None, kind: str) -> None:
    rules = AuditRules(allow_licences=("mit",), deny_licences=("*-nc-*",))
    model = good_model(licence=licence)
    assert kinds(models=(model,)) == []
    assert kinds(models=(model,), rules=rules) == [f"{kind} {model.key}"]
    assert kinds(models=(good_model(licence="MIT"),), rules=rules) == []


def test_every_finding_is_of_a_kind_and_says_something() -> None:
    for found in audit_lock(full(), AuditRules(allow_licences=("mit",))):
        assert found.severity == KINDS[found.kind].severity
        assert found.message
        assert not found.message.endswith(".")
