"""What a package resolver is asked and what it answers, whoever it is."""

from __future__ import annotations

from typing import Literal, Protocol

from msgspec import Struct

from comfylock.python.targets import Target
from comfylock.python.torch import TRIO

Cause = Literal[
    "conflict",
    "not-found",
    "no-wheel",
    "platform",
    "python",
    "refused",
]
"""Why there is no solution: versions that disagree, a package or version that no index has, one
that would have to be built, none for the platform or the Python version, a line that uv refuses."""


class Indexes(Struct, frozen=True):
    """Where packages come from; an address may hold a user and a password."""

    default: str | None = None
    """Instead of uv's own."""
    extra: tuple[str, ...] = ()
    """Asked first, in this order; the first that has a package provides all its versions."""
    torch: str | None = None
    """Instead of the target's own, for torch and what is built with it."""


class Upgrade(Struct, frozen=True):
    """Which packages may move although their locked versions would still do."""

    everything: bool = False
    packages: tuple[str, ...] = ()


class Wanted(Struct, frozen=True):
    """One question to a package resolver."""

    target: Target
    requirements: tuple[str, ...]
    """PEP 508 texts; addresses without a name too."""
    constraints: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    """Take the place of whatever anybody asks about the same packages."""
    allowed_builds: tuple[str, ...] = ()
    """Packages whose own code may be run to learn what they need, and to install them."""
    indexes: Indexes = Indexes()
    from_torch: tuple[str, ...] = TRIO
    """Packages that torch's own index provides; each must be among the requirements."""
    earlier: bytes | None = None
    """A pylock whose versions stay where they still fit."""
    upgrade: Upgrade = Upgrade()


class Package(Struct, frozen=True, order=True):
    """One package of a pylock."""

    name: str
    version: str | None = None
    """None for an address that does not say it."""
    digests: tuple[str, ...] = ()
    """sha256 of every file it may be installed from, sorted."""
    url: str | None = None
    """The repository or archive that it comes from, if no index has it."""
    commit: str | None = None
    is_built: bool = False
    """There is no wheel: whoever installs it runs its code."""


class Compiled(Struct, frozen=True, tag="compiled"):
    """Every package with its exact version and digests."""

    pylock: bytes
    """The same for the same answer: no paths, no time, no names of tools' versions."""
    sha256: str
    packages: tuple[Package, ...]
    """Sorted by name."""

    @property
    def versions(self) -> dict[str, str]:
        """Name to version."""
        return {each.name: each.version for each in self.packages if each.version is not None}


class NoSolution(Struct, frozen=True, tag="no-solution"):
    """There is no set of packages that does what was asked."""

    cause: Cause
    message: str
    """What the resolver said, in one paragraph, without secrets."""
    names: tuple[str, ...] = ()
    """Words of it that may be names of packages, normalised, sorted."""
    unbuilt: tuple[str, ...] = ()
    """Of these, the ones that have no wheel and may not be built."""


class PackageSource(Protocol):
    """Whoever can choose Python packages."""

    def compile(self, wanted: Wanted, *, offline: bool = False) -> Compiled | NoSolution:
        """Return the packages for a question; with `offline` from what is known already."""
