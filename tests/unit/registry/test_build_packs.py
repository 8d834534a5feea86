from __future__ import annotations

from comfylock.registry.build_facts import BuildInputs, Listing, ManagerLists, RecordedPack
from comfylock.registry.build_packs import Pack, Packs, pack_entry

PENS = "https://github.com/Ann/ComfyUI-Pens"


def listed(*listings: Listing, stars: dict[str, int] | None = None) -> BuildInputs:
    return BuildInputs(managers=(ManagerLists("4.3", listings=listings, stars=stars or {}),))


def names(inputs: BuildInputs) -> list[str]:
    return [pack.name for pack in Packs(inputs).all()]


def only(inputs: BuildInputs) -> Pack:
    (pack,) = Packs(inputs).all()
    return pack


def test_spellings_of_one_repository_are_one_pack() -> None:
    inputs = BuildInputs(
        managers=(
            ManagerLists(
                "4.3",
                class_types={"https://github.com/ann/comfyui-pens.git": ("Pen",)},
                listings=(Listing(PENS, ("git@github.com:Ann/ComfyUI-Pens.git",)),),
            ),
        )
    )
    assert names(inputs) == ["ann/comfyui-pens"]


def test_a_listed_id_is_believed_when_it_is_the_repositorys_name() -> None:
    assert only(listed(Listing(PENS, (), "ComfyUI-Pens"))).id == "comfyui-pens"


def test_a_short_word_of_the_list_is_an_alias_and_no_id() -> None:
    pack = only(listed(Listing(PENS, (), "pens")))
    assert pack.id == ""
    assert pack.name == "ann/comfyui-pens"
    assert pack.aliases == ["comfyui-pens", "pens"]


def test_the_packs_own_metadata_is_believed_before_the_list() -> None:
    recorded = (RecordedPack(PENS, "a" * 40, id="pens-of-ann", former_ids=("old-pens",)),)
    inputs = BuildInputs(
        managers=listed(Listing(PENS, (), "comfyui-pens")).managers, recorded=recorded
    )
    pack = only(inputs)
    assert pack.name == "pens-of-ann"
    assert pack.aliases == ["ann/comfyui-pens", "comfyui-pens", "old-pens"]


def test_an_id_that_a_fork_copied_stays_with_the_most_starred_pack() -> None:
    fork = "https://github.com/bob/Fork"
    recorded = tuple(RecordedPack(url, "a" * 40, id="pens") for url in (fork, PENS))
    stars = {PENS: 9, fork: 2}
    managers = listed(Listing(PENS), Listing(fork), stars=stars).managers
    assert names(BuildInputs(managers=managers, recorded=recorded)) == ["bob/fork", "pens"]


def test_a_renamed_repository_keeps_its_pack_by_id_and_base_name() -> None:
    older = ManagerLists("4.1", listings=(Listing("https://github.com/old/comfyui_pens", (), "p"),))
    newer = ManagerLists("4.3", listings=(Listing(PENS, (), "p"),))
    pack = only(BuildInputs(managers=(older, newer)))
    assert pack.name == "ann/comfyui-pens"
    assert "old/comfyui_pens" in pack.aliases


def test_an_id_that_went_on_to_another_pack_joins_nothing() -> None:
    older = ManagerLists("4.1", listings=(Listing("https://github.com/old/inks", (), "p"),))
    newer = ManagerLists("4.3", listings=(Listing(PENS, (), "p"),))
    assert names(BuildInputs(managers=(older, newer))) == ["ann/comfyui-pens", "old/inks"]


def test_what_was_apart_is_joined_by_a_later_entry() -> None:
    inks = "https://github.com/ann/inks"
    both = Listing(PENS, (inks,), "comfyui-pens")
    first = Listing("https://github.com/Ann/Apart", (inks,), "inks")
    facts = listed(first, both, stars={inks: 3})
    pack = only(facts)
    assert pack.id == "comfyui-pens"
    assert pack.stars == 3
    assert pack.aliases == ["ann/apart", "ann/comfyui-pens", "ann/inks", "apart", "inks"]


def test_packs_that_two_lists_knew_apart_are_merged() -> None:
    inks, quills = "https://github.com/ann/inks", "https://github.com/ann/quills"
    newer = ManagerLists(
        "4.3", listings=(Listing(inks, (), "i"), Listing(quills, (), "q")), stars={quills: 5}
    )
    older = ManagerLists("4.1", listings=(Listing(inks, (quills,), "i"),))
    pack = only(BuildInputs(managers=(older, newer)))
    assert pack.name == "ann/inks"
    assert pack.stars == 5
    assert pack.aliases == ["ann/quills", "i", "inks", "q", "quills"]


def test_a_former_address_in_the_metadata_is_an_alias() -> None:
    recorded = RecordedPack(PENS, "a" * 40, declared=("https://github.com/Ann/Quills",))
    assert only(BuildInputs(recorded=(recorded,))).aliases == [
        "ann/quills",
        "comfyui-pens",
        "quills",
    ]


def test_a_strangers_address_in_copied_metadata_is_not() -> None:
    recorded = RecordedPack(PENS, "a" * 40, declared=("https://github.com/eve/else",))
    assert only(BuildInputs(recorded=(recorded,))).aliases == ["comfyui-pens"]


def test_an_address_of_another_known_pack_is_left_alone() -> None:
    other = "https://github.com/Ann/Inks"
    recorded = (RecordedPack(PENS, "a" * 40, declared=(other,)), RecordedPack(other, "b" * 40))
    assert names(BuildInputs(recorded=recorded)) == ["ann/comfyui-pens", "ann/inks"]


def test_a_base_name_that_two_packs_share_is_nobodys_alias() -> None:
    packs = Packs(listed(Listing(PENS), Listing("https://github.com/bob/comfyui-pens"))).all()
    assert [pack.aliases for pack in packs] == [[], []]


def test_an_alias_never_hides_a_packs_name() -> None:
    recorded = (
        RecordedPack(PENS, "a" * 40, id="inks"),
        RecordedPack("https://github.com/bob/inks", "b" * 40),
    )
    found = {pack.name: pack.aliases for pack in Packs(BuildInputs(recorded=recorded)).all()}
    assert found == {"inks": ["ann/comfyui-pens", "comfyui-pens"], "bob/inks": []}


def test_a_single_file_belongs_to_its_repository_and_keeps_its_address() -> None:
    file = "https://raw.githubusercontent.com/Ann/Pens/main/pens.py"
    entry = pack_entry(only(listed(Listing("https://github.com/Ann/Pens", (file,)))))
    assert entry == {
        "repository": file,
        "aliases": ["pens"],
        "from": ["comfyui-manager 4.3"],
    }


def test_several_files_are_known_by_their_repository() -> None:
    files = tuple(f"https://raw.githubusercontent.com/Ann/Pens/main/{n}.py" for n in "ab")
    entry = pack_entry(only(listed(Listing("https://github.com/Ann/Pens", files))))
    assert entry["repository"] == "https://github.com/Ann/Pens"


def test_another_host_is_part_of_the_name() -> None:
    pack = only(listed(Listing("https://gitee.com/ann/pens")))
    assert pack.name == "gitee.com/ann/pens"
    assert pack.aliases == []


def test_stars_are_kept_for_ranking() -> None:
    packs = Packs(listed(Listing(PENS), stars={PENS.lower(): 7, "https://github.com/x/y": 1}))
    assert packs.stars() == {"ann/comfyui-pens": 7}


def test_comfyuis_repository_is_core() -> None:
    packs = Packs(listed(Listing("https://github.com/Comfy-Org/ComfyUI.git")))
    assert packs.all() == []
    assert packs.name("https://github.com/comfyanonymous/ComfyUI") == "comfy-core"
    assert packs.name("https://github.com/nobody/nothing") is None
