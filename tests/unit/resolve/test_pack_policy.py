from __future__ import annotations

from typing import Any

import pytest

from comfylock.resolve.pack_policy import (
    banned,
    choose_exact,
    choose_newest,
    choose_stamped,
    newest_tag,
    read_stamps,
    tag_of_version,
)
from comfylock.resolve.wishes import PackWish
from comfylock.sources.interface import Missing, RegistryPack, RegistryVersion

COMMIT = "8f2e0c1d" * 5


def version(number: str, status: str = "active", **more: Any) -> RegistryVersion:
    url = f"https://cdn.comfy.org/acme/alpha/{number}/node.zip"
    return RegistryVersion("alpha", number, status, url, **more)  # type: ignore[arg-type]


def stamped(*stamps: str) -> PackWish:
    pairs = frozenset((stamp, f"w{index}.json") for index, stamp in enumerate(stamps))
    return PackWish("alpha", stamps=pairs)


# what nodes say


def test_no_stamp_says_nothing() -> None:
    stamps = read_stamps(stamped())
    assert (stamps.version, stamps.commits, stamps.notices) == (None, (), ())


def test_the_newest_stamp_counts_by_version_order_not_by_letters() -> None:
    stamps = read_stamps(stamped("1.9.0", "1.10.0", "1.2.0"))
    assert stamps.version == "1.10.0"


def test_workflows_that_disagree_are_named() -> None:
    (notice,) = read_stamps(stamped("1.9.0", "1.10.0")).notices
    assert notice.code == "stamps-differ"
    assert "1.9.0 in w0.json" in notice.message
    assert "1.10.0 in w1.json" in notice.message


def test_one_version_in_many_workflows_is_no_disagreement() -> None:
    assert read_stamps(stamped("1.2.0", "1.2.0")).notices == ()


def test_a_leading_v_is_no_part_of_a_version() -> None:
    assert read_stamps(stamped("v1.2.0")).version == "1.2.0"


def test_commits_are_told_from_versions() -> None:
    stamps = read_stamps(stamped(COMMIT, "8f2e0c1"))
    assert stamps.version is None
    assert stamps.commits == ("8f2e0c1", COMMIT)


@pytest.mark.parametrize("word", ["nightly", "latest", "Nightly", "main"])
def test_p2_words_that_name_no_version_are_recorded_and_not_pinned(word: str) -> None:
    stamps = read_stamps(stamped(word))
    assert stamps.version is None
    assert [notice.code for notice in stamps.notices] == ["unpinned-request"]


@pytest.mark.parametrize("noise", ["unknown", "", "  ", "not a version"])
def test_noise_says_nothing(noise: str) -> None:
    stamps = read_stamps(stamped(noise))
    assert (stamps.version, stamps.commits, stamps.notices) == (None, (), ())


# a stamped version


def test_a_stamped_version_that_is_there_is_taken() -> None:
    choice = choose_stamped("alpha", "1.0.0", version("1.0.0"), version("2.0.0"))
    assert choice.version == version("1.0.0")
    assert choice.notices == ()


def test_a_pending_version_is_taken_and_told() -> None:
    choice = choose_stamped("alpha", "1.0.0", version("1.0.0", "pending"), version("2.0.0"))
    assert choice.version is not None
    assert choice.version.version == "1.0.0"
    assert [notice.code for notice in choice.notices] == ["pending"]


@pytest.mark.parametrize("status", ["flagged", "banned", "deleted"])
def test_a_stamped_version_that_must_not_be_used_gives_way(status: str) -> None:
    choice = choose_stamped("alpha", "1.0.0", version("1.0.0", status), version("2.0.0"))
    assert choice.version == version("2.0.0")
    (notice,) = choice.notices
    assert notice.code == "stamp-missing"
    assert status in notice.message


def test_a_stamped_version_that_is_gone_gives_way() -> None:
    gone = Missing("no-such-version", "`alpha` has no version 1.0.0")
    choice = choose_stamped("alpha", "1.0.0", gone, version("2.0.0", deprecated=True))
    assert choice.version is not None
    assert [notice.code for notice in choice.notices] == ["stamp-missing", "deprecated"]


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (version("1.0.0", "flagged"), "flagged"),
        (version("1.0.0", "banned"), "banned"),
        (Missing("no-such-version", "gone"), "no-such-version"),
    ],
)
def test_without_a_release_to_give_way_to_there_is_a_gap_with_a_line(
    found: Any, reason: str
) -> None:
    choice = choose_stamped("alpha", "1.0.0", found, None)
    assert choice.version is None
    assert choice.missing is not None
    assert choice.missing.reason == reason
    line = '"1.0.0"' if reason == "flagged" else "{ git = "
    assert (choice.missing.hint or "").startswith(f'[packs] "alpha" = {line}')


# a version that the project asks for


@pytest.mark.parametrize("status", ["active", "pending", "flagged"])
def test_an_exact_version_is_taken_even_if_flagged(status: str) -> None:
    choice = choose_exact("alpha", "1.0.0", version("1.0.0", status))
    assert choice.version is not None
    assert [n.code for n in choice.notices] == ([] if status == "active" else [status])


@pytest.mark.parametrize("status", ["banned", "deleted"])
def test_an_exact_version_that_is_banned_is_a_gap(status: str) -> None:
    choice = choose_exact("alpha", "1.0.0", version("1.0.0", status))
    assert choice.missing is not None
    assert choice.missing.reason == status


# the newest


def test_active_goes_before_pending_and_flagged_is_never_taken() -> None:
    versions = [version("3.0.0", "flagged"), version("2.0.0", "pending"), version("1.0.0")]
    assert choose_newest("alpha", versions, None, "").version == version("1.0.0")
    choice = choose_newest("alpha", versions[:2], None, "")
    assert choice.version == version("2.0.0", "pending")
    assert [notice.code for notice in choice.notices] == ["pending"]


def test_flagged_releases_alone_are_a_gap_that_says_how_to_insist() -> None:
    choice = choose_newest("alpha", [version("3.0.0", "flagged")], None, "")
    assert choice.missing is not None
    assert choice.missing.reason == "flagged"
    assert '"alpha" = "3.0.0"' in (choice.missing.hint or "")


def test_no_release_in_a_range_names_the_newest_there_are() -> None:
    class Nothing:
        def admits(self, text: str) -> bool:
            return text == "9"

    choice = choose_newest("alpha", [version("1.0.0")], Nothing(), " in `>=9`")  # type: ignore[arg-type]
    assert choice.missing is not None
    assert choice.missing.message == "`alpha` has no release in `>=9`; the newest are 1.0.0"


# git


def test_the_newest_tag_is_a_release() -> None:
    assert newest_tag(["v1.9.0", "v1.10.0", "v2.0.0-rc.1", "stable", "8f2e0c1"]) == "v1.10.0"


def test_a_repository_without_releases_has_no_newest_tag() -> None:
    assert newest_tag(["stable", "v2.0.0-rc.1"]) is None


def test_a_version_finds_its_tag_with_or_without_v() -> None:
    assert tag_of_version("1.2.0", ["v1.2.0", "v1.2.1"]) == "v1.2.0"
    assert tag_of_version("1.2.0", ["1.2.1"]) is None


@pytest.mark.parametrize("status", ["banned", "deleted"])
def test_a_banned_pack_says_what_to_do(status: str) -> None:
    pack = RegistryPack("alpha", status)  # type: ignore[arg-type]
    missing = banned(pack, "alpha")
    assert missing is not None
    assert missing.reason == status


def test_an_active_pack_is_not_banned() -> None:
    assert banned(RegistryPack("alpha", "active"), "alpha") is None
