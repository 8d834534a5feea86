"""Locked Python packages at their hosts: is every file still there, and as long as it was?

Source: https://packaging.python.org/en/latest/specifications/pylock-toml/
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote, urlsplit

from msgspec import Struct
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from comfylock.names import printable
from comfylock.python.targets import PLATFORMS
from comfylock.verifying.findings import Checked, Item, judged, observe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.findings import Finding
    from comfylock.python.targets import Target

MEND = "comfylock lock"
PROOF = "its files are there, as long as locked"


class LockedFile(Struct, frozen=True):
    """One file that a package may be installed from."""

    name: str
    url: str
    size: int | None = None
    """Bytes."""


class LockedFiles(Struct, frozen=True):
    """One package of a pylock."""

    name: str
    version: str | None
    files: tuple[LockedFile, ...]


class Heads(Protocol):
    """Whoever can ask for a file without reading it."""

    def head(self, url: str) -> tuple[int, int | None]:
        """Return status and length; raises SourceUnavailableError where nobody answers."""


def locked_files(data: bytes, target: Target) -> tuple[LockedFiles, ...]:
    """Return the packages of a pylock with the files that fit a target; all where none does.

    What cannot be understood is left out: whoever reads the pylock itself says so.
    """
    try:
        document = tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        return ()
    packages = document.get("packages")
    return tuple(
        _package(each, target)
        for each in (packages if isinstance(packages, list) else [])
        if isinstance(each, dict) and isinstance(each.get("name"), str)
    )


def _package(table: dict[str, Any], target: Target) -> LockedFiles:
    found = list(_files(table))
    fitting = [file for file in found if _fits(file.name, target)] or found
    version = table.get("version")
    shown = version if isinstance(version, str) else None
    return LockedFiles(canonicalize_name(table["name"]), shown, tuple(fitting))


def _files(table: dict[str, Any]) -> Iterator[LockedFile]:
    wheels = table.get("wheels")
    some = wheels if isinstance(wheels, list) and wheels else [table.get("sdist")]
    for each in [*some, table.get("archive")]:
        url = each.get("url") if isinstance(each, dict) else None
        if not isinstance(url, str) or not url.startswith(("https://", "http://")):
            continue
        size = each.get("size")
        name = unquote(urlsplit(url).path.rpartition("/")[2])
        yield LockedFile(name, url, size if isinstance(size, int) else None)


def _fits(name: str, target: Target) -> bool:
    """Say whether a wheel may be installed on a target; what is no wheel always fits."""
    if not name.endswith(".whl"):
        return True
    try:
        tags = parse_wheel_filename(name)[3]
    except InvalidWheelFilename:
        return True
    machine = PLATFORMS[target.platform].machine.lower()
    system = {"linux": "linux", "macos": "macosx", "windows": "win"}
    wanted = system[target.platform.partition("-")[0]]
    exact = f"cp{target.python.replace('.', '')}"
    for tag in tags:
        is_python = tag.interpreter == exact or "abi3" in tag.abi or tag.interpreter[:3] == "py3"
        is_machine = machine in tag.platform or "universal" in tag.platform
        if is_python and (tag.platform == "any" or (wanted in tag.platform and is_machine)):
            return True
    return False


def package_checked(package: LockedFiles, heads: Heads) -> Checked:
    """Ask for the head of every file of a package; none is read. Uses the network."""
    findings = [found for file in package.files if (found := _asked(package, file, heads))]
    # Not verified: that a file is as long as it was says nothing of its bytes.
    item = Item("python", package.name, "unproven", package.version, proof=PROOF)
    return Checked(tuple(findings), (judged(item, findings),))


def _asked(package: LockedFiles, file: LockedFile, heads: Heads) -> Finding | None:
    status, length = heads.head(file.url)
    shown = f"`{printable(file.name, 120)}` of `{package.name}`"
    if status in (404, 410):
        told = f"{shown} is not there any more"
        return observe("upstream-gone", "python", package.name, told, mend=MEND)
    if status in (401, 403, 451):
        told = f"{shown} is there and nobody may have it ({status})"
        return observe("upstream-refused", "python", package.name, told, mend=MEND)
    if status != 200:
        told = f"nobody says whether {shown} is there ({status})"
        return observe("upstream-unproven", "python", package.name, told)
    if None in (length, file.size) or length == file.size:
        return None
    told = f"{shown} has {length} bytes, locked are {file.size}"
    mend, expected, actual = "ask its author why", str(file.size), str(length)
    return observe("upstream-digest", "python", package.name, told, None, mend, expected, actual)
