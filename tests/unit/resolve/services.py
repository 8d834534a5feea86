"""Services in memory that answer as the real ones do, and remember what they were asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field
from packaging.requirements import Requirement

from comfylock.errors import SourceUnavailableError
from comfylock.python.pylock import canonical, digest_of, read_pylock
from comfylock.python.wanted import Compiled, NoSolution, Wanted
from comfylock.resolve.sources import Sources
from comfylock.sources.interface import (
    ArchiveFacts,
    ClassTypes,
    CommitFacts,
    FileFacts,
    GitPin,
    ImageFacts,
    Missing,
    ModelFacts,
    Refs,
    RegistryPack,
    RegistryVersion,
    SourceFacts,
    VersionList,
)

if TYPE_CHECKING:
    from comfylock.references import Reference
    from comfylock.references.image import ImageReference

HASH = "abcdef0123456789" * 4


def release(pack: str, number: str, status: str = "active") -> RegistryVersion:
    """One version of a pack."""
    url = f"https://cdn.comfy.org/acme/{pack}/{number}/node.zip"
    return RegistryVersion(pack, number, status, url)  # type: ignore[arg-type]


class World(Struct):
    """All services at once."""

    releases: dict[str, list[RegistryVersion]] = field(default_factory=dict)
    """Pack id to its versions, the newest first."""
    packs: dict[str, RegistryPack | Missing] = field(default_factory=dict)
    provided: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """`id@version` to class types."""
    providers: dict[str, str] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    """`id@version` to the sha256 of its archive."""
    commits: dict[str, dict[str, str]] = field(default_factory=dict)
    """Repository to revision and commit; `HEAD` is the default branch."""
    moved: dict[str, str] = field(default_factory=dict)
    """Old address of a repository to that of today."""
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    branches: dict[str, dict[str, str]] = field(default_factory=dict)
    """Repository to branch and commit."""
    dates: dict[str, str] = field(default_factory=dict)
    """Commit to its date, where a test cares."""
    files: dict[str, ModelFacts | Missing] = field(default_factory=dict)
    """Address to file."""
    images: dict[str, str] = field(default_factory=dict)
    """`docker.io/library/debian:12 linux/amd64` to the digit that its digest is made of."""
    refused: set[str] = field(default_factory=set)
    """Python packages that cannot be had."""
    wanted: list[Wanted] = field(default_factory=list)
    contents: dict[str, SourceFacts] = field(default_factory=dict)
    """Commit to what its files say."""
    down: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def note(self, service: str, question: str) -> None:
        """Remember a question; raise if the service is down."""
        self.asked.append(f"{service} {question}")
        if service in self.down:
            raise SourceUnavailableError(service, "cannot be reached: connection refused")

    def add(self, pack: str, *numbers: str, provides: tuple[str, ...] = ()) -> None:
        """Publish releases, the newest first."""
        self.releases[pack] = [release(pack, number) for number in numbers]
        for number in numbers:
            self.provided[f"{pack}@{number}"] = provides

    def sources(self) -> Sources:
        """Everything that resolving may ask."""
        models = _Models(self)
        return Sources(
            _Registry(self),
            _Git(self),
            _Files(self),
            models,
            models,
            models,
            models,
            models,
            _Images(self),
            _Packages(self),
        )


class _Registry:
    def __init__(self, world: World) -> None:
        self.world = world

    def packs(self, ids: tuple[str, ...]) -> dict[str, RegistryPack | Missing]:
        self.world.note("comfy-registry", f"packs {' '.join(ids)}")
        return {pack_id: self._pack(pack_id) for pack_id in ids}

    def _pack(self, pack_id: str) -> RegistryPack | Missing:
        if pack_id in self.world.packs:
            return self.world.packs[pack_id]
        versions = self.world.releases.get(pack_id)
        if versions is None:
            return Missing("not-found", f"the Comfy Registry has no pack `{pack_id}`")
        latest = next((v for v in versions if v.status == "active"), None)
        return RegistryPack(pack_id, "active", f"https://github.com/acme/{pack_id}", latest)

    def versions(
        self, wanted: tuple[tuple[str, str], ...]
    ) -> dict[tuple[str, str], RegistryVersion | Missing]:
        self.world.note("comfy-registry", f"versions {len(wanted)}")
        return {(pack, number): self._version(pack, number) for pack, number in wanted}

    def _version(self, pack: str, number: str) -> RegistryVersion | Missing:
        for version in self.world.releases.get(pack, []):
            if version.version == number:
                return version
        return Missing("no-such-version", f"`{pack}` has no version {number}")

    def listing(self, pack_id: str) -> VersionList | Missing:
        self.world.note("comfy-registry", f"listing {pack_id}")
        return VersionList(tuple(self.world.releases.get(pack_id, [])))

    def class_types(self, version: RegistryVersion) -> ClassTypes:
        key = f"{version.id}@{version.version}"
        self.world.note("comfy-registry", f"class-types {key}")
        return ClassTypes(self.world.provided.get(key) or None)

    def archive(self, version: RegistryVersion, *, read: bool) -> ArchiveFacts | Missing:
        key = f"{version.id}@{version.version}"
        self.world.note("comfy-registry", f"archive {key}{' read' if read else ''}")
        return ArchiveFacts(self.world.digests.get(key, HASH), 7)

    def provider(self, class_type: str) -> RegistryPack | Missing:
        self.world.note("comfy-registry", f"provider {class_type}")
        pack = self.world.providers.get(class_type)
        return self._pack(pack) if pack else Missing("not-found", "nobody provides it")


class _Git:
    def __init__(self, world: World) -> None:
        self.world = world

    def refs(self, repository: str) -> Refs | Missing:
        self.world.note("git", f"refs {repository}")
        repository = self.world.moved.get(repository, repository)
        commits = self.world.commits.get(repository)
        if commits is None:
            return Missing("private-or-missing", f"{repository} is not there")
        branches = self.world.branches.get(repository, {})
        tags = self.world.tags.get(repository, {})
        return Refs(repository, "main", commits["HEAD"], branches, tags)

    def pin(self, repository: str, revision: str | None, *, read: bool) -> GitPin | Missing:
        self.world.note("git", f"pin {repository} {revision}{' read' if read else ''}")
        repository = self.world.moved.get(repository, repository)
        known = self.world.commits.get(repository, {})
        tags = self.world.tags.get(repository, {})
        commit = known.get(revision or "HEAD") or tags.get(revision or "")
        commit = commit or self.world.branches.get(repository, {}).get(revision or "")
        if commit is None:
            return Missing("no-such-revision", f"{repository} has no `{revision}`")
        date = self.world.dates.get(commit, f"2025-01-01T00:00:0{len(commit) % 10}Z")
        facts = CommitFacts(
            repository,
            commit,
            "e" * 40,
            date,
            contents=self.world.contents.get(commit, SourceFacts()),
        )
        return GitPin(facts, revision, revision if revision in tags else None)


class _Files:
    def __init__(self, world: World) -> None:
        self.world = world

    def file(self, url: str) -> FileFacts | Missing:
        self.world.note("file", url)
        return FileFacts(url, HASH, 3)


class _Models:
    def __init__(self, world: World) -> None:
        self.world = world

    def find(self, reference: Reference, name: str = "") -> ModelFacts | Missing:
        del name
        key = next(k for k in self.world.files if _means(k, reference))
        self.world.note("model", key)
        return self.world.files[key]


class _Images:
    def __init__(self, world: World) -> None:
        self.world = world

    def find(self, reference: ImageReference, platform: str) -> ImageFacts | Missing:
        self.world.note("image", f"{reference.canonical} {platform}")
        digest = self.world.images.get(f"{reference.canonical} {platform}")
        if digest is None:
            told = f"`{reference.canonical}` is not made for `{platform}`"
            return Missing("no-such-platform", told, "take another")
        warnings = ("it is another image tomorrow",) if reference.tag == "latest" else ()
        digest, index = f"sha256:{digest * 64}", f"sha256:{'9' * 64}"
        return ImageFacts(
            reference.canonical, platform, digest, digest, 7, 1, index, warnings=warnings
        )


class _Packages:
    """Chooses what was asked for at the version 1, and lets `refused` have no solution."""

    def __init__(self, world: World) -> None:
        self.world = world

    def compile(self, wanted: Wanted, *, offline: bool = False) -> Compiled | NoSolution:
        assert not offline
        self.world.note("python", f"{wanted.target.name} {' '.join(wanted.requirements)}")
        self.world.wanted.append(wanted)
        names = [Requirement(text).name for text in wanted.requirements]
        if self.world.refused & set(names):
            return NoSolution("conflict", "they disagree", tuple(sorted(self.world.refused)))
        packages = "".join(
            f'[[packages]]\nname = "{name}"\nversion = "1"\n'
            f'wheels = [{{ url = "https://x/{name}.whl", hashes = {{ sha256 = "{HASH}" }} }}]\n'
            for name in sorted(names)
        )
        pylock = canonical(f'lock-version = "1.0"\n{packages}'.encode())
        return Compiled(pylock, digest_of(pylock), read_pylock(pylock))


def _means(url: str, reference: Reference) -> bool:
    from comfylock.references import parse_reference  # noqa: PLC0415 - a test's own matching

    return parse_reference(url) == reference
