"""A starting `comfylock.toml`, from a project's workflows and a ComfyUI-Manager snapshot."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from comfylock.config import FILE, Config, load_config, parse_config
from comfylock.config.packs import pack_name
from comfylock.errors import ConfigError, UsageError
from comfylock.names import is_text, normalise_repository, printable, quoted
from comfylock.ops.analyze import analyze
from comfylock.ops.init_text import Imported, open_classes, open_models, starting_text
from comfylock.ops.snapshot import Snapshot, load_snapshot
from comfylock.registry.nearest import with_nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from comfylock.analysis.analyzer import Settings
    from comfylock.ops.snapshot import InstalledPack
    from comfylock.registry.store import Registry

WORKFLOWS = "workflows"
"""The folder that is looked into when no path is given."""
INSTEAD = "comfylock init --dry-run, and take over what you want"


class Started(Struct, frozen=True):
    """A settings file that was begun."""

    file: str
    text: str
    class_types: int = 0
    """Lines to complete for class types."""
    models: int = 0
    """Lines to complete for models."""
    packs: int = 0
    """Packs pinned as the snapshot has them."""
    problems: tuple[str, ...] = ()
    """What could not be read or taken, a sentence each."""


def begin(
    project: str,
    paths: Iterable[str],
    *,
    registry: Registry,
    settings: Settings | None = None,
    settled: frozenset[str] = frozenset(),
    snapshot: str | None = None,
) -> Started:
    """Return the settings file that a project could start with. Nothing is written; no network.

    `settled` are the models that the project wants no source for already.

    Raises:
        UsageError: there is no such folder or path, or the snapshot is none.
    """
    if not os.path.isdir(project):
        raise UsageError(f"{project}: there is no such folder")
    paths = list(paths)
    workflows = tuple(_inside(project, path) for path in paths)
    if not paths and os.path.isdir(os.path.join(project, WORKFLOWS)):
        paths, workflows = [os.path.join(project, WORKFLOWS)], (f"{WORKFLOWS}/",)
    report = with_nearest(analyze(paths, registry=registry, settings=settings), registry)
    problems = [f"{problem.path}: {problem.message}" for problem in report.problems]
    if not workflows:
        problems.append(f"no workflows were looked at: there is no folder `{WORKFLOWS}`")
    told = load_snapshot(snapshot) if snapshot else Snapshot()
    imported = import_packs(told, registry)
    return Started(
        os.path.join(project, FILE),
        starting_text(report, workflows, imported, settled),
        class_types=len(open_classes(report)),
        models=len(open_models(report, settled)),
        packs=len(imported.lines),
        problems=(*problems, *imported.problems),
    )


def refuse_existing(project: str) -> None:
    """Make sure that a project has no settings yet.

    Raises:
        UsageError: it has; they are never overwritten.
    """
    path = os.path.join(project, FILE)
    if os.path.lexists(path):
        raise _is_there(path)
    try:
        has_table = replace(load_config(project), file=None) != Config()
    except ConfigError:
        has_table = True
    if has_table:
        where = os.path.join(project, "pyproject.toml")
        raise UsageError(f"{where} has settings, which {FILE} would hide", hint=INSTEAD)


def _is_there(path: str) -> UsageError:
    return UsageError(f"{path} is there already and is not overwritten", hint=INSTEAD)


def write(started: Started) -> None:
    """Write a settings file that was begun.

    Raises:
        UsageError: it cannot be written, or somebody else has begun one meanwhile.
    """
    if os.path.lexists(started.file):
        raise _is_there(started.file)
    from comfylock.files import write_atomically  # noqa: PLC0415 - `--dry-run` writes nothing

    try:
        write_atomically(started.file, started.text.encode())
    except OSError as error:
        raise UsageError(f"{started.file} cannot be written: {error.strerror}") from error


def import_packs(snapshot: Snapshot, registry: Registry) -> Imported:
    """Return the pins of a snapshot as lines of `[packs]`, and what could not be taken."""
    lines: dict[str, str] = {}
    comments: list[str] = []
    problems: list[str] = []
    if snapshot.comfyui:
        comments.append(f"the snapshot has ComfyUI at commit {snapshot.comfyui}")
    for pack in sorted(snapshot.packs, key=lambda pack: pack.kind != "registry"):
        name, entry, fault = _entry(pack, registry)
        line = f"{quoted(name)} = {entry}"
        if fault is None and pack.is_disabled:
            comments.append(f"{line}  # disabled in the snapshot")
            fault = "it is disabled"
        elif fault is None and name in lines:
            fault = f"the snapshot has `{name}` twice"
            comments.append(f"{line}  # {fault}")
        elif fault is None:
            lines[name] = line
            continue
        else:
            comments.append(f"{_shown(pack)}: {fault}")
        problems.append(f"not taken from the snapshot: {_shown(pack)}: {fault}")
    if snapshot.python_packages:
        count = f"{snapshot.python_packages:,}"
        comments.append(f"the snapshot lists {count} Python packages; locks find their own")
    return Imported(
        tuple(lines[name] for name in sorted(lines)),
        tuple(comments),
        tuple(problems),
        frozenset(lines),
    )


def _entry(pack: InstalledPack, registry: Registry) -> tuple[str, str, str | None]:
    """Return a pack's name, its table in TOML, and why it cannot be taken, if so."""
    if pack.kind == "file":
        return "", "", "a single file does not say where it is from; give its `url`"
    normal = normalise_repository(pack.name) if pack.kind == "git" else pack.name
    name = pack_name(normal) if normal else None
    if name is None or normal is None:
        return "", "", f"is no {'repository' if pack.kind == 'git' else 'registry id'}"
    if pack.pin is None:
        return name, "", "its version is not told"
    if pack.kind == "git":
        known = registry.pack_named(normal)
        name = known if known and pack_name(known) == known else name
        entry = f"{{ git = {quoted(_address(pack, normal))}, revision = {quoted(pack.pin)}"
    else:
        entry = f"{{ version = {quoted(pack.pin)}"
    entry += ", always = true }"
    return name, entry, _fault(name, entry)


def _address(pack: InstalledPack, normal: str) -> str:
    """Return a repository's address as it was given if settings take it, else its normal form."""
    given = f"{{ git = {quoted(pack.name)} }}"
    return pack.name if _fault("pack", given) is None else normal


def _fault(name: str, entry: str) -> str | None:
    """Say what settings would find wrong with an entry."""
    try:
        parse_config(f"[packs]\n{quoted(name)} = {entry}\n".encode(), FILE)
    except ConfigError as error:
        return error.faults[0][1]
    return None


def _shown(pack: InstalledPack) -> str:
    """Return a pack as messages name it, without what may be a password."""
    normal = normalise_repository(pack.name) if pack.kind == "git" else pack.name
    name = normal or pack.name.partition("?")[0].rpartition("@")[2]
    return f"`{printable(name, 120)}`"


def _inside(project: str, path: str) -> str:
    """Return a path as the project's settings name it.

    Raises:
        UsageError: there is nothing, or it is outside.
    """
    if path == "-":
        raise UsageError("`init` needs files and folders, not standard input")
    is_pattern = any(letter in path for letter in "*?[")
    if not os.path.exists(path) and not is_pattern:
        raise UsageError(f"{path}: there is no such file or folder")
    try:
        relative = os.path.relpath(path, project)
    except ValueError:  # another drive
        relative = os.pardir
    if relative.split(os.sep)[0] == os.pardir or not is_text(relative):
        hint = f"comfylock init -C {os.path.dirname(os.path.abspath(path))} …"
        raise UsageError(f"{path} is not inside the project's folder {project}", hint=hint)
    relative = relative.replace(os.sep, "/")
    relative = f"./{relative}" if relative.startswith("-") else relative
    return f"{relative}/" if os.path.isdir(path) else relative
