"""Would ComfyUI run these workflows, with these definitions? No network, nothing is run."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, BinaryIO

from msgspec import Struct

from comfylock.errors import WorkflowError
from comfylock.model import Problem
from comfylock.upgrade.convert import convert
from comfylock.upgrade.documents import Document, documents_of, read_documents
from comfylock.upgrade.interface import Fault, FaultKind, Verdict, rules_of
from comfylock.upgrade.validate import Prompt, Validator
from comfylock.workflow.discover import (
    STANDARD_INPUT,
    Candidate,
    Missing,
    discover,
    given_paths,
    shown_path,
)
from comfylock.workflow.read import read_standard_input

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator

    from comfylock.definitions.signature import DefinitionSet
    from comfylock.registry.store import Registry
    from comfylock.workflow.discover import Paths

CERTAIN: frozenset[FaultKind] = frozenset(
    [
        "missing_node_type",
        "invalid_input_type",
        "value_smaller_than_min",
        "value_bigger_than_max",
        "value_not_in_list",
    ]
)
"""Faults that stand whatever an incomplete conversion left out."""


class WorkflowCheck(Struct, frozen=True):
    """What would become of one workflow."""

    path: str
    """File as given; `file#entry` where one file holds several workflows."""
    format: str
    """`ui` or `api`, after the container if any: `png/ui`."""
    verdict: Verdict
    nodes: int = 0
    """Nodes of the prompt, those inside subgraphs once for each instance."""
    faults: tuple[Fault, ...] = ()
    doubts: tuple[Problem, ...] = ()
    """What could not be judged; `path` is the node's id."""
    problems: tuple[Problem, ...] = ()
    """What of the file could not be read; `path` is where in it."""


class Outsiders:
    """Class types that a set says nothing of.

    Those of packs, where it is of ComfyUI alone; all others, where it is of a pack alone. What
    `known` has is spoken of: it is there on the other side of an upgrade. Where not all of it
    could be read, nothing is known to be missing.
    """

    def __init__(
        self,
        definitions: DefinitionSet,
        registry: Registry,
        *,
        core_only: bool,
        known: Container[object] = (),
    ) -> None:
        self._is_part = core_only or definitions.is_core_only or definitions.is_partial
        self._is_partial = definitions.is_partial
        self._has_core = any(each.is_core for each in definitions.classes.values())
        self._registry = registry
        self._known = known

    def __contains__(self, kind: object) -> bool:
        if not self._is_part:
            return False
        if kind in self._known:
            return self._is_partial
        if not self._has_core:
            return True
        return kind not in self._registry.core and kind not in self._registry.removed


class Checker:
    """Judges documents by one set; what it works out for one serves the next."""

    def __init__(
        self,
        definitions: DefinitionSet,
        registry: Registry,
        *,
        core_only: bool = False,
        known: Container[object] = (),
    ) -> None:
        """`known` are class types that the other side of an upgrade has."""
        self.definitions = definitions
        self.frontend_only = registry.frontend_only
        outsiders = Outsiders(definitions, registry, core_only=core_only, known=known)
        rules = rules_of(definitions.comfyui)
        self.validator = Validator(definitions, rules, unknown=outsiders)

    def prompt(self, document: Document) -> tuple[Prompt, tuple[Problem, ...]]:
        """Return the prompt that a document is, or that the editor would make of it."""
        if document.graph is None:
            return document.prompt or {}, ()
        converted = convert(document.graph, self.definitions, self.frontend_only)
        return converted.prompt, tuple(converted.doubts)

    def judge(
        self, prompt: Prompt, doubts: tuple[Problem, ...] = ()
    ) -> tuple[Verdict, tuple[Fault, ...], tuple[Problem, ...]]:
        """Return the verdict on a prompt, and why; `doubts` are from its conversion."""
        judgement = self.validator.judge(prompt)
        if not doubts:
            return judgement.verdict, judgement.faults, judgement.doubts
        faults = tuple(fault for fault in judgement.faults if fault.kind in CERTAIN)
        verdict: Verdict = "breaks" if faults and not judgement.is_accepted else "unjudged"
        return verdict, faults, (*doubts, *judgement.doubts)

    def check(self, document: Document, path: str) -> WorkflowCheck:
        """Return what would become of a document."""
        prompt, doubts = self.prompt(document)
        verdict, faults, told = self.judge(prompt, doubts)
        if document.problems and verdict == "works":
            verdict = "unjudged"
        shown = f"{path}#{document.fragment}" if document.fragment else path
        return WorkflowCheck(
            shown,
            document.format,
            verdict,
            len(prompt),
            faults,
            told,
            tuple(document.problems),
        )


Read = tuple[str, Document] | Problem


def read_workflows(paths: Paths, standard_input: BinaryIO | None = None) -> Iterator[Read]:
    """Yield every workflow of files, folders and patterns with its path, or why there is none."""
    for found in read_files(paths, partial(_documents, standard_input=standard_input)):
        if isinstance(found, Problem):
            yield found
        else:
            yield from ((shown_path(found[0].path), document) for document in found[1])


def read_files(
    paths: Paths, read: Callable[[Candidate], list[Document]]
) -> Iterator[tuple[Candidate, list[Document]] | Problem]:
    """Yield every file that holds workflows with what `read` gives for it, or why there is none.

    A path that leads to no workflow at all is a problem; of a folder's files only those are that
    `read` raises WorkflowError for.
    """
    given = given_paths(paths)
    fruitful: set[int] = set()
    for candidate in discover(given):
        if isinstance(candidate, Missing):
            fruitful.add(candidate.group)
            yield Problem(shown_path(candidate.path), candidate.message)
        elif isinstance(candidate, Candidate):
            try:
                found = read(candidate)
            except WorkflowError as error:
                fruitful.add(candidate.group)
                yield Problem(shown_path(candidate.path), error.reason)
                continue
            if found:
                fruitful.add(candidate.group)
                yield candidate, found
        else:
            fruitful.add(candidate.group)
    for group, path in enumerate(given):
        if group not in fruitful:
            yield Problem(shown_path(path), "holds no workflow")


def check_workflows(
    paths: Paths, checker: Checker, standard_input: BinaryIO | None = None
) -> Iterator[WorkflowCheck | Problem]:
    """Yield what would become of each workflow, or why it could not be read, in order."""
    for found in read_workflows(paths, standard_input):
        yield found if isinstance(found, Problem) else checker.check(found[1], found[0])


def _documents(candidate: Candidate, standard_input: BinaryIO | None) -> list[Document]:
    if candidate.path != STANDARD_INPUT:
        return read_documents(candidate.path, is_named=candidate.is_named)
    data = read_standard_input(standard_input)
    return documents_of(data, STANDARD_INPUT, is_named=True)
