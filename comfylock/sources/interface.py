"""What services say, in one shape for all: facts about packs and models, or why there are none."""

from __future__ import annotations

from typing import Literal, Protocol

from msgspec import Struct

from comfylock.references import (  # noqa: TC001 - msgspec reads annotations
    CivitaiFile,
    HubFile,
    PlainUrl,
    ReleaseAsset,
    RepositoryFile,
)
from comfylock.references.image import ImageReference  # noqa: TC001 - as the others

Reason = Literal[
    "not-found",
    "private-or-missing",
    "no-such-version",
    "no-such-revision",
    "no-such-file",
    "no-such-platform",
    "needs-token",
    "token-refused",
    "gated",
    "banned",
    "deleted",
    "flagged",
    "gone",
    "legal",
    "not-a-file",
    "not-an-archive",
    "not-an-image",
    "too-large",
    "not-allowed",
    "ambiguous",
    "unhashed",
    "mismatch",
    "offline",
    "no-source",
]
"""Why there is nothing to pin; stable, part of `--json` and of `[[unresolved]]`."""


class Missing(Struct, frozen=True, tag="missing"):
    """There is nothing to pin, and why: a value, not an error."""

    reason: Reason
    message: str
    """One sentence without a full stop: what, where."""
    hint: str | None = None
    """What to do about it."""


class ModelFacts(Struct, frozen=True, tag="model"):
    """One file that exists, as comfylock.lockfile.schema.ModelPin holds it."""

    source: Literal["huggingface", "civitai", "github-release", "git", "url"]
    sha256: str | None
    size: int | None
    """Bytes."""
    verified: Literal["upstream", "downloaded"] | None
    unhashed: str | None = None
    """Why there is no sha256."""
    requested: str | None = None
    """The moving part of the reference, such as `main`; None if it was exact."""
    repository: str | None = None
    commit: str | None = None
    path: str | None = None
    tag: str | None = None
    model_id: int | None = None
    version_id: int | None = None
    file_id: int | None = None
    url: str | None = None
    licence: str | None = None
    gated: str | None = None
    private: bool = False
    warnings: tuple[str, ...] = ()
    """What a person should know, a sentence each: renamed, pickle, scan result."""


class SourceFacts(Struct, frozen=True, tag="source"):
    """What a pack's own files say, read without running any."""

    runs_code: tuple[str, ...] = ()
    """`install.py`, `prestartup_script.py`, native builds (`setup.py`), sorted."""
    requirements: tuple[str, ...] = ()
    """Lines of requirements.txt and what it takes in, else pyproject's dependencies, in order:
    without comments and secrets, with their places behind ` # `."""
    class_types: tuple[str, ...] | None = None
    """Class types and frontend-only types that a static reading found, sorted; None: not read."""
    programs: tuple[str, ...] = ()
    """Programs that its Python starts, of those that Debian has, sorted."""
    needs_gpu: tuple[str, ...] = ()
    """`FILE:LINE what` for each thing that asks for a GPU on import, sorted."""


class ArchiveFacts(Struct, frozen=True, tag="archive"):
    """A registry archive that was fetched and hashed."""

    sha256: str
    size: int
    """Bytes."""
    contents: SourceFacts = SourceFacts()


class RegistryVersion(Struct, frozen=True, tag="version"):
    """One version of a pack in the Comfy Registry."""

    id: str
    """The pack's canonical id, lower case."""
    version: str
    status: Literal["active", "pending", "flagged", "banned", "deleted"]
    url: str
    """The archive, on its canonical host."""
    deprecated: bool = False
    dependencies: tuple[str, ...] = ()
    date: str | None = None
    """UTC: `2025-03-01T12:00:00Z`."""
    os: tuple[str, ...] = ()
    """Short names, sorted: `linux`, `macos`, `windows`; empty: any."""
    accelerators: tuple[str, ...] = ()
    """Short names, sorted: `ascend`, `cuda`, `intel`, `metal`, `rocm`; empty: any."""
    extraction: Literal["pending", "success", "failed"] | None = None
    """How the registry's search for class types went; None: it does not say."""
    is_mirrored: bool | None = None
    """The configured endpoint serves the archive in its host's stead; None: not known."""


class RegistryPack(Struct, frozen=True, tag="pack"):
    """One pack in the Comfy Registry."""

    id: str
    """Canonical, lower case; may differ from the id that was asked for."""
    status: Literal["active", "banned", "deleted"]
    repository: str | None = None
    latest: RegistryVersion | None = None
    """The newest active version; None if there is none."""


class VersionList(Struct, frozen=True, tag="versions"):
    """All versions of a pack, the newest first by SemVer order."""

    versions: tuple[RegistryVersion, ...] = ()


class ClassTypes(Struct, frozen=True, tag="class-types"):
    """The class types that the registry extracted from a version; None: it cannot tell."""

    names: tuple[str, ...] | None


class Refs(Struct, frozen=True, tag="refs"):
    """What a git remote has to offer."""

    repository: str
    """The URL after renames, normalised."""
    default_branch: str | None
    head: str | None
    """The commit of the default branch; None for an empty repository."""
    branches: dict[str, str] = {}
    """Name to commit."""
    tags: dict[str, str] = {}
    """Name to commit; annotated tags are peeled."""


class CommitFacts(Struct, frozen=True, tag="commit"):
    """A commit that was fetched, so it exists."""

    repository: str
    commit: str
    tree: str
    date: str
    """UTC, when it was committed."""
    submodules: tuple[str, ...] = ()
    """`path commit url` each, sorted by path; relative URLs made absolute."""
    on_branch: bool = True
    """False: no branch or tag of this repository contains it (a fork's, or rewritten history)."""
    contents: SourceFacts = SourceFacts()


class GitPin(Struct, frozen=True, tag="git-pin"):
    """A revision of a git repository, resolved and proven."""

    facts: CommitFacts
    requested: str | None
    """As asked for; None for the default branch."""
    tag: str | None = None
    """The tag that names the commit, if it was asked for by one or is the newest."""
    warnings: tuple[str, ...] = ()


class FileFacts(Struct, frozen=True, tag="file"):
    """A single-file pack that was fetched and hashed."""

    url: str
    sha256: str
    size: int
    repository: str | None = None
    commit: str | None = None
    path: str | None = None
    requested: str | None = None
    contents: SourceFacts = SourceFacts()


class ImageFacts(Struct, frozen=True, tag="image"):
    """A container image for one platform, every digest proven on the bytes."""

    reference: str
    """Canonical, as asked for: `docker.io/library/ubuntu:24.04`."""
    platform: str
    """`linux/amd64`."""
    manifest: str
    """`sha256:…` of the platform's own manifest."""
    config: str
    """`sha256:…`, which Docker calls the image's id."""
    size: int
    """Bytes of all layers, as they are downloaded."""
    layers: int
    index: str | None = None
    """`sha256:…` of the list of platforms; None if the image is for one only."""
    warnings: tuple[str, ...] = ()
    """What a person should know, a sentence each."""

    @property
    def digest(self) -> str:
        """What to pin: the one digest that the tag leads to, for all platforms."""
        return self.index or self.manifest


class PackRegistry(Protocol):
    """The Comfy Registry."""

    def packs(self, ids: tuple[str, ...]) -> dict[str, RegistryPack | Missing]:
        """Return what the registry knows of each id; old ids lead to the pack of today."""

    def versions(
        self, wanted: tuple[tuple[str, str], ...]
    ) -> dict[tuple[str, str], RegistryVersion | Missing]:
        """Return exact versions by (id, version), in any status; many in one request."""

    def listing(self, pack_id: str) -> VersionList | Missing:
        """Return all versions of a pack, the newest first."""

    def class_types(self, version: RegistryVersion) -> ClassTypes:
        """Return the class types that the registry extracted from a version."""

    def archive(self, version: RegistryVersion, *, read: bool) -> ArchiveFacts | Missing:
        """Return the digest of a version's archive; with `read`, its class types too."""

    def provider(self, class_type: str) -> RegistryPack | Missing:
        """Return the pack that the registry's reverse lookup names for a class type."""


class GitSource(Protocol):
    """Any git host."""

    def refs(self, repository: str) -> Refs | Missing:
        """Return branches and tags of a remote."""

    def pin(self, repository: str, revision: str | None, *, read: bool) -> GitPin | Missing:
        """Return the commit that a branch, tag, short or full commit means, proven by a fetch.

        None means the default branch. With `read`, the class types of the source are read too.
        """


class FileSource(Protocol):
    """Packs that are one Python file."""

    def file(self, url: str) -> FileFacts | Missing:
        """Return the digest of a single-file pack, at a commit where its host has one."""


class HubSource(Protocol):
    """Hugging Face."""

    def find(self, reference: HubFile) -> ModelFacts | Missing:
        """Return a file of a repository at the commit that its revision means."""


class CivitaiSource(Protocol):
    """CivitAI."""

    def find(self, reference: CivitaiFile, name: str) -> ModelFacts | Missing:
        """Return a file of a model version; `name` decides where the reference leaves it open."""


class ReleaseSource(Protocol):
    """GitHub release assets."""

    def find(self, reference: ReleaseAsset) -> ModelFacts | Missing:
        """Return an asset of a release."""


class RepositoryFileSource(Protocol):
    """Files of git repositories."""

    def find(self, reference: RepositoryFile) -> ModelFacts | Missing:
        """Return a file at the commit that its revision means."""


class UrlSource(Protocol):
    """Any other address."""

    def find(self, reference: PlainUrl) -> ModelFacts | Missing:
        """Return what an address holds, hashed; a web page is no file."""


class ImageSource(Protocol):
    """Registries of container images."""

    def find(self, reference: ImageReference, platform: str) -> ImageFacts | Missing:
        """Return an image for a platform such as `linux/amd64`, at the digests of now."""
