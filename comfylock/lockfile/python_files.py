"""What a pylock installs, file by file, for those who hand it on in other formats.

A pylock is a stranger's word, as the lock is that holds its digest: whatever is not spelled as
PEP 751 wants it is a fault.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from packaging.markers import InvalidMarker, Marker
from packaging.utils import InvalidName, canonicalize_name
from packaging.version import InvalidVersion, Version

from comfylock.errors import LockParseError
from comfylock.lockfile.values import address_fault, commit_fault, digest_fault, text_fault
from comfylock.patterns import Pattern
from comfylock.python.pylock import FILE, pylock_document

_FOLDER = Pattern(r"[A-Za-z0-9_.+-]+(?:/[A-Za-z0-9_.+-]+)*\Z")
"""A folder of a repository or archive: nothing that ends a fragment, or begins an option of pip."""


class LockedFile(Struct, frozen=True, order=True):
    """One file that a package may be installed from."""

    url: str
    sha256: str
    size: int | None = None
    """Bytes."""

    @property
    def name(self) -> str:
        """The file's name, as the address has it."""
        return self.url.partition("?")[0].rpartition("/")[2]


class LockedPackage(Struct, frozen=True):
    """One package."""

    name: str
    """Normalised."""
    version: str | None = None
    """None for an address that does not say it."""
    marker: str | None = None
    wheels: tuple[LockedFile, ...] = ()
    """Sorted; all of them fit the target."""
    sdist: LockedFile | None = None
    archive: LockedFile | None = None
    """Where it comes from if no index has it."""
    repository: str | None = None
    """A git repository that it comes from."""
    commit: str | None = None
    subdirectory: str | None = None

    @property
    def files(self) -> tuple[LockedFile, ...]:
        """What is installed: a wheel if there is one, else the one source."""
        source = self.archive or self.sdist
        return self.wheels or ((source,) if source is not None else ())


def locked_packages(data: bytes, file: str = FILE) -> tuple[LockedPackage, ...]:
    """Return the packages of a pylock, sorted.

    Raises:
        LockParseError: it cannot be read, or something in it is not spelled as it must be.
    """
    found = []
    for index, table in enumerate(pylock_document(data, file)["packages"]):
        try:
            found.append(_package(table))
        except ValueError as error:
            raise LockParseError(file, ((f"packages[{index}]", str(error)),)) from error
    return tuple(sorted(found, key=lambda each: (each.name, each.version or "", each.marker or "")))


def _package(table: dict[str, Any]) -> LockedPackage:
    vcs = _table(table, "vcs")
    commit = _text(vcs, "commit-id") if vcs else None
    if vcs and (vcs.get("type") != "git" or commit is None or commit_fault(commit)):
        raise ValueError("its source must be a git repository at a full commit")
    archive, sdist = _table(table, "archive"), _table(table, "sdist")
    found = LockedPackage(
        name=_name(table),
        version=_version(table),
        marker=_marker(table),
        wheels=tuple(sorted(map(_file, _wheels(table)))),
        sdist=_file(sdist) if sdist else None,
        archive=_file(archive) if archive else None,
        repository=_address(vcs) if vcs else None,
        commit=commit,
        subdirectory=_subdirectory(vcs or archive or {}),
    )
    if not found.files and found.commit is None:
        raise ValueError("it has no file that could be installed")
    return found


def _name(table: dict[str, Any]) -> str:
    try:
        return canonicalize_name(table["name"], validate=True)
    except InvalidName as error:
        raise ValueError("its name is none") from error


def _version(table: dict[str, Any]) -> str | None:
    text = _text(table, "version")
    try:
        return None if text is None else str(Version(text))
    except InvalidVersion as error:
        raise ValueError("its version is none") from error


def _marker(table: dict[str, Any]) -> str | None:
    text = _text(table, "marker")
    try:
        return None if text is None else str(Marker(text))
    except InvalidMarker as error:
        raise ValueError("its marker is none") from error


def _wheels(table: dict[str, Any]) -> list[dict[str, Any]]:
    wheels = table.get("wheels", [])
    if not isinstance(wheels, list) or not all(isinstance(each, dict) for each in wheels):
        raise ValueError("its wheels must be tables")
    return wheels


def _file(table: dict[str, Any]) -> LockedFile:
    hashes = table.get("hashes")
    digest = hashes.get("sha256") if isinstance(hashes, dict) else None
    if not isinstance(digest, str) or digest_fault(digest):
        raise ValueError("a file of it has no sha256")
    size = table.get("size")
    is_size = isinstance(size, int) and not isinstance(size, bool) and size >= 0
    return LockedFile(_address(table), digest, size if is_size else None)


def _address(table: dict[str, Any]) -> str:
    text = _text(table, "url")
    if text is None or text_fault(text) or address_fault(text):
        raise ValueError("the address of a file of it is none")
    return text


def _subdirectory(table: dict[str, Any]) -> str | None:
    text = _text(table, "subdirectory")
    if text is not None and (not _FOLDER.match(text) or {".", ".."} & set(text.split("/"))):
        raise ValueError("its subdirectory leads elsewhere")
    return text


def _table(table: dict[str, Any], key: str) -> dict[str, Any] | None:
    value = table.get(key)
    if value is not None and not isinstance(value, dict):
        raise ValueError(f"its {key} must be a table")
    return value


def _text(table: dict[str, Any], key: str) -> str | None:
    value = table.get(key)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"its {key} must be a text")
    return value
