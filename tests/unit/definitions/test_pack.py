"""What does a pack's folder declare?"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from comfylock.definitions import pack_files
from comfylock.definitions.pack import read_comfyui, read_pack
from comfylock.definitions.pack_files import read_pack_files
from comfylock.definitions.project_file import read_project

if TYPE_CHECKING:
    from pathlib import Path

NODE = "class A:\n    @classmethod\n    def INPUT_TYPES(s): return {'required': {'a': ('INT',)}}\n"
INIT = NODE + "NODE_CLASS_MAPPINGS = {'X': A}\nWEB_DIRECTORY = './web'\n"
PROJECT = """
[project]
name = "My-Pack"
[project.urls]
Homepage = "https://example.com"
Repository = "https://github.com/Someone/My-Pack.git"
[tool.comfy]
PublisherId = "someone"
"""


def write(root: Path, **files: str) -> str:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_DOT_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return str(root)


def pack(root: Path) -> str:
    (root / "web").mkdir()
    (root / "__init__.py").write_text(INIT, encoding="utf-8")
    (root / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    script = "LiteGraph.registerNodeType('Label', L); LiteGraph.registerNodeType('X', X);"
    (root / "web" / "a.js").write_text(script, encoding="utf-8")
    return str(root)


def test_a_pack_is_read(tmp_path: Path) -> None:
    found = read_pack(pack(tmp_path))
    assert [d.class_type for d in found.class_types] == ["X"]
    assert found.frontend_only == ("Label",)
    assert (found.registry_id, found.repository) == (
        "my-pack",
        "https://github.com/Someone/My-Pack",
    )
    assert found.problems == ()


def test_a_pack_of_one_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text("NODE_CLASS_MAPPINGS = {'Y': 1}", encoding="utf-8")
    (tmp_path / "one.py").write_text(INIT, encoding="utf-8")
    found = read_pack(str(tmp_path / "one.py"))
    assert [(d.class_type, d.file) for d in found.class_types] == [("X", "one.py")]


def test_a_folder_that_is_not_there_has_nothing(tmp_path: Path) -> None:
    found = read_pack(str(tmp_path / "nothing"))
    assert found.class_types == ()
    assert len(found.problems) == 1


def test_comfyui_is_read_only_where_its_classes_are(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        nodes_DOT_py=INIT,
        comfy_extras__nodes_y_DOT_py=INIT.replace("'X'", "'Y'"),
        comfy_api_nodes__nodes_z_DOT_py=INIT.replace("'X'", "'Z'"),
        comfy_api_nodes__apis__deep_DOT_py=INIT.replace("'X'", "'D'"),
        custom_nodes__p_DOT_py=INIT.replace("'X'", "'C'"),
        main_DOT_py=INIT.replace("'X'", "'M'"),
    )
    found = read_comfyui(root)
    assert [d.class_type for d in found.class_types] == ["X", "Y", "Z"]
    assert [d.file for d in found.class_types] == [
        "nodes.py",
        "comfy_extras/nodes_y.py",
        "comfy_api_nodes/nodes_z.py",
    ]


def test_folders_of_others_are_not_read(tmp_path: Path) -> None:
    for folder in (".git", "node_modules", ".venv", "site-packages", "__pycache__"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.py").write_text(INIT, encoding="utf-8")
    (tmp_path / "a.py").write_text("", encoding="utf-8")
    assert read_pack_files(str(tmp_path)).names == ("a.py",)


def test_links_out_of_the_pack_are_not_followed(tmp_path: Path) -> None:
    outside, home = tmp_path / "outside", tmp_path / "pack"
    outside.mkdir()
    home.mkdir()
    (outside / "secret.py").write_text(INIT, encoding="utf-8")
    (home / "real.py").write_text("", encoding="utf-8")
    os.symlink(outside / "secret.py", home / "file.py")
    os.symlink(outside, home / "folder")
    os.symlink(home / "real.py", home / "inside.py")
    os.symlink(home / "loop.py", home / "loop.py")
    os.symlink(home, home / "home")
    assert read_pack_files(str(home)).names == ("inside.py", "real.py")


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    assert read_pack_files(str(tmp_path)).names == ()


def test_large_files_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pack_files, "PYTHON_SIZE", 10)
    monkeypatch.setattr(pack_files, "JAVASCRIPT_SIZE", 10)
    for name in ("a.py", "a.js"):
        (tmp_path / name).write_text("x" * 11, encoding="utf-8")
    (tmp_path / "b.py").write_text("x" * 10, encoding="utf-8")
    found = read_pack_files(str(tmp_path))
    assert (sorted(found.python), sorted(found.scripts)) == (["b.py"], [])
    assert [p.path for p in found.problems] == ["a.py"]


def test_too_many_files_are_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pack_files, "FILE_LIMIT", 3)
    for number in range(5):
        (tmp_path / f"{number}.py").write_text("", encoding="utf-8")
    found = read_pack_files(str(tmp_path))
    assert found.names == ("0.py", "1.py", "2.py")
    assert found.problems[0].message == "more than 3 files; the rest was not read"


def test_scripts_of_others_and_declarations_are_not_read(tmp_path: Path) -> None:
    for name in ("a.js", "b.mjs", "c.ts", "d.d.ts", "e.min.js", "f.json"):
        (tmp_path / name).write_text("", encoding="utf-8")
    assert sorted(read_pack_files(str(tmp_path)).scripts) == ["a.js", "b.mjs", "c.ts"]


@pytest.mark.parametrize(
    ("text", "registry_id", "repository"),
    [
        (PROJECT, "my-pack", "https://github.com/Someone/My-Pack"),
        ("[project]\nname = 'x'", None, None),
        ("[project]\nname = 'a b'\n[tool.comfy]", None, None),
        ("[project]\nname = 3\n[tool.comfy]", None, None),
        ("project = 1\ntool = 2", None, None),
        (
            "[project.urls]\nhomepage = 'https://github.com/a/b'\ndocs = 'https://github.com/c/d'",
            None,
            "https://github.com/a/b",
        ),
        ("[project.urls]\nRepository = ['x']", None, None),
    ],
)
def test_a_project_file_tells_who_it_is(
    text: str, registry_id: str | None, repository: str | None
) -> None:
    assert read_project(text.encode()) == (registry_id, repository, ())


@pytest.mark.parametrize("data", [b"[project", b"\xff\xfe", b"a = " + b"[" * 5000])
def test_a_broken_project_file_is_a_problem(data: bytes) -> None:
    registry_id, repository, problems = read_project(data)
    assert (registry_id, repository, len(problems)) == (None, None, 1)
    assert problems[0].message.startswith("not valid TOML: ")
