"""Which packages a Python environment has, read from its files: nothing of it is ever run.

Source: https://packaging.python.org/en/latest/specifications/recording-installed-packages/
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from packaging.utils import canonicalize_name

from comfylock.patterns import Pattern
from comfylock.verifying.disk import read_small

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_METADATA = 4 << 20
MAX_SMALL = 64 << 10
MAX_PACKAGES = 50_000
_PYTHON = Pattern(r"python(\d+\.\d+)t?\Z")
_EMBEDDED = Pattern(r"python(\d)(\d+)\._pth\Z")


class Distribution(Struct, frozen=True, order=True):
    """One installed package, or what is left of one."""

    name: str
    """Normalised."""
    version: str | None
    place: str
    """Its metadata's folder or file."""
    commit: str | None = None
    """Of the repository that it was installed from."""
    url: str | None = None
    is_editable: bool = False
    fault: str | None = None
    """What is wrong with it: the second half of a sentence."""


class Environment(Struct, frozen=True):
    """An environment on disk."""

    executable: str
    prefix: str
    folders: tuple[str, ...]
    """Where its packages are, as Python would search them."""
    version: str | None = None
    """`3.12`."""


class NoEnvironmentError(Exception):
    """No environment could be found: a sentence."""


def environment_of(executable: str) -> Environment:
    """Return the environment that a Python belongs to, by the files around it.

    Raises:
        NoEnvironmentError: there is no such file, or no packages anywhere near it.
    """
    path = os.path.abspath(executable)
    if os.path.isdir(path):
        path = _inside(path)
    if not os.path.lexists(path):
        raise NoEnvironmentError(f"`{executable}` is not there")
    prefix = os.path.dirname(os.path.dirname(path))
    beside = os.path.dirname(path)
    config = _config(prefix) or _config(beside)
    if config is not None:
        return _virtual(path, prefix if _config(prefix) is not None else beside, config)
    for each in dict.fromkeys((prefix, beside, os.path.dirname(os.path.dirname(_real(path))))):
        folders = list(_site_packages(each))
        if folders:
            version = _version_of(path, folders) or _embedded_version(each)
            return Environment(path, each, tuple(folders), version)
    raise NoEnvironmentError(f"`{executable}` has no folder of packages near it")


def _inside(folder: str) -> str:
    """Return the Python of an environment that is named by its folder."""
    for name in ("bin/python", "Scripts/python.exe", "python.exe", "bin/python3"):
        path = os.path.join(folder, *name.split("/"))
        if os.path.lexists(path):
            return path
    raise NoEnvironmentError(f"`{folder}` is a folder without a Python")


def _real(path: str) -> str:
    try:
        return os.path.realpath(path)
    except OSError:
        return path


def _config(prefix: str) -> dict[str, str] | None:
    """Return what a virtual environment's `pyvenv.cfg` says; None if it is none."""
    try:
        data = read_small(os.path.join(prefix, "pyvenv.cfg"), MAX_SMALL)
    except OSError:
        return None
    if data is None:
        return None
    lines = (line.partition("=") for line in data.decode("utf-8", "replace").splitlines())
    return {key.strip().lower(): value.strip() for key, mark, value in lines if mark}


def _virtual(path: str, prefix: str, config: dict[str, str]) -> Environment:
    folders = list(_site_packages(prefix))
    told = config.get("version_info") or config.get("version") or ""
    version = ".".join(told.split(".")[:2]) if told[:1].isdigit() else _version_of(path, folders)
    if config.get("include-system-site-packages", "").lower() == "true" and config.get("home"):
        folders += _site_packages(os.path.dirname(config["home"]))
    if not folders:
        raise NoEnvironmentError(f"`{prefix}` is an environment without a folder of packages")
    return Environment(path, prefix, tuple(dict.fromkeys(folders)), version)


def _site_packages(prefix: str) -> Iterator[str]:
    """Yield the folders of packages below a prefix, as systems lay them out."""
    for library in ("lib", "lib64"):
        root = os.path.join(prefix, library)
        for name in _names(root):
            if name == "python3" or _PYTHON.match(name):
                for kind in ("site-packages", "dist-packages"):
                    folder = os.path.join(root, name, kind)
                    if os.path.isdir(folder) and not (library == "lib64" and os.path.islink(root)):
                        yield folder
    if prefix == "/usr":
        yield from _site_packages("/usr/local")
    windows = os.path.join(prefix, "Lib", "site-packages")
    if os.path.isdir(windows):
        yield windows


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _version_of(path: str, folders: list[str]) -> str | None:
    for text in (*folders, os.path.basename(_real(path))):
        for part in text.replace("\\", "/").split("/"):
            match = _PYTHON.match(part)
            if match is not None:
                return match[1]
    return None


def _embedded_version(prefix: str) -> str | None:
    """Return the version of a Python that was unpacked, as on Windows."""
    matches = (_EMBEDDED.match(name) for name in _names(prefix))
    return next((f"{match[1]}.{match[2]}" for match in matches if match is not None), None)


def distributions(environment: Environment) -> tuple[list[Distribution], list[tuple[str, str]]]:
    """Return the packages of an environment, sorted, and the folders that cannot be read.

    A package that is in two folders counts in the first, as Python finds it there.
    """
    found: list[Distribution] = []
    faults: list[tuple[str, str]] = []
    first: dict[str, str] = {}
    for folder in environment.folders:
        try:
            names = sorted(os.listdir(folder))[:MAX_PACKAGES]
        except OSError as error:
            faults.append((folder, f"cannot be listed: {error.strerror}"))
            continue
        for name in names:
            each = _distribution(folder, name)
            if each is not None and first.setdefault(each.name, folder) == folder:
                found.append(each)
    return sorted(found), faults


def _distribution(folder: str, name: str) -> Distribution | None:
    path = os.path.join(folder, name)
    if name.startswith("~"):
        left = name.lstrip("~").partition("-")[0]
        if name.endswith((".dist-info", ".egg-info")):
            return Distribution(canonicalize_name(left or "?"), None, path, fault="is half removed")
        return None
    if name.endswith(".dist-info"):
        return _described(path, "METADATA")
    if name.endswith(".egg-info"):
        return _described(path, "PKG-INFO" if os.path.isdir(path) else "")
    return None


def _described(path: str, file: str) -> Distribution:
    """Return what a package's metadata says."""
    stem = os.path.basename(path).rpartition(".")[0]
    guess, _, version = stem.partition("-")
    plain = Distribution(canonicalize_name(guess), version.partition("-py")[0] or None, path)
    try:
        data = read_small(os.path.join(path, file) if file else path, MAX_METADATA)
        direct = read_small(os.path.join(path, "direct_url.json"), MAX_SMALL) if file else None
    except OSError as error:
        return msgspec.structs.replace(plain, fault=f"cannot be read: {error.strerror}")
    if data is None:
        return msgspec.structs.replace(plain, fault=f"has no {file or 'metadata'}")
    fields = _header(data)
    if "name" not in fields or "version" not in fields:
        return msgspec.structs.replace(plain, fault="has metadata without name and version")
    url, commit, is_editable = _direct(direct)
    return Distribution(
        canonicalize_name(fields["name"]), fields["version"], path, commit, url, is_editable
    )


def _header(data: bytes) -> dict[str, str]:
    """Return name and version of a METADATA's header."""
    found: dict[str, str] = {}
    for line in data[:MAX_SMALL].decode("utf-8", "replace").splitlines():
        if not line.strip():
            break
        key, mark, value = line.partition(":")
        if mark and key.lower() in ("name", "version") and value.strip():
            found.setdefault(key.lower(), value.strip()[:200])
    return found


class _Vcs(Struct, frozen=True):
    commit_id: str | None = None


class _Dir(Struct, frozen=True):
    editable: bool = False


class _Direct(Struct, frozen=True):
    url: str = ""
    vcs_info: _Vcs = _Vcs()
    dir_info: _Dir = _Dir()


def _direct(data: bytes | None) -> tuple[str | None, str | None, bool]:
    """Return address, commit and whether it runs from a folder of sources.

    Source: https://packaging.python.org/en/latest/specifications/direct-url/
    """
    if data is None:
        return None, None, False
    try:
        told = msgspec.json.decode(data, type=_Direct)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None, None, False
    return told.url or None, told.vcs_info.commit_id, told.dir_info.editable
