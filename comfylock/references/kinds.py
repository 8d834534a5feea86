"""The kinds of references to a model's file, as values."""

from __future__ import annotations

from msgspec import Struct


class HubFile(Struct, frozen=True, order=True):
    """A file of a Hugging Face repository."""

    repository: str
    """`org/name`; `datasets/org/name` and `spaces/org/name` for the other kinds."""
    revision: str
    """A branch, tag, commit or `refs/pr/N`; decoded."""
    path: str
    """Decoded; empty where an address names the repository alone."""


class CivitaiFile(Struct, frozen=True, order=True):
    """A file of a CivitAI model; what is None is for the service to say."""

    model_id: int | None = None
    version_id: int | None = None
    file_id: int | None = None
    filters: tuple[tuple[str, str], ...] = ()
    """`type`, `format`, `size`, `fp` of a download address, sorted."""


class ReleaseAsset(Struct, frozen=True, order=True):
    """A file attached to a GitHub release."""

    repository: str
    """`https://github.com/owner/repo`."""
    tag: str
    """`latest` only as GitHub's own `/releases/latest/download/` means it."""
    name: str


class RepositoryFile(Struct, frozen=True, order=True):
    """A file of a git repository (`/raw/`, `/blob/`, raw.githubusercontent.com)."""

    repository: str
    """`https://host/owner/repo`."""
    location: str
    """Revision and path as the address has them (`main/models/a.pth`); a branch may hold `/`."""


class PlainUrl(Struct, frozen=True, order=True):
    """Any other address."""

    url: str


Reference = HubFile | CivitaiFile | ReleaseAsset | RepositoryFile | PlainUrl
