"""Which nodes a message is about: looked up in the few workflows that it names. No network."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.lockfile.pack_needs import FIRM, names_of
from comfylock.workflow.places import Places, places_in

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from comfylock.lockfile.drift import Drift
    from comfylock.lockfile.schema import Lock, PackPin
    from comfylock.requirements import Requirements, WorkflowNeed

MAX_WORKFLOWS = 5
"""Workflows looked into for a reason that is about none in particular."""


class Place(Struct, frozen=True):
    """Nodes of one workflow."""

    workflow: str
    nodes: tuple[str, ...]
    """Their ids, in the file's order; inside a subgraph with its name before: `Upscale:12`."""


def file_of(project: str, workflow: str) -> str:
    """Return the file that a workflow's path in a lock means; `#entry` is no part of it."""
    path = os.path.join(project, workflow)
    return path if os.path.isfile(path) else path.rpartition("#")[0] or path


def drift_places(
    project: str, drift: Iterable[Drift], needs: Requirements, lock: Lock
) -> dict[Drift, tuple[Place, ...]]:
    """Return for each reason the nodes that show it; none for what no workflow has (any more).

    Only workflows that the project's settings name are opened, each once.
    """
    found = Finder(project)
    pins = {pin.name: pin for pin in lock.packs}
    by_path = {need.path: need for need in needs.workflows}
    wanted: dict[Drift, dict[str, frozenset[str]]] = {}
    for reason in drift:
        texts = _texts_by_workflow(reason, by_path, pins.get(reason.subject))
        wanted[reason] = texts
        for workflow, subjects in texts.items():
            found.want(workflow, subjects)
    return {
        reason: tuple(
            Place(workflow, nodes)
            for workflow, subjects in texts.items()
            if (nodes := found.nodes(workflow, subjects))
        )
        for reason, texts in wanted.items()
    }


class Finder:
    """Looks class types and file names up; says first what it wants, so as to read files once."""

    def __init__(self, project: str) -> None:
        self._project = project
        self._wanted: dict[str, set[str]] = {}
        self._looked: dict[str, set[str]] = {}
        self._found: dict[str, Places] = {}

    def want(self, workflow: str, subjects: Collection[str]) -> None:
        """Note what will be asked for of a workflow."""
        self._wanted.setdefault(workflow, set()).update(subjects)

    def nodes(self, workflow: str, subjects: Collection[str]) -> tuple[str, ...]:
        """Return the ids of the nodes that are or name any of these."""
        looked = self._looked.setdefault(workflow, set())
        if not looked.issuperset(subjects):
            wanted = self._wanted.pop(workflow, set()) | set(subjects)
            found = places_in(file_of(self._project, workflow), wanted)
            self._found.setdefault(workflow, {}).update(found)
            looked |= wanted
        places = self._found.get(workflow, {})
        return tuple(dict.fromkeys(i for text in sorted(subjects) for i in places.get(text, ())))


def _texts_by_workflow(
    reason: Drift, needs: Mapping[str, WorkflowNeed], pin: PackPin | None
) -> dict[str, frozenset[str]]:
    """Return the workflows that a reason is about, with what to look for in each."""
    paths = sorted(needs) if reason.workflow is None else [reason.workflow]
    found: dict[str, frozenset[str]] = {}
    for path in paths:
        texts = _texts(needs[path], reason.subject, pin) if path in needs else None
        if texts:
            found[path] = texts
        if len(found) == MAX_WORKFLOWS:
            break
    return found


def _texts(need: WorkflowNeed, subject: str, pin: PackPin | None) -> frozenset[str]:
    """Return the class types and file names by which a workflow shows a subject."""
    names = {subject, *(names_of(pin) if pin is not None else ())}
    provided = pin.provides if pin is not None else ()
    texts = {
        each.class_type
        for each in need.classes
        if each.class_type == subject
        or names & {each.pack, each.stamped_id}
        or (each.class_type in provided and each.evidence not in FIRM)
    }
    texts |= {
        model.name
        for model in need.models
        if subject == model.key or subject.startswith(f"{model.key}@")
    }
    return frozenset(texts)
