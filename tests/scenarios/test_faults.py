"""Services in trouble: which one is told, the old lock stays, what was learnt is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from comfylock.cli.lock import exit_code
from comfylock.ops.services import Effort
from comfylock.resolve.outcome import Moves
from tests.builders import ui
from tests.scenarios import small
from tests.scenarios.conftest import place_in
from tests.scenarios.place import PATIENCE, mend
from tests.scenarios.studio import digest, loader
from tests.scenarios.trouble import ARCHIVES, GARBAGE, trouble, truncate_archives
from tests.services.file_host import file_host_serving
from tests.services.web import Fault, Reply, running, web_page
from tests.services.world import world_serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from comfylock.ops.lock import LockOutcome
    from tests.scenarios.place import Place
    from tests.services.world import World

BROKEN = ("reset", "slow", "429", "500", "wrong length")
UNREACHABLE = ("refused", "certificate")
ODD = ("garbage", "html")
KINDS = (*UNREACHABLE, *BROKEN, *ODD)
CASES = [
    (service, kind)
    for service in small.SUBJECTS
    for kind in KINDS
    if service != "files" or kind in BROKEN
]
"""A file host may give any bytes, and a page is no file: those have tests of their own."""

ALWAYS = {
    (service, kind)
    for row, service in enumerate(small.SUBJECTS)
    for column, kind in enumerate(KINDS)
    if (row + column) % 3 == 0
}
"""Every service and every kind a few times; all of them with `-m large`."""

MATRIX = [
    pytest.param(*case, id="-".join(case), marks=() if case in ALWAYS else pytest.mark.large)
    for case in CASES
]

WORDS = {
    "refused": ("cannot be reached",),
    "certificate": ("certificate",),
    "reset": ("broke off", "closed the connection", "transfer closed"),
    "slow": ("timed out", "did not answer in time", "did not finish within"),
    "429": ("answered 429", "too many requests"),
    "500": ("answered 500",),
    "garbage": ("cannot be read", "git failed"),
    "html": ("cannot be read", "what is no git repository"),
    "wrong length": ("broke off", "transfer closed"),
}


@pytest.fixture(scope="module")
def outdated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, bytes]]:
    """A world with news, and the lock of the small project from before."""
    folder = tmp_path_factory.mktemp("outdated")
    with world_serving(str(folder)) as world:
        place = place_in(folder, world)
        small.fill(world)
        small.write(place)
        assert place.attempt().is_written
        small.publish_news(world)
        yield world, place.lock_file.read_bytes()


@pytest.fixture
def stale(outdated: tuple[World, bytes], tmp_path: Path) -> Iterator[Place]:
    """The small project with that lock, and nothing in the cache."""
    world, lock = outdated
    mend(world)
    place = place_in(tmp_path, world)
    small.write(place)
    place.lock_file.write_bytes(lock)
    yield place
    mend(world)


def upgrade(place: Place, seconds: float = PATIENCE) -> tuple[int, LockOutcome]:
    """Move everything, with little patience."""
    effort = Effort(attempts=1, pause=0, seconds=seconds)
    outcome = place.attempt(moves=Moves(everything=True), effort=effort)
    return exit_code(outcome), outcome


def sent(place: Place) -> set[str]:
    """The services that got a request."""
    return {name for name, count in place.world.requests().items() if count}


@pytest.mark.parametrize(("service", "kind"), MATRIX)
def test_a_service_in_trouble_is_named_and_costs_its_own_subjects(
    stale: Place, service: str, kind: str
) -> None:
    before = stale.files()
    with trouble(stale, service, kind):
        code, outcome = upgrade(stale, 0.3 if service == "git" and kind == "slow" else PATIENCE)
    assert (code, outcome.is_written) == (3, False)
    assert stale.files() == before
    [told] = outcome.resolution.unreachable
    # Where a whole git host is in trouble, ComfyUI cannot be moved either.
    assert set(told.subjects) - {"comfyui"} == set(small.SUBJECTS[service])
    assert told.message.startswith(f"{told.service}: ")
    assert any(words in told.message for words in WORDS[kind]), told.message
    assert "\n" not in told.message.strip()
    assert outcome.resolution.gaps == ()

    code, outcome = upgrade(stale)
    assert (code, outcome.is_written) == (0, True)
    assert sent(stale) == {service}


def test_several_services_in_trouble_are_all_named(stale: Place) -> None:
    before = stale.lock
    with trouble(stale, "civitai", "500"):
        stale.world.hub.faults[""] = Fault(Reply(500))
        code, outcome = upgrade(stale)
    assert (code, stale.lock) == (3, before)
    subjects = {name for each in outcome.resolution.unreachable for name in each.subjects}
    assert subjects == {*small.SUBJECTS["civitai"], *small.SUBJECTS["huggingface"]}


def test_a_command_prints_the_trouble_and_no_traceback(stale: Place) -> None:
    before = stale.lock
    stale.world.civitai.faults[""] = Fault(Reply(400))
    ended = stale.run("lock", "--upgrade")
    assert (ended.code, stale.lock) == (3, before)
    [line] = [line for line in ended.err.splitlines() if line.startswith("error: ")]
    assert "answered 400" in line
    assert "(needed for checkpoints/civitai.safetensors)" in line
    assert "Traceback" not in ended.err


# file hosts, whose bytes may be anything


def test_other_bytes_at_an_address_are_a_mismatch(stale: Place) -> None:
    before = stale.files()
    stale.world.files.faults[""] = Fault(
        Reply(200, GARBAGE, {"Content-Type": "application/octet-stream"})
    )
    code, outcome = upgrade(stale)
    assert (code, stale.files()) == (4, before)
    [gap] = outcome.resolution.mismatches
    assert digest(GARBAGE) in gap.message
    assert digest(b"plain " * 9) in gap.message


def test_a_page_instead_of_a_file_is_no_file(stale: Place) -> None:
    before = stale.files()
    stale.world.files.faults[""] = Fault(web_page())
    code, outcome = upgrade(stale)
    assert (code, stale.files()) == (1, before)
    [gap] = outcome.resolution.gaps
    assert (gap.name, gap.reason) == ("checkpoints/plain.safetensors", "not-a-file")
    assert gap.hint


def test_a_file_host_that_is_down_is_named_and_carries_on_later(shop: Place) -> None:
    with file_host_serving() as host:
        url, port = host.add("/late.safetensors", b"late"), int(host.host.rpartition(":")[2])
        allowed = shop.environment["COMFYLOCK_ALLOW_HOSTS"]
        shop.environment["COMFYLOCK_ALLOW_HOSTS"] = f"{allowed},{host.host}"
    late = loader(1, "late.safetensors", (url,))
    shop.write("workflows/late.json", ui(late))
    outcome = shop.attempt()
    assert (exit_code(outcome), shop.lock) == (3, None)
    [told] = outcome.resolution.unreachable
    assert told.subjects == ("checkpoints/late.safetensors",)
    assert "cannot be reached: connection refused" in told.message
    shop.world.forget()
    with running(host, port):
        assert shop.attempt().is_written
    assert sent(shop) == set()


# archives


@pytest.mark.parametrize("allowed", [False, True])
def test_p21_half_an_archive_is_broken_and_no_flag_lets_it_through(
    stale: Place, *, allowed: bool
) -> None:
    before = stale.files()
    truncate_archives(stale.world)
    outcome = stale.attempt(moves=Moves(everything=True), allows_unresolved=allowed)
    assert (exit_code(outcome), stale.files()) == (4, before)
    [gap] = outcome.resolution.mismatches
    assert (gap.name, gap.reason) == ("alpha", "not-an-archive")
    assert gap.message == "the archive of `alpha` 1.2.0 is damaged or cut short"
    assert gap.hint == "choose another version of it"


def test_a_page_instead_of_an_archive_is_broken_too(stale: Place) -> None:
    before = stale.files()
    stale.world.registry.faults[ARCHIVES] = Fault(web_page())
    code, outcome = upgrade(stale)
    assert (code, stale.files()) == (4, before)
    [gap] = outcome.resolution.mismatches
    assert "is no archive but a web page" in gap.message
    assert "try again later" in (gap.hint or "")


@pytest.mark.parametrize("kind", ["reset", "500", "wrong length"])
def test_an_archive_that_cannot_be_had_is_its_services_trouble(stale: Place, kind: str) -> None:
    before = stale.files()
    with trouble(stale, "comfy-registry", kind):
        faults = stale.world.registry.faults
        faults[ARCHIVES] = faults.pop("")
        code, outcome = upgrade(stale)
    assert (code, stale.files()) == (3, before)
    subjects = {name for each in outcome.resolution.unreachable for name in each.subjects}
    assert {"alpha"} <= subjects <= set(small.SUBJECTS["comfy-registry"])  # one host has both
    code, _ = upgrade(stale)
    assert code == 0
    assert sent(stale) == {"comfy-registry"}
    assert "POST /bulk/nodes/versions" not in stale.world.registry.paths()


def test_what_to_do_about_a_service_is_told(shop: Place) -> None:
    shop.world.github.left = 0
    ended = shop.run("lock")
    assert ended.code == 3
    assert "has no requests left for now" in ended.err
    assert ended.err.endswith("\n\nhint: a token raises the limit: set GITHUB_TOKEN\n")
