from __future__ import annotations

from typing import Any

import pytest

from comfylock.registry.build_facts import KnownModel, Listing
from comfylock.registry.build_manager import read_manager
from comfylock.registry.build_urls import canonical_model_url, pack_key, repository_url

URL = "https://github.com/ann/pens"


def model(**fields: str) -> dict[str, Any]:
    entry = {
        "name": "A",
        "type": "checkpoint",
        "save_path": "checkpoints/sub",
        "filename": "a.safetensors",
        "url": "https://huggingface.co/o/r/resolve/main/a.safetensors",
    }
    return {"model-list.json": {"models": [entry | fields]}}


def folder(**fields: str) -> str | None:
    (found,) = read_manager("1", model(**fields)).models
    return found.folder


def test_class_types_patterns_and_preemptions_come_from_the_map() -> None:
    entry = [["Pen", " Ink ", "", 7, "Pen"], {"nodename_pattern": "^P", "preemptions": ["Pen"]}]
    found = read_manager("4.3", {"extension-node-map.json": {URL: entry, "https://x/y/z": [[]]}})
    assert found.class_types == {URL: ("Ink", "Pen"), "https://x/y/z": ()}
    assert found.patterns == {URL: "^P"}
    assert found.preemptions == {URL: ("Pen",)}


def test_listings_keep_every_address() -> None:
    entry = {"reference": URL, "reference2": URL + "2", "files": [URL, 3], "id": "pens"}
    found = read_manager("1", {"custom-node-list.json": {"custom_nodes": [entry, {}, None]}})
    assert found.listings == (Listing(URL, (URL, URL + "2"), "pens"),)


def test_stars_are_positive_numbers() -> None:
    stats = {URL: {"stars": 3}, "a": {"stars": -1}, "b": {"stars": "x"}, "c": None}
    assert read_manager("1", {"github-stats.json": stats}).stars == {URL: 3}


@pytest.mark.parametrize("data", [None, [], {}, {"custom_nodes": 3}, "x"])
def test_wrong_shapes_are_empty(data: Any) -> None:
    names = ["custom-node-list", "extension-node-map", "model-list", "github-stats"]
    found = read_manager("1", {f"{name}.json": data for name in names})
    assert not found.listings
    assert not found.models
    assert not found.stars


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "checkpoints"),
        ({"save_path": "default"}, "checkpoints"),
        ({"save_path": "default", "type": "T2I-Adapter"}, "controlnet"),
        ({"save_path": "default", "type": "odd"}, None),
        ({"save_path": "unet"}, "diffusion_models"),
        ({"save_path": "custom_nodes/x/models"}, None),
        ({"save_path": "../x"}, None),
        ({"save_path": "/etc"}, None),
    ],
)
def test_folders_are_comfyuis_keys(fields: dict[str, str], expected: str | None) -> None:
    assert folder(**fields) == expected


@pytest.mark.parametrize(
    "fields",
    [
        {"filename": "<huggingface>", "url": "o/r"},
        {"filename": "a/b.pt"},
        {"url": "http://example.org/a.pt"},
        {"url": "https://user:secret@example.org/a.pt"},
        {"url": "https://[broken/a.pt"},
    ],
)
def test_what_is_no_single_file_over_https_is_left_out(fields: dict[str, str]) -> None:
    assert read_manager("1", model(**fields)).models == ()


def test_models_have_no_guessed_size() -> None:
    found = read_manager("1", model(size="4.71MB")).models
    assert found == (
        KnownModel(
            "a.safetensors",
            "https://huggingface.co/o/r/resolve/main/a.safetensors",
            "checkpoints",
        ),
    )


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "https://Huggingface.co/o/r/blob/main/a.pt",
            "https://huggingface.co/o/r/resolve/main/a.pt",
        ),
        ("https://example.org/a.pt?download=true", "https://example.org/a.pt"),
        ("https://example.org/a?type=Model&token=x#f", "https://example.org/a?type=Model"),
        ("https://example.org/", None),
        ("ftp://example.org/a", None),
    ],
)
def test_model_addresses_have_one_spelling(url: str, expected: str | None) -> None:
    assert canonical_model_url(url) == expected


def test_pack_keys_join_raw_files_with_their_repository() -> None:
    raw = "https://raw.githubusercontent.com/Ann/Pens/main/pens.py"
    assert pack_key(raw) == pack_key("https://github.com/ann/pens.git") == "github.com/ann/pens"
    assert pack_key("https://github.com/comfyanonymous/ComfyUI/") == "comfy-core"
    assert repository_url(raw) == raw
    assert repository_url("git@github.com:Ann/Pens.git") == "https://github.com/Ann/Pens"
