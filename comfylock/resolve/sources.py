"""Everything that resolving may ask, in one hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from comfylock.references import parse_reference

if TYPE_CHECKING:
    from collections.abc import Callable

    from comfylock.python.wanted import PackageSource
    from comfylock.references import Reference
    from comfylock.sources.interface import (
        CivitaiSource,
        FileSource,
        GitSource,
        HubSource,
        ImageSource,
        PackRegistry,
        ReleaseSource,
        RepositoryFileSource,
        UrlSource,
    )


@dataclass(frozen=True, slots=True)
class Sources:
    """One of each kind of service."""

    registry: PackRegistry
    git: GitSource
    files: FileSource
    hub: HubSource
    civitai: CivitaiSource
    releases: ReleaseSource
    repository_files: RepositoryFileSource
    urls: UrlSource
    images: ImageSource
    python: PackageSource
    reference: Callable[[str], Reference] = parse_reference
    """What an address means; mirrors' addresses mean what they mirror."""
