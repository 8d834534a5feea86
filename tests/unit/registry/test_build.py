from __future__ import annotations

import random

import msgspec
import pytest

from comfylock.registry.build import BuildInputs, compile_registry, dropped_patterns
from comfylock.registry.build_facts import (
    CoreHistory,
    CoreState,
    Documents,
    FormerLists,
    Frontend,
    KnownModel,
    Listing,
    ManagerLists,
    RecordedPack,
    Templates,
)

PACK = "https://github.com/Ann/ComfyUI-Pens"
FORK = "https://github.com/bob/comfyui-pens-plus"
CORE = "https://github.com/comfyanonymous/ComfyUI"


def compiled(**facts: object) -> dict[str, dict[str, object]]:
    files = compile_registry(BuildInputs(**facts))  # type: ignore[arg-type]
    return {name.removesuffix(".json"): msgspec.json.decode(data) for name, data in files.items()}


def manager(**lists: object) -> ManagerLists:
    return ManagerLists(version="4.3", **lists)  # type: ignore[arg-type]


def everything() -> BuildInputs:
    return BuildInputs(
        managers=(
            manager(
                class_types={PACK: ("Pen", "Ink"), FORK: ("Pen",), CORE: ("KSampler",)},
                listings=(Listing(PACK, (), "comfyui-pens"), Listing(FORK)),
                patterns={PACK: "^Pen"},
                preemptions={PACK: ("Pen",)},
                stars={PACK: 50, FORK: 2},
                models=(KnownModel("a.safetensors", "https://example.org/a.safetensors"),),
            ),
            ManagerLists(version="4.1", class_types={PACK: ("Quill",)}),
        ),
        templates=(Templates("0.1.2", {"KSampler": ("0.3.1",), "New": ("0.3.9",)}),),
        documents=(Documents("0.5", ("KSampler", "Documented")),),
        states=(CoreState("0.3.1", ("KSampler",)), CoreState("0.3.8", ("KSampler", "Late"))),
        histories=(CoreHistory("c" * 40, ("0.3.1", "0.3.2"), {"KSampler": ("0.3.1", "")}),),
        recorded=(
            RecordedPack(PACK, "a" * 40, id="comfyui-pens", class_types=("Pen", "Brush")),
            RecordedPack(FORK, "b" * 40, id="comfyui-pens", class_types=("Pen",)),
        ),
        former=(FormerLists("d" * 40, {FORK: ("Feather",)}),),
        frontends=(Frontend("1.5", ("Note", "Reroute")),),
    )


def test_the_same_facts_in_any_order_give_the_same_bytes() -> None:
    facts = everything()
    expected = compile_registry(facts)
    chance = random.Random(7)
    for _ in range(5):
        shuffled = {
            name: tuple(chance.sample(list(values), len(values)))
            for name in facts.__struct_fields__
            if (values := getattr(facts, name)) is not None
        }
        assert compile_registry(BuildInputs(**shuffled)) == expected


def test_nothing_in_gives_files_of_empty_objects() -> None:
    files = compile_registry(BuildInputs())
    assert files["packs.json"] == b"{}\n"
    assert files["sources.json"] == b"{}\n"
    assert len(files) == 11


def test_one_entry_stands_on_each_line_in_the_order_of_bytes() -> None:
    lines = compile_registry(everything())["class_types.json"].splitlines()
    assert lines[0] == b"{"
    assert lines[-1] == b"}"
    assert [line.split(b":")[0] for line in lines[1:-1]] == [
        b'"Brush"',
        b'"Feather"',
        b'"Ink"',
        b'"Pen"',
        b'"Quill"',
    ]


def test_class_types_name_their_packs_the_most_starred_first() -> None:
    tables = compiled(managers=everything().managers)
    assert tables["class_types"]["Pen"] == ["comfyui-pens", "bob/comfyui-pens-plus"]


def test_a_class_type_that_newer_lists_dropped_is_still_known() -> None:
    tables = compiled(managers=everything().managers)
    assert tables["class_types"]["Quill"] == ["comfyui-pens"]


def test_former_lists_count_only_where_nothing_newer_does() -> None:
    former = (FormerLists("d" * 40, {FORK: ("Ink", "Feather")}),)
    tables = compiled(managers=everything().managers, former=former)
    assert tables["class_types"]["Ink"] == ["comfyui-pens"]
    assert tables["class_types"]["Feather"] == ["bob/comfyui-pens-plus"]


def test_comfyui_is_never_a_pack() -> None:
    tables = compiled(managers=everything().managers)
    assert set(tables["packs"]) == {"comfyui-pens", "bob/comfyui-pens-plus"}
    assert "KSampler" not in tables["class_types"]
    assert "KSampler" in tables["core"]


def test_frontend_types_of_comfyui_are_its_own_and_never_core_classes() -> None:
    recorded = (RecordedPack(PACK, "a" * 40, frontend_only=("Note", "SetPen")),)
    documents = (Documents("0.5", ("Note",)),)
    frontends = (Frontend("1.5", ("Note",)),)
    tables = compiled(recorded=recorded, documents=documents, frontends=frontends)
    assert tables["frontend_only"] == {"Note": ["comfy-core"], "SetPen": ["ann/comfyui-pens"]}
    assert "Note" not in tables["core"]


def test_sources_say_versions_and_commits() -> None:
    sources = msgspec.json.decode(compile_registry(everything())["sources.json"])
    assert sources["comfyui-manager"]["version"] == "4.1, 4.3"
    assert sources[CORE]["version"] == "c" * 40
    assert sources[PACK]["version"] == "a" * 40


@pytest.mark.parametrize(
    ("pattern", "kept"),
    [
        ("^Pen", True),
        ("Sampler", False),
        ("Q", False),
        ("(", False),
        ("^(P+)+e$", False),
        ("x" * 201, False),
        ("nothing yet", True),
    ],
)
def test_a_pattern_that_claims_what_others_have_is_dropped(pattern: str, kept: bool) -> None:
    other = "https://github.com/eve/other"
    facts = manager(
        class_types={PACK: ("Pencil",), other: ("Quill", "Query"), CORE: ("KSampler",)},
        patterns={PACK: pattern},
    )
    tables = compiled(managers=(facts,))
    expected = [[pattern, "ann/comfyui-pens"]]
    assert tables["rules"]["patterns"] == (expected if kept else [])
    assert dropped_patterns(BuildInputs(managers=(facts,))) == ([] if kept else expected)


def test_aliases_lead_to_their_pack() -> None:
    tables = compiled(managers=everything().managers)
    assert tables["aliases"] == {
        "ann/comfyui-pens": "comfyui-pens",
        "comfyui-pens-plus": "bob/comfyui-pens-plus",
    }


def test_preemptions_name_the_packs() -> None:
    tables = compiled(managers=everything().managers)
    assert tables["rules"]["preemptions"] == {"Pen": ["comfyui-pens"]}


def test_inputs_are_comfyuis_before_a_packs_before_the_templates() -> None:
    shown = Templates("1", model_inputs={"L": (("t", "vae", 0),), "T": (("t", "vae", 0),)})
    recorded = RecordedPack(
        PACK, "a" * 40, model_inputs={"L": (("p", "vae", 0),), "P": (("p", None, None),)}
    )
    history = CoreHistory("c" * 40, model_inputs={"L": (("c", "loras", 1),)})
    tables = compiled(templates=(shown,), recorded=(recorded,), histories=(history,))
    assert tables["model_inputs"] == {
        "L": [["c", "loras", 1]],
        "P": [["p", None, None]],
        "T": [["t", "vae", 0]],
    }


def test_models_are_listed_once_with_their_digest() -> None:
    url = "https://example.org/a.safetensors"
    known = KnownModel("a.safetensors", url, "vae", "0" * 64)
    plain = KnownModel("a.safetensors", url, "vae")
    other = KnownModel("a.safetensors", url, "loras")
    tables = compiled(
        templates=(Templates("1", models=(known, plain)),),
        managers=(manager(models=(plain, other)),),
    )
    assert tables["models"] == {
        "a.safetensors": [
            {"folder": "loras", "url": url, "from": "comfyui-manager"},
            {"folder": "vae", "url": url, "sha256": "0" * 64, "from": "templates"},
        ]
    }
