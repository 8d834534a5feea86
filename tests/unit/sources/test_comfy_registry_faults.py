from __future__ import annotations

import json
import tempfile
from threading import Event, Timer
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from comfylock.errors import SourceUnavailableError
from comfylock.net.answers import InMemory
from comfylock.sources.comfy_registry import ComfyRegistry
from comfylock.sources.comfy_registry_archive import Places
from comfylock.sources.comfy_registry_payloads import told, version_of
from comfylock.sources.interface import ArchiveFacts, Missing, RegistryPack, RegistryVersion
from tests.services.node_archive import node_tar, pack_files
from tests.services.web import Fault, Reply, document, moved, web_page

if TYPE_CHECKING:
    from pathlib import Path

    from comfylock.net.http import Http
    from tests.services.comfy_registry import RegistryService


@pytest.fixture
def registry(registry_service: RegistryService, registry_http: Http) -> ComfyRegistry:
    return ComfyRegistry(
        InMemory(), registry_http, endpoint=registry_service.url, max_archive=1 << 20
    )


def asks(registry: ComfyRegistry) -> dict[str, Any]:
    """Everything that can be asked, by the path that it leads to."""
    known = RegistryVersion("a", "1.0.0", "active", "https://cdn.comfy.org/p/a/1.0.0/node.zip")
    return {
        "/nodes": lambda: registry.packs(("a", "b")),
        "/nodes/a": lambda: registry.packs(("a",)),
        "/bulk/nodes/versions": lambda: registry.versions((("a", "1.0.0"), ("b", "1.0.0"))),
        "/nodes/a/versions/1.0.0": lambda: registry.versions((("a", "1.0.0"),)),
        "/nodes/a/versions": lambda: registry.listing("a"),
        "/nodes/a/versions/1.0.0/comfy-nodes": lambda: registry.class_types(known),
        "/comfy-nodes/A/node": lambda: registry.provider("A"),
    }


PATHS = tuple(asks(ComfyRegistry(InMemory(), None)))  # type: ignore[arg-type]
GARBAGE = {
    "text": Reply(200, b"nothing to see", {"Content-Type": "text/plain"}),
    "page": web_page(),
    "page 404": web_page("<html>404</html>", 404),
    "page 403": web_page("<html>blocked</html>", 403),
    "number": document(7),
    "half": Reply(200, b'{"nodes": [', {"Content-Type": "application/json"}),
    "binary": Reply(200, b"\xff\xfe\x00", {"Content-Type": "application/json"}),
    "deep": Reply(200, b"[" * 100_000, {"Content-Type": "application/json"}),
    "teapot": document({"error": "teapot", "message": "I am one"}, 418),
}


@pytest.mark.parametrize("fault", GARBAGE)
@pytest.mark.parametrize("path", PATHS)
def test_answers_that_make_no_sense_name_the_registry(
    registry_service: RegistryService, registry: ComfyRegistry, path: str, fault: str
) -> None:
    registry_service.faults[path] = Fault(GARBAGE[fault])
    with pytest.raises(SourceUnavailableError) as caught:
        asks(registry)[path]()
    assert caught.value.service == "Comfy Registry"
    if fault == "teapot":
        assert caught.value.message.endswith(": I am one")


@pytest.mark.parametrize("status", [429, 500, 502, 503])
@pytest.mark.parametrize("path", PATHS)
def test_overload_names_the_host(
    registry_service: RegistryService, registry: ComfyRegistry, path: str, status: int
) -> None:
    registry_service.faults[path] = Fault(document({"error": "busy", "message": ""}, status))
    with pytest.raises(SourceUnavailableError) as caught:
        asks(registry)[path]()
    assert str(status) in caught.value.message


@pytest.mark.parametrize("path", PATHS)
def test_a_passing_overload_is_waited_for(
    registry_service: RegistryService, registry: ComfyRegistry, path: str
) -> None:
    registry_service.publish("a", class_types=["A"])
    registry_service.publish("b")
    headers = {"Retry-After": "0"}
    registry_service.faults[path] = Fault(Reply(429, b"", headers), times=1)
    assert asks(registry)[path]()


@pytest.mark.parametrize("path", PATHS)
def test_a_connection_that_breaks_once_is_tried_again(
    registry_service: RegistryService, registry: ComfyRegistry, path: str
) -> None:
    registry_service.publish("a", class_types=["A"])
    registry_service.publish("b")
    registry_service.faults[path] = Fault(times=1, resets=True)
    assert asks(registry)[path]()


def test_a_slow_answer_is_an_answer(
    registry_service: RegistryService, registry: ComfyRegistry
) -> None:
    registry_service.publish("a")
    event = Event()
    registry_service.faults["/nodes/a"] = Fault(until=event)
    Timer(0.05, event.set).start()
    assert isinstance(registry.packs(("a",))["a"], RegistryPack)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"id": "a"}, RegistryPack("a", "active")),
        ({"id": "A", "status": None, "repository": None, "latest_version": None}, "same"),
        ({"id": "A", "status": "", "repository": "", "latest_version": {}}, "same"),
        ({"id": "A", "status": 7, "repository": 7, "latest_version": [7], "more": {}}, "same"),
        ({"id": "a", "status": "NodeStatusNew", "latest_version": {"version": ""}}, "same"),
    ],
)
def test_packs_are_read_leniently(
    registry_service: RegistryService, registry: ComfyRegistry, answer: Any, expected: Any
) -> None:
    registry_service.faults["/nodes/a"] = Fault(document(answer))
    found = registry.packs(("a",))["a"]
    assert found == (RegistryPack("a", "active") if expected == "same" else expected)


@pytest.mark.parametrize("answer", [{}, {"id": 7}, {"id": ""}, {"id": "../b"}, [], None, "a"])
def test_a_pack_without_an_id_is_none(
    registry_service: RegistryService, registry: ComfyRegistry, answer: Any
) -> None:
    registry_service.faults["/nodes/a"] = Fault(document(answer))
    with pytest.raises(SourceUnavailableError, match="about `a`"):
        registry.packs(("a",))


@pytest.mark.parametrize(
    "page",
    [
        {},
        {"nodes": None},
        {"nodes": [7, None, {"id": 3}, {"id": "c"}], "totalPages": "x"},
        {"nodes": [], "totalPages": 5},
    ],
)
def test_pages_without_what_was_asked_for_lead_to_single_questions(
    registry_service: RegistryService, registry: ComfyRegistry, page: Any
) -> None:
    registry_service.publish("a")
    registry_service.publish("b")
    registry_service.faults["/nodes"] = Fault(document(page), times=1)
    found = registry.packs(("a", "b"))
    assert all(isinstance(each, RegistryPack) for each in found.values())


@pytest.mark.parametrize("status", [400, 404])
def test_a_refused_page_leads_to_single_questions(
    registry_service: RegistryService, registry: ComfyRegistry, status: int
) -> None:
    registry_service.publish("a")
    registry_service.faults["/nodes"] = Fault(
        document({"error": "x", "message": "bad id"}, status), times=1
    )
    found = registry.packs(("a", "b"))
    assert isinstance(found["a"], RegistryPack)
    assert isinstance(found["b"], Missing)


@pytest.mark.parametrize("target", ["/nodes/a", "/login", "/nodes/..%2Fx", "", "https://x.test/"])
def test_redirects_to_no_pack_are_faults(
    registry_service: RegistryService, registry: ComfyRegistry, target: str
) -> None:
    registry_service.faults["/nodes/a"] = Fault(moved(target, 302))
    with pytest.raises(SourceUnavailableError, match="`a`"):
        registry.packs(("a",))


@pytest.mark.parametrize("items", [None, [], [7, {}, {"identifier": {"node_id": "a"}}]])
def test_bulk_answers_without_an_item_lead_to_single_questions(
    registry_service: RegistryService, registry: ComfyRegistry, items: Any
) -> None:
    registry_service.publish("a")
    registry_service.packs["a"].status = "Banned"
    registry_service.publish("b")
    registry_service.faults["/bulk"] = Fault(document({"node_versions": items}))
    registry_service.faults["/nodes/a"] = Fault(document({"error": "", "message": "banned"}, 403))
    found = registry.versions((("a", "1.0.0"), ("b", "1.0.0")))
    assert isinstance(found["b", "1.0.0"], RegistryVersion)
    banned = found["a", "1.0.0"]
    assert isinstance(banned, Missing)
    assert banned.reason == "banned"


def test_an_answer_about_another_version_is_not_taken(
    registry_service: RegistryService, registry: ComfyRegistry
) -> None:
    registry_service.publish("a", "2.0.0")
    other = document({"node_id": "a", "version": "2.0.0"})
    registry_service.faults["/nodes/a/versions/1.0.0"] = Fault(other)
    item = {"identifier": {"node_id": "a", "version": "1.0.0"}, "status": "success"}
    answer = {"node_versions": [{**item, "node_version": json.loads(other.body)}]}
    registry_service.faults["/bulk"] = Fault(document(answer))
    with pytest.raises(SourceUnavailableError, match=r"about `a` 1\.0\.0"):
        registry.versions((("a", "1.0.0"), ("b", "1.0.0")))


def canonical(url: str) -> tuple[str, bool]:
    return url, False


@pytest.mark.parametrize(
    ("field", "value", "name", "expected"),
    [
        ("status", "", "status", "active"),
        ("status", "NodeVersionStatusQuarantined", "status", "flagged"),
        ("status", 7, "status", "flagged"),
        ("deprecated", "yes", "deprecated", False),
        ("dependencies", "numpy", "dependencies", ()),
        ("dependencies", ["b", 7, "", " a ", "c\nd", "x" * 2000], "dependencies", ("b", "a")),
        (
            "dependencies",
            ["x @ git+https://me:secret@example.com/x"],
            "dependencies",
            ("x @ git+https://example.com/x",),
        ),
        ("createdAt", "2025-03-01T14:30:00.123456789+02:00", "date", "2025-03-01T12:30:00Z"),
        ("createdAt", "2025-03-01", "date", "2025-03-01T00:00:00Z"),
        ("createdAt", "0001-01-01T00:00:00Z", "date", None),
        ("createdAt", "0001-01-01T00:00:00+02:00", "date", None),
        ("createdAt", "yesterday", "date", None),
        ("createdAt", 5, "date", None),
        ("supported_os", ["OS Independent", "POSIX :: Linux"], "os", ()),
        ("supported_os", ["MacOS", 7, "POSIX :: Linux", "BSD"], "os", ("linux", "macos")),
        ("supported_os", "Linux", "os", ()),
        (
            "supported_accelerators",
            ["GPU :: NVIDIA CUDA", "GPU :: AMD ROCm", "NPU :: Huawei Ascend"],
            "accelerators",
            ("ascend", "cuda", "rocm"),
        ),
        (
            "supported_accelerators",
            ["GPU :: Intel Arc", "GPU :: Apple Metal"],
            "accelerators",
            ("intel", "metal"),
        ),
        ("comfy_node_extract_status", "later", "extraction", None),
        ("comfy_node_extract_status", ["failed"], "extraction", None),
        ("downloadUrl", None, "url", ""),
    ],
)
def test_versions_are_read_leniently(field: str, value: Any, name: str, expected: Any) -> None:
    raw = {"node_id": "a", "version": "1.0.0", field: value}
    found = version_of(raw, "a", canonical)
    assert found is not None
    assert getattr(found, name) == expected


@pytest.mark.parametrize("raw", [None, 7, {}, {"version": 1}, {"version": "a b"}, {"version": ""}])
def test_what_has_no_version_is_none(raw: Any) -> None:
    assert version_of(raw, "a", canonical) is None


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"error": "E", "message": "no such\\nnode"}', "no such\N{REPLACEMENT CHARACTER}node"),
        (b'{"error": "E", "message": ""}', "E"),
        (b'{"message": "M", "details": ["d"]}', "M"),
        (b'{"message": 7}', ""),
        (
            b'{"message": "see https://me:pw@host/?token=abcdefghij"}',
            "see https://***@host/?token=***",
        ),
        (b"", ""),
        (b"[]", ""),
    ],
)
def test_error_texts_are_safe_to_show(body: bytes, expected: str) -> None:
    assert told(body) == expected


@pytest.mark.parametrize("row", [7, {}, {"comfy_node_name": 7}, {"comfy_node_name": "x" * 1001}])
def test_class_types_are_read_leniently(
    registry_service: RegistryService, registry: ComfyRegistry, row: Any
) -> None:
    path = "/nodes/a/versions/1.0.0/comfy-nodes"
    rows = [row, {"comfy_node_id": "Old"}, {"comfy_node_name": "New"}]
    registry_service.faults[path] = Fault(
        document({"comfy_nodes": rows, "totalNumberOfPages": True})
    )
    version = RegistryVersion("a", "1.0.0", "active", "")
    assert registry.class_types(version).names == ("New", "Old")


# archives


def known(
    registry_service: RegistryService, registry: ComfyRegistry, **settings: Any
) -> RegistryVersion:
    registry_service.publish("a", **settings)
    found = registry.versions((("a", "1.0.0"),))["a", "1.0.0"]
    assert isinstance(found, RegistryVersion)
    return found


ARCHIVE = "/a-people/a/1.0.0/node.zip"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://cdn.comfy.org/p/a/1.0.0/node.zip", "not-allowed"),
        ("https://cdn.comfy.org.evil.test/node.zip", "not-allowed"),
        ("https://evil.test/node.zip", "not-allowed"),
        ("https://storage.googleapis.com/other-bucket/node.zip", "not-allowed"),
        ("https://storage.googleapis.com/comfy-registry/../x/node.zip", "not-allowed"),
        ("http://127.0.0.1:1/node.zip", "not-allowed"),
        ("ftp://cdn.comfy.org/node.zip", "not-found"),
        ("https://[", "not-found"),
        ("https://cdn.comfy.org/a\nb", "not-found"),
        ("", "not-found"),
    ],
)
def test_archives_elsewhere_are_not_fetched(
    registry_service: RegistryService, registry: ComfyRegistry, url: str, reason: str
) -> None:
    found = registry.archive(known(registry_service, registry, url=url), read=True)
    assert isinstance(found, Missing)
    assert found.reason == reason
    assert len(registry_service.asked) == 1


def test_archives_have_one_canonical_address() -> None:
    own = Places("https://api.comfy.org")
    mirror = Places("http://mirror.test:8080/registry", frozenset({"files.test", "other.test:99"}))
    version = RegistryVersion("a", "1", "active", "https://cdn.comfy.org/p/a/1/node.zip")
    assert own.canonical("https://me:pw@CDN.comfy.org/p?x=1#y") == (
        "https://cdn.comfy.org/p?x=1",
        False,
    )
    assert own.address(version) == version.url
    assert mirror.canonical("http://mirror.test:8080/p/node.zip") == (
        "https://cdn.comfy.org/p/node.zip",
        True,
    )
    assert mirror.address(version) == "http://mirror.test:8080/p/a/1/node.zip"
    assert mirror.address(replace(version, is_mirrored=False)) == version.url
    old = "https://storage.googleapis.com/comfy-registry/p/node.zip"
    assert own.address(replace(version, url=old)) == old
    for url in ("http://files.test:7/x", "https://other.test:99/x"):
        assert mirror.address(replace(version, url=url)) == url
        assert own.address(replace(version, url=url)) is None
    assert mirror.address(replace(version, url="https://other.test:98/x")) is None


@pytest.mark.parametrize(
    ("reply", "reason", "words"),
    [
        (Reply(404), "gone", "the archive of `a` 1.0.0 is not there any more"),
        (Reply(403), "gone", "403"),
        (Reply(451), "legal", "legal"),
        (web_page(), "not-an-archive", "is no archive but a web page (`Sign in`)"),
        (document({"error": "x"}), "not-an-archive", "a web page or an error message"),
        (Reply(200), "not-an-archive", "is no archive but empty"),
        (Reply(200, b"x" * (1 << 20) + b"y"), "too-large", "larger than 1 MiB"),
        (moved("http://192.168.0.1/node.zip"), "not-allowed", "must not be fetched"),
    ],
)
def test_what_comes_instead_of_an_archive(
    registry_service: RegistryService,
    registry: ComfyRegistry,
    reply: Reply,
    reason: str,
    words: str,
) -> None:
    version = known(registry_service, registry)
    registry_service.faults[ARCHIVE] = Fault(reply)
    found = registry.archive(version, read=True)
    assert isinstance(found, Missing)
    assert found.reason == reason
    assert words in found.message


def test_an_odd_status_is_the_services_fault(
    registry_service: RegistryService, registry: ComfyRegistry
) -> None:
    version = known(registry_service, registry)
    registry_service.faults[ARCHIVE] = Fault(Reply(418))
    with pytest.raises(SourceUnavailableError, match="Comfy Registry: answered 418 for the arch"):
        registry.archive(version, read=True)


def test_an_archive_of_the_wrong_length_is_the_services_fault(
    registry_service: RegistryService, registry: ComfyRegistry
) -> None:
    version = known(registry_service, registry)
    headers = {"Content-Length": "5000", "Connection": "close"}
    registry_service.faults[ARCHIVE] = Fault(Reply(200, b"PK\x03\x04", headers))
    with pytest.raises(SourceUnavailableError, match="broke off"):
        registry.archive(version, read=True)


def test_an_archive_that_breaks_off_once_is_read_again(
    registry_service: RegistryService, registry: ComfyRegistry
) -> None:
    version = known(registry_service, registry, class_types=["A"])
    registry_service.faults[ARCHIVE] = Fault(times=1, resets=True)
    found = registry.archive(version, read=True)
    assert isinstance(found, ArchiveFacts)
    assert found.size == len(registry_service.packs["a"].versions["1.0.0"].archive)
    assert found.contents.class_types == ("A",)


def test_a_truncated_archive_is_none_and_is_asked_for_again(
    registry_service: RegistryService, registry_http: Http
) -> None:
    registry = ComfyRegistry(InMemory(), registry_http, endpoint=registry_service.url)
    version = known(registry_service, registry)
    whole = registry_service.packs["a"].versions["1.0.0"].archive
    registry_service.packs["a"].versions["1.0.0"].archive = whole[:-30]
    found = registry.archive(version, read=True)
    assert isinstance(found, Missing)
    assert found.message == "the archive of `a` 1.0.0 is damaged or cut short"


def test_archives_of_the_first_months_are_tars(
    registry_service: RegistryService, registry: ComfyRegistry
) -> None:
    tar = node_tar(pack_files(["A"], ["numpy"]))
    version = known(registry_service, registry, archive=tar, file="node.tar.gz")
    found = registry.archive(version, read=True)
    assert isinstance(found, ArchiveFacts)
    assert (found.size, found.contents.class_types) == (len(tar), ("A",))
    assert found.contents.requirements == ("numpy # requirements.txt:1",)


def test_no_temporary_file_is_left(
    registry_service: RegistryService,
    registry: ComfyRegistry,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    version = known(registry_service, registry)
    for reply in (None, Reply(404), Reply(200, bytes(2 << 20)), web_page()):
        registry_service.faults = {} if reply is None else {ARCHIVE: Fault(reply)}
        other = ComfyRegistry(InMemory(), registry._client._http, endpoint=registry_service.url)
        other.archive(version, read=True)
    registry_service.faults[ARCHIVE] = Fault(resets=True)
    with pytest.raises(SourceUnavailableError):
        registry.archive(version, read=True)
    assert list(tmp_path.iterdir()) == []
