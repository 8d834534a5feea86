"""Tokens reach their own host, and nobody else sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.emitted.studio import CIVITAI_TOKEN, HF_TOKEN

if TYPE_CHECKING:
    from tests.emitted.machine import Machine
    from tests.emitted.studio import Studio


def test_tokens_reach_their_own_host_alone(machine: Machine, studio: Studio) -> None:
    machine.emit(studio.lock())
    done = machine.run(ENABLE_VIDEO="1")
    assert done.code == 0, done.err
    assert set(machine.gate.front.tokens) == {
        ("huggingface.co", HF_TOKEN),
        ("civitai.com", CIVITAI_TOKEN),
    }
    storage = [asked.host for asked in machine.gate.front.asked if asked.host.startswith("storage")]
    assert {"storage.huggingface.co", "storage.civitai.com"} <= set(storage)
    assert not any("Authorization" in asked.headers for asked in machine.world.git.asked)


def test_no_argument_environment_or_file_holds_a_token(machine: Machine, studio: Studio) -> None:
    machine.emit(studio.lock())
    done = machine.run(ENABLE_VIDEO="1")
    texts = [machine.seen(), done.out, done.err]
    assert "--config" in texts[0]
    assert "REAL_CURL" in texts[0]
    texts += [path.read_text("latin-1") for path in machine.root.rglob("*") if path.is_file()]
    for token in (HF_TOKEN, CIVITAI_TOKEN):
        assert not [text for text in texts if token in text]


def test_a_mirror_of_the_hub_is_the_hub(machine: Machine, studio: Studio) -> None:
    machine.emit(studio.lock(packs=(), models=(studio.hub_model(),)))
    hub = machine.world.hub
    done = machine.run(HF_ENDPOINT=f"{hub.url}/")
    assert done.code == 0, done.err
    assert not machine.gate.front.asked
    assert hub.tokens_by_host() == {hub.host: {HF_TOKEN}, hub.content_host: {None}}


def test_a_token_does_not_go_over_plain_http(machine: Machine, studio: Studio) -> None:
    machine.emit(studio.lock())
    done = machine.run(HF_ENDPOINT="http://hub.example.com")
    assert done.code == 2
    assert "HF_TOKEN would be seen on the way" in done.err
    assert machine.run(HF_ENDPOINT="http://127.0.0.1.example.com").code == 2
