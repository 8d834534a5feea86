from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import pytest
from msgspec import Struct

from comfylock.errors import OfflineError, SourceUnavailableError
from comfylock.net import cache_care
from comfylock.net.answers import Cached, InMemory, Offline
from comfylock.net.cache import Cache, digest_of, fingerprint
from comfylock.net.interface import Known, Question
from comfylock.sources.interface import Missing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Fact(Struct, frozen=True, tag="fact"):
    name: str
    size: int = 0


class Service:
    """Answers every question, and remembers what it was told."""

    def __init__(self, value: Any = None, **fields: Any) -> None:
        self.known = Known(value if value is not None else Fact("a", 1), **fields)
        self.calls: list[Known[Any] | None] = []

    def __call__(self, stale: Known[Any] | None) -> Known[Any]:
        self.calls.append(stale)
        return self.known


PACK = Question("comfy-registry", "pack", "kjnodes")
BLOB = Question("url", "sha256", "https://a.example/b", is_lasting=True)
NEVER: Callable[[Any], Any] = Service(is_kept=False)


class Now:
    def __init__(self) -> None:
        self.time = 1_800_000_000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
def cache(tmp_path: Path, now: Now) -> Cache:
    return Cache(str(tmp_path / "cache"), now)


def the_file(cache: Cache, question: Question = PACK) -> str:
    name = digest_of(question)
    return os.path.join(cache.folder, name[:2], f"{name}.json")


# one run


def test_a_question_is_asked_once() -> None:
    answers, service = InMemory(), Service()
    assert [answers.ask(PACK, Fact, service) for _ in range(3)] == [Fact("a", 1)] * 3
    assert service.calls == [None]
    answers.ask(BLOB, Fact, service)
    assert answers.counts() == {"comfy-registry": (1, 1), "url": (1, 1)}


def test_an_error_is_an_answer_too() -> None:
    answers, calls = InMemory(), []

    def fail(_: Known[Fact] | None) -> Known[Fact]:
        calls.append(1)
        raise SourceUnavailableError("a.example", "is away")

    for _ in range(2):
        with pytest.raises(SourceUnavailableError, match="is away"):
            answers.ask(PACK, Fact, fail)
    assert calls == [1]


def test_threads_share_one_fetch() -> None:
    answers, gate, calls = InMemory(), Barrier(9), []

    def fetch(_: Known[int] | None) -> Known[int]:
        calls.append(1)
        Event().wait(0.02)
        return Known(7)

    def ask() -> int:
        gate.wait()
        return answers.ask(PACK, int, fetch)

    with ThreadPoolExecutor(9) as pool:
        assert [each.result() for each in [pool.submit(ask) for _ in range(9)]] == [7] * 9
    assert calls == [1]


def test_threads_that_wait_for_each_other_do_not_wait_for_ever() -> None:
    answers, gate = InMemory(), Barrier(2)
    questions = [Question("git", "refs", name) for name in ("a", "b")]

    def ask(mine: int) -> int:
        def inner(_: Known[int] | None) -> Known[int]:
            return Known(10 * (1 - mine))

        def outer(_: Known[int] | None) -> Known[int]:
            gate.wait(10)
            return Known(1 + answers.ask(questions[1 - mine], int, inner))

        return answers.ask(questions[mine], int, outer)

    with ThreadPoolExecutor(2) as pool:
        results = [each.result(timeout=20) for each in (pool.submit(ask, 0), pool.submit(ask, 1))]
    assert all(result in {1, 2, 11, 12} for result in results)


def test_a_fetch_may_ask_its_own_question() -> None:
    answers = InMemory()

    def outer(_: Known[int] | None) -> Known[int]:
        return Known(1 + answers.ask(PACK, int, lambda _: Known(1)))

    assert answers.ask(PACK, int, outer) == 2


# the disk


def test_a_fresh_answer_is_taken_as_it_is(cache: Cache, now: Now) -> None:
    service = Service(validators={"etag": '"1"'})
    assert Cached(cache).ask(PACK, Fact, service) == Fact("a", 1)
    now.time += 599
    warm = Cached(cache)
    assert warm.ask(PACK, Fact, NEVER) == Fact("a", 1)
    assert warm.counts() == {"comfy-registry": (1, 0)}


@pytest.mark.parametrize("step", [600, 10**8, -1])
def test_a_stale_answer_is_given_back_to_be_revalidated(cache: Cache, now: Now, step: int) -> None:
    Cached(cache).ask(PACK, Fact, Service(validators={"etag": '"1"'}))
    now.time += step
    again = Service(Fact("b", 2))
    assert Cached(cache).ask(PACK, Fact, again) == Fact("b", 2)
    assert again.calls == [Known(Fact("a", 1), {"etag": '"1"'})]
    assert Cached(cache).ask(PACK, Fact, NEVER) == Fact("b", 2)


def test_what_cannot_change_is_never_asked_again(cache: Cache, now: Now) -> None:
    Cached(cache).ask(BLOB, Fact, Service())
    now.time += 10**9
    assert Cached(cache).ask(BLOB, Fact, NEVER) == Fact("a", 1)


def test_what_a_token_may_change_is_not_kept(cache: Cache) -> None:
    refused: Service = Service(Missing("needs-token", "a"), is_kept=False)
    kind: Any = Fact | Missing
    for _ in range(2):
        assert Cached(cache).ask(PACK, kind, refused) == Missing("needs-token", "a")
    assert refused.calls == [None, None]
    assert not os.path.exists(cache.folder)


def test_missing_is_an_answer(cache: Cache) -> None:
    kind: Any = Fact | Missing
    Cached(cache).ask(PACK, kind, Service(Missing("not-found", "no such pack")))
    assert Cached(cache).ask(PACK, kind, NEVER) == Missing("not-found", "no such pack")


DAMAGES: dict[str, bytes] = {
    "empty": b"",
    "cut": b'{"comfylock":1,"ques',
    "foreign": b"hello",
    "not UTF-8": b"\xff\xfe",
    "deep": b"[" * 100_000,
    "a list": b"[]",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_entries_are_replaced(cache: Cache, damage: str) -> None:
    Cached(cache).ask(PACK, Fact, Service())
    with open(the_file(cache), "wb") as stream:
        stream.write(DAMAGES[damage])
    again = Service(Fact("b"))
    assert Cached(cache).ask(PACK, Fact, again) == Fact("b")
    assert again.calls == [None]
    assert Cached(cache).ask(PACK, Fact, NEVER) == Fact("b")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("comfylock", 2),
        ("question", {"service": "git", "kind": "pack", "key": "kjnodes"}),
        ("kind", "Fact:0"),
        ("value", {"type": "fact", "name": 5}),
        ("value", "nonsense"),
    ],
)
def test_entries_of_another_format_count_as_absent(cache: Cache, key: str, value: Any) -> None:
    Cached(cache).ask(PACK, Fact, Service())
    with open(the_file(cache), "rb") as stream:
        entry = msgspec.json.decode(stream.read())
    with open(the_file(cache), "wb") as stream:
        stream.write(msgspec.json.encode({**entry, key: value}))
    assert cache.find(PACK, Fact) == (None, False)


def test_another_shape_is_another_kind() -> None:
    class Other(Struct, frozen=True, tag="fact"):
        name: str
        size: Literal[1, 2] = 1

    assert fingerprint(Fact) != fingerprint(Other)
    assert fingerprint(Fact) == fingerprint(Fact)
    assert fingerprint(Fact | Missing) != fingerprint(Fact)


def test_a_folder_that_cannot_be_used_is_told_once(tmp_path: Path, now: Now) -> None:
    told: list[str] = []
    (tmp_path / "file").write_text("x", "utf-8")
    cache = Cache(str(tmp_path / "file"), now, warn=told.append)
    assert Cached(cache).ask(PACK, Fact, Service()) == Fact("a", 1)
    assert Cached(cache).ask(BLOB, Fact, Service()) == Fact("a", 1)
    assert len(told) == 1
    assert "cannot be written" in told[0]
    silent = Cache(str(tmp_path / "file"), now)
    assert not silent.keep(PACK, Fact, Known(Fact("a")))
    unreadable = Cache(str(tmp_path / "cache"), now, warn=told.append)
    os.makedirs(the_file(unreadable))
    assert unreadable.find(PACK, Fact) == (None, False)
    assert "cannot be read" in told[1]
    assert not unreadable.keep(PACK, Fact, Known(Fact("a")))
    assert os.listdir(os.path.dirname(the_file(unreadable))) == [f"{digest_of(PACK)}.json"]


def test_what_cannot_be_written_down_is_not_kept(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Cached(cache).ask(PACK, Fact, Service(Fact("\ud800"))) == Fact("\ud800")
    odd = Question("url", "file", "\ud800")
    assert not cache.keep(odd, Fact, Known(Fact("a")))
    assert cache.find(odd, Fact) == (None, False)
    monkeypatch.setattr("comfylock.net.cache.MAX_ENTRY_BYTES", 100)
    assert not cache.keep(PACK, Fact, Known(Fact("a" * 100)))
    assert not os.path.exists(cache.folder)


@pytest.mark.parametrize("spelling", ["tok/en+1", "tok%2Fen%2B1", "tok%252fen+1", "tok\\/en+1"])
def test_an_entry_with_a_token_is_not_written(tmp_path: Path, now: Now, spelling: str) -> None:
    cache = Cache(str(tmp_path / "c"), now, secrets=["tok/en+1"])
    assert not cache.keep(PACK, Fact, Known(Fact(f"x{spelling}y")))
    assert not cache.keep(PACK, Fact, Known(Fact("a"), {"etag": spelling}))
    assert not cache.keep(Question("url", "file", spelling), Fact, Known(Fact("a")))
    assert cache.keep(PACK, Fact, Known(Fact("a")))


def test_nobody_else_may_read_it(cache: Cache) -> None:
    cache.keep(PACK, Fact, Known(Fact("a")))
    assert os.stat(the_file(cache)).st_mode & 0o077 == 0


def test_processes_share_a_cache(cache: Cache) -> None:
    code = (
        "import sys; from tests.unit.net.test_answers import Cache, Fact, Known, PACK\n"
        "cache = Cache(sys.argv[1], lambda: 1.0)\n"
        "for n in range(200):\n"
        "    assert cache.keep(PACK, Fact, Known(Fact('a' * n, n)))\n"
        "    found = cache.find(PACK, Fact)[0]\n"
        "    assert found and len(found.value.name) == found.value.size\n"
    )
    command = [sys.executable, "-c", code, cache.folder]
    running = [subprocess.Popen(command) for _ in range(2)]
    assert [each.wait(60) for each in running] == [0, 0]
    assert cache_care.size(cache.folder).entries == 1


# offline


def test_offline_takes_what_is_known_however_old(cache: Cache, now: Now) -> None:
    Cached(cache).ask(PACK, Fact, Service())
    now.time += 10**9
    offline = Offline(cache)
    assert offline.ask(PACK, Fact, NEVER) == Fact("a", 1)
    with pytest.raises(OfflineError) as caught:
        offline.ask(BLOB, Fact, NEVER)
    assert (
        str(caught.value)
        == "url: the answer about sha256 of `https://a.example/b` is not known offline"
    )
    assert (caught.value.service, caught.value.exit_code) == ("url", 3)
    assert offline.counts() == {"comfy-registry": (1, 0), "url": (1, 0)}


# looking after it


def filled(cache: Cache, count: int = 5) -> list[Question]:
    questions = [Question("git", "refs", str(number)) for number in range(count)]
    for question in questions:
        cache.keep(question, Fact, Known(Fact("a")))
    return questions


def test_the_size_of_a_cache(cache: Cache) -> None:
    assert cache_care.size(cache.folder) == cache_care.Size(0, 0)
    total = sum(os.path.getsize(the_file(cache, each)) for each in filled(cache))
    assert cache_care.size(cache.folder) == cache_care.Size(5, total)


def test_cleaning_leaves_what_is_not_ours(cache: Cache, tmp_path: Path) -> None:
    questions = filled(cache)
    mine = the_file(cache, questions[0])
    shard = os.path.dirname(mine)
    name = os.path.basename(mine)
    outside = tmp_path / "outside.json"
    outside.write_text("{}", "utf-8")
    foreign = {
        os.path.join(cache.folder, "README"): "x",
        os.path.join(shard, "notes.json"): "x",
        os.path.join(shard, f"{'zz' if name[0] != 'f' else 'ee'}{name[2:]}"): "x",
        os.path.join(shard, f"{name[:-6]}0.json"): "somebody's own",
        os.path.join(shard, f"{'00' if name[:2] != '00' else '11'}{name[2:]}"): '{"comfylock":1',
    }
    for path, text in foreign.items():
        if path != mine:
            with open(path, "w", encoding="utf-8") as stream:
                stream.write(text)
    left_over = f"{mine}.12-34.tmp"
    with open(left_over, "wb") as stream:
        stream.write(b'{"comf')
    os.symlink(outside, os.path.join(shard, f"{name[:2]}{'0' * 62}.json"))
    os.mkdir(os.path.join(shard, f"{name[:2]}{'1' * 62}.json"))
    gone = cache_care.clean(cache.folder)
    assert gone.entries == 5
    assert not os.path.exists(left_over)
    assert all(os.path.exists(path) for path in foreign if path != mine)
    assert outside.read_text("utf-8") == "{}"
    assert cache_care.size(cache.folder) == cache_care.Size(0, 0)


def test_cleaning_takes_empty_folders_along(cache: Cache) -> None:
    filled(cache)
    cache_care.clean(cache.folder)
    assert os.listdir(cache.folder) == []
    assert cache_care.clean(os.path.join(cache.folder, "nothing")).entries == 0


def test_pruning_takes_the_old(cache: Cache) -> None:
    questions = filled(cache)
    for age, question in enumerate(questions):
        os.utime(the_file(cache, question), (1000 - age, 1000 - age))
    assert cache_care.prune(cache.folder, 2, 1000).entries == 2
    assert [os.path.exists(the_file(cache, each)) for each in questions] == [True] * 3 + [False] * 2
