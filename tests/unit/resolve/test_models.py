from __future__ import annotations

from typing import Any

import pytest

from comfylock.lockfile.schema import ModelPin
from comfylock.requirements import ModelRule, Offer
from comfylock.resolve.models import Unpinned, pin_model
from comfylock.resolve.outcome import Pinned
from comfylock.resolve.wishes import ModelWish
from comfylock.sources.interface import Missing, ModelFacts

ONE, TWO = "1" * 64, "2" * 64
HUB = "https://huggingface.co/acme/alpha/resolve/main/alpha.safetensors"
OTHER = "https://huggingface.co/acme/other/resolve/main/alpha.safetensors"
MIRROR = "https://models.example.com/alpha.safetensors"
GONE = Missing("no-such-file", "acme/alpha has no file `alpha.safetensors` at `main`")


def hub(sha256: str | None = ONE, repository: str = "acme/alpha", **more: Any) -> ModelFacts:
    return ModelFacts(
        "huggingface",
        sha256,
        5,
        "upstream",
        requested="main",
        repository=repository,
        commit="a" * 40,
        path="alpha.safetensors",
        **more,
    )


def plain(sha256: str = ONE) -> ModelFacts:
    return ModelFacts("url", sha256, 5, "downloaded", url=MIRROR)


class Services:
    """What each address answers, and which were asked for."""

    def __init__(self, answers: dict[str, ModelFacts | Missing]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def __call__(self, url: str, name: str) -> ModelFacts | Missing:
        assert name == "alpha.safetensors"
        self.asked.append(url)
        return self.answers[url]


def wish(*offers: Offer, rule: ModelRule | None = None) -> ModelWish:
    return ModelWish("alpha.safetensors", "loras", rule, offers, frozenset({"a.json"}), ("video",))


def pinned(found: Pinned | Unpinned) -> ModelPin:
    assert isinstance(found, Pinned), found
    assert isinstance(found.pin, ModelPin)
    return found.pin


def gap(found: Pinned | Unpinned) -> Missing:
    assert isinstance(found, Unpinned), found
    return found.missing


def codes(found: Pinned | Unpinned) -> list[str]:
    assert isinstance(found, Pinned)
    return [notice.code for notice in found.notices]


def test_a_file_that_is_there_is_pinned_with_everything_known() -> None:
    services = Services({HUB: hub(licence="mit")})
    pin = pinned(pin_model(wish(Offer(HUB, "node")), services))
    assert pin == ModelPin(
        name="alpha.safetensors",
        folder="loras",
        source="huggingface",
        requested="main",
        repository="acme/alpha",
        commit="a" * 40,
        path="alpha.safetensors",
        sha256=ONE,
        size=5,
        verified="upstream",
        licence="mit",
        origin="node",
        groups=("video",),
    )


def test_the_most_telling_source_is_asked_alone() -> None:
    services = Services({HUB: hub()})
    pinned(pin_model(wish(Offer(HUB, "node"), Offer(OTHER, "registry")), services))
    assert services.asked == [HUB]


def test_a_source_that_is_gone_gives_way_to_the_next_and_is_told() -> None:
    services = Services({HUB: GONE, MIRROR: plain()})
    found = pin_model(wish(Offer(HUB, "node"), Offer(MIRROR, "registry")), services)
    assert pinned(found).url == MIRROR
    assert pinned(found).origin == "registry"
    assert codes(found) == ["fallback"]


def test_sources_that_are_all_gone_are_all_told() -> None:
    services = Services({HUB: GONE, MIRROR: Missing("gone", "answered 404")})
    found = pin_model(wish(Offer(HUB, "node"), Offer(MIRROR, "registry")), services)
    assert gap(found) == GONE
    assert isinstance(found, Unpinned)
    assert found.tried == (f"{HUB} (node): {GONE.message}", f"{MIRROR} (registry): answered 404")


def test_nobody_says_where_it_is() -> None:
    missing = gap(pin_model(wish(), Services({})))
    assert missing.reason == "no-source"
    assert '"loras/alpha.safetensors" = "https://…"' in (missing.hint or "")


# two addresses for one name


def test_two_addresses_of_one_file_are_mirrors() -> None:
    services = Services({HUB: hub(), MIRROR: plain()})
    pin = pinned(pin_model(wish(Offer(HUB, "node"), Offer(MIRROR, "node")), services))
    assert pin.source == "huggingface"
    assert pin.mirrors == (MIRROR,)


def test_two_files_under_one_name_are_ambiguous() -> None:
    services = Services({HUB: hub(), OTHER: hub(TWO, "acme/other")})
    missing = gap(pin_model(wish(Offer(HUB, "node"), Offer(OTHER, "node")), services))
    assert missing.reason == "ambiguous"
    assert ONE in missing.message
    assert TWO in missing.message
    assert "[models]" in (missing.hint or "")


def test_a_digest_in_the_workflow_decides_between_two_files() -> None:
    services = Services({HUB: hub(), OTHER: hub(TWO, "acme/other")})
    offers = (Offer(HUB, "node"), Offer(OTHER, "node", TWO))
    found = pin_model(wish(*offers), services)
    assert pinned(found).repository == "acme/other"
    assert codes(found) == ["fallback"]


def test_workflows_that_promise_different_digests_are_ambiguous_without_a_question() -> None:
    services = Services({})
    missing = gap(pin_model(wish(Offer(HUB, "node", ONE), Offer(OTHER, "node", TWO)), services))
    assert missing.reason == "ambiguous"
    assert services.asked == []


# promised digests


def test_a_wrong_digest_in_the_workflow_is_a_mismatch_that_names_both() -> None:
    missing = gap(pin_model(wish(Offer(HUB, "node", TWO)), Services({HUB: hub()})))
    assert missing.reason == "mismatch"
    assert f"the workflow says sha256 {TWO}" in missing.message
    assert f"holds {ONE}" in missing.message


def test_another_source_may_hold_the_promised_bytes() -> None:
    services = Services({HUB: hub(), MIRROR: plain(TWO)})
    found = pin_model(wish(Offer(HUB, "node", TWO), Offer(MIRROR, "registry")), services)
    assert pinned(found).sha256 == TWO
    assert codes(found) == ["fallback"]


def test_the_registrys_digest_binds_nobody() -> None:
    found = pin_model(wish(Offer(HUB, "registry", TWO)), Services({HUB: hub()}))
    assert pinned(found).sha256 == ONE


def test_the_projects_word_is_the_only_one() -> None:
    rule = ModelRule("loras/alpha.safetensors", MIRROR, ONE)
    services = Services({MIRROR: plain()})
    pin = pinned(pin_model(wish(Offer(HUB, "node", TWO), rule=rule), services))
    assert (pin.url, pin.origin) == (MIRROR, "config")
    assert services.asked == [MIRROR]


def test_a_digest_of_the_project_that_does_not_fit_is_a_mismatch() -> None:
    rule = ModelRule("loras/alpha.safetensors", MIRROR, TWO)
    missing = gap(pin_model(wish(rule=rule), Services({MIRROR: plain()})))
    assert missing.reason == "mismatch"
    assert "comfylock.toml says" in missing.message


# without a digest


def test_p5_a_file_without_a_digest_says_why() -> None:
    facts = hub(None, unhashed="gated, and no token was given")
    found = pin_model(wish(Offer(HUB, "node")), Services({HUB: facts}))
    pin = pinned(found)
    assert pin.sha256 is None
    assert pin.verified is None
    assert pin.unhashed == "gated, and no token was given"
    assert isinstance(found, Pinned)
    assert [notice.code for notice in found.notices] == ["unhashed"]


def test_a_gated_model_is_told() -> None:
    facts = hub(gated="manual", warnings=("accept the terms at https://huggingface.co/acme/alpha",))
    found = pin_model(wish(Offer(HUB, "node")), Services({HUB: facts}))
    assert pinned(found).gated == "manual"
    assert codes(found) == ["gated"]


@pytest.mark.parametrize("sha256", [ONE, None])
def test_a_local_model_is_pinned_without_a_question(sha256: str | None) -> None:
    rule = ModelRule("loras/alpha.safetensors", sha256=sha256, size=9, is_local=True)
    pin = pinned(pin_model(wish(Offer(HUB, "node"), rule=rule), Services({})))
    assert (pin.source, pin.sha256, pin.size) == ("local", sha256, 9)
    assert (pin.unhashed is None) == (sha256 is not None)


def test_what_is_found_does_not_depend_on_the_order_of_workflows() -> None:
    answers: dict[str, ModelFacts | Missing] = {HUB: hub(), MIRROR: plain()}
    pins = {
        pinned(pin_model(wish(*order), Services(answers)))
        for order in ((Offer(HUB, "node"), Offer(MIRROR, "node")),) * 2
    }
    assert len(pins) == 1
