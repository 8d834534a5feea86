"""Whoever has models: which service a reference leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from comfylock.references import CivitaiFile, HubFile, ReleaseAsset, RepositoryFile

if TYPE_CHECKING:
    from collections.abc import Callable

    from comfylock.references import Reference
    from comfylock.sources.interface import (
        CivitaiSource,
        HubSource,
        Missing,
        ModelFacts,
        ReleaseSource,
        RepositoryFileSource,
        UrlSource,
    )


class ModelServices(Protocol):
    """One service for each kind of reference."""

    @property
    def hub(self) -> HubSource:
        """Hugging Face."""

    @property
    def civitai(self) -> CivitaiSource:
        """CivitAI."""

    @property
    def releases(self) -> ReleaseSource:
        """GitHub's releases."""

    @property
    def repository_files(self) -> RepositoryFileSource:
        """Files of repositories."""

    @property
    def urls(self) -> UrlSource:
        """Any other address."""

    @property
    def reference(self) -> Callable[[str], Reference]:
        """What an address means."""


def find_model(reference: Reference, name: str, services: ModelServices) -> ModelFacts | Missing:
    """Return what the service of a reference says of a model called `name`. Uses the network.

    Raises:
        SourceUnavailableError: it cannot be reached.
    """
    if isinstance(reference, HubFile):
        return services.hub.find(reference)
    if isinstance(reference, CivitaiFile):
        return services.civitai.find(reference, name)
    if isinstance(reference, ReleaseAsset):
        return services.releases.find(reference)
    if isinstance(reference, RepositoryFile):
        return services.repository_files.find(reference)
    return services.urls.find(reference)
