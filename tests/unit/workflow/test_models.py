from __future__ import annotations

from typing import Any

import pytest

from comfylock.names import MODEL_EXTENSIONS
from comfylock.workflow.models import (
    MAX_FINDERS,
    MAX_NAME,
    MEDIA_EXTENSIONS,
    finder_for,
    is_media_name,
    is_model_name,
    is_repository_name,
    names_in_prompt,
    strip_annotation,
    texts_in,
)
from comfylock.workflow.reading import FoundModel, InputTables
from tests.builders import TABLES, api, models, node, read_one, ui


@pytest.mark.parametrize("extension", MODEL_EXTENSIONS)
def test_model_extensions_in_every_case(extension: str) -> None:
    for spelled in (extension, extension.upper(), extension.title()):
        assert is_model_name(f"sub/some model{spelled}")
        assert is_model_name(f"sub\\some.model{spelled}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        ".safetensors",
        "sub/.ckpt",
        "sub\\.ckpt",
        "https://example.com/x.safetensors",
        "two\nlines.safetensors",
        "a|b.ckpt",
        "what?.pt",
        "a<b>.pth",
        "x.safetensors.txt",
        "safetensors",
        "x" * MAX_NAME + ".pt",
        "a picture.png",
    ],
)
def test_what_is_no_model_name(text: str) -> None:
    assert not is_model_name(text)


@pytest.mark.parametrize("extension", MEDIA_EXTENSIONS)
def test_media_extensions_in_every_case(extension: str) -> None:
    for spelled in (extension, extension.upper()):
        assert is_media_name(f"sub/a b{spelled}")
        assert is_media_name(f"a{spelled} [output]")


@pytest.mark.parametrize("text", ["", "png", "https://x.y/a.png", "a.png [elsewhere]", "a]"])
def test_what_is_no_media_name(text: str) -> None:
    assert not is_media_name(text)


def test_annotations_are_stripped() -> None:
    assert strip_annotation(" a.png [input]") == "a.png"
    assert strip_annotation("a [x].png") == "a [x].png"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("model", "org/name", True),
        ("hf_model", "Qwen/Qwen2.5-VL-7B", True),
        ("repo_id", "org/name", True),
        ("llm_model", "org/name", True),
        ("text", "and/or", False),
        (None, "org/name", False),
        ("model", "name", False),
        ("model", "a/b/c", False),
        ("model", "pictures/cat.png", False),
        ("model", "-x/y", False),
    ],
)
def test_repository_names(name: str | None, value: str, expected: bool) -> None:
    assert is_repository_name(name, value) is expected


def test_repository_names_become_models() -> None:
    assert models(read_one(api(("Florence", {"model": "microsoft/Florence-2-base"})))) == [
        ("microsoft/Florence-2-base", "model", None)
    ]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a cat, embedding:easynegative, x", [("embeddings", "easynegative")]),
        ("(embedding:sub\\bad.pt:1.2)", [("embeddings", "sub/bad.pt")]),
        ("embedding:one embedding:two.", [("embeddings", "one"), ("embeddings", "two")]),
        ("embedding: nothing", []),
        ("<lora:detail:0.8>", [("loras", "detail")]),
        ("<LoRA:My Style.safetensors:1:0.5> x", [("loras", "My Style.safetensors")]),
        ("<lora:bare>", [("loras", "bare")]),
        ("<lora: :1>", []),
        ("<lora:never closed", []),
        ("a < b : c > d", []),
    ],
)
def test_names_in_prompts(prompt: str, expected: list[tuple[str, str]]) -> None:
    assert list(names_in_prompt(prompt)) == expected
    found = [model.name for model in read_one(ui(node(1, "CLIPTextEncode", prompt))).models]
    assert found == [name for _, name in expected]


def test_prompts_made_to_take_long_do_not() -> None:
    assert list(names_in_prompt("<lora:" * 100_000)) == []
    assert len(list(names_in_prompt("embedding:" * 100_000))) == 50_000


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("..\\sub\\x.safetensors", "sub/x.safetensors"),
        ("sub\\x.safetensors", "sub/x.safetensors"),
        ("./sub/x.safetensors", "sub/x.safetensors"),
        (".\\sub\\x.safetensors", "sub/x.safetensors"),
        ("sub/x.safetensors", "sub/x.safetensors"),
    ],
)
def test_separators_are_one(value: str, expected: str) -> None:
    for document in (
        ui(node(1, "LoraLoader", value)),
        api(("LoraLoader", {"lora_name": value})),
    ):
        assert models(read_one(document)) == [(expected, "lora_name", "loras")]


def test_folders_of_diffusers_need_no_extension() -> None:
    document = api(
        ("DiffusersLoader", {"model_path": "sd-turbo"}), ("DiffusersLoader", {"model_path": "None"})
    )
    assert models(read_one(document)) == [("sd-turbo", "model_path", "diffusers")]


def test_texts_in_carries_keys_and_switches() -> None:
    value = {"on": False, "a": "x", "b": [{"c": "y"}, "z"], "d": {"on": False, "e": ["w"]}, "n": 1}
    assert list(texts_in(value)) == [
        ("a", "x", True),
        ("c", "y", True),
        ("b", "z", True),
        ("e", "w", True),
    ]


def test_texts_in_ends() -> None:
    deep: Any = "x"
    for _ in range(500):
        deep = [deep]
    assert list(texts_in(deep)) == []


def test_finders_do_not_fill_the_memory() -> None:
    tables = InputTables()
    for number in range(MAX_FINDERS + 10):
        finder_for(tables, f"Class{number}")
    assert len(tables.finders) < MAX_FINDERS


def test_a_finder_knows_the_folder_by_the_table_first() -> None:
    finder = finder_for(TABLES, "OddLoader")
    assert finder.find("weights", "x.pt") == [
        FoundModel("x.pt", "OddLoader", "weights", "odd_models")
    ]
    assert finder.find("vae_name", "x.pt")[0] == FoundModel("x.pt", "OddLoader", "vae_name", "vae")
