from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from comfylock.registry.refresh import additions
from comfylock.registry.store import Registry

if TYPE_CHECKING:
    from pathlib import Path

PEN = "https://github.com/a/pens"
TABLES = [
    "aliases",
    "class_types",
    "core",
    "frontend_only",
    "model_inputs",
    "asset_inputs",
    "models",
    "packs",
    "removed",
    "sources",
]

KNOWN: dict[str, Any] = {
    "packs": {"pens": {"id": "pens", "repository": PEN, "stars": 5, "from": ["x"]}},
    "aliases": {"a/pens": "pens"},
    "class_types": {"Pen": ["pens"], "Cap": ["pens"]},
    "core": {"KSampler": "0.3.1", "Old": ""},
    "removed": {"Gone": "0.4.0"},
    "frontend_only": {"Note": ["comfy-core"], "Memo": ["pens"]},
    "model_inputs": {"Pen": [["file", "vae", 0]]},
    "models": {"a.pt": [{"url": "https://x.example/a.pt", "sha256": "ab"}]},
    "rules": {"patterns": [["^Pen", "pens"]], "preemptions": {"Cap": ["pens"]}},
}


def files(tables: dict[str, Any]) -> dict[str, bytes]:
    whole = {
        **{name: {} for name in TABLES},
        "rules": {"patterns": [], "preemptions": {}},
        **tables,
    }
    return {f"{name}.json": msgspec.json.encode(table) for name, table in whole.items()}


@pytest.fixture
def known(tmp_path: Path) -> Registry:
    for name, data in files(KNOWN).items():
        (tmp_path / name).write_bytes(data)
    return Registry((str(tmp_path),))


def added(known: Registry, **tables: Any) -> dict[str, Any]:
    """What is left of the tables that say something new."""
    found = {
        name: msgspec.json.decode(data) for name, data in additions(files(tables), known).items()
    }
    rules = found.pop("rules.json")
    kept = {name.removesuffix(".json"): table for name, table in found.items() if table}
    return kept | ({"rules": rules} if rules["patterns"] or rules["preemptions"] else {})


def test_what_is_known_adds_nothing(known: Registry) -> None:
    assert added(known, **KNOWN) == {}
    assert set(additions(files(KNOWN), known)) == set(files({}))


def test_a_known_pack_keeps_its_name(known: Registry) -> None:
    found = added(
        known,
        packs={"a/pens": {"repository": f"{PEN}.git", "stars": 9, "from": ["y"]}},
        class_types={"Pen": ["a/pens"], "New": ["a/pens"]},
        aliases={"old-pens": "a/pens"},
        rules={"patterns": [["^Quill", "a/pens"]], "preemptions": {"New": ["a/pens"]}},
    )
    assert set(found) == {"packs", "class_types", "aliases", "rules"}
    assert set(found["packs"]) == {"pens"}
    assert (found["packs"]["pens"]["id"], found["packs"]["pens"]["stars"]) == ("pens", 9)
    assert found["class_types"] == {"New": ["pens"]}
    assert found["aliases"] == {"old-pens": "pens"}
    assert found["rules"] == {"patterns": [["^Quill", "pens"]], "preemptions": {"New": ["pens"]}}


def test_an_id_that_a_pack_has_only_now_becomes_an_alias(known: Registry) -> None:
    found = added(
        known, packs={"better-pens": {"id": "better-pens", "repository": PEN, "stars": 5}}
    )
    assert found["aliases"] == {"better-pens": "pens"}


def test_new_packs_stand_beside_known_ones(known: Registry) -> None:
    found = added(
        known,
        packs={"ink": {"id": "ink", "repository": "https://github.com/b/ink", "stars": 50}},
        class_types={"Pen": ["ink"], "Ink": ["ink"]},
        frontend_only={"Memo": ["ink"], "Note": ["ink"], "Blot": ["ink"]},
    )
    assert found["class_types"] == {"Ink": ["ink"], "Pen": ["ink", "pens"]}
    assert found["frontend_only"] == {
        "Blot": ["ink"],
        "Memo": ["ink", "pens"],
        "Note": ["comfy-core"],
    }


def test_versions_are_not_forgotten(known: Registry) -> None:
    core = {"KSampler": "", "Old": "0.2.0", "Newest": "", "Gone": "", "Pen": "", "Dated": "0.9"}
    assert added(known, core=core)["core"] == {"Dated": "0.9", "Newest": "", "Old": "0.2.0"}
    assert added(known, removed={"Gone": "0.5.0", "Went": "0.6.0"}) == {
        "removed": {"Went": "0.6.0"}
    }


def test_models_gain_addresses(known: Registry) -> None:
    urls = ["https://x.example/a.pt", "https://y.example/a.pt"]
    found = added(known, models={"a.pt": [{"url": url} for url in urls]})
    assert [each["url"] for each in found["models"]["a.pt"]] == urls
    assert found["models"]["a.pt"][0]["sha256"] == "ab"
    assert added(known, models={"a.pt": [{"url": urls[0]}]}) == {}


def test_inputs_that_are_known_stay(known: Registry) -> None:
    inputs = {"Pen": [["other", None, 3]], "New": [["file", "loras", 0]]}
    assert added(known, model_inputs=inputs) == {"model_inputs": {"New": inputs["New"]}}


@pytest.mark.parametrize("pattern", ["^", "Sampler$", "(a+)+$", "("])
def test_patterns_that_hit_what_is_known_are_dropped(known: Registry, pattern: str) -> None:
    assert added(known, rules={"patterns": [[pattern, "ink"]], "preemptions": {}}) == {}
