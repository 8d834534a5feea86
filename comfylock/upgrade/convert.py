"""The prompt that the editor would make of one of its workflows, with the definitions it has.

Subgraphs are opened, muted and bypassed nodes left out, links followed through what exists in
the editor only, and widgets without a stored value get their defaults.
Source: `graphToPrompt` and `ExecutableNodeDTO` of ComfyUI_frontend.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from comfylock.model import Problem
from comfylock.names import printable
from comfylock.upgrade import everywhere
from comfylock.upgrade.interface import PromptNode
from comfylock.upgrade.resolve_links import BYPASSED, MUTED, Gone, Level, Resolver, Value
from comfylock.upgrade.ui_graph import declared
from comfylock.upgrade.widgets import widget_values
from comfylock.workflow.scope import link_origins
from comfylock.workflow.ui_format import GROUP_PREFIXES

if TYPE_CHECKING:
    from collections.abc import Collection

    from comfylock.definitions.signature import ClassSignature, DefinitionSet
    from comfylock.upgrade.ui_graph import Graph, GraphNode, Subgraph

MAX_NODES = 100_000
"""Nodes of one prompt; subgraphs inside each other multiply."""

MAX_INSTANCES = 20_000
"""Subgraphs that are opened for one prompt; those that hold others alone multiply too."""

MAX_LEVELS = 32


class Converted(Struct):
    """A prompt, and what the conversion could not tell."""

    prompt: dict[str, PromptNode]
    doubts: list[Problem]


def convert(
    graph: Graph, definitions: DefinitionSet, frontend_only: Collection[str] = frozenset()
) -> Converted:
    """Return the prompt of a workflow; `frontend_only` are types that exist in the editor only."""
    return _Conversion(graph, definitions, frontend_only).run()


class _Conversion:
    """One workflow on its way; a class because every step adds to the same prompt."""

    def __init__(
        self, graph: Graph, definitions: DefinitionSet, frontend_only: Collection[str]
    ) -> None:
        self.classes = definitions.classes
        self.frontend_only = frontend_only
        self.graph = graph
        self.subgraphs: dict[str, Subgraph] = {}
        declared(graph.definitions, self.subgraphs)
        self.groups = (graph.extra and graph.extra.groupNodes) or {}
        self.resolver = Resolver(self.subgraphs, self.is_virtual)
        self.prompt: dict[str, PromptNode] = {}
        self.wired: frozenset[str] = frozenset()
        self.unheard: dict[str, list[tuple[int, str]]] = {}
        self.doubts: list[Problem] = []
        self.instances = 0
        self.is_full = False

    def run(self) -> Converted:
        by_id = {node.id: node for node in self.graph.nodes}
        top = Level(self.graph.nodes, by_id, link_origins(self.graph.links))
        self.wired = everywhere.wire(self.graph.extra and self.graph.extra.ue_links, top)
        self._walk(top, ())
        return Converted(self.prompt, self.doubts)

    def is_virtual(self, kind: str) -> bool:
        """Say whether nodes of a type exist in the editor only."""
        return kind in self.frontend_only and kind not in self.classes

    def _walk(self, level: Level, opened: tuple[str, ...]) -> None:
        for node in level.nodes:
            if node.mode in (MUTED, BYPASSED):
                continue
            kind = node.type
            if self._fills_up():
                return
            subgraph = self.subgraphs.get(kind)
            if subgraph is not None:
                self._open(level, node, subgraph, opened)
                continue
            if kind.startswith(everywhere.KINDS) and not self._is_wired(level, node):
                told = "it fills inputs of other nodes when the workflow is run"
                self.doubts.append(Problem(f"{level.prefix}{node.id}", told))
            if self.is_virtual(kind):
                continue
            if kind.startswith(GROUP_PREFIXES):
                self._doubt_group(level, node)
            else:
                self._add(level, node, self.classes.get(kind))

    def _fills_up(self) -> bool:
        """Say whether there is more than is judged, and note it the first time."""
        if not self.is_full and len(self.prompt) >= MAX_NODES:
            self.is_full = True
            self.doubts.append(Problem("", f"more than {MAX_NODES} nodes; the rest left out"))
        elif not self.is_full and self.instances >= MAX_INSTANCES:
            self.is_full = True
            told = f"more than {MAX_INSTANCES} subgraphs in each other; the rest left out"
            self.doubts.append(Problem("", told))
        return self.is_full

    def _is_wired(self, level: Level, node: GraphNode) -> bool:
        return level.outer is None and str(node.id) in self.wired

    def _doubt_group(self, level: Level, node: GraphNode) -> None:
        """Judge of a group node what is certain: which class types are inside.

        Which of its widgets stands for which one inside differs between versions of the editor.
        """
        key = f"{level.prefix}{node.id}"
        told = f"group node `{printable(node.type, 60)}` is opened by the editor alone"
        self.doubts.append(Problem(key, told))
        for place, kind in self._unheard(node.type[len(GROUP_PREFIXES[0]) :]):
            self.prompt[f"{key}:{place}"] = PromptNode(kind, {})

    def _unheard(self, group: str) -> list[tuple[int, str]]:
        """Return the class types inside a group node that the set does not have, each once."""
        known = self.unheard.get(group)
        if known is not None:
            return known
        definition = self.groups.get(group)
        inner = definition.get("nodes") if isinstance(definition, dict) else None
        found: dict[str, int] = {}
        for place, each in enumerate(inner[:MAX_NODES] if isinstance(inner, list) else ()):
            kind = each.get("type") if isinstance(each, dict) else None
            if isinstance(kind, str) and each.get("mode") not in (MUTED, BYPASSED):
                is_odd = kind.startswith(GROUP_PREFIXES) or kind in self.subgraphs
                if not (is_odd or kind in self.classes or kind in self.frontend_only):
                    found.setdefault(kind, place)
        self.unheard[group] = [(place, kind) for kind, place in found.items()]
        return self.unheard[group]

    def _open(
        self, level: Level, node: GraphNode, subgraph: Subgraph, opened: tuple[str, ...]
    ) -> None:
        if subgraph.id in opened or len(opened) >= MAX_LEVELS:
            told = f"subgraphs stand in each other more than {MAX_LEVELS} times"
            if subgraph.id in opened:
                told = "the subgraph holds itself"
            self.doubts.append(Problem(f"{level.prefix}{node.id}", told))
            return
        self.instances += 1
        inner = level.inside(node, subgraph)
        self._walk(inner, (*opened, subgraph.id))

    def _add(self, level: Level, node: GraphNode, signature: ClassSignature | None) -> None:
        key = f"{level.prefix}{node.id}"
        inputs: dict[str, Any] = {}
        if signature is not None:
            inputs = widget_values(signature, node)
            self._promote(level, node, inputs)
            for name, value in inputs.items():
                if value.__class__ is list:
                    inputs[name] = {"__value__": value}
        for entry in node.inputs or ():
            if entry.link is None or entry.name is None:
                continue
            found = self.resolver.resolve(level, entry.link, entry.type)
            if isinstance(found, Gone):
                inputs.pop(entry.name, None)
            elif isinstance(found, Value):
                is_list = found.value.__class__ is list
                inputs[entry.name] = {"__value__": found.value} if is_list else found.value
            elif found is not None:
                inputs[entry.name] = list(found)
        self.prompt[key] = PromptNode(node.type, inputs)

    @staticmethod
    def _promote(level: Level, node: GraphNode, inputs: dict[str, Any]) -> None:
        """Put in what the subgraph's instance says about a node's widgets."""
        own = str(node.id)
        for (inner, name), value in level.promoted.items():
            if inner == own and name in inputs:
                inputs[name] = value
