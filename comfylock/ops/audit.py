"""What should somebody know before running what is locked? Nothing is loaded or written."""

from __future__ import annotations

import datetime as dt
import os
import stat
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from comfylock.auditing.locked import audit_lock
from comfylock.auditing.looked_into import findings_of
from comfylock.auditing.policy import Judged, is_minded, judge
from comfylock.config.audit import AuditRules
from comfylock.lockfile.schema import Lock
from comfylock.model_files.look import look_at
from comfylock.ops.check import exists
from comfylock.ops.model_trees import Listed, installed_models, named_files
from comfylock.ops.project import project_config

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from comfylock.config.audit import Threshold  # noqa: TC004 - a request is never decoded
    from comfylock.findings import Finding
    from comfylock.model_files.facts import FileFacts
    from comfylock.ops.analyze import Reporter
    from comfylock.ops.model_trees import ModelFile

FROM_NAMES = frozenset({"pickle-format", "code-format"})
"""What a name alone makes likely; a look into the file knows better."""


class AuditRequest(Struct, frozen=True):
    """What is to be audited."""

    project: str = "."
    installed: str | None = None
    """A ComfyUI folder, whose models are looked into."""
    model_roots: tuple[str, ...] = ()
    """Further folders that hold `checkpoints`, `loras` and so on."""
    path_files: tuple[str, ...] = ()
    """Further `extra_model_paths.yaml`."""
    models: tuple[str, ...] = ()
    """Model files and folders that are looked into; without a lock these alone."""
    fail_on: Threshold | None = None
    """Instead of the project's."""


class AuditOutcome(Struct, frozen=True):
    """What was found."""

    judged: Judged
    rules: AuditRules
    lock: str | None = None
    """The lock's path; None where there is none."""
    packs: int = 0
    models: int = 0
    files: int = 0
    """Files looked into."""
    unreadable: tuple[tuple[str, str], ...] = ()
    """Files that could not be read: path and sentence."""

    @property
    def is_clean(self) -> bool:
        """Say whether nothing was found that the project minds."""
        return not any(map(self.minds, self.judged.findings))

    def minds(self, found: Finding) -> bool:
        """Say whether a finding is as grave as the project minds."""
        return is_minded(found, self.rules)


def audit(
    request: AuditRequest,
    environ: Mapping[str, str] | None = None,
    *,
    today: str | None = None,
    reporter: Reporter | None = None,
) -> AuditOutcome:
    """Return what a lock and model files hold that somebody should know. No network.

    No model is loaded and no pack's code is run. `today` is `2026-11-21`; the day in UTC if not
    given.

    Raises:
        UsageError: there is no lock and no file to look at, or a folder is not there.
        ConfigError, LockParseError, LockVersionError, LockConflictError: something is faulty.
    """
    environ = os.environ if environ is None else environ
    config = project_config(request.project, environ)
    rules = config.audit or AuditRules()
    if request.fail_on is not None:
        rules = replace(rules, fail_on=request.fail_on)
    named = named_files(request.models)
    below = Listed()
    if request.installed is not None:
        below = installed_models(
            request.installed, request.model_roots, request.path_files, environ
        )
    files = (*named.files, *below.files)
    lock_file = os.path.join(request.project, "comfy.lock")
    has_lock = os.path.lexists(lock_file) or not (request.models or request.installed)
    lock = exists(request.project) if has_lock else Lock()
    looked = _look_into(files, lock, reporter)
    places = {pin.key: pin.place for pin in lock.models}
    by_lock = [
        found
        for found in audit_lock(lock, rules)
        if found.kind not in FROM_NAMES
        or places.get(found.subject, found.subject) not in looked.known
    ]
    day = today or dt.datetime.now(dt.UTC).date().isoformat()
    return AuditOutcome(
        judged=judge([*by_lock, *looked.findings], rules, day),
        rules=rules,
        lock=lock_file if has_lock else None,
        packs=len(lock.packs),
        models=len(lock.models),
        files=len(files) - len(looked.unreadable),
        unreadable=(*named.unreadable, *below.unreadable, *looked.unreadable),
    )


class _Looked:
    """What became of looking into files."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.known: set[str] = set()
        """Subjects that were looked into, so that their bytes tell more than their names."""
        self.unreadable: list[tuple[str, str]] = []


def _look_into(files: Sequence[ModelFile], lock: Lock, reporter: Reporter | None) -> _Looked:
    looked = _Looked()
    locked = {pin.place for pin in lock.models}
    for each in files:
        try:
            facts = _facts(each.path)
        except OSError as error:
            told = f"cannot be read: {error.strerror or error}"
            looked.unreadable.append((each.path, told))
            continue
        is_model = each.is_model or each.key in locked
        looked.findings += findings_of(facts, "model" if is_model else "file", each.key)
        looked.known.add(each.key)
        if reporter is not None:
            reporter.advance(each.path)
    return looked


def _facts(path: str) -> FileFacts:
    # Looked at before it is opened: to open a pipe would wait for somebody to write into it.
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError("it is no file")
    with open(path, "rb") as file:
        return look_at(file, path)
