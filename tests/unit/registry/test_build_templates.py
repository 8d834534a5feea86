from __future__ import annotations

from typing import Any

from comfylock.registry.build_facts import KnownModel
from comfylock.registry.build_templates import read_templates

URL = "https://huggingface.co/o/r/resolve/main/a.safetensors"
SUBGRAPH = "0f1e2d3c-0000-4000-8000-00000000abcd"


def node(kind: Any, version: Any = "0.3.1", **rest: Any) -> dict[str, Any]:
    properties = {"cnr_id": "comfy-core", "ver": version, **rest.pop("properties", {})}
    return {"type": kind, "properties": properties, **rest}


def test_stamps_are_read_in_subgraphs_of_subgraphs_too() -> None:
    inner = {"nodes": [node("Deep")]}
    outer = {"nodes": [node("Inner")], "definitions": {"subgraphs": [inner]}}
    top = {"nodes": [node("Top"), node(SUBGRAPH)], "definitions": {"subgraphs": [outer]}}
    found = read_templates("1", [("top.json", top)])
    assert found.stamps == {"Deep": ("0.3.1",), "Inner": ("0.3.1",), "Top": ("0.3.1",)}


def test_only_core_stamps_with_a_release_count_as_versions() -> None:
    nodes = [
        node("A", "v0.3.2 "),
        node("A", "unknown"),
        node("A", None),
        node("B", "nightly"),
        {"type": "C", "properties": {"cnr_id": "other", "ver": "1.0.0"}},
    ]
    assert read_templates("1", [("a.json", {"nodes": nodes})]).stamps == {"A": ("0.3.2",), "B": ()}


def test_broken_values_are_passed_over() -> None:
    nodes = [None, {}, {"type": 3, "properties": []}, node(7), {"properties": {"models": 3}}]
    broken = {"nodes": nodes, "definitions": {"subgraphs": 5}}
    workflows: list[Any] = [None, [], broken, {"nodes": {}}]
    found = read_templates("1", [(f"{n}.json", w) for n, w in enumerate(workflows)])
    assert found.stamps == {}
    assert found.models == ()


def loader(name: str = "a.safetensors", **entry: Any) -> dict[str, Any]:
    model = {"name": name, "url": URL + "?download=true", "directory": "vae", **entry}
    return node(
        "Loader",
        properties={"models": [model]},
        widgets_values=["default", "sub\\a.safetensors"],
        widgets_values_named={"kind": "default", "vae_name": "sub\\a.safetensors", "n": 3},
    )


def test_models_have_a_base_name_a_folder_key_and_a_true_digest() -> None:
    digest = "AB" * 32
    nodes = [loader("sub/a.safetensors", hash=digest), loader(directory="clip", hash="abc")]
    assert set(read_templates("1", [("a.json", {"nodes": nodes})]).models) == {
        KnownModel("a.safetensors", URL, "vae", digest.lower()),
        KnownModel("a.safetensors", URL, "text_encoders", None),
    }


def test_models_without_an_address_are_left_out() -> None:
    nodes = [loader(url="http://example.org/a"), loader(url=3), loader(name="")]
    assert read_templates("1", [("a.json", {"nodes": nodes})]).models == ()


def test_the_widget_that_holds_a_published_model_is_a_model_input() -> None:
    found = read_templates("1", [("a.json", {"nodes": [loader()]})])
    assert found.model_inputs == {"Loader": (("vae_name", "vae", 1),)}


def test_the_most_frequent_reading_of_an_input_wins() -> None:
    nodes = [loader(), loader(), loader(directory="loras")]
    found = read_templates("1", [("a.json", {"nodes": nodes})])
    assert found.model_inputs == {"Loader": (("vae_name", "vae", 1),)}


def test_unstamped_types_are_kept_with_what_the_index_says_of_their_template() -> None:
    index = [{"templates": [{"name": "new", "minComfyUIVersion": "0.41.0"}]}, "odd"]
    found = read_templates(
        "1",
        [
            ("index.json", index),
            ("new.json", {"nodes": [{"type": "Fresh", "properties": {}}, node("Known")]}),
            ("old.json", {"nodes": [{"type": "Note"}, {"type": SUBGRAPH}]}),
        ],
    )
    assert [(each.class_types, each.minimum) for each in found.unstamped] == [
        (("Fresh",), "0.41.0"),
        (("Note",), ""),
    ]
