"""Which pack is meant: the names that workflows use, and the one place that each comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from msgspec.structs import replace

from comfylock.names import normalise_registry_id, quoted, repository_key
from comfylock.resolve.outcome import Notice
from comfylock.resolve.pack_policy import banned
from comfylock.resolve.wishes import PackWish
from comfylock.sources.interface import Missing, RegistryPack

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from comfylock.registry.store import Registry


class Identity(Struct, frozen=True):
    """A wish, and where its pack is to be had."""

    wish: PackWish
    source: Literal["comfy-registry", "git", "file"] | None = None
    pack: RegistryPack | None = None
    place: str | None = None
    """git: the repository; file: the address. comfy-registry: the pack's repository, if known."""
    revision: str | None = None
    missing: Missing | None = None
    """Why there is no such place."""
    notices: tuple[Notice, ...] = ()


def ids_of(wish: PackWish, registry: Registry) -> tuple[str, ...]:
    """Return the Comfy Registry ids to ask for, the likeliest first; none for packs without."""
    rule = wish.rule
    if rule is not None and (rule.git or rule.url or rule.revision):
        return ()
    entry = registry.packs.get(wish.name)
    own = entry.id if entry and entry.id else wish.name if "/" not in wish.name else None
    ids = [*sorted(wish.ids), *((own,) if own else ())]
    return tuple(dict.fromkeys(i for i in ids if normalise_registry_id(i)))


def identify(
    wish: PackWish, registry: Registry, answers: Mapping[str, RegistryPack | Missing]
) -> Identity:
    """Return where a wished pack is to be had, from what the Comfy Registry said of its ids."""
    rule = wish.rule
    known = _repository(wish, registry)
    if rule is not None and rule.url:
        return Identity(wish, "file", place=rule.url)
    if rule is not None and (rule.git or rule.revision):
        return _in_git(wish, rule.git or known, rule.revision)
    ids = ids_of(wish, registry)
    for pack_id in ids:
        pack = answers.get(pack_id)
        if isinstance(pack, RegistryPack):
            return _in_registry(wish, pack, pack_id, known)
    refusals = [a for i in ids if isinstance(a := answers.get(i), Missing)]
    for refusal in refusals:
        if refusal.reason == "offline":
            return Identity(wish, missing=refusal)
        if refusal.reason in {"banned", "deleted"}:
            return Identity(wish, missing=replace(refusal, hint=_fork_hint(wish.name)))
    if known is not None and known.endswith(".py"):
        return Identity(wish, "file", place=known)
    if known is None:
        nowhere = _nowhere(wish.name)
        return Identity(
            wish, missing=replace(refusals[0], hint=nowhere.hint) if refusals else nowhere
        )
    if not refusals:
        return _in_git(wish, known, None)
    message = f"the Comfy Registry has no pack `{ids[0]}`; taken from {known}"
    return Identity(wish, "git", place=known, notices=(Notice(wish.name, "fallback", message),))


def _in_git(wish: PackWish, repository: str | None, revision: str | None) -> Identity:
    if repository is None:
        message = f"no repository is known for `{wish.name}`"
        hint = f'[packs] {quoted(wish.name)} = {{ git = "https://…" }}'
        return Identity(wish, missing=Missing("no-source", message, hint))
    return Identity(wish, "git", place=repository, revision=revision)


def _in_registry(
    wish: PackWish, pack: RegistryPack, asked: str, repository: str | None
) -> Identity:
    missing = banned(pack, wish.name)
    if missing is not None:
        return Identity(wish, missing=replace(missing, hint=_fork_hint(wish.name)))
    notices: tuple[Notice, ...] = ()
    if pack.id != asked:
        message = f"`{asked}` is called `{pack.id}` in the Comfy Registry today"
        notices = (Notice(pack.id, "renamed", message),)
    place = pack.repository or repository
    return Identity(wish.renamed(pack.id), "comfy-registry", pack, place, notices=notices)


def _repository(wish: PackWish, registry: Registry) -> str | None:
    entry = registry.packs.get(wish.name)
    if entry is not None and entry.repository:
        return entry.repository
    if wish.name.startswith("https://"):
        return wish.name
    if wish.name.count("/") == 1:
        return f"https://github.com/{wish.name}"
    return f"https://{wish.name}" if wish.name.count("/") > 1 else None


def _fork_hint(name: str) -> str:
    line = f'[packs] {quoted(name)} = {{ git = "https://…" }}'
    return f"replace its nodes, or take a fork that you trust: {line}"


def _nowhere(name: str) -> Missing:
    message = f"nobody knows a pack called `{name}`"
    hint = f'[packs] {quoted(name)} = {{ git = "https://…" }}'
    return Missing("not-found", message, hint)


def united(identities: Iterable[Identity]) -> list[Identity]:
    """Return one identity for each pack: two names of one pack, or of one repository, are one.

    A registry pack is preferred to its own repository, that to others' names for it. Sorted by
    name.
    """
    by_name: dict[str, Identity] = {}
    by_place: dict[str, str] = {}
    ranked = sorted(
        identities, key=lambda i: (i.source != "comfy-registry", not _is_own(i), i.wish.name)
    )
    for identity in ranked:
        name = identity.wish.name
        place = repository_key(identity.place) if identity.place else None
        if name not in by_name and place is not None and identity.revision is None:
            name = by_place.get(place, name)
        first = by_name.get(name)
        if first is None:
            by_name[name] = identity
            if place is not None:
                by_place.setdefault(place, name)
            continue
        by_name[name] = Identity(
            first.wish.joined(identity.wish, name),
            first.source,
            first.pack,
            first.place,
            first.revision,
            first.missing,
            tuple(sorted({*first.notices, *identity.notices})),
        )
    return [by_name[name] for name in sorted(by_name)]


def _is_own(identity: Identity) -> bool:
    """Say whether a pack is named after the repository that it comes from."""
    key = repository_key(identity.place) if identity.place else ""
    return identity.wish.name in (key, key.removeprefix("github.com/"))
