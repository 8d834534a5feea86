"""Where nodes stand: the top of a workflow, a subgraph or a group node, with its links."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw, Struct

from comfylock.workflow.ui_nodes import UiNode, UiSubgraph

SUBGRAPH_INPUT = -10
"""The id that stands for a subgraph's own inputs. Source: ComfyUI_frontend's workflow schema."""


class Link(Struct, gc=False):
    """A link in the object shape of schema 1."""

    id: int | str
    origin_id: Any = None
    origin_slot: Any = None


_LINKS = msgspec.json.Decoder(list[Link])
_ANY = msgspec.json.Decoder()


class Scope(Struct):
    """One list of nodes, where it stands, and its links, decoded when first asked for."""

    nodes: list[UiNode]
    path: str
    raw_links: Raw
    subgraph: UiSubgraph | None = None
    has_ids: bool = True
    _origins: dict[Any, tuple[Any, Any]] | None = None
    _by_id: dict[Any, UiNode] | None = None
    _inlets: dict[Any, int] | None = None

    def origin(self, link: Any) -> tuple[Any, Any] | None:
        """Return (node id, slot) that a link comes from; None if the link is not there.

        A subgraph's inputs know their links, which spares decoding all of them.
        """
        if self._inlets is None:
            declared = (self.subgraph.inputs if self.subgraph else None) or ()
            self._inlets = {
                inlet: slot for slot, entry in enumerate(declared) for inlet in entry.linkIds or ()
            }
        if link in self._inlets:
            return SUBGRAPH_INPUT, self._inlets[link]
        if self._origins is None:
            self._origins = link_origins(self.raw_links)
        return self._origins.get(link) if isinstance(link, int | str | float) else None

    def node(self, identifier: Any) -> UiNode | None:
        """Return the node with this id."""
        if self._by_id is None:
            self._by_id = {node.id: node for node in self.nodes}
        return self._by_id.get(identifier) if isinstance(identifier, int | str | float) else None


class Instance(Struct):
    """A node that stands for a subgraph, with widget values of its own."""

    node: UiNode
    scope: Scope
    inactive: bool


def link_origins(raw: Raw) -> dict[Any, tuple[Any, Any]]:
    """Return link id to (node id, slot) from links of either shape."""
    try:
        return {link.id: (link.origin_id, link.origin_slot) for link in _LINKS.decode(raw)}
    except (msgspec.DecodeError, RecursionError):
        pass
    try:
        links = _ANY.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return {}
    origins: dict[Any, tuple[Any, Any]] = {}
    for link in links if isinstance(links, list) else ():
        if isinstance(link, list) and len(link) >= 3:
            identifier, origin = link[0], (link[1], link[2])
        elif isinstance(link, dict):
            identifier, origin = link.get("id"), (link.get("origin_id"), link.get("origin_slot"))
        else:
            continue
        if isinstance(identifier, int | str | float):
            origins[identifier] = origin
    return origins
