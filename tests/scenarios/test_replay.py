"""Answers that were kept: recordings, the cache, no network at all (P14, P24)."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.builders import ui
from tests.scenarios import small, studio
from tests.scenarios.conftest import place_in
from tests.scenarios.studio import loader
from tests.services.world import world_serving

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scenarios.place import Place

NO_SOCKETS = """
import sys

def told(event, arguments):
    if event in {"socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.posix_spawn"}:
        raise SystemExit(f"{event} {arguments}")

sys.addaudithook(told)
from comfylock.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
"""Runs the command and ends at the first socket that is opened, or program that is started."""


def test_p24_a_replay_gives_the_same_bytes_with_all_services_gone(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    with world_serving(str(tmp_path)) as world:
        place = place_in(tmp_path, world)
        named = studio.fill(world)
        studio.write(place, named)
        ended = place.run("lock", "--allow-unresolved", "--record", str(kept))
        assert ended.code == 0, ended.err
    first = place.lock
    place.lock_file.unlink()
    shutil.rmtree(tmp_path / "cache")
    ended = place.run("lock", "--allow-unresolved", "--replay", str(kept))
    assert (ended.code, ended.err.count("error: ")) == (0, ended.err.count("\nerror: "))
    assert place.lock == first
    assert not (tmp_path / "cache").exists()


def test_p24_a_warm_cache_is_recorded_too(shop: Place) -> None:
    assert shop.run("lock").code == 0
    first = shop.lock
    shop.lock_file.unlink()
    kept = str(shop.folder / "kept")
    ended, sent = shop.sent("lock", "--record", kept)
    assert (ended.code, sent, shop.lock) == (0, {}, first)
    shop.lock_file.unlink()
    shutil.rmtree(shop.folder / "cache")
    ended, sent = shop.sent("lock", "--replay", kept)
    assert (ended.code, sent, shop.lock) == (0, {}, first)


def test_p24_a_recording_that_lacks_an_answer_says_which(shop: Place) -> None:
    kept = str(shop.folder / "kept")
    assert shop.run("lock", "--record", kept).code == 0
    before = shop.lock
    url = "https://huggingface.co/owner/else/resolve/main/else.safetensors"
    shop.write("workflows/more.json", ui(loader(1, "else.safetensors", (url,))))
    ended, sent = shop.sent("lock", "--replay", kept)
    assert (ended.code, sent, shop.lock) == (3, {}, before)
    assert "owner/else" in ended.err


def test_a_second_run_without_the_lock_sends_nothing(shop: Place) -> None:
    ended, sent = shop.sent("lock")
    assert ended.code == 0
    assert set(sent) == set(small.SUBJECTS)
    first = shop.lock
    shop.lock_file.unlink()
    ended, sent = shop.sent("lock")
    assert (ended.code, sent, shop.lock) == (0, {}, first)


def test_offline_with_a_warm_cache_gives_the_same_lock(shop: Place) -> None:
    assert shop.run("lock").code == 0
    first = shop.lock
    shop.lock_file.unlink()
    small.publish_news(shop.world)
    ended, sent = shop.sent("lock", "--offline")
    assert (ended.code, sent, shop.lock) == (0, {}, first)


def test_offline_with_a_cold_cache_names_what_is_not_known(shop: Place) -> None:
    ended, sent = shop.sent("lock", "--offline")
    assert (ended.code, sent, shop.lock) == (3, {}, None)
    for told in (
        "alpha",
        "gamma",
        "owner/beta",
        "owner/weights",
        "owner/release",
        "plain.safetensors",
    ):
        assert told in ended.err, ended.err
    assert "is not known offline" in ended.err
    assert "Traceback" not in ended.err


def test_offline_with_half_a_cache_names_the_other_half_alone(shop: Place) -> None:
    assert shop.run("lock").code == 0
    url = "https://huggingface.co/owner/else/resolve/main/else.safetensors"
    shop.write("workflows/more.json", ui(loader(1, "else.safetensors", (url,))))
    before = shop.lock
    ended, sent = shop.sent("lock", "--offline")
    assert (ended.code, sent, shop.lock) == (3, {}, before)
    errors = [line for line in ended.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert "owner/else" in errors[0]


@pytest.mark.parametrize("words", [("lock",), ("lock", "--check"), ("lock", "--offline")])
def test_a_current_lock_opens_no_socket_and_starts_no_program(
    shop: Place, words: tuple[str, ...]
) -> None:
    assert shop.run("lock").code == 0
    before = shop.lock
    ended = shop.outside(*words, code=NO_SOCKETS)
    assert ended.code == 0, ended.err
    assert shop.lock == before
    shop.lock_file.unlink()
    if words == ("lock",):  # and the hook does see what it should
        shutil.rmtree(shop.folder / "cache")
        assert shop.outside(*words, code=NO_SOCKETS).code != 0


def test_the_recording_holds_no_path_of_this_machine(shop: Place) -> None:
    kept = shop.folder / "kept"
    assert shop.run("lock", "--record", str(kept)).code == 0
    for parent, _, names in os.walk(kept):
        for name in names:
            with open(os.path.join(parent, name), encoding="utf-8") as stream:
                assert str(shop.folder) not in stream.read()
