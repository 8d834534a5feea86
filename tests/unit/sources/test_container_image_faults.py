"""Images that are not there, registries in trouble, answers that make no sense."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from comfylock.errors import SourceUnavailableError
from comfylock.net.answers import InMemory
from comfylock.sources.container_image import ContainerImages
from comfylock.sources.container_image_documents import (
    MAX_ENTRIES,
    Index,
    Manifest,
    read_document,
    read_platform,
)
from comfylock.sources.container_image_registry import MAX_MANIFEST
from tests.services.oci_registry import (
    DOCKER_V1,
    OCI_MANIFEST,
    OciRegistry,
    digest_of,
    encoded,
    layer,
)
from tests.services.web import Fault, Reply, document, web_page
from tests.unit.sources.image_registry import (
    AMD64,
    LAYERS,
    MANIFESTS,
    TAG,
    facts,
    image,
    missing,
)
from tests.unit.sources.loopback_client import client_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.references.image import ImageReference

REFERENCE = image(f"ubuntu:{TAG}")
DIGEST = "sha256:" + "ab" * 32
CONFIG = {"digest": DIGEST, "size": 2}


@pytest.fixture
def source(image_service: OciRegistry) -> Iterator[ContainerImages]:
    with client_for(image_service) as http:
        yield ContainerImages(InMemory(), http, endpoints={"docker.io": image_service.url})


def unavailable(source: ContainerImages, reference: ImageReference = REFERENCE) -> str:
    with pytest.raises(SourceUnavailableError) as caught:
        source.find(reference, AMD64)
    assert caught.value.exit_code == 3
    return str(caught.value)


# what is not there


def test_a_missing_tag(image_service: OciRegistry, source: ContainerImages) -> None:
    found = missing(source.find(image("ubuntu:99"), AMD64))
    assert found.reason == "no-such-version"
    assert found.message == "`docker.io/library/ubuntu` has no tag `99`"
    assert [path.split()[0] for path in image_service.paths()] == ["GET", "GET", "GET"]


def test_a_missing_digest(source: ContainerImages) -> None:
    found = missing(source.find(image(f"ubuntu@{DIGEST}"), AMD64))
    assert (found.reason, found.message) == (
        "no-such-version",
        f"`docker.io/library/ubuntu` has no digest `{DIGEST}`",
    )


@pytest.mark.parametrize("access", ["bearer", "basic", "open"])
def test_an_unknown_repository(
    image_service: OciRegistry, source: ContainerImages, access: Any
) -> None:
    image_service.access = access
    found = missing(source.find(image("no/body:1"), AMD64))
    assert found.reason == "private-or-missing"
    assert found.message == "`docker.io/no/body` is not there, or private"
    assert len(image_service.asked) == {"bearer": 3, "basic": 1, "open": 1}[access]


def test_a_private_repository(image_service: OciRegistry, source: ContainerImages) -> None:
    image_service.add("acme/own", is_private=True).put_image(AMD64, LAYERS, "1")
    found = missing(source.find(image("acme/own:1"), AMD64))
    assert (found.reason, found.hint) == (
        "private-or-missing",
        "only images that everybody may read can be locked; check the name",
    )
    assert len(image_service.asked) == 3


@pytest.mark.parametrize("status", [401, 403, 404])
def test_whoever_gives_tokens_may_refuse(
    image_service: OciRegistry, source: ContainerImages, status: int
) -> None:
    image_service.faults["/token"] = Fault(document({"errors": [{"code": "DENIED"}]}, status))
    assert missing(source.find(REFERENCE, AMD64)).reason == "private-or-missing"


@pytest.mark.parametrize(
    ("status", "reason"), [(402, "private-or-missing"), (403, "private-or-missing"), (451, "legal")]
)
def test_registries_may_refuse(
    image_service: OciRegistry, source: ContainerImages, status: int, reason: str
) -> None:
    image_service.faults[MANIFESTS] = Fault(Reply(status))
    assert missing(source.find(REFERENCE, AMD64)).reason == reason


def test_a_missing_platform_names_the_others(
    image_service: OciRegistry, source: ContainerImages
) -> None:
    found = missing(source.find(REFERENCE, "windows/amd64"))
    assert found.reason == "no-such-platform"
    assert found.message == "`docker.io/library/ubuntu:22.04` is not made for `windows/amd64`"
    assert found.hint == "it is made for `linux/amd64`, `linux/arm`, `linux/arm64`"
    repository = image_service.add("acme/all")
    inner = repository.put_image(AMD64, LAYERS)
    repository.put_list({f"linux/a{number:02}": inner for number in range(20)}, "1")
    many = missing(source.find(image("acme/all:1"), AMD64)).hint or ""
    assert (many.count("linux/"), many[-3:]) == (12, ", …")


def test_what_is_no_platform_is_not_asked_for(
    image_service: OciRegistry, source: ContainerImages
) -> None:
    found = missing(source.find(REFERENCE, "amd64\n"))
    assert (found.reason, found.message) == ("no-such-platform", "`amd64�` is no platform")
    assert image_service.asked == []


def test_an_image_that_names_no_platform(
    image_service: OciRegistry, source: ContainerImages
) -> None:
    image_service.add("acme/bare").put_image(None, LAYERS, "1")
    found = missing(source.find(image("acme/bare:1"), AMD64))
    assert found.hint == "it names no platform; take another image"


def test_a_configuration_that_is_gone(image_service: OciRegistry, source: ContainerImages) -> None:
    repository = image_service.add("acme/lost")
    repository.put_image(AMD64, LAYERS, "1")
    repository.blobs.clear()
    assert missing(source.find(image("acme/lost:1"), AMD64)).reason == "no-such-version"


def test_a_list_whose_image_is_gone(image_service: OciRegistry, source: ContainerImages) -> None:
    image_service.add("acme/lost").put_list({AMD64: DIGEST}, "1")
    found = missing(source.find(image("acme/lost:1"), AMD64))
    assert found.message == f"`docker.io/acme/lost` has no digest `{DIGEST}`"


# what must not be relied on


def test_manifests_of_version_1_are_refused(
    image_service: OciRegistry, source: ContainerImages
) -> None:
    content = {"schemaVersion": 1, "name": "acme/ancient", "fsLayers": [{"blobSum": DIGEST}]}
    image_service.add("acme/ancient").put(DOCKER_V1, encoded(content), "1")
    found = missing(source.find(image("acme/ancient:1"), AMD64))
    assert found.reason == "not-an-image"
    assert found.message.startswith("`docker.io/acme/ancient:1` has a manifest of version 1 only,")


def test_a_list_that_is_an_image_too_is_refused(
    image_service: OciRegistry, source: ContainerImages
) -> None:
    content = {"schemaVersion": 2, "manifests": [], "layers": LAYERS, "config": CONFIG}
    image_service.add("acme/both").put(OCI_MANIFEST, encoded(content), "1")
    found = missing(source.find(image("acme/both:1"), AMD64))
    assert (found.reason, "at once" in found.message) == ("not-an-image", True)


def test_a_list_inside_a_list_is_refused(
    image_service: OciRegistry, source: ContainerImages
) -> None:
    repository = image_service.add("acme/nested")
    repository.put_list({AMD64: repository.put_list({AMD64: DIGEST})}, "1")
    found = missing(source.find(image("acme/nested:1"), AMD64))
    assert (found.reason, "inside another" in found.message) == ("not-an-image", True)


@pytest.mark.parametrize("what", ["list", "manifest", "configuration"])
def test_other_bytes_than_a_digest_means_are_refused(
    image_service: OciRegistry, source: ContainerImages, what: str
) -> None:
    repository = image_service.add("acme/odd")
    inner = repository.put_image(AMD64, LAYERS)
    outer = repository.put_list({AMD64: inner})
    if what == "configuration":
        digest = next(iter(repository.blobs))
        repository.blobs[digest] += b" "
        reference = image(f"acme/odd@{inner}")
    else:
        digest = {"list": outer, "manifest": inner}[what]
        kind, data = repository.documents[digest]
        repository.documents[digest] = (kind, data + b" ")
        reference = image(f"acme/odd@{outer}")
    found = missing(source.find(reference, AMD64))
    assert found.reason == "mismatch"
    assert found.message == (
        f"docker.io gave other bytes for `docker.io/acme/odd` than `{digest}` means"
    )


def test_a_wrong_header_is_only_a_hint(image_service: OciRegistry, source: ContainerImages) -> None:
    repository = image_service.repositories["library/ubuntu"]
    data = repository.documents[repository.tags[TAG]][1]
    image_service.access = "open"
    told = Reply(200, data, {"Docker-Content-Digest": DIGEST, "Content-Type": "text/html"})
    image_service.faults[f"{MANIFESTS}/{TAG}"] = Fault(told)
    assert facts(source.find(REFERENCE, AMD64)).digest == digest_of(data)


# trouble


def test_a_used_up_quota_is_told_at_once(
    image_service: OciRegistry, source: ContainerImages
) -> None:
    image_service.pulls_left = 1
    with pytest.raises(SourceUnavailableError) as caught:
        source.find(REFERENCE, AMD64)
    assert str(caught.value) == "127.0.0.1: has no pulls left for now"
    assert "mirror" in (caught.value.hint or "")
    assert len(image_service.asked) == 4


@pytest.mark.parametrize("status", [429, 500, 503])
@pytest.mark.parametrize("path", ["/token", MANIFESTS])
def test_overload_is_unavailable(
    image_service: OciRegistry, source: ContainerImages, path: str, status: int
) -> None:
    image_service.faults[path] = Fault(Reply(status))
    assert f"answered {status}" in unavailable(source)


@pytest.mark.parametrize(
    "reply",
    [
        web_page(),
        document([]),
        document({}),
        document({"schemaVersion": 2, "layers": LAYERS}),
        document({"schemaVersion": 2, "layers": [], "config": {"digest": "sha256:x"}}),
        document({"schemaVersion": 2, "layers": 7, "config": CONFIG}),
        document({"schemaVersion": 2, "layers": [7], "config": CONFIG}),
        document({"schemaVersion": 2, "layers": [layer(-1)], "config": CONFIG}),
        document({"schemaVersion": 2, "layers": [layer(True)], "config": CONFIG}),
        document({"schemaVersion": 2, "layers": [layer(1 << 60)], "config": CONFIG}),
        document({"schemaVersion": 2, "layers": [{"size": 1}], "config": CONFIG}),
        document({"schemaVersion": 2, "manifests": [None] * (MAX_ENTRIES + 1)}),
        document({"odd": True}, 418),
        Reply(200, b""),
        Reply(200, b"\xff"),
        Reply(200, b"[" * 100_000),
        Reply(200, b'{"layers": ' + b"[" * 100_000),
    ],
)
def test_answers_that_make_no_sense_name_registry_and_image(
    image_service: OciRegistry, source: ContainerImages, reply: Reply
) -> None:
    image_service.faults[f"{MANIFESTS}/{TAG}"] = Fault(reply)
    told = unavailable(source)
    assert told.startswith("docker.io: ")
    assert told.endswith(" about `docker.io/library/ubuntu`")


def test_manifests_are_not_read_for_ever(
    image_service: OciRegistry, source: ContainerImages
) -> None:
    image_service.faults[f"{MANIFESTS}/{TAG}"] = Fault(Reply(200, b" " * 65536, {}, repeats=True))
    assert unavailable(source) == "127.0.0.1: gave more than 4 MiB"
    assert MAX_MANIFEST == 4 << 20


def test_a_list_is_read_leniently() -> None:
    good = {"digest": DIGEST, "platform": {"os": "Linux", "architecture": "amd64", "variant": None}}
    rows = [
        7,
        None,
        {},
        {"digest": DIGEST},
        {"digest": 7, "platform": good["platform"]},
        {"digest": DIGEST, "platform": "linux"},
        {"digest": DIGEST, "platform": {"os": "linux"}},
        {"digest": DIGEST, "platform": {"os": "li\nux", "architecture": "amd64"}},
        {"digest": DIGEST, "platform": {"os": "x" * 99, "architecture": "amd64"}},
        {"digest": DIGEST, "platform": {"os": "unknown", "architecture": "unknown"}},
        {**good, "size": "much", "annotations": 7, "urls": None},
    ]
    found = read_document(encoded({"mediaType": "", "manifests": rows, "subject": {}}))
    assert isinstance(found, Index)
    assert found.platforms() == ("linux/amd64",)


def test_a_manifest_is_read_leniently() -> None:
    layers = [{**layer(3), "mediaType": None, "urls": []}, {**layer(4), "mediaType": 7}]
    content = {"config": {**CONFIG, "platform": 7}, "layers": layers, "annotations": None}
    assert read_document(encoded(content)) == Manifest(DIGEST, 7, 2)


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"os": 1, "architecture": "a"}', b"\xff{"])
def test_configurations_without_a_platform(body: bytes) -> None:
    assert read_platform(body) is None
