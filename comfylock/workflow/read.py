"""What workflows a file holds, whatever the file is: JSON, media, source code; told by content.

A file that is no workflow gives nothing; why, is only asked when somebody named it.
"""

from __future__ import annotations

import io
import os
import stat
from typing import TYPE_CHECKING, BinaryIO

from comfylock.errors import WorkflowError
from comfylock.model import Problem
from comfylock.names import printable
from comfylock.workflow.decode import MAX_JSON_BYTES, NotJsonError, to_text
from comfylock.workflow.detect import may_hold_workflow, read_json
from comfylock.workflow.discover import STANDARD_INPUT

if TYPE_CHECKING:
    from comfylock.workflow.reading import InputTables, Reading

HEAD_SIZE = 1024
"""First bytes that tell what a file is."""

SMALL_FILE = 256 * 1024
"""Bytes up to which a file is read in one go before anything is known about it."""

_OPEN = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)  # a pipe must not keep anybody waiting
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_JSON_STARTS = (b"{", b"[", b'"', b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\0")
_SOURCE_SUFFIXES = frozenset({".ts", ".mts", ".cts", ".tsx", ".js", ".mjs", ".cjs", ".jsx", ".py"})


def read_file(path: str, tables: InputTables, *, is_named: bool) -> list[Reading]:
    """Return the workflows of a file; empty only if it holds none and was not named.

    Raises:
        WorkflowError: it cannot be read, is damaged, or was named and holds no workflow.
    """
    try:
        # Bare system calls: for small files they are most of the cost.
        handle = os.open(path, _OPEN)
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise WorkflowError(path, "is no regular file")
            if status.st_size <= SMALL_FILE:
                data = _contents(handle, status.st_size)
                return _read(None, data, len(data), path, tables, is_named=is_named)
            with os.fdopen(handle, "rb", buffering=0, closefd=False) as stream:
                head = stream.read(HEAD_SIZE)
                stream.seek(0)
                return _read(stream, head, status.st_size, path, tables, is_named=is_named)
        finally:
            os.close(handle)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise WorkflowError(path, f"cannot be read: {printable(reason).lower()}") from error


def read_standard_input(stream: BinaryIO | None) -> bytes:
    """Return what standard input holds.

    Raises:
        WorkflowError: there is none, or it holds more than is read of a file that is no media.
    """
    if stream is None:
        raise WorkflowError(STANDARD_INPUT, "no standard input to read")
    data = stream.read(MAX_JSON_BYTES + 1)
    if len(data) > MAX_JSON_BYTES:
        limit = f"is larger than {MAX_JSON_BYTES >> 20} MiB; give the file itself"
        raise WorkflowError(STANDARD_INPUT, limit)
    return data


def _contents(handle: int, size: int) -> bytes:
    """Return an open file's bytes, as many as it has by now."""
    data = os.read(handle, size + 1)
    if len(data) == size:
        return data
    parts = [data]
    while parts[-1] and sum(map(len, parts)) <= SMALL_FILE:
        parts.append(os.read(handle, SMALL_FILE))
    return b"".join(parts)


def read_bytes(data: bytes, name: str, tables: InputTables) -> list[Reading]:
    """Return the workflows of a file's content, which was given under a name.

    Raises:
        WorkflowError: it is damaged or holds no workflow.
    """
    return _read(None, data, len(data), name, tables, is_named=True)


def _read(
    stream: BinaryIO | None,
    head: bytes,
    size: int,
    path: str,
    tables: InputTables,
    *,
    is_named: bool,
) -> list[Reading]:
    """Read a file of `size` bytes; `head` holds the first ones, all of them without a stream."""
    # Most files are JSON; no container begins like this without a zero byte close by.
    is_text = head[:1] == b"{" and b"\0" not in head[:16]
    container = None if is_text else _container(head)
    if container is not None:
        source = io.BytesIO(head) if stream is None else stream
        return _read_media(source, container, size, path, tables, is_named=is_named)
    if not is_text and os.path.splitext(path)[1].lower() in _SOURCE_SUFFIXES:
        return _read_source(_whole(stream, head, size, path), path, tables, is_named=is_named)
    if not is_named and not _may_be_json(head):
        return []
    if size > MAX_JSON_BYTES:
        if not is_named:
            return []
        raise WorkflowError(path, f"is larger than {MAX_JSON_BYTES >> 20} MiB, too large to read")
    data = _whole(stream, head, size, path)
    if not is_named and not may_hold_workflow(data):
        return []
    return _read_json(data, path, tables, is_named=is_named)


def _speaks_of_nodes(data: bytes) -> bool:
    """Say whether bytes that are no JSON look like a damaged workflow all the same."""
    text, _ = to_text(data)
    return '"nodes"' in text or "class_type" in text


def _container(head: bytes) -> str | None:
    from comfylock.workflow.embedded import sniff  # noqa: PLC0415 - folders of JSON need it not

    return sniff(head[:HEAD_SIZE])


def _read_json(data: bytes, path: str, tables: InputTables, *, is_named: bool) -> list[Reading]:
    try:
        readings = read_json(data, tables)
    except NotJsonError as error:
        if not is_named and not _speaks_of_nodes(data):
            return []
        if is_named and not _may_be_json(data[:HEAD_SIZE]):
            raise WorkflowError(path, _NO_WORKFLOW if data.strip() else str(error)) from None
        raise WorkflowError(path, str(error)) from None
    if not readings and is_named:
        raise WorkflowError(path, "is JSON, but holds no workflow in UI or API format")
    return readings


_NO_WORKFLOW = "is neither JSON, nor media with an embedded workflow, nor source code"


def _read_media(
    stream: BinaryIO, container: str, size: int, path: str, tables: InputTables, *, is_named: bool
) -> list[Reading]:
    """Return the workflow that a media file carries; the UI form, else the API form."""
    from comfylock.workflow.embedded import CONTAINERS, read_embedded  # noqa: PLC0415

    embedded = read_embedded(stream, container, size)
    problem: str | None = embedded.problem
    for document in embedded.documents:
        text = document.text
        try:
            readings = read_json(text.encode(errors="replace"), tables)
        except NotJsonError as error:
            problem = problem or f"its embedded {document.key} {error}"
            continue
        for reading in readings:
            reading.format = f"{container}/{reading.format}"
            if problem is not None:
                reading.problems.insert(0, Problem("", problem))
        if readings:
            return readings
    if embedded.documents or (is_named and problem):
        raise WorkflowError(path, problem or "has embedded metadata that hold no workflow")
    if is_named:
        raise WorkflowError(path, f"is a {CONTAINERS[container]} file without a workflow inside")
    return []


def _read_source(data: bytes, path: str, tables: InputTables, *, is_named: bool) -> list[Reading]:
    from comfylock.workflow.source_code import MAX_SIZE  # noqa: PLC0415 - as the next
    from comfylock.workflow.source_workflow import read_source_workflow  # noqa: PLC0415

    readings = read_source_workflow(data, path, tables)
    if not readings and is_named:
        if len(data) > MAX_SIZE:
            limit = f"is source code of more than {MAX_SIZE >> 20} MiB, too large to read"
            raise WorkflowError(path, limit)
        raise WorkflowError(path, "is source code that makes no node with a `class_type`")
    return readings


def _may_be_json(head: bytes) -> bool:
    start = head[:HEAD_SIZE].lstrip()
    return start.startswith(_JSON_STARTS) or head[1:2] == b"\0"


def _whole(stream: BinaryIO | None, head: bytes, size: int, path: str) -> bytes:
    if stream is None:
        return head
    if size > MAX_JSON_BYTES:
        raise WorkflowError(path, f"is larger than {MAX_JSON_BYTES >> 20} MiB, too large to read")
    stream.seek(0)
    return stream.read(size)
