"""Inputs on which tools of this kind fail, one test for each: the whole report, not a part."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from comfylock.ops.analyze import analyze
from tests import media
from tests.builders import (
    OUTER,
    Json,
    api,
    encoded,
    link_1,
    made_up_registry,
    node,
    stamped,
    subgraph,
    ui,
    with_groups,
    with_subgraphs,
)

if TYPE_CHECKING:
    from pathlib import Path

    from comfylock.model import Report
    from comfylock.registry.store import Registry

API = api(
    ("CheckpointLoaderSimple", {"ckpt_name": "a.safetensors"}), ("AlphaNode", {"model": ["1", 0]})
)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return made_up_registry(tmp_path / "registry")


def report(document: Any, registry: Registry) -> Report:
    data = document if isinstance(document, bytes) else encoded(document)
    return analyze(data, registry=registry)


def kinds(given: Report) -> dict[str, str]:
    return {entry.class_type: entry.kind for entry in given.class_types}


WRAPPED: dict[str, Json] = {
    "bare": API,
    "in prompt": {"prompt": API},
    "in input.workflow": {"input": {"workflow": API}},
    "with ids of subgraphs": {f"12:{key}": entry for key, entry in API.items()},
}


@pytest.mark.parametrize("name", WRAPPED)
def test_api_format_gives_the_full_result(registry: Registry, name: str) -> None:
    given = report(WRAPPED[name], registry)
    assert kinds(given) == {"AlphaNode": "pack", "CheckpointLoaderSimple": "core"}
    assert [model.path for model in given.models] == ["checkpoints/a.safetensors"]
    assert given.is_complete


@pytest.mark.parametrize("spelling", ["workflow>g", "workflow/g"])
def test_group_nodes_are_opened(registry: Registry, spelling: str) -> None:
    workflow = with_groups(ui(node(1, spelling)), g=[{"type": "AlphaNode"}])
    given = report(workflow, registry)
    assert kinds(given) == {"AlphaNode": "pack"}
    assert given.is_complete


def test_only_reachable_subgraphs_count_and_each_once(registry: Registry) -> None:
    unused = "00000000-0000-0000-0000-000000000000"
    workflow = with_subgraphs(
        ui(node(1, OUTER), node(2, OUTER)),
        subgraph(OUTER, node(1, "AlphaNode")),
        subgraph(unused, node(1, "BetaNode")),
    )
    given = report(workflow, registry)
    assert [(entry.class_type, entry.count) for entry in given.class_types] == [("AlphaNode", 1)]


@pytest.mark.parametrize("mode", [2, 4])
def test_muted_and_bypassed_nodes_are_told_apart(registry: Registry, mode: int) -> None:
    given = report(ui(node(1, "AlphaNode"), node(2, "BetaNode", mode=mode)), registry)
    assert [(pack.name, pack.inactive) for pack in given.packs] == [
        ("alpha", False),
        ("beta", True),
    ]


def test_frontend_only_nodes_are_known(registry: Registry) -> None:
    names = ["Note", "MarkdownNote", "Reroute", "PrimitiveNode", "SetNode"]
    given = report(ui(*(node(number, name) for number, name in enumerate(names))), registry)
    assert set(kinds(given).values()) == {"frontend-only"}
    assert {entry.class_type: entry.pack for entry in given.class_types}["SetNode"] == "beta"


ODD: dict[str, tuple[Json, list[str]]] = {
    "widget values as an object": (ui(node(1, "AlphaNode", widgets_values={"a": 1})), []),
    "properties null": (ui(node(1, "AlphaNode", properties=None)), []),
    "links, groups and extra null": (
        ui(node(1, "AlphaNode"), links=None, groups=None, extra=None),
        [],
    ),
    "links as objects": (ui(node(1, "AlphaNode"), links=[link_1(1, 1)]), []),
    "a null node": (ui(node(1, "AlphaNode"), None), ["nodes[1]"]),
    "a node without an id": (ui(node(1, "AlphaNode"), {"type": "AlphaNode"}), ["nodes[1]"]),
    "an id twice": (ui(node(1, "AlphaNode"), node(1, "AlphaNode")), ["nodes[1].id"]),
}


@pytest.mark.parametrize("name", ODD)
def test_every_good_node_is_read_and_each_bad_one_reported(registry: Registry, name: str) -> None:
    document, places = ODD[name]
    given = report(document, registry)
    assert kinds(given) == {"AlphaNode": "pack"}
    assert [problem.path for problem in given.workflows[0].problems] == places


@pytest.mark.parametrize("word", [b"NaN", b"Infinity", b"-Infinity"])
def test_numbers_that_json_does_not_know(registry: Registry, word: bytes) -> None:
    data = encoded(ui(node(1, "AlphaNode", 12345))).replace(b"12345", word)
    assert report(data, registry).is_complete


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "latin-1"])
def test_encodings_are_read_and_the_guessed_one_is_named(registry: Registry, encoding: str) -> None:
    text = json.dumps(ui(node(1, "Größe")), ensure_ascii=False)
    given = report(text.encode(encoding), registry)
    assert set(kinds(given)) == {"Größe"}
    told = [problem.message for problem in given.workflows[0].problems]
    assert bool(told) == (encoding == "latin-1")
    assert all("Latin-1" in message for message in told)


UNREADABLE: dict[str, tuple[bytes, str]] = {
    "truncated": (encoded(API)[:-7], "line 1, column"),
    "empty": (b"", "the file is empty"),
    "a list": (b"[]", "holds no workflow"),
    "null": (b"null", "holds no workflow"),
    "a text": (b'"x"', "holds no workflow"),
    "100,000 levels": (b'{"nodes":' + b"[" * 100_000, "nested too deeply"),
    "no workflow": (b'{"name": "x"}', "holds no workflow"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_unreadable_input_is_one_line_and_the_rest_is_analysed(
    registry: Registry, tmp_path: Path, name: str
) -> None:
    data, message = UNREADABLE[name]
    bad, good = tmp_path / "bad.json", tmp_path / "good.json"
    bad.write_bytes(data)
    good.write_bytes(encoded(API))
    given = analyze([bad, good], registry=registry)
    (problem,) = given.problems
    assert problem.path == str(bad)
    assert message in problem.message
    assert "\n" not in problem.message
    assert given.totals.nodes == 2


@pytest.mark.parametrize("name", media.samples())
def test_media_with_a_workflow_inside_are_read(
    registry: Registry, tmp_path: Path, name: str
) -> None:
    path = tmp_path / f"media.{name}"
    path.write_bytes(media.samples()[name])
    assert kinds(analyze(path, registry=registry)) == {"KSampler": "core"}


def test_folders_files_and_bytes_together(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    for name in ("d/a.json", "b.json"):
        (tmp_path / name).write_bytes(encoded(API))
    given = analyze([tmp_path / "d", tmp_path / "b.json", encoded(API)], registry=registry)
    assert given.totals.workflows == 3
    assert given.workflows[2].path == "<input 3>"


def test_backslashes_and_slashes_are_one_identity(registry: Registry) -> None:
    document = api(
        ("LoraLoader", {"lora_name": "..\\sub\\x.safetensors"}),
        ("LoraLoader", {"lora_name": "../sub/x.safetensors"}),
        ("LoraLoader", {"lora_name": "sub\\x.safetensors"}),
        ("LoraLoader", {"lora_name": "sub/x.safetensors"}),
    )
    names = [model.name for model in report(document, registry).models]
    assert names == ["sub/x.safetensors"]


def test_the_authors_stamp_is_first_and_a_contradiction_is_told(registry: Registry) -> None:
    given = report(ui(stamped(1, "BetaNode", cnr_id="alpha", ver="1.2.3")), registry)
    (entry,) = given.class_types
    assert (entry.pack, entry.evidence) == ("alpha", "cnr_id")
    assert entry.conflicts == ("stamped `alpha`, but the registry lists it under `beta`",)
    assert given.packs[0].versions_seen == ("1.2.3",)
