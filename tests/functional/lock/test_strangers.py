"""What a stranger's project, workflow or service may not do: get tokens, reach inside."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from comfylock.sources.git_faults import missing_of
from tests.functional.verbs import call
from tests.services import planted
from tests.services.hub import hub_serving
from tests.services.loopback import serving
from tests.services.planted import HUB, TOKENS, Ground, addresses, fill, found_in, workflow
from tests.services.web import Fault, moved
from tests.services.world import World, world_serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.project import Run

MODEL = "big.safetensors"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world_serving(str(tmp_path_factory.mktemp("world"))) as made:
        fill(made)
        yield made


@pytest.fixture
def ground(world: World, tmp_path: Path) -> Iterator[Ground]:
    with planted.ground(str(tmp_path), world) as place:
        place.write("workflows/one.json", workflow({MODEL: addresses(world)[MODEL]}))
        yield place


@pytest.mark.parametrize("confirmed", ["", "HF_ENDPOINT", "COMFYLOCK_ALLOW_HOSTS"])
def test_p22_a_strangers_mirror_gets_no_token(ground: Ground, confirmed: str) -> None:
    with hub_serving() as mirror:
        mirror.tokens = {HUB}
        mirror.add("org/private", {MODEL: b"big " * 99})
        ground.write("comfylock.toml", f'[endpoints]\nhuggingface = "{mirror.url}"\n'.encode())
        hosts = ground.environment["COMFYLOCK_ALLOW_HOSTS"]
        environment = {
            "": {"HF_ENDPOINT": ""},
            "HF_ENDPOINT": {"HF_ENDPOINT": mirror.url},
            "COMFYLOCK_ALLOW_HOSTS": {
                "HF_ENDPOINT": "",
                "COMFYLOCK_ALLOW_HOSTS": f"{hosts},{mirror.host}",
            },
        }[confirmed]
        ended = ground.record("--allow-unresolved", **environment)
        assert ended.code == 0, ended.err
        assert mirror.asked
        told = " ".join(str(each.headers) for each in mirror.asked)
        assert found_in(told, TOKENS) == ([HUB] if confirmed else [])


def test_p22_a_redirect_from_the_hub_carries_no_token(ground: Ground) -> None:
    """The Hub's own client follows it, not ours."""
    with serving(name="localhost") as other:
        ground.world.hub.faults["/api/"] = Fault(moved(f"{other.url}/api/models/org/private", 302))
        ended = ground.record(COMFYLOCK_ALLOW_HOSTS=other.place)
        assert ended.code in {1, 3}, ended.err
        told = " ".join(f"{each.target} {each.headers}" for each in other.asked)
        assert not found_in(told, TOKENS)


def test_p22_a_redirect_from_civitai_carries_no_token(ground: Ground) -> None:
    name = "civ.safetensors"
    ground.write("workflows/one.json", workflow({name: addresses(ground.world)[name]}))
    with serving(name="localhost") as other:
        ground.world.civitai.faults["/api/"] = Fault(moved(f"{other.url}/elsewhere", 307))
        ended = ground.record(COMFYLOCK_ALLOW_HOSTS=other.place)
        assert ended.code in {1, 3}, ended.err
        assert [each.path for each in other.asked][:1] == ["/elsewhere"]
        told = " ".join(f"{each.target} {each.headers}" for each in other.asked)
        assert not found_in(told, TOKENS)


# the guard: nothing is sent where a stranger points


@pytest.mark.parametrize(
    "address",
    [
        "https://{place}/x.safetensors",
        "http://{place}/x.safetensors",
        "https://127.0.0.1:{port}/x.safetensors",
        "https://2130706433:{port}/x.safetensors",
        "https://[::1]:{port}/x.safetensors",
        "https://[::ffff:127.0.0.1]:{port}/x.safetensors",
        "https://localhost:{port}/x.safetensors",
        "https://models.localhost:{port}/x.safetensors",
        "https://10.0.0.1/x.safetensors",
        "https://169.254.169.254/x.safetensors",
        "file:///etc/x.safetensors",
        "ftp://{place}/x.safetensors",
    ],
)
@pytest.mark.parametrize("by", ["workflow", "settings"])
def test_an_address_that_leads_inside_is_not_asked(ground: Ground, address: str, by: str) -> None:
    with serving() as inside:
        port = inside.place.rpartition(":")[2]
        url = address.format(place=inside.place, port=port)
        name = "x.safetensors"
        ground.write("workflows/one.json", workflow({name: url if by == "workflow" else ""}))
        if by == "settings":
            ground.write("comfylock.toml", f'[models]\n"checkpoints/{name}" = "{url}"\n'.encode())
        ended = ground.record()
        assert ended.code in {1, 2}, ended.err
        assert "x.safetensors" in ended.err
        assert inside.connections == 0


def test_an_archive_that_leads_inside_is_not_fetched(ground: Ground) -> None:
    with serving() as inside:
        version = ground.world.registry.packs["alpha-nodes"].versions["1.2.0"]
        before, version.url = version.url, f"{inside.url}/node.zip"
        try:
            ended = ground.record()
        finally:
            version.url = before
        assert ended.code == 1, ended.err
        assert "alpha-nodes" in ended.err
        assert inside.connections == 0


def test_a_name_that_resolves_to_the_loopback_is_refused(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The resolver is the machine's; what a stranger's name server says is not to be believed."""
    monkeypatch.setattr(
        "socket.getaddrinfo",
        lambda host, port, *_, **__: [(2, 1, 6, "", ("127.0.0.1", port))] * bool(host),
    )
    with serving() as inside:
        port = inside.place.rpartition(":")[2]
        url = f"https://models.example.com:{port}/x.safetensors"
        ground.write("workflows/one.json", workflow({"x.safetensors": ""}))
        settings = f'[models]\n"checkpoints/x.safetensors" = "{url}"\n'
        ground.write("comfylock.toml", settings.encode())
        ended = ground.record()
        assert ended.code == 1, ended.err
        assert "is inside a private network" in ended.err
        assert inside.connections == 0


# crashes and git


def test_p22_the_log_of_a_bug_holds_no_secret(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(run.folder))
    monkeypatch.setenv("STUDIO_API_KEY", "plantedOwnKey08")
    for name, token in planted.ENVIRONMENT.items():
        monkeypatch.setenv(name, token)
    url = f"https://ann:{planted.PASSWORD}@a.example/x?token={planted.QUERY}"
    told = f"{' '.join(TOKENS)} plantedOwnKey08 {url}"

    def broken(_: object) -> int:
        raise ZeroDivisionError(told) from ValueError(f"Authorization: Bearer {planted.FOREIGN}")

    monkeypatch.setattr("comfylock.cli.lock.run", broken)
    assert call(run, "lock", url, told) == 70
    log = Path(run.err.rpartition("report it with ")[2].strip()).read_text("utf-8")
    assert "ZeroDivisionError" in log
    for text in (log, run.err):
        assert not found_in(text, (*planted.PLANTED, "plantedOwnKey08"))


def test_p22_what_a_git_remote_says_is_told_without_secrets(ground: Ground) -> None:
    world = ground.world
    leak = f"https://eve:{planted.FOREIGN}@example.com/?token={planted.FOREIGN}"
    body = f"Authorization: Bearer {planted.FOREIGN} {leak}".encode()
    for status in (400, 403, 418):
        world.git.faults["github.com/ann/beta-nodes"] = planted.git_fault(status, body)
        ended = ground.record()
        assert ended.code in {1, 3}, ended.err
        assert not found_in(ended.err, planted.PLANTED)
    for line in (f"fatal: {leak} is odd", f"fatal: unable to access 'x': {leak}", f"ssh: {leak}"):
        with pytest.raises(Exception, match=r"git failed|cannot be reached") as caught:
            missing_of(line, "https://github.com/ann/beta-nodes")
        assert not found_in(str(caught.value), planted.PLANTED)
