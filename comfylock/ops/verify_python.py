"""Which of a lock's Python packages an environment should have. No network."""

from __future__ import annotations

import os
import platform
import sys
from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.errors import ComfylockError, UsageError
from comfylock.findings import Finding
from comfylock.lockfile.python_needs import file_fault
from comfylock.ops.companions import digests_of, read_companions
from comfylock.python.pylock import read_pylock
from comfylock.python.targets import PLATFORMS, parse_target
from comfylock.python.wanted import Package
from comfylock.verifying.findings import Checked, Item, judged, observe
from comfylock.verifying.python_packages import same_version

if TYPE_CHECKING:
    from comfylock.lockfile.schema import Lock, PythonPin
    from comfylock.ops.verify_disk import Packages


class LockedPackages(Struct, frozen=True):
    """The packages of one target, or why there are none."""

    packages: tuple[Package, ...] | None = None
    python: str | None = None
    """`3.12`."""
    finding: Finding | None = None


def pylocks_checked(project: str, lock: Lock) -> Checked:
    """Compare the files of Python packages beside a lock with their digests."""
    try:
        digests = digests_of(read_companions(project, lock))
    except ComfylockError as error:
        told = str(error)
        return Checked((observe("unreadable", "file", project, told, mend="git restore ."),))
    checked = Checked()
    for pin in lock.python:
        fault = file_fault(pin, digests)
        item = Item("file", pin.file, "verified", pin.sha256[:10], proof="sha256")
        findings = []
        if fault is not None:
            kind = "companion-changed" if pin.file in digests else "companion-missing"
            actual = digests.get(pin.file)
            findings.append(
                observe(
                    kind,
                    "file",
                    pin.file,
                    fault,
                    pin.file,
                    f"git restore {pin.file}",
                    pin.sha256,
                    actual,
                )
            )
        checked += Checked(tuple(findings), (judged(item, findings),))
    return checked


def locked_packages(
    project: str, lock: Lock, target: str | None, found: Packages | None
) -> LockedPackages:
    """Return the packages that an environment should have.

    Raises:
        UsageError: the lock has no such target.
    """
    pin = _chosen(lock, target, found)
    if pin is None:
        names = ", ".join(f"`{each.target}`" for each in lock.python)
        told = f"packages are locked for {names}, and it is not clear which this is"
        mend = f"--target {lock.python[0].target}"
        return LockedPackages(
            finding=observe("python-unproven", "python", "python", told, None, mend)
        )
    try:
        data = read_companions(project, lock).get(pin.file)
        if data is None:
            return LockedPackages()  # its absence is told with the files
        packages = read_pylock(data, pin.file)
    except ComfylockError as error:
        finding = observe("unreadable", "file", pin.file, str(error), pin.file, "comfylock lock")
        return LockedPackages(finding=finding)
    return LockedPackages(packages, parse_target(pin.target).python)


def packages_beside(folder: str, lock: Lock, target: str | None) -> tuple[Package, ...] | None:
    """Return the packages of a lock in a folder, if it is clear which; None otherwise."""
    if not lock.python:
        return None
    known = {pin.target for pin in lock.python}
    return locked_packages(folder, lock, target if target in known else None, None).packages


def _chosen(lock: Lock, target: str | None, found: Packages | None) -> PythonPin | None:
    """Return the target that was named, or the only one that fits an environment."""
    if target is not None:
        pin = next((each for each in lock.python if each.target == target), None)
        if pin is None:
            names = ", ".join(each.target for each in lock.python)
            raise UsageError(f"the lock has no target `{target}`", hint=f"--target one of {names}")
        return pin
    fitting = list(lock.python)
    for fits in (_is_of_python, _is_of_machine, _is_of_torch):
        some = [pin for pin in fitting if fits(pin, found)]
        fitting = some or fitting
    return fitting[0] if len(fitting) == 1 else None


def _is_of_python(pin: PythonPin, found: Packages | None) -> bool:
    return found is not None and parse_target(pin.target).python == found[0].version


def _is_of_machine(pin: PythonPin, found: Packages | None) -> bool:
    if found is None or os.path.isdir(os.path.join(found[0].prefix, "Scripts")):
        return False
    known = PLATFORMS[parse_target(pin.target).platform]
    return (known.sys_platform, known.machine) == (sys.platform, platform.machine())


def _is_of_torch(pin: PythonPin, found: Packages | None) -> bool:
    torch = next((each.version for each in found[1] if each.name == "torch"), None) if found else ""
    return bool(torch) and same_version(pin.torch, torch)
