"""Planted tokens stay where they belong: with their own service, and in no word of ours."""

from __future__ import annotations

import io
import os
import tempfile
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from comfylock.errors import ComfylockError, RefusedError, SourceUnavailableError
from comfylock.net.answers import Cached
from comfylock.net.cache import Cache
from comfylock.net.http import Http
from comfylock.net.interface import Known, Question
from comfylock.net.recording import Recording
from comfylock.net.retries import Timing
from comfylock.net.trust import Credentials, Endpoints, Trust
from tests.services.loopback import Answer, Service, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

HUB, CIVITAI, GITHUB = "hf_plantedHubToken01", 'civ/planted+token"01', "ghp_plantedGitHub01"
SIGNED, PASSWORD, CALLERS = "plantedSignature01", "plantedPassword01", "plantedCallersOwn01"
PLANTED = (HUB, CIVITAI, GITHUB, SIGNED, PASSWORD, CALLERS)


class Plan(Struct, frozen=True):
    """What the first service says to `/start`, and what `/end` of either says."""

    target: str
    status: int
    end: Answer
    echoes: str
    """What an answer repeats."""
    via_header: bool


ENDS = [
    Answer(b"fine"),
    Answer(b"no", 403),
    Answer(b"no", 404),
    Answer(b"oops", 500),
    Answer(b"slow down", 429, headers={"Retry-After": "1000"}),
    Answer(b"cut", missing=9),
    Answer(b"x" * 3000, resets=True),
    Answer(b"x" * 50_000),
    Answer(raw=b"HTTP/1.1 200 OK\r\nno header: \x00"),
    Answer(raw=b"SSH-2.0-"),
    Answer(b"no gzip", headers={"Content-Encoding": "gzip"}),
]

targets = st.sampled_from(
    [
        "/end",
        f"/end?token={SIGNED}",
        f"{{other}}/end?X-Amz-Signature={SIGNED}&v=1",
        f"{{other}}/end?%73ig={SIGNED}#access_token={SIGNED}",
        f"{{other_password}}/end?token={SIGNED}",
        f"http://user:{PASSWORD}@10.0.0.1/?token={SIGNED}",
        f"https://{SIGNED}.invalid:99999999/?sig={SIGNED}",
        f"file:///{SIGNED}",
        f"/start?token={SIGNED}",
    ]
)
plans = st.builds(
    Plan,
    target=targets,
    status=st.sampled_from([200, 301, 302, 303, 307, 308]),
    end=st.sampled_from(ENDS),
    echoes=st.sampled_from([*PLANTED, quote(CIVITAI, safe=""), "nothing"]),
    via_header=st.booleans(),
)


class Fact(Struct, frozen=True):
    """What a source would make of an answer."""

    text: str


def told(error: BaseException) -> Iterator[str]:
    """Everything that a traceback would print of an exception and its causes."""
    shown: BaseException | None = error
    while shown is not None:
        yield f"{shown!r} {shown}"
        yield str(getattr(shown, "hint", ""))
        shown = shown.__cause__ or (None if shown.__suppress_context__ else shown.__context__)


def prepared(plan: Plan, service: Service, other: Service) -> None:
    """Let both services answer as planned, repeating the echo in headers and body."""
    password = other.url.replace("//", f"//eve:{PASSWORD}@")
    location = plan.target.replace("{other_password}", password).replace("{other}", other.url)
    echo = {"X-Echo": plan.echoes, "ETag": f'"{plan.echoes}"'.replace('""', '"')}
    service.answers["/start"] = Answer(
        plan.echoes.encode(), plan.status, headers={"Location": location, **echo}
    )
    end = Answer(
        plan.end.body + plan.echoes.encode(),
        plan.end.status,
        headers={**plan.end.headers, **echo},
        missing=plan.end.missing,
        resets=plan.end.resets,
        raw=plan.end.raw and plan.end.raw + plan.echoes.encode() + b"\r\n\r\n",
    )
    for each in (service, other):
        each.answers["/end"] = end


def visited(http: Http, url: str, plan: Plan) -> Iterator[Any]:
    """Ask in every way, yield what comes out."""
    headers = {"Authorization": f"Bearer {CALLERS}", "Cookie": f"a={CALLERS}"}
    given_headers = headers if plan.via_header else {}
    asks = (
        lambda: http.request("GET", url, limit=40_000, headers=given_headers),
        lambda: http.request("POST", url, limit=40_000, body=b"{}", headers=given_headers),
        lambda: http.request("GET", url, limit=40_000, headers=given_headers, follow=False),
        lambda: http.download(url, limit=40_000, sink=io.BytesIO(), headers=given_headers),
    )
    for ask in asks:
        try:
            yield ask()
        except ComfylockError as error:
            yield from told(error)


def kept(folder: str) -> Iterator[str]:
    for parent, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(parent, name), "rb") as stream:
                yield f"{parent}/{name} {stream.read().decode()}"


def spelt(secret: str) -> set[str]:
    return {secret, quote(secret, safe=""), secret.replace('"', '\\"')}


def check(texts: list[str], secrets: tuple[str, ...]) -> None:
    for text in texts:
        for secret in secrets:
            assert not any(spelling in text for spelling in spelt(secret)), (secret, text)


@settings(max_examples=60)
@given(plan=plans)
def test_planted_secrets_never_leave(plan: Plan) -> None:
    with ExitStack() as stack:
        service, other = (
            stack.enter_context(serving(name=name)) for name in ("127.0.0.1", "localhost")
        )
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        prepared(plan, service, other)
        trust = Trust(
            Endpoints(huggingface=service.url),
            Credentials(HUB, CIVITAI, GITHUB),
            configured=frozenset({service.place, other.place}),
        )
        timing = Timing(sleep=lambda _: None)
        http = stack.enter_context(Http("tests/1", trust, timing=timing))
        start = service.url.replace("//", f"//alice:{PASSWORD}@") + f"/start?token={SIGNED}"
        outcomes = list(visited(http, start, plan))

        secrets = trust.credentials.secrets
        cache = Cache(f"{folder}/cache", lambda: 1.0, secrets=secrets)
        recording = Recording(Cached(cache), f"{folder}/recording", secrets=secrets)
        question = Question("url", "text", "a")
        recording.ask(question, Fact, lambda _: Known(Fact(plan.echoes), {"etag": plan.echoes}))

        shown = [
            each if isinstance(each, str) else f"{each.url} {sorted(each.headers.items())}"
            for each in outcomes
        ]
        # What only the echo tells us is no secret that we were given: signatures in a header.
        mine = tuple(each for each in PLANTED if each not in {SIGNED, PASSWORD, CALLERS})
        check(shown, mine)
        check([text.split("[(", 1)[0] for text in shown], (SIGNED, PASSWORD, CALLERS))
        check([*map(str, outcomes)] if plan.echoes == "nothing" else [], PLANTED)
        check(list(kept(folder)), secrets)
        foreign = [f"{each.headers} {each.target} {each.body!r}" for each in other.asked]
        check(foreign, (HUB, CIVITAI, GITHUB, PASSWORD, CALLERS))
        own = [f"{each.headers} {each.target}" for each in service.asked]
        check(own, (CIVITAI, GITHUB))


addresses = st.one_of(
    st.text(max_size=40),
    st.from_regex(
        r"(https?|ftp|HTTPS)?:?/{0,3}[\[\]a-z0-9.:@%\\-]{0,30}(:[0-9]{0,6})?[/?#].{0,20}"
    ),
    st.builds("https://xn--{}.example/{}".format, st.text("a1-", max_size=8), st.text(max_size=8)),
)


@given(address=addresses, location=addresses)
def test_no_address_of_a_stranger_breaks_the_client(address: str, location: str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/start":
            return httpx.Response(302, headers=[(b"Location", location.encode("utf-8", "replace"))])
        return httpx.Response(200, content=b"x")

    timing = Timing(sleep=lambda _: None)
    with Http("tests/1", Trust(), httpx.MockTransport(answer), timing=timing) as http:
        for url in (address, "https://a.example/start"):
            with suppress(RefusedError, SourceUnavailableError):
                assert http.request("GET", url).status in {200, 302}
            with suppress(RefusedError, SourceUnavailableError):
                assert http.download(url, limit=10, refuse_pages=True).size in {0, 1}
