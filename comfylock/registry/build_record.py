"""Read class types and inputs from published source, at several states of its history.

Nothing is run: files are taken from a git directory into a temporary folder, where
`comfylock.definitions` reads them statically.
"""

from __future__ import annotations

import re
import tempfile
from datetime import date
from typing import TYPE_CHECKING

import msgspec

from comfylock.definitions.pack import read_comfyui, read_pack
from comfylock.definitions.project_file import read_project
from comfylock.definitions.widgets import widget_index
from comfylock.names import repository_key
from comfylock.registry import build_git as git
from comfylock.registry.build_facts import (
    CoreHistory,
    FormerLists,
    Inputs,
    RecordedPack,
)
from comfylock.registry.build_manager import read_manager
from comfylock.versions import version_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from comfylock.model import ClassDefinition, PackDefinition

MAX_STATES = 8
"""States of a pack's history that are read, HEAD among them."""

_DAYS_APART = 90
_SUFFIXES = (".py", ".js", ".mjs", ".ts", ".mts", "pyproject.toml")
_VERSION = re.compile(
    r"""^\s*(?:__version__|version)\s*=\s*["'](\d+(?:\.\d+)+)["']""", re.MULTILINE
)
_CLASS_MAP = "extension-node-map.json"
_METADATA = "pyproject.toml"
_MAX_METADATA = 3000
_VERSION_FILES = ("comfyui_version.py", "pyproject.toml")


def record_pack(git_directory: str, repository: str, states: int = MAX_STATES) -> RecordedPack:
    """Return what a pack declares at HEAD, and the class types that only older states have.

    Raises:
        RegistryError: git cannot read the directory.
    """
    chosen = _spread(git.commits(git_directory), states)
    newest, *older = [_state(git_directory, commit.id, read_pack) for commit in chosen]
    current = {each.class_type for each in newest.class_types}
    former = [each for state in older for each in state.class_types]
    earlier = {each.class_type for each in former} - current
    frontend_only = {name for state in (newest, *older) for name in state.frontend_only}
    definitions = [*former, *newest.class_types]
    ids, urls = _metadata(git_directory)
    return RecordedPack(
        repository=repository,
        commit=chosen[0].id,
        date=chosen[0].date,
        id=newest.registry_id,
        former_ids=tuple(sorted(ids - {newest.registry_id or ""})),
        declared=tuple(sorted(url for url in urls if not _same(url, repository))),
        class_types=tuple(sorted(current)),
        earlier=tuple(sorted(earlier)),
        frontend_only=tuple(sorted(frontend_only - current - earlier)),
        model_inputs=_inputs(definitions, lambda each: each.folder),
        asset_inputs=_inputs(definitions, lambda each: each.asset),
        unread=len(newest.problems),
    )


def record_comfyui(git_directory: str) -> CoreHistory:
    """Return ComfyUI's class types by version: one reading for each change of the version.

    Raises:
        RegistryError: git cannot read the directory.
    """
    releases = _releases(git_directory)
    first: dict[str, str] = {}
    gone: dict[str, str] = {}
    definitions: list[ClassDefinition] = []
    present: set[str] = set()
    for version, commit in releases.items():
        state = _state(git_directory, commit, read_comfyui)
        names = {each.class_type for each in state.class_types}
        for name in names:
            first.setdefault(name, version)
            gone.pop(name, None)
        gone.update(dict.fromkeys(present - names, version))
        present = names
        definitions.extend(state.class_types)
    return CoreHistory(
        commit=git.commits(git_directory, limit=1)[0].id,
        versions=tuple(releases),
        class_types={name: (first[name], gone.get(name, "")) for name in sorted(first)},
        model_inputs=_inputs(definitions, lambda each: each.folder),
        asset_inputs=_inputs(definitions, lambda each: each.asset),
    )


def record_manager(git_directory: str) -> FormerLists:
    """Return the class types that the Manager's map once gave a repository and no longer does.

    One state of each month is read.

    Raises:
        RegistryError: git cannot read the directory.
    """
    months: dict[str, str] = {}
    for commit in git.commits(git_directory, (_CLASS_MAP,)):
        months.setdefault(commit.date[:7], commit.id)
    maps = [_class_map(git_directory, commit) for commit in months.values()]
    former: dict[str, set[str]] = {}
    for older in maps[1:]:
        for url, names in older.items():
            former.setdefault(url, set()).update(names)
    gone = {url: names - set(maps[0].get(url, ())) for url, names in sorted(former.items())}
    return FormerLists(
        commit=next(iter(months.values()), ""),
        former={url: tuple(sorted(names)) for url, names in gone.items() if names},
    )


def _class_map(git_directory: str, commit: str) -> dict[str, tuple[str, ...]]:
    try:
        decoded = msgspec.json.decode(git.read_text(git_directory, commit, _CLASS_MAP) or "{}")
    except msgspec.DecodeError:
        return {}
    return read_manager("", {_CLASS_MAP: decoded}).class_types


def is_comfyui(git_directory: str) -> bool:
    """Say whether a git directory is ComfyUI's own."""
    return _at_head(git_directory, "comfy/sd.py") is not None


def is_manager(git_directory: str) -> bool:
    """Say whether a git directory is ComfyUI-Manager's, where its lists are kept."""
    return _at_head(git_directory, _CLASS_MAP) is not None


def declared_repository(git_directory: str) -> str | None:
    """Return the repository that a pack's newest metadata names."""
    text = _at_head(git_directory, _METADATA)
    return None if text is None else read_project(text.encode())[1]


def _at_head(git_directory: str, path: str) -> str | None:
    commits = git.commits(git_directory, limit=1)
    return git.read_text(git_directory, commits[0].id, path) if commits else None


def encode_recording(recording: RecordedPack | CoreHistory | FormerLists) -> bytes:
    """Return a recording as compact JSON, empty fields left out, one field per line."""
    fields = msgspec.to_builtins(recording)
    lines = [
        msgspec.json.encode(name) + b":" + msgspec.json.encode(value)
        for name, value in fields.items()
        if value or name in {"repository", "commit"}
    ]
    return b"{\n" + b",\n".join(lines) + b"\n}\n"


def _spread(found: list[git.Commit], states: int) -> list[git.Commit]:
    """Return HEAD and older commits, at least some months apart, newest first."""
    chosen = found[:1]
    for commit in found[1:]:
        if len(chosen) < states and _days(chosen[-1].date) - _days(commit.date) >= _DAYS_APART:
            chosen.append(commit)
    if len(found) > 1 and len(chosen) < states and found[-1] not in chosen:
        chosen.append(found[-1])
    return chosen


def _days(day: str) -> int:
    return date.fromisoformat(day).toordinal()


def _state(
    git_directory: str, commit: str, read: Callable[[str], PackDefinition]
) -> PackDefinition:
    with tempfile.TemporaryDirectory() as folder:
        git.export(git_directory, commit, _SUFFIXES, folder)
        return read(folder)


def _same(url: str, other: str) -> bool:
    return repository_key(url) == repository_key(other)


def _metadata(git_directory: str) -> tuple[set[str], set[str]]:
    """Return the registry ids and repositories that any state of the metadata gave."""
    ids: set[str] = set()
    urls: set[str] = set()
    found = git.commits(git_directory, (_METADATA,), limit=_MAX_METADATA)
    for data in {data for _, data in git.read_states(git_directory, _METADATA, found)}:
        registry_id, url, _ = read_project(data)
        ids.update([registry_id] if registry_id else [])
        urls.update([url] if url else [])
    return ids, urls


def _inputs(
    definitions: Iterable[ClassDefinition], kind: Callable[..., str | None]
) -> dict[str, Inputs]:
    """Return the inputs that name files by class type; of several readings the last counts."""
    table: dict[str, Inputs] = {}
    for definition in definitions:
        table[definition.class_type] = tuple(
            (each.name, kind(each), widget_index(definition, each.name))
            for each in definition.inputs
            if kind(each)
        )
    return {name: inputs for name, inputs in sorted(table.items()) if inputs}


def _releases(git_directory: str) -> dict[str, str]:
    """Return the first commit that carries each version, oldest version first."""
    releases: dict[str, str] = {}
    for commit in reversed(git.commits(git_directory, _VERSION_FILES)):
        for file in _VERSION_FILES:
            match = _VERSION.search(git.read_text(git_directory, commit.id, file) or "")
            if match:
                releases.setdefault(match[1], commit.id)
                break
    return dict(sorted(releases.items(), key=lambda pair: version_key(pair[0])))
