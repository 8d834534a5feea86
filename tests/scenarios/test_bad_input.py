"""What cannot be read: each fault its own sentence, exit 2, nothing lost."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from comfylock.names import printable
from tests.builders import stamped, ui
from tests.scenarios import small

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.scenarios.place import Place

SETTINGS = {
    "[lock\n": "comfylock.toml: is not TOML: ",
    '[lock]\nprefer = "newest"\n': "`lock.prefer`: must be",
    '[lock]\nperfer = "latest"\n': "`lock.perfer`: is no setting; did you mean `prefer`?",
    "[pack]\nx = 1\n": "`pack`: is no setting; did you mean `packs`?",
    '[packs]\nalpha = "one"\n': '`packs."alpha".version`: must be a version',
    "[models]\nx = { local = 1 }\n": '`models."x".local`: must be true or false',
    "[groups]\nvideo = 3\n": "`groups.video`",
}


def without(lock: bytes, name: bytes) -> bytes:
    """The lock as someone leaves it who takes a pin out by hand."""
    start = lock.index(b'[[pack]]\nname = "' + name)
    return lock[:start] + lock[lock.index(b"[[pack]]", start + 1) :]


LOCKS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "version": (lambda lock: lock.replace(b"\nversion = 1\n", b"\nversion = 7\n"), "version 7"),
    "no TOML": (lambda lock: lock + b"[[pack\n", "is not TOML"),
    "unknown key": (
        lambda lock: lock.replace(b'name = "alpha"', b'nam = "alpha"'),
        "did you mean `name`",
    ),
    "half": (lambda lock: lock[: len(lock) // 2], ""),
    "wrong type": (lambda lock: lock.replace(b"size = ", b'size = "x" # '), "size"),
    "short digest": (lambda lock: lock.replace(b'sha256 = "', b'sha256 = "xyz'), "sha256"),
    "twice": (lambda lock: lock + lock[lock.index(b"[[pack]]") :], "alpha"),
    "pin taken out": (
        lambda lock: without(lock, b"gamma"),
        "`workflow[0].packs[1]`: `gamma` is neither pinned nor unresolved",
    ),
    "markers": (lambda lock: b"<<<<<<< ours\n" + lock, "conflict"),
    "not UTF-8": (lambda lock: lock + b"# \xff\n", "UTF-8"),
    "empty": (lambda _: b"", "version"),
}


@pytest.mark.parametrize("text", SETTINGS)
def test_faults_of_the_settings_are_told_and_nothing_is_asked(shop: Place, text: str) -> None:
    shop.write("comfylock.toml", text)
    before = shop.files()
    for words in (("lock",), ("lock", "--check")):
        ended, sent = shop.sent(*words)
        if words == ("lock",):
            assert SETTINGS[text] in ended.err, ended.err
        assert (ended.code, sent) == (2, {})
        assert "Traceback" not in ended.err
    assert shop.files() == before


def test_all_faults_of_the_settings_are_told_at_once(shop: Place) -> None:
    shop.write("comfylock.toml", '[lock]\nperfer = "x"\n[packs]\nalpha = 3\n[trust]\nhosts = []\n')
    ended = shop.run("lock")
    assert ended.code == 2
    assert "comfylock.toml has 3 faults" in ended.err


@pytest.mark.parametrize("name", LOCKS)
def test_a_damaged_lock_is_told_and_left_as_it_is(shop: Place, name: str) -> None:
    damage, words = LOCKS[name]
    assert shop.run("lock").code == 0
    shop.lock_file.write_bytes(damage(shop.lock or b""))
    before = shop.files()
    for line in (("lock",), ("lock", "--check"), ("lock", "--upgrade")):
        ended, sent = shop.sent(*line)
        assert (ended.code, sent) == (2, {}), (line, ended.err)
        assert "comfy.lock" in ended.err
        assert words in ended.err, ended.err
        assert "Traceback" not in ended.err
        assert shop.files() == before


def test_one_unreadable_workflow_among_good_ones(shop: Place) -> None:
    assert shop.run("lock").code == 0
    before = shop.lock
    shop.write("workflows/broken.json", b'{"nodes": [')
    ended = shop.run("lock")
    assert (ended.code, shop.lock) == (2, before)
    assert "workflows/broken.json: " in ended.err
    assert shop.run("lock", "--check").code == 2
    ended = shop.run("lock", "--allow-unresolved")
    assert "workflows/broken.json: " in ended.err


def test_no_workflow_at_all(shop: Place) -> None:
    for path in (shop.project / "workflows").iterdir():
        path.unlink()
    (shop.project / "workflows").rmdir()
    ended = shop.run("lock")
    assert (ended.code, shop.lock) == (2, None)
    assert "error: nobody says which workflows to lock" in ended.err


def test_a_check_without_a_lock(shop: Place) -> None:
    ended = shop.run("lock", "--check")
    assert ended.code == 2
    assert "no lockfile at " in ended.err
    assert "hint: comfylock lock" in ended.err


def test_a_project_whose_subjects_are_all_known_is_small(shop: Place) -> None:
    assert shop.run("lock").code == 0
    names = {pin.name for pin in shop.locked.packs} | {pin.key for pin in shop.locked.models}
    assert names == {name for group in small.SUBJECTS.values() for name in group}


def test_p8_what_a_newer_revision_says_is_never_lost(shop: Place) -> None:
    assert shop.run("lock").code == 0
    newer = (shop.lock or b"").replace(b"version = 1\n", b"version = 1\nrevision = 7\n", 1)
    newer = newer.replace(b"[options]\n", b"[options]\nmood = 3\n", 1)
    shop.lock_file.write_bytes(newer)
    assert shop.run("lock", "--check").code == 0
    assert shop.run("lock").code == 0
    assert shop.lock == newer
    ended, sent = shop.sent("lock", "--upgrade")
    assert (ended.code, sent) == (2, {})
    assert "would lose: `options.mood`" in ended.err
    assert shop.lock == newer


def test_p8_a_newer_revision_stays_what_it_is_when_a_pin_moves(shop: Place) -> None:
    assert shop.run("lock").code == 0
    newer = (shop.lock or b"").replace(b"version = 1\n", b"version = 1\nrevision = 7\n", 1)
    shop.lock_file.write_bytes(newer)
    assert shop.run("lock", "--upgrade-package", "alpha").code == 0
    assert shop.lock != newer
    assert shop.locked.revision == 7


@pytest.mark.skipif(sys.platform == "win32", reason="no such names there")
@pytest.mark.parametrize("name", ["new\nline.json", "red\x1b[31m.json", "back\\slash.json"])
def test_a_name_that_no_lock_takes_costs_that_file_alone(shop: Place, name: str) -> None:
    assert shop.run("lock").code == 0
    before = shop.lock
    shop.write(f"workflows/{name}", small.workflow(shop.world))
    for words in (("lock",), ("lock", "--check"), ("lock", "--allow-unresolved")):
        ended = shop.run(*words)
        assert (ended.code, shop.lock) == (2, before)
        told = printable(f"workflows/{name}")
        assert f"error: {told}: no lock takes its name, which " in ended.err
        assert ended.err.count("rename it") == 1


def test_what_is_not_known_is_not_told_as_gone(shop: Place) -> None:
    assert shop.run("lock").code == 0
    shop.environment["COMFYLOCK_CACHE_DIR"] = str(shop.folder / "another-cache")
    for words, code in (
        (("lock", str(shop.project / "nowhere.json")), 2),
        (("lock", "--upgrade", "--offline"), 3),
    ):
        ended = shop.run(*words)
        assert ended.code == code
        assert "\n  - " not in ended.out
        assert "was not written" in ended.out
    shop.write("workflows/main.json", ui())
    assert "\n  - alpha" in shop.run("lock").out


def test_what_cannot_be_read_is_not_called_superfluous(shop: Place) -> None:
    shop.write("workflows/other.json", ui(stamped(1, "GammaNode", cnr_id="gamma")))
    main = (shop.project / "workflows/main.json").read_bytes()
    assert shop.run("lock").code == 0
    shop.write("workflows/main.json", main[:-9])
    ended = shop.run("lock", "--check")
    assert ended.code == 2
    assert "error: workflows/main.json: " in ended.err
    assert "Orphan" not in ended.err
    shop.write("workflows/main.json", main)
    (shop.project / "workflows/other.json").unlink()
    assert "[OrphanWorkflow]" in shop.run("lock", "--check").err
