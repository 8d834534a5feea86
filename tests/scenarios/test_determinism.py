"""The same answers give the same lock, byte for byte; one entry's change is that entry's lines."""

from __future__ import annotations

import difflib
import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from comfylock.ops.services import Effort
from tests.scenarios import studio
from tests.scenarios.conftest import place_in
from tests.scenarios.place import Place

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.scenarios.studio import Named
    from tests.services.world import World

JITTER = 0.004
LOCALES = ("C", "C.UTF-8", "POSIX", "tr_TR.UTF-8", "en_US.ISO-8859-1", "")
WORDS = ("lock", "--allow-unresolved")


class Shuffled(Place):
    """A project whose files are written in another order, whatever the order of its author."""

    seed: int = 0

    def write_all(self, named: Named) -> None:
        """Write the studio's project."""
        calls: list[tuple[str, Any]] = []
        recorder = _Recorder(calls)
        studio.write(recorder, named)  # type: ignore[arg-type] # it only writes
        random.Random(self.seed).shuffle(calls)
        for name, content in calls:
            self.write(name, content)

    def paths(self) -> list[str]:
        """The workflows, in another order too."""
        found = sorted(str(path) for path in (self.project / "workflows").iterdir())
        random.Random(self.seed).shuffle(found)
        return found


class _Recorder:
    def __init__(self, calls: list[tuple[str, Any]]) -> None:
        self._calls = calls

    def write(self, name: str, content: Any) -> None:
        self._calls.append((name, content))


def project(folder: Path, world: World, named: Named, seed: int) -> Shuffled:
    """The studio's project in a folder of its own, with an empty cache."""
    folder.mkdir()
    plain = place_in(folder, world)
    made = Shuffled(plain.folder, world, plain.environment, seed)
    made.write_all(named)
    return made


def surroundings(seed: int) -> dict[str, str]:
    """A locale, a hash seed and a time zone."""
    locale = LOCALES[seed % len(LOCALES)]
    return {
        "LC_ALL": locale,
        "LANG": LOCALES[(seed + 1) % len(LOCALES)],
        "PYTHONHASHSEED": str(seed),
        "TZ": ("UTC", "Asia/Kathmandu")[seed % 2],
    }


def locked_by_processes(places: list[Shuffled], at_once: int = 2) -> list[bytes | None]:
    """Lock each project in a process of its own, a few at a time."""
    for start in range(0, len(places), at_once):
        running = [
            place.process(*WORDS, *place.paths(), **surroundings(place.seed))
            for place in places[start : start + at_once]
        ]
        for process in running:
            _, err = process.communicate()
            assert process.returncode == 0, err.decode()
    return [place.lock for place in places]


def test_p3_a_few_runs_give_the_same_bytes(full: tuple[World, Named], tmp_path: Path) -> None:
    world, named = full
    world.hesitate(JITTER)
    world.github.left = 10_000
    places = [project(tmp_path / str(seed), world, named, seed) for seed in range(6)]
    locks = locked_by_processes(places[:3], 3)
    for place, threads in zip(places[3:], (2, 8, 64), strict=True):
        outcome = place.attempt(
            paths=tuple(place.paths()),
            allows_unresolved=True,
            effort=Effort(threads=threads),
        )
        assert outcome.is_written
        locks.append(place.lock)
    world.hesitate(0)
    assert locks[0] is not None
    assert set(locks) == {locks[0]}


@pytest.mark.large
def test_p3_fifty_runs_give_the_same_bytes(full: tuple[World, Named], tmp_path: Path) -> None:
    world, named = full
    world.hesitate(JITTER)
    world.github.left = 10_000
    places = [project(tmp_path / str(seed), world, named, seed) for seed in range(50)]
    locks = locked_by_processes(places)
    world.hesitate(0)
    assert set(locks) == {locks[0]}
    assert locks[0] is not None


def blocks(lock: bytes) -> dict[str, str]:
    """The entries of a lock by their first lines: the kind, and the path or name."""
    parts = lock.decode().split("\n\n")
    return {"\n".join(part.splitlines()[:3]): part for part in parts}


def changed(before: bytes, after: bytes) -> tuple[set[str], list[str]]:
    """The names of the entries that differ, and the lines of a diff."""
    old, new = blocks(before), blocks(after)
    names = {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}
    told = difflib.unified_diff(
        before.decode().splitlines(), after.decode().splitlines(), n=0, lineterm=""
    )
    lines = [line for line in told if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    return {key.partition(' = "')[2].partition('"')[0] for key in names}, lines


def edited(
    place: Place, name: str, edit: Callable[[list[Any]], None]
) -> tuple[set[str], list[str]]:
    """Edit a workflow's nodes and lock again; what changed in the lock."""
    before = place.lock
    assert before is not None

    document = json.loads((place.project / name).read_text())
    edit(document["nodes"])
    place.write(name, document)
    assert place.run(*WORDS).code == 0
    assert place.lock is not None
    return changed(before, place.lock)


@pytest.fixture(scope="module")
def studio_lock(
    full: tuple[World, Named], tmp_path_factory: pytest.TempPathFactory
) -> tuple[bytes, Path, Named, World]:
    """The studio's lock, made once, with the cache that it left."""
    world, named = full
    place = place_in(tmp_path_factory.mktemp("locked"), world)
    studio.write(place, named)
    assert place.run(*WORDS).code == 0
    assert place.lock is not None
    return place.lock, place.folder, named, world


@pytest.fixture
def relocked(studio_lock: tuple[bytes, Path, Named, World], tmp_path: Path) -> Place:
    """The studio's project, locked, with a warm cache."""
    lock, folder, named, world = studio_lock
    place = place_in(tmp_path, world)
    place.environment["COMFYLOCK_CACHE_DIR"] = str(folder / "cache")
    studio.write(place, named)
    place.lock_file.write_bytes(lock)
    return place


def test_p17_another_stamp_changes_its_packs_lines(relocked: Place) -> None:
    def edit(nodes: list[Any]) -> None:
        nodes[0]["properties"]["ver"] = "1.3.0"

    names, lines = edited(relocked, "workflows/packs.json", edit)
    assert names == {"active-pack"}
    fields = {line[1:].partition(" = ")[0] for line in lines}
    assert fields <= {"requested", "version", "url", "sha256", "size"}
    assert len(lines) == 2 * len(fields)


def test_p17_another_source_changes_its_models_lines(relocked: Place) -> None:
    def edit(nodes: list[Any]) -> None:
        [large] = [n for n in nodes if n["widgets_values"] == ["large.safetensors"]]
        [stamp] = large["properties"]["models"]
        stamp["url"] = "https://huggingface.co/owner/xet/resolve/main/xet.safetensors"

    names, lines = edited(relocked, "workflows/models.json", edit)
    assert names == {"large.safetensors"}
    assert {line[1:].partition(" = ")[0] for line in lines} <= {
        *("repository", "commit", "path", "sha256", "size")
    }


def test_p17_a_new_model_is_its_block_and_a_line_of_its_workflow(relocked: Place) -> None:
    url = "https://huggingface.co/owner/xet/resolve/main/xet.safetensors"
    added = studio.loader(99, "added.safetensors", (url,))
    names, lines = edited(relocked, "workflows/models.json", lambda nodes: nodes.append(added))
    assert names == {"added.safetensors", "workflows/models.json"}
    assert all(line.startswith("+") for line in lines)
    assert lines[0] == '+    "checkpoints/added.safetensors",'


def test_p17_a_pack_that_goes_takes_its_lines_along(relocked: Place) -> None:
    names, lines = edited(relocked, "workflows/packs.json", lambda nodes: nodes.pop(1))
    assert names == {"unstamped-pack", "workflows/packs.json"}
    assert all(line.startswith("-") for line in lines)


def test_p12_what_is_only_looks_changes_nothing(relocked: Place) -> None:
    def edit(nodes: list[Any]) -> None:
        nodes.reverse()
        for node in nodes:
            node["pos"] = [7, 9]
            node["title"] = "moved"

    assert edited(relocked, "workflows/packs.json", edit) == (set(), [])
