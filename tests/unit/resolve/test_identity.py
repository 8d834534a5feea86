from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from comfylock.registry.store import Registry
from comfylock.requirements import PackRule
from comfylock.resolve.identity import Identity, identify, ids_of, united
from comfylock.resolve.wishes import PackWish
from comfylock.sources.interface import Missing, RegistryPack

if TYPE_CHECKING:
    from pathlib import Path

PACKS = {
    "alpha": {"id": "alpha", "repository": "https://github.com/acme/alpha"},
    "acme/beta": {"repository": "https://github.com/acme/beta"},
    "tiny": {
        "id": "tiny",
        "repository": "https://raw.githubusercontent.com/acme/tiny/main/tiny.py",
    },
    "renamed": {"id": "renamed", "repository": "https://github.com/acme/renamed"},
}
NOT_FOUND = Missing("not-found", "the Comfy Registry has no pack of that id")


@pytest.fixture(name="registry")
def _registry(tmp_path: Path) -> Registry:
    (tmp_path / "packs.json").write_bytes(msgspec.json.encode(PACKS))
    (tmp_path / "core.json").write_bytes(b"{}")
    return Registry((str(tmp_path),))


# which ids to ask for


def test_a_registry_pack_is_asked_for_by_its_id(registry: Registry) -> None:
    assert ids_of(PackWish("alpha"), registry) == ("alpha",)


def test_a_stamped_id_is_asked_for_first(registry: Registry) -> None:
    wish = PackWish("renamed", ids=frozenset({"former-name"}))
    assert ids_of(wish, registry) == ("former-name", "renamed")


def test_a_pack_that_nobody_knows_is_asked_for_by_its_name(registry: Registry) -> None:
    assert ids_of(PackWish("newcomer"), registry) == ("newcomer",)


@pytest.mark.parametrize("name", ["acme/beta", "nobody/knows"])
def test_a_repository_without_an_id_is_not_asked_for(registry: Registry, name: str) -> None:
    assert ids_of(PackWish(name), registry) == ()


@pytest.mark.parametrize(
    "rule",
    [
        PackRule("alpha", git="https://github.com/me/fork"),
        PackRule("alpha", revision="main"),
        PackRule("alpha", url="https://example.com/alpha.py"),
    ],
)
def test_a_pack_that_the_project_takes_elsewhere_is_not_asked_for(
    registry: Registry, rule: PackRule
) -> None:
    assert ids_of(PackWish("alpha", rule), registry) == ()


# where it comes from


def test_an_active_pack_comes_from_the_registry(registry: Registry) -> None:
    pack = RegistryPack("alpha", "active", "https://github.com/acme/alpha")
    found = identify(PackWish("alpha"), registry, {"alpha": pack})
    assert (found.source, found.pack, found.place) == ("comfy-registry", pack, pack.repository)
    assert found.notices == ()


def test_a_renamed_pack_has_the_name_of_today_and_keeps_the_old_as_alias(
    registry: Registry,
) -> None:
    pack = RegistryPack("today", "active")
    found = identify(PackWish("alpha"), registry, {"alpha": pack})
    assert found.wish.name == "today"
    assert found.wish.aliases == {"alpha"}
    assert [notice.code for notice in found.notices] == ["renamed"]


@pytest.mark.parametrize("status", ["banned", "deleted"])
def test_a_banned_pack_is_never_taken_from_git_instead(registry: Registry, status: str) -> None:
    pack = RegistryPack("alpha", status, "https://github.com/acme/alpha")  # type: ignore[arg-type]
    refused = Missing(status, "no")  # type: ignore[arg-type]
    for answer in (pack, refused):
        found = identify(PackWish("alpha"), registry, {"alpha": answer})
        assert found.source is None
        assert found.missing is not None
        assert found.missing.reason == status


def test_a_pack_that_the_registry_does_not_have_comes_from_its_repository(
    registry: Registry,
) -> None:
    found = identify(PackWish("alpha"), registry, {"alpha": NOT_FOUND})
    assert (found.source, found.place) == ("git", "https://github.com/acme/alpha")
    assert [notice.code for notice in found.notices] == ["fallback"]


def test_what_the_registry_says_of_it_must_be_known_before_git_is_asked(
    registry: Registry,
) -> None:
    offline = Missing("offline", "nobody knows")
    assert identify(PackWish("alpha"), registry, {"alpha": offline}).missing == offline


def test_owner_and_repository_are_a_place(registry: Registry) -> None:
    found = identify(PackWish("nobody/knows"), registry, {})
    assert (found.source, found.place) == ("git", "https://github.com/nobody/knows")
    assert found.notices == ()


@pytest.mark.parametrize("scheme", ["", "https://"])  # as comfylock.toml's [class-types] has it
def test_a_name_with_a_host_is_a_place(registry: Registry, scheme: str) -> None:
    found = identify(PackWish(f"{scheme}git.example.com/acme/pack"), registry, {})
    assert (found.source, found.place) == ("git", "https://git.example.com/acme/pack")


def test_a_pack_of_one_file_is_fetched_as_a_file(registry: Registry) -> None:
    found = identify(PackWish("tiny"), registry, {"tiny": NOT_FOUND})
    assert (found.source, found.place) == ("file", PACKS["tiny"]["repository"])


def test_nobody_knows_it_at_all(registry: Registry) -> None:
    found = identify(PackWish("newcomer"), registry, {"newcomer": NOT_FOUND})
    assert found.missing is not None
    assert (found.missing.reason, found.missing.message) == ("not-found", NOT_FOUND.message)
    assert found.missing.hint == '[packs] "newcomer" = { git = "https://…" }'


def test_the_projects_word_goes_before_the_registry(registry: Registry) -> None:
    answers = {"alpha": RegistryPack("alpha", "active")}
    fork = PackRule("alpha", git="https://github.com/me/fork", revision="v2")
    found = identify(PackWish("alpha", fork), registry, answers)
    assert (found.source, found.place, found.revision) == ("git", fork.git, "v2")
    own = identify(PackWish("alpha", PackRule("alpha", revision="main")), registry, answers)
    assert (own.place, own.revision) == ("https://github.com/acme/alpha", "main")
    file = PackRule("alpha", url="https://example.com/alpha.py")
    assert identify(PackWish("alpha", file), registry, answers).source == "file"


def test_a_revision_of_a_pack_without_a_repository_is_a_gap(registry: Registry) -> None:
    rule = PackRule("newcomer", revision="main")
    found = identify(PackWish("newcomer", rule), registry, {})
    assert found.missing is not None
    assert found.missing.reason == "no-source"
    assert "[packs]" in (found.missing.hint or "")


# two names, one pack


def wish(name: str, *class_types: str, stamp: str = "1.0.0") -> PackWish:
    return PackWish(
        name, class_types=frozenset(class_types), stamps=frozenset({(stamp, f"{name}.json")})
    )


def test_two_ids_of_one_pack_are_one() -> None:
    pack = RegistryPack("today", "active")
    old = Identity(wish("former", "A", stamp="1.0.0").renamed("today"), "comfy-registry", pack)
    new = Identity(wish("today", "B", stamp="2.0.0"), "comfy-registry", pack)
    (one,) = united([old, new])
    assert one.wish.class_types == {"A", "B"}
    assert one.wish.aliases == {"former"}
    assert {stamp for stamp, _ in one.wish.stamps} == {"1.0.0", "2.0.0"}


def test_a_pack_and_its_own_repository_are_one() -> None:
    place = "https://github.com/Acme/Alpha"
    registered = Identity(
        wish("alpha", "A"), "comfy-registry", RegistryPack("alpha", "active"), place
    )
    in_git = Identity(wish("acme/alpha", "B"), "git", place="https://github.com/acme/alpha.git")
    for order in ([registered, in_git], [in_git, registered]):
        (one,) = united(order)
        assert (one.wish.name, one.source) == ("alpha", "comfy-registry")
        assert one.wish.aliases == {"acme/alpha"}


def test_packs_without_anything_in_common_stay_apart_and_sorted() -> None:
    found = united([Identity(wish("b"), "git", place="https://x.org/a/b"), Identity(wish("a"))])
    assert [one.wish.name for one in found] == ["a", "b"]


def test_a_revision_asked_for_is_never_merged_into_a_release() -> None:
    place = "https://github.com/acme/alpha"
    registered = Identity(wish("alpha"), "comfy-registry", RegistryPack("alpha", "active"), place)
    pinned = Identity(wish("acme/alpha"), "git", place=place, revision="main")
    assert [one.wish.name for one in united([registered, pinned])] == ["acme/alpha", "alpha"]
