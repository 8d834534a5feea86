"""What was found in a file, as findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.auditing.looked_into import findings_of
from comfylock.model_files.facts import FileFacts, Trait

if TYPE_CHECKING:
    from comfylock.findings import Finding


def of(facts: FileFacts) -> list[Finding]:
    return list(findings_of(facts, "model", "vae/a.pt"))


def test_nothing_to_say() -> None:
    assert of(FileFacts("safetensors")) == []
    assert of(FileFacts("empty")) == []


def test_a_pickle_and_no_more() -> None:
    (found,) = of(FileFacts("torch", has_pickle=True))
    assert (found.kind, found.severity) == ("pickle-format", "warning")
    assert found.message == "is a pickle; nothing in it goes beyond what torch allows"


def test_the_gravest_first_and_all_in_one_finding_of_a_kind() -> None:
    traits = (
        Trait("suspicious", "call", "calls `x.Y`", "byte 2"),
        *(Trait("dangerous", "call", f"calls `os.f{i}`", f"byte {i}") for i in range(6)),
        Trait("suspicious", "zip-flags", "says so", ""),
        Trait("dangerous", "disguise", "is named so"),
        Trait("dangerous", "lambda", "has code"),
        Trait("dangerous", "outside", "reads elsewhere"),
        Trait("dangerous", "unread", "is too large"),
    )
    found = of(FileFacts("torch", has_pickle=True, traits=traits, claimed="safetensors"))
    assert [(f.kind, f.severity) for f in found] == [
        ("pickle-danger", "error"),
        ("disguised", "error"),
        ("code-layer", "error"),
        ("outside-data", "error"),
        ("unread", "error"),
        ("pickle-suspicious", "warning"),
    ]
    assert found[0].place == "byte 0"
    assert found[0].message.startswith("runs code when it is loaded: calls `os.f0`; calls `os.f1`")
    assert found[0].message.endswith("; and 2 more")
    assert found[-1].message == "goes beyond what torch allows: calls `x.Y`; says so"


def test_other_names() -> None:
    (found,) = of(FileFacts("safetensors", claimed="pickle"))
    assert (found.kind, found.message) == ("misnamed", "is named as pickle but is safetensors")
    (found,) = of(FileFacts("unknown", claimed="gguf"))
    assert found.message == "is named as gguf but is of no known format"
