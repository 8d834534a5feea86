"""The file part of a verification: workflows and companions against the lock. No network."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from comfylock.ops.check import check
from comfylock.ops.project import lock_path, locked_inputs, project_config, read_bytes
from comfylock.verifying.companions import companions_checked
from comfylock.verifying.findings import Checked, Item, observe
from comfylock.verifying.mends import RELOCK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from comfylock.findings import About, Finding
    from comfylock.lockfile.drift import Drift
    from comfylock.lockfile.schema import Lock
    from comfylock.ops.check import CheckOutcome
    from comfylock.ops.places import Place

_ABOUT: dict[str, About] = {
    "MissingModel": "model",
    "OrphanModel": "model",
    "DigestDiffers": "model",
    "SourceChanged": "model",
    "Unhashed": "model",
    "MissingWorkflow": "workflow",
    "OrphanWorkflow": "workflow",
    "OptionChanged": "file",
    "TargetMissing": "python",
    "PackagesChanged": "python",
    "ImageChanged": "file",
}
"""What reasons of another kind are about: packs."""


def files_checked(
    project: str, paths: tuple[str, ...], lock: Lock, environ: Mapping[str, str]
) -> Checked:
    """Compare workflows and companions with a lock that can be read.

    Raises:
        UsageError, ConfigError: the project's settings, or the paths given, are faulty.
    """
    companions = companions_checked(project, read_bytes(lock_path(project)) or b"")
    if lock.python:
        from comfylock.ops.verify_python import pylocks_checked  # noqa: PLC0415 - few locks do

        companions += pylocks_checked(project, lock)
    said = {finding.message for finding in companions.findings}
    if not paths and not lock.workflows and not lock.options.inputs:
        return companions  # a lock of packs that are always there, or of none
    if not paths and _are_absent(project, lock, environ):
        told = "none of the locked workflows is here, so they were not compared with the lock"
        note = observe("workflows-absent", "workflow", "workflows", told)
        return companions + Checked((note,))
    outcome = check(project, paths, environ)
    findings = [_unreadable(path, told) for path, told in outcome.unreadable]
    findings += [_drifted(outcome, each) for each in outcome.drift if each.message not in said]
    bad = {finding.subject: finding for finding in findings if finding.about == "workflow"}
    bad |= {d.workflow: _drifted(outcome, d) for d in outcome.drift if d.workflow}
    items = [
        Item(
            "workflow",
            entry.path,
            "differs" if entry.path in bad else "verified",
            proof="what it needs",
            error=bad[entry.path].message if entry.path in bad else None,
        )
        for entry in lock.workflows
    ]
    return companions + Checked(tuple(findings), tuple(items))


def _are_absent(project: str, lock: Lock, environ: Mapping[str, str]) -> bool:
    """Say whether a lock came without its workflows, as on the machine that it was installed on."""
    config = project_config(project, environ)
    if config.workflows:
        return False
    inputs = locked_inputs(project, (), config, lock)
    return not any(os.path.lexists(os.path.join(project, each)) for each in inputs)


def _unreadable(path: str, told: str) -> Finding:
    message = f"`{path}`: {told}"
    return observe("unreadable", "workflow", path, message, path, "restore the file")


def _drifted(outcome: CheckOutcome, drift: Drift) -> Finding:
    places = outcome.places.get(drift, ())
    where = drift.workflow or (places[0].workflow if places else None)
    about: About = _ABOUT.get(drift.kind, "pack")
    return observe(drift.kind, about, drift.subject, drift.message, _placed(where, places), RELOCK)


def _placed(where: str | None, places: tuple[Place, ...]) -> str | None:
    """Return the workflow and the nodes that show a reason: `a.json: nodes 1, 2`."""
    nodes = [node for place in places if place.workflow == where for node in place.nodes]
    if where is None or not nodes:
        return where
    return f"{where}: node{'s' if len(nodes) > 1 else ''} {', '.join(nodes)}"
