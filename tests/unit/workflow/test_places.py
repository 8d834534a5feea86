from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from comfylock.workflow.places import places_in
from tests.builders import encoded, node, ui

if TYPE_CHECKING:
    from pathlib import Path

API = {
    "3": {"class_type": "KSampler", "inputs": {"seed": 1}},
    "4": {"class_type": "LoraLoader", "inputs": {"lora_name": "sub\\a.safetensors"}},
}


def written(folder: Path, content: Any) -> str:
    path = folder / "w.json"
    path.write_bytes(content if isinstance(content, bytes) else encoded(content))
    return str(path)


def test_nodes_of_a_class_type_are_found_in_ui_format(tmp_path: Path) -> None:
    path = written(tmp_path, ui(node(1, "A"), node(7, "B"), node(9, "A")))
    assert places_in(path, {"A", "Z"}) == {"A": ("1", "9")}


def test_nodes_are_found_in_api_format_and_in_wrappers(tmp_path: Path) -> None:
    assert places_in(written(tmp_path, API), {"KSampler"}) == {"KSampler": ("3",)}
    wrapped = {"input": {"workflow": API}}
    assert places_in(written(tmp_path, wrapped), {"KSampler"}) == {"KSampler": ("3",)}
    twice = {"prompt": json.dumps(API)}
    assert places_in(written(tmp_path, twice), {"KSampler"}) == {"KSampler": ("3",)}


@pytest.mark.parametrize("name", ["sub/a.safetensors", "a.safetensors"])
def test_files_are_found_however_their_path_is_written(tmp_path: Path, name: str) -> None:
    assert places_in(written(tmp_path, API), {name}) == {name: ("4",)}


def test_a_node_of_a_subgraph_has_its_name_before_the_id(tmp_path: Path) -> None:
    inner = {"id": "u", "name": "Upscale", "nodes": [node(2, "B")]}
    workflow = {**ui(node(1, "A")), "definitions": {"subgraphs": [inner]}}
    assert places_in(written(tmp_path, workflow), {"A", "B"}) == {"A": ("1",), "B": ("Upscale:2",)}


def test_a_node_of_a_group_node_has_its_name_before_the_id(tmp_path: Path) -> None:
    workflow = {**ui(node(1, "A")), "extra": {"groupNodes": {"Mine": {"nodes": [{"type": "B"}]}}}}
    assert places_in(written(tmp_path, workflow), {"B"}) == {"B": ("Mine:?",)}


@pytest.mark.parametrize("content", [b"", b"{", b"not json", b"[" * 100_000])
def test_what_cannot_be_read_has_no_places(tmp_path: Path, content: bytes) -> None:
    assert places_in(written(tmp_path, content), {"A"}) == {}


def test_a_file_that_is_gone_has_no_places(tmp_path: Path) -> None:
    assert places_in(str(tmp_path / "gone.json"), {"A"}) == {}
