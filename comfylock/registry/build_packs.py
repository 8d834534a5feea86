"""Which addresses, ids and names mean the same node pack, and what the pack is called."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct, field

from comfylock.names import COMFYUI, normalise_registry_id
from comfylock.registry.build_urls import is_single_file, pack_key, repository_url, short_name
from comfylock.versions import Key, version_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.registry.build_facts import (
        BuildInputs,
        Listing,
        ManagerLists,
        RecordedPack,
    )


class Pack(Struct):
    """One node pack while it is put together."""

    source: str
    """Who names it: the newest list, or its own source."""
    keys: set[str] = field(default_factory=set)
    """What `pack_key` says of its addresses."""
    urls: list[str] = field(default_factory=list)
    """Its addresses, the most trusted first."""
    listed: list[str] = field(default_factory=list)
    """The ids that lists give it."""
    former: list[str] = field(default_factory=list)
    """Registry ids that older states of its metadata gave."""
    id: str = ""
    """Its registry id."""
    stars: int = 0
    name: str = ""
    aliases: list[str] = field(default_factory=list)


class Packs:
    """All node packs, found by any of their addresses."""

    def __init__(self, inputs: BuildInputs) -> None:
        self._by_key: dict[str, Pack] = {}
        self._by_listed: dict[str, Pack] = {}
        for manager in sorted(inputs.managers, key=_age, reverse=True):
            self._add_manager(manager)
        for recorded in sorted(inputs.recorded, key=lambda each: each.repository):
            self._join([recorded.repository], f"source {recorded.commit[:12]}")
        for recorded in sorted(inputs.recorded, key=lambda each: each.repository):
            self._rename(recorded)
        self._claim_ids(inputs)
        self._name_all()

    def _add_manager(self, manager: ManagerLists) -> None:
        source = f"comfyui-manager {manager.version}"
        for listing in sorted(manager.listings):
            same = self._renamed(listing)
            pack = self._join([listing.reference, *listing.urls], source, same)
            if listing.registry_id:
                self._by_listed.setdefault(listing.registry_id, pack)
                pack.listed.append(listing.registry_id)
        for url in sorted(manager.class_types):
            self._join([url], source)
        for url, stars in sorted(manager.stars.items()):
            known = self._by_key.get(pack_key(url))
            if known is not None:
                known.stars = max(known.stars, stars)

    def all(self) -> list[Pack]:
        """Return every pack once, sorted by name."""
        unique = {id(pack): pack for pack in self._by_key.values()}
        return sorted(unique.values(), key=lambda pack: (pack.name, pack.urls[0]))

    def name(self, url: str) -> str | None:
        """Return the name of the pack at an address; `comfy-core` for ComfyUI's own."""
        key = pack_key(url)
        if key == COMFYUI:
            return COMFYUI
        pack = self._by_key.get(key)
        return pack.name if pack else None

    def stars(self) -> dict[str, int]:
        """Return the stars of every pack by name."""
        return {pack.name: pack.stars for pack in self.all()}

    def _rename(self, recorded: RecordedPack) -> None:
        """Give a pack the addresses in its metadata that have its base name or owner.

        An address that another pack has is left alone: metadata is copied.
        """
        own = pack_key(recorded.repository)
        pack = self._by_key[own]
        for key in sorted({pack_key(url) for url in recorded.declared} - self._by_key.keys()):
            if _plain(key) == _plain(own) or key.rpartition("/")[0] == own.rpartition("/")[0]:
                pack.keys.add(key)
                self._by_key[key] = pack

    def _renamed(self, listing: Listing) -> Pack | None:
        """Return the pack that a list once gave the same id and that has the same base name.

        The id alone does not tell: lists hand short ones on from pack to pack (`gguf`).
        """
        same = self._by_listed.get(listing.registry_id or "")
        base = _plain(pack_key(listing.reference))
        return same if same and base in {_plain(key) for key in same.keys} else None

    def _join(self, urls: list[str], source: str, same: Pack | None = None) -> Pack:
        """Return the one pack that all these addresses mean, joining what was apart.

        `same` is the pack that a list gives the same id: a renamed repository.
        """
        urls = [url for url in urls if pack_key(url) != COMFYUI]
        keys = [pack_key(url) for url in urls]
        found = [self._by_key[key] for key in keys if key in self._by_key]
        found += [same] if same else []
        pack = found[0] if found else Pack(source=source)
        for other in found[1:]:
            if other is not pack:
                self._merge(pack, other)
        for key in keys:
            pack.keys.add(key)
            self._by_key[key] = pack
        pack.urls.extend(url for url in urls if url not in pack.urls)
        return pack

    def _merge(self, pack: Pack, other: Pack) -> None:
        pack.keys |= other.keys
        pack.urls.extend(url for url in other.urls if url not in pack.urls)
        pack.listed.extend(other.listed)
        pack.stars = max(pack.stars, other.stars)
        for key in other.keys:
            self._by_key[key] = pack
        for name in other.listed:
            self._by_listed[name] = pack

    def _claim_ids(self, inputs: BuildInputs) -> None:
        """Give each registry id to one pack: forks copy their original's metadata.

        A pack's own source is believed first, the most starred pack before the others. The
        Manager's lists are believed where their id is the repository's name: for older
        entries it is a short word of their own (`mtb`, `ue`) and no registry id.
        """
        owners: set[str] = {COMFYUI}
        for _, _, registry_id, pack in sorted(self._claims(inputs), key=lambda claim: claim[:3]):
            name = normalise_registry_id(registry_id)
            if name is not None and name not in owners and not pack.id:
                owners.add(name)
                pack.id = name

    def _claims(self, inputs: BuildInputs) -> Iterator[tuple[int, int, str, Pack]]:
        """Yield who says which id a pack has, as (trust, minus stars, id, pack)."""
        for recorded in inputs.recorded:
            pack = self._by_key[pack_key(recorded.repository)]
            pack.former.extend(recorded.former_ids)
            if recorded.id:
                yield 0, -pack.stars, recorded.id, pack
        for pack in self.all():
            for listed in pack.listed:
                if listed.lower() in _bases(pack):
                    yield 1, -pack.stars, listed, pack

    def _name_all(self) -> None:
        packs = self.all()
        for pack in packs:
            pack.name = pack.id or short_name(pack_key(pack.urls[0]))
        taken = {pack.name for pack in packs} | {COMFYUI}
        for names in (_repositories, _former, _bases, _listed):
            counts = Counter(name for pack in packs for name in names(pack))
            for pack in packs:
                mine = {name for name in names(pack) if counts[name] == 1} - taken
                pack.aliases.extend(mine)
            taken |= set(counts)
        for pack in packs:
            pack.aliases.sort()


def _plain(key: str) -> str:
    """Return a repository's base name without its separators."""
    return key.rpartition("/")[2].replace("-", "").replace("_", "")


def _age(manager: ManagerLists) -> tuple[Key, str]:
    return version_key(manager.version), manager.version


def _repositories(pack: Pack) -> set[str]:
    """Return the `owner/repo` forms of a pack's addresses."""
    return {short_name(key) for key in pack.keys}


def _bases(pack: Pack) -> set[str]:
    """Return the names of its repositories on GitHub: many registry ids are just that."""
    found = {key.rpartition("/")[2] for key in pack.keys if key.startswith("github.com/")}
    return {base for base in found if normalise_registry_id(base)}


def _former(pack: Pack) -> set[str]:
    """Return the registry ids that it once had."""
    return {name for former in pack.former if (name := normalise_registry_id(former))}


def _listed(pack: Pack) -> set[str]:
    """Return the ids that lists give it."""
    return {name for listed in pack.listed if (name := normalise_registry_id(listed))}


def pack_entry(pack: Pack) -> dict[str, object]:
    """Return what `packs.json` says of a pack."""
    single = [url for url in pack.urls if is_single_file(url)]
    others = [url for url in pack.urls if not is_single_file(url)]
    chosen = single if len(single) == 1 else others or single
    entry: dict[str, object] = {"repository": repository_url(chosen[0])}
    if pack.id:
        entry = {"id": pack.id, **entry}
    if pack.aliases:
        entry["aliases"] = pack.aliases
    if pack.stars:
        entry["stars"] = pack.stars
    entry["from"] = [pack.source]
    return entry
