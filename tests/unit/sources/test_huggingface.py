"""The Hub's own client against a stand-in: what is found, and with how many requests."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from comfylock.references import HubFile, address_of, parse_reference
from comfylock.sources.huggingface import HuggingFace
from comfylock.sources.huggingface_client import Patience
from comfylock.sources.interface import Missing, ModelFacts
from tests.services.hub import TOKEN, Hub, disabled, hub_serving, refused
from tests.services.web import Fault, Reply, document
from tests.unit.sources.model_hosts import Disk, http_for

if TYPE_CHECKING:
    from collections.abc import Iterator

WEIGHTS = b"weights" * 1000
SMALL = b'{"a": 1}\n'
FILES = {"unet/model.safetensors": WEIGHTS, "vae.pt": b"vae", "config.json": SMALL}


@pytest.fixture
def hub() -> Iterator[Hub]:
    with hub_serving() as service:
        service.add("acme/model", FILES, tag="v1", card={"license": "apache-2.0"})
        yield service


def found(
    hub: Hub, text: str, *, token: str | None = None, disk: Disk | None = None
) -> ModelFacts | Missing:
    """What one reference (`repository@revision path`) leads to."""
    name, _, path = text.partition(" ")
    repository, _, revision = name.partition("@")
    patience = Patience(attempts=1)
    with http_for(hub, token) as http:
        source = HuggingFace(
            disk or Disk(),
            http=http,
            user_agent="tests/1",
            endpoint=hub.url,
            token=token,
            patience=patience,
        )
        return source.find(HubFile(repository, revision or "main", path))


def facts(hub: Hub, text: str, *, token: str | None = None) -> ModelFacts:
    answer = found(hub, text, token=token)
    assert isinstance(answer, ModelFacts), answer
    return answer


def missing(hub: Hub, text: str, *, token: str | None = None) -> Missing:
    answer = found(hub, text, token=token)
    assert isinstance(answer, Missing), answer
    return answer


# what is found


def test_a_large_file_is_pinned_by_what_the_hub_publishes(hub: Hub) -> None:
    commit = hub.repositories["acme/model"].refs["main"]
    assert facts(hub, "acme/model unet/model.safetensors") == ModelFacts(
        source="huggingface",
        sha256=hashlib.sha256(WEIGHTS).hexdigest(),
        size=len(WEIGHTS),
        verified="upstream",
        requested="main",
        repository="acme/model",
        commit=commit,
        path="unet/model.safetensors",
        licence="apache-2.0",
    )
    assert hub.paths() == ["GET /api/models/acme/model/revision/main"]


def test_a_small_file_is_read_once_and_proven(hub: Hub) -> None:
    answer = facts(hub, "acme/model config.json")
    assert (answer.sha256, answer.size) == (hashlib.sha256(SMALL).hexdigest(), len(SMALL))
    assert answer.verified == "downloaded"
    assert hub.paths()[1:] == [f"GET /acme/model/resolve/{answer.commit}/config.json"]


def test_a_small_file_that_is_not_its_blob_is_refused(hub: Hub) -> None:
    hub.tampered["config.json"] = b"something else"
    answer = missing(hub, "acme/model config.json")
    assert answer.reason == "mismatch"
    assert "not what its commit says" in answer.message


def test_xet_files_have_their_digests_too(hub: Hub) -> None:
    hub.add("acme/xet", {"x.safetensors": WEIGHTS}, xet=("x.safetensors",))
    assert facts(hub, "acme/xet x.safetensors").sha256 == hashlib.sha256(WEIGHTS).hexdigest()


@pytest.mark.parametrize("kind", ["datasets", "spaces"])
def test_datasets_and_spaces_keep_their_prefix(hub: Hub, kind: str) -> None:
    name = f"{kind}/acme/data"
    hub.add(name, {"a.bin": b"a", "b.txt": b"b"})
    assert facts(hub, f"{name} a.bin").repository == name
    assert facts(hub, f"{name} b.txt").verified == "downloaded"
    assert hub.asked[0].path == f"/api/{name}/revision/main"
    assert hub.asked[-1].path.startswith(f"/{name}/resolve/")


def test_revisions_of_every_kind_lead_to_their_commit(hub: Hub) -> None:
    first = hub.repositories["acme/model"].refs["v1"]
    second = hub.add("acme/model", {"vae.pt": b"newer"})
    request = hub.add("acme/model", {"vae.pt": b"proposed"}, branch="refs/pr/1")
    expected = {
        "main": (second, "main"),
        "v1": (first, "v1"),
        first: (first, None),
        first[:9]: (first, first[:9]),
        "refs/pr/1": (request, "refs/pr/1"),
    }
    for revision, (commit, requested) in expected.items():
        answer = facts(hub, f"acme/model@{revision} vae.pt")
        assert (answer.commit, answer.requested) == (commit, requested)


@pytest.mark.parametrize("keep", [True, False])
def test_an_old_name_leads_to_the_one_of_today(hub: Hub, keep: bool) -> None:
    hub.renamed["gpt2"] = "acme/model"
    hub.redirects_keep_queries = keep
    answer = facts(hub, "gpt2 vae.pt")
    assert answer.repository == "acme/model"
    assert answer.warnings == ("`gpt2` on Hugging Face is called `acme/model` today",)
    assert len(hub.asked) == (2 if keep else 3)


def test_the_address_of_what_was_found_never_moves(hub: Hub) -> None:
    answer = facts(hub, "acme/model vae.pt")
    address = f"https://huggingface.co/acme/model/resolve/{answer.commit}/vae.pt"
    assert address_of(answer) == address


def test_addresses_of_the_mirror_are_the_hubs(hub: Hub) -> None:
    with http_for(hub) as http:
        source = HuggingFace(Disk(), http=http, user_agent="tests/1", endpoint=f"{hub.url}/")
    url = f"{hub.url}/acme/model/resolve/main/vae.pt"
    reference = parse_reference(url, hub_hosts=source.hosts)
    assert reference == HubFile("acme/model", "main", "vae.pt")


# terms, tokens, secrets


@pytest.mark.parametrize("gate", ["auto", "manual"])
def test_a_gated_model_is_pinned_and_its_terms_are_named(hub: Hub, gate: str) -> None:
    hub.add("acme/gated", FILES, gated=gate)
    answer = facts(hub, "acme/gated vae.pt")
    assert (answer.gated, answer.verified) == (gate, "upstream")
    page = "https://huggingface.co/acme/gated"
    told = f"its terms have to be accepted at {page} before it can be downloaded"
    assert answer.warnings == (told,)


def test_a_small_gated_file_says_why_it_has_no_digest(hub: Hub) -> None:
    hub.add("acme/gated", FILES, gated="auto")
    answer = facts(hub, "acme/gated config.json")
    assert (answer.sha256, answer.size, answer.verified) == (None, len(SMALL), None)
    assert answer.unhashed is not None
    assert "terms at https://huggingface.co/acme/gated" in answer.unhashed
    assert facts(hub, "acme/gated config.json", token=TOKEN).unhashed == answer.unhashed
    hub.granted.add("acme/gated")
    assert facts(hub, "acme/gated config.json", token=TOKEN).sha256


def test_a_private_repository_needs_a_token(hub: Hub) -> None:
    hub.add("acme/private", FILES, private=True)
    answer = missing(hub, "acme/private vae.pt")
    assert (answer.reason, answer.hint) == ("private-or-missing", "set HF_TOKEN if it is private")
    assert facts(hub, "acme/private vae.pt", token=TOKEN).private
    assert facts(hub, "acme/private config.json", token=TOKEN).verified == "downloaded"


def test_a_missing_repository_looks_private_to_strangers_only(hub: Hub) -> None:
    assert missing(hub, "acme/none x.pt").reason == "private-or-missing"
    assert missing(hub, "acme/none x.pt", token=TOKEN).reason == "not-found"


def test_a_token_that_is_nobodys_is_refused(hub: Hub) -> None:
    answer = missing(hub, "acme/model vae.pt", token="hf_wrong")
    assert answer.reason == "token-refused"
    assert "hf_wrong" not in repr(answer)


@pytest.mark.parametrize("token", ["hf\nx", "hf x", "hf_é"])
def test_what_cannot_be_a_token_is_never_sent(hub: Hub, token: str) -> None:
    with http_for(hub) as http:
        source = HuggingFace(Disk(), http=http, user_agent="tests/1", endpoint=hub.url, token=token)
        answer = source.find(HubFile("acme/model", "main", "vae.pt"))
    assert isinstance(answer, Missing)
    assert answer.reason == "token-refused"
    assert not hub.asked


def test_the_token_reaches_the_hub_and_nobody_else(hub: Hub) -> None:
    disk = Disk()
    away = Reply(302, b"", {"Location": f"http://{hub.content_host}/content/0"})
    hub.faults["/acme/model/resolve/"] = hub.faults["/api/models/acme/away"] = Fault(away)
    for text in ("acme/model config.json", "acme/away vae.pt"):
        found(hub, text, token=TOKEN, disk=disk)
    assert hub.tokens_by_host() == {hub.host: {TOKEN}, hub.content_host: {None}}
    assert TOKEN not in disk.text()


def test_the_client_reads_no_token_by_itself(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_ofTheMachine")
    facts(hub, "acme/model vae.pt")
    assert hub.tokens_by_host() == {hub.host: {None}}
    assert hub.asked[0].headers["user-agent"] == "tests/1"


def test_the_client_writes_nothing_to_the_terminal(
    hub: Hub, capfd: pytest.CaptureFixture[str]
) -> None:
    hub.add("acme/odd", FILES, card={"license": "mit", "model-index": "nonsense"})
    assert facts(hub, "acme/odd vae.pt").licence == "mit"
    assert capfd.readouterr() == ("", "")


# what is not there


def test_a_missing_revision_is_named(hub: Hub) -> None:
    answer = missing(hub, "acme/model@v9 vae.pt")
    assert answer.reason == "no-such-revision"
    assert answer.message == "`acme/model` on Hugging Face has no revision `v9`"


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("model.safetensors", "did you mean `unet/model.safetensors`?"),
        ("UNET/Model.safetensors", "did you mean `unet/model.safetensors`?"),
        ("unet/modle.safetensors", "did you mean `unet/model.safetensors`?"),
        ("zzzzz", None),
    ],
)
def test_a_missing_file_comes_with_the_nearest(hub: Hub, path: str, hint: str | None) -> None:
    answer = missing(hub, f"acme/model {path}")
    told = f"`acme/model` on Hugging Face has no file `{path}` at `main`"
    assert answer == Missing("no-such-file", told, hint)
    assert len(hub.asked) == 1


def test_folders_and_whole_repositories_are_no_files(hub: Hub) -> None:
    assert "is a folder" in missing(hub, "acme/model unet").message
    assert "no file of it" in missing(hub, "acme/model").message


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (disabled(), "gone"),
        (refused(410, None, "Gone"), "gone"),
        (refused(451, None, "Unavailable For Legal Reasons"), "legal"),
        (refused(403, "GatedRepo", "Ask for access"), "gated"),
        (refused(401, "GatedRepo", "Ask for access"), "gated"),
        (refused(403, None, "Forbidden"), "private-or-missing"),
        (refused(400, None, "Bad request"), "private-or-missing"),
    ],
)
def test_refusals_are_told_apart(hub: Hub, reply: Reply, reason: str) -> None:
    hub.add("acme/off", FILES, refusal=reply)
    assert missing(hub, "acme/off vae.pt").reason == reason


def test_a_name_that_cannot_be_one_is_never_asked_for(hub: Hub) -> None:
    assert missing(hub, "acme/..--x vae.pt").reason == "private-or-missing"
    assert not hub.asked


@pytest.mark.parametrize(("status", "reason"), [(404, "gone"), (451, "legal"), (410, "gone")])
def test_a_small_file_that_is_listed_and_not_served(hub: Hub, status: int, reason: str) -> None:
    hub.faults["/acme/model/resolve/"] = Fault(refused(status, None, "no"))
    assert missing(hub, "acme/model config.json").reason == reason


def test_a_small_file_that_is_refused_has_no_digest(hub: Hub) -> None:
    hub.faults["/acme/model/resolve/"] = Fault(refused(403, None, "no"))
    answer = facts(hub, "acme/model config.json")
    assert answer.unhashed == "Hugging Face does not let it be read"


# as few requests as facts


def test_all_files_of_a_repository_share_one_request(hub: Hub) -> None:
    names = {f"{n:03}.safetensors": b"%d" % n for n in range(60)}
    hub.add("acme/many", names)
    with http_for(hub) as http:
        source = HuggingFace(Disk(), http=http, user_agent="tests/1", endpoint=hub.url)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda n: source.find(HubFile("acme/many", "main", n)), names))
    assert [isinstance(answer, ModelFacts) for answer in answers] == [True] * 60
    assert len(hub.asked) == 1


def test_a_second_run_asks_nothing(hub: Hub) -> None:
    disk = Disk()
    texts = ("acme/model vae.pt", "acme/model config.json", "acme/model@v9 x", "acme/model nope")
    first = [found(hub, text, disk=disk) for text in texts]
    asked = len(hub.asked)
    disk.next_run()
    assert [found(hub, text, disk=disk) for text in texts] == first
    assert len(hub.asked) == asked == 3


def test_what_a_token_may_lift_is_asked_again(hub: Hub) -> None:
    hub.add("acme/private", FILES, private=True)
    disk = Disk()
    assert isinstance(found(hub, "acme/private vae.pt", disk=disk), Missing)
    disk.next_run()
    assert isinstance(found(hub, "acme/private vae.pt", disk=disk, token=TOKEN), ModelFacts)


def test_a_commit_that_is_not_there_yet_is_asked_for_again(hub: Hub) -> None:
    disk = Disk()
    with hub_serving() as other:
        commit = other.add("acme/new", FILES)
    hub.add("acme/new", {"x": b""})
    assert isinstance(found(hub, f"acme/new@{commit} vae.pt", disk=disk), Missing)
    disk.next_run()
    hub.repositories.pop("acme/new")
    hub.add("acme/new", FILES)
    answer = found(hub, f"acme/new@{commit} vae.pt", disk=disk)
    assert isinstance(answer, ModelFacts)
    assert answer.requested is None


# long listings


def test_what_a_long_listing_leaves_out_is_asked_for_by_name(hub: Hub) -> None:
    names = {f"{n:04}.txt": b"" for n in range(1100)}
    hub.add("acme/huge", {**names, "z.safetensors": WEIGHTS, "zz.txt": SMALL}, listed=1000)
    large = facts(hub, "acme/huge z.safetensors")
    assert (large.sha256, large.size) == (hashlib.sha256(WEIGHTS).hexdigest(), len(WEIGHTS))
    commit = large.commit
    assert hub.paths() == [
        "GET /api/models/acme/huge/revision/main",
        f"POST /api/models/acme/huge/paths-info/{commit}",
    ]
    assert facts(hub, "acme/huge zz.txt").verified == "downloaded"
    assert missing(hub, "acme/huge zzz.txt").reason == "no-such-file"


def test_datasets_are_asked_by_name_too(hub: Hub) -> None:
    names = {f"{n:04}.txt": b"" for n in range(1001)}
    hub.add("datasets/acme/huge", {**names, "z.bin": WEIGHTS}, listed=1000)
    assert facts(hub, "datasets/acme/huge z.bin").size == len(WEIGHTS)


def test_a_file_too_large_to_read_has_no_digest(hub: Hub) -> None:
    hub.add("acme/large", {"x.txt": SMALL})
    commit = hub.repositories["acme/large"].refs["main"]
    sibling = {"rfilename": "x.txt", "size": 65 << 20, "blobId": "ab" * 20}
    told = {"id": "acme/large", "sha": commit, "siblings": [sibling]}
    hub.faults["/api/models/acme/large"] = Fault(document(told))
    answer = facts(hub, "acme/large x.txt")
    assert (answer.sha256, answer.size) == (None, 65 << 20)
    assert answer.unhashed == "Hugging Face publishes none, and it has more than 64 MiB"
    assert len(hub.asked) == 1


def test_the_client_is_imported_without_telemetry() -> None:
    code = (
        "import os; from comfylock.sources.huggingface_client import _import_quietly\n"
        "_import_quietly(); from huggingface_hub import constants\n"
        "print(constants.HF_HUB_DISABLE_TELEMETRY, 'HF_HUB_DISABLE_TELEMETRY' in os.environ)"
    )
    environment = {k: v for k, v in os.environ.items() if k != "HF_HUB_DISABLE_TELEMETRY"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "False"]
