"""Small builders of workflows, and of a made-up registry that no test has to guess about."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from comfylock.registry.store import Registry
from comfylock.workflow.read import read_bytes
from comfylock.workflow.reading import ClassKey, InputTables, Reading

if TYPE_CHECKING:
    from pathlib import Path

Json = dict[str, Any]

OUTER = "11111111-2222-3333-4444-555555555555"
INNER = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
ABSENT = "99999999-9999-9999-9999-999999999999"
SHA = "ab" * 32


# workflows


def node(identifier: Any, kind: Any, *values: Any, **fields: Any) -> Json:
    """A UI node; further words are its widget values."""
    built = {"id": identifier, "type": kind, "pos": [0, 0], "mode": 0, **fields}
    if values:
        built["widgets_values"] = list(values)
    return built


def stamped(identifier: Any, kind: str, /, **properties: Any) -> Json:
    """A UI node with properties (`cnr_id`, `aux_id`, `ver`, `models`)."""
    return node(identifier, kind, properties=properties)


def widget(name: str, link: int | None = None) -> Json:
    """An input that shows a widget, fed by a link if given."""
    return {"name": name, "type": "COMBO", "widget": {"name": name}, "link": link}


def ui(*nodes: Any, **fields: Any) -> Json:
    """A UI workflow of schema 0.4."""
    return {
        "last_node_id": 99,
        "last_link_id": 99,
        "nodes": list(nodes),
        "links": [],
        "groups": [],
        "config": {},
        "extra": {},
        "version": 0.4,
        **fields,
    }


def ui_1(*nodes: Any, **fields: Any) -> Json:
    """A UI workflow of schema 1."""
    state = {"lastGroupId": 0, "lastNodeId": 9, "lastLinkId": 9, "lastRerouteId": 0}
    return {"version": 1, "state": state, "nodes": list(nodes), **fields}


def link(identifier: int, origin: Any, slot: int = 0, target: Any = 1) -> list[Any]:
    """A link as schema 0.4 writes it."""
    return [identifier, origin, slot, target, 0, "*"]


def link_1(identifier: int, origin: Any, slot: int = 0, target: Any = 1) -> Json:
    """A link as schema 1 writes it."""
    return {
        "id": identifier,
        "origin_id": origin,
        "origin_slot": slot,
        "target_id": target,
        "target_slot": 0,
        "type": "*",
    }


def subgraph(identifier: str, *nodes: Any, **fields: Any) -> Json:
    """A subgraph definition."""
    return {
        "id": identifier,
        "name": "a subgraph",
        "version": 1,
        "inputNode": {"id": -10},
        "outputNode": {"id": -20},
        "inputs": [],
        "outputs": [],
        "nodes": list(nodes),
        "links": [],
        **fields,
    }


def with_subgraphs(workflow: Json, *definitions: Any) -> Json:
    """The workflow with these subgraph definitions."""
    return {**workflow, "definitions": {"subgraphs": list(definitions)}}


def with_groups(workflow: Json, **groups: Any) -> Json:
    """The workflow with these group nodes, each a list of inner nodes."""
    nodes = {name: {"nodes": inner, "links": []} for name, inner in groups.items()}
    return {**workflow, "extra": {"groupNodes": nodes}}


def api(*nodes: tuple[str, Json]) -> Json:
    """An API workflow with the ids 1, 2, …: class types and their inputs."""
    return {
        str(index): {"class_type": kind, "inputs": inputs}
        for index, (kind, inputs) in enumerate(nodes, 1)
    }


def encoded(document: Any) -> bytes:
    """The document as JSON."""
    return json.dumps(document).encode()


# readings

TABLES = InputTables(
    models={
        "CheckpointLoaderSimple": [("ckpt_name", "checkpoints", 0)],
        "LoraLoader": [("lora_name", "loras", 0)],
        "DualCLIPLoader": [("clip_name1", "text_encoders", 0), ("clip_name2", "text_encoders", 1)],
        "DiffusersLoader": [("model_path", "diffusers", 0)],
        "OddLoader": [("weights", "odd_models", 1)],
    },
    assets={"LoadImage": [("image", "image", 0)], "Blend": [("picture", "image", 0)]},
)


def read(document: Any) -> list[Reading]:
    """What is read from a document, or from bytes."""
    data = document if isinstance(document, bytes) else encoded(document)
    return read_bytes(data, "given.json", TABLES)


def read_one(document: Any) -> Reading:
    """What is read from a document that holds one workflow."""
    readings = read(document)
    assert len(readings) == 1
    return readings[0]


def classes(reading: Reading) -> dict[str, tuple[int, int]]:
    """Class types with the nodes that run and the inactive ones."""
    active, inactive = _by_type(reading.classes), _by_type(reading.inactive_classes)
    return {kind: (active[kind], inactive[kind]) for kind in active | inactive}


def _by_type(counts: dict[ClassKey, int]) -> Counter[str]:
    added: Counter[str] = Counter()
    for (kind, *_), count in counts.items():
        added[kind] += count
    return added


def models(reading: Reading) -> list[tuple[str, str | None, str | None]]:
    """Names, inputs and folders of the models, sorted."""
    found = {(model.name, model.input, model.folder) for model in reading.models}
    return sorted(found, key=str)


def problems(reading: Reading) -> list[tuple[str, str]]:
    """Paths and messages of the problems."""
    return [(problem.path, problem.message) for problem in reading.problems]


# a registry

REGISTRY: dict[str, Json] = {
    "packs": {
        "alpha": {"id": "alpha", "repository": "https://github.com/ann/Alpha", "stars": 50},
        "beta": {"id": "beta", "repository": "https://github.com/ben/beta", "stars": 900},
        "carl/gamma": {"repository": "https://github.com/carl/gamma", "stars": 5000},
        "delta": {"id": "delta", "repository": "https://gitlab.com/dot/delta"},
    },
    "aliases": {"ann/alpha": "alpha", "old-alpha": "alpha", "ben/beta": "beta"},
    "class_types": {
        "AlphaNode": ["alpha"],
        "BetaNode": ["beta"],
        "Claimed": ["alpha", "beta"],
        "GammaNode": ["carl/gamma"],
        "KSampler": ["beta"],
        "Shared": ["carl/gamma", "alpha", "beta"],
    },
    "core": {
        "CheckpointLoaderSimple": "0.1.0",
        "KSampler": "0.1.0",
        "LoadImage": "",
        "LoraLoader": "0.1.0",
        "NewSampler": "0.3.64",
    },
    "removed": {},
    "frontend_only": {
        "Bookmark": ["alpha", "beta"],
        "MarkdownNote": ["comfy-core"],
        "Note": ["comfy-core"],
        "PrimitiveNode": ["comfy-core"],
        "Reroute": ["comfy-core"],
        "SetNode": ["beta"],
    },
    "rules": {
        "preemptions": {"Claimed": ["beta"], "OnlyClaimed": ["alpha"]},
        "patterns": [
            [" \\(alpha\\)$", "alpha"],
            ["^Both ", "alpha"],
            ["^Both ", "beta"],
            ["(a+)+$", "delta"],
            ["[", "delta"],
        ],
    },
    "model_inputs": dict(TABLES.models),
    "asset_inputs": dict(TABLES.assets),
    "models": {
        "known.safetensors": [
            {
                "url": "https://huggingface.co/org/repo/resolve/main/known.safetensors",
                "folder": "checkpoints",
                "sha256": SHA,
                "from": "templates",
            }
        ],
        "twice.safetensors": [
            {"url": "https://huggingface.co/a/one/resolve/main/twice.safetensors", "folder": "vae"},
            {
                "url": "https://huggingface.co/b/two/resolve/main/twice.safetensors",
                "folder": "loras",
            },
        ],
    },
    "sources": {"made-up": {"version": "1", "what": "tests"}},
}


def write_layer(folder: Path, **sections: Json) -> str:
    """Write registry files (one entry a line, sorted) into a folder; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, section in sections.items():
        lines = (
            json.dumps(key, ensure_ascii=False)
            + ": "
            + json.dumps(section[key], ensure_ascii=False)
            for key in sorted(section)
        )
        (folder / f"{name}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")
    return str(folder)


def made_up_registry(folder: Path, **changed: Json) -> Registry:
    """The made-up registry on disk, some sections exchanged."""
    return Registry((write_layer(folder, **{**REGISTRY, **changed}),))
