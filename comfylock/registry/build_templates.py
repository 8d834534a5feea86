"""What the official workflow templates show: core class types by version, and model files.

Source: the `comfyui-workflow-templates-json` package.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from comfylock.names import COMFYUI, SUBGRAPH_ID
from comfylock.registry.build_facts import Inputs, KnownModel, Templates, Unstamped
from comfylock.registry.build_urls import canonical_model_url
from comfylock.registry.known import folder_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_Input = tuple[str, str | None, int | None]

_RELEASE = re.compile(r"\d{1,9}(\.\d{1,9}){1,3}\Z")
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")


def read_templates(version: str, files: Iterable[tuple[str, Any]]) -> Templates:
    """Return the stamps and models of decoded template files; other values are passed over.

    `files` are base names with their decoded content; `index.json` among them tells which
    ComfyUI each template needs.
    """
    workflows = dict(files)
    minima = _minima(workflows.pop("index.json", None))
    stamps: defaultdict[str, set[str]] = defaultdict(set)
    models: set[KnownModel] = set()
    seen: defaultdict[str, Counter[_Input]] = defaultdict(Counter)
    for node in (node for workflow in workflows.values() for node in _nodes(workflow)):
        properties = node.get("properties")
        if not isinstance(properties, dict):
            continue
        core = _add_stamp(stamps, node.get("type"), properties)
        entries = properties.get("models")
        published = [each for entry in _list(entries) if (each := _model(entry))]
        models.update(published)
        if core:
            seen[node["type"]].update(_naming(node, published))
    return Templates(
        version=version,
        stamps={name: tuple(sorted(versions)) for name, versions in sorted(stamps.items())},
        models=tuple(sorted(models, key=repr)),
        model_inputs={name: _usual(inputs) for name, inputs in sorted(seen.items()) if inputs},
        unstamped=_unstamped(workflows, minima),
    )


def _minima(index: Any) -> dict[str, str]:
    """Return template name to the oldest ComfyUI that it needs, from the package's index."""
    minima: dict[str, str] = {}
    for category in _list(index):
        entries = category.get("templates") if isinstance(category, dict) else None
        for entry in _list(entries):
            name = entry.get("name") if isinstance(entry, dict) else None
            version = entry.get("minComfyUIVersion") if isinstance(entry, dict) else None
            if isinstance(name, str) and isinstance(version, str) and _RELEASE.match(version):
                minima[name] = version
    return minima


def _unstamped(workflows: dict[str, Any], minima: dict[str, str]) -> tuple[Unstamped, ...]:
    """Return the class types without any stamp, template by template."""
    found = set()
    for file, workflow in workflows.items():
        names = set()
        for node in _nodes(workflow):
            name, properties = node.get("type"), node.get("properties")
            stamps = properties if isinstance(properties, dict) else {}
            if isinstance(name, str) and not SUBGRAPH_ID.match(name):
                names.update([] if stamps.get("cnr_id") or stamps.get("aux_id") else [name])
        if names:
            minimum = minima.get(file.removesuffix(".json"), "")
            found.add(Unstamped(tuple(sorted(names)), minimum))
    return tuple(sorted(found))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _naming(node: dict[str, Any], published: list[KnownModel]) -> Iterator[_Input]:
    """Yield the named widgets of a node that hold a model it publishes."""
    folders = {model.name: model.folder for model in published}
    named = node.get("widgets_values_named")
    values = [v if isinstance(v, str) else "" for v in _list(node.get("widgets_values"))]
    for name, value in named.items() if isinstance(named, dict) else ():
        base = value.replace("\\", "/").rpartition("/")[2] if isinstance(value, str) else ""
        if base in folders and values.count(value) == 1:
            yield name, folders[base], values.index(value)


def _usual(inputs: Counter[_Input]) -> Inputs:
    """Return one entry for each input: the one seen most often, in widget order."""
    chosen: dict[str, _Input] = {}
    for entry, _ in sorted(inputs.items(), key=lambda pair: (-pair[1], repr(pair[0]))):
        chosen.setdefault(entry[0], entry)
    return tuple(sorted(chosen.values(), key=lambda entry: (entry[2], entry[0])))


def _nodes(workflow: Any) -> Iterator[dict[str, Any]]:
    """Yield the nodes of a UI workflow and of its subgraph definitions, nested ones too."""
    pending = [workflow]
    while pending:
        graph = pending.pop()
        if not isinstance(graph, dict):
            continue
        nodes = graph.get("nodes")
        if isinstance(nodes, list):
            yield from (node for node in nodes if isinstance(node, dict))
        definitions = graph.get("definitions")
        subgraphs = definitions.get("subgraphs") if isinstance(definitions, dict) else None
        if isinstance(subgraphs, list):
            pending.extend(subgraphs)


def _add_stamp(stamps: defaultdict[str, set[str]], name: Any, properties: dict[str, Any]) -> bool:
    """Keep a core stamp and say whether there is one.

    Subgraph instances carry one too but are no class types.
    """
    if not isinstance(name, str) or SUBGRAPH_ID.match(name):
        return False
    if properties.get("cnr_id") != COMFYUI:
        return False
    version = properties.get("ver")
    text = version.strip().removeprefix("v") if isinstance(version, str) else ""
    stamps[name].update([text] if _RELEASE.match(text) else [])
    return True


def _model(entry: Any) -> KnownModel | None:
    if not isinstance(entry, dict):
        return None
    name, url, folder = entry.get("name"), entry.get("url"), entry.get("directory")
    if not isinstance(name, str) or not isinstance(url, str):
        return None
    address = canonical_model_url(url)
    base = name.replace("\\", "/").rpartition("/")[2]
    if address is None or not base:
        return None
    digest = entry.get("hash")
    sha256 = digest.lower() if isinstance(digest, str) else ""
    return KnownModel(
        name=base,
        url=address,
        folder=folder_key(folder) if isinstance(folder, str) else None,
        sha256=sha256 if _SHA256.match(sha256) else None,
    )
