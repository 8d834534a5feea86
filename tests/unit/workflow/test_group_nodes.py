from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import comfylock

if TYPE_CHECKING:
    from comfylock.model import WorkflowReport


def report(
    instance_values: list[Any], *, mode: int = 0, more: tuple[Any, ...] = ()
) -> WorkflowReport:
    """A workflow with one group node that holds an upscaler's loader and a picture's."""
    inner = [
        {"type": "UpscaleModelLoader", "widgets_values": ["4x\\soft.pth"], "index": 0},
        {"type": "LoadImage", "widgets_values": ["face.png", "image"], "index": 1},
    ]
    instance = {
        "id": 1,
        "type": "workflow>Load",
        "mode": mode,
        "widgets_values": instance_values,
    }
    workflow = {
        "last_node_id": 9,
        "nodes": [instance, *more],
        "links": [],
        "extra": {"groupNodes": {"Load": {"nodes": inner, "links": [], "external": []}}},
        "version": 0.4,
    }
    (found,) = comfylock.analyze(json.dumps(workflow).encode()).workflows
    return found


def test_what_an_instance_repeats_from_its_inside_is_told_once() -> None:
    found = report(["4x\\soft.pth", "face.png", "image"])
    assert [(model.name, model.class_type) for model in found.models] == [
        ("4x/soft.pth", "UpscaleModelLoader")
    ]
    assert [asset.class_type for asset in found.assets] == ["LoadImage"]


def test_what_an_instance_changes_stays() -> None:
    found = report(["4x/sharp.pth", "face.png", "image"])
    assert [(model.name, model.class_type) for model in found.models] == [
        ("4x/sharp.pth", "workflow>Load"),
        ("4x/soft.pth", "UpscaleModelLoader"),
    ]


def test_an_active_instance_is_no_echo_of_a_muted_node() -> None:
    muted = {"id": 2, "type": "UpscaleModelLoader", "mode": 2, "widgets_values": ["4x/sharp.pth"]}
    found = report(["4x/sharp.pth", "face.png", "image"], more=(muted,))
    uses = {(model.name, model.class_type): model.inactive for model in found.models}
    assert uses["4x/sharp.pth", "workflow>Load"] is False
    assert uses["4x/sharp.pth", "UpscaleModelLoader"] is True


def test_a_muted_instance_repeats_what_an_active_one_needs() -> None:
    other = {"id": 2, "type": "workflow/Load", "mode": 0, "widgets_values": []}
    found = report(["4x\\soft.pth", "face.png", "image"], mode=2, more=(other,))
    assert [model.class_type for model in found.models] == ["UpscaleModelLoader"]
