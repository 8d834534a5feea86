"""What is committed in registry/ is what the compiler writes."""

from __future__ import annotations

import os
import re
from typing import Any

import msgspec
import pytest

from comfylock.registry.build_facts import CoreHistory, FormerLists, RecordedPack

ROOT = os.path.join(os.path.dirname(__file__), "..", "..", "..", "registry")
FILES = (
    "aliases",
    "asset_inputs",
    "class_types",
    "core",
    "frontend_only",
    "model_inputs",
    "models",
    "packs",
    "removed",
    "rules",
    "sources",
)


def raw(name: str) -> bytes:
    with open(os.path.join(ROOT, name), "rb") as file:
        return file.read()


def table(name: str) -> Any:
    return msgspec.json.decode(raw(f"{name}.json"))


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_one_sorted_entry_a_line(name: str) -> None:
    lines = raw(f"{name}.json").splitlines()
    assert (lines[0], lines[-1]) == (b"{", b"}")
    entries = [line.removesuffix(b",") for line in lines[1:-1]]
    keys = []
    for entry in entries:
        ((key, value),) = msgspec.json.decode(b"{" + entry + b"}").items()
        assert msgspec.json.encode(key) + b":" + msgspec.json.encode(value) == entry
        keys.append(msgspec.json.encode(key))
    assert keys == sorted(set(keys))


def test_every_pack_that_is_named_is_known() -> None:
    known = {*table("packs"), "comfy-core"}
    rules = table("rules")
    named = {pack for packs in table("class_types").values() for pack in packs}
    named |= {pack for packs in table("frontend_only").values() for pack in packs}
    named |= {pack for packs in rules["preemptions"].values() for pack in packs}
    named |= {pack for _, pack in rules["patterns"]}
    assert named <= known


def test_aliases_name_one_pack() -> None:
    packs = table("packs")
    aliases = [alias for entry in packs.values() for alias in entry.get("aliases", ())]
    assert len(aliases) == len(set(aliases))
    assert not set(aliases) & {*packs, "comfy-core"}
    expected = {alias: name for name in packs for alias in packs[name].get("aliases", ())}
    assert table("aliases") == expected


def test_packs_are_named_by_id_or_by_address() -> None:
    for name, entry in table("packs").items():
        assert name == name.lower()
        assert entry.get("id", name) == name
        assert entry["repository"].startswith("https://")


def test_core_versions_are_releases() -> None:
    core = table("core")
    assert {"KSampler", "LoadImage", "SaveImage"} <= set(core)
    assert all(re.fullmatch(r"|\d+(\.\d+)+", since) for since in core.values())
    assert set(table("removed")) <= set(core)
    assert not set(core) & set(table("frontend_only"))


def test_inputs_name_a_folder_and_a_place() -> None:
    for name in ("model_inputs", "asset_inputs"):
        for entries in table(name).values():
            for text, kind, index in entries:
                assert isinstance(text, str)
                assert kind is None or isinstance(kind, str)
                assert index is None or index >= 0
    assert table("model_inputs")["LoraLoader"][0] == ["lora_name", "loras", 0]


def test_models_are_fetched_over_https() -> None:
    for places in table("models").values():
        for place in places:
            assert place["url"].startswith("https://")
            assert set(place) <= {"folder", "url", "sha256", "size", "from"}


def test_patterns_compile() -> None:
    for pattern, _ in table("rules")["patterns"]:
        assert re.compile(pattern).groups >= 0


@pytest.mark.parametrize("name", sorted(os.listdir(os.path.join(ROOT, "recorded"))))
def test_a_recording_says_where_it_is_from(name: str) -> None:
    kinds = {"comfyui.json": CoreHistory, "comfyui-manager.json": FormerLists}
    kind = kinds.get(name, RecordedPack)
    recording: Any = msgspec.json.decode(raw(f"recorded/{name}"), type=kind)
    assert re.fullmatch(r"[0-9a-f]{40}", recording.commit)
