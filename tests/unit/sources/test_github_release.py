from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from comfylock.errors import SourceUnavailableError
from comfylock.net.answers import Cached, InMemory
from comfylock.net.cache import Cache
from comfylock.references import ReleaseAsset
from comfylock.sources.github_release import GithubReleases
from comfylock.sources.interface import Missing, ModelFacts
from tests.services.github_api import Attached, GithubService, github_api_serving
from tests.services.web import Fault, Reply, document, web_page
from tests.unit.sources.loopback_client import client_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from comfylock.net.http import Http

REPOSITORY = "https://github.com/xinntao/Real-ESRGAN"
WEIGHTS = b"weights " * 1000
SHA256 = hashlib.sha256(WEIGHTS).hexdigest()
RELEASE = "/repos/xinntao/real-esrgan/releases/tags/v0.1.0"


@pytest.fixture
def service() -> Iterator[GithubService]:
    with github_api_serving() as running:
        running.add("xinntao/real-esrgan", "v0.1.0", x4__pth=WEIGHTS, x2__pth=b"small")
        yield running


@pytest.fixture
def http(service: GithubService) -> Iterator[Http]:
    with client_for(service) as client:
        yield client


@pytest.fixture
def source(service: GithubService, http: Http) -> GithubReleases:
    return GithubReleases(InMemory(), http, endpoint=f"{service.url}/")


def asset(name: str = "x4.pth", tag: str = "v0.1.0", repository: str = REPOSITORY) -> ReleaseAsset:
    return ReleaseAsset(repository, tag, name)


def facts(found: object) -> ModelFacts:
    assert isinstance(found, ModelFacts), found
    return found


def missing(found: object) -> Missing:
    assert isinstance(found, Missing), found
    assert not found.message.endswith(".")
    return found


def test_a_published_digest_is_enough(service: GithubService, source: GithubReleases) -> None:
    assert source.find(asset()) == ModelFacts(
        source="github-release",
        sha256=SHA256,
        size=len(WEIGHTS),
        verified="upstream",
        repository="https://github.com/xinntao/real-esrgan",
        path="x4.pth",
        tag="v0.1.0",
    )
    facts(source.find(asset("x2.pth")))
    assert service.paths() == [f"GET {RELEASE}"]
    assert service.asked[0].headers["accept"] == "application/vnd.github+json"
    assert service.asked[0].headers["x-github-api-version"] == "2022-11-28"


def test_without_a_digest_the_file_is_read(service: GithubService, source: GithubReleases) -> None:
    service.add("xinntao/real-esrgan", "v0.1.0", old__pth=Attached(WEIGHTS, has_digest=False))
    found = facts(source.find(asset("old.pth")))
    assert (found.sha256, found.size, found.verified) == (SHA256, len(WEIGHTS), "downloaded")
    source.find(asset("old.pth"))
    download = "/xinntao/real-esrgan/releases/download/v0.1.0/old.pth"
    assert service.paths() == [
        f"GET {RELEASE}",
        f"HEAD {download}",
        f"HEAD /storage{download}",
        f"GET {download}",
        f"GET /storage{download}",
    ]


def test_the_latest_release_is_the_tag_of_today(
    service: GithubService, source: GithubReleases
) -> None:
    service.add("xinntao/real-esrgan", "v0.2/beta", x4__pth=b"newer")
    found = facts(source.find(asset(tag="latest")))
    assert (found.tag, found.requested) == ("v0.2/beta", "latest")
    named = facts(source.find(asset(tag="v0.2/beta")))
    assert (named.tag, named.requested, named.sha256) == ("v0.2/beta", None, found.sha256)


def test_a_renamed_repository_is_told(service: GithubService, source: GithubReleases) -> None:
    service.renamed["old/name"] = "xinntao/real-esrgan"
    found = facts(source.find(asset(repository="https://github.com/Old/Name")))
    assert found.repository == "https://github.com/xinntao/real-esrgan"
    assert found.warnings == ("`github.com/Old/Name` is now `github.com/xinntao/real-esrgan`",)


# what is not there


def test_a_missing_asset_names_the_nearest(source: GithubReleases) -> None:
    assert missing(source.find(asset("x4.pt"))) == Missing(
        "no-such-file",
        "release `v0.1.0` of `xinntao/real-esrgan` on GitHub has no file `x4.pt`",
        "did you mean `x4.pth`?",
    )
    assert missing(source.find(asset("nothing like it"))).hint is None


def test_a_missing_release_is_told_from_a_missing_repository(source: GithubReleases) -> None:
    found = missing(source.find(asset(tag="v9")))
    assert (found.reason, found.message) == (
        "no-such-revision",
        "`xinntao/real-esrgan` on GitHub has no release `v9`",
    )
    found = missing(source.find(asset(repository="https://github.com/no/body")))
    assert (found.reason, found.hint) == (
        "private-or-missing",
        "set GITHUB_TOKEN if it is private",
    )


def test_a_repository_without_releases(service: GithubService, http: Http) -> None:
    service.releases["a/b"] = {}
    source = GithubReleases(InMemory(), http, endpoint=service.url, has_token=True)
    found = missing(source.find(asset(tag="latest", repository="https://github.com/a/b")))
    assert found.message == "`a/b` on GitHub has no release"
    found = missing(source.find(asset(repository="https://github.com/no/body")))
    assert found.hint is None


@pytest.mark.parametrize(
    "reference",
    [
        asset(repository="https://github.com/only-owner"),
        asset(repository="nonsense"),
        asset(repository="https://gitlab.com/xinntao/real-esrgan"),
        asset(tag=""),
        asset(name=""),
    ],
)
def test_what_is_no_repository_is_not_asked_for(
    service: GithubService, source: GithubReleases, reference: ReleaseAsset
) -> None:
    assert missing(source.find(reference)).reason == "not-found"
    assert service.asked == []


def test_an_upload_that_never_ended_is_no_asset(
    service: GithubService, source: GithubReleases
) -> None:
    service.add("xinntao/real-esrgan", "v0.1.0", x4__pth=Attached(WEIGHTS, state="open"))
    assert missing(source.find(asset())).reason == "no-such-file"


# refusals


@pytest.mark.parametrize("has_token", [False, True])
def test_a_used_up_quota_asks_for_a_token_and_downloads_nothing(
    service: GithubService, http: Http, *, has_token: bool
) -> None:
    service.left = 0
    source = GithubReleases(InMemory(), http, endpoint=service.url, has_token=has_token)
    with pytest.raises(SourceUnavailableError) as caught:
        source.find(asset())
    assert caught.value.exit_code == 3
    if not has_token:
        assert "GITHUB_TOKEN" in (caught.value.hint or "")
    assert {request.path for request in service.asked} == {RELEASE}


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (document({"message": "Bad credentials"}, 401), "token-refused"),
        (document({"message": "Resource not accessible"}, 403), "token-refused"),
        (document({"message": "DMCA"}, 451), "legal"),
    ],
)
def test_refusals_say_why(
    service: GithubService, source: GithubReleases, reply: Reply, reason: str
) -> None:
    service.faults[RELEASE] = Fault(reply)
    assert missing(source.find(asset())).reason == reason


@pytest.mark.parametrize(
    "reply",
    [
        web_page(),
        document([]),
        document({}),
        document({"tag_name": "a\nb"}),
        document({"message": "odd"}, 418),
        Reply(200, b"\xff"),
        Reply(200, b"[" * 100_000),
    ],
)
def test_answers_that_make_no_sense_name_github(
    service: GithubService, source: GithubReleases, reply: Reply
) -> None:
    service.faults[RELEASE] = Fault(reply)
    with pytest.raises(SourceUnavailableError, match=r"^GitHub: .*xinntao/real-esrgan"):
        source.find(asset())


@pytest.mark.parametrize("status", [429, 500])
def test_overload_is_unavailable(
    service: GithubService, source: GithubReleases, status: int
) -> None:
    service.faults[RELEASE] = Fault(Reply(status))
    with pytest.raises(SourceUnavailableError):
        source.find(asset())


@pytest.mark.parametrize(
    "row",
    [
        7,
        {},
        {"name": 7},
        {"name": "y\n", "browser_download_url": "https://github.com/x"},
        {"name": "y"},
    ],
)
def test_releases_are_read_leniently(
    service: GithubService, source: GithubReleases, row: Any
) -> None:
    good = {
        "name": "x4.pth",
        "size": "big",
        "digest": f"sha256:{SHA256.upper()}",
        "browser_download_url": "https://github.com/x",
    }
    release = {"tag_name": "v0.1.0", "html_url": "https://evil.test/a/b", "assets": [row, good]}
    service.faults[RELEASE] = Fault(document(release))
    found = facts(source.find(asset()))
    assert (found.sha256, found.size) == (SHA256, None)
    assert found.repository == "https://github.com/xinntao/real-esrgan"
    service.faults[RELEASE] = Fault(document({"tag_name": "v0.1.0", "html_url": 7, "assets": 7}))


def test_assets_may_be_absent(service: GithubService, source: GithubReleases) -> None:
    service.faults[RELEASE] = Fault(document({"tag_name": "v0.1.0", "html_url": 7, "assets": 7}))
    assert missing(source.find(asset())).reason == "no-such-file"


@pytest.mark.parametrize("url", ["https://evil.test/x4.pth", "http://github.com/x", "file:///x"])
def test_downloads_elsewhere_are_refused(
    service: GithubService, source: GithubReleases, url: str
) -> None:
    attached = Attached(WEIGHTS, has_digest=False, url=url)
    service.add("xinntao/real-esrgan", "v0.1.0", x4__pth=attached)
    assert missing(source.find(asset())).reason == "not-allowed"


def test_a_configured_host_may_hold_the_files(service: GithubService, http: Http) -> None:
    url = f"http://{service.content_host}/xinntao/real-esrgan/releases/download/v0.1.0/x4.pth"
    attached = Attached(WEIGHTS, has_digest=False, url=url)
    service.add("xinntao/real-esrgan", "v0.1.0", x4__pth=attached)
    hosts = frozenset({service.content_host})
    source = GithubReleases(InMemory(), http, endpoint=service.url, configured=hosts)
    assert facts(source.find(asset())).sha256 == SHA256


def test_a_file_that_is_gone_is_missing(service: GithubService, source: GithubReleases) -> None:
    url = f"{service.url}/xinntao/real-esrgan/releases/download/v0.1.0/gone.pth"
    attached = Attached(WEIGHTS, has_digest=False, url=url)
    service.add("xinntao/real-esrgan", "v0.1.0", x4__pth=attached)
    assert missing(source.find(asset())).reason == "not-found"


class Now:
    time = 1_800_000_000.0

    def __call__(self) -> float:
        return self.time


def test_an_old_answer_is_revalidated(tmp_path: Path, service: GithubService, http: Http) -> None:
    now = Now()
    cache = Cache(str(tmp_path), now)
    for expected in (200, 304):
        answers = Cached(cache)
        source = GithubReleases(answers, http, endpoint=service.url)
        assert facts(source.find(asset())).sha256 == SHA256
        etag = service.asked[-1].headers.get("if-none-match")
        assert (etag is None) == (expected == 200)
        now.time += 10_000
    assert len(service.asked) == 2
