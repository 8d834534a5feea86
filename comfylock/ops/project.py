"""A project: its settings, its workflows, its lock, what the lock has to satisfy. No network."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.analysis.analyzer import Settings
from comfylock.analysis.needs import workflow_needs
from comfylock.config import Config, load_config, surroundings
from comfylock.errors import LockParseError, UsageError
from comfylock.lockfile.read import MAX_LOCK_BYTES, read_lock
from comfylock.lockfile.values import path_fault, text_fault
from comfylock.model import Problem
from comfylock.names import leaves_its_folder
from comfylock.ops.analyze import analyze_each
from comfylock.reading import read_regular
from comfylock.requirements import Requirements

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from comfylock.lockfile.schema import Lock
    from comfylock.model import WorkflowReport
    from comfylock.ops.analyze import Reporter
    from comfylock.registry.store import Registry

LOCK = "comfy.lock"
USUAL_FOLDER = "workflows"
"""Where workflows are looked for if nobody says where."""


class Needs(Struct, frozen=True):
    """What a project's workflows need, and what could not be read of them."""

    requirements: Requirements
    unreadable: tuple[tuple[str, str], ...] = ()
    """Inputs that could not be read at all: path and sentence."""
    findings: tuple[Problem, ...] = ()
    """What is wrong inside workflows; `path` is the file and the place in it."""
    unread: dict[str, int] = {}
    """Workflow to its nodes that could not be read; those read as a whole are absent."""


def project_config(project: str, environ: Mapping[str, str]) -> Config:
    """Return the project's settings, the environment's before those of its file.

    Raises:
        ConfigError: with every fault.
    """
    return load_config(project, surroundings(environ))


def analysis_settings(config: Config) -> Settings:
    """Return what an analysis has to know of a project's settings."""
    return Settings(
        class_types=config.class_types,
        models=config.models,
        allowed_hosts=config.allowed_hosts,
    )


def lock_path(project: str) -> str:
    """Return where a project's lock is."""
    return os.path.join(project, LOCK)


def read_bytes(path: str, most: int = MAX_LOCK_BYTES) -> bytes | None:
    """Return the bytes of a lock, or of a file beside it; None if there is no such file.

    Raises:
        LockParseError: it cannot be read, or has more than `most` bytes.
    """
    try:
        data = read_regular(path, most + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LockParseError(path, (("", f"cannot be read: {error.strerror}"),)) from error
    if len(data) > most:
        raise LockParseError(path, (("", f"is larger than {most >> 20} MiB"),))
    return data


def load_lock(path: str) -> Lock | None:
    """Return a lock; None if there is no such file.

    Raises:
        LockParseError, LockVersionError, LockConflictError: it cannot be understood.
    """
    data = read_bytes(path)
    if data is None:
        return None
    return read_lock(data, path)


def locked_inputs(
    project: str, paths: Sequence[str], config: Config, old: Lock | None
) -> tuple[str, ...]:
    """Return the workflow files, folders and patterns to lock, relative to the project, sorted.

    The command line's (relative to where it was given), else comfylock.toml's, else those of
    the lock, else the folder `workflows`.

    Raises:
        UsageError: there are none, or one is on standard input.
    """
    if paths:
        if "-" in paths:
            raise UsageError("a lock is made of files, `-` is none", hint="save the workflow first")
        inputs = tuple(sorted({_relative(path, project) for path in paths}))
        outside = [path for path in inputs if leaves_its_folder(path)]
        if outside:
            told = f"{outside[0]} is outside the project, where a lock cannot follow"
            raise UsageError(told, hint="comfylock lock -C FOLDER, one that holds the workflows")
        return inputs
    if config.workflows:
        return tuple(sorted({_slashed(os.path.normpath(path)) for path in config.workflows}))
    if old is not None and old.options.inputs:
        return old.options.inputs
    if os.path.isdir(os.path.join(project, USUAL_FOLDER)):
        return (USUAL_FOLDER,)
    raise UsageError(
        "nobody says which workflows to lock",
        hint='comfylock lock PATH…, or `workflows = ["PATH"]` under [lock] in comfylock.toml',
    )


def project_needs(
    project: str,
    inputs: tuple[str, ...],
    config: Config,
    registry: Registry,
    reporter: Reporter | None = None,
) -> Needs:
    """Return what the project's workflows need. No network."""
    settings = analysis_settings(config)
    given: list[str | bytes | os.PathLike[str]] = [os.path.join(project, i) for i in inputs]
    reports: list[WorkflowReport] = []
    unreadable: list[tuple[str, str]] = []
    findings: list[Problem] = []
    unread: dict[str, int] = {}
    for outcome in analyze_each(given, registry=registry, settings=settings, reporter=reporter):
        if outcome.problem is not None:
            unreadable.append((_relative(outcome.path, project), outcome.problem))
        for report in outcome.reports:
            path = _relative(report.path, project)
            fault = text_fault(path) or path_fault(path)
            if fault is not None:
                unreadable.append((path, f"no lock takes its name, which {fault}: rename it"))
                continue
            reports.append(report)
            findings += _placed(report, path)
            if report.unread:
                unread[path] = report.unread
    requirements = Requirements(
        workflows=workflow_needs(
            reports, lambda path: _relative(path, project), include_inactive=config.include_inactive
        ),
        pack_rules=config.pack_rules,
        model_rules=config.model_rules,
        comfyui=config.comfyui,
        python=config.python,
        images=config.images,
        groups=config.groups,
        prefer=config.prefer,
        inputs=inputs,
        targets=config.targets,
        include_inactive=config.include_inactive,
    )
    return Needs(requirements, tuple(unreadable), tuple(findings), unread)


def _placed(report: WorkflowReport, path: str) -> list[Problem]:
    """Return a workflow's problems with the file before their place in it."""
    return [
        Problem(f"{path}: {problem.path}" if problem.path else path, problem.message)
        for problem in report.problems
    ]


def _relative(path: str, project: str) -> str:
    """Return a path as a lock has it: relative to the project, `/` between parts."""
    try:
        return _slashed(os.path.relpath(path, project))
    except ValueError:  # another drive
        return _slashed(path)


def _slashed(path: str) -> str:
    return path.replace(os.sep, "/") if os.sep != "/" else path
