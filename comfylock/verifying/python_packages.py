"""The packages of an environment against those that are locked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace
from packaging.version import InvalidVersion, Version

from comfylock.names import printable, repository_key
from comfylock.redaction import redact_url
from comfylock.verifying import mends
from comfylock.verifying.digests import Trouble
from comfylock.verifying.findings import Checked, Item, judged, observe
from comfylock.verifying.look import troubled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from comfylock.findings import Finding
    from comfylock.python.wanted import Package
    from comfylock.verifying.python_environment import Distribution, Environment

TOOLS = frozenset({"pip", "setuptools", "uv", "wheel"})
"""What environments have to install packages with; they are no deviation."""

SHORT = 10


def packages_checked(
    locked: Iterable[Package],
    environment: Environment,
    found: Iterable[Distribution],
    python: str | None = None,
) -> Checked:
    """Compare an environment's packages with the locked ones, and its Python with `python`."""
    by_name: dict[str, list[Distribution]] = {}
    for each in found:
        by_name.setdefault(each.name, []).append(each)
    checked = _interpreter(environment, python)
    wanted = {package.name: package for package in locked}
    for name in sorted(wanted):
        checked += _package(wanted[name], by_name.get(name, []), environment.executable)
    for name in sorted(by_name.keys() - wanted.keys()):
        checked += _unlocked(by_name[name], environment.executable)
    return checked


def same_version(first: str | None, second: str | None) -> bool:
    """Say whether two texts are one version, in whatever spelling."""
    if first == second:
        return True
    try:
        return Version(first or "") == Version(second or "")
    except InvalidVersion:
        return False


def _interpreter(environment: Environment, python: str | None) -> Checked:
    if python is None or environment.version is None or environment.version == python:
        return Checked()
    told = f"the environment has Python {environment.version}, locked is {python}"
    mend = f"uv venv --python {python} {mends.quote(environment.prefix)}"
    finding = observe(
        "python-interpreter", "python", "python", told, None, mend, python, environment.version
    )
    return Checked((finding,))


def _package(package: Package, found: list[Distribution], python: str) -> Checked:
    item = Item("python", package.name, "verified", package.version, proof="version")
    asked = f"{package.name}=={package.version}" if package.version else package.name
    whole = [each for each in found if each.fault is None]
    findings = [_broken(each, asked, python) for each in found if each.fault is not None]
    if not whole:
        if not findings:
            told = f"{_label(package)} is not installed"
            mend = mends.package(python, "install", asked)
            findings = [observe("python-missing", "python", package.name, told, None, mend)]
        return Checked(tuple(findings), (judged(item, findings),))
    first = whole[0]
    item = Item("python", package.name, "verified", package.version, first.version, proof="version")
    if len(whole) > 1:
        told = f"`{package.name}` is installed in {len(whole)} versions: "
        told += ", ".join(printable(str(each.version), 40) for each in whole)
        mend = f"{mends.package(python, 'uninstall', package.name)} && "
        mend += mends.package(python, "install", asked)
        place = whole[1].place
        findings.append(observe("python-duplicate", "python", package.name, told, place, mend))
    if not same_version(package.version, first.version) and package.version is not None:
        told = f"`{package.name}` is {printable(str(first.version), 40)}, "
        told += f"locked is {package.version}"
        mend = mends.package(python, "install", asked)
        findings.append(
            observe(
                "python-version",
                "python",
                package.name,
                told,
                first.place,
                mend,
                package.version,
                first.version,
            )
        )
    findings += _source(package, first, python)
    if package.version is None and package.commit is None:  # an address: nothing to compare with
        item = replace(item, status="unproven", proof="it is there")
    return Checked(tuple(findings), (judged(item, findings),))


def _label(package: Package) -> str:
    return f"`{package.name}` {package.version}" if package.version else f"`{package.name}`"


def _source(package: Package, found: Distribution, python: str) -> list[Finding]:
    """Compare where a package is from."""
    if found.is_editable:
        told = f"`{package.name}` runs from a source folder, where its code can change"
        mend = mends.package(python, "install", f"{package.name}=={package.version}")
        return [observe("python-editable", "python", package.name, told, found.place, mend)]
    if package.commit is None:
        if package.url is None and found.commit is not None:
            told = f"`{package.name}` is from commit {found.commit[:SHORT]} of a repository, "
            told += "locked is a release"
            mend = mends.package(python, "install", f"{package.name}=={package.version}")
            return [observe("python-source", "python", package.name, told, found.place, mend)]
        return []
    where = f"{package.name} @ git+{package.url}@{package.commit}"
    mend = mends.package(python, "install", where)
    is_same = found.url is None or repository_key(found.url) == repository_key(package.url or "")
    if found.commit == package.commit and is_same:
        return []
    at = f"commit {found.commit[:SHORT]}" if found.commit else "a release"
    if found.url and not is_same:
        at += f" of `{redact_url(found.url)}`"
    told = f"`{package.name}` is from {at}, locked is commit {package.commit[:SHORT]}"
    return [
        observe(
            "python-source",
            "python",
            package.name,
            told,
            found.place,
            mend,
            package.commit,
            found.commit,
        )
    ]


def _broken(found: Distribution, asked: str, python: str) -> Finding:
    if (found.fault or "").startswith("cannot be read"):
        return troubled("python", found.name, found.place, Trouble("unreadable", found.fault or ""))
    told = f"`{printable(found.place, 160)}` {found.fault}"
    mend = mends.package(python, "install", "--reinstall", asked)
    return observe("python-broken", "python", found.name, told, found.place, mend)


def _unlocked(found: list[Distribution], python: str) -> Checked:
    """Say that a package is not locked; what is broken about it is said first."""
    first = found[0]
    if first.fault is not None:
        return Checked((_broken(first, first.name, python),))
    if first.name in TOOLS:
        return Checked()
    told = f"`{first.name}` {printable(str(first.version), 40)} is not locked"
    mend = mends.package(python, "uninstall", first.name)
    finding = observe("python-extra", "python", first.name, told, first.place, mend)
    return Checked((finding,), (Item("python", first.name, "extra", found=first.version),))
