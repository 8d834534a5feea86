"""Small definitions of our own, as a server would answer them, and workflows made of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from comfylock.definitions.signature_object_info import read_signatures

if TYPE_CHECKING:
    from comfylock.definitions.signature import DefinitionSet

SAMPLER = {
    "input": {
        "required": {
            "image": ["IMAGE", {}],
            "seed": ["INT", {"default": 0, "min": 0, "max": 100, "control_after_generate": True}],
            "steps": ["INT", {"default": 20, "min": 1, "max": 50}],
            "mode": [["fast", "slow"], {"default": "slow"}],
        },
        "optional": {"note": ["STRING", {"default": "", "multiline": True}]},
    },
    "output": ["IMAGE"],
    "output_name": ["IMAGE"],
    "output_node": False,
    "python_module": "nodes",
}
LOADER = {
    "input": {"required": {"file": [["a.safetensors", "b.safetensors"], {}]}},
    "output": ["IMAGE", "MASK"],
    "output_name": ["IMAGE", "MASK"],
    "output_node": False,
    "python_module": "nodes",
}
SHOW = {
    "input": {"required": {"image": ["IMAGE", {}]}, "hidden": {"prompt": "PROMPT"}},
    "output": [],
    "output_name": [],
    "output_node": True,
    "python_module": "nodes",
}
CHOOSER = {
    "input": {
        "required": {
            "format": [
                "COMFY_DYNAMICCOMBO_V3",
                {
                    "options": [
                        {"key": "video", "inputs": {"required": {"rate": ["INT", {"min": 1}]}}},
                        {"key": "still", "inputs": {"required": {}}},
                    ]
                },
            ],
            "images": [
                "COMFY_AUTOGROW_V3",
                {
                    "template": {
                        "input": {"required": {"image": ["IMAGE", {}]}},
                        "prefix": "image",
                        "min": 1,
                        "max": 3,
                    }
                },
            ],
            "style": ["COMBO", {"options": ["plain", "bold"]}],
        }
    },
    "output": [],
    "output_name": [],
    "output_node": True,
    "python_module": "comfy_extras.nodes_choose",
}

INFO: dict[str, Any] = {
    "TestSampler": SAMPLER,
    "TestLoader": LOADER,
    "TestShow": SHOW,
    "TestChooser": CHOOSER,
}
"""What a server of ours answers to `/object_info`."""


def info(**changes: Any) -> dict[str, Any]:
    """Return the answer with class types replaced; None takes one away."""
    found: dict[str, Any] = json.loads(json.dumps(INFO))
    for name, entry in changes.items():
        if entry is None:
            del found[name]
        else:
            found[name] = entry
    return found


def with_inputs(entry: dict[str, Any], **inputs: Any) -> dict[str, Any]:
    """Return a class type with required inputs replaced or added; None takes one away."""
    changed: dict[str, Any] = json.loads(json.dumps(entry))
    required = changed["input"]["required"]
    for name, specification in inputs.items():
        if specification is None:
            del required[name]
        else:
            required[name] = specification
    return changed


def definitions(**changes: Any) -> DefinitionSet:
    """Return our definitions as a set."""
    return read_signatures(info(**changes))[0]


def prompt(**changes: Any) -> dict[str, Any]:
    """Return a good prompt in API format, inputs of its sampler replaced; None drops one."""
    inputs: dict[str, Any] = {"image": ["1", 0], "seed": 7, "steps": 20, "mode": "slow"}
    for name, value in changes.items():
        inputs[name] = value
        if value is None:
            del inputs[name]
    return {
        "1": {"class_type": "TestLoader", "inputs": {"file": "a.safetensors"}},
        "2": {"class_type": "TestSampler", "inputs": inputs},
        "3": {"class_type": "TestShow", "inputs": {"image": ["2", 0]}},
    }


def node(key: Any, kind: str, **more: Any) -> dict[str, Any]:
    """Return a node of the editor."""
    return {"id": key, "type": kind, "mode": 0, "pos": [0, 0], **more}


def slot(name: str, kind: str, link: Any, *, widget: bool = False) -> dict[str, Any]:
    """Return an input of a node of the editor."""
    return {"name": name, "type": kind, "link": link} | (
        {"widget": {"name": name}} if widget else {}
    )


def graph(nodes: list[Any], links: list[Any], **more: Any) -> dict[str, Any]:
    """Return a workflow of the editor; a link is `[id, origin, slot, target, slot, type]`."""
    return {"last_node_id": 9, "version": 0.4, "nodes": nodes, "links": links, **more}


def chain(*between: Any, values: Any = None, **more: Any) -> dict[str, Any]:
    """Return loader, sampler and show of the editor; `between` stand in the link to the show."""
    stored = [7, "fixed", 20, "slow", "a note"] if values is None else values
    out = [{"name": "IMAGE", "type": "IMAGE"}]
    return graph(
        [
            node(1, "TestLoader", outputs=[*out, {"name": "MASK", "type": "MASK"}])
            | {"widgets_values": ["a.safetensors"]},
            node(2, "TestSampler", inputs=[slot("image", "IMAGE", 1)], outputs=out)
            | {"widgets_values": stored},
            node(3, "TestShow", inputs=[slot("image", "IMAGE", 2)]),
            *between,
        ],
        [[1, 1, 0, 2, 0, "IMAGE"], [2, 2, 0, 3, 0, "IMAGE"]],
        **more,
    )
