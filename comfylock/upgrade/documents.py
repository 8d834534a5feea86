"""The workflows of a file as they are needed to judge them: whole, with every value.

`comfylock.workflow` keeps what an analysis counts; a prompt needs the rest too.
"""

from __future__ import annotations

import io
import os
from typing import Any, BinaryIO

import msgspec
from msgspec import Struct

from comfylock.errors import WorkflowError
from comfylock.model import Problem
from comfylock.names import printable
from comfylock.reading import open_regular
from comfylock.upgrade.interface import PromptNode
from comfylock.upgrade.ui_graph import Graph, convert_graph, decode_graph
from comfylock.workflow.decode import MAX_JSON_BYTES, NotJsonError, decode_json
from comfylock.workflow.detect import Found, find_workflows, is_api, is_ui, may_hold_workflow
from comfylock.workflow.read import HEAD_SIZE

_ANY = msgspec.json.Decoder()
_UI_MARKS = (b'"last_node_id"', b'"lastNodeId"')
_SOURCE = frozenset({".ts", ".mts", ".cts", ".tsx", ".js", ".mjs", ".cjs", ".jsx", ".py"})
_NO_WORKFLOW = "holds no workflow in UI or API format"


class Document(Struct):
    """One workflow of a file."""

    fragment: str = ""
    """Which of the file's it is, where there are several."""
    graph: Graph | None = None
    """What it is in the editor's format."""
    prompt: dict[str, PromptNode] | None = None
    """What it is in API format."""
    problems: list[Problem] = []
    container: str = ""
    """The media format that it was embedded in."""

    @property
    def format(self) -> str:
        """Return `ui` or `api`, after the container if any."""
        name = "api" if self.graph is None else "ui"
        return f"{self.container}/{name}" if self.container else name


def read_documents(path: str, *, is_named: bool) -> list[Document]:
    """Return the workflows of a file; empty only if it holds none and was not named.

    Raises:
        WorkflowError: it cannot be read, is damaged, or was named and holds no workflow.
    """
    try:
        with open_regular(path) as stream:
            size = os.fstat(stream.fileno()).st_size
            return _documents(stream, size, path, is_named=is_named)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise WorkflowError(path, f"cannot be read: {printable(reason).lower()}") from error


def documents_of(data: bytes, path: str, *, is_named: bool) -> list[Document]:
    """Return the workflows of a file's content.

    Raises:
        WorkflowError: as `read_documents`.
    """
    return _documents(io.BytesIO(data), len(data), path, is_named=is_named)


def _documents(stream: BinaryIO, size: int, path: str, *, is_named: bool) -> list[Document]:
    """Read a file of `size` bytes; of media, however large, only the parts with metadata."""
    head = stream.read(HEAD_SIZE) or b""  # a file of /proc may have nothing yet
    if head[:1] != b"{":
        found = _media(stream, head, size, path, is_named=is_named)
        if found is not None:
            return found
        if os.path.splitext(path)[1].lower() in _SOURCE:
            if is_named:
                raise WorkflowError(path, "is source code; a saved workflow can be judged")
            return []
    if size > MAX_JSON_BYTES:
        if not is_named:
            return []
        raise WorkflowError(path, f"is larger than {MAX_JSON_BYTES >> 20} MiB, too large to read")
    data = head + stream.read(MAX_JSON_BYTES)
    if not is_named and not may_hold_workflow(data):
        return []
    try:
        found = json_documents(data)
    except NotJsonError as error:
        raise WorkflowError(path, str(error)) from None
    if not found and is_named:
        raise WorkflowError(path, _NO_WORKFLOW)
    return found


def json_documents(data: bytes) -> list[Document]:
    """Return the workflows that JSON bytes hold.

    Raises:
        NotJsonError: with one sentence, line and column.
    """
    if any(mark in data for mark in _UI_MARKS):
        graph = decode_graph(data)
        if graph is not None:
            return [Document(graph=graph)]
    value, remark = decode_json(data)
    found, gap = judged_workflows(value)
    documents = [_document(fragment, each) for fragment, each in found]
    if remark and documents:
        documents[0].problems.insert(0, Problem("", remark))
    if gap:
        documents[-1].problems.append(Problem("", gap))
    if len(documents) == 1:
        documents[0].fragment = ""
    elif not documents and _is_broken_prompt(value):
        documents = [_document("", value)]
    return documents


def judged_workflows(value: Any) -> tuple[list[Found], str | None]:
    """Return what of decoded JSON is judged, and where it is; and why that is not all, if so.

    Of what is posted to `/prompt` that is the prompt, not the editor's workflow that goes along.
    """
    if isinstance(value, dict) and "extra_data" in value and is_api(value.get("prompt")):
        return [("prompt", value["prompt"])], None
    return find_workflows(value)


def _is_broken_prompt(value: Any) -> bool:
    """Say whether JSON is a prompt of which no node has a class type."""
    return (
        isinstance(value, dict)
        and bool(value)
        and all(isinstance(node, dict) and "inputs" in node for node in value.values())
    )


def _document(fragment: str, value: Any) -> Document:
    problems: list[Problem] = []
    if is_ui(value):
        return Document(fragment, convert_graph(value, problems), None, problems)
    return Document(fragment, None, prompt_of(value), problems)


def prompt_of(value: dict[str, Any]) -> dict[str, PromptNode]:
    """Return the nodes of a decoded prompt, those with faults too: they are judged."""
    nodes: dict[str, PromptNode] = {}
    for key, node in value.items():
        if isinstance(node, dict):
            whole = "class_type" in node
            nodes[key] = PromptNode(node.get("class_type"), node.get("inputs"), whole)
        elif key.replace(":", "").isdigit() or not is_api(value):
            nodes[key] = PromptNode(is_whole=False)
    return nodes


def _media(
    stream: BinaryIO, head: bytes, size: int, path: str, *, is_named: bool
) -> list[Document] | None:
    """Return the workflows that a media file carries; None if it is none."""
    from comfylock.workflow.embedded import (  # noqa: PLC0415 - folders of JSON need it not
        CONTAINERS,
        read_embedded,
        sniff,
    )

    container = sniff(head)
    if container is None:
        return None
    embedded = read_embedded(stream, container, size)
    problem = embedded.problem
    for document in embedded.documents:
        try:
            found = json_documents(document.text.encode(errors="replace"))
        except NotJsonError as error:
            problem = problem or f"its embedded {document.key} {error}"
            continue
        for each in found:
            each.container = container
        if found:
            return found
    if embedded.documents:
        raise WorkflowError(path, problem or "has embedded metadata that hold no workflow")
    if not is_named:
        return []
    if problem:
        raise WorkflowError(path, problem)
    raise WorkflowError(path, f"is a {CONTAINERS[container]} file without a workflow inside")
