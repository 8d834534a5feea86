from __future__ import annotations

import json
import os
import zipfile
from typing import Any

import pytest

from comfylock.errors import RegistryError
from comfylock.registry import build_trees
from comfylock.registry.build import compile_registry, read_inputs
from comfylock.registry.build_facts import CoreState, RecordedPack

MANAGER = {
    "comfyui_manager-4.3.dist-info/METADATA": "Name: comfyui-manager",
    "comfyui_manager/extension-node-map.json": '{"https://github.com/a/b": [["Pen"], {}]}',
    "comfyui_manager/github-stats.json": '{"https://github.com/a/b": {"stars": 3}}',
    "comfyui_manager/other.json": "not json",
}
TEMPLATES = {
    "comfyui_workflow_templates_json-0.1.9.dist-info/METADATA": "",
    "comfyui_workflow_templates_json/templates/a.json": json.dumps(
        {"nodes": [{"type": "K", "properties": {"cnr_id": "comfy-core", "ver": "0.3.1"}}]}
    ),
    "comfyui_workflow_templates_json/templates/a.webp": "x",
}
DOCUMENTS = {
    "comfyui_embedded_docs-0.5.0.dist-info/METADATA": "",
    "comfyui_embedded_docs/docs/KSampler/en.md": "x",
    "comfyui_embedded_docs/docs/README.md": "x",
}
FRONTEND = {
    "comfyui_frontend_package-1.5.dist-info/METADATA": "",
    "comfyui_frontend_package/static/a/b.js": "x.registerNodeType(`Note`,N);y.registerNodeType(t)",
    "comfyui_frontend_package/static/c.js": 'z.registerNodeType("Re route",R)',
}
RECORDED = {"repository": "https://github.com/a/b", "commit": "a" * 40, "class_types": ["Pen"]}


def write(folder: Any, files: dict[str, str]) -> str:
    for name, text in files.items():
        path = os.path.join(str(folder), *name.split("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    return str(folder)


def wheel(folder: Any, files: dict[str, str]) -> str:
    path = os.path.join(str(folder), "package.whl")
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def test_wheels_and_folders_give_the_same(tmp_path: Any) -> None:
    files = MANAGER | TEMPLATES | DOCUMENTS | FRONTEND
    packed = read_inputs([wheel(tmp_path, files)])
    unpacked = read_inputs([write(tmp_path / "site", files)])
    assert packed == unpacked
    assert packed.managers[0].version == "4.3"
    assert packed.managers[0].class_types == {"https://github.com/a/b": ("Pen",)}
    assert packed.templates[0].stamps == {"K": ("0.3.1",)}
    assert packed.documents[0].class_types == ("KSampler",)
    assert packed.frontends[0].node_types == ("Note", "Re route")


def test_answers_take_their_version_from_the_file_name(tmp_path: Any) -> None:
    write(tmp_path, {"comfyui-0.3.40.json": '{"B": {"input": {}}, "A": {"input": {}}}'})
    assert read_inputs([str(tmp_path / "comfyui-0.3.40.json")]).states == (
        CoreState("0.3.40", ("A", "B")),
    )


def test_a_folder_of_recordings_is_read_whole(tmp_path: Any) -> None:
    history = {"commit": "c" * 40, "versions": ["0.3.1"], "class_types": {"K": ["0.3.1", ""]}}
    former = {"commit": "d" * 40, "former": {"https://github.com/a/b": ["Ink"]}}
    documents = {"a__b.json": RECORDED, "comfyui.json": history, "comfyui-manager.json": former}
    texts = {name: json.dumps(value) for name, value in documents.items()}
    found = read_inputs([write(tmp_path, {**texts, "README.md": "x"})])
    assert found.recorded == (RecordedPack(RECORDED["repository"], "a" * 40, class_types=("Pen",)),)  # type: ignore[arg-type]
    assert found.histories[0].class_types == {"K": ("0.3.1", "")}
    assert found.former[0].former == {"https://github.com/a/b": ("Ink",)}


def test_what_was_read_compiles(tmp_path: Any) -> None:
    files = compile_registry(read_inputs([wheel(tmp_path, MANAGER | DOCUMENTS)]))
    assert files["class_types.json"] == b'{\n"Pen":["a/b"]\n}\n'
    assert files["core.json"] == b'{\n"KSampler":""\n}\n'


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", "{damaged"),
        ("a.json", "[" * 100_000),
        ("a.json", '{"repository": 3, "commit": "x"}'),
        ("a.json", "[]"),
        ("a.json", "{}"),
        ("a.json", '{"A": {"input": {}}, "B": 3}'),
        ("a.txt", "hello"),
    ],
)
def test_what_is_no_input_is_an_error_that_names_it(tmp_path: Any, name: str, text: str) -> None:
    write(tmp_path, {name: text})
    with pytest.raises(RegistryError) as caught:
        read_inputs([str(tmp_path / name)])
    assert caught.value.file.endswith(name)


def test_a_missing_path_is_an_error(tmp_path: Any) -> None:
    with pytest.raises(RegistryError, match="cannot be read"):
        read_inputs([str(tmp_path / "none.json")])


def test_an_empty_folder_is_an_error(tmp_path: Any) -> None:
    with pytest.raises(RegistryError, match="nothing in it"):
        read_inputs([str(tmp_path)])


def test_a_manager_without_lists_is_an_error(tmp_path: Any) -> None:
    files = {"comfyui_manager-4.0.dist-info/METADATA": "", "comfyui_manager/a.py": ""}
    with pytest.raises(RegistryError, match="nothing in it"):
        read_inputs([wheel(tmp_path, files)])


def test_a_file_over_the_limit_is_refused(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_trees, "MAX_FILE", 10)
    with pytest.raises(RegistryError, match="larger than 10 bytes"):
        read_inputs([wheel(tmp_path, MANAGER)])


def test_a_damaged_archive_is_an_error(tmp_path: Any) -> None:
    path = wheel(tmp_path, MANAGER)
    with open(path, "r+b") as file:
        file.seek(60)
        file.write(b"\xff" * 200)
    with pytest.raises(RegistryError):
        read_inputs([path])


def test_a_spoilt_row_of_a_list_costs_that_row(tmp_path: Any) -> None:
    rows = {"https://github.com/a/b": [["Pen"], {}], "https://github.com/c/d": 5}
    write(tmp_path, {"map.json": json.dumps({**rows, "https://github.com/e/f": [["Cap"], {}]})})
    (lists,) = read_inputs([str(tmp_path / "map.json")]).managers
    assert lists.class_types["https://github.com/a/b"] == ("Pen",)
    assert lists.class_types["https://github.com/e/f"] == ("Cap",)
