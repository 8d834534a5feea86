"""Which versions of editor and worker work together, and in which order to move them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable

    from comfylock.upgrade.changes import Change
    from comfylock.upgrade.interface import Verdict

Side = Literal["old", "new"]
Order = Literal["either", "worker-first", "editor-first", "together"]

PLACES: tuple[tuple[str, Side, Side], ...] = (
    ("api", "old", "old"),
    ("api", "old", "new"),
    ("ui", "old", "old"),
    ("ui", "old", "new"),
    ("ui", "new", "old"),
    ("ui", "new", "new"),
)
"""Format, the editor's version, the worker's version; an API file needs no editor."""


class Cell(Struct, frozen=True):
    """What works where one version of the editor meets one of the worker."""

    format: str
    editor: Side
    worker: Side
    works: int = 0
    broken: int = 0
    """Workflows that work before the upgrade and would not work here."""
    failing: int = 0
    """Workflows that do not work before the upgrade either."""
    unjudged: int = 0
    differences: int = 0
    """Differences that break every workflow that has the class type."""

    @property
    def total(self) -> int:
        """Return how many workflows were looked at."""
        return self.works + self.broken + self.failing + self.unjudged


class Plan(Struct, frozen=True):
    """How a deployment of an editor and workers is moved safely."""

    order: Order
    steps: tuple[str, ...]


def count(
    rows: Iterable[dict[tuple[str, str, str], Verdict]], breaking: dict[str, int]
) -> list[Cell]:
    """Return the cells; `rows` are the verdicts on one workflow each, by place."""
    tallies = {place: [0, 0, 0, 0] for place in PLACES}
    for row in rows:
        for place, verdict in row.items():
            before = row[place[0], "old", "old"]
            tallies[place][_column(before, verdict)] += 1  # type: ignore[index]
    return [
        Cell(
            *place,
            works=tally[0],
            broken=tally[1],
            failing=tally[2],
            unjudged=tally[3],
            differences=breaking.get("-".join(place), 0),
        )
        for place, tally in tallies.items()
    ]


def _column(before: Verdict, verdict: Verdict) -> int:
    if verdict == "unjudged" or (before, verdict) == ("unjudged", "works"):
        return 3
    if verdict == "works":
        return 0
    # Of what could not be judged whole nothing was at fault before.
    is_broken = before in ("works", "unjudged") or (before, verdict) == ("partly", "breaks")
    return 1 if is_broken else 2


def breaking(forward: Iterable[Change], backward: Iterable[Change]) -> dict[str, int]:
    """Return how many differences break a place, whatever the workflows.

    `backward` are the differences the other way round: what a prompt made with the new
    definitions meets on an old worker. Class types that are new there are in no old workflow.
    """
    ahead = list(forward)
    api = sum(each.api == "breaks" for each in ahead)
    behind = sum(each.kind == "input-required" and each.api == "breaks" for each in backward)
    return {
        "api-old-new": api,
        "ui-old-new": api,
        "ui-new-old": behind,
        "ui-new-new": sum(each.ui == "breaks" for each in ahead),
    }


def plan(cells: Iterable[Cell], *, has_workflows: bool, fixable: int = 0) -> Plan:
    """Return the order in which editor and workers are moved, as numbered steps.

    `fixable` is the number of API files that are broken and could be mended beforehand.
    """
    by_place = {(each.format, each.editor, each.worker): each for each in cells}

    def is_bad(editor: Side, worker: Side) -> bool:
        cell = by_place["ui", editor, worker]
        return bool(cell.broken if cell.total else cell.differences)

    steps: list[str] = []
    api = by_place["api", "old", "new"]
    left = api.broken - fixable if has_workflows else 0
    if has_workflows and fixable:
        steps.append(
            "`check-upgrade --fix` writes what is missing into the API files; "
            "they work with the old workers too"
        )
    if left > 0 or (has_workflows and by_place["ui", "new", "new"].broken):
        steps.append("change or retire the workflows that no order can save: they are listed")
    elif not has_workflows and api.differences:
        steps.append("check the API files: give them to this command, with --fix")
    worker_first, editor_first = is_bad("old", "new"), is_bad("new", "old")
    if worker_first and editor_first:
        order: Order = "together"
        steps.append("stop the editor; no mixture of versions takes all workflows")
        steps.append("upgrade workers and editor, then let people in again")
    elif worker_first:
        order = "editor-first"
        steps.append("upgrade the editor: what it makes works on the old workers")
        steps.append("upgrade the workers")
    elif editor_first:
        order = "worker-first"
        steps.append("upgrade the workers: what the old editor makes works on them")
        steps.append("upgrade the editor")
    else:
        order = "either"
        steps.append("upgrade editor and workers in any order")
    if by_place["ui", "new", "old"].differences or order != "either":
        steps.append("use class types that are new only when all workers have them")
    return Plan(order, tuple(steps))
