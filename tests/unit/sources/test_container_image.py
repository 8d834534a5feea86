"""Images of registries that answer as they should."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from comfylock.errors import OfflineError
from comfylock.net.answers import Cached, InMemory, Offline
from comfylock.net.cache import Cache
from comfylock.sources.container_image import ContainerImages
from comfylock.sources.interface import ImageFacts
from tests.services.oci_registry import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OciRegistry,
    digest_of,
    encoded,
    layer,
)
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
    from pathlib import Path

    from comfylock.net.http import Http

REFERENCE = image(f"ubuntu:{TAG}")


@pytest.fixture
def http(image_service: OciRegistry) -> Iterator[Http]:
    with client_for(image_service) as client:
        yield client


def images(image_service: OciRegistry, http: Http) -> ContainerImages:
    return ContainerImages(InMemory(), http, endpoints={"docker.io": f"{image_service.url}/"})


@pytest.fixture
def source(image_service: OciRegistry, http: Http) -> ContainerImages:
    return images(image_service, http)


def test_a_tag_of_a_public_image_takes_four_requests(
    image_service: OciRegistry, source: ContainerImages
) -> None:
    repository = image_service.repositories["library/ubuntu"]
    found = facts(source.find(REFERENCE, AMD64))
    manifest = next(d for d, (_, data) in repository.documents.items() if b"1000" in data)
    assert found == ImageFacts(
        reference="docker.io/library/ubuntu:22.04",
        platform=AMD64,
        manifest=manifest,
        config=next(iter(each for each, data in repository.blobs.items() if b"amd64" in data)),
        size=1234,
        layers=2,
        index=repository.tags[TAG],
    )
    assert found.digest == repository.tags[TAG]
    assert image_service.paths() == [
        f"GET {MANIFESTS}/{TAG}",
        "GET /token",
        f"GET {MANIFESTS}/{TAG}",
        f"GET {MANIFESTS}/{manifest}",
    ]
    asked = image_service.asked[1].query
    assert asked == {"service": "stand-in", "scope": "repository:library/ubuntu:pull"}
    accepts = image_service.asked[0].headers["accept"]
    assert all(kind in accepts for kind in (DOCKER_LIST, DOCKER_MANIFEST))


def test_another_platform_costs_its_manifest_alone(
    image_service: OciRegistry, source: ContainerImages
) -> None:
    first = facts(source.find(REFERENCE, AMD64))
    image_service.asked.clear()
    second = facts(source.find(REFERENCE, "linux/aarch64"))
    assert (second.platform, second.size) == ("linux/arm64", 77)
    assert (second.digest, second.manifest) == (first.digest, second.manifest)
    assert image_service.paths() == [f"GET {MANIFESTS}/{second.manifest}"]
    assert facts(source.find(REFERENCE, "linux/arm")).size == 5


def test_an_image_for_one_platform_is_proven_by_its_configuration(
    image_service: OciRegistry, source: ContainerImages
) -> None:
    repository = image_service.add("acme/single")
    digest = repository.put_image(AMD64, LAYERS, "1", kind=DOCKER_MANIFEST)
    found = facts(source.find(image("acme/single:1"), AMD64))
    assert (found.manifest, found.index, found.digest, found.size) == (digest, None, digest, 1234)
    assert image_service.paths()[2:] == [
        "GET /v2/acme/single/manifests/1",
        f"GET /v2/acme/single/blobs/{found.config}",
    ]
    other = missing(source.find(image("acme/single:1"), "linux/arm64"))
    assert other.message == "`docker.io/acme/single:1` is not made for `linux/arm64`"
    assert other.hint == "it is made for `linux/amd64`"
    assert len(image_service.asked) == 4


def test_docker_has_lists_of_its_own(image_service: OciRegistry, source: ContainerImages) -> None:
    repository = image_service.add("acme/old")
    inner = repository.put_image(AMD64, LAYERS, kind=DOCKER_MANIFEST)
    outer = repository.put_list({AMD64: inner}, "1", kind=DOCKER_LIST)
    found = facts(source.find(image("acme/old:1"), AMD64))
    assert (found.manifest, found.index) == (inner, outer)


def test_the_first_of_several_for_a_platform_is_taken(
    image_service: OciRegistry, source: ContainerImages
) -> None:
    repository = image_service.add("acme/many")
    first = repository.put_image("linux/arm64", [layer(1)])
    second = repository.put_image("linux/arm64", [layer(2)])
    repository.put_list({"linux/arm64/v8": first, "linux/arm64": second}, "1")
    assert facts(source.find(image("acme/many:1"), "linux/arm64")).manifest == first


def test_a_configuration_may_be_kept_elsewhere(
    image_service: OciRegistry, source: ContainerImages
) -> None:
    image_service.add("acme/single").put_image(AMD64, LAYERS, "1")
    image_service.stores_elsewhere = True
    facts(source.find(image("acme/single:1"), AMD64))
    assert image_service.asked[-1].host == image_service.content_host
    assert image_service.tokens_by_host()[image_service.content_host] == {None}


def test_a_digest_is_asked_for_and_the_tag_beside_it_is_not(
    image_service: OciRegistry, source: ContainerImages
) -> None:
    digest = image_service.repositories["library/ubuntu"].tags[TAG]
    found = facts(source.find(image(f"ubuntu:gone@{digest}"), AMD64))
    assert found.digest == digest
    assert found.reference == f"docker.io/library/ubuntu:gone@{digest}"
    assert image_service.paths()[0] == f"GET {MANIFESTS}/{digest}"
    own = facts(source.find(image(f"ubuntu@{found.manifest}"), AMD64))
    assert (own.manifest, own.index) == (found.manifest, None)


def test_a_registry_without_tokens_is_asked_twice(image_service: OciRegistry, http: Http) -> None:
    image_service.access = "open"
    facts(images(image_service, http).find(REFERENCE, AMD64))
    assert len(image_service.asked) == 2
    assert image_service.tokens_by_host() == {image_service.host: {None}}


def test_a_registry_is_asked_at_its_own_host(image_service: OciRegistry, http: Http) -> None:
    """Its host is in the reference; only http has to be configured."""
    endpoints = {image_service.host.upper(): image_service.url}
    source = ContainerImages(InMemory(), http, endpoints=endpoints)
    reference = image(f"{image_service.host}/library/ubuntu:{TAG}")
    assert facts(source.find(reference, AMD64)).reference == reference.canonical


def test_a_mirror_may_be_inside_another_registry(image_service: OciRegistry, http: Http) -> None:
    image_service.prefix = "hub-proxy/"
    endpoints = {"docker.io": f"{image_service.url}/v2/hub-proxy"}
    source = ContainerImages(InMemory(), http, endpoints=endpoints)
    facts(source.find(REFERENCE, AMD64))
    assert image_service.paths()[0] == f"GET /v2/hub-proxy/library/ubuntu/manifests/{TAG}"


def test_a_token_is_used_again_until_it_is_too_old(
    image_service: OciRegistry, source: ContainerImages
) -> None:
    source.find(REFERENCE, AMD64)
    source.find(image("ubuntu:latest"), AMD64)
    assert len(image_service.given) == 1
    image_service.forget_tokens()
    facts(source.find(REFERENCE, "linux/arm64"))
    assert len(image_service.given) == 2
    source.find(image("ubuntu:nothing"), AMD64)
    assert len(image_service.given) == 2


def test_repositories_have_tokens_of_their_own(
    image_service: OciRegistry, source: ContainerImages
) -> None:
    image_service.add("acme/single").put_image(AMD64, LAYERS, "1")
    facts(source.find(REFERENCE, AMD64))
    facts(source.find(image("acme/single:1"), AMD64))
    assert len(set(image_service.given)) == 2
    used = {(r.path.split("/")[3], r.token) for r in image_service.asked if r.token}
    assert used == {("ubuntu", image_service.given[0]), ("single", image_service.given[1])}


# what a person should know


def test_latest_is_told(source: ContainerImages) -> None:
    told = "`docker.io/library/ubuntu:latest` is another image tomorrow; name the tag of a version"
    found = facts(source.find(image("ubuntu"), AMD64))
    assert found.warnings == (told,)
    assert facts(source.find(image(f"ubuntu:latest@{found.digest}"), AMD64)).warnings == ()


def test_layers_that_are_elsewhere_are_told(
    image_service: OciRegistry, source: ContainerImages
) -> None:
    foreign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
    layers = [
        layer(1),
        layer(2, urls=["https://else.example/x"]),
        {**layer(3), "mediaType": foreign},
        {**layer(4), "mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar"},
    ]
    image_service.add("acme/windows").put_image("windows/amd64", layers, "1")
    found = facts(source.find(image("acme/windows:1"), "windows/amd64"))
    told = "3 of 4 layers of `docker.io/acme/windows:1` are not kept by its registry"
    assert (found.size, found.warnings) == (10, (told,))


# what is known already


def cached(tmp_path: Path, now: list[float]) -> Cached:
    return Cached(Cache(str(tmp_path / "cache"), lambda: now[0]))


def test_an_unchanged_tag_costs_no_pull(
    image_service: OciRegistry, http: Http, tmp_path: Path
) -> None:
    now = [0.0]
    hub = {"docker.io": image_service.url}
    first = ContainerImages(cached(tmp_path, now), http, endpoints=hub).find(REFERENCE, AMD64)
    image_service.asked.clear()
    assert ContainerImages(cached(tmp_path, now), http, endpoints=hub).find(
        REFERENCE, AMD64
    ) == facts(first)
    assert image_service.asked == []
    now[0] += 10_000
    image_service.pulls_left = 0
    again = ContainerImages(cached(tmp_path, now), http, endpoints=hub)
    assert again.find(REFERENCE, AMD64) == first
    assert image_service.paths() == [
        f"HEAD {MANIFESTS}/{TAG}",
        "GET /token",
        f"HEAD {MANIFESTS}/{TAG}",
    ]


@pytest.mark.parametrize("tells_digest", [False, True])
def test_a_tag_that_moved_is_read_again(
    image_service: OciRegistry, http: Http, tmp_path: Path, *, tells_digest: bool
) -> None:
    now = [0.0]
    image_service.access = "open"
    image_service.tells_digest = tells_digest
    hub = {"docker.io": image_service.url}
    first = facts(
        ContainerImages(cached(tmp_path, now), http, endpoints=hub).find(REFERENCE, AMD64)
    )
    repository = image_service.repositories["library/ubuntu"]
    repository.put_list({AMD64: repository.put_image(AMD64, [layer(9)])}, TAG)
    now[0] += 10_000
    second = facts(
        ContainerImages(cached(tmp_path, now), http, endpoints=hub).find(REFERENCE, AMD64)
    )
    assert (second.size, second.digest) == (9, repository.tags[TAG])
    assert first.digest != second.digest
    old = image(f"ubuntu@{first.digest}")
    image_service.asked.clear()
    found = ContainerImages(cached(tmp_path, now), http, endpoints=hub).find(old, AMD64)
    assert facts(found).manifest == first.manifest
    assert image_service.asked == []


def test_a_tag_that_went_is_missed(image_service: OciRegistry, http: Http, tmp_path: Path) -> None:
    now = [0.0]
    hub = {"docker.io": image_service.url}
    facts(ContainerImages(cached(tmp_path, now), http, endpoints=hub).find(REFERENCE, AMD64))
    del image_service.repositories["library/ubuntu"].tags[TAG]
    now[0] += 10_000
    found = ContainerImages(cached(tmp_path, now), http, endpoints=hub).find(REFERENCE, AMD64)
    assert missing(found).reason == "no-such-version"


def test_offline_only_what_is_known(image_service: OciRegistry, http: Http, tmp_path: Path) -> None:
    now = [0.0]
    hub = {"docker.io": image_service.url}
    first = ContainerImages(cached(tmp_path, now), http, endpoints=hub).find(REFERENCE, AMD64)
    image_service.asked.clear()
    cache = Cache(str(tmp_path / "cache"), lambda: 10_000.0)
    offline = ContainerImages(Offline(cache), http, endpoints=hub)
    assert offline.find(REFERENCE, AMD64) == first
    with pytest.raises(OfflineError):
        offline.find(REFERENCE, "linux/arm64")
    assert image_service.asked == []


def test_lists_that_name_no_digest_of_bytes_are_still_proven(
    image_service: OciRegistry, source: ContainerImages
) -> None:
    """Whatever the header says, the digest is that of the bytes."""
    image_service.tells_digest = False
    content = {"schemaVersion": 2, "manifests": []}
    image_service.add("acme/empty").put("text/plain", encoded(content), "1")
    found = missing(source.find(image("acme/empty:1"), AMD64))
    assert found.hint == "it names no platform; take another image"
    assert facts(source.find(REFERENCE, AMD64)).digest == digest_of(
        image_service.repositories["library/ubuntu"].documents[
            image_service.repositories["library/ubuntu"].tags[TAG]
        ][1]
    )
