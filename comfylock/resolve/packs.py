"""From a pack that is wished for to its pin: which version, from where, and what is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.lockfile.schema import PackPin
from comfylock.ranges import parse_range
from comfylock.resolve.git_packs import pin_from_git
from comfylock.resolve.outcome import Pinned
from comfylock.resolve.pack_pins import missing_notices, not_provided, with_contents
from comfylock.resolve.pack_policy import (
    Choice,
    choose_exact,
    choose_newest,
    choose_stamped,
    read_stamps,
)
from comfylock.sources.interface import Missing, RegistryVersion, VersionList
from comfylock.versions import is_version

if TYPE_CHECKING:
    from collections.abc import Mapping

    from comfylock.resolve.identity import Identity
    from comfylock.resolve.outcome import Moves, Notice
    from comfylock.resolve.sources import Sources
    from comfylock.resolve.wishes import PackWish

    Versions = Mapping[tuple[str, str], RegistryVersion | Missing]


class PackPolicy:
    """Decides and asks for one pack at a time; threads may share it."""

    def __init__(self, sources: Sources, moves: Moves, *, prefers_latest: bool) -> None:
        self._sources = sources
        self._moves = moves
        self._prefers_latest = prefers_latest

    def wanted_version(self, identity: Identity) -> str | None:
        """Return the exact registry version that has to be looked up, if there is one."""
        if identity.source != "comfy-registry":
            return None
        wish = identity.wish
        exact = self._exact(wish)
        if exact is None and self._follows_stamps(wish) and _range(wish) is None:
            return read_stamps(wish).version
        return exact

    def pin(self, identity: Identity, versions: Versions) -> Pinned | Missing:
        """Return the pin of an identified pack. Uses the network.

        `versions` are what the registry said of every `wanted_version`, by id and version.

        Raises:
            SourceUnavailableError: a service does not answer.
        """
        if identity.missing is not None:
            return identity.missing
        wish = identity.wish
        if identity.source == "file":
            found = self._file(identity)
        elif identity.source == "git":
            found = self._git(identity)
        else:
            found = self._registry(identity, versions)
        if isinstance(found, Missing):
            return found
        told = read_stamps(wish).notices if self._follows_stamps(wish) else ()
        return Pinned(found.pin, tuple(sorted({*identity.notices, *told, *found.notices})))

    def _exact(self, wish: PackWish) -> str | None:
        asked = self._moves.version_of(wish.name, *wish.aliases)
        if asked is not None:
            return asked
        rule = wish.rule.version if wish.rule is not None else None
        exact = rule.removeprefix("==").strip() if rule else ""
        return exact if is_version(exact) else None

    def _follows_stamps(self, wish: PackWish) -> bool:
        return not (self._prefers_latest or self._moves.moves(wish.name, *wish.aliases))

    def _git(self, identity: Identity) -> Pinned | Missing:
        assert identity.place is not None
        wish = identity.wish
        asked = self._moves.version_of(wish.name, *wish.aliases) or identity.revision
        follows = self._follows_stamps(wish)
        return pin_from_git(self._sources.git, wish, identity.place, asked, follows_stamps=follows)

    def _registry(self, identity: Identity, versions: Versions) -> Pinned | Missing:
        wish, pack = identity.wish, identity.pack
        assert pack is not None
        stamps = read_stamps(wish)
        if identity.place and self._exact(wish) is None:
            by_commit = stamps.commits and stamps.version is None and self._follows_stamps(wish)
            if by_commit or (pack.latest is None and not self._has_releases(pack.id)):
                return self._git(identity)
        choice = self._choice(identity, versions)
        if choice.version is None:
            return choice.missing or Missing("no-such-version", f"`{wish.name}` has no release")
        return self._release(wish, choice.version, choice.notices)

    def _has_releases(self, pack_id: str) -> bool:
        listing = self._sources.registry.listing(pack_id)
        return isinstance(listing, VersionList) and bool(listing.versions)

    def _choice(self, identity: Identity, versions: Versions) -> Choice:
        wish, pack = identity.wish, identity.pack
        assert pack is not None
        exact = self._exact(wish)
        if exact is not None:
            return choose_exact(wish.name, exact, versions[pack.id, exact])
        rule = _range(wish)
        stamp = read_stamps(wish).version if self._follows_stamps(wish) else None
        if rule is None and stamp is not None:
            return choose_stamped(wish.name, stamp, versions[pack.id, stamp], pack.latest)
        if rule is None and pack.latest is not None:
            return choose_newest(wish.name, (pack.latest,), None, "")
        listing = self._sources.registry.listing(pack.id)
        if isinstance(listing, Missing):
            return Choice(missing=listing)
        wanted = parse_range(rule) if rule else None
        if stamp is not None and wanted is not None and wanted.admits(stamp):
            same = [v for v in listing.versions if v.version == stamp and v.status == "active"]
            if same:
                return choose_newest(wish.name, same, None, "")
        return choose_newest(wish.name, listing.versions, wanted, f" in `{rule}`" if rule else "")

    def _release(
        self, wish: PackWish, version: RegistryVersion, notices: tuple[Notice, ...]
    ) -> Pinned | Missing:
        listed = self._sources.registry.class_types(version) if wish.class_types else None
        is_covered = listed is None or wish.class_types <= set(listed.names or ())
        archive = self._sources.registry.archive(version, read=not is_covered)
        if isinstance(archive, Missing):
            return archive
        missing = not_provided(wish, listed, archive.contents)
        pin = PackPin(
            name=wish.name,
            source="comfy-registry",
            version=version.version,
            url=version.url,
            sha256=archive.sha256,
            size=archive.size,
            verified="downloaded",
            date=version.date,
            status=version.status if version.status != "active" else None,
            deprecated=version.deprecated,
            missing=missing,
            os=version.os,
            accelerators=version.accelerators,
        )
        pin = with_contents(pin, archive.contents, version.dependencies)
        return Pinned(pin, (*notices, *missing_notices(wish.name, version.version, missing)))

    def _file(self, identity: Identity) -> Pinned | Missing:
        assert identity.place is not None
        wish = identity.wish
        facts = self._sources.files.file(identity.place)
        if isinstance(facts, Missing):
            return facts
        promised = wish.rule.sha256 if wish.rule is not None else None
        if promised is not None and promised != facts.sha256:
            message = f"{facts.url} holds sha256 {facts.sha256}, comfylock.toml says {promised}"
            return Missing("mismatch", message, "find out which of the two is right")
        missing = not_provided(wish, None, facts.contents)
        pin = PackPin(
            name=wish.name,
            source="file",
            repository=facts.repository,
            commit=facts.commit,
            path=facts.path,
            url=facts.url,
            sha256=facts.sha256,
            size=facts.size,
            verified="downloaded",
            missing=missing,
        )
        pin = with_contents(pin, facts.contents)
        return Pinned(pin, tuple(missing_notices(wish.name, "the file", missing)))


def _range(wish: PackWish) -> str | None:
    """Return the versions that the project's rule allows, if it gives a range."""
    return wish.rule.version if wish.rule is not None else None
