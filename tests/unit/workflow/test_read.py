from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from comfylock.errors import WorkflowError
from comfylock.workflow.read import SMALL_FILE, read_bytes, read_file
from comfylock.workflow.reading import InputTables
from tests import media

if TYPE_CHECKING:
    from pathlib import Path

    from comfylock.workflow.reading import Reading

TABLES = InputTables()
UI = json.dumps({"last_node_id": 1, "links": [], "nodes": [{"id": 1, "type": "FromUi"}]})
API = json.dumps({"1": {"class_type": "FromApi", "inputs": {"ckpt_name": "a.safetensors"}}})


def png(**texts: str) -> bytes:
    return media.png(b"".join(media.png_text(key, text) for key, text in texts.items()))


def read(path: Path, data: bytes, *, is_named: bool = True) -> list[Reading]:
    path.write_bytes(data)
    return read_file(str(path), TABLES, is_named=is_named)


def refusal(path: Path, data: bytes) -> str:
    with pytest.raises(WorkflowError) as caught:
        read(path, data)
    return caught.value.reason


def kinds(readings: list[Reading]) -> list[tuple[str, list[str]]]:
    return [(each.format, [key[0] for key in each.classes]) for each in readings]


def test_the_ui_form_is_taken_where_both_are_there(tmp_path: Path) -> None:
    found = read(tmp_path / "a.png", png(prompt=API, workflow=UI))
    assert kinds(found) == [("png/ui-0.4", ["FromUi"])]


def test_the_api_form_serves_where_the_other_is_broken_and_that_is_said(tmp_path: Path) -> None:
    (found,) = read(tmp_path / "a.png", png(workflow=UI[:-5], prompt=API))
    assert kinds([found]) == [("png/api", ["FromApi"])]
    (problem,) = found.problems
    assert problem.message.startswith("its embedded workflow ends in the middle of a value at")


def test_media_with_nothing_inside(tmp_path: Path) -> None:
    assert read(tmp_path / "a.png", png(), is_named=False) == []
    assert refusal(tmp_path / "a.png", png()) == "is a PNG file without a workflow inside"


def test_media_with_other_json_inside(tmp_path: Path) -> None:
    assert "hold no workflow" in refusal(tmp_path / "a.png", png(workflow='{"a": 1}'))


def test_media_that_are_cut_off(tmp_path: Path) -> None:
    whole = png(workflow=UI)
    assert refusal(tmp_path / "a.png", whole[:60]).startswith("the PNG file ends")


def test_a_large_picture_is_read_through_its_stream(tmp_path: Path) -> None:
    padded = png(comment="x" * (SMALL_FILE + 1), workflow=UI)
    assert kinds(read(tmp_path / "a.png", padded)) == [("png/ui-0.4", ["FromUi"])]


def test_a_large_workflow(tmp_path: Path) -> None:
    data = UI.replace("FromUi", "T" * SMALL_FILE).encode()
    assert kinds(read(tmp_path / "a.json", data)) == [("ui-0.4", ["T" * SMALL_FILE])]


@pytest.mark.parametrize("is_named", [True, False])
def test_json_beyond_all_measure(tmp_path: Path, *, is_named: bool) -> None:
    path = tmp_path / "a.json"
    with path.open("wb") as stream:
        stream.write(b'{"nodes": [')
        stream.truncate(65 * 1024 * 1024)
    if is_named:
        with pytest.raises(WorkflowError, match="too large"):
            read_file(str(path), TABLES, is_named=True)
    else:
        assert read_file(str(path), TABLES, is_named=False) == []


def test_source_code_beyond_all_measure(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    with path.open("wb") as stream:
        stream.truncate(65 * 1024 * 1024)
    with pytest.raises(WorkflowError, match="too large"):
        read_file(str(path), TABLES, is_named=True)


@pytest.mark.parametrize("data", [b"", b"plain words", b"\x7fELF\x02"])
def test_what_is_nothing_of_all_this(tmp_path: Path, data: bytes) -> None:
    assert read(tmp_path / "a.bin", data, is_named=False) == []
    assert refusal(tmp_path / "a.bin", data)


def test_a_damaged_file_counts_where_it_speaks_of_nodes(tmp_path: Path) -> None:
    with pytest.raises(WorkflowError, match="cut off"):
        read(tmp_path / "a.json", UI[:-3].encode(), is_named=False)
    assert read(tmp_path / "b.json", b'{"a": [1,', is_named=False) == []


def test_a_folder_and_a_pipe_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in (".", "pipe"):
        with pytest.raises(WorkflowError):
            read_file(str(tmp_path / name), TABLES, is_named=True)


def test_a_name_that_is_none() -> None:
    with pytest.raises(WorkflowError, match="cannot be read"):
        read_file("a\0b", TABLES, is_named=True)


def test_bytes_are_read_like_files() -> None:
    assert kinds(read_bytes(png(workflow=UI), "given", TABLES)) == [("png/ui-0.4", ["FromUi"])]
    with pytest.raises(WorkflowError, match="holds no workflow"):
        read_bytes(b"[]", "given", TABLES)


def test_a_program_that_builds_a_workflow(tmp_path: Path) -> None:
    code = (
        "BASE = 'base.safetensors'\n"
        "wf = {'1': {'class_type': 'CheckpointLoaderSimple', 'inputs': {'ckpt_name': BASE}},\n"
        "      '2': {'class_type': pick(), 'inputs': {}},\n"
        "      '3': {'class_type': 'LoraLoader',\n"
        "            'inputs': {'lora_name': 'a.pt' if x else 'b.pt'}}}\n"
        "SPARE = 'vae/spare.safetensors'\n"
    )
    (found,) = read(tmp_path / "a.py", code.encode())
    assert found.format == "source"
    assert [key[0] for key in found.classes] == ["CheckpointLoaderSimple", "LoraLoader"]
    assert [model.name for model in found.models] == [
        "base.safetensors",
        "a.pt",
        "b.pt",
        "vae/spare.safetensors",
    ]
    assert found.unread == 1
    assert [problem.path for problem in found.problems] == ["line 3"]


def test_json_in_a_program_s_strings(tmp_path: Path) -> None:
    code = f"""import json
node = {{"1": {{"class_type": "Built", "inputs": {{}}}}}}
whole = json.loads('''{API}''')
half = json.loads('''{API[:-4]}''')
"""
    built, embedded = read(tmp_path / "a.py", code.encode())
    assert [key[0] for key in built.classes] == ["Built"]
    assert (embedded.format, embedded.fragment) == ("source/api", "line-3")
    assert [problem.path for problem in built.problems] == ["line 4"]


def test_a_program_that_builds_none(tmp_path: Path) -> None:
    code = b"print('class_type')\n"
    assert read(tmp_path / "a.py", code, is_named=False) == []
    assert refusal(tmp_path / "a.py", code) == (
        "is source code that makes no node with a `class_type`"
    )
