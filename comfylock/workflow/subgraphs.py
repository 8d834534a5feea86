"""What the widget values on subgraph instances change inside the subgraph.

An instance shows widgets of its inner nodes. Its own values override theirs, for that instance:
the inner value is what the definition was saved with. Source: proxyWidgets and promoted inputs
in ComfyUI_frontend.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from comfylock.names import normalise_model_path
from comfylock.workflow.models import WELL_KNOWN_INPUTS, is_model_name
from comfylock.workflow.reading import FoundModel, Reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.workflow.scope import Instance
    from comfylock.workflow.ui_nodes import UiNode, UiSubgraph


def apply_overrides(
    reading: Reading,
    instances: list[Instance],
    definitions: dict[str, tuple[UiSubgraph, str]],
) -> None:
    """Exchange the models inside subgraphs for those that the instances ask for.

    An inner model stays where at least one instance leaves it alone.
    """
    # What an instance's values name, stands for what its inner nodes name.
    reading.models = [
        model
        for model in reading.models
        if model.class_type not in definitions or not is_model_name(model.name)
    ]
    targets: dict[tuple[str, str | int], list[FoundModel]] = {}
    for model in reading.models:
        if model.owner is not None:
            targets.setdefault((model.owner, str(model.node)), []).append(model)
            if model.slot is not None:
                targets.setdefault((model.owner, model.slot), []).append(model)
    known = {model.name for model in reading.models}
    overridden: dict[int, list[FoundModel]] = {}
    slots: dict[str, dict[str, int]] = {}
    for instance in instances:
        subgraph, _ = definitions[instance.node.type]
        for name, inner, text in _model_values(instance.node):
            path = normalise_model_path(text)
            target = _target(targets, slots, subgraph, name, inner)
            if target is not None and target.name != path:
                model = replace(
                    target,
                    name=path,
                    slot=None,
                    inactive=instance.inactive,
                    stamps=_stamps(target.stamps, instance.node),
                )
                overridden.setdefault(id(target), []).append(model)
            elif target is None and path not in known:
                reading.models.append(_stranger(path, instance, name))
    if overridden:
        _exchange(reading, overridden, instances)


def _exchange(
    reading: Reading, overridden: dict[int, list[FoundModel]], instances: list[Instance]
) -> None:
    uses: dict[str, int] = {}
    for instance in instances:
        uses[instance.node.type] = uses.get(instance.node.type, 0) + 1
    models: list[FoundModel] = []
    for model in reading.models:
        replacements = overridden.get(id(model), [])
        if len(replacements) < uses.get(model.owner or "", 1):
            models.append(model)
        models.extend(replacements)
    reading.models = models


def _model_values(node: UiNode) -> Iterator[tuple[str | None, str | None, str]]:
    """Yield (input name, inner node id, model name) for an instance's values that name models."""
    values = node.named_values()
    if isinstance(values, dict):
        for key, value in values.items():
            if isinstance(value, str) and is_model_name(value):
                yield key, None, value
        return
    if not isinstance(values, list):
        return
    names = _proxies(node, len(values)) or _shown(node, len(values))
    for index, value in enumerate(values):
        if isinstance(value, str) and is_model_name(value):
            name, inner = names[index] if names else (None, None)
            yield name, inner, value


def _proxies(node: UiNode, count: int) -> list[tuple[str | None, str | None]]:
    """Return (widget name, inner node id) by place, from `proxyWidgets`, if it fits."""
    proxies = node.properties.proxyWidgets if node.properties else None
    if not isinstance(proxies, list) or len(proxies) != count:
        return []
    names: list[tuple[str | None, str | None]] = []
    for proxy in proxies:
        parts = proxy if isinstance(proxy, list) else []
        texts = [str(part) for part in parts if isinstance(part, str | int)]
        inner = texts[0] if len(texts) > 1 and texts[0] != "-1" else None
        names.append((texts[1] if len(texts) > 1 else None, inner))
    return names


def _shown(node: UiNode, count: int) -> list[tuple[str | None, str | None]]:
    """Return the widget names by place, from the instance's inputs, if they fit."""
    names = [entry.name for entry in node.inputs or () if entry.widget is not None]
    if len(names) != count:
        return []
    return [(name, None) for name in names]


def _target(
    targets: dict[tuple[str, str | int], list[FoundModel]],
    slots: dict[str, dict[str, int]],
    subgraph: UiSubgraph,
    name: str | None,
    inner: str | None,
) -> FoundModel | None:
    """Return the inner model that an instance's value stands for, if it is found."""
    if inner is not None:
        candidates = targets.get((subgraph.id, inner), [])
        return next((model for model in candidates if model.input in (name, None)), None)
    if name is None:
        return None
    places = slots.get(subgraph.id)
    if places is None:
        places = slots[subgraph.id] = {}
        for place, shown in enumerate(entry.name or "" for entry in subgraph.inputs or ()):
            places.setdefault(shown, place)
    if name not in places:
        return None
    return next(iter(targets.get((subgraph.id, places[name]), ())), None)


def _stamps(inner: Any, node: UiNode) -> Any:
    """Return what the inner node and the instance say about models, the instance first."""
    own = node.properties.models if node.properties else None
    if not isinstance(own, list):
        return inner
    return [*own, *inner] if isinstance(inner, list) else own


def _stranger(path: str, instance: Instance, name: str | None) -> FoundModel:
    """Return a model that an instance names and whose inner node could not be told."""
    return FoundModel(
        path,
        instance.node.type,
        name,
        WELL_KNOWN_INPUTS.get(name or ""),
        inactive=instance.inactive,
    )
