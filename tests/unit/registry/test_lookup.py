from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from comfylock.registry.lookup import (
    EVIDENCE,
    MAX_CANDIDATES,
    MAX_PATTERN_NAME,
    NOISE,
    Lookup,
    Verdict,
    newest,
    oldest,
)
from tests.builders import made_up_registry

if TYPE_CHECKING:
    from pathlib import Path

CORE = "comfy-core"


@pytest.fixture
def lookup(tmp_path: Path) -> Lookup:
    return Lookup(made_up_registry(tmp_path))


def decide(
    lookup: Lookup,
    class_type: str,
    registry_id: str | None = None,
    repository: str | None = None,
    version: str | None = None,
) -> Verdict:
    return lookup.decide((class_type, registry_id, repository, version))


# 1. the project's own word


@pytest.mark.parametrize(
    ("named", "pack", "kind"),
    [
        ("beta", "beta", "pack"),
        ("ann/alpha", "alpha", "pack"),
        ("https://gitlab.com/dot/delta", "https://gitlab.com/dot/delta", "pack"),
        ("nobody/knows", "nobody/knows", "pack"),
        (CORE, CORE, "core"),
    ],
)
def test_the_projects_own_word_comes_first(
    tmp_path: Path, named: str, pack: str, kind: str
) -> None:
    lookup = Lookup(made_up_registry(tmp_path), {"KSampler": named, "AlphaNode": named})
    for class_type in ("KSampler", "AlphaNode"):
        verdict = decide(lookup, class_type)
        assert (verdict.kind, verdict.pack, verdict.evidence) == (kind, pack, "config")
        assert verdict.conflicts == ()


def test_a_stamp_against_the_projects_word_is_reported(tmp_path: Path) -> None:
    lookup = Lookup(made_up_registry(tmp_path), {"AlphaNode": "beta"})
    verdict = decide(lookup, "AlphaNode", "alpha")
    assert (verdict.pack, verdict.evidence) == ("beta", "config")
    assert verdict.conflicts == ("stamped `alpha`, but comfylock.toml says `beta`",)


# 2. core and frontend-only


def test_core_comes_before_packs_that_claim_it(lookup: Lookup) -> None:
    verdict = decide(lookup, "KSampler")
    assert verdict == Verdict("core", CORE, "core", since="0.1.0")


def test_core_without_a_known_version(lookup: Lookup) -> None:
    assert decide(lookup, "LoadImage").since is None


def test_core_with_a_packs_stamp_is_core_and_a_contradiction(lookup: Lookup) -> None:
    verdict = decide(lookup, "KSampler", "beta")
    assert verdict.kind == "core"
    assert verdict.conflicts == ("stamped `beta`, but ComfyUI itself has it",)


def test_core_with_its_own_stamp_is_no_contradiction(lookup: Lookup) -> None:
    assert decide(lookup, "KSampler", CORE, None, "0.3.1").conflicts == ()


@pytest.mark.parametrize(
    ("version", "since"), [("v0.3.70\n", "0.3.70"), ("nightly", None), (None, None), ("", None)]
)
def test_a_class_type_newer_than_the_registry_is_core_by_its_stamp(
    lookup: Lookup, version: str | None, since: str | None
) -> None:
    verdict = decide(lookup, "BrandNew", CORE, None, version)
    assert verdict == Verdict("core", CORE, "core-stamp", since=since)


def test_a_core_stamp_on_a_packs_class_type_is_a_contradiction(lookup: Lookup) -> None:
    verdict = decide(lookup, "AlphaNode", CORE)
    assert verdict.evidence == "core-stamp"
    assert verdict.conflicts == ("stamped `comfy-core`, but the registry lists it under `alpha`",)


@pytest.mark.parametrize("kind", ["Note", "MarkdownNote", "Reroute", "PrimitiveNode"])
def test_the_editors_own_nodes_are_frontend_only(lookup: Lookup, kind: str) -> None:
    assert decide(lookup, kind) == Verdict("frontend-only", CORE, "frontend-only")


def test_a_packs_javascript_node_goes_to_that_pack(lookup: Lookup) -> None:
    assert decide(lookup, "SetNode") == Verdict("frontend-only", "beta", "frontend-only")
    assert decide(lookup, "SetNode", "beta") == Verdict("frontend-only", "beta", "cnr_id")
    assert decide(lookup, "SetNode", "alpha").kind == "pack"


def test_a_javascript_node_of_several_packs_needs_company(lookup: Lookup) -> None:
    verdict = decide(lookup, "Bookmark")
    assert (verdict.kind, verdict.pack) == ("frontend-only", None)
    decided = lookup.in_company(verdict, ["alpha"])
    assert (decided.kind, decided.pack, decided.evidence) == ("frontend-only", "alpha", "company")


# 3. the author's stamp


@pytest.mark.parametrize("stamp", ["alpha", "Alpha", " ALPHA\n", "old-alpha"])
def test_a_registry_id_decides(lookup: Lookup, stamp: str) -> None:
    assert decide(lookup, "Unheard", stamp) == Verdict("pack", "alpha", "cnr_id")


@pytest.mark.parametrize("stamp", ["Ann/Alpha", " ann/alpha "])
def test_a_repository_decides_without_a_registry_id(lookup: Lookup, stamp: str) -> None:
    assert decide(lookup, "Unheard", None, stamp) == Verdict("pack", "alpha", "aux_id")


def test_a_pack_that_nobody_knows_is_taken_at_its_word(lookup: Lookup) -> None:
    assert decide(lookup, "Unheard", "New-Pack").pack == "new-pack"
    assert decide(lookup, "Unheard", None, "New/Pack").pack == "new/pack"


def test_the_registry_id_comes_before_the_repository(lookup: Lookup) -> None:
    assert decide(lookup, "Unheard", "beta", "ann/alpha").pack == "beta"


def test_the_author_comes_before_the_registry(lookup: Lookup) -> None:
    verdict = decide(lookup, "BetaNode", "alpha", None, "1.0.0")
    assert (verdict.pack, verdict.evidence) == ("alpha", "cnr_id")
    assert verdict.conflicts == ("stamped `alpha`, but the registry lists it under `beta`",)


def test_a_stamp_that_the_registry_shares_is_no_contradiction(lookup: Lookup) -> None:
    assert decide(lookup, "Shared", "beta") == Verdict("pack", "beta", "cnr_id")


def test_a_fork_that_the_registry_does_not_know_is_no_contradiction(lookup: Lookup) -> None:
    assert decide(lookup, "BetaNode", None, "fan/beta-fork").conflicts == ()


@pytest.mark.parametrize("noise", [*sorted(NOISE), " Unknown ", "NIGHTLY"])
def test_noise_is_no_stamp_and_no_contradiction(lookup: Lookup, noise: str) -> None:
    assert decide(lookup, "BetaNode", noise, noise) == Verdict("pack", "beta", "registry")


@pytest.mark.parametrize("stamp", ["SetNode", "a/b/c", "https://github.com/a/b", "a b"])
def test_an_implausible_repository_is_ignored_and_reported(lookup: Lookup, stamp: str) -> None:
    verdict = decide(lookup, "BetaNode", None, stamp)
    assert (verdict.pack, verdict.evidence) == ("beta", "registry")
    assert verdict.conflicts == (f"`aux_id` {stamp!r} is no owner/repo, ignored",)


def test_an_implausible_registry_id_leaves_the_repository(lookup: Lookup) -> None:
    verdict = decide(lookup, "Unheard", "not an id\x1b[2J", "ann/alpha")
    assert (verdict.pack, verdict.evidence) == ("alpha", "aux_id")
    assert "is no registry id, ignored" in verdict.conflicts[0]
    assert "\x1b" not in verdict.conflicts[0]


# 4. the registry


@pytest.mark.parametrize("name", ["BetaNode", " BetaNode "])
def test_one_provider_decides(lookup: Lookup, name: str) -> None:
    assert decide(lookup, name) == Verdict("pack", "beta", "registry")


def test_a_core_name_with_blanks_is_nobody_s(lookup: Lookup) -> None:
    assert lookup.registry.class_types.get("KSampler") == ["beta"]
    assert decide(lookup, "KSampler").kind == "core"
    assert decide(lookup, " KSampler ") == Verdict("unknown")


def test_a_preemption_decides_among_providers(lookup: Lookup) -> None:
    assert decide(lookup, "Claimed") == Verdict("pack", "beta", "preemption")
    assert decide(lookup, "OnlyClaimed") == Verdict("pack", "alpha", "preemption")


def test_a_pattern_decides_last(lookup: Lookup) -> None:
    assert decide(lookup, "Some Node (alpha)") == Verdict("pack", "alpha", "pattern")


def test_patterns_of_two_packs_are_ambiguous(lookup: Lookup) -> None:
    assert decide(lookup, "Both Node").kind == "ambiguous"
    assert set(decide(lookup, "Both Node").candidates) == {"alpha", "beta"}


def test_patterns_made_to_take_for_ever_are_left_out(lookup: Lookup) -> None:
    assert decide(lookup, "a" * 150 + "!").kind == "unknown"


@pytest.mark.parametrize(
    "pattern", ["a*a*a*a*a*a*a*a*$", "(x+x+)+y", "(?:a|a)*b", "x" * 201, "(", "a{1,9}b*c*d*"]
)
def test_hostile_and_broken_patterns_decide_nothing(tmp_path: Path, pattern: str) -> None:
    registry = made_up_registry(tmp_path, rules={"preemptions": {}, "patterns": [[pattern, "x"]]})
    assert decide(Lookup(registry), "a" * MAX_PATTERN_NAME).kind == "unknown"


def test_names_of_any_length_end(lookup: Lookup) -> None:
    assert decide(lookup, "x" * 1_000_000 + " (alpha)").kind == "unknown"


# 5. company, 6. ambiguous or unknown


def test_candidates_are_ranked_by_registry_id_then_stars(lookup: Lookup) -> None:
    assert decide(lookup, "Shared") == Verdict(
        "ambiguous", candidates=("beta", "alpha", "carl/gamma")
    )


def test_candidates_are_a_few(tmp_path: Path) -> None:
    registry = made_up_registry(tmp_path, class_types={"X": [f"p{n:02}" for n in range(40)]})
    assert len(decide(Lookup(registry), "X").candidates) == MAX_CANDIDATES


@pytest.mark.parametrize(
    ("company", "pack"),
    [(["alpha", "other"], "alpha"), ([], None), (["alpha", "beta"], None), (["other"], None)],
)
def test_company_decides_if_it_is_clear(
    lookup: Lookup, company: list[str], pack: str | None
) -> None:
    verdict = lookup.in_company(decide(lookup, "Shared"), company)
    assert verdict.pack == pack
    assert verdict.kind == ("pack" if pack else "ambiguous")


def test_nothing_is_guessed(lookup: Lookup) -> None:
    assert decide(lookup, "Nobody Knows") == Verdict("unknown")


def test_every_evidence_has_a_rank(lookup: Lookup) -> None:
    names = ["KSampler", "Note", "BetaNode", "Claimed", "X (alpha)", "Shared", "?"]
    assert {decide(lookup, name).evidence for name in names} <= set(EVIDENCE)


def test_the_same_question_has_the_same_answer(lookup: Lookup) -> None:
    assert decide(lookup, "Shared") is decide(lookup, "Shared")


# versions


def test_newest_and_oldest_know_versions_only() -> None:
    versions = ["0.3.9", None, "0.3.10", "nightly", "", "0.3.2"]
    assert newest(versions) == "0.3.10"
    assert oldest(versions) == "0.3.2"
    assert newest(["x", None]) is None
    assert oldest([]) is None


def test_spellings_of_one_version_have_an_order() -> None:
    assert newest(["1.0", "1.0.0"]) == newest(["1.0.0", "1.0"])
    assert oldest(["1.0", "1.0.0"]) == oldest(["1.0.0", "1.0"])
