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
from comfylock.workflow.node_files import follow
from comfylock.workflow.reading import FoundModel, Reading
from comfylock.workflow.scope import SUBGRAPH_INPUT

if TYPE_CHECKING:
    from comfylock.workflow.scope import Instance
    from comfylock.workflow.ui_nodes import UiNode, UiSubgraph


_Value = tuple[str | None, str | None, str]
"""Input name if known, inner node's id if given, model name."""


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
    said = [_model_values(instance.node) for instance in instances]
    if not any(said) or _say_the_same(reading.models, instances, said):
        return
    overrides = _Overrides(reading.models, instances, definitions)
    for instance, values in zip(instances, said, strict=True):
        overrides.add(instance, values)
    if overrides.replacements:
        reading.models = overrides.exchanged()
    reading.models.extend(overrides.strangers)


def _say_the_same(
    models: list[FoundModel], instances: list[Instance], said: list[list[_Value]]
) -> bool:
    """Say whether instances, one for each definition, only repeat what is inside: most do."""
    if len({instance.node.type for instance in instances}) < len(instances):
        return False
    inside: dict[str | None, set[str]] = {}
    for model in models:
        if model.slot is not None:
            inside.setdefault(model.owner, set()).add(model.name)
    return all(
        {normalise_model_path(text) for _, _, text in values}
        == inside.get(instance.node.type, set())
        for instance, values in zip(instances, said, strict=True)
    )


class _Overrides:
    """What the instances of one workflow set inside their subgraphs."""

    def __init__(
        self,
        models: list[FoundModel],
        instances: list[Instance],
        definitions: dict[str, tuple[UiSubgraph, str]],
    ) -> None:
        self.models = models
        self.instances = instances
        self.definitions = definitions
        self.replacements: dict[int, list[FoundModel]] = {}
        self.strangers: list[FoundModel] = []
        self._known = {model.name for model in models}
        self._by_node: dict[tuple[str, str], list[FoundModel]] = {}
        self._by_slot: dict[tuple[str, int], list[FoundModel]] = {}
        self._slots: dict[str, dict[str, int]] = {}
        for model in models:
            if model.owner is not None:
                self._by_node.setdefault((model.owner, str(model.node)), []).append(model)
                if model.slot is not None:
                    self._by_slot.setdefault((model.owner, model.slot), []).append(model)

    def add(self, instance: Instance, values: list[_Value]) -> None:
        """Note what one instance sets."""
        wired = {entry.name: entry.link for entry in instance.node.inputs or () if entry.link}
        for name, inner, value in values:
            text: str | None = value
            if name in wired:
                text, slot = follow(value, wired[name], instance.scope)
                if text is None or slot is not None:  # computed, or set by the instance around
                    continue
            path = normalise_model_path(text or "")
            targets = self._targets(instance.node.type, name, inner)
            for target in targets:
                if target.name != path:
                    self._replace(target, path, instance)
            if not targets and path not in self._known:
                self.strangers.append(_stranger(path, instance, name))

    def exchanged(self) -> list[FoundModel]:
        """Return the models with those exchanged that no instance leaves alone."""
        uses: dict[str, int] = {}
        for instance in self.instances:
            uses[instance.node.type] = uses.get(instance.node.type, 0) + 1
        models: list[FoundModel] = []
        for model in self.models:
            replacements = self.replacements.get(id(model), [])
            if len(replacements) < uses.get(model.owner or "", 1):
                models.append(model)
            models.extend(replacements)
        return models

    def _replace(self, target: FoundModel, path: str, instance: Instance) -> None:
        model = replace(
            target,
            name=path,
            slot=None,
            inactive=instance.inactive,
            stamps=_stamps(target.stamps, instance.node),
        )
        self.replacements.setdefault(id(target), []).append(model)

    def _targets(self, owner: str, name: str | None, inner: str | None) -> list[FoundModel]:
        """Return the inner models that an instance's value stands for, as far as they are found."""
        if inner is not None:
            found = self._by_node.get((owner, inner), [])
            return [model for model in found if model.input in (name, None)]
        slot = self._slot(owner, name)
        return [] if slot is None else self._behind(owner, slot, set())

    def _behind(self, owner: str, slot: int, seen: set[tuple[str, int]]) -> list[FoundModel]:
        """Return the models that a subgraph's input sets, in subgraphs inside it too."""
        if (owner, slot) in seen:
            return []
        seen.add((owner, slot))
        found = list(self._by_slot.get((owner, slot), ()))
        for instance in self.instances:
            scope = instance.scope
            if scope.subgraph is None or scope.subgraph.id != owner:
                continue
            for entry in instance.node.inputs or ():
                if entry.link and scope.origin(entry.link) == (SUBGRAPH_INPUT, slot):
                    deeper = self._slot(instance.node.type, entry.name)
                    if deeper is not None:
                        found += self._behind(instance.node.type, deeper, seen)
        return found

    def _slot(self, owner: str, name: str | None) -> int | None:
        """Return the place of a subgraph's input."""
        places = self._slots.get(owner)
        if places is None:
            places = self._slots[owner] = {}
            for place, entry in enumerate(self.definitions[owner][0].inputs or ()):
                places.setdefault(entry.name or "", place)
        return places.get(name or "") if name else None


def _model_values(node: UiNode) -> list[_Value]:
    """Return (input name, inner node id, model name) for an instance's values that name models."""
    values = node.named_values()
    if isinstance(values, dict):
        return [(key, None, text) for key, text in values.items() if _is_model(text)]
    if not isinstance(values, list):
        return []
    found = [index for index, value in enumerate(values) if _is_model(value)]
    if not found:
        return []
    names = _proxies(node, len(values)) or _shown(node, len(values))
    return [(*(names[index] if names else (None, None)), values[index]) for index in found]


def _is_model(value: Any) -> bool:
    return isinstance(value, str) and is_model_name(value)


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
