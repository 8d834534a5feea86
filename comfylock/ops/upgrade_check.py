"""Which workflows would an upgrade break? Two sets of definitions and workflows; no network."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from msgspec import Struct

from comfylock.definitions.signature import DefinitionSet
from comfylock.errors import DefinitionsError
from comfylock.model import Problem
from comfylock.ops.workflow_check import Checker, read_workflows
from comfylock.upgrade import matrix
from comfylock.upgrade.changes import Change, compare
from comfylock.upgrade.documents import Document
from comfylock.upgrade.fixes import Fix, plan
from comfylock.upgrade.impact import Hit, hits
from comfylock.upgrade.interface import Verdict
from comfylock.upgrade.matrix import Cell, Plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from comfylock.registry.store import Registry
    from comfylock.upgrade.interface import Fault
    from comfylock.upgrade.validate import Prompt
    from comfylock.workflow.discover import Paths

Place = tuple[str, str, str]


class Impact(Struct, frozen=True):
    """What the upgrade does to one workflow."""

    path: str
    format: str
    old: Verdict
    """What becomes of it before the upgrade."""
    new: Verdict
    """And after it, with editor and worker upgraded."""
    hits: tuple[Hit, ...] = ()
    fixes: tuple[Fix, ...] = ()
    """API files: what can be written into it so that it works after the upgrade."""
    is_fixed: bool = False
    """With the fixes it works before and after the upgrade."""
    places: dict[Place, Verdict] = {}
    doubts: tuple[Problem, ...] = ()

    @property
    def is_broken(self) -> bool:
        """Say whether the upgrade takes something from it that works, as far as can be told."""
        if self.new in ("works", "unjudged"):
            return False
        if self.old in ("works", "unjudged"):
            return any(hit.grade == "breaks" for hit in self.hits)
        return (self.old, self.new) == ("partly", "breaks")


class UpgradeOutcome(Struct, frozen=True):
    """What an upgrade does: the differences, each workflow, which versions go together."""

    old: DefinitionSet
    new: DefinitionSet
    changes: tuple[Change, ...]
    impacts: tuple[Impact, ...]
    cells: tuple[Cell, ...]
    plan: Plan
    unreadable: tuple[Problem, ...] = ()

    @property
    def is_safe(self) -> bool:
        """Say whether nothing breaks: of the workflows, or without any, of the definitions."""
        if self.impacts:
            return not any(each.is_broken for each in self.impacts)
        return not any(each.grade == "breaks" for each in self.changes)


def refuse_strangers(old: DefinitionSet, new: DefinitionSet) -> None:
    """Refuse two sets that speak of different things.

    Raises:
        DefinitionsError: they have no class type in common.
    """
    if not old.classes.keys() & new.classes.keys():
        told = f"has no class type in common with {old.name or 'the other set'}"
        raise DefinitionsError(new.name or "the new set", told, hint=_HINT)


_HINT = "--from and --to are two versions of one installation, of ComfyUI, or of one pack"


class Comparison:
    """Two sets side by side; what is worked out for one workflow serves the next."""

    def __init__(
        self,
        old: DefinitionSet,
        new: DefinitionSet,
        registry: Registry,
    ) -> None:
        # Packs that neither set has are not what moves: their nodes must not hide what breaks.
        self.old = Checker(old, registry, core_only=True, known=new.classes)
        self.new = Checker(new, registry, core_only=True, known=old.classes)
        self.changes = compare(old, new)

    def impact(self, document: Document, path: str) -> Impact:
        """Return what the upgrade does to a workflow."""
        shown = f"{path}#{document.fragment}" if document.fragment else path
        if document.graph is None:
            return self._api(document, shown)
        return self._ui(document, shown)

    def _api(self, document: Document, path: str) -> Impact:
        prompt = document.prompt or {}
        before, old_faults, doubts = self.old.judge(prompt)
        after, new_faults, more = self.new.judge(prompt)
        found = hits((prompt, old_faults), (prompt, new_faults), self.changes)
        fixes: tuple[Fix, ...] = ()
        is_fixed = False
        if new_faults:
            fixes, mended, left = self.plan(prompt)
            is_fixed = bool(fixes) and not left and self.old.judge(mended)[0] == before
        places = {("api", "old", "old"): before, ("api", "old", "new"): after}
        told = tuple(dict.fromkeys((*doubts, *more)))
        return Impact(path, document.format, before, after, found, fixes, is_fixed, places, told)

    def plan(self, prompt: Prompt) -> tuple[tuple[Fix, ...], Prompt, tuple[Fault, ...]]:
        """Return what to write into a prompt, the prompt with it, and the faults left."""
        return plan(prompt, self.new.validator, self.old.definitions, self.new.definitions)

    def broken(self, prompt: Prompt) -> tuple[Fault, ...]:
        """Return the faults that the upgrade brings to a prompt, if it takes something from it."""
        impact = self._api(Document(prompt=prompt), "")
        if not impact.is_broken:
            return ()
        held = {(each.node, each.input, each.kind) for each in self.old.judge(prompt)[1]}
        new = self.new.judge(prompt)[1]
        return tuple(each for each in new if (each.node, each.input, each.kind) not in held)

    def _ui(self, document: Document, path: str) -> Impact:
        old_prompt, old_doubts = self.old.prompt(document)
        new_prompt, new_doubts = self.new.prompt(document)
        before, old_faults, doubts = self.old.judge(old_prompt, old_doubts)
        after, new_faults, more = self.new.judge(new_prompt, new_doubts)
        places: dict[Place, Verdict] = {
            ("ui", "old", "old"): before,
            ("ui", "old", "new"): self.new.judge(old_prompt, old_doubts)[0],
            ("ui", "new", "old"): self.old.judge(new_prompt, new_doubts)[0],
            ("ui", "new", "new"): after,
        }
        found = hits((old_prompt, old_faults), (new_prompt, new_faults), self.changes)
        told = tuple(dict.fromkeys((*doubts, *more)))
        return Impact(path, document.format, before, after, found, places=places, doubts=told)


def check_upgrade(
    old: DefinitionSet,
    new: DefinitionSet,
    paths: Paths,
    registry: Registry,
    *,
    standard_input: BinaryIO | None = None,
) -> UpgradeOutcome:
    """Return what moving from one set of definitions to another does. No network."""
    comparison = Comparison(old, new, registry)
    unreadable: list[Problem] = []
    impacts: list[Impact] = []
    for found in read_workflows(paths, standard_input):
        if isinstance(found, Problem):
            unreadable.append(found)
        else:
            impacts.append(comparison.impact(found[1], found[0]))
    return outcome(comparison, impacts, unreadable)


def outcome(
    comparison: Comparison, impacts: Iterable[Impact], unreadable: Iterable[Problem]
) -> UpgradeOutcome:
    """Return the whole from its parts: the matrix and the order are worked out here."""
    told = tuple(impacts)
    old, new = comparison.old.definitions, comparison.new.definitions
    backward = compare(new, old)
    cells = matrix.count(_rows(told), matrix.breaking(comparison.changes, backward))
    fixable = sum(each.is_broken and each.is_fixed for each in told)
    order = matrix.plan(cells, has_workflows=bool(told), fixable=fixable)
    return UpgradeOutcome(
        old, new, comparison.changes, told, tuple(cells), order, tuple(unreadable)
    )


def _rows(impacts: Iterable[Impact]) -> Iterator[dict[Place, Verdict]]:
    for impact in impacts:
        yield impact.places
