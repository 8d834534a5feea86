from __future__ import annotations

import pytest

from comfylock.registry.build_core import Core
from comfylock.registry.build_facts import (
    BuildInputs,
    CoreHistory,
    CoreState,
    Documents,
    ManagerLists,
    RecordedPack,
    Templates,
    Unstamped,
)

HISTORY = CoreHistory(
    "c" * 40,
    ("0.3.10", "0.3.11", "0.3.12"),
    {
        "Old": ("0.3.10", ""),
        "Middle": ("0.3.11", ""),
        "Gone": ("0.3.10", "0.3.12"),
        "Back": ("0.3.10", "0.3.12"),
    },
)


def core(**facts: object) -> Core:
    return Core(BuildInputs(**facts), frozenset({"Note"}))  # type: ignore[arg-type]


def stamped(**stamps: tuple[str, ...]) -> tuple[Templates, ...]:
    return (Templates("1", stamps),)


def test_the_history_tells_exactly() -> None:
    assert core(histories=(HISTORY,)).since["Middle"] == "0.3.11"


def test_what_the_first_known_version_has_may_be_older() -> None:
    assert core(histories=(HISTORY,)).since["Old"] == ""


def test_the_history_outranks_stamps() -> None:
    found = core(histories=(HISTORY,), templates=stamped(Middle=("0.3.9", "0.3.14")))
    assert found.since["Middle"] == "0.3.11"


def test_a_newer_class_type_gets_the_lowest_version_that_shows_it() -> None:
    found = core(histories=(HISTORY,), templates=stamped(New=("0.4.0", "0.3.20")))
    assert found.since["New"] == "0.3.20"


def test_a_stamp_of_a_version_known_to_lack_it_does_not_count() -> None:
    found = core(histories=(HISTORY,), templates=stamped(New=("0.3.12", "0.3.15")))
    assert found.since["New"] == "0.3.15"


def test_an_answer_bounds_from_below_and_above() -> None:
    states = (CoreState("0.3.20", ()), CoreState("0.6.0", ("New",)))
    found = core(states=states, templates=stamped(New=("0.3.18", "0.5.0")))
    assert found.since["New"] == "0.5.0"


def test_versions_are_compared_by_number() -> None:
    states = (CoreState("0.3.9", ()), CoreState("0.3.10", ("New",)))
    assert core(states=states).since["New"] == "0.3.10"


def test_an_older_answer_outranks_a_history_that_cannot_read_it() -> None:
    states = (CoreState("0.3.10", ("Hidden",)), CoreState("0.3.12", ("Hidden",)))
    assert core(histories=(HISTORY,), states=states).since["Hidden"] == ""


def test_nothing_is_claimed_where_nothing_is_known() -> None:
    assert core(documents=(Documents("1", ("Doc",)),)).since == {"Doc": ""}


@pytest.mark.parametrize("owner", ["manager", "recorded"])
def test_documentation_alone_does_not_make_a_packs_class_core(owner: str) -> None:
    url = "https://github.com/ann/pens"
    facts: dict[str, object] = {"documents": (Documents("1", ("Pen", "Doc")),)}
    if owner == "manager":
        facts["managers"] = (ManagerLists("4.3", {url: ("Pen",)}),)
    else:
        facts["recorded"] = (RecordedPack(url, "a" * 40, earlier=("Pen",)),)
    assert set(core(**facts).since) == {"Doc"}


def test_an_answer_makes_it_core_whoever_claims_it() -> None:
    managers = (ManagerLists("4.3", {"https://github.com/ann/pens": ("KSampler",)}),)
    found = core(managers=managers, states=(CoreState("0.3.1", ("KSampler",)),))
    assert "KSampler" in found.since


def test_frontend_types_are_left_out() -> None:
    found = core(documents=(Documents("1", ("Note", "Doc")),))
    assert set(found.since) == {"Doc"}


def test_removed_says_the_version_unless_a_later_one_has_it_again() -> None:
    states = (CoreState("0.6.0", ("Back",)),)
    assert core(histories=(HISTORY,), states=states).removed == {"Gone": "0.3.12"}


def templates_without_stamps(*names: str, minimum: str = "") -> tuple[Templates, ...]:
    return (Templates("1", unstamped=(Unstamped(names, minimum),)),)


def test_an_official_template_without_stamps_shows_core_class_types() -> None:
    found = core(histories=(HISTORY,), templates=templates_without_stamps("Fresh", minimum="0.4.0"))
    assert found.since["Fresh"] == "0.4.0"


def test_a_template_made_with_a_pack_shows_nothing() -> None:
    pack = RecordedPack("https://github.com/o/pack", "c" * 40, class_types=("PackNode",))
    found = core(
        recorded=(pack,), templates=templates_without_stamps("PackNode", "Fresh", minimum="0.4.0")
    )
    assert "Fresh" not in found.since
    assert "PackNode" not in found.since
