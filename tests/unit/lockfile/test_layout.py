from __future__ import annotations

import pytest

from comfylock.lockfile.layout import model_place, pack_folders
from tests.locks import from_file, from_git, hub_model, release


def test_packs_are_called_as_the_manager_calls_them() -> None:
    pins = (release("alpha"), from_git("carl/gamma", repository="https://github.com/Carl/Gamma"))
    assert pack_folders((*pins, from_file())) == {
        "alpha": "alpha",
        "carl/gamma": "Gamma",
        "dora/single": "single.py",
    }


def test_two_of_one_name_carry_their_owners() -> None:
    pins = [
        release("nodes"),
        from_git("ann/nodes"),
        from_git("bob/nodes", repository="https://git.example.org/Bob/Nodes"),
        from_file("dora/single"),
        from_file("eve/single"),
    ]
    expected = {
        "ann/nodes": "ann-nodes",
        "bob/nodes": "Bob-Nodes",
        "dora/single": "dora-single.py",
        "eve/single": "eve-single.py",
        "nodes": "nodes",
    }
    assert pack_folders(pins) == expected
    assert pack_folders(reversed(pins)) == expected


def test_folders_differ_whatever_happens() -> None:
    pins = [
        release("ann-nodes"),
        release("nodes"),
        from_git("ann/nodes"),
        from_git(
            "https://git.example.org/ann/nodes", repository="https://git.example.org/ann/nodes"
        ),
        from_file("x/y", path="websocket_image_save.py"),
    ]
    folders = [folder.casefold() for folder in pack_folders(pins).values()]
    assert len(set(folders)) == len(pins)
    assert "websocket_image_save.py" not in folders


@pytest.mark.parametrize(
    ("repository", "folder"),
    [
        ("https://git.example.org/a/..~..", "_.."),
        ("https://git.example.org/a/-x", "x"),
        ("https://git.example.org/a/.git", "pack"),
        ("https://git.example.org/a/off.disabled", "off"),
        ("https://git.example.org/a/a+b~c", "a_b_c"),
    ],
)
def test_a_folder_is_a_name_and_nothing_else(repository: str, folder: str) -> None:
    assert pack_folders([from_git("a/b", repository=repository)]) == {"a/b": folder}


@pytest.mark.parametrize(
    ("folder", "place"),
    [
        ("vae", "vae/ae.safetensors"),
        ("ultralytics_bbox", "ultralytics/bbox/ae.safetensors"),
        ("a/b", "a/b/ae.safetensors"),
        (None, None),
        ("custom_nodes", None),
        ("custom_nodes/x", None),
    ],
)
def test_where_models_are(folder: str | None, place: str | None) -> None:
    assert model_place(hub_model(folder=folder)) == place
