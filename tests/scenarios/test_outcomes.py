"""A pack and a model of every kind: each is pinned, or named with what to do about it."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from msgspec import Struct

from comfylock.lockfile.read import read_lock
from tests.scenarios import studio
from tests.scenarios.conftest import place_in
from tests.services import civitai, hub

if TYPE_CHECKING:
    from comfylock.lockfile.schema import Lock, ModelPin, PackPin
    from tests.ended import Ended
    from tests.scenarios.place import Place
    from tests.scenarios.studio import Named
    from tests.services.world import World

KINDS = ("pack", "model", "class-type")
TOKENS = {"HF_TOKEN": hub.TOKEN, "CIVITAI_TOKEN": civitai.TOKEN}


@cache
def table() -> dict[str, dict[str, Any]]:
    """What is to become of every subject, by kind and name."""
    return tomllib.loads(Path(__file__).with_name("outcomes.toml").read_text("utf-8"))


SUBJECTS = [(kind, name) for kind in KINDS for name in table()[kind]]


class Locked(Struct):
    """The studio's project, locked with gaps, and what was said about it."""

    place: Any
    named: Any
    refused: Any
    """A run without `--allow-unresolved`."""
    allowed: Any
    lock: Any


@pytest.fixture(scope="module", params=[False, True], ids=["anonymous", "with-tokens"])
def locked(
    request: pytest.FixtureRequest,
    full: tuple[World, Named],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[bool, Locked]:
    world, named = full
    place = place_in(tmp_path_factory.mktemp("studio"), world)
    studio.write(place, named)
    if request.param:
        place.environment |= TOKENS
        world.hub.granted |= {"owner/gated", "owner/gated-small"}
    refused = place.run("lock", "-v")
    assert place.lock is None
    allowed = place.run("lock", "--allow-unresolved", "--json")
    lock = read_lock(place.lock_file.read_bytes(), "comfy.lock")
    return bool(request.param), Locked(place, named, refused, allowed, lock)


def expected(kind: str, name: str, *, has_tokens: bool) -> dict[str, Any]:
    """What is to become of a subject; what a token changes replaces the rest."""
    told: dict[str, Any] = table()[kind][name]
    return told["token"] if has_tokens and "token" in told else told


def filled(value: Any, named: Named) -> Any:
    """A value of the table with what the services made up in it."""
    if isinstance(value, list):
        return [filled(each, named) for each in value]
    if not isinstance(value, str):
        return value
    return re.sub(r"\{([\w:@.-]+)\}", lambda match: named[match[1]], value)


def pin_of(lock: Lock, kind: str, name: str) -> dict[str, Any] | None:
    """The pin of a subject, as the lock writes it."""
    pins: tuple[PackPin | ModelPin, ...] = (*lock.packs,) if kind == "pack" else (*lock.models,)
    found = [pin for pin in pins if pin.name == name and kind != "class-type"]
    assert len(found) < 2
    if not found:
        return None
    pin: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(found[0]))
    return pin


def key_of(kind: str, name: str) -> str:
    """What the lock calls a subject."""
    return f"checkpoints/{name}" if kind == "model" else name


@pytest.mark.parametrize(("kind", "name"), SUBJECTS, ids=[f"{k}-{n}" for k, n in SUBJECTS])
def test_the_outcome_is_as_policy_says(locked: tuple[bool, Locked], kind: str, name: str) -> None:
    has_tokens, run = locked
    told = expected(kind, name, has_tokens=has_tokens)
    pin = pin_of(run.lock, kind, name)
    gaps = [g for g in run.lock.unresolved if (g.kind, g.name) == (kind, key_of(kind, name))]
    if "pin" in told:
        assert gaps == []
        assert pin is not None
        assert {key: pin.get(key) for key in told["pin"]} == {
            key: filled(value, run.named) for key, value in told["pin"].items()
        }
        assert [key for key in told.get("absent", ()) if pin.get(key)] == []
        return
    assert pin is None
    [gap] = gaps
    assert gap.reason == told["gap"]
    assert filled(told["says"], run.named) in gap.message
    assert filled(told["hint"], run.named) in (gap.hint or "")
    assert gap.workflows


@pytest.mark.parametrize(("kind", "name"), SUBJECTS, ids=[f"{k}-{n}" for k, n in SUBJECTS])
def test_what_a_person_has_to_know_is_said(
    locked: tuple[bool, Locked], kind: str, name: str
) -> None:
    has_tokens, run = locked
    told = expected(kind, name, has_tokens=has_tokens)
    said = run.refused.err
    key = key_of(kind, name)
    if "gap" in told:
        [line] = [line for line in said.splitlines() if line.startswith(f"error: {key}: ")]
        assert filled(told["says"], run.named) in line
        hint = filled(told["hint"], run.named)
        assert hint.removeprefix("[") == hint or hint.partition(" ")[0] in said
        assert (hint.partition(" ")[2] if hint.startswith("[") else hint) in said
    lines = [line for line in said.splitlines() if line.startswith(f"warning: {key}: ")]
    wanted = told.get("warns", [])
    assert [w for w in wanted if not any(filled(w, run.named) in line for line in lines)] == []
    if "pin" in told and not has_tokens:
        assert len(lines) == len(wanted), lines


def test_nothing_else_was_pinned_or_left_open(locked: tuple[bool, Locked]) -> None:
    _, run = locked
    lock = run.lock
    pins = {("pack", pin.name) for pin in lock.packs} | {("model", pin.name) for pin in lock.models}
    gaps = {(gap.kind, gap.name.removeprefix("checkpoints/")) for gap in lock.unresolved}
    assert pins | gaps == set(SUBJECTS)
    assert len(lock.packs) >= 12
    assert len(lock.models) >= 20


def test_every_digest_is_that_of_the_bytes(locked: tuple[bool, Locked]) -> None:
    _, run = locked
    pins = {pin.name: pin for pin in run.lock.models}
    for name, content in {
        "large.safetensors": b"large " * 99,
        "small.pt2": b"a few bytes",
        "xet.safetensors": b"xet " * 99,
        "open.safetensors": b"open",
        "unsigned.pth": b"unsigned",
        "elsewhere.safetensors": b"elsewhere",
    }.items():
        assert (pins[name].sha256, pins[name].size) == (studio.digest(content), len(content))
    world: World = run.place.world
    for pin in run.lock.packs:
        if pin.source == "comfy-registry":
            archive = world.registry.packs[pin.name].versions[pin.version].archive
            assert (pin.sha256, pin.size) == (studio.digest(archive), len(archive))


def test_gaps_are_the_answer_no_and_keep_the_lock_unwritten(locked: tuple[bool, Locked]) -> None:
    _, run = locked
    refused: Ended = run.refused
    assert refused.code == 1
    assert "Traceback" not in refused.err
    data = run.allowed.data
    assert run.allowed.code == 0
    assert (data["written"], data["writable"], data["unreachable"]) == (True, True, [])
    assert [gap["name"] for gap in data["unresolved"]] == [g.name for g in run.lock.unresolved]
    assert refused.err.count("\nerror: ") == len(run.lock.unresolved)


def test_a_check_says_exactly_the_gaps(locked: tuple[bool, Locked]) -> None:
    _, run = locked
    place: Place = run.place
    ended = place.run("lock", "--check", "--json")
    assert ended.code == 1
    reasons = ended.data["reasons"]
    assert {each["kind"] for each in reasons} == {"Unresolved"}
    assert sorted(each["subject"] for each in reasons) == sorted(
        gap.name for gap in run.lock.unresolved
    )
    content = place.run("lock", "--check", "--allow-unresolved")
    assert (content.code, content.err) == (0, "")


def test_a_second_run_asks_for_the_gaps_alone_and_changes_nothing(
    locked: tuple[bool, Locked],
) -> None:
    _, run = locked
    place: Place = run.place
    before = place.lock
    ended = place.run("lock", "--allow-unresolved")
    assert (ended.code, place.lock) == (0, before)


def test_models_without_a_digest_can_be_refused(locked: tuple[bool, Locked]) -> None:
    has_tokens, run = locked
    ended = run.place.run("lock", "--allow-unresolved", "--require-hashes", "--json")
    unhashed = {"checkpoints/early.safetensors"}
    if not has_tokens:
        unhashed |= {"checkpoints/login.safetensors", "checkpoints/gated-small.pt2"}
    assert ended.code == 1
    assert set(ended.data["unhashed"]) == unhashed
