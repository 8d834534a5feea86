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
from tests.services.comfy_registry import RegistryService, registry_serving
from tests.services.node_archive import pack_files
from tests.unit.sources.loopback_client import client_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeVar

    from comfylock.net.http import Http
    from comfylock.net.interface import Answers, Known, Question

    T = TypeVar("T")


@pytest.fixture
def service() -> Iterator[RegistryService]:
    with registry_serving() as running:
        yield running


@pytest.fixture
def http(service: RegistryService) -> Iterator[Http]:
    with client_for(service) as client:
        yield client


@pytest.fixture
def registry(service: RegistryService, http: Http) -> ComfyRegistry:
    return registry_over(InMemory(), service, http)


def registry_over(answers: Answers, service: RegistryService, http: Http) -> ComfyRegistry:
    return ComfyRegistry(answers, http, endpoint=f"{service.url}/")


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
    service: RegistryService, registry: ComfyRegistry
) -> None:
    service.add("KJNodes", repository="git@github.com:kijai/ComfyUI-KJNodes.git")
    service.publish("KJNodes", "1.9.0")
    service.publish("KJNodes", "1.10.0", os=["Microsoft :: Windows", "POSIX :: Linux"])
    service.publish("KJNodes", "1.11.0", status="Pending")
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


def test_many_packs_are_one_request(service: RegistryService, registry: ComfyRegistry) -> None:
    ids = tuple(f"pack-{number}" for number in range(60))
    for name in ids:
        service.publish(name)
    found = registry.packs((*reversed(ids), "PACK-1"))
    assert list(found) == [*reversed(ids), "PACK-1"]
    assert found["PACK-1"] == found["pack-1"]
    assert service.paths() == ["GET /nodes"]
    registry.packs(ids)
    assert len(service.asked) == 1


def test_known_packs_are_not_asked_again(service: RegistryService, registry: ComfyRegistry) -> None:
    for name in "abc":
        service.publish(name)
    registry.packs(("b",))
    registry.packs(("a", "b", "c"))
    assert service.paths() == ["GET /nodes/b", "GET /nodes"]
    assert "node_id=b" not in service.asked[1].query_text


def test_more_than_a_hundred_packs_are_several_requests(
    service: RegistryService, registry: ComfyRegistry
) -> None:
    ids = tuple(f"{number:03}-{'x' * 60}" for number in range(150))
    for name in ids:
        service.publish(name)
    assert all(isinstance(found, RegistryPack) for found in registry.packs(ids).values())
    assert service.paths() == ["GET /nodes", "GET /nodes"]
    assert all(len(request.query_text) < 6000 for request in service.asked)


def test_long_ids_make_shorter_requests(service: RegistryService, registry: ComfyRegistry) -> None:
    ids = tuple(f"{number:03}{'x' * 96}" for number in range(90))
    for name in ids:
        service.publish(name)
    registry.packs(ids)
    assert service.paths() == ["GET /nodes", "GET /nodes"]
    assert all(len(request.query_text) < 6000 for request in service.asked)


def test_clamped_pages_are_followed(service: RegistryService, registry: ComfyRegistry) -> None:
    service.most_packs = 2
    for name in "abcde":
        service.publish(name)
    assert len(registry.packs(tuple("abcde"))) == 5
    assert service.paths() == ["GET /nodes"] * 3


def test_what_a_page_leaves_out_is_asked_for_alone(
    service: RegistryService, registry: ComfyRegistry
) -> None:
    service.publish("there")
    service.publish("unlisted")
    service.packs["unlisted"].is_listed = False
    service.publish("new-name")
    service.renamed["old-name"] = "new-name"
    found = registry.packs(("there", "unlisted", "old-name", "nobody"))
    assert isinstance(found["unlisted"], RegistryPack)
    renamed = found["old-name"]
    assert isinstance(renamed, RegistryPack)
    assert renamed.id == "new-name"
    assert reason(found["nobody"]) == "not-found"
    assert sorted(service.paths()) == [
        "GET /nodes",
        "GET /nodes/new-name",
        "GET /nodes/nobody",
        "GET /nodes/old-name",
        "GET /nodes/unlisted",
    ]


def test_banned_and_deleted_packs_are_missing(
    service: RegistryService, registry: ComfyRegistry
) -> None:
    for name, status in (("bad", "Banned"), ("gone", "Deleted"), ("worse", "Banned")):
        service.publish(name)
        service.packs[name].status = status
    service.packs["worse"].is_listed = False
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
    service: RegistryService, registry: ComfyRegistry, given: str
) -> None:
    assert reason(one(registry, given)) == "not-found"
    assert reason(registry.listing(given)) == "not-found"
    assert reason(registry.versions(((given, "1.0.0"),))[given, "1.0.0"]) == "no-such-version"
    assert service.asked == []


def test_a_pack_without_an_active_version_has_no_latest(
    service: RegistryService, registry: ComfyRegistry
) -> None:
    service.add("empty", repository="")
    found = one(registry, "empty")
    assert found == RegistryPack("empty", "active", None, None)


# versions


@pytest.mark.parametrize("status", ["Active", "Pending", "Flagged", "Banned", "Deleted"])
def test_versions_come_in_any_status(
    service: RegistryService, registry: ComfyRegistry, status: str
) -> None:
    service.publish("a", status=status, deprecated=True, dependencies=["numpy>=1", "torch"])
    service.publish("b")
    found = registry.versions((("a", "1.0.0"), ("b", "1.0.0")))["a", "1.0.0"]
    assert isinstance(found, RegistryVersion)
    assert (found.status, found.deprecated) == (status.lower(), True)
    assert found.dependencies == ("numpy>=1", "torch")
    assert service.paths() == ["POST /bulk/nodes/versions"]
    assert version(registry, "a") == found


def test_versions_are_looked_for_in_their_spelling_too(
    service: RegistryService, registry: ComfyRegistry
) -> None:
    service.publish("a", "1.2.0")
    service.publish("b", "2.0.0-alpha.7")
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
    assert service.paths() == ["POST /bulk/nodes/versions"] * 2


def test_one_version_alone_is_a_get(service: RegistryService, registry: ComfyRegistry) -> None:
    service.publish("a", "1.2.0")
    assert version(registry, "a", "v1.2").version == "1.2.0"
    assert service.paths() == ["GET /nodes/a/versions/v1.2", "GET /nodes/a/versions/1.2.0"]
    assert reason(registry.versions((("a", "nightly"),))["a", "nightly"]) == "no-such-version"
    assert reason(registry.versions((("a", "../x"),))["a", "../x"]) == "no-such-version"
    assert len(service.asked) == 3


def test_versions_about_which_the_bulk_fails_are_asked_for_alone(
    service: RegistryService, registry: ComfyRegistry
) -> None:
    service.publish("a")
    service.publish("b")
    service.broken = {("a", "1.0.0"), ("c", "1.0.0")}
    found = registry.versions((("a", "1.0.0"), ("b", "1.0.0"), ("c", "1.0.0")))
    assert isinstance(found["a", "1.0.0"], RegistryVersion)
    assert reason(found["c", "1.0.0"]) == "no-such-version"


def test_the_listing_is_ordered_by_version(
    service: RegistryService, registry: ComfyRegistry
) -> None:
    for text in ("1.9.0", "1.10.0", "2.0.0-rc.1", "2.0.0", "0.1.0"):
        service.publish("a", text)
    service.publish("a", "3.0.0", status="Flagged")
    service.publish("a", "4.0.0", status="Banned")
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
    assert len(service.asked) == 1


def test_there_is_no_listing_of_what_is_not_there(
    service: RegistryService, registry: ComfyRegistry
) -> None:
    service.publish("bad")
    service.packs["bad"].status = "Banned"
    assert reason(registry.listing("bad")) == "banned"
    assert reason(registry.listing("nobody")) == "not-found"


# class types


def test_class_types_are_read_over_all_pages(
    service: RegistryService, registry: ComfyRegistry
) -> None:
    service.most_classes = 2
    service.publish("a", class_types=["B|x", "A", "Ünï / (c)", "D", "E"])
    names = ("A", "B|x", "D", "E", "Ünï / (c)")
    assert registry.class_types(version(registry, "a")) == ClassTypes(names)
    pages = [path for path in service.paths() if path.endswith("/comfy-nodes")]
    assert len(pages) == 3
    assert "limit=8192" in service.asked[-1].query_text
    registry.class_types(version(registry, "a"))
    assert len(service.asked) == 4


@pytest.mark.parametrize(
    ("extraction", "expected", "requests"),
    [("success", (), 1), ("pending", None, 1), ("failed", None, 0)],
)
def test_an_empty_list_says_nothing_before_the_extraction_has_succeeded(
    service: RegistryService,
    registry: ComfyRegistry,
    extraction: str,
    expected: tuple[str, ...] | None,
    requests: int,
) -> None:
    service.publish("a", extraction=extraction)
    found = version(registry, "a")
    assert registry.class_types(found) == ClassTypes(expected)
    assert len(service.asked) == 1 + requests


def test_a_version_that_is_not_there_has_unknown_class_types(
    service: RegistryService, registry: ComfyRegistry
) -> None:
    service.publish("a")
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
    service: RegistryService, http: Http
) -> None:
    registry = registry_over(LastingOnly(), service, http)
    published = service.publish("a", class_types=["A"], extraction="pending")
    found = version(registry, "a")
    assert registry.class_types(found).names is None
    published.extraction = "success"
    assert registry.class_types(found).names == ("A",)
    service.asked.clear()
    assert registry.class_types(found).names == ("A",)
    assert service.asked == []


class Deaf(InMemory):
    """Answers that know nothing and may not ask about what changes."""

    def ask(
        self, question: Question, kind: type[T], fetch: Callable[[Known[T] | None], Known[T]]
    ) -> T:
        del kind, fetch
        raise OfflineError(question.service, "is not asked")


def test_offline_answers_are_values_where_many_are_asked_for(
    service: RegistryService, http: Http
) -> None:
    registry = registry_over(Deaf(), service, http)
    assert reason(one(registry, "a")) == "offline"
    found = registry.versions((("a", "1.0.0"),))["a", "1.0.0"]
    assert reason(found) == "offline"
    with pytest.raises(OfflineError):
        registry.listing("a")
    assert service.asked == []


# reverse lookup


@pytest.mark.parametrize("name", ["Plain", "With space", "a/b|c+d", "Üñí (宇)", "..x", "50%"])
def test_a_class_type_leads_to_a_pack(
    service: RegistryService, registry: ComfyRegistry, name: str
) -> None:
    service.publish("a", class_types=[name])
    found = registry.provider(name)
    assert isinstance(found, RegistryPack)
    assert found.id == "a"
    assert registry.provider(name) == found
    assert len(service.asked) == 1


def test_unknown_class_types_lead_nowhere(
    service: RegistryService, registry: ComfyRegistry
) -> None:
    assert registry.provider("Nobody") == Missing(
        "not-found", "the Comfy Registry knows no pack with `Nobody`"
    )
    for name in ("", "..", ". ", "a\0b", "x" * 301, "\ud800"):
        assert reason(registry.provider(name)) == "not-found"
    assert len(service.asked) == 1


def test_the_reverse_lookup_may_lead_to_a_banned_pack(
    service: RegistryService, registry: ComfyRegistry
) -> None:
    service.publish("bad", class_types=["Bad"])
    service.packs["bad"].status = "Banned"
    assert reason(registry.provider("Bad")) == "banned"


# what fifty packs cost


def test_fifty_packs_are_as_many_requests_as_facts(
    service: RegistryService, registry: ComfyRegistry
) -> None:
    ids = tuple(f"pack-{number:02}" for number in range(50))
    for name in ids:
        service.publish(name, class_types=[f"{name} node"])
    packs = registry.packs(ids)
    found = registry.versions(tuple((name, "1.0.0") for name in packs))
    for each in found.values():
        assert isinstance(each, RegistryVersion)
        facts = registry.archive(each, read=True)
        assert isinstance(facts, ArchiveFacts)
        assert registry.class_types(each).names == facts.contents.class_types
    ends = [path.rpartition("/")[2] for path in service.paths()]
    assert {end: ends.count(end) for end in sorted(set(ends))} == {
        "comfy-nodes": 50,
        "node.zip": 50,
        "nodes": 1,
        "versions": 1,
    }
    assert service.installs == 0


def test_threads_get_the_same_answers_in_any_order(
    service: RegistryService, registry: ComfyRegistry
) -> None:
    ids = tuple(f"pack-{number:02}" for number in range(20))
    for name in ids:
        service.publish(name, class_types=[name])
    service.delay = 0.01
    rotated = [ids[at:] + ids[:at] for at in range(8)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(registry.packs, rotated))
        again = list(pool.map(registry.provider, ids * 4))
    assert all(each == found[0] for each in found)
    assert again == again[:20] * 4
    asked = [path for path in service.paths() if path.startswith("GET /comfy-nodes/")]
    assert len(asked) == len(set(asked)) == 20


# archives


def test_an_archive_is_hashed_and_read_once(
    service: RegistryService, registry: ComfyRegistry
) -> None:
    files = pack_files(["A", "B"], ["numpy>=1", "pillow"], install__py="import os\n")
    published = service.publish("a", files=files)
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
    assert [path.rpartition("/")[2] for path in service.paths()].count("node.zip") == 1


def test_an_archive_need_not_be_read(service: RegistryService, registry: ComfyRegistry) -> None:
    service.publish("a", class_types=["A"])
    found = registry.archive(version(registry, "a"), read=False)
    assert isinstance(found, ArchiveFacts)
    assert found.contents.class_types is None
