"""Corners that generated needs and worlds have found; those still open say so."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from comfylock.lockfile.satisfy import unsatisfied
from comfylock.lockfile.schema import Lock
from comfylock.registry.store import Registry
from comfylock.requirements import ClassNeed, PackRule, Requirements, WorkflowNeed
from comfylock.resolve.engine import resolve
from comfylock.resolve.outcome import Moves, Resolution
from comfylock.sources.interface import RegistryPack
from tests.unit.resolve.services import World, release

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor
    from pathlib import Path

ALPHA = "https://github.com/acme/alpha"
DELTA = "https://github.com/ann/delta"


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    for name in ("packs", "core"):
        (tmp_path / f"{name}.json").write_bytes(b"{}")
    return Registry((str(tmp_path),))


class Settled:
    """Resolutions in one world."""

    def __init__(self, world: World, registry: Registry, executor: Executor) -> None:
        self.world = world
        self._rest = (registry, executor)

    def __call__(
        self, needs: Requirements, old: Lock | None = None, moves: Moves | None = None
    ) -> Resolution:
        self.world.asked.clear()
        return resolve(needs, old or Lock(), moves or Moves(), self.world.sources(), *self._rest)


@pytest.fixture
def settled(registry: Registry) -> Iterator[Settled]:
    with ThreadPoolExecutor(2) as executor:
        yield Settled(World(), registry, executor)


def needs(*classes: ClassNeed, path: str = "a.json", **more: object) -> Requirements:
    return Requirements((WorkflowNeed(path, classes),), **more)  # type: ignore[arg-type] # free


def test_a_pack_that_only_a_service_names_and_nobody_may_use(settled: Settled) -> None:
    settled.world.providers["B"] = "gamma"
    settled.world.packs["gamma"] = RegistryPack("gamma", "banned")
    wanted = needs(ClassNeed("A", "alpha", "cnr_id"), ClassNeed("B"))
    found = settled(wanted)
    assert {gap.name for gap in found.gaps} == {"alpha", "gamma"}
    assert unsatisfied(found.lock, wanted, allow_unresolved=True) == ()


def test_a_rule_for_the_name_of_today_counts_for_the_old_one(settled: Settled) -> None:
    settled.world.releases["beta"] = [release("beta", "2.0.0")]
    settled.world.packs["former"] = RegistryPack("beta", "active", "https://github.com/acme/beta")
    settled.world.commits[DELTA] = {"HEAD": "a" * 40}
    rule = PackRule("beta", git=DELTA)
    wanted = needs(ClassNeed("A", "former", "cnr_id"), pack_rules={"beta": rule})
    found = settled(wanted)
    assert [(pin.name, pin.repository) for pin in found.lock.packs] == [("beta", DELTA)]
    assert unsatisfied(found.lock, wanted) == ()


OLD = "https://github.com/ann/before"


def both_names(*, first: str = "ann/before", second: str = "ann/delta") -> Requirements:
    entries = ((first, "A", "a.json"), (second, "B", "b.json"))
    return Requirements(
        tuple(
            WorkflowNeed(path, (ClassNeed(kind, name, "aux_id"),)) for name, kind, path in entries
        )
    )


def test_old_and_new_name_of_a_repository_are_one_pack(settled: Settled) -> None:
    settled.world.commits[DELTA] = {"HEAD": "a" * 40}
    settled.world.moved[OLD] = DELTA
    found = settled(both_names())
    (pin,) = found.lock.packs
    assert (pin.name, pin.aliases, pin.provides) == ("ann/delta", ("ann/before",), ("A", "B"))
    assert [entry.packs for entry in found.lock.workflows] == [("ann/delta",)] * 2
    assert [(n.subject, n.code) for n in found.notices] == [("ann/before", "renamed")]
    assert unsatisfied(found.lock, both_names()) == ()
    assert settled(both_names(), found.lock).lock == found.lock
    assert settled.world.asked == []


def test_p16_an_old_name_finds_the_pin_that_is_there(settled: Settled) -> None:
    settled.world.commits[DELTA] = {"HEAD": "a" * 40}
    settled.world.moved[OLD] = DELTA
    old = settled(needs(ClassNeed("B", "ann/delta", "aux_id"), path="b.json")).lock
    settled.world.commits[DELTA] = {"HEAD": "b" * 40, "a" * 40: "a" * 40}
    found = settled(both_names(), old)
    (pin,) = found.lock.packs
    assert (pin.name, pin.commit, pin.aliases) == ("ann/delta", "a" * 40, ("ann/before",))
    assert unsatisfied(found.lock, both_names()) == ()
    assert settled(both_names(), found.lock).lock == found.lock


def test_an_old_name_of_a_registry_packs_repository_is_that_pack(settled: Settled) -> None:
    settled.world.add("delta", "1.0.0", provides=("A", "B"))
    settled.world.packs["delta"] = RegistryPack("delta", "active", DELTA, release("delta", "1.0.0"))
    settled.world.commits[DELTA] = {"HEAD": "a" * 40}
    settled.world.moved[OLD] = DELTA
    wanted = Requirements(
        (
            WorkflowNeed("a.json", (ClassNeed("A", "ann/before", "aux_id"),)),
            WorkflowNeed("b.json", (ClassNeed("B", "delta", "cnr_id"),)),
        )
    )
    found = settled(wanted)
    (pin,) = found.lock.packs
    assert (pin.name, pin.source, pin.aliases) == ("delta", "comfy-registry", ("ann/before",))
    assert unsatisfied(found.lock, wanted) == ()
    assert settled(wanted, found.lock).lock == found.lock


def test_a_revision_of_an_old_name_stays_a_pack_of_its_own(settled: Settled) -> None:
    settled.world.commits[DELTA] = {"HEAD": "a" * 40, "v1": "b" * 40}
    settled.world.moved[OLD] = DELTA
    rules = {"ann/before": PackRule("ann/before", git=OLD, revision="v1")}
    wanted = Requirements(both_names().workflows, pack_rules=rules)
    found = settled(wanted)
    assert [pin.commit for pin in found.lock.packs] == ["b" * 40, "a" * 40]
    assert unsatisfied(found.lock, wanted) == ()


@pytest.mark.parametrize("evidence", ["aux_id", "registry"])
def test_p16_a_pack_and_its_own_repository_stay_one(settled: Settled, evidence: str) -> None:
    settled.world.releases["alpha"] = []
    settled.world.commits[ALPHA] = {"HEAD": "a" * 40}
    other = ClassNeed("B", "acme/alpha", evidence)  # type: ignore[arg-type] # two of them
    wanted = needs(ClassNeed("A", "alpha", "cnr_id"), other)
    first = settled(wanted)
    assert len(first.lock.packs) == 1
    assert settled(wanted, first.lock).lock == first.lock
    assert settled.world.asked == []


def test_unknown_here_and_ambiguous_there_is_ambiguous(settled: Settled) -> None:
    unknown = WorkflowNeed("a.json", (ClassNeed("D"),))
    several = ClassNeed("D", candidates=("alpha", "beta"), is_ambiguous=True)
    other = WorkflowNeed("b.json", (several,))
    for order in ((unknown, other), (other, unknown)):
        (gap,) = settled(Requirements(order)).gaps
        assert (gap.reason, gap.workflows) == ("ambiguous", ("a.json", "b.json"))


def test_a_guess_that_cannot_be_had_is_open_though_another_pin_provides_it(
    settled: Settled,
) -> None:
    settled.world.releases["alpha"] = [release("alpha", "1.0.0")]
    guess = WorkflowNeed("a.json", (ClassNeed("A", "beta", "registry"),))
    firm = WorkflowNeed("c.json", (ClassNeed("A", "alpha", "cnr_id"),))
    wanted = Requirements((guess, firm))
    found = settled(wanted)
    assert [gap.name for gap in found.gaps] == ["beta"]
    assert unsatisfied(found.lock, wanted, allow_unresolved=True) == ()


def test_a_class_type_that_another_workflow_settles_is_open_with_its_pack(
    settled: Settled,
) -> None:
    several = ClassNeed("A", candidates=("alpha", "beta"), is_ambiguous=True)
    firm = WorkflowNeed("c.json", (ClassNeed("A", "gamma", "cnr_id"),))
    wanted = Requirements((WorkflowNeed("a.json", (several,)), firm))
    found = settled(wanted)
    assert [(gap.name, gap.workflows) for gap in found.gaps] == [("gamma", ("a.json", "c.json"))]
    assert unsatisfied(found.lock, wanted, allow_unresolved=True) == ()


def test_the_groups_of_a_required_pack_under_an_older_name(settled: Settled) -> None:
    settled.world.releases["beta"] = [release("beta", "2.0.0")]
    settled.world.packs["former"] = RegistryPack("beta", "active", "https://github.com/acme/beta")
    wanted = needs(
        ClassNeed("A", "former", "cnr_id"),
        path="sub/c.json",
        pack_rules={"beta": PackRule("beta", is_required=True)},
        groups={"video": ("sub/*",)},
    )
    assert unsatisfied(settled(wanted).lock, wanted) == ()


@pytest.mark.parametrize("guess", ["alpha", "acme/alpha"])
def test_a_guess_that_is_open_goes_before_another_pack_of_the_workflow(
    settled: Settled, guess: str
) -> None:
    settled.world.releases |= {"alpha": [], "beta": [release("beta", "2.0.0")]}
    firm = (ClassNeed("B", "beta", "cnr_id"), ClassNeed("C", "alpha", "cnr_id"))
    weak = (ClassNeed("A", "beta", "cnr_id"), ClassNeed("B", guess, "registry"))
    wanted = Requirements((WorkflowNeed("a.json", firm), WorkflowNeed("c.json", weak)))
    found = settled(wanted)
    assert [gap.name for gap in found.gaps] == ["alpha"]
    assert unsatisfied(found.lock, wanted, allow_unresolved=True) == ()


def test_a_guess_that_is_open_stays_open_when_another_pack_moves(settled: Settled) -> None:
    settled.world.releases["alpha"] = [release("alpha", "1.0.0")]
    both = (ClassNeed("A", "alpha", "cnr_id"), ClassNeed("B", "alpha", "cnr_id"))
    guess = (ClassNeed("A", "ann/delta", "aux_id"), ClassNeed("B", "ann/delta", "registry"))
    wanted = Requirements((WorkflowNeed("a.json", both), WorkflowNeed("b.json", guess)))
    first = settled(wanted).lock
    settled.world.releases["alpha"].insert(0, release("alpha", "7.0.0"))
    found = settled(wanted, first, Moves(packages={"alpha": None}))
    assert [pin.version for pin in found.lock.packs] == ["7.0.0"]
    assert [entry.packs for entry in found.lock.workflows] == [("alpha",), ("ann/delta",)]
    assert unsatisfied(found.lock, wanted, allow_unresolved=True) == ()


def test_two_repositories_of_one_group_are_two_packs(settled: Settled) -> None:
    one, two = "https://gitlab.com/studio/nodes/one", "https://gitlab.com/studio/nodes/two"
    settled.world.commits |= {one: {"HEAD": "a" * 40}, two: {"HEAD": "b" * 40}}
    rules = {"one": PackRule("one", git=one), "two": PackRule("two", git=two)}
    wanted = needs(
        ClassNeed("A", "one", "config"), ClassNeed("B", "two", "config"), pack_rules=rules
    )
    found = settled(wanted)
    assert [(pin.name, pin.repository) for pin in found.lock.packs] == [("one", one), ("two", two)]
    assert unsatisfied(found.lock, wanted) == ()
    assert settled(wanted, found.lock).lock == found.lock
