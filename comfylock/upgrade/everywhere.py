"""Links that Use-Everywhere makes when a workflow is run, as it wrote them down on saving.

Source: `extra.ue_links` of cg-use-everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.upgrade.resolve_links import Level

KINDS = ("Anything Everywhere", "Prompts Everywhere", "Seed Everywhere")
"""Nodes that fill the open inputs of others; their names begin so."""

MAX_LINKS = 10_000


def wire(told: Any, top: Level) -> frozenset[str]:
    """Put the links into the top of a workflow; return the ids of the nodes that made them.

    An input that is linked already keeps its link. What was wired before is wired again.
    """
    controllers: set[str] = set()
    for number, entry in _entries(told):
        target = top.node(entry.get("downstream"))
        place = entry.get("downstream_slot")
        slots = (target.inputs if target is not None else None) or []
        if not isinstance(place, int) or not 0 <= place < len(slots):
            continue
        link = f"everywhere {number}"
        if slots[place].link in (None, link):
            slots[place].link = link
            top.origins[link] = (entry.get("upstream"), entry.get("upstream_slot"))
        controllers.add(str(entry.get("controller")))
    return frozenset(controllers)


def _entries(told: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, entry in enumerate(told[:MAX_LINKS] if isinstance(told, list) else ()):
        if isinstance(entry, dict):
            yield number, entry
