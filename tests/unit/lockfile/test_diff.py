from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from comfylock.lockfile.diff import Change, FieldChange, diff
from comfylock.lockfile.schema import ComfyuiPin, Gap, Lock, ModelPin, Options, WorkflowEntry
from tests.locks import COMMIT, OTHER_SHA, SHA, from_file, from_git, full, hub_model, release, small

PLAIN = COMMIT[:10]


def test_nothing_changed() -> None:
    assert diff(full(), full()).is_empty
    shuffled = replace(full(), packs=full().packs[::-1], models=full().models[::-1])
    assert diff(full(), shuffled).is_empty
    assert not diff(full(), small()).is_empty


def test_p16_an_upgrade_from_old_to_new() -> None:
    new = small(packs=(release(version="1.3.0", provides=("AlphaNode", "More")),))
    (change,) = diff(small(), new).packs
    assert (change.kind, change.name, change.summary) == ("changed", "alpha", "1.2.0 -> 1.3.0")
    assert [field.field for field in change.fields] == ["requested", "version", "url", "provides"]
    assert change.fields[1] == FieldChange("version", "1.2.0", "1.3.0")


@pytest.mark.parametrize(
    ("old", "new", "summary"),
    [
        (
            from_git(date="2025-03-01T12:00:00Z"),
            from_git(commit="f" * 40, date="2026-01-01T00:00:00Z"),
            f"{PLAIN} (2025-03-01) -> ffffffffff (2026-01-01)",
        ),
        (from_git(), from_git(commit="f" * 40), f"{PLAIN} -> ffffffffff"),
        (from_git(version="v1"), from_git(version="v2"), "v1 -> v2"),
        (from_git(), from_git(tree="f" * 40), "tree 89abcdef01 -> ffffffffff"),
        (
            from_file(commit=None),
            from_file(commit=None, sha256=OTHER_SHA),
            "sha256 ababababab -> sha256 cdcdcdcdcd",
        ),
        (release(), release(provides=("A",)), "provides +A"),
        (release(provides=("A", "B")), release(provides=("B", "C")), "provides +C -A"),
        (
            release(dependencies=("a", "b")),
            release(dependencies=("b", "a")),
            "dependencies in another order",
        ),
        (release(), release(deprecated=True), "deprecated no -> yes"),
        (release(), release(status="pending", size=7), "size 1234 -> 7, status none -> pending"),
    ],
)
def test_what_changed_in_a_pack(old: Any, new: Any, summary: str) -> None:
    new = replace(new, name=old.name)
    (change,) = diff(small(packs=(old,)), small(packs=(new,))).packs
    assert change.summary == summary


@pytest.mark.parametrize(
    ("old", "new", "summary"),
    [
        (hub_model(), hub_model(commit="f" * 40), f"org/repo {PLAIN} -> org/repo ffffffffff"),
        (hub_model(), hub_model(gated="auto"), "gated none -> auto"),
        (
            hub_model(),
            ModelPin("ae.safetensors", "vae", "civitai", version_id=1, file_id=2),
            f"org/repo {PLAIN} -> version 1, file 2",
        ),
        (
            ModelPin("ae.safetensors", "vae", "github-release", tag="v1"),
            ModelPin("ae.safetensors", "vae", "url", sha256=SHA),
            "v1 -> url, sha256 ababababab",
        ),
    ],
)
def test_what_changed_in_a_model(old: ModelPin, new: ModelPin, summary: str) -> None:
    (change,) = diff(small(models=(old,)), small(models=(new,))).models
    assert (change.name, change.summary) == ("vae/ae.safetensors", summary)


def test_what_was_added_and_removed() -> None:
    changes = diff(small(), full())
    assert [(c.kind, c.name, c.summary) for c in changes.packs] == [
        ("changed", "alpha", changes.packs[0].summary),
        ("added", "carl/gamma", "v1.0"),
        ("added", "dora/single", PLAIN),
    ]
    assert [(c.kind, c.name) for c in changes.workflows] == [
        ("added", "one.json#2"),
        ("removed", "workflows/a.json"),
        ("added", "workflows/portrait ü.json"),
    ]
    assert changes.workflows[0].summary == "1 pack, 1 model"
    assert [(c.kind, c.name, c.summary) for c in changes.unresolved] == [
        ("added", "class-type: Shared", "ambiguous"),
        ("added", "comfyui: comfyui", "offline"),
        ("added", "model: loras/unknown.pt", "no-source"),
        ("added", "pack: unfound", "not-found"),
    ]
    assert [(c.kind, c.name) for c in changes.tool] == [("added", "other"), ("added", "other-2")]
    assert changes.comfyui == (Change("added", "comfyui", "0.3.64"),)
    assert changes.options[0].summary == "authored -> latest"
    back = diff(full(), small())
    assert [c.kind for c in back.tool] == ["removed", "removed"]
    assert back.comfyui == (Change("removed", "comfyui", "0.3.64"),)


def test_smaller_changes() -> None:
    old = Lock(
        Options(inputs=("a",)),
        ComfyuiPin(">=0.3"),
        (WorkflowEntry("a", ("x",)),),
        unresolved=(Gap("pack", "x", "gone", "it is"),),
        tool={"t": {"a": 1}},
    )
    new = Lock(
        Options(inputs=("a", "b")),
        ComfyuiPin("main", commit=COMMIT),
        (WorkflowEntry("a", ("y",)),),
        unresolved=(Gap("pack", "x", "gone", "it was"),),
        tool={"t": {"a": 2}},
    )
    changes = diff(old, new)
    found = [
        getattr(changes, name)[0].summary
        for name in changes.__struct_fields__
        if getattr(changes, name)
    ]
    assert found == [
        "inputs +b",
        f">=0.3 -> {PLAIN}",
        "packs +y -x",
        "message it is -> it was",
        "[tool.t]",
    ]
    assert changes.tool[0].fields == (FieldChange("t", {"a": 1}, {"a": 2}),)
