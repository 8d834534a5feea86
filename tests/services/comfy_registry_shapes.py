"""The shapes of the Comfy Registry's answers, for holding a stand-in against them.

Source: the registry's OpenAPI document. Nothing else may be in an answer.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

Moment = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")]
Uuid = Annotated[str, Meta(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]


class Shape(Struct, forbid_unknown_fields=True):
    """Base of the shapes."""


class Publisher(Shape):
    """Who publishes packs."""

    id: str
    name: str
    status: Literal["PublisherStatusActive", "PublisherStatusBanned"]


class NodeVersion(Shape):
    """A version of a pack."""

    id: Uuid
    node_id: str
    version: str
    status: Literal[
        "NodeVersionStatusActive",
        "NodeVersionStatusPending",
        "NodeVersionStatusFlagged",
        "NodeVersionStatusBanned",
        "NodeVersionStatusDeleted",
    ]
    deprecated: bool
    downloadUrl: str  # noqa: N815 - the registry's name
    dependencies: list[str] | None
    changelog: str
    createdAt: Moment  # noqa: N815
    supported_os: list[str] | None
    supported_accelerators: list[str] | None
    comfy_node_extract_status: Literal["pending", "success", "failed"]


class Node(Shape):
    """A pack."""

    id: str
    name: str
    description: str
    publisher: Publisher
    repository: str
    license: str
    status: Literal["NodeStatusActive", "NodeStatusDeleted", "NodeStatusBanned"]
    created_at: Moment
    latest_version: NodeVersion | None = None


class NodePage(Shape):
    """A page of packs."""

    nodes: list[Node]
    total: int
    page: int
    limit: int
    totalPages: int  # noqa: N815


class Identifier(Shape):
    """What is asked for in bulk."""

    node_id: str
    version: str


class BulkItem(Shape):
    """What became of it."""

    identifier: Identifier
    status: Literal["success", "not_found", "error"]
    node_version: NodeVersion | None = None
    error_message: str | None = None


class Bulk(Shape):
    """The answer about many versions."""

    node_versions: list[BulkItem]


class ComfyNode(Shape):
    """A class type."""

    comfy_node_name: str
    category: str
    function: str
    input_types: str
    return_names: str
    return_types: str
    output_is_list: list[bool]
    deprecated: bool
    experimental: bool
    policy: Literal["ComfyNodePolicyActive", "ComfyNodePolicyBanned", "ComfyNodePolicyLocalOnly"]


class ClassPage(Shape):
    """A page of class types."""

    comfy_nodes: list[ComfyNode]
    totalNumberOfPages: int  # noqa: N815


class ErrorResponse(Shape):
    """A fault, as most endpoints tell it."""

    error: str
    message: str
