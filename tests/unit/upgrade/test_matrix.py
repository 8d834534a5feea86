"""Which versions go together, and in which order are they moved?"""

from __future__ import annotations

from typing import Any

import pytest

from comfylock.upgrade.matrix import PLACES, Cell, breaking, count, plan


def cells(**broken: int) -> list[Cell]:
    """Cells with workflows in them; `ui_old_new=1` is one that breaks there."""
    return [
        Cell(
            *place, works=5 - broken.get("_".join(place), 0), broken=broken.get("_".join(place), 0)
        )
        for place in PLACES
    ]


@pytest.mark.parametrize(
    ("broken", "order"),
    [
        ({}, "either"),
        ({"ui_old_new": 1}, "editor-first"),
        ({"ui_new_old": 1}, "worker-first"),
        ({"ui_new_old": 1, "ui_old_new": 1}, "together"),
    ],
)
def test_the_order_avoids_mixtures_that_break(broken: dict[str, int], order: str) -> None:
    assert plan(cells(**broken), has_workflows=True).order == order


def test_api_files_are_mended_first() -> None:
    found = plan(cells(api_old_new=2), has_workflows=True, fixable=2)
    assert found.steps[0].startswith("`check-upgrade --fix`")
    assert len(found.steps) == 2
    some = plan(cells(api_old_new=2), has_workflows=True, fixable=1)
    assert some.steps[1].startswith("change or retire")


def test_without_workflows_the_differences_decide() -> None:
    empty = [Cell(*place, differences=int(place == ("ui", "old", "new"))) for place in PLACES]
    assert plan(empty, has_workflows=False).order == "editor-first"


def test_files_of_the_editor_that_are_not_there_are_no_proof() -> None:
    mixed = [
        Cell(*place, works=int(place[0] == "api"), differences=int(place == ("ui", "old", "new")))
        for place in PLACES
    ]
    assert plan(mixed, has_workflows=True).order == "editor-first"


def test_workflows_are_counted_against_how_they_were() -> None:
    rows: list[dict[tuple[str, str, str], Any]] = [
        {("api", "old", "old"): before, ("api", "old", "new"): after}
        for before, after in [
            ("works", "works"),
            ("works", "breaks"),
            ("works", "partly"),
            ("partly", "breaks"),
            ("partly", "partly"),
            ("breaks", "breaks"),
            ("unjudged", "breaks"),
            ("works", "unjudged"),
            ("unjudged", "works"),
            ("breaks", "works"),
        ]
    ]
    found = {(each.format, each.worker): each for each in count(rows, {})}["api", "new"]
    assert (found.works, found.broken, found.failing, found.unjudged) == (2, 4, 2, 2)
    assert found.total == len(rows)


def test_differences_are_none_where_nothing_differs() -> None:
    assert not any(breaking((), ()).values())
