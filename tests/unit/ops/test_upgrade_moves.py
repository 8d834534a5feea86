"""Would moving a pin break a workflow?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from comfylock.ops.upgrade_moves import definitions_of, judge_move
from comfylock.registry.store import shared_registry

if TYPE_CHECKING:
    from pathlib import Path

    from comfylock.definitions.signature import DefinitionSet

PACK = """
class Blur:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"image": ("IMAGE",), %s}}
    RETURN_TYPES = ("IMAGE",)
NODE_CLASS_MAPPINGS = {%s}
"""
OLD = '"radius": ("INT", {"default": 1, "max": 9})'
BOTH = '"Blur": Blur, "Other": Blur'


def version(inputs: str = OLD, classes: str = BOTH) -> DefinitionSet:
    files = {"__init__.py": (PACK % (inputs, classes)).encode(), "README.md": b""}
    return definitions_of("blurs", files, files.get)


def write(folder: Path, **inputs: object) -> str:
    workflow = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "x.png"}},
        "2": {"class_type": "Blur", "inputs": {"image": ["1", 0], **inputs}},
        "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "x"}},
    }
    path = folder / "w.json"
    path.write_text(json.dumps(workflow))
    return str(path)


def test_a_pack_is_judged_by_itself(tmp_path: Path) -> None:
    path = write(tmp_path, radius=3)
    same = judge_move("blurs", version(), version(), [path], shared_registry())
    assert (same.is_safe, same.changed, same.unreadable) == (True, (), ())


def test_a_new_required_input_breaks(tmp_path: Path) -> None:
    path = write(tmp_path, radius=3)
    newer = version(OLD + ', "mode": (["a", "b"],)')
    move = judge_move("blurs", version(), newer, [path], shared_registry())
    assert not move.is_safe
    (impact,) = move.broken
    assert [(hit.node, hit.input) for hit in impact.hits] == [("2", "mode")]
    assert [fix.value for fix in impact.fixes] == ["a"]


def test_a_class_that_is_gone_breaks(tmp_path: Path) -> None:
    path = write(tmp_path, radius=3)
    move = judge_move("blurs", version(), version(OLD, '"Other": Blur'), [path], shared_registry())
    assert [hit.kind for hit in move.broken[0].hits] == ["missing_node_type"]
    unused = version(OLD, '"Blur": Blur')
    assert judge_move("blurs", version(), unused, [path], shared_registry()).is_safe


def test_a_narrower_range_breaks_only_what_is_outside(tmp_path: Path) -> None:
    newer = version('"radius": ("INT", {"default": 1, "max": 4})')
    for radius, is_safe in ((3, True), (7, False)):
        path = write(tmp_path, radius=radius)
        assert judge_move("blurs", version(), newer, [path], shared_registry()).is_safe is is_safe


def test_a_class_that_may_be_there_does_not_break(tmp_path: Path) -> None:
    path = write(tmp_path, radius=3)
    files = {"__init__.py": (PACK % (OLD, '"Other": Blur, **made()')).encode()}
    newer = definitions_of("blurs", files, files.get)
    assert newer.is_partial
    move = judge_move("blurs", version(), newer, [path], shared_registry())
    assert (move.is_safe, [hit.kind for each in move.broken for hit in each.hits]) == (True, [])


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    gone = str(tmp_path / "gone.json")
    move = judge_move("blurs", version(), version(), [gone], shared_registry())
    assert [each.path for each in move.unreadable] == [gone]
