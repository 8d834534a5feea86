"""Tokens of registries: where they may come from, and that they go nowhere else."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from msgspec import json

from comfylock.errors import SourceUnavailableError
from comfylock.net.answers import Cached, InMemory
from comfylock.net.cache import Cache
from comfylock.net.http import Http
from comfylock.net.retries import Timing
from comfylock.net.trust import Credentials, Endpoints, Trust
from comfylock.references.image import ImageReference
from comfylock.sources.container_image import ContainerImages
from comfylock.sources.container_image_challenge import (
    MAX_TOKEN,
    Challenge,
    read_challenge,
    read_token,
)
from tests.services.oci_registry import OciRegistry, oci_registry_serving
from tests.services.web import Fault, Reply, document, moved, web_page
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

REFERENCE = image(f"ubuntu:{TAG}")


@pytest.fixture
def other() -> Iterator[OciRegistry]:
    with oci_registry_serving() as running:
        yield running


@pytest.fixture
def source(image_service: OciRegistry) -> Iterator[ContainerImages]:
    with client_for(image_service) as http:
        yield ContainerImages(InMemory(), http, endpoints={"docker.io": image_service.url})


# where they may come from


@pytest.mark.parametrize(
    ("realm", "told"),
    [
        ("http://auth.example.com/token", "is an address without https"),
        ("https://10.0.0.1/token", "is inside a private network"),
        ("https://localhost:1/token", "is inside a private network"),
        ("https://[::1]/token", "is inside a private network"),
    ],
)
def test_a_realm_must_be_where_anybody_may_go(
    image_service: OciRegistry, source: ContainerImages, realm: str, told: str
) -> None:
    image_service.realm = realm
    found = missing(source.find(REFERENCE, AMD64))
    assert found.reason == "not-allowed"
    assert told in found.message
    assert image_service.given == []


def test_the_registry_itself_must_be_where_anybody_may_go(image_service: OciRegistry) -> None:
    with client_for(image_service) as http:
        source = ContainerImages(InMemory(), http)
        for text in ("localhost/base:latest", "10.0.0.1:5000/a/b", "[::1]:5000/a"):
            found = missing(source.find(image(text), AMD64))
            assert (found.reason, "private network" in found.message) == ("not-allowed", True)
    assert image_service.asked == []


def test_a_stranger_must_not_send_into_the_own_network(
    image_service: OciRegistry, other: OciRegistry
) -> None:
    """What is configured for one purpose gives no token to a registry that nobody configured."""
    image_service.realm = f"{other.url}/token"
    with client_for(image_service, other) as http:
        hosts = frozenset({other.host.upper()})
        hub = {"docker.io": image_service.url}
        own = ContainerImages(InMemory(), http, endpoints=hub, configured=hosts)
        assert missing(own.find(REFERENCE, AMD64)).reason == "private-or-missing"
        assert len(other.given) == 1  # a configured registry is believed
        reference = ImageReference("registry.example.com", "a/b", "1")
        stranger = ContainerImages(InMemory(), http, configured=hosts)
        answer = http.request("GET", f"{image_service.url}{MANIFESTS}/{TAG}")
        found = stranger._registries._token(answer, reference, "https://registry.example.com/v2")
        assert missing(found).message == f"registry.example.com sends for a token to `{other.host}`"
        assert len(other.given) == 1


@pytest.mark.parametrize(
    "challenge",
    [
        "Bearer",
        'Basic realm="https://auth.example.com/token"',
        'Bearer service="x"',
        'Bearer realm=""',
        'Bearer realm="file:///etc/passwd"',
        'Bearer realm="https://user:password@auth.example.com/token"',
        'Bearer realm="https://[/token"',
        'Bearer realm="https://a:b:c/token"',
        'Bearer realm="https://auth.example.com/to ken"',
        'Bearer realm="https://auth.example.com/token#x"',
        'Bearer realm="https:///token"',
        "Bearer " + "x" * 5000,
    ],
)
def test_challenges_that_lead_nowhere_are_refusals(
    image_service: OciRegistry, source: ContainerImages, challenge: str
) -> None:
    image_service.challenge = challenge
    assert missing(source.find(REFERENCE, AMD64)).reason == "private-or-missing"
    assert len(image_service.asked) == 1


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('Bearer realm="https://a.b/t"', Challenge("https://a.b/t")),
        ("bearer REALM=https://a.b/t,scope=x", Challenge("https://a.b/t", "", "x")),
        (
            'Basic realm="x, y", Bearer realm="https://a.b/t", service="s\\"q" , Basic realm="z"',
            Challenge("https://a.b/t", 's"q'),
        ),
        (
            'Bearer realm="https://a.b/t",scope="repository:x:pull,push",error="no",scope="late"',
            Challenge("https://a.b/t", "", "repository:x:pull,push"),
        ),
    ],
)
def test_challenges_in_every_spelling(header: str, expected: Challenge) -> None:
    assert read_challenge(header) == expected


def test_what_is_asked_of_a_realm() -> None:
    asked = Challenge("https://a.b/t?x=1", "s&t", "repository:a/b:pull repository:c/d:pull")
    assert asked.address("a/b") == (
        "https://a.b/t?x=1&service=s%26t&scope=repository%3Aa%2Fb%3Apull"
        "&scope=repository%3Ac%2Fd%3Apull"
    )
    assert Challenge("https://a.b/t").address("a/b") == (
        "https://a.b/t?scope=repository%3Aa%2Fb%3Apull"
    )


@pytest.mark.parametrize(
    "reply",
    [
        web_page(),
        document([]),
        document({}),
        document({"token": 7}),
        document({"token": ""}),
        document({"token": "two words"}),
        document({"token": "line\r\nX-Other: 1"}),
        document({"token": "é"}),
        document({"token": "x" * (MAX_TOKEN + 1)}),
        document({"token": "fine"}, 418),
        Reply(200, b"\xff"),
    ],
)
def test_without_a_token_nothing_is_asked_again(
    image_service: OciRegistry, source: ContainerImages, reply: Reply
) -> None:
    image_service.faults["/token"] = Fault(reply)
    with pytest.raises(SourceUnavailableError, match="gave no token for `docker"):
        source.find(REFERENCE, AMD64)
    assert len(image_service.asked) == 2


def test_either_name_of_a_token_will_do() -> None:
    assert read_token(b'{"access_token": "b"}') == "b"
    assert read_token(b'{"token": "", "access_token": "b"}') == "b"
    assert read_token(b'{"token": "a", "access_token": "b"}') == "a"


# where they go


def test_a_token_is_nowhere_but_at_its_registry(
    image_service: OciRegistry, other: OciRegistry, tmp_path: Path
) -> None:
    image_service.add("acme/single").put_image(AMD64, LAYERS, "1")
    image_service.stores_elsewhere = True
    other.add("a/b").put_image(AMD64, LAYERS, "1")
    other.access = "open"
    hub = {"docker.io": image_service.url, "other.example": other.url}
    answers = Cached(Cache(str(tmp_path / "cache"), lambda: 0.0))
    with client_for(image_service, other) as http:
        source = ContainerImages(answers, http, endpoints=hub)
        found = [
            source.find(REFERENCE, AMD64),
            source.find(image("acme/single:1"), AMD64),
            source.find(image("other.example/a/b:1"), AMD64),
            source.find(image("ubuntu:none"), AMD64),
        ]
    assert image_service.tokens_by_host() == {
        image_service.host: {None, *image_service.given},
        image_service.content_host: {None},
    }
    assert other.tokens_by_host() == {other.host: {None}}
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"library/ubuntu" in kept
    told = kept + json.encode(found)
    assert len(image_service.given) == 2
    for secret in (*image_service.given, "planted"):
        assert secret.encode() not in told


def test_a_manifest_elsewhere_gets_no_token(
    image_service: OciRegistry, source: ContainerImages
) -> None:
    facts(source.find(REFERENCE, AMD64))
    away = moved(f"http://{image_service.content_host}{MANIFESTS}/none")
    image_service.faults[f"{MANIFESTS}/latest"] = Fault(away)
    assert missing(source.find(image("ubuntu"), AMD64)).reason == "private-or-missing"
    assert image_service.tokens_by_host()[image_service.content_host] == {None}


@pytest.mark.parametrize("status", [401, 418, 503])
def test_faults_repeat_no_token(
    image_service: OciRegistry, source: ContainerImages, status: int
) -> None:
    facts(source.find(REFERENCE, AMD64))
    token = image_service.given[0]
    told = {"Location": f"https://{token}.example", "WWW-Authenticate": f"Bearer x={token}"}
    body = document({"errors": [{"code": token, "message": token}]}).body
    image_service.faults[f"{MANIFESTS}/latest"] = Fault(Reply(status, body, told))
    try:
        found = str(source.find(image("ubuntu"), AMD64))
    except SourceUnavailableError as error:
        found = f"{error} {error.hint} {error.__cause__!r}"
    assert token not in found


def test_services_keep_their_own_tokens(image_service: OciRegistry) -> None:
    """A registry that names the Hub as its realm would else be handed what the Hub answers."""
    trust = Trust(
        endpoints=Endpoints(huggingface=image_service.url, github_api=f"{image_service.url}/token"),
        credentials=Credentials(huggingface="hf_planted_secret", github="ghp_planted_secret"),
    )
    timing = Timing(sleep=lambda _: time.sleep(0))
    with Http("tests/1", trust, timing=timing) as http:
        hub = {"docker.io": image_service.url}
        facts(ContainerImages(InMemory(), http, endpoints=hub).find(REFERENCE, AMD64))
    assert image_service.tokens_by_host() == {image_service.host: {None, *image_service.given}}
