"""The one address of a reference: where a file is fetched from, for ever if it is pinned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote, urlencode

from comfylock.references.kinds import CivitaiFile, HubFile, ReleaseAsset, RepositoryFile

if TYPE_CHECKING:
    from comfylock.references.kinds import Reference

HUB = "https://huggingface.co"
CIVITAI = "https://civitai.com"
LATEST = "latest"
"""The tag of an asset that is taken from whatever release is the newest."""


class Pinned(Protocol):
    """What model pins and the facts of sources have in common."""

    @property
    def source(self) -> str:
        """`huggingface`, `civitai`, `github-release`, `git`, `url` or `local`."""

    @property
    def repository(self) -> str | None:
        """`org/name`, or a URL for git hosts."""

    @property
    def commit(self) -> str | None:
        """The full commit."""

    @property
    def path(self) -> str | None:
        """The file's path, or the asset's name."""

    @property
    def tag(self) -> str | None:
        """The release."""

    @property
    def version_id(self) -> int | None:
        """CivitAI's model version."""

    @property
    def file_id(self) -> int | None:
        """CivitAI's file."""

    @property
    def url(self) -> str | None:
        """The address of what has nothing else."""


def address_of(pin: Pinned) -> str | None:
    """Return where a pinned file is downloaded, on its canonical host; None if nowhere."""
    reference = _reference_of(pin)
    return pin.url if reference is None else canonical_url(reference)


def _reference_of(pin: Pinned) -> Reference | None:
    if pin.source == "civitai" and pin.version_id:
        return CivitaiFile(version_id=pin.version_id, file_id=pin.file_id)
    if not pin.repository or not pin.path:
        return None
    if pin.source == "huggingface" and pin.commit:
        return HubFile(pin.repository, pin.commit, pin.path)
    if pin.source == "git" and pin.commit:
        return RepositoryFile(pin.repository, f"{pin.commit}/{pin.path}")
    if pin.source == "github-release" and pin.tag:
        return ReleaseAsset(pin.repository, pin.tag, pin.path)
    return None


def canonical_url(reference: Reference, *, hub: str = HUB, civitai: str = CIVITAI) -> str:
    """Return the download address of a reference; pages where nothing can be downloaded.

    `hub` and `civitai` are the services' endpoints, for those who fetch through a mirror.
    """
    match reference:
        case HubFile(repository, revision, path):
            kind = "resolve" if path else "tree"
            address = f"{hub}/{repository}/{kind}/{quote(revision, safe='')}"
            return f"{address}/{quote(path)}" if path else address
        case CivitaiFile():
            return _civitai_url(reference, civitai)
        case ReleaseAsset(repository, tag, name):
            middle = f"{LATEST}/download" if tag == LATEST else f"download/{quote(tag, safe='')}"
            return f"{repository}/releases/{middle}/{quote(name)}"
        case RepositoryFile(repository, location):
            return f"{repository}/raw/{quote(location)}"
    return reference.url


def _civitai_url(file: CivitaiFile, civitai: str) -> str:
    """Return a download address; without the query CivitAI serves whatever is primary now."""
    if file.version_id is None:
        return civitai if file.model_id is None else f"{civitai}/models/{file.model_id}"
    chosen = list(file.filters) if file.file_id is None else [("fileId", str(file.file_id))]
    query = f"?{urlencode(chosen)}" if chosen else ""
    return f"{civitai}/api/download/models/{file.version_id}{query}"
