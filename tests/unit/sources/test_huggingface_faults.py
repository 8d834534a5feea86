"""What goes wrong on the way to the Hub: named, retried where that helps, never a secret in it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest

from comfylock.errors import SourceUnavailableError
from comfylock.references import HubFile
from comfylock.sources.huggingface import HuggingFace
from comfylock.sources.huggingface_client import Patience
from comfylock.sources.interface import Missing, ModelFacts
from tests.services.hub import TOKEN, Hub, hub_serving, limited
from tests.services.web import Fault, Reply, document, web_page
from tests.unit.sources.model_hosts import Disk, http_for

if TYPE_CHECKING:
    from collections.abc import Iterator

INFO = "/api/models/acme/model"
COMMIT = "ab" * 20
HALF = {"rfilename": "a", "lfs": {"size": 1}}
SHAPES: list[Any] = [
    [],
    7,
    {"sha": COMMIT},
    {"id": 7, "sha": COMMIT},
    {"id": "acme/model", "sha": COMMIT, "siblings": [{"size": 3}]},
    {"id": "acme/model", "sha": COMMIT, "siblings": {"a": 1}},
    {"id": "acme/model", "sha": COMMIT, "siblings": [HALF]},
    {"id": "acme/model", "sha": COMMIT, "lastModified": "yesterday"},
]
"""Answers that are JSON and not what the Hub says."""


@pytest.fixture
def hub() -> Iterator[Hub]:
    with hub_serving() as service:
        service.add("acme/model", {"vae.pt": b"vae", "a.json": b"{}"})
        yield service


class Run:
    """One source, and how long it waited."""

    def __init__(self, hub: Hub, *, endpoint: str | None = None, **settings: Any) -> None:
        self.hub = hub
        self.waits: list[float] = []
        self.token: str | None = settings.pop("token", None)
        self.endpoint = endpoint or hub.url
        self.patience = Patience(sleep=self.waits.append, **settings)

    def find(self, path: str = "vae.pt", revision: str = "main") -> ModelFacts | Missing:
        with http_for(self.hub, self.token) as http:
            source = HuggingFace(
                Disk(),
                http=http,
                user_agent="tests/1",
                endpoint=self.endpoint,
                token=self.token,
                patience=self.patience,
            )
            return source.find(HubFile("acme/model", revision, path))

    def fails(self, path: str = "vae.pt") -> SourceUnavailableError:
        with pytest.raises(SourceUnavailableError) as caught:
            self.find(path)
        assert caught.value.exit_code == 3
        assert TOKEN not in str(caught.value)
        return caught.value


@pytest.mark.parametrize(
    ("reply", "waits"),
    [
        (limited(7), [8.0]),
        (limited(0, Retry_After="3"), [3.0]),
        (Reply(503, b"", {"Retry-After": "2"}), [2.0]),
    ],
)
def test_the_hub_is_given_the_time_that_it_asks_for(
    hub: Hub, reply: Reply, waits: list[float]
) -> None:
    hub.faults[INFO] = Fault(reply, times=1)
    run = Run(hub)
    assert isinstance(run.find(), ModelFacts)
    assert run.waits == waits


@pytest.mark.parametrize(
    "fault",
    [
        Fault(Reply(500), times=2),
        Fault(Reply(502, b"<html>Bad gateway</html>", {"Content-Type": "text/html"}), times=2),
        Fault(Reply(429, b"slow down", {"Retry-After": "soon", "RateLimit": "x;r=0;t=?"}), times=2),
        Fault(times=2, resets=True),
    ],
)
def test_passing_faults_are_sat_out(hub: Hub, fault: Fault) -> None:
    hub.faults[INFO] = fault
    run = Run(hub)
    assert isinstance(run.find(), ModelFacts)
    assert 0.5 <= run.waits[0] <= 1 <= run.waits[1] <= 2
    assert len(hub.asked) == 3


def test_patience_has_an_end(hub: Hub) -> None:
    hub.faults[INFO] = Fault(Reply(500))
    run = Run(hub, attempts=3)
    error = run.fails()
    assert (error.service, error.message) == (hub.host, f"{hub.host}: answered 500")
    assert (len(hub.asked), len(run.waits)) == (3, 2)


def test_a_wait_beyond_the_budget_is_not_begun(hub: Hub) -> None:
    hub.faults[INFO] = Fault(limited(299))
    run = Run(hub)
    error = run.fails()
    assert str(error).endswith("has had too many requests, to be asked again in 300 s")
    assert error.hint == "set HF_TOKEN: the limits are higher with a token"
    assert not run.waits
    assert Run(hub, token=TOKEN).fails().hint is None


def test_nobody_listens(hub: Hub) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
        run = Run(hub, endpoint=f"http://{host}", attempts=2, token=TOKEN)
        error = run.fails()
    assert error.service == host
    assert "cannot be reached" in str(error)
    assert len(run.waits) == 1


def test_a_hub_that_says_nothing(hub: Hub) -> None:
    gate = Event()
    hub.faults[INFO] = Fault(until=gate)
    error = Run(hub, attempts=1, timeout=0.1).fails()
    gate.set()
    assert str(error).endswith("did not answer in time")


def test_a_connection_that_breaks(hub: Hub) -> None:
    hub.faults[INFO] = Fault(resets=True)
    assert "broke off" in str(Run(hub, attempts=1, token=TOKEN).fails())


@pytest.mark.parametrize(
    "reply",
    [
        web_page(),
        Reply(200, b"{", {"Content-Type": "application/json"}),
        Reply(200, b"\xff\xfe"),
        Reply(200),
        Reply(404, b"[]", {"X-Error-Code": "RepoNotFound"}),
        *map(document, SHAPES),
    ],
)
def test_what_cannot_be_read_is_not_asked_for_again(hub: Hub, reply: Reply) -> None:
    hub.faults[INFO] = Fault(reply)
    run = Run(hub)
    assert str(run.fails()) == f"{hub.host}: gave an answer that cannot be read"
    assert not run.waits


@pytest.mark.parametrize(
    "content",
    [
        {"id": "acme/model", "sha": "main"},
        {"id": "acme/model"},
        {"id": "../etc", "sha": COMMIT},
        {"id": None, "sha": COMMIT},
        {"id": "a/b/c", "sha": COMMIT},
    ],
)
def test_odd_facts_are_no_facts(hub: Hub, content: object) -> None:
    hub.faults[INFO] = Fault(document(content))
    assert str(Run(hub).fails()) == f"{hub.host}: gave odd facts about `acme/model`"


def test_another_commit_than_the_one_asked_for_is_odd(hub: Hub) -> None:
    hub.faults[INFO] = Fault(document({"id": "acme/model", "sha": COMMIT, "siblings": []}))
    with pytest.raises(SourceUnavailableError, match="odd facts"):
        Run(hub).find(revision="cd" * 20)


@pytest.mark.parametrize(
    ("card", "licence"),
    [
        ({"license": "mit"}, "mit"),
        ({"license": ["mit", 3, "apache-2.0"]}, "apache-2.0, mit"),
        ({"license": "other", "license_name": "flux-1-dev"}, "flux-1-dev"),
        ({"license": "other"}, "other"),
        ({"license": " "}, None),
        ({"license": 7}, None),
        ({"license": "x\n" * 100}, "x\N{REPLACEMENT CHARACTER}" * 49 + "x…"),
        ({}, None),
        (None, None),
        ("text", None),
    ],
)
def test_licences_of_every_shape(hub: Hub, card: object, licence: str | None) -> None:
    hub.add("acme/model", {"vae.pt": b"vae"}, card=card)
    answer = Run(hub).find()
    assert isinstance(answer, ModelFacts)
    assert answer.licence == licence


@pytest.mark.parametrize(
    "sibling",
    [
        {"rfilename": "vae.pt", "size": "3", "blobId": COMMIT},
        {"rfilename": "vae.pt", "size": -3, "blobId": COMMIT},
        {"rfilename": "vae.pt", "size": True, "blobId": COMMIT},
        {"rfilename": "vae.pt", "size": 3.0, "blobId": COMMIT},
    ],
)
def test_odd_sizes_are_none(hub: Hub, sibling: dict[str, Any]) -> None:
    sha = {"sha256": "AB" * 32, "size": 3, "pointerSize": 1}
    siblings = [{**sibling, "lfs": sha}, {"rfilename": 7}, {"rfilename": "\ud800"}]
    content = {"id": "acme/model", "sha": COMMIT, "siblings": siblings, "gated": "weird"}
    hub.faults[INFO] = Fault(document(content))
    answer = Run(hub).find()
    assert isinstance(answer, ModelFacts)
    assert (answer.sha256, answer.size, answer.gated) == ("ab" * 32, None, "manual")


def test_a_repository_that_says_it_is_disabled(hub: Hub) -> None:
    hub.faults[INFO] = Fault(document({"id": "acme/model", "sha": COMMIT, "disabled": True}))
    answer = Run(hub).find()
    assert isinstance(answer, Missing)
    assert answer.reason == "gone"


def test_a_machine_that_is_told_to_stay_offline(hub: Hub) -> None:
    code = (
        "from comfylock.errors import OfflineError\n"
        "from comfylock.sources.huggingface_client import HubClient, Patience\n"
        f"client = HubClient({hub.url!r}, None, 'tests/1', Patience())\n"
        "try: client.listing('acme/model', 'main')\n"
        "except OfflineError as error: print(error, '|', error.hint)"
    )
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    told = f"{hub.host}: HF_HUB_OFFLINE forbids to ask | unset HF_HUB_OFFLINE"
    assert done.stdout.strip() == told
    assert not hub.asked


@pytest.mark.parametrize(
    "reply",
    [web_page(), document({"a": 1}), document([7]), Reply(403), Reply(404), Reply(200, b"\xff")],
)
def test_a_file_by_name_that_makes_no_sense(hub: Hub, reply: Reply) -> None:
    bare = {"id": "acme/model", "sha": COMMIT, "siblings": [{"rfilename": "vae.pt"}]}
    hub.faults[INFO] = Fault(document(bare))
    hub.faults[f"{INFO}/paths-info/"] = Fault(reply)
    assert "nothing useful, about `acme/model`" in str(Run(hub).fails())


def test_a_folder_by_name_is_no_file(hub: Hub) -> None:
    bare = {"id": "acme/model", "sha": COMMIT, "siblings": [{"rfilename": "vae.pt"}]}
    hub.faults[INFO] = Fault(document(bare))
    entries = [{"type": "directory", "path": "vae.pt", "oid": COMMIT}]
    hub.faults[f"{INFO}/paths-info/"] = Fault(document(entries))
    answer = Run(hub).find()
    assert isinstance(answer, Missing)
    assert answer.reason == "no-such-file"
