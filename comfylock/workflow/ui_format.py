"""What a workflow in the editor's own format (UI 0.4 and 1.0) uses.

Counts what ComfyUI would run: the nodes of subgraphs that are reachable from the top, once each,
however often and in whatever circle they are instantiated; group nodes opened; muted and
bypassed nodes apart. Source: the workflow schemas of ComfyUI_frontend.
"""

from __future__ import annotations

from collections import deque
from operator import attrgetter
from typing import Any

from comfylock.model import Problem
from comfylock.names import SUBGRAPH_ID
from comfylock.workflow.models import FILE_TAILS
from comfylock.workflow.node_files import add_files
from comfylock.workflow.reading import InputTables, Reading
from comfylock.workflow.scope import Instance, Scope
from comfylock.workflow.subgraphs import apply_overrides
from comfylock.workflow.ui_nodes import (
    NULL,
    UiDefinitions,
    UiNode,
    UiSubgraph,
    UiWorkflow,
    salvage_nodes,
)

GROUP_PREFIXES = ("workflow>", "workflow/")
"""How an instance of a group node is spelled. Source: groupNode.ts of ComfyUI_frontend."""


_ID_OF = attrgetter("id")


def read_ui(
    workflow: UiWorkflow, tables: InputTables, problems: list[Problem], lost: int = 0
) -> Reading:
    """Return what a decoded UI workflow uses; `lost` nodes were already given up on."""
    version = workflow.version
    is_schema_1 = version == 1 and not isinstance(version, bool) and isinstance(version, int)
    reading = Reading(format="ui-1.0" if is_schema_1 else "ui-0.4", unread=lost, problems=problems)
    if isinstance(workflow.models, list):
        reading.stamps = workflow.models
    _Walk(workflow, tables, reading).run(Scope(workflow.nodes, "nodes", workflow.links))
    if not reading.nodes and not reading.unread:
        problems.append(Problem("nodes", "is empty: the workflow has no nodes"))
    return reading


class _Walk:
    """One walk over a workflow; a class because every step adds to the same reading."""

    def __init__(self, workflow: UiWorkflow, tables: InputTables, reading: Reading) -> None:
        self.tables = tables
        self.special = tables.special
        self.reading = reading
        self.plain: set[str] = set()
        self.definitions: dict[str, tuple[UiSubgraph, str]] = {}
        self.groups: dict[str, Any] = (workflow.extra and workflow.extra.groupNodes) or {}
        self.instances: list[Instance] = []
        self.active: deque[str] = deque()
        self.inactive: deque[str] = deque()
        """Definitions to open, by whether an active node uses them."""
        self.done: set[str] = set()
        if workflow.definitions:
            self._declare(workflow.definitions, "definitions")

    def run(self, top: Scope) -> None:
        """Walk everything that is reachable, active parts first.

        Active ones first, so that a definition that any active node uses counts as active.
        """
        self.walk(top, inactive=False)
        while self.active or self.inactive:
            inactive = not self.active
            name = (self.active or self.inactive).popleft()
            if name not in self.done:
                self.done.add(name)
                self.walk(self._open(name), inactive=inactive)
        if self.instances:
            apply_overrides(self.reading, self.instances, self.definitions)

    def walk(self, scope: Scope, *, inactive: bool) -> None:
        """Count one scope's nodes and note the files that they name."""
        classes, special, plain = self.reading.classes, self.special, self.plain
        muted = 0
        for node in scope.nodes:
            kind, mode = node.type, node.mode
            off = inactive or mode == 2 or mode == 4  # noqa: PLR1714 - mode may be unhashable
            muted += off
            if kind not in plain and self._is_instance(node, scope, off=off):
                self._enter(node, scope, inactive=off)
            else:
                stamp = node.properties
                key = (
                    (kind, stamp.cnr_id, stamp.aux_id, stamp.ver)
                    if stamp is not None
                    else (kind, None, None, None)
                )
                counts = classes.get(key)
                if counts is None:
                    classes[key] = [0, 1] if off else [1, 0]
                else:
                    counts[off] += 1
            values = node.widgets_values
            if values and (kind in special or self._may_name_files(values)):
                add_files(self.reading, self.tables, node, scope, inactive=off)
        self.reading.nodes += len(scope.nodes)
        self.reading.inactive += muted
        self._check_ids(scope)

    def _may_name_files(self, values: Any) -> bool:
        """Say quickly whether a node's values are worth a closer look; keep texts with links."""
        for value in values if values.__class__ is list else (values,):
            if value.__class__ is str:
                if value[-3:] in FILE_TAILS:
                    return True
                if ":" in value:
                    if "://" in value:
                        self.reading.notes.append(value)
                    if "embedding:" in value or ("<" in value and "<lora:" in value.lower()):
                        return True
            elif value.__class__ is dict or value.__class__ is list:
                return True
        return False

    def _declare(self, definitions: UiDefinitions, path: str) -> None:
        for index, subgraph in enumerate(definitions.subgraphs or ()):
            here = f"{path}.subgraphs[{index}]"
            if subgraph.id in self.definitions:
                self.reading.problems.append(
                    Problem(f"{here}.id", "declares the same subgraph a second time, ignored")
                )
            else:
                self.definitions[subgraph.id] = (subgraph, here)
            if subgraph.definitions:
                self._declare(subgraph.definitions, f"{here}.definitions")

    def _is_instance(self, node: UiNode, scope: Scope, *, off: bool) -> bool:
        """Say whether a node stands for other nodes, and report those whose inside is missing."""
        kind = node.type
        if kind in self.definitions:
            return True
        if "-" not in kind and kind[:8] != "workflow" and kind and not kind.isspace():
            self.plain.add(kind)
            return False
        is_group = kind.startswith(GROUP_PREFIXES)
        if is_group and kind[len(GROUP_PREFIXES[0]) :] in self.groups:
            return True
        if kind.strip() and not is_group and SUBGRAPH_ID.match(kind) is None:
            return False
        message = "is an empty text instead of a class type"
        if kind.strip():
            message = f"{'group node' if is_group else 'subgraph'} is not in the file"
        self.reading.problems.append(Problem(f"{scope.place_of(node)}.type", message))
        self.reading.unread += 1
        self.reading.nodes -= 1
        self.reading.inactive -= off
        return True

    def _enter(self, node: UiNode, scope: Scope, *, inactive: bool) -> None:
        """Note that a definition is used; it is walked once, later."""
        name = node.type
        if name in self.definitions:
            self.instances.append(Instance(node, scope, inactive))
        elif name[len(GROUP_PREFIXES[0]) :] in self.groups:
            name = GROUP_PREFIXES[0] + name[len(GROUP_PREFIXES[0]) :]  # one group, two spellings
        else:
            return
        if name not in self.done:
            (self.inactive if inactive else self.active).append(name)

    def _open(self, name: str) -> Scope:
        if name in self.definitions:
            subgraph, path = self.definitions[name]
            return Scope(subgraph.nodes, f"{path}.nodes", subgraph.links, subgraph)
        group = name[len(GROUP_PREFIXES[0]) :]
        path = f"extra.groupNodes.{group}"
        content = self.groups[group]
        entries = content.get("nodes") if isinstance(content, dict) else None
        nodes, lost = salvage_nodes(entries, f"{path}.nodes", self.reading.problems)
        self.reading.unread += lost
        return Scope(nodes, f"{path}.nodes", NULL, has_ids=False)

    def _check_ids(self, scope: Scope) -> None:
        """Report nodes without an id and ids used twice; both are read all the same."""
        nodes = scope.nodes
        if not scope.has_ids:
            return
        ids = set(map(_ID_OF, nodes))
        if len(ids) == len(nodes) and None not in ids:
            return
        seen = set()
        for index, node in enumerate(nodes):
            if node.id is None:
                self.reading.problems.append(Problem(f"{scope.path}[{index}]", "has no id"))
            elif node.id in seen:
                message = f"has the id {node.id}, which an earlier node has too"
                self.reading.problems.append(Problem(f"{scope.path}[{index}].id", message))
            seen.add(node.id)
