"""All packs of a resolution: which class types are whose, which pins stay, and the questions."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from comfylock.errors import SourceUnavailableError
from comfylock.lockfile.pack_needs import names_of
from comfylock.lockfile.satisfy import pack_drift, stamps_of
from comfylock.resolve.gaps import changed_digest, class_gap, pack_gap
from comfylock.resolve.identity import Identity, identify, ids_of, united
from comfylock.resolve.moved import at_home, joined, today
from comfylock.resolve.outcome import Notice, Pinned
from comfylock.resolve.pack_pins import derived, missing_notices, needed
from comfylock.resolve.packs import PackPolicy
from comfylock.resolve.wishes import PackWish, assign
from comfylock.sources.interface import Missing, RegistryPack, RegistryVersion

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from comfylock.lockfile.schema import Gap, Lock, PackPin
    from comfylock.registry.store import Registry
    from comfylock.requirements import Requirements
    from comfylock.resolve.outcome import Moves, Unreachable
    from comfylock.resolve.side_by_side import SideBySide
    from comfylock.resolve.sources import Sources
    from comfylock.resolve.wishes import Assignment

Lookup = "RegistryPack | Missing"


class PackRun:
    """Finds a pin for each pack, in as few rounds of questions as there are dependencies."""

    def __init__(
        self,
        needs: Requirements,
        old: Lock,
        moves: Moves,
        sources: Sources,
        registry: Registry,
        side: SideBySide,
    ) -> None:
        self._needs = needs
        self._old = old
        self._moves = moves
        self._sources = sources
        self._registry = registry
        self._side = side
        self._policy = PackPolicy(sources, moves, prefers_latest=needs.prefer == "latest")
        self.pins: dict[str, PackPin] = {}
        self.gaps: list[Gap] = []
        self.notices: list[Notice] = []
        self.names: dict[str, str] = {}
        """A wish's name to that of its pin or gap."""
        self.kept = 0

    def run(self, failures: list[Unreachable]) -> Assignment:
        """Learn everything; services that do not answer are added to `failures`."""
        assignment = assign(self._needs, self._old, {})
        assignment = self._look_up(assignment, failures)
        kept, open_wishes = self._divided(assignment.packs.values())
        identities = self._identified(open_wishes, failures)
        for identity in identities:
            for name in (identity.wish.name, *identity.wish.aliases):
                self.names[name] = identity.wish.name
        fresh = self._joined_with_kept(identities, kept)
        self._pin(fresh, kept, failures)
        self._keep(kept)
        return assignment

    def _look_up(self, assignment: Assignment, failures: list[Unreachable]) -> Assignment:
        """Ask the Comfy Registry who provides the class types that nobody here knows."""
        asked = {
            name: partial(self._sources.registry.provider, name)
            for name, (need, _) in sorted(assignment.open.items())
            if not need.is_ambiguous
        }
        answers = self._side.ask(asked, failures) if asked else {}
        found = {name: a.id for name, a in answers.items() if isinstance(a, RegistryPack)}
        if found:
            assignment = assign(self._needs, self._old, found)
        for name, (need, workflows) in sorted(assignment.open.items()):
            if need.is_ambiguous or name in answers:
                self.gaps.append(class_gap(need, workflows, was_asked=name in answers))
        return assignment

    def _divided(self, wishes: Iterable[PackWish]) -> tuple[dict[str, PackWish], list[PackWish]]:
        """Return the wishes that the old lock still grants, by pin, and the others."""
        locked = {name: pin for pin in self._old.packs for name in names_of(pin)}
        locked |= {pin.name: pin for pin in self._old.packs}
        kept: dict[str, PackWish] = {}
        others: list[PackWish] = []
        stamps = stamps_of(self._needs)
        for wish in sorted(wishes, key=lambda wish: wish.name):
            pin = locked.get(wish.name)
            if (
                pin is None
                or self._moves.moves(pin.name, *pin.aliases)
                or pack_drift(pin, self._needs, stamps)
            ):
                others.append(wish)
                continue
            self.names[wish.name] = pin.name
            known = kept.get(pin.name)
            named = wish.renamed(pin.name)
            kept[pin.name] = named if known is None else known.joined(named, pin.name)
        return kept, others

    def _identified(self, wishes: list[PackWish], failures: list[Unreachable]) -> list[Identity]:
        asked = {wish.name: ids_of(wish, self._registry) for wish in wishes}
        ids = tuple(sorted({pack_id for ids in asked.values() for pack_id in ids}))
        answers: dict[str, RegistryPack | Missing] = {}
        if ids:
            ask = partial(self._sources.registry.packs, ids)
            answers = self._side.ask({ids: ask}, failures).get(ids, {})
        # Where the registry did not answer its packs are unknown; those without an id go on.
        known = [w for w in wishes if all(pack_id in answers for pack_id in asked[w.name])]
        return united(self._identity(wish, answers) for wish in known)

    def _identity(self, wish: PackWish, answers: dict[str, RegistryPack | Missing]) -> Identity:
        """Return where a pack is to be had, by the project's word for its name of today too."""
        identity = identify(wish, self._registry, answers)
        rule = self._needs.pack_rules.get(identity.wish.name)
        if identity.pack is None or rule is None or identity.wish.rule is not None:
            return identity
        wish = replace(identity.wish, rule=rule, groups=rule.groups or identity.wish.groups)
        ruled = identify(wish, self._registry, {**answers, wish.name: identity.pack})
        return replace(ruled, notices=identity.notices)

    def _joined_with_kept(
        self, identities: list[Identity], kept: dict[str, PackWish]
    ) -> list[Identity]:
        """Return the identities that need a pin; others are a kept pin under another name."""
        fresh = []
        for identity in identities:
            name = identity.wish.name
            if name in kept:
                kept[name] = kept[name].joined(identity.wish, name)
                self.notices += identity.notices
            else:
                fresh.append(identity)
        return fresh

    def _pin(
        self, identities: list[Identity], kept: dict[str, PackWish], failures: list[Unreachable]
    ) -> None:
        by_name = {identity.wish.name: identity for identity in identities}
        wanted = {
            name: (identity.pack.id, version)
            for name, identity in by_name.items()
            if identity.pack and (version := self._policy.wanted_version(identity))
        }
        versions: dict[tuple[str, str], RegistryVersion | Missing] = {}
        if wanted:
            names = tuple(sorted(wanted))
            ask = partial(self._sources.registry.versions, tuple(sorted(set(wanted.values()))))
            versions = self._side.ask({names: ask}, failures).get(names, {})
            by_name = {n: i for n, i in by_name.items() if wanted.get(n) in (None, *versions)}
        asked = {name: partial(self._policy.pin, i, versions) for name, i in by_name.items()}
        answers = self._side.ask(asked, failures)
        alone, together = joined((by_name[name] for name in answers), answers)
        for identity in alone:
            self._take(identity, answers[identity.wish.name], kept)
        if together:
            self._pin_together(together, answers, kept, failures)

    def _pin_together(
        self,
        identities: list[Identity],
        answers: Mapping[str, Pinned | Missing],
        kept: dict[str, PackWish],
        failures: list[Unreachable],
    ) -> None:
        """Pin what turned out to be one repository under several names, for all of them."""
        for identity in identities:
            for name in (identity.wish.name, *identity.wish.aliases):
                self.names[name] = identity.wish.name
                found = answers.get(name)
                told = found.notices if isinstance(found, Pinned) else ()
                self.notices += [notice for notice in told if notice.code == "renamed"]
        self._pin(identities, kept, failures)

    def _take(self, identity: Identity, found: Pinned | Missing, kept: dict[str, PackWish]) -> None:
        """Take a pin over, unless it is a kept one under an old name, or not what was promised."""
        wish = identity.wish
        if isinstance(found, Missing):
            self.gaps.append(pack_gap(wish, found))
            return
        before = {pin.name: pin for pin in self._old.packs}
        place = today(identity, found)
        home = at_home(place, (before[name] for name in kept)) if place is not None else None
        if home is not None:
            kept[home] = kept[home].joined(wish, home)
            self.names[wish.name] = home
            self.notices += [notice for notice in found.notices if notice.code == "renamed"]
            return
        pin = derived(found.pin, wish)  # type: ignore[arg-type] # the policy gives no model
        changed = changed_digest(before.get(wish.name), pin)
        if changed is not None and not self._moves.names(wish.name, *pin.aliases):
            self.gaps.append(pack_gap(wish, changed))
            return
        self.pins[wish.name] = pin
        self.notices += found.notices

    def _keep(self, kept: dict[str, PackWish]) -> None:
        before = {pin.name: pin for pin in self._old.packs}
        self.kept = len(kept)
        for name, wish in kept.items():
            pin = before[name]
            added = wish.class_types - set(pin.provides)
            lacking = self._lacking(pin, added) if added else frozenset()
            missing = tuple(sorted({*pin.missing, *lacking}))
            self.pins[name] = needed(replace(pin, missing=missing), wish)
            told = pin.version or (pin.commit or "")[:12]
            self.notices += missing_notices(name, told, tuple(sorted(lacking)))

    def _lacking(self, pin: PackPin, added: frozenset[str]) -> frozenset[str]:
        """Return newly needed class types that a kept pin does not have, if anyone can tell."""
        wish = PackWish(pin.name, class_types=added)
        try:
            if pin.source == "comfy-registry":
                return self._lacking_in_release(pin, wish)
            if pin.source == "git":
                found = self._sources.git.pin(pin.repository or "", pin.commit, read=True)
                if isinstance(found, Missing) or not found.facts.contents.class_types:
                    return frozenset()
                return added - set(found.facts.contents.class_types)
        except SourceUnavailableError as error:
            told = ", ".join(f"`{name}`" for name in sorted(added))
            message = f"could not check whether it provides {told}: {error}"
            self.notices.append(Notice(pin.name, "doubt", message))
        return frozenset()

    def _lacking_in_release(self, pin: PackPin, wish: PackWish) -> frozenset[str]:
        assert pin.version is not None
        assert pin.url is not None
        version = RegistryVersion(pin.name, pin.version, "active", pin.url)
        listed = set(self._sources.registry.class_types(version).names or ())
        if wish.class_types <= listed:
            return frozenset()
        archive = self._sources.registry.archive(version, read=True)
        if not isinstance(archive, Missing):
            listed |= set(archive.contents.class_types or ())
        return wish.class_types - listed if listed else frozenset()
