"""CivitAI against a stand-in: which file is meant, with how many requests, and what is refused."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from comfylock.errors import SourceUnavailableError
from comfylock.references import CivitaiFile, address_of, parse_reference
from comfylock.sources.civitai import Civitai
from comfylock.sources.interface import Missing, ModelFacts
from tests.services.civitai import TOKEN, CivitaiService, Upload, civitai_serving
from tests.services.web import Fault, Reply, document, web_page
from tests.unit.sources.model_hosts import Disk, http_for

if TYPE_CHECKING:
    from collections.abc import Iterator

PRUNED = b"pruned" * 333
FULL = b"full" * 999
TRAINING = b"training"
NOW = {"Retry-After": "0"}


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def service() -> Iterator[CivitaiService]:
    with civitai_serving() as running:
        running.add(
            20,
            Upload(201, "Detail_v2.safetensors", PRUNED, size="pruned", is_primary=True),
            Upload(202, "detail_full.safetensors", FULL, fp="fp32"),
            Upload(203, "detail_train.zip", TRAINING, type="Training Data", format="Other"),
        )
        yield running


def found(
    service: CivitaiService,
    reference: CivitaiFile,
    name: str = "",
    *,
    token: str | None = None,
    disk: Disk | None = None,
) -> ModelFacts | Missing:
    with http_for(service, token) as http:
        source = Civitai(disk or Disk(), http, endpoint=f"{service.url}/api/v1", token=token)
        return source.find(reference, name)


def facts(
    service: CivitaiService, reference: CivitaiFile, name: str = "", *, token: str | None = None
) -> ModelFacts:
    answer = found(service, reference, name, token=token)
    assert isinstance(answer, ModelFacts), answer
    return answer


def missing(
    service: CivitaiService, reference: CivitaiFile, name: str = "", *, token: str | None = None
) -> Missing:
    answer = found(service, reference, name, token=token)
    assert isinstance(answer, Missing), answer
    return answer


VERSION = CivitaiFile(version_id=20)


# which file


def test_a_version_is_pinned_with_its_numbers_and_digest(service: CivitaiService) -> None:
    answer = facts(service, VERSION)
    assert answer == ModelFacts(
        source="civitai",
        sha256=sha(PRUNED),
        size=len(PRUNED),
        verified="upstream",
        model_id=1000,
        version_id=20,
        file_id=201,
    )
    assert service.paths() == ["GET /api/v1/model-versions/20"]
    address = "https://civitai.com/api/download/models/20?fileId=201"
    assert address_of(answer) == address
    assert parse_reference(address) == CivitaiFile(version_id=20, file_id=201)


@pytest.mark.parametrize(
    ("reference", "name", "file_id"),
    [
        (CivitaiFile(version_id=20, file_id=203), "detail_full.safetensors", 203),
        (CivitaiFile(version_id=20, filters=(("fp", "FP32"),)), "Detail_v2.safetensors", 202),
        (CivitaiFile(version_id=20, filters=(("type", "Model"),)), "x", 201),
        (CivitaiFile(version_id=20, filters=(("format", "Other"), ("size", "full"))), "", 203),
        (VERSION, "styles\\DETAIL_FULL.safetensors", 202),
        (VERSION, "styles/detail_train.zip", 203),
        (VERSION, "renamed.safetensors", 201),
        (CivitaiFile(1000, 20), "", 201),
    ],
)
def test_what_decides_between_files(
    service: CivitaiService, reference: CivitaiFile, name: str, file_id: int
) -> None:
    assert facts(service, reference, name).file_id == file_id


def test_without_a_primary_file_the_only_one_is_meant(service: CivitaiService) -> None:
    service.add(21, Upload(211, "a.safetensors", b"a"))
    assert facts(service, CivitaiFile(version_id=21)).file_id == 211


def test_when_nothing_decides_the_choices_are_told(service: CivitaiService) -> None:
    files = (Upload(number, f"{number}.pt", b"%d" % number) for number in range(301, 311))
    service.add(30, *files)
    answer = missing(service, CivitaiFile(version_id=30))
    assert answer.reason == "ambiguous"
    assert answer.hint is not None
    assert answer.hint.startswith("add `?fileId=` and one of 301 `301.pt`, 302 `302.pt`,")
    assert answer.hint.endswith("308 `308.pt` and 2 more")


@pytest.mark.parametrize(
    ("reference", "what"),
    [
        (CivitaiFile(version_id=20, file_id=999), "file 999"),
        (CivitaiFile(version_id=20, filters=(("fp", "nf4"),)), "file with fp=nf4"),
    ],
)
def test_files_that_are_not_there(
    service: CivitaiService, reference: CivitaiFile, what: str
) -> None:
    answer = missing(service, reference)
    assert (answer.reason, answer.message) == (
        "no-such-file",
        f"version 20 on CivitAI has no {what}",
    )


def test_a_version_without_files(service: CivitaiService) -> None:
    service.add(22)
    assert "has no files" in missing(service, CivitaiFile(version_id=22)).message


def test_a_model_means_its_newest_published_version(service: CivitaiService) -> None:
    service.add(31, Upload(311, "new.safetensors", b"new"))
    service.add(32, Upload(321, "draft.safetensors", b"draft"), status="Draft")
    answer = facts(service, CivitaiFile(model_id=1000))
    assert (answer.version_id, answer.requested) == (31, "latest")
    assert answer.warnings == ("no version of CivitAI's model 1000 is named; 31 is the newest",)
    assert service.paths() == ["GET /api/v1/models/1000"]


def test_a_model_without_versions(service: CivitaiService) -> None:
    service.add(40, model_id=4, status="Draft")
    answer = missing(service, CivitaiFile(model_id=4))
    assert "it has no published version" in answer.message


def test_a_version_of_another_model(service: CivitaiService) -> None:
    answer = missing(service, CivitaiFile(7, 20))
    assert answer.reason == "mismatch"
    assert answer.message == "version 20 on CivitAI belongs to model 1000, not to 7"


def test_a_digest_is_enough(service: CivitaiService) -> None:
    with http_for(service) as http:
        source = Civitai(Disk(), http, endpoint=service.url)
        answer = source.by_hash(sha(FULL).upper())
        assert isinstance(answer, ModelFacts)
        assert (answer.version_id, answer.file_id, answer.sha256) == (20, 202, sha(FULL))
        assert len(service.asked) == 1
        for other in (sha(b"unknown"), "no digest"):
            nothing = source.by_hash(other)
            assert isinstance(nothing, Missing)
        service.versions[20].usage = "InternalGeneration"
        off = source.by_hash(sha(PRUNED))
    assert isinstance(off, Missing)
    assert off.reason == "not-found"
    assert len(service.asked) == 3


# what people should know


@pytest.mark.parametrize(
    ("availability", "gated", "private"),
    [
        ("EarlyAccess", "early-access", False),
        ("Private", "login", True),
        ("Unsearchable", None, False),
    ],
)
def test_what_stands_before_a_download(
    service: CivitaiService, availability: str, gated: str | None, private: bool
) -> None:
    service.add(50, Upload(501, "a.pt", b"a"), availability=availability)
    answer = facts(service, CivitaiFile(version_id=50))
    assert (answer.gated, answer.private) == (gated, private)


@pytest.mark.parametrize("mode", ["Archived", "TakenDown"])
@pytest.mark.parametrize("reference", [VERSION, CivitaiFile(model_id=1000)])
def test_models_that_are_off(service: CivitaiService, mode: str, reference: CivitaiFile) -> None:
    service.modes[1000] = mode
    answer = missing(service, reference)
    assert answer.reason == "gone"
    assert "cannot be downloaded" in answer.message


def test_models_for_use_on_the_site_only(service: CivitaiService) -> None:
    service.versions[20].usage = "Generation"
    assert "its use on CivitAI only" in missing(service, VERSION).message


def test_scans_that_did_not_succeed_are_told(service: CivitaiService) -> None:
    service.add(60, Upload(601, "a.pt", b"a", pickle="Danger", virus="Pending"))
    assert facts(service, CivitaiFile(version_id=60)).warnings == (
        "CivitAI's pickle scan of `a.pt` says `Danger`",
        "CivitAI's virus scan of `a.pt` says `Pending`",
    )


# files that CivitAI has not read yet


def test_a_file_without_a_digest_is_read(service: CivitaiService) -> None:
    service.add(70, Upload(701, "a.pt", PRUNED, is_scanned=False))
    disk = Disk()
    answer = found(service, CivitaiFile(version_id=70), token=TOKEN, disk=disk)
    assert isinstance(answer, ModelFacts)
    assert (answer.sha256, answer.size) == (sha(PRUNED), len(PRUNED))
    assert answer.verified == "downloaded"
    assert service.tokens_by_host() == {service.host: {TOKEN}, service.content_host: {None}}
    assert TOKEN not in disk.text()
    disk.next_run()
    assert found(service, CivitaiFile(version_id=70), token=TOKEN, disk=disk) == answer
    assert len(service.asked) == 3


@pytest.mark.parametrize("pages", [True, False])
def test_a_file_behind_a_login_has_no_digest(service: CivitaiService, pages: bool) -> None:
    service.add(70, Upload(701, "a.pt", PRUNED, is_scanned=False), wants_login=True)
    service.login_pages = pages
    answer = facts(service, CivitaiFile(version_id=70))
    assert (answer.sha256, answer.verified, answer.gated) == (None, None, "login")
    told = "CivitAI publishes none yet, and CivitAI wants a login for version 70"
    assert answer.unhashed == told
    assert facts(service, CivitaiFile(version_id=70), token=TOKEN).sha256 == sha(PRUNED)


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        (document({"error": "x"}), "not-a-file"),
        (web_page(), "not-a-file"),
        (document({"error": "x"}, 404), "gone"),
        (document({"error": "x"}, 451), "legal"),
    ],
)
def test_what_is_no_file_is_not_hashed(
    service: CivitaiService, refusal: Reply, reason: str
) -> None:
    service.add(70, Upload(701, "a.pt", PRUNED, is_scanned=False), refusal=refusal)
    assert missing(service, CivitaiFile(version_id=70), token=TOKEN).reason == reason


def test_early_access_to_a_file_without_a_digest(service: CivitaiService) -> None:
    refusal = document({"error": "Early Access"}, 403)
    service.add(70, Upload(701, "a.pt", PRUNED, is_scanned=False), refusal=refusal)
    answer = facts(service, CivitaiFile(version_id=70))
    assert (answer.sha256, answer.gated) == (None, None)
    assert "early access, or restricted" in (answer.unhashed or "")


# refusals


def test_a_version_that_is_hidden_from_strangers(service: CivitaiService) -> None:
    service.hidden.add(20)
    disk = Disk()
    answer = found(service, VERSION, disk=disk)
    assert isinstance(answer, Missing)
    assert answer.reason == "needs-token"
    assert answer.hint == "set CIVITAI_TOKEN to an API key of your account"
    disk.next_run()
    assert isinstance(found(service, VERSION, token=TOKEN, disk=disk), ModelFacts)


@pytest.mark.parametrize(
    ("status", "reason"),
    [(403, "gated"), (404, "gone"), (410, "gone"), (451, "legal")],
)
def test_refusals_are_told_apart(service: CivitaiService, status: int, reason: str) -> None:
    service.faults["/api/v1/"] = Fault(document({"error": "no"}, status))
    assert missing(service, VERSION).reason == reason
    assert "version 20" in missing(service, VERSION).message


def test_a_token_that_is_nobodys(service: CivitaiService) -> None:
    answer = missing(service, VERSION, token="wrong_token")
    assert answer.reason == "token-refused"
    assert "wrong_token" not in repr(answer)


def test_a_missing_version_is_asked_for_once(service: CivitaiService) -> None:
    disk = Disk()
    for _ in range(2):
        assert isinstance(found(service, CivitaiFile(version_id=9), disk=disk), Missing)
        disk.next_run()
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    "reference",
    [CivitaiFile(), CivitaiFile(version_id=-1), CivitaiFile(model_id=0), CivitaiFile(file_id=3)],
)
def test_numbers_that_cannot_be(service: CivitaiService, reference: CivitaiFile) -> None:
    assert missing(service, reference).reason == "not-found"
    assert not service.asked


# as few requests as facts


def test_all_files_of_a_version_share_one_request(service: CivitaiService) -> None:
    disk = Disk()
    for file_id in (201, 202, 203, 201):
        found(service, CivitaiFile(version_id=20, file_id=file_id), disk=disk)
    assert len(service.asked) == 1


def test_a_stale_answer_is_revalidated(service: CivitaiService) -> None:
    disk = Disk()
    first = found(service, VERSION, disk=disk)
    disk.next_run(is_stale=True)
    assert found(service, VERSION, disk=disk) == first
    assert service.asked[1].headers["if-none-match"]
    service.versions[20].files[0].content = b"replaced"
    disk.next_run(is_stale=True)
    changed = found(service, VERSION, disk=disk)
    assert isinstance(changed, ModelFacts)
    assert changed.sha256 == sha(b"replaced")


# faults


@pytest.mark.parametrize(
    "reply",
    [
        web_page(),
        Reply(200, b"{", {"Content-Type": "application/json"}),
        Reply(200, b"\xff"),
        Reply(200, b"[" * 100_000),
        document([]),
        document({"id": "20"}),
        document({"id": -20}),
        document({"id": 21}),
        document({"id": 20, "files": {"a": 1}}),
        document({"id": 20, "files": ["a"]}),
        document({}),
    ],
)
@pytest.mark.parametrize("reference", [VERSION, CivitaiFile(model_id=1000)])
def test_what_makes_no_sense(service: CivitaiService, reply: Reply, reference: CivitaiFile) -> None:
    service.faults["/api/v1/"] = Fault(reply)
    with pytest.raises(SourceUnavailableError, match="gave an answer that cannot be read about"):
        found(service, reference)


@pytest.mark.parametrize(
    "reply", [Reply(429, b"", NOW), Reply(500, b"", NOW), Reply(503, b"", NOW), Reply(418)]
)
def test_a_service_that_is_not_there(service: CivitaiService, reply: Reply) -> None:
    service.faults["/api/v1/"] = Fault(reply)
    with pytest.raises(SourceUnavailableError) as caught:
        found(service, VERSION)
    assert str(reply.status) in str(caught.value)


def test_addresses_of_the_mirror_are_civitais(service: CivitaiService) -> None:
    with http_for(service) as http:
        source = Civitai(Disk(), http, endpoint=service.url)
    url = f"{service.url}/models/1000?modelVersionId=20"
    assert parse_reference(url, civitai_hosts=source.hosts) == CivitaiFile(1000, 20)
