"""From a model that is wished for to its pin: the first source that holds it, proven by digest.

The project's word, then the node's, the workflow's, a note's, the registry's. A source that is
gone gives way to the next; two that hold different bytes under one name are ambiguous; a digest
that a workflow is stamped with decides, and is never overruled.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from comfylock.lockfile.addresses import leads_to
from comfylock.lockfile.schema import ModelPin
from comfylock.names import quoted
from comfylock.references import address_of
from comfylock.requirements import Offer
from comfylock.resolve.outcome import Notice, NoticeCode, Pinned
from comfylock.sources.interface import Missing, ModelFacts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from comfylock.resolve.wishes import ModelWish

MAX_OFFERS = 8
"""Addresses of one model that are asked for."""


DURABLE = ("huggingface", "civitai", "github-release", "git", "url")
"""Of several addresses of the same bytes, the one that is likeliest to be there for long."""


class Found(Struct, frozen=True):
    """An offer that leads to a file."""

    offer: Offer
    facts: ModelFacts


class Tried(Struct, frozen=True):
    """An offer that leads to none, and why."""

    offer: Offer
    missing: Missing

    @property
    def line(self) -> str:
        """The attempt in one line."""
        return f"{self.offer.url} ({self.offer.origin}): {self.missing.message}"


class Unpinned(Struct, frozen=True):
    """Why a model has no pin, and what was tried."""

    missing: Missing
    tried: tuple[str, ...] = ()


def pin_model(
    wish: ModelWish, find: Callable[[str, str], ModelFacts | Missing]
) -> Pinned | Unpinned:
    """Return the pin of a model. Uses the network through `find(url, name)`.

    Raises:
        SourceUnavailableError: a service does not answer.
    """
    if wish.rule is not None and wish.rule.is_local:
        return Pinned(_local(wish))
    offers = _offers(wish)
    if not offers:
        return Unpinned(_no_source(wish))
    claims = _claims(wish, offers)
    if len(claims) > 1:
        return Unpinned(_contradiction(wish, offers))
    claim = next(iter(claims), None)
    tried: list[Tried] = []
    others: list[Found] = []
    for _, level in groupby(offers[:MAX_OFFERS], key=lambda offer: offer.origin):
        found, missing = _ask(level, wish.name, find)
        tried += missing
        right = [one for one in found if claim is None or one.facts.sha256 in (claim, None)]
        others += [one for one in found if one not in right]
        if right:
            return _settled(wish, right, tried, others)
    if others:
        return Unpinned(_mismatch(wish, others, claim), tuple(one.line for one in tried))
    first = tried[0].missing
    return Unpinned(first, tuple(one.line for one in tried))


def _offers(wish: ModelWish) -> tuple[Offer, ...]:
    """Return each address once, with whatever digest is promised for it.

    The project's own address stands alone. Of several who promise a digest for one address, the
    most telling is believed; others who promise another make it ambiguous.
    """
    rule = wish.rule
    if rule is not None and rule.url:
        return (Offer(rule.url, "config", rule.sha256),)
    merged: dict[str, Offer] = {}
    for offer in wish.offers:
        known = merged.get(offer.url)
        if known is None:
            merged[offer.url] = offer
        elif known.sha256 is None and offer.sha256 and _is_binding(offer):
            merged[offer.url] = Offer(offer.url, known.origin, offer.sha256)
    return tuple(merged.values())


def _claims(wish: ModelWish, offers: Sequence[Offer]) -> set[str]:
    """Return the digests that somebody who had the file promises."""
    told = offers if wish.rule is not None and wish.rule.url else wish.offers
    return {offer.sha256 for offer in told if offer.sha256 and _is_binding(offer)}


def _is_binding(offer: Offer) -> bool:
    """Say whether a digest is the word of someone who had the file; the registry's is a hint."""
    return offer.origin != "registry"


def _ask(
    level: Iterable[Offer], name: str, find: Callable[[str, str], ModelFacts | Missing]
) -> tuple[list[Found], list[Tried]]:
    found: list[Found] = []
    tried: list[Tried] = []
    for offer in level:
        answer = find(offer.url, name)
        if isinstance(answer, Missing):
            tried.append(Tried(offer, answer))
        else:
            found.append(Found(offer, answer))
    return found, tried


def _settled(
    wish: ModelWish, found: Sequence[Found], tried: Sequence[Tried], others: Sequence[Found]
) -> Pinned | Unpinned:
    """Return the pin if all that was found is the same file, else why it cannot be told."""
    digests = {one.facts.sha256 or _place(one.facts) for one in found}
    if len(digests) > 1:
        return Unpinned(_ambiguous(wish, found), tuple(one.line for one in tried))
    chosen = min(found, key=lambda one: (DURABLE.index(one.facts.source), one.offer.url))
    facts = chosen.facts
    code: NoticeCode = "gated" if facts.gated else "doubt"
    notices = [Notice(wish.key, code, text) for text in facts.warnings]
    if not facts.sha256:
        notices.append(Notice(wish.key, "unhashed", f"it has no sha256: {facts.unhashed}"))
    for attempt in tried:
        message = f"{attempt.line}; {_place(facts)} is taken instead"
        notices.append(Notice(wish.key, "fallback", message))
    for other in others:
        message = f"{_place(other.facts)} holds other bytes than the workflow is stamped with"
        notices.append(Notice(wish.key, "fallback", message))
    pin = _pin(wish, chosen, ())
    # Addresses that lead here by a redirect alone must be known to whoever checks the lock.
    told = {one.offer.url for one in found if not leads_to(one.offer.url, pin)}
    mirrors = {_place(one.facts) for one in found if one is not chosen} | told
    pin = replace(pin, mirrors=tuple(sorted(mirrors - {_place(facts)})))
    return Pinned(pin, tuple(sorted(set(notices))))


def _pin(wish: ModelWish, chosen: Found, mirrors: tuple[str, ...]) -> ModelPin:
    facts = chosen.facts
    return ModelPin(
        name=wish.name,
        folder=wish.folder,
        source=facts.source,
        requested=facts.requested,
        repository=facts.repository,
        commit=facts.commit,
        path=facts.path,
        tag=facts.tag,
        model_id=facts.model_id,
        version_id=facts.version_id,
        file_id=facts.file_id,
        url=facts.url if facts.source == "url" else None,
        sha256=facts.sha256,
        size=facts.size,
        verified=facts.verified if facts.sha256 else None,
        unhashed=facts.unhashed if not facts.sha256 else None,
        licence=facts.licence,
        gated=facts.gated,
        private=facts.private,
        origin=chosen.offer.origin,
        mirrors=mirrors,
        groups=wish.groups,
        tier=wish.rule.tier if wish.rule is not None else None,
        vram=wish.rule.vram if wish.rule is not None else None,
    )


def _local(wish: ModelWish) -> ModelPin:
    rule = wish.rule
    assert rule is not None
    why = None if rule.sha256 else "comfylock.toml says local and gives no sha256"
    return ModelPin(
        name=wish.name,
        folder=wish.folder,
        source="local",
        sha256=rule.sha256,
        size=rule.size,
        unhashed=why,
        origin="config",
        groups=wish.groups,
        tier=rule.tier,
        vram=rule.vram,
    )


def _place(facts: ModelFacts) -> str:
    """Return the one address of a file; what says least if it has none."""
    return address_of(facts) or facts.url or facts.repository or facts.source


def _no_source(wish: ModelWish) -> Missing:
    message = "no source is known"
    hint = f'[models] {quoted(wish.key)} = "https://…"  # or {{ local = true }}'
    return Missing("no-source", message, hint)


def _contradiction(wish: ModelWish, offers: Iterable[Offer]) -> Missing:
    told = sorted({f"{o.sha256} ({o.url})" for o in offers if o.sha256 and _is_binding(o)})
    message = f"workflows are stamped with different files: {', '.join(told)}"
    return Missing("ambiguous", message, _choose_hint(wish))


def _ambiguous(wish: ModelWish, found: Sequence[Found]) -> Missing:
    told = sorted({f"{_place(one.facts)} (sha256 {one.facts.sha256})" for one in found})
    message = f"different files have this name: {', '.join(told)}"
    first = min(found, key=lambda one: _place(one.facts)).facts
    return Missing("ambiguous", message, _choose_hint(wish, _place(first), first.sha256))


def _mismatch(wish: ModelWish, found: Sequence[Found], claim: str | None) -> Missing:
    held = sorted({f"{_place(one.facts)} holds {one.facts.sha256}" for one in found})
    by = "comfylock.toml" if found[0].offer.origin == "config" else "the workflow"
    message = f"{by} says sha256 {claim}, {', '.join(held)}"
    hint = f"the file was replaced, or the digest is wrong: {_choose_hint(wish)} decides"
    return Missing("mismatch", message, hint)


def _choose_hint(wish: ModelWish, url: str = "https://…", sha256: str | None = "…") -> str:
    table = f'{{ url = {quoted(url)}, sha256 = "{sha256}" }}' if sha256 else quoted(url)
    return f"[models] {quoted(wish.key)} = {table}"
