"""Which file of a CivitAI version is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.names import printable
from comfylock.sources.interface import Missing

if TYPE_CHECKING:
    from comfylock.references import CivitaiFile
    from comfylock.sources.civitai_answers import Version, VersionFile

MAX_TOLD = 8


def chosen(version: Version, reference: CivitaiFile, name: str) -> VersionFile | Missing:
    """Return the file that a reference means, by what decides it, in this order.

    Its number, what the address filters by, the name that the workflow uses, what CivitAI calls
    the primary file, and that there is one only.
    """
    if not version.files:
        told = f"version {version.id} of CivitAI's model {version.model_id} has no files"
        return Missing("no-such-file", told)
    if reference.file_id is not None:
        found = [file for file in version.files if file.id == reference.file_id]
        return found[0] if found else _none(version, f"file {reference.file_id}")
    files = [file for file in version.files if _fits(file, reference)]
    if not files:
        asked = ", ".join(f"{key}={value}" for key, value in reference.filters)
        return _none(version, f"file with {asked}")
    base = name.replace("\\", "/").rpartition("/")[2].casefold()
    same = [file for file in files if file.name.casefold() == base]
    primary = [file for file in files if file.is_primary]
    for some in (same, primary, files):
        if len(some) == 1:
            return some[0]
    told = f"version {version.id} on CivitAI has several files and nothing says which is meant"
    return Missing("ambiguous", told, _choices(files))


def _fits(file: VersionFile, reference: CivitaiFile) -> bool:
    return all(
        file.traits.get(key, "").casefold() == value.casefold() for key, value in reference.filters
    )


def _none(version: Version, what: str) -> Missing:
    told = f"version {version.id} on CivitAI has no {what}"
    return Missing("no-such-file", told, _choices(version.files))


def _choices(files: list[VersionFile] | tuple[VersionFile, ...]) -> str:
    told = ", ".join(f"{file.id} `{printable(file.name, 60)}`" for file in files[:MAX_TOLD])
    more = f" and {len(files) - MAX_TOLD} more" if len(files) > MAX_TOLD else ""
    return f"add `?fileId=` and one of {told}{more}"
