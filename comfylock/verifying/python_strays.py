"""What is in an environment's folders of packages and belongs to none of them; nothing is run.

Source: https://packaging.python.org/en/latest/specifications/recording-installed-packages/,
https://docs.python.org/3/library/site.html
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from comfylock.names import printable
from comfylock.verifying import mends
from comfylock.verifying.disk import read_small
from comfylock.verifying.findings import Checked, Item, observe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from comfylock.verifying.python_environment import Distribution, Environment

MAX_RECORD = 64 << 20
"""Bytes of a list of a package's files."""

_STARTUP = frozenset({"sitecustomize", "usercustomize"})
_CODE = (".py", ".pyc", ".so", ".pyd")
_METADATA = (".dist-info", ".egg-info")
_SYSTEM = "dist-packages"
"""Folders of a Linux distribution, which keeps its lists elsewhere."""

_OF_VENV = {"_virtualenv.pth": b"import _virtualenv"}
"""What makes environments puts there, with what it says: virtualenv and uv list it nowhere."""


def strays_checked(environment: Environment, found: Iterable[Distribution]) -> Checked:
    """Return what Python would run or import of an environment though no package brought it."""
    packages = list(found)
    checked = Checked()
    for folder in environment.folders:
        if os.path.basename(folder) == _SYSTEM:
            continue
        own = [each for each in packages if os.path.dirname(each.place) == folder]
        known = {name for each in own for name in _names_of(each)}
        for name in _names(folder):
            if name not in known:
                checked += _judged(folder, name)
    return checked


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:  # told where the packages are read
        return []


def _names_of(package: Distribution) -> Iterator[str]:
    """Yield the names at the top of a folder that are a package's, by its own list."""
    for file in ("RECORD", "installed-files.txt", "top_level.txt"):
        try:
            data = read_small(os.path.join(package.place, file), MAX_RECORD)
        except OSError:
            data = None
        if data is None:
            continue
        for line in data.decode("utf-8", "surrogateescape").splitlines():
            name = line.lstrip('"').removeprefix("../").partition("/")[0].partition(",")[0]
            yield from (name, *(f"{name}{end}" for end in _CODE if file == "top_level.txt"))
        return


def _judged(folder: str, name: str) -> Checked:
    path = os.path.join(folder, name)
    stem = name.partition(".")[0]
    if name.endswith(_METADATA) or (stem == "_virtualenv" and _is_of_venv(path, name)):
        return Checked()
    is_package = os.path.isdir(path) and any(n.startswith("__init__.") for n in _names(path))
    if name.endswith(".egg-link"):
        name = canonicalize_name(name.removesuffix(".egg-link"))
        told = f"`{printable(name, 80)}` runs from a source folder, where its code can change"
        return _told("python-editable", name, told, path)
    if name.endswith(".pth") or (stem in _STARTUP and (is_package or name.endswith(_CODE))):
        told = f"Python runs `{printable(name, 80)}` at its start, and no installed package has it"
        return _told("python-startup", name, told, path)
    if is_package or name.endswith(_CODE):
        told = f"Python can import `{printable(name, 80)}`, and no installed package has it"
        return _told("python-stray", name, told, path + os.sep * is_package)
    return Checked()


def _is_of_venv(path: str, name: str) -> bool:
    if name not in _OF_VENV:
        return name == "_virtualenv.py"
    try:
        return (read_small(path, 1000) or b"").strip() == _OF_VENV[name]
    except OSError:
        return False


def _told(kind: str, name: str, told: str, path: str) -> Checked:
    finding = observe(kind, "python", name, told, path, mends.remove(path))
    return Checked((finding,), (Item("python", name, "extra", error=told),))
