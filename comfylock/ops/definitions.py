"""Sets of node definitions: from a server, a file, or source at a commit. Runs nobody's code."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from comfylock.definitions.set_file import NotASetError, is_set, read_set
from comfylock.definitions.signature import DefinitionSet, merged
from comfylock.definitions.signature_object_info import is_object_info, read_signatures
from comfylock.errors import DefinitionsError, UsageError
from comfylock.model import Problem
from comfylock.versions import version_key
from comfylock.workflow.decode import MAX_JSON_BYTES, NotJsonError, decode_json
from comfylock.workflow.discover import given_paths

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from comfylock.registry.store import Registry
    from comfylock.workflow.discover import Paths

Loaded = tuple[DefinitionSet, tuple[Problem, ...]]

_HINT = "comfylock definitions save --server http://127.0.0.1:8188 -o definitions.json"


def load_definitions(
    sources: Paths,
    registry: Registry,
    *,
    project: str = ".",
    environ: Mapping[str, str] | None = None,
    keep_files: bool = False,
    is_offline: bool = False,
) -> Loaded:
    """Return the definitions of one or several sources as one set, and what is wrong in them.

    A source is a saved set, a saved `/object_info`, a folder with ComfyUI's or a pack's source,
    `FOLDER@COMMIT` for a git repository at a commit, or a server's address. Uses the network for
    an address alone.

    Raises:
        DefinitionsError: a source is none of these.
        SourceUnavailableError, RefusedError: a server does not answer, or must not be asked.
        UsageError: there is no source, or it is not there.
    """
    loaded = load_each(
        sources,
        registry,
        project=project,
        environ=environ,
        keep_files=keep_files,
        is_offline=is_offline,
    )
    problems = tuple(problem for _, told in loaded for problem in told)
    return merged(tuple(found for found, _ in loaded)), problems


def load_each(
    sources: Paths,
    registry: Registry,
    *,
    project: str = ".",
    environ: Mapping[str, str] | None = None,
    keep_files: bool = False,
    is_offline: bool = False,
) -> list[Loaded]:
    """Return the definitions of each source, and what is wrong in them, as `load_definitions`."""
    if not sources:
        raise UsageError("no definitions to judge by were given", hint=_HINT)
    return [
        _load(source, registry, project, environ, keep_files=keep_files, is_offline=is_offline)
        for source in given_paths(sources)
    ]


def _load(
    source: str,
    registry: Registry,
    project: str,
    environ: Mapping[str, str] | None,
    *,
    keep_files: bool,
    is_offline: bool,
) -> Loaded:
    if source.lower().startswith(("http://", "https://")):
        from comfylock.ops.definitions_server import ask_server  # noqa: PLC0415 - httpx is slow

        if is_offline:
            raise UsageError(f"{source}: a server cannot be asked offline")
        found, problems = ask_server(
            source, project, environ, file_inputs(registry), keep_files=keep_files
        )
        return _dated(replace(found, name=source), registry), problems
    path, at, revision = source.rpartition("@")
    if at and not os.path.exists(source) and os.path.isdir(path):
        from comfylock.ops.definitions_source import read_commit  # noqa: PLC0415 - runs git

        return read_commit(path, revision)
    if os.path.isdir(source) or source.endswith(".py"):
        return _folder(source)
    return _file(source, registry, keep_files=keep_files)


def _folder(source: str) -> Loaded:
    from comfylock.ops.definitions_source import read_folder  # noqa: PLC0415 - source only

    return read_folder(source)


def _file(source: str, registry: Registry, *, keep_files: bool) -> Loaded:
    try:
        with open(source, "rb") as stream:
            data = stream.read(MAX_JSON_BYTES + 1)
    except FileNotFoundError:
        raise UsageError(f"{source}: there is no such file or folder") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DefinitionsError(source, f"cannot be read: {reason.lower()}") from error
    found, problems = decode_definitions(data, source, file_inputs(registry), keep_files=keep_files)
    return _dated(replace(found, name=source), registry), problems


def decode_definitions(
    data: bytes,
    name: str,
    files: Mapping[str, Collection[str]],
    *,
    keep_files: bool = False,
) -> Loaded:
    """Return the set that bytes hold: one that was saved, or what `/object_info` answered.

    Raises:
        DefinitionsError: they hold neither.
    """
    document = _decoded(data, name)
    if is_set(document):
        try:
            return read_set(document), ()
        except NotASetError as error:
            raise DefinitionsError(name, str(error), hint=_HINT) from error
    if not is_object_info(document):
        raise DefinitionsError(name, f"is {_what(document, data)}, no node definitions", hint=_HINT)
    return read_signatures(document, files, keep_files=keep_files)


def _decoded(data: bytes, name: str) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    if data.lstrip()[:1] == b"<":
        raise DefinitionsError(name, "is a web page, no node definitions", hint=_HINT)
    try:
        return decode_json(data)[0]
    except NotJsonError as error:
        raise DefinitionsError(name, str(error), hint=_HINT) from None


def _what(document: Any, data: bytes) -> str:
    if document == {}:
        return "an empty object"
    if isinstance(document, dict) and ("nodes" in document or b"class_type" in data):
        return "a workflow"
    return "JSON of another kind"


def file_inputs(registry: Registry) -> dict[str, frozenset[str]]:
    """Return the inputs that name models and input files, by class type."""
    tables = registry.tables
    found: dict[str, set[str]] = {}
    for table in (tables.models, tables.assets):
        for class_type, rows in table.items():
            found.setdefault(class_type, set()).update(row[0] for row in rows)
    return {name: frozenset(inputs) for name, inputs in found.items()}


def _dated(found: DefinitionSet, registry: Registry) -> DefinitionSet:
    """Return a set with ComfyUI's version: that which brought its newest class type."""
    if found.comfyui is not None:
        return found
    known = [registry.core[name] for name in found.classes if registry.core.get(name)]
    newest = max(known, key=version_key, default=None)
    return found if newest is None else replace(found, comfyui=newest)
