"""Whatever workflows need and services have: a lock satisfies, stays, moves only as asked."""

from __future__ import annotations

import random
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from comfylock.lockfile.canonical import lock_faults
from comfylock.lockfile.read import read_lock
from comfylock.lockfile.satisfy import unsatisfied
from comfylock.lockfile.schema import Lock
from comfylock.lockfile.write import write_lock
from comfylock.registry.store import Registry
from comfylock.requirements import (
    ClassNeed,
    ModelNeed,
    ModelRule,
    Offer,
    PackRule,
    Requirements,
    WorkflowNeed,
)
from comfylock.resolve.engine import resolve
from comfylock.resolve.outcome import Moves, Resolution
from comfylock.sources.interface import Missing, ModelFacts, RegistryPack
from tests.unit.resolve.services import World, release

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKS = ("alpha", "beta", "gamma")
NUMBERS = ("2.0.0", "1.1.0", "1.0.0")
STATUSES = ("active", "active", "active", "pending", "flagged", "banned", "deleted")
COMMITS = tuple(digit * 40 for digit in "abc")
PLACES = ("https://github.com/acme/alpha", "https://github.com/ann/delta")
CLASSES = ("A", "B", "C", "D")
NAMED = (*PACKS, "acme/alpha", "ann/delta", "old-beta")
STAMPS = (*NUMBERS, "3.0.0", "nightly", COMMITS[0], COMMITS[2])
FILES = ("a.safetensors", "b.safetensors", "sub/c.pt")
ADDRESSES = tuple(
    f"https://huggingface.co/acme/{place}/resolve/main/{name}"
    for place in ("one", "two")
    for name in FILES
)
DIGESTS = ("1" * 64, "2" * 64)


class Town:
    """A bundled registry that knows nobody, and threads."""

    def __init__(self, folder: Path, executor: ThreadPoolExecutor) -> None:
        (folder / "packs.json").write_bytes(b"{}")
        (folder / "core.json").write_bytes(b"{}")
        self.registry = Registry((str(folder),))
        self.executor = executor

    def __call__(
        self, world: World, needs: Requirements, old: Lock | None = None, moves: Moves | None = None
    ) -> Resolution:
        world.asked.clear()
        start, given_moves = old or Lock(), moves or Moves()
        sources, threads = world.sources(), self.executor
        return resolve(needs, start, given_moves, sources, self.registry, threads)


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(4) as executor:
        yield Town(Path(folder), executor)


def some(values: Any, most: int = 2) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(st.sampled_from(values), max_size=most, unique=True).map(tuple)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Releases in every status, repositories with and without tags, files that are there or not."""
    world = World()
    for pack in draw(some(PACKS, 3)):
        numbers = sorted(draw(some(NUMBERS, 3)), reverse=True)
        world.releases[pack] = [release(pack, n, draw(st.sampled_from(STATUSES))) for n in numbers]
        for number in numbers:
            world.provided[f"{pack}@{number}"] = tuple(sorted(draw(some(CLASSES, 4))))
    if draw(st.booleans()):
        world.packs["old-beta"] = RegistryPack("beta", "active", "https://github.com/acme/beta")
    if draw(st.booleans()):
        world.packs["gamma"] = RegistryPack("gamma", draw(st.sampled_from(["banned", "deleted"])))
    for place in draw(some(PLACES)):
        world.commits[place] = {"HEAD": COMMITS[0], COMMITS[0]: COMMITS[0], COMMITS[1]: COMMITS[1]}
        tags = draw(some(("v1.0.0", "v2.0.0", "nightly")))
        world.tags[place] = dict.fromkeys(sorted(tags), COMMITS[1])
    for class_type in draw(some(CLASSES)):
        world.providers[class_type] = draw(st.sampled_from(PACKS))
    for url in ADDRESSES:
        digest = draw(st.sampled_from((*DIGESTS, None)))
        world.files[url] = facts(url, digest) if digest else Missing("gone", f"{url} is gone")
    return world


def facts(url: str, digest: str) -> ModelFacts:
    repository, _, path = url.removeprefix("https://huggingface.co/").partition("/resolve/main/")
    kept: Any = {"repository": repository, "commit": COMMITS[0], "path": path, "requested": "main"}
    return ModelFacts("huggingface", digest, 5, "upstream", **kept)


@st.composite
def class_needs(draw: st.DrawFn, name: str) -> ClassNeed:
    kind = draw(st.sampled_from(["stamped", "stamped", "stamped", "known", "unknown", "several"]))
    if kind == "unknown":
        return ClassNeed(name)
    if kind == "several":
        return ClassNeed(name, candidates=("alpha", "beta"), is_ambiguous=True)
    pack = draw(st.sampled_from(NAMED))
    if kind == "known":
        return ClassNeed(name, pack, "registry")
    evidence: Any = "aux_id" if "/" in pack else "cnr_id"
    return ClassNeed(name, pack, evidence, tuple(sorted(draw(some(STAMPS)))))


@st.composite
def model_needs(draw: st.DrawFn, name: str) -> ModelNeed:
    urls = [url for url in ADDRESSES if url.endswith(name)]
    offers = [
        Offer(url, draw(st.sampled_from(["node", "workflow"])), draw(st.sampled_from(claims)))
        for url in draw(some(urls))
        for claims in [(None, None, *DIGESTS)]
    ]
    offers.sort(key=lambda offer: ("node", "workflow").index(offer.origin))
    return ModelNeed(name, "checkpoints", tuple(offers))


@st.composite
def requirements(draw: st.DrawFn) -> Requirements:
    """What up to three workflows need, under the rules of a project."""
    workflows = tuple(
        WorkflowNeed(
            path,
            tuple(draw(class_needs(name)) for name in sorted(draw(some(CLASSES, 3)))),
            tuple(draw(model_needs(name)) for name in sorted(draw(some(FILES)))),
            draw(st.sampled_from([None, "0.3.1", "0.3.10"])),
        )
        for path in sorted(draw(some(("a.json", "b.json", "sub/c.json"), 3)))
    )
    rules = draw(st.sampled_from(PACK_RULES))
    models = draw(st.sampled_from(MODEL_RULES))
    return Requirements(
        workflows,
        pack_rules={rule.name: rule for rule in rules},
        model_rules={rule.key: rule for rule in models},
        groups=draw(st.sampled_from([{}, {}, {"video": ("sub/*",)}])),
        prefer=draw(st.sampled_from(["authored", "authored", "latest"])),
        inputs=("workflows",),
    )


PACK_RULES: tuple[tuple[PackRule, ...], ...] = (
    (),
    (),
    (PackRule("alpha", version=">=1,<2"),),
    (PackRule("alpha", version="==1.0.0"), PackRule("beta", is_required=True)),
    (PackRule("beta", git=PLACES[1], revision="v1.0.0"),),
    (PackRule("gamma", version=">=9", groups=("video",)),),
)
MODEL_RULES: tuple[tuple[ModelRule, ...], ...] = (
    (),
    (),
    (ModelRule("checkpoints/a.safetensors", is_local=True, sha256=DIGESTS[0], size=5),),
    (ModelRule("b.safetensors", is_ignored=True),),
    (ModelRule("b.safetensors", url=ADDRESSES[1], sha256=DIGESTS[0]),),
)


class Case(Struct, frozen=True):
    """A world, and what is needed in it."""

    world: World
    needs: Requirements


cases = st.builds(Case, worlds(), requirements())


@given(case=cases)
def test_p12_a_resolution_satisfies_what_it_was_made_for(town: Town, case: Case) -> None:
    found = town(case.world, case.needs)
    assert not found.unreachable
    assert unsatisfied(found.lock, case.needs, allow_unresolved=True) == ()
    assert lock_faults(found.lock) == ()
    assert read_lock(write_lock(found.lock), "comfy.lock") == found.lock
    assert bool(found.gaps) == bool(unsatisfied(found.lock, case.needs))


@given(case=cases)
def test_p16_a_second_resolution_changes_nothing(town: Town, case: Case) -> None:
    first = town(case.world, case.needs)
    again = town(case.world, case.needs, first.lock)
    if first.gaps:  # what is locked by now may fill one: it is settled with the next at last
        first, again = again, town(case.world, case.needs, again.lock)
    assert write_lock(again.lock) == write_lock(first.lock)
    if not first.gaps:
        assert case.world.asked == []
        assert again.kept == len(first.lock.packs) + len(first.lock.models)


@given(case=cases, seed=st.integers(0, 99))
def test_p3_no_order_reaches_the_lock(town: Town, case: Case, seed: int) -> None:
    chance = random.Random(seed)

    def mixed(values: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(chance.sample(values, len(values)))

    workflows = [
        replace(
            workflow,
            classes=mixed(workflow.classes),
            models=tuple(
                replace(model, offers=by_origin(mixed(model.offers)))
                for model in mixed(workflow.models)
            ),
        )
        for workflow in mixed(case.needs.workflows)
    ]
    needs = replace(case.needs, workflows=tuple(workflows))
    one, other = town(case.world, case.needs), town(case.world, needs)
    assert write_lock(one.lock) == write_lock(other.lock)
    assert (one.gaps, one.notices) == (other.gaps, other.notices)


def by_origin(offers: tuple[Offer, ...]) -> tuple[Offer, ...]:
    """The most telling first, as needs are; the order of the others is nobody's."""
    return tuple(sorted(offers, key=lambda offer: ("node", "workflow").index(offer.origin)))


@given(case=cases, data=st.data())
def test_p16_p17_moving_one_name_moves_that_name_alone(
    town: Town, case: Case, data: st.DataObject
) -> None:
    before = town(case.world, case.needs).lock
    names = [pin.name for pin in before.packs] + [pin.key for pin in before.models]
    if not names:
        return
    name = data.draw(st.sampled_from(names))
    for pack, versions in case.world.releases.items():
        case.world.releases[pack] = [release(pack, "7.0.0"), *versions]
        case.world.provided[f"{pack}@7.0.0"] = CLASSES
    after = town(case.world, case.needs, before, Moves(packages={name.lower(): None})).lock
    others = {key: pinned for key, pinned in chosen(before).items() if key != name}
    assert {key: pinned for key, pinned in chosen(after).items() if key in others} == others
    assert unsatisfied(after, case.needs, allow_unresolved=True) == ()


def chosen(lock: Lock) -> dict[str, tuple[Any, ...]]:
    """Which bytes each name is pinned to."""
    packs = {p.name: (p.source, p.version, p.commit, p.sha256) for p in lock.packs}
    return {**packs, **{pin.key: (pin.source, pin.commit, pin.sha256) for pin in lock.models}}
