"""What a workflow in the editor's own format (UI 0.4 and 1.0) uses.

Counts what ComfyUI would run: the nodes of subgraphs that are reachable from the top, once each,
however often and in whatever circle they are instantiated; group nodes opened; muted and
bypassed nodes apart. Source: the workflow schemas of ComfyUI_frontend.
"""

from __future__ import annotations

from collections import deque
from operator import attrgetter
from typing import Any, TypeVar

from comfylock.model import Problem
from comfylock.names import SUBGRAPH_ID
from comfylock.workflow.models import MAX_FINDERS, FileFinder, finder_for
from comfylock.workflow.node_files import add_files
from comfylock.workflow.reading import FoundAsset, FoundModel, InputTables, Reading
from comfylock.workflow.scope import Instance, Scope
from comfylock.workflow.subgraphs import apply_overrides
from comfylock.workflow.ui_nodes import (
    NULL,
    Properties,
    UiDefinitions,
    UiNode,
    UiSubgraph,
    UiWorkflow,
    salvage_nodes,
)

GROUP_PREFIXES = ("workflow>", "workflow/")
"""How an instance of a group node is spelled. Source: groupNode.ts of ComfyUI_frontend."""


_ID_OF = attrgetter("id")
_OFF = (2, 4)
"""Modes of nodes that are muted and bypassed. Source: LGraphEventMode of litegraph."""

_UNSTAMPED = Properties()

_Found = TypeVar("_Found", FoundModel, FoundAsset)


def read_ui(
    workflow: UiWorkflow, tables: InputTables, problems: list[Problem], lost: int = 0
) -> Reading:
    """Return what a decoded UI workflow uses; `lost` nodes were already given up on."""
    version = workflow.version
    is_schema_1 = version == 1 and not isinstance(version, bool) and isinstance(version, int)
    reading = Reading(format="ui-1.0" if is_schema_1 else "ui-0.4", unread=lost, problems=problems)
    if workflow.models:
        reading.stamps = workflow.models
    _Walk(workflow, tables, reading).run(Scope(workflow.nodes, "nodes", workflow.links))
    if not reading.nodes and not reading.unread:
        problems.append(Problem("nodes", "is empty: the workflow has no nodes"))
    return reading


def _without_echoes(found: list[_Found]) -> list[_Found]:
    """Return the files without those that a group node only repeats from its inside.

    An instance stores the values of its inner nodes once more; where it differs, it stays.
    """
    inside = [file for file in found if not file.class_type.startswith(GROUP_PREFIXES)]
    named = {(file.name, off) for file in inside for off in (file.inactive, True)}
    return [
        file
        for file in found
        if (file.name, file.inactive) not in named or not file.class_type.startswith(GROUP_PREFIXES)
    ]


class _Walk:
    """One walk over a workflow; a class because every step adds to the same reading."""

    __slots__ = (
        "active",
        "definitions",
        "done",
        "groups",
        "inactive",
        "instances",
        "plain",
        "reading",
        "tables",
    )

    def __init__(self, workflow: UiWorkflow, tables: InputTables, reading: Reading) -> None:
        self.tables = tables
        self.reading = reading
        self.definitions: dict[str, tuple[UiSubgraph, str]] = {}
        self.groups: dict[str, Any] = (workflow.extra and workflow.extra.groupNodes) or {}
        self.instances: list[Instance] = []
        # Definitions to open, by whether an active node uses them.
        self.active: deque[str] = deque()
        self.inactive: deque[str] = deque()
        self.done: set[str] = set()
        if workflow.definitions:
            self._declare(workflow.definitions, "definitions")
        # A definition may go by any name, even by one that was a class type elsewhere.
        self.plain: dict[str, FileFinder] = tables.plain
        if self.definitions and not tables.plain.keys().isdisjoint(self.definitions):
            self.plain = {}

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
        if self.groups:
            self.reading.models = _without_echoes(self.reading.models)
            self.reading.assets = _without_echoes(self.reading.assets)

    def walk(self, scope: Scope, *, inactive: bool) -> None:
        """Count one scope's nodes and note the files that they name."""
        classes, idle = self.reading.classes, self.reading.inactive_classes
        plain = self.plain
        nodes = scope.nodes
        muted = 0
        for index, node in enumerate(nodes):
            kind = node.type
            off = inactive
            if node.mode and node.mode in _OFF:
                off = True
            finder = plain.get(kind)
            if finder is None and (finder := self._plain_finder(kind)) is None:
                self._enter(node, scope, index, inactive=off)
            else:
                stamp = node.properties or _UNSTAMPED
                key = (kind, stamp.cnr_id, stamp.aux_id, stamp.ver)
                if off:
                    idle[key] = idle.get(key, 0) + 1
                else:
                    classes[key] = classes.get(key, 0) + 1
            if off:
                muted += 1
            values = node.widgets_values
            if node.widgets_values_named and not node.names_fit():
                values = node.widgets_values_named
            if values:
                picked = (finder or finder_for(self.tables, "")).pick(values)
                if picked:
                    finder = finder or finder_for(self.tables, kind)
                    add_files(self.reading, finder, node, scope, picked, inactive=off)
        self.reading.nodes += len(nodes)
        self.reading.inactive += muted
        self._check_ids(scope)

    def _plain_finder(self, kind: str) -> FileFinder | None:
        """Return what looks at a type's values; None if it is one that stands for other nodes."""
        if kind in self.definitions:
            return None
        if "-" in kind or kind[:8] == "workflow" or not kind or kind.isspace():
            is_group = kind.startswith(GROUP_PREFIXES)
            if is_group or SUBGRAPH_ID.match(kind) is not None or not kind.strip():
                return None
            return finder_for(self.tables, kind)
        plain = self.tables.plain
        if len(plain) > MAX_FINDERS:
            plain.clear()
        finder = plain[kind] = finder_for(self.tables, kind)
        return finder

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

    @staticmethod
    def _group(kind: str) -> str | None:
        """Return the name of the group node that a type stands for."""
        is_group = kind.startswith(GROUP_PREFIXES)
        return kind[len(GROUP_PREFIXES[0]) :] if is_group else None

    def _enter(self, node: UiNode, scope: Scope, index: int, *, inactive: bool) -> None:
        """Note that a definition is used, to be walked once, later; report one that is missing."""
        name = node.type
        group = self._group(name)
        if name in self.definitions:
            self.instances.append(Instance(node, scope, inactive))
        elif group is not None and group in self.groups:
            name = GROUP_PREFIXES[0] + group  # one group, however its instances are spelled
        else:
            message = "is an empty text instead of a class type"
            if name.strip():
                message = f"{'subgraph' if group is None else 'group node'} is not in the file"
            self.reading.problems.append(Problem(f"{scope.path}[{index}].type", message))
            self.reading.unread += 1
            self.reading.nodes -= 1
            self.reading.inactive -= inactive
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
