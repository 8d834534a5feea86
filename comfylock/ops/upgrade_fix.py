"""Write into API files what an upgrade asks for; every other byte stays. No network."""

from __future__ import annotations

import copy
import json
import os
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from comfylock.errors import WorkflowError
from comfylock.files import write_atomically
from comfylock.model import Problem
from comfylock.ops.workflow_check import read_files
from comfylock.reading import read_regular
from comfylock.upgrade.documents import Document, judged_workflows, prompt_of, read_documents
from comfylock.upgrade.edit_diff import unified
from comfylock.upgrade.fixes import Fix
from comfylock.upgrade.interface import Fault
from comfylock.upgrade.json_edit import Edit, NotFoundError, Piece, edited, path_to, pieces_of, put
from comfylock.workflow.decode import MAX_JSON_BYTES, NotJsonError, decode_json
from comfylock.workflow.detect import is_ui
from comfylock.workflow.discover import STANDARD_INPUT, shown_path
from comfylock.workflow.embedded import CONTAINERS, HEAD_SIZE, sniff

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.ops.upgrade_check import Comparison
    from comfylock.workflow.discover import Candidate, Paths


class UnmendableError(WorkflowError):
    """A file has API workflows that the upgrade breaks, and cannot be written to."""


class FixedFile(Struct, frozen=True):
    """What was written into one file, or would be; without fixes, what nothing can mend."""

    path: str
    fixes: tuple[Fix, ...]
    left: tuple[Fault, ...]
    """What is still wrong after that."""
    diff: str
    is_written: bool = False


def fix_files(
    paths: Paths, comparison: Comparison, *, is_dry: bool = False
) -> Iterator[FixedFile | Problem]:
    """Yield what becomes of each API file that needs something; others stay silent.

    Nothing is written with `is_dry`, nor where the result would not say the same otherwise.
    """
    for read in read_files(paths, _documents):
        if isinstance(read, Problem):
            yield read
            continue
        candidate, documents = read
        try:
            found = fix_file(candidate.path, comparison, is_dry=is_dry)
        except WorkflowError as error:
            is_told = candidate.is_named or isinstance(error, UnmendableError)
            if is_told or any(comparison.broken(each.prompt or {}) for each in documents):
                yield Problem(shown_path(candidate.path), error.reason)
            continue
        if found is not None:
            yield found


def _documents(candidate: Candidate) -> list[Document]:
    """Return the workflows of a file; empty only if it holds none and was not named.

    Raises:
        WorkflowError: it is damaged, cannot be read, or was named and holds none.
    """
    if candidate.path == STANDARD_INPUT:
        raise WorkflowError("-", "standard input cannot be written to")
    return read_documents(candidate.path, is_named=candidate.is_named)


def fix_file(path: str, comparison: Comparison, *, is_dry: bool = False) -> FixedFile | None:
    """Mend the API workflows of a file; None if the upgrade takes nothing from them.

    Raises:
        WorkflowError: it cannot be read or written, or not without changing more than that.
    """
    data = _read(path)
    text = _text(data, path)
    try:
        value, _ = decode_json(data)
    except NotJsonError as error:
        raise WorkflowError(path, str(error)) from None
    fixes: list[Fix] = []
    left: list[Fault] = []
    edits: list[Edit] = []
    found_workflows, gap = judged_workflows(value)
    if gap:
        raise UnmendableError(path, gap)
    for _, document in found_workflows:
        if is_ui(document):
            continue
        prompt = prompt_of(document)
        found, _, faults = comparison.plan(prompt)
        if not found:
            left += comparison.broken(prompt)
            continue
        where = path_to(value, document)
        if where is None:
            raise UnmendableError(path, "holds the workflow as text inside JSON; it stays as it is")
        fixes += found
        left += faults
        edits += [Edit((*where, fix.node, "inputs"), fix.input, fix.value) for fix in found]
    if not edits:
        return FixedFile(path, (), tuple(left), "") if left else None
    pieces, changed = _changed(path, text, value, edits)
    if not is_dry:
        _write(path, changed)
    diff = unified(path, text, pieces)
    return FixedFile(path, tuple(fixes), tuple(left), diff, is_written=not is_dry)


def _read(path: str) -> bytes:
    try:
        data = read_regular(path, MAX_JSON_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise WorkflowError(path, f"cannot be read: {reason.lower()}") from error
    if len(data) > MAX_JSON_BYTES:
        raise WorkflowError(path, f"is larger than {MAX_JSON_BYTES >> 20} MiB, too large to read")
    return data


def _text(data: bytes, path: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        container = sniff(data[:HEAD_SIZE])
        told = "is not UTF-8; only such files can be written to"
        if container is not None:
            told = f"is a {CONTAINERS[container]} file; only JSON can be written to"
        raise WorkflowError(path, told) from None


def _changed(path: str, text: str, value: Any, edits: list[Edit]) -> tuple[list[Piece], str]:
    """Return the text with the edits, after making sure that it says that and nothing else."""
    try:
        pieces = pieces_of(text, edits)
    except NotFoundError as error:
        raise UnmendableError(path, f"cannot be written to: {error}") from error
    changed = edited(text, pieces)
    wanted = copy.deepcopy(value)
    put(wanted, edits)
    if _plain(decode_json(changed.encode())[0]) != _plain(wanted):
        raise UnmendableError(path, "cannot be written to without changing more than that")
    return pieces, changed


def _plain(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _write(path: str, text: str) -> None:
    real = os.path.realpath(path)
    try:
        mode = os.stat(real).st_mode
        if write_atomically(real, text.encode()):
            os.chmod(real, mode & 0o7777)
    except OSError as error:
        reason = (error.strerror or "unknown").lower()
        raise UnmendableError(path, f"cannot be written: {reason}") from error
