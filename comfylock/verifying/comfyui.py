"""ComfyUI itself: is a folder one, which version or commit is it, is it as that commit has it?"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec.structs import replace

from comfylock.errors import SourceUnavailableError
from comfylock.names import repository_key
from comfylock.patterns import Pattern
from comfylock.sources.git_checkout import read_checkout
from comfylock.sources.git_folder import CheckoutError
from comfylock.verifying import mends
from comfylock.verifying.digests import Trouble
from comfylock.verifying.disk import read_small
from comfylock.verifying.findings import Checked, Item, judged, observe
from comfylock.verifying.git_packs import SHORT, Locked, checkout_findings
from comfylock.verifying.look import troubled

if TYPE_CHECKING:
    from comfylock.findings import Finding
    from comfylock.lockfile.schema import ComfyuiPin
    from comfylock.sources.git_checkout import Checkout
    from comfylock.sources.git_command import Commands
    from comfylock.verifying.findings import Status

NAME = "comfyui"
MAX_SOURCE = 1 << 20
_SIGNS = (("main.py",), ("nodes.py", "folder_paths.py", "comfyui_version.py", "comfy"))
"""Of each group something must be there."""

_VERSION = Pattern(r"""(?m)^__version__\s*=\s*["']([0-9A-Za-z.+-]{1,40})["']""")
_PROJECT = Pattern(r"""(?m)^version\s*=\s*["']([0-9A-Za-z.+-]{1,40})["']""")

OFFICIAL = frozenset({"github.com/comfyanonymous/comfyui", "github.com/comfy-org/comfyui"})

OWN_PATTERNS = (
    "/custom_nodes/",
    "/models/",
    "/input/",
    "/output/",
    "/temp/",
    "/user/",
    "/web_custom_versions/",
    "/venv/",
    "/.venv/",
    "/extra_model_paths.yaml",
    "/.comfylock/",
)
"""What users put into ComfyUI's folder, as its own `.gitignore` has it, and what an emitted script
keeps there."""

DATA = ("models", "input", "output", "temp", "user")
"""Folders of ComfyUI that hold no code; a link in the place of one leads to a volume."""


def comfyui_fault(folder: str) -> str | None:
    """Say why a folder is no ComfyUI: the second half of a sentence; None if it is one."""
    if not os.path.isdir(folder):
        return "is no folder" if os.path.lexists(folder) else "is not there"
    try:
        names = set(os.listdir(folder))
    except OSError as error:
        return f"cannot be listed: {error.strerror}"
    if all(any(name in names for name in signs) for signs in _SIGNS):
        return None
    return "is no ComfyUI: it has neither `main.py` nor `nodes.py` of one"


def version_of(folder: str) -> str | None:
    """Return the version that ComfyUI's own files say."""
    for name, pattern in (("comfyui_version.py", _VERSION), ("pyproject.toml", _PROJECT)):
        try:
            data = read_small(os.path.join(folder, name), MAX_SOURCE)
        except OSError:
            continue
        match = pattern.search((data or b"").decode("utf-8", "replace"))
        if match is not None:
            return match[1]
    return None


def checkout_of(folder: str, commands: Commands) -> Checkout | None:
    """Return ComfyUI's checkout, what users put into it left out; None if git made none.

    Raises:
        CheckoutError: it cannot be looked at.
        SourceUnavailableError: git is not installed.
    """
    found = read_checkout(commands, folder, ignored=OWN_PATTERNS)
    linked = {name for name in DATA if os.path.islink(os.path.join(folder, name))}
    if found is None or not linked:
        return found
    # Behind a link git misses what the commit keeps there: placeholders and an example picture.
    changes = [change for change in found.changes if change.path.split("/")[0] not in linked]
    return replace(found, changes=tuple(changes))


def comfyui_checked(pin: ComfyuiPin, folder: str, commands: Commands) -> Checked:
    """Compare ComfyUI with its pin."""
    version = version_of(folder)
    item = Item("comfyui", NAME, "verified", pin.version or pin.commit, version)
    try:
        found = checkout_of(folder, commands)
    except (CheckoutError, SourceUnavailableError) as error:
        told = str(error) if isinstance(error, CheckoutError) else f"cannot be looked at: {error}"
        finding = troubled("comfyui", NAME, ".", Trouble("unreadable", told))
        return Checked((finding,), (judged(item, [finding]),))
    if found is not None and pin.commit is not None:
        names = _names(pin)
        locked = Locked("comfyui", NAME, folder, ".", pin.repository, pin.commit, "comfyui", names)
        findings = checkout_findings(locked, found)
        return _item(item, findings, "verified", "commit and every file")
    return _by_version(pin, folder, version, item)


def _names(pin: ComfyuiPin) -> frozenset[str]:
    """Return the names of ComfyUI's repository; it has moved, and both lead to the same."""
    return OFFICIAL if repository_key(pin.repository or "") in OFFICIAL else frozenset()


def _by_version(pin: ComfyuiPin, folder: str, version: str | None, item: Item) -> Checked:
    wanted = pin.version
    if wanted is not None and version is not None and version != wanted.removeprefix("v"):
        told = f"ComfyUI is version {version}, locked is {wanted}"
        repository, commit = pin.repository or "", pin.commit or ""
        aside = mends.move(folder, folder.rstrip(os.sep) + ".old")
        mend = f"{aside} && {mends.clone(folder, repository, commit)}"
        finding = observe("comfyui-version", "comfyui", NAME, told, ".", mend, wanted, version)
        return _item(item, [finding], "verified", "version")
    compared = "only its version was compared" if version and wanted else "nothing was compared"
    told = f"ComfyUI at commit {(pin.commit or '')[:SHORT]} is locked, this is no git checkout"
    finding = observe("comfyui-unproven", "comfyui", NAME, f"{told}: {compared}", ".")
    return _item(item, [finding], "unproven", "version" if version and wanted else "")


def _item(item: Item, findings: list[Finding], status: Status, proof: str) -> Checked:
    made = judged(replace(item, status=status, proof=proof), findings)
    return Checked(tuple(findings), (made,))
