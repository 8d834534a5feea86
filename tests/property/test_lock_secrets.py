"""Secrets planted in workflows, settings and services never come out of `comfylock lock`."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec import Struct

from tests.services import git_server
from tests.services.planted import (
    CIVITAI,
    CONFIGURED,
    FOREIGN,
    GITHUB,
    HUB,
    PASSWORD,
    PLANTED,
    QUERY,
    TOKENS,
    Ground,
    addresses,
    breaking,
    fill,
    foreign_tokens,
    found_in,
    ground,
    stand_ins,
    workflow,
)
from tests.services.web import Fault, Reply
from tests.services.world import World, world_serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Plan(Struct, frozen=True):
    """What is planted where."""

    disguise: str
    """How a model's address carries secrets."""
    aux: str
    """What a node is stamped with as its repository."""
    note: str
    config: str
    service: str
    """Whose answers go wrong."""
    start: str
    reply: Reply | None
    cut: bool
    licence: str
    """What a model's card says."""
    archive: str
    """What is added to the address of a pack's archive."""
    words: tuple[str, ...]


DISGUISES = (
    "{scheme}://{rest}",
    f"{{scheme}}://{{rest}}?token={QUERY}",
    f"{{scheme}}://{{rest}}?v=1&api_key={QUERY}&X-Amz-Signature={QUERY}",
    f"{{scheme}}://{{rest}}?%74oken={QUERY}",
    f"{{scheme}}://{{rest}}#access_token={QUERY}",
    f"{{scheme}}://ann:{PASSWORD}@{{rest}}",
    f"{{scheme}}://{PASSWORD}@{{rest}}?sig={QUERY}",
    f"ftp://ann:{PASSWORD}@{{rest}}",
    f"{{scheme}}://{{rest}}/../?token={QUERY}",
    f"{{scheme}}://{{rest}}?Token={QUERY}&download=true",
)
REPOSITORIES = (
    "ann/beta-nodes",
    f"https://ann:{PASSWORD}@github.com/ann/beta-nodes",
    f"https://{PASSWORD}@github.com/ann/beta-nodes.git?token={QUERY}",
    f"https://github.com/ann/absent?access_token={QUERY}",
    f"ssh://git:{PASSWORD}@git.example.com/ann/absent",
)
NOTES = (
    "",
    f"get it: https://huggingface.co/org/private/resolve/main/big.safetensors?token={QUERY}",
    f"https://ann:{PASSWORD}@huggingface.co/org/private/resolve/main/big.safetensors",
)
CONFIGS = (
    "",
    f'[packs]\nbeta = {{ git = "https://ann:{CONFIGURED}@github.com/ann/beta-nodes" }}\n',
    f'[packs]\n"ann/beta-nodes" = {{ git = "https://github.com/a/b?token={CONFIGURED}" }}\n',
    f'[models]\n"big.safetensors" = "https://huggingface.co/o/r/resolve/main/x?sig={CONFIGURED}"\n',
    f'[endpoints]\nhuggingface = "https://ann:{CONFIGURED}@mirror.example.com"\n',
    f'[trust]\nallow-hosts = ["ann:{CONFIGURED}@a.example.com"]\n',
    f"[lock\ntoken = {CONFIGURED}\n",
    f'hf-token = "{CONFIGURED}"\n',
    f'[models]\n"big.safetensors" = {{ token = "{CONFIGURED}" }}\n',
)
STARTS = {
    "registry": ("/", "/nodes", "/bulk", "/alpha-nodes-people"),
    "hub": ("/", "/api/", "/org/", "/content/"),
    "civitai": ("/", "/api/v1", "/api/download", "/storage/"),
    "github": ("/", "/repos/", "/ann/", "/storage/"),
    "files": ("/", "/plain", "/storage/"),
    "git": ("github.com/ann/beta-nodes",),
}
ARCHIVE = "/alpha-nodes-people/alpha-nodes/1.2.0/node.zip"
LEAK = f"https://eve:{FOREIGN}@example.com/?token={FOREIGN}&X-Amz-Signature={FOREIGN}"
STATUSES = (200, 302, 307, 400, 401, 403, 404, 410, 429, 451, 500)


@st.composite
def replies(draw: st.DrawFn) -> Reply:
    """An answer that repeats what it should not, in its headers and in its body."""
    status = draw(st.sampled_from(STATUSES))
    echo = draw(st.sampled_from((*TOKENS, LEAK, f"Authorization: Bearer {FOREIGN}", "nothing")))
    where = draw(
        st.sampled_from(("{files}/plain.safetensors", "{other}/x", "http://10.0.0.1/", ""))
    )
    headers = {
        "Content-Type": draw(st.sampled_from(("text/plain", "application/json", "text/html"))),
        "X-Error-Message": echo,
        "ETag": f'"{echo}"'.replace('""', '"'),
        "Retry-After": "1000",
    }
    if status in {302, 307}:
        headers["Location"] = f"{where}?sig={FOREIGN}" if where else LEAK
    bodies = (f'{{"error": "{echo}", "message": "{echo}"}}', echo, f"<html>{echo}</html>")
    return Reply(status, draw(st.sampled_from(bodies)).encode(), headers)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    service = draw(st.sampled_from(("none", *STARTS)))
    return Plan(
        disguise=draw(st.sampled_from(DISGUISES)),
        aux=draw(st.sampled_from(REPOSITORIES)),
        note=draw(st.sampled_from(NOTES)),
        config=draw(st.sampled_from(("", "", "", *CONFIGS))),
        service=service,
        start=draw(st.sampled_from(STARTS.get(service, ("/",)))),
        reply=draw(replies()),
        cut=draw(st.booleans()),
        licence=draw(st.sampled_from(("mit", "mit", *TOKENS, LEAK))),
        archive=draw(st.sampled_from(("", "", f"?sig={FOREIGN}&v=1", f"#{LEAK}", f"?v={HUB}"))),
        words=draw(st.sampled_from((("-v",), ("--json",), ("--allow-unresolved", "-v")))),
    )


def simple(**changes: Any) -> Plan:
    values: dict[str, Any] = {
        "disguise": DISGUISES[2],
        "aux": REPOSITORIES[0],
        "note": NOTES[1],
        "config": "",
        "service": "none",
        "start": "/",
        "reply": None,
        "cut": False,
        "licence": "mit",
        "archive": "",
        "words": ("-v",),
    }
    return Plan(**{**values, **changes})


MOVED = [
    simple(service=service, start=start, reply=Reply(302, b"", {"Location": f"{{{target}}}/x"}))
    for service, start, target in (
        ("hub", "/org/", "files"),
        ("hub", "/api/", "other"),
        ("civitai", "/api/", "other"),
        ("github", "/repos/", "files"),
        ("registry", "/nodes", "other"),
    )
]
"""Each service leads to another, which has a token of its own or none."""


def prepared(place: Ground, plan: Plan) -> None:
    """Write the project, and let a service misbehave."""
    world = place.world
    models = {}
    for name, url in addresses(world).items():
        scheme, _, rest = url.partition("://")
        models[name] = plan.disguise.format(scheme=scheme, rest=rest)
    place.write("workflows/one.json", workflow(models, note=plan.note, aux=plan.aux))
    if plan.config:
        place.write("comfylock.toml", plan.config.encode())
    world.hub.repositories["org/private"].card = {"license": plan.licence}
    release = world.registry.packs["alpha-nodes"].versions["1.2.0"]
    release.url = f"{world.registry.url}{ARCHIVE}{plan.archive}" if plan.archive else None
    reply = plan.reply
    if reply is None:
        return
    headers = {
        name: value.replace("{files}", world.files.url).replace("{other}", world.github.url)
        for name, value in reply.headers.items()
    }
    if plan.service == "git":
        fault = git_server.Fault(reply.status, reply.body, headers)
        world.git.faults[plan.start] = fault
    elif plan.service != "none":
        made = Fault(Reply(reply.status, reply.body, headers), resets=plan.cut)
        breaking(stand_ins(world)[plan.service], plan.start, made)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world_serving(str(tmp_path_factory.mktemp("world"))) as made:
        fill(made)
        yield made


@settings(
    max_examples=settings().max_examples // 3,  # each one is a whole lock
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example(plan=simple(licence=CIVITAI))
@example(plan=MOVED[0])
@example(plan=MOVED[1])
@example(plan=MOVED[2])
@example(plan=MOVED[3])
@example(plan=MOVED[4])
@given(plan=plans())
def test_nothing_planted_comes_out(world: World, plan: Plan) -> None:
    with tempfile.TemporaryDirectory() as folder, ground(folder, world) as place:
        prepared(place, plan)
        ended = place.record(*plan.words)
        assert ended.code in {0, 1, 2, 3, 4}, ended.err
        checked(place, ended.out, ended.err)


def checked(place: Ground, *told: str) -> None:
    """Nothing planted was printed, kept, or sent to anybody but its owner."""
    for text in (*told, *(text for text in place.kept() if "comfylock.toml" not in text)):
        assert not found_in(text, PLANTED), text
    assert not foreign_tokens(place.world)


def test_every_token_reaches_its_own_service(world: World, tmp_path: Path) -> None:
    with ground(str(tmp_path), world) as place:
        prepared(place, simple())
        ended = place.record("-v")
        checked(place, ended.out, ended.err)
        assert ended.code == 0, ended.err
        assert HUB in world.hub.tokens_by_host()[world.hub.host]
        assert CIVITAI in world.civitai.tokens_by_host()[world.civitai.host]
        assert GITHUB in world.github.tokens_by_host()[world.github.host]
        assert world.files.tokens_by_host() == {
            world.files.host: {None},
            world.files.content_host: {None},
        }
        assert place.lock.count("[[model]]") == 5
