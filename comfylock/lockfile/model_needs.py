"""Is a model's pin still what the project and the workflows ask for? (P12)"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.lockfile.addresses import leads_to
from comfylock.lockfile.drift import Drift, Kind, in_order

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from comfylock.lockfile.schema import ModelPin
    from comfylock.requirements import ModelNeed, ModelRule, Offer, Requirements

    Offers = Mapping[str, tuple[tuple[str, Offer], ...]]


def model_drift(
    pin: ModelPin, needs: Requirements, offers: Offers | None = None
) -> tuple[Drift, ...]:
    """Return why a model's pin has to be chosen anew; empty if it may stay.

    `offers` is `offers_of(needs)`, for whoever asks about many pins.
    """
    rule = model_rule(needs, pin.key, pin.name)
    if rule is not None and (rule.is_local or rule.url is not None):
        found = {Drift(kind, None, pin.key, message) for kind, message in _ruled(pin, rule)}
        return in_order(found)
    known = (offers_of(needs) if offers is None else offers).get(pin.key, ())
    return in_order({*_digests(pin, known), *_sources(pin, known)})


def model_rule(needs: Requirements, key: str, name: str) -> ModelRule | None:
    """Return what comfylock.toml says about a model: by folder and name, else by name."""
    return needs.model_rules.get(key) or needs.model_rules.get(name)


def needed_keys(needs: Requirements, need: ModelNeed) -> tuple[str, ...]:
    """Return the keys of the pins that a workflow's model needs: several where it has tiers."""
    rule = model_rule(needs, need.key, need.name)
    if rule is None or not rule.tiers:
        return (need.key,)
    return tuple(f"{rule.key}@{tier}" for tier in rule.tiers)


def offers_of(needs: Requirements) -> dict[str, tuple[tuple[str, Offer], ...]]:
    """Return the addresses that workflows name, with the workflow, by the model's key."""
    found: dict[str, list[tuple[str, Offer]]] = {}
    for workflow in needs.workflows:
        for need in workflow.models:
            told = found.setdefault(need.key, [])
            told += [(workflow.path, offer) for offer in need.offers]
    return {key: tuple(offers) for key, offers in found.items()}


def _ruled(pin: ModelPin, rule: ModelRule) -> Iterator[tuple[Kind, str]]:
    if rule.vram != pin.vram:
        yield "RuleChanged", f"`{pin.key}` is for {_memory(rule.vram)} now"
    if rule.is_local:
        if pin.source != "local":
            yield "RuleChanged", f"`{pin.key}` is brought by the user now"
        elif rule.size is not None and rule.size != pin.size:
            yield "RuleChanged", f"`{pin.key}` is to have {rule.size} bytes now"
        elif rule.sha256 != pin.sha256:
            yield "DigestDiffers", _digest_message(pin, rule.sha256, "comfylock.toml")
        return
    if rule.url is not None and not leads_to(rule.url, pin):
        yield "RuleChanged", f"`{pin.key}` is to be taken from {rule.url} now"
    if rule.sha256 is not None and pin.sha256 is not None and rule.sha256 != pin.sha256:
        yield "DigestDiffers", _digest_message(pin, rule.sha256, "comfylock.toml")


def _memory(vram: int | None) -> str:
    return "any GPU memory" if vram is None else f"{vram} GB of GPU memory"


def _digests(pin: ModelPin, offers: tuple[tuple[str, Offer], ...]) -> Iterator[Drift]:
    """Yield the workflows that name another digest; the registry's is a hint (P14)."""
    if pin.sha256 is None:
        return
    for workflow, offer in offers:
        if offer.sha256 not in (None, pin.sha256) and offer.origin != "registry":
            message = _digest_message(pin, offer.sha256, "the workflow")
            yield Drift("DigestDiffers", workflow, pin.key, message)


def _digest_message(pin: ModelPin, digest: str | None, who: str) -> str:
    named = f"sha256 {digest}" if digest else "no sha256"
    return f"`{pin.key}` is locked with sha256 {pin.sha256}, {who} names {named}"


def _sources(pin: ModelPin, offers: tuple[tuple[str, Offer], ...]) -> Iterator[Drift]:
    """Yield that nobody names any more where the pin is from; news of the registry are none."""
    if pin.source == "local":
        message = f"`{pin.key}` is brought by the user, but comfylock.toml does not say so"
        yield Drift("RuleChanged", None, pin.key, message)
    elif pin.origin != "registry" and not any(leads_to(offer.url, pin) for _, offer in offers):
        message = f"nobody names the source of `{pin.key}` that is locked any more"
        yield Drift("SourceChanged", None, pin.key, message)
