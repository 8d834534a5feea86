from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from comfylock.errors import OfflineError
from comfylock.net.answers import InMemory
from comfylock.sources.comfy_registry import ComfyRegistry
from comfylock.sources.interface import (
    ArchiveFacts,
    ClassTypes,
    Missing,
    RegistryPack,
    RegistryVersion,
    VersionList,
)
from tests.services.node_archive import pack_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from comfylock.net.http import Http
    from comfylock.net.interface import Answers, Known, Question
    from tests.services.comfy_registry import RegistryService

    T = TypeVar("T")


@pytest.fixture
def registry(registry_service: RegistryService, registry_http: Http) -> ComfyRegistry:
    return registry_over(InMemory(), registry_service, registry_http)


def registry_over(
    answers: Answers, registry_service: RegistryService, registry_http: Http
) -> ComfyRegistry:
    return ComfyRegistry(answers, registry_http, endpoint=f"{registry_service.url}/")


def one(registry: ComfyRegistry, pack_id: str) -> RegistryPack | Missing:
    return registry.packs((pack_id,))[pack_id]


def version(registry: ComfyRegistry, pack_id: str, text: str = "1.0.0") -> RegistryVersion:
    found = registry.versions(((pack_id, text),))[pack_id, text]
    assert isinstance(found, RegistryVersion), found
    return found


def reason(found: object) -> str:
    assert isinstance(found, Missing), found
    assert not found.message.endswith(".")
    return found.reason


# packs


def test_a_pack_is_what_the_registry_says(
    registry_service: RegistryService, registry: ComfyRegistry
) -> None:
    registry_service.add("KJNodes", repository="git@github.com:kijai/ComfyUI-KJNodes.git")
    registry_service.publish("KJNodes", "1.9.0")
    registry_service.publish("KJNodes", "1.10.0", os=["Microsoft :: Windows", "POSIX :: Linux"])
    registry_service.publish("KJNodes", "1.11.0", status="Pending")
    found = one(registry, "KJNodes")
    assert isinstance(found, RegistryPack)
    assert (found.id, found.status) == ("kjnodes", "active")
    assert found.repository == "https://github.com/kijai/ComfyUI-KJNodes"
    assert found.latest == RegistryVersion(
        id="kjnodes",
        version="1.10.0",
        status="active",
        url="https://cdn.comfy.org/kjnodes-people/KJNodes/1.10.0/node.zip",
        date="2025-03-01T12:00:00Z",
        os=("linux", "windows"),
        extraction="success",
        is_mirrored=True,
    )


def test_many_packs_are_one_request(
    registry_service: RegistryService, registry: ComfyRegistry
) -> None:
    ids = tuple(f"pack-{number}" for number in range(60))
    for name in ids:
        registry_service.publish(name)
    found = registry.packs((*reversed(ids), "PACK-1"))
    assert list(found) == [*reversed(ids), "PACK-1"]
    assert found["PACK-1"] == found["pack-1"]
    assert registry_service.paths() == ["GET /nodes"]
    registry.packs(ids)
    assert len(registry_service.asked) == 1


def test_known_packs_are_not_asked_again(
    registry_service: RegistryService, registry: ComfyRegistry
) -> None:
    for name in "abc":
        registry_service.publish(name)
    registry.packs(("b",))
    registry.packs(("a", "b", "c"))
    assert registry_service.paths() == ["GET /nodes/b", "GET /nodes"]
    assert "node_id=b" not in registry_service.asked[1].query_text


def test_more_than_a_hundred_packs_are_several_requests(
    registry_service: RegistryService, registry: ComfyRegistry
) -> None:
    ids = tuple(f"{number:03}-{'x' * 60}" for number in range(150))
    for name in ids:
        registry_service.publish(name)
    assert all(isinstance(found, RegistryPack) for found in registry.packs(ids).values())
    assert registry_service.paths() == ["GET /nodes", "GET /nodes"]
    assert all(len(request.query_text) < 6000 for request in registry_service.asked)


def test_long_ids_make_shorter_requests(
    registry_service: RegistryService, registry: ComfyRegistry
) -> None:
    ids = tuple(f"{number:03}{'x' * 96}" for number in range(90))
    for name in ids:
        registry_service.publish(name)
    registry.packs(ids)
    assert registry_service.paths() == ["GET /nodes", "GET /nodes"]
    assert all(len(request.query_text) < 6000 for request in registry_service.asked)


def test_clamped_pages_are_followed(
    registry_service: RegistryService, registry: ComfyRegistry
) -> None:
    registry_service.most_packs = 2
    for name in "abcde":
        registry_service.publish(name)
    assert len(registry.packs(tuple("abcde"))) == 5
    assert registry_service.paths() == ["GET /nodes"] * 3


def test_what_a_page_leaves_out_is_asked_for_alone(
    registry_service: RegistryService, registry: ComfyRegistry
) -> None:
    registry_service.publish("there")
    registry_service.publish("unlisted")
    registry_service.packs["unlisted"].is_listed = False
    registry_service.publish("new-name")
    registry_service.renamed["old-name"] = "new-name"
    found = registry.packs(("there", "unlisted", "old-name", "nobody"))
    assert isinstance(found["unlisted"], RegistryPack)
    renamed = found["old-name"]
    assert isinstance(renamed, RegistryPack)
    assert renamed.id == "new-name"
    assert reason(found["nobody"]) == "not-found"
    assert sorted(registry_service.paths()) == [
        "GET /nodes",
        "GET /nodes/new-name",
        "GET /nodes/nobody",
        "GET /nodes/old-name",
        "GET /nodes/unlisted",
    ]


def test_banned_and_deleted_packs_are_missing(
    registry_service: RegistryService, registry: ComfyRegistry
) -> None:
    for name, status in (("bad", "Banned"), ("gone", "Deleted"), ("worse", "Banned")):
        registry_service.publish(name)
        registry_service.packs[name].status = status
    registry_service.packs["worse"].is_listed = False
    found = registry.packs(("bad", "gone", "worse"))
    assert {name: reason(each) for name, each in found.items()} == {
        "bad": "banned",
        "gone": "deleted",
        "worse": "banned",
    }
    assert found["bad"] == Missing(
        "banned",
        "`bad` is banned in the Comfy Registry",
        "take it from its repository in comfylock.toml if you trust it, or replace its nodes",
    )


@pytest.mark.parametrize("given", ["", "-x", "../nodes", "a b", "a" * 101, "a/b", "ä"])
def test_what_cannot_be_an_id_is_not_asked_for(
    registry_service: RegistryService, registry: ComfyRegistry, given: str
) -> None:
    assert reason(one(registry, given)) == "not-found"
    assert reason(registry.listing(given)) == "not-found"
    assert reason(registry.versions(((given, "1.0.0"),))[given, "1.0.0"]) == "no-such-version"
    assert registry_service.asked == []


def test_a_pack_without_an_active_version_has_no_latest(
    registry_service: RegistryService, registry: ComfyRegistry
) -> None:
    registry_service.add("empty", repository="")
    found = one(registry, "empty")
    assert found == RegistryPack("empty", "active", None, None)


# versions


@pytest.mark.parametrize("status", ["Active", "Pending", "Flagged", "Banned", "Deleted"])
def test_versions_come_in_any_status(
    registry_service: RegistryService, registry: ComfyRegistry, status: str
) -> None:
    registry_service.publish(
        "a", status=status, deprecated=True, dependencies=["numpy>=1", "torch"]
    )
    registry_service.publish("b")
    found = registry.versions((("a", "1.0.0"), ("b", "1.0.0")))["a", "1.0.0"]
    assert isinstance(found, RegistryVersion)
    assert (found.status, found.deprecated) == (status.lower(), True)
    assert found.dependencies == ("numpy>=1", "torch")
    assert registry_service.paths() == ["POST /bulk/nodes/versions"]
    assert version(registry, "a") == found


def test_versions_are_looked_for_in_their_spelling_too(
    registry_service: RegistryService, registry: ComfyRegistry
) -> None:
    registry_service.publish("a", "1.2.0")
    registry_service.publish("b", "2.0.0-alpha.7")
    wanted = (("a", "v1.2"), ("a", "1.2.0"), ("a", "1.2"), ("B", "v2.0.0-alpha.7"), ("a", "7"))
    found = registry.versions(wanted)
    assert [getattr(found[pair], "version", None) for pair in wanted] == [
        "1.2.0",
        "1.2.0",
        "1.2.0",
        "2.0.0-alpha.7",
        None,
    ]
    assert found["a", "7"] == Missing(
        "no-such-version",
        "`a` has no version `7` in the Comfy Registry",
        "ask for another version in comfylock.toml",
    )
    assert registry_service.paths() == ["POST /bulk/nodes/versions"] * 2


def test_one_version_alone_is_a_get(
    registry_service: RegistryService, registry: ComfyRegistry
) -> None:
    registry_service.publish("a", "1.2.0")
    assert version(registry, "a", "v1.2").version == "1.2.0"
    assert registry_service.paths() == ["GET /nodes/a/versions/v1.2", "GET /nodes/a/versions/1.2.0"]
    assert reason(registry.versions((("a", "nightly"),))["a", "nightly"]) == "no-such-version"
    assert reason(registry.versions((("a", "../x"),))["a", "../x"]) == "no-such-version"
    assert len(registry_service.asked) == 3


def test_versions_about_which_the_bulk_fails_are_asked_for_alone(
    registry_service: RegistryService, registry: ComfyRegistry
) -> None:
    registry_service.publish("a")
    registry_service.publish("b")
    registry_service.broken = {("a", "1.0.0"), ("c", "1.0.0")}
    found = registry.versions((("a", "1.0.0"), ("b", "1.0.0"), ("c", "1.0.0")))
    assert isinstance(found["a", "1.0.0"], RegistryVersion)
    assert reason(found["c", "1.0.0"]) == "no-such-version"


def test_the_listing_is_ordered_by_version(
    registry_service: RegistryService, registry: ComfyRegistry
) -> None:
    for text in ("1.9.0", "1.10.0", "2.0.0-rc.1", "2.0.0", "0.1.0"):
        registry_service.publish("a", text)
    registry_service.publish("a", "3.0.0", status="Flagged")
    registry_service.publish("a", "4.0.0", status="Banned")
    found = registry.listing("A")
    assert isinstance(found, VersionList)
    assert [each.version for each in found.versions] == [
        "3.0.0",
        "2.0.0",
        "2.0.0-rc.1",
        "1.10.0",
        "1.9.0",
        "0.1.0",
    ]
    assert registry.listing("a") == found
    assert len(registry_service.asked) == 1


def test_there_is_no_listing_of_what_is_not_there(
    registry_service: RegistryService, registry: ComfyRegistry
) -> None:
    registry_service.publish("bad")
    registry_service.packs["bad"].status = "Banned"
    assert reason(registry.listing("bad")) == "banned"
    assert reason(registry.listing("nobody")) == "not-found"


# class types


def test_class_types_are_read_over_all_pages(
    registry_service: RegistryService, registry: ComfyRegistry
) -> None:
    registry_service.most_classes = 2
    registry_service.publish("a", class_types=["B|x", "A", "Ünï / (c)", "D", "E"])
    names = ("A", "B|x", "D", "E", "Ünï / (c)")
    assert registry.class_types(version(registry, "a")) == ClassTypes(names)
    pages = [path for path in registry_service.paths() if path.endswith("/comfy-nodes")]
    assert len(pages) == 3
    assert "limit=8192" in registry_service.asked[-1].query_text
    registry.class_types(version(registry, "a"))
    assert len(registry_service.asked) == 4


@pytest.mark.parametrize(
    ("extraction", "expected", "requests"),
    [("success", (), 1), ("pending", None, 1), ("failed", None, 0)],
)
def test_an_empty_list_says_nothing_before_the_extraction_has_succeeded(
    registry_service: RegistryService,
    registry: ComfyRegistry,
    extraction: str,
    expected: tuple[str, ...] | None,
    requests: int,
) -> None:
    registry_service.publish("a", extraction=extraction)
    found = version(registry, "a")
    assert registry.class_types(found) == ClassTypes(expected)
    assert len(registry_service.asked) == 1 + requests


def test_a_version_that_is_not_there_has_unknown_class_types(
    registry_service: RegistryService, registry: ComfyRegistry
) -> None:
    registry_service.publish("a")
    other = replace(version(registry, "a"), version="9.9.9", extraction=None)
    assert registry.class_types(other) == ClassTypes(None)


class LastingOnly:
    """Answers that remember what can never change, and nothing else."""

    def __init__(self) -> None:
        self.kept: dict[Question, object] = {}

    def ask(
        self, question: Question, kind: type[T], fetch: Callable[[Known[T] | None], Known[T]]
    ) -> T:
        found = self.known(question, kind)
        if found is not None:
            return found
        known = fetch(None)
        if question.is_lasting and known.is_kept:
            self.kept[question] = known.value
        return known.value

    def known(self, question: Question, kind: type[T]) -> T | None:
        found = self.kept.get(question)
        assert found is None or isinstance(found, kind)
        return found


def test_found_class_types_last_and_missing_ones_are_asked_for_again(
    registry_service: RegistryService, registry_http: Http
) -> None:
    registry = registry_over(LastingOnly(), registry_service, registry_http)
    published = registry_service.publish("a", class_types=["A"], extraction="pending")
    found = version(registry, "a")
    assert registry.class_types(found).names is None
    published.extraction = "success"
    assert registry.class_types(found).names == ("A",)
    registry_service.asked.clear()
    assert registry.class_types(found).names == ("A",)
    assert registry_service.asked == []


class Deaf(InMemory):
    """Answers that know nothing and may not ask about what changes."""

    def ask(
        self, question: Question, kind: type[T], fetch: Callable[[Known[T] | None], Known[T]]
    ) -> T:
        del kind, fetch
        raise OfflineError(question.service, "is not asked")


def test_offline_answers_are_values_where_many_are_asked_for(
    registry_service: RegistryService, registry_http: Http
) -> None:
    registry = registry_over(Deaf(), registry_service, registry_http)
    assert reason(one(registry, "a")) == "offline"
    found = registry.versions((("a", "1.0.0"),))["a", "1.0.0"]
    assert reason(found) == "offline"
    with pytest.raises(OfflineError):
        registry.listing("a")
    assert registry_service.asked == []


# reverse lookup


@pytest.mark.parametrize("name", ["Plain", "With space", "a/b|c+d", "Üñí (宇)", "..x", "50%"])
def test_a_class_type_leads_to_a_pack(
    registry_service: RegistryService, registry: ComfyRegistry, name: str
) -> None:
    registry_service.publish("a", class_types=[name])
    found = registry.provider(name)
    assert isinstance(found, RegistryPack)
    assert found.id == "a"
    assert registry.provider(name) == found
    assert len(registry_service.asked) == 1


def test_unknown_class_types_lead_nowhere(
    registry_service: RegistryService, registry: ComfyRegistry
) -> None:
    assert registry.provider("Nobody") == Missing(
        "not-found", "the Comfy Registry knows no pack with `Nobody`"
    )
    for name in ("", "..", ". ", "a\0b", "x" * 301, "\ud800"):
        assert reason(registry.provider(name)) == "not-found"
    assert len(registry_service.asked) == 1


def test_the_reverse_lookup_may_lead_to_a_banned_pack(
    registry_service: RegistryService, registry: ComfyRegistry
) -> None:
    registry_service.publish("bad", class_types=["Bad"])
    registry_service.packs["bad"].status = "Banned"
    assert reason(registry.provider("Bad")) == "banned"


# what fifty packs cost


def test_fifty_packs_are_as_many_requests_as_facts(
    registry_service: RegistryService, registry: ComfyRegistry
) -> None:
    ids = tuple(f"pack-{number:02}" for number in range(50))
    for name in ids:
        registry_service.publish(name, class_types=[f"{name} node"])
    packs = registry.packs(ids)
    found = registry.versions(tuple((name, "1.0.0") for name in packs))
    for each in found.values():
        assert isinstance(each, RegistryVersion)
        facts = registry.archive(each, read=True)
        assert isinstance(facts, ArchiveFacts)
        assert registry.class_types(each).names == facts.contents.class_types
    ends = [path.rpartition("/")[2] for path in registry_service.paths()]
    assert {end: ends.count(end) for end in sorted(set(ends))} == {
        "comfy-nodes": 50,
        "node.zip": 50,
        "nodes": 1,
        "versions": 1,
    }
    assert registry_service.installs == 0


def test_threads_get_the_same_answers_in_any_order(
    registry_service: RegistryService, registry: ComfyRegistry
) -> None:
    ids = tuple(f"pack-{number:02}" for number in range(20))
    for name in ids:
        registry_service.publish(name, class_types=[name])
    registry_service.delay = 0.01
    rotated = [ids[at:] + ids[:at] for at in range(8)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(registry.packs, rotated))
        again = list(pool.map(registry.provider, ids * 4))
    assert all(each == found[0] for each in found)
    assert again == again[:20] * 4
    asked = [path for path in registry_service.paths() if path.startswith("GET /comfy-nodes/")]
    assert len(asked) == len(set(asked)) == 20


# archives


def test_an_archive_is_hashed_and_read_once(
    registry_service: RegistryService, registry: ComfyRegistry
) -> None:
    files = pack_files(["A", "B"], ["numpy>=1", "pillow"], install__py="import os\n")
    published = registry_service.publish("a", files=files)
    found = version(registry, "a")
    facts = registry.archive(found, read=True)
    assert isinstance(facts, ArchiveFacts)
    assert facts.size == len(published.archive)
    assert len(facts.sha256) == 64
    assert facts.contents.class_types == ("A", "B")
    assert facts.contents.requirements == (
        "numpy>=1 # requirements.txt:1",
        "pillow # requirements.txt:2",
    )
    assert facts.contents.runs_code == ("install.py",)
    plain = registry.archive(found, read=False)
    assert plain == replace(facts, contents=replace(facts.contents, class_types=None))
    assert [path.rpartition("/")[2] for path in registry_service.paths()].count("node.zip") == 1


def test_an_archive_need_not_be_read(
    registry_service: RegistryService, registry: ComfyRegistry
) -> None:
    registry_service.publish("a", class_types=["A"])
    found = registry.archive(version(registry, "a"), read=False)
    assert isinstance(found, ArchiveFacts)
    assert found.contents.class_types is None
