"""Is reality what the lock says? The parts of a verification, run one after the other."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from comfylock.errors import ComfylockError, ConfigError, UsageError, WriteError
from comfylock.ops.check import exists
from comfylock.ops.project import lock_path
from comfylock.ops.verify_request import (
    VerifyOutcome,
    VerifyRequest,
    refuse_nonsense,
    refuse_unknown,
)
from comfylock.verifying.findings import Checked, in_order, observe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from comfylock.findings import Finding
    from comfylock.lockfile.schema import Lock
    from comfylock.ops.verify_disk import Packages
    from comfylock.python.wanted import Package
    from comfylock.verifying.digests import Progress
    from comfylock.verifying.environments import Comparison, Side
    from comfylock.verifying.installed import Installation
    from comfylock.verifying.inventory import Inventory


class _Run:
    """One verification, part by part."""

    def __init__(
        self, request: VerifyRequest, environ: Mapping[str, str], progress: Progress | None
    ) -> None:
        self.request, self.environ, self.progress = request, environ, progress
        self.checked = Checked()
        self.parts: list[str] = []
        self.away: list[tuple[str, tuple[str, ...]]] = []
        self.comparison: Comparison | None = None
        self.machine: Side | None = None
        self.packages: Packages | None = None
        self.hashed = 0
        self.written: str | None = None

    def add(self, part: str, checked: Checked) -> None:
        """Note what came of a part."""
        if part not in self.parts:
            self.parts.append(part)
        self.checked += checked


def verify(
    request: VerifyRequest,
    environ: Mapping[str, str] | None = None,
    *,
    progress: Progress | None = None,
) -> VerifyOutcome:
    """Compare a lock with what it is about. What differs is in the outcome, not raised.

    Raises:
        UsageError: the request makes no sense, or there is no lock and nothing else to look at.
        ConfigError, LockParseError, LockVersionError, LockConflictError: something is faulty.
    """
    refuse_nonsense(request)
    run = _Run(request, os.environ if environ is None else environ, progress)
    lock = None if len(request.against) == 2 and not _looks(request) else _lock(run)
    if lock is not None:
        refuse_unknown(request, lock)
        _compare_files(run, lock)
        if request.is_upstream:
            _ask_services(run, lock)
    _look_at_disk(run, lock)
    if lock is not None and request.server is not None:
        _ask_server(run, lock, request.server)
    if request.against:
        _compare(run, lock)
    ordered = in_order(run.checked)
    return VerifyOutcome(
        lock_path(request.project),
        tuple(run.parts),
        ordered.findings,
        ordered.items,
        run.comparison,
        tuple(run.away),
        run.hashed,
        run.written,
    )


def _looks(request: VerifyRequest) -> bool:
    """Say whether anything but two files is to be looked at."""
    return bool(request.is_upstream or request.server or request.python or request.paths)


def _lock(run: _Run) -> Lock | None:
    """Return the lock; None, and a finding, if it cannot be read and there is more to look at."""
    request = run.request
    try:
        return exists(request.project)
    except ComfylockError as error:
        is_needed = not (request.inventory or (request.against and request.installed))
        if request.installed is None or (isinstance(error, UsageError) and is_needed):
            raise
        if isinstance(error, UsageError):  # whoever makes an inventory needs no lock
            return None
        path = lock_path(request.project)
        mend = error.hint or "git restore comfy.lock"
        finding = observe("lock-unreadable", "file", path, str(error), path, mend)
        run.add("files", Checked((finding,)))
        return None


def _compare_files(run: _Run, lock: Lock) -> None:
    from comfylock.ops.verify_files import files_checked  # noqa: PLC0415 - not every run needs it

    request = run.request
    try:
        checked = files_checked(request.project, request.paths, lock, run.environ)
    except ComfylockError as error:
        if isinstance(error, UsageError) or not _has_more(request):
            raise
        _note_unreadable(run, "files", error)
        return
    if not _has_more(request) and not request.against:
        _refuse_nothing(checked)
    run.add("files", checked)


def _refuse_nothing(checked: Checked) -> None:
    """Refuse to call it right where nothing at all was compared."""
    is_nothing = not any(item.status == "verified" for item in checked.items)
    if is_nothing and {finding.kind for finding in checked.findings} == {"workflows-absent"}:
        hint = "comfylock verify --installed COMFYUI_DIR"
        raise UsageError("none of the locked workflows is here, so nothing was compared", hint=hint)


def _has_more(request: VerifyRequest) -> bool:
    """Say whether anything but the project's own files is to be looked at."""
    return bool(request.installed or request.python or request.server or request.is_upstream)


def _note_unreadable(run: _Run, part: str, error: ComfylockError) -> None:
    """Note a file of the project that cannot be understood; the rest is verified all the same."""
    mend = error.hint or "git restore the file, or correct it"
    finding = observe("unreadable", "settings", run.request.project, str(error), None, mend)
    run.add(part, Checked((finding,)))


def _ask_services(run: _Run, lock: Lock) -> None:
    """Ask before looking at the disk: what is learnt of archives proves files there."""
    from comfylock.ops.verify_services import upstream_checked  # noqa: PLC0415 - as above

    try:
        checked, away = upstream_checked(run.request.project, lock, run.environ, run.progress)
    except ConfigError as error:
        _note_unreadable(run, "upstream", error)
        return
    run.add("upstream", checked)
    run.away += away


def _look_at_disk(run: _Run, lock: Lock | None) -> None:
    request = run.request
    if request.installed is None and request.python is None:
        return
    from comfylock.ops import verify_disk  # noqa: PLC0415 - as above

    packages, findings = verify_disk.packages_of(request)
    run.packages = packages
    _compare_packages(run, lock, packages, findings)
    if request.installed is None:
        return
    fault = verify_disk.not_comfyui(request.installed)
    if fault is not None:
        run.add("installed", Checked((fault,)))
        return
    with verify_disk.installation(request, run.environ, run.progress) as place:
        if lock is not None:
            run.add("installed", verify_disk.installed_checked(lock, place))
        if request.inventory is not None or request.against:
            _take_inventory(run, place, packages)
        run.hashed = place.digests.hashed


def _compare_packages(
    run: _Run, lock: Lock | None, packages: Packages | None, findings: tuple[Finding, ...]
) -> None:
    """Compare an environment's packages with the locked ones."""
    if findings:
        run.add("python", Checked(findings))
    locked, python = _locked_packages(run, lock)
    if packages is None:
        if locked is not None and not findings:
            told = "Python packages are locked, and no environment was looked at"
            mend = "--python EXE, the interpreter that runs ComfyUI"
            run.checked += Checked(
                (observe("python-unproven", "python", "python", told, None, mend),)
            )
        return
    if locked is None:
        if run.request.python is not None and lock is not None and not lock.python:
            told = "the lock has no Python packages, so the environment was not compared"
            run.add("python", Checked((observe("python-unlocked", "python", "python", told),)))
        return
    from comfylock.verifying.python_packages import packages_checked  # noqa: PLC0415 - as above
    from comfylock.verifying.python_strays import strays_checked  # noqa: PLC0415 - as above

    run.add("python", packages_checked(locked, *packages, python) + strays_checked(*packages))


def _locked_packages(run: _Run, lock: Lock | None) -> tuple[tuple[Package, ...] | None, str | None]:
    """Return the Python packages of a lock, and the version of Python that they are for."""
    if lock is None or not lock.python:
        return None, None
    from comfylock.ops.verify_python import locked_packages  # noqa: PLC0415 - as above

    found = locked_packages(run.request.project, lock, run.request.target, run.packages)
    if found.finding is not None:
        run.checked += Checked((found.finding,))
    return found.packages, found.python


def _take_inventory(run: _Run, place: Installation, packages: Packages | None) -> None:
    from comfylock.verifying.environments import inventory_side  # noqa: PLC0415 - as above
    from comfylock.verifying.inventory_of import inventory_of  # noqa: PLC0415

    inventory, findings = inventory_of(place, *(packages or (None, None)))
    run.add("installed", Checked(findings))
    run.machine = inventory_side(run.request.installed or ".", inventory)
    if run.request.inventory is not None:
        _write(run, run.request.inventory, inventory)


def _write(run: _Run, path: str, inventory: Inventory) -> None:
    from comfylock.ops.verify_disk import write_inventory_file  # noqa: PLC0415 - as above

    try:
        write_inventory_file(path, inventory)
        run.written = path
    except WriteError as error:
        finding = observe("unwritten", "file", path, str(error), path, "--inventory FILE")
        run.add("installed", Checked((finding,)))


def _ask_server(run: _Run, lock: Lock, address: str) -> None:
    from comfylock.ops.verify_services import server_part  # noqa: PLC0415 - as above

    locked, python = _locked_packages(run, lock)
    checked, away = server_part(run.request.project, address, lock, python, locked)
    if "installed" in run.parts:  # bytes that were compared are not proven less by class types
        known = {(item.about, item.name) for item in run.checked.items if item.proof}
        items = (i for i in checked.items if (i.about, i.name) not in known or i.error is not None)
        checked = Checked(checked.findings, tuple(items))
    run.add("server", checked)
    run.away += away


def _compare(run: _Run, lock: Lock | None) -> None:
    """Put two environments side by side: two files, or this project or machine and a file."""
    from comfylock.ops.verify_against import against, side_of  # noqa: PLC0415 - as above
    from comfylock.ops.verify_python import packages_beside  # noqa: PLC0415
    from comfylock.verifying.environments import lock_side  # noqa: PLC0415

    def packages(folder: str, other: Lock) -> tuple[Package, ...] | None:
        return packages_beside(folder, other, run.request.target)

    sides = [side_of(path, packages) for path in run.request.against]
    if len(sides) == 1 and run.machine is not None:
        sides.insert(0, run.machine)
    elif len(sides) == 1 and lock is not None:
        own = lock_side(lock_path(run.request.project), lock, _locked_packages(run, lock)[0])
        sides.insert(0, own)
    if len(sides) != 2:
        return
    checked, run.comparison = against(sides[0], sides[1])
    run.add("against", checked)
