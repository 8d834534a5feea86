"""The table `[comfyui]`: which ComfyUI is locked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.config.addresses import git_fault, revision_fault
from comfylock.ranges import parse_range
from comfylock.requirements import ComfyuiRule

if TYPE_CHECKING:
    from comfylock.config.tables import Table

COMFYUI_KEYS = ("version", "revision", "repository", "pin")


def read_comfyui(table: Table, hosts: frozenset[str]) -> ComfyuiRule | None:
    """Return which ComfyUI the project wants; None for none.

    `hosts` may be reached by plain http.
    """
    table.refuse_unknown(COMFYUI_KEYS)
    version, revision = table.text("version"), table.text("revision")
    repository = table.text("repository")
    if version is not None and parse_range(version) is None:
        what = "must be a version such as `0.3.64` or a range such as `>=0.3.60`"
        table.fault(what, "version")
    if version is not None and revision is not None:
        table.fault("cannot stand beside `version`: it is one or the other", "revision")
    if revision is not None and (fault := revision_fault(revision)):
        table.fault(fault, "revision")
    if repository is not None and (fault := git_fault(repository, hosts)):
        table.fault(fault, "repository")
    is_ignored = "pin" in table and not table.flag("pin")
    if is_ignored and (version or revision or repository):
        table.fault("is false, so that nothing else can be said here", "pin")
    return None if is_ignored else ComfyuiRule(version, revision, repository)
