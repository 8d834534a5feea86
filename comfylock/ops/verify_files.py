"""The file part of a verification: workflows and companions against the lock. No network."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from comfylock.ops.check import check
from comfylock.ops.project import lock_path, locked_inputs, project_config, read_bytes
from comfylock.ops.verify_workflows import drift_findings, gap_items, workflow_items
from comfylock.verifying.companions import companions_checked
from comfylock.verifying.findings import Checked, observe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from comfylock.lockfile.schema import Lock


def files_checked(
    project: str, paths: tuple[str, ...], lock: Lock, environ: Mapping[str, str]
) -> Checked:
    """Compare workflows and companions with a lock that can be read.

    Raises:
        UsageError, ConfigError: the project's settings, or the paths given, are faulty.
    """
    found = companions_checked(project, read_bytes(lock_path(project)) or b"")
    if lock.python:
        from comfylock.ops.verify_python import pylocks_checked  # noqa: PLC0415 - few locks do

        found += pylocks_checked(project, lock)
    found += Checked(items=gap_items(lock))
    if not paths and not lock.workflows and not lock.options.inputs:
        return found  # a lock of packs that are always there, or of none
    if not paths and _are_absent(project, lock, environ):
        told = "none of the locked workflows is here, so they were not compared with the lock"
        return found + Checked((observe("workflows-absent", "workflow", "workflows", told),))
    outcome = check(project, paths, environ)
    said = {finding.message for finding in found.findings}
    findings = drift_findings(outcome, said)
    return found + Checked(findings, workflow_items(outcome, findings))


def _are_absent(project: str, lock: Lock, environ: Mapping[str, str]) -> bool:
    """Say whether a lock came without its workflows, as on the machine that it was installed on."""
    config = project_config(project, environ)
    if config.workflows:
        return False
    inputs = locked_inputs(project, (), config, lock)
    return not any(os.path.lexists(os.path.join(project, each)) for each in inputs)
