from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from comfylock.lockfile.satisfy import unsatisfied
from comfylock.lockfile.schema import ComfyuiPin, Lock
from comfylock.registry.store import Registry
from comfylock.requirements import (
    ClassNeed,
    ComfyuiRule,
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
    from pathlib import Path

HUB = "https://huggingface.co/acme/alpha/resolve/main/a.safetensors"
ALPHA = "https://github.com/acme/alpha"
COMMIT = "1234567890abcdef1234567890abcdef12345678"
ONE, TWO = "1" * 64, "2" * 64


class Bench:
    """A world, and resolutions in it."""

    def __init__(self, folder: Path, executor: ThreadPoolExecutor) -> None:
        (folder / "packs.json").write_bytes(msgspec.json.encode({}))
        (folder / "core.json").write_bytes(b"{}")
        self.registry = Registry((str(folder),))
        self.executor = executor
        self.world = World()

    def __call__(
        self, needs: Requirements, old: Lock | None = None, moves: Moves | None = None
    ) -> Resolution:
        self.world.asked.clear()
        return resolve(
            needs,
            old or Lock(),
            moves or Moves(),
            self.world.sources(),
            self.registry,
            self.executor,
        )


@pytest.fixture(name="bench")
def _bench(tmp_path: Path) -> Iterator[Bench]:
    with ThreadPoolExecutor(4) as executor:
        yield Bench(tmp_path, executor)


def stamped(class_type: str, pack: str, *stamps: str, **more: Any) -> ClassNeed:
    return ClassNeed(class_type, pack, "cnr_id", stamps, **more)


def workflow(*classes: ClassNeed, path: str = "a.json", **more: Any) -> WorkflowNeed:
    return WorkflowNeed(path, classes, **more)


def needs(*workflows: WorkflowNeed, **more: Any) -> Requirements:
    return Requirements(workflows, **more)


# what is asked


def test_a_stamped_release_costs_one_question_for_each_fact(bench: Bench) -> None:
    bench.world.add("alpha", "2.0.0", "1.0.0", provides=("A",))
    found = bench(needs(workflow(stamped("A", "alpha", "1.0.0"))))
    assert bench.world.asked == [
        "comfy-registry packs alpha",
        "comfy-registry versions 1",
        "comfy-registry class-types alpha@1.0.0",
        "comfy-registry archive alpha@1.0.0",
    ]
    (pin,) = found.lock.packs
    assert (pin.version, pin.requested, pin.provides) == ("1.0.0", "1.0.0", ("A",))
    assert pin.evidence == ("a.json: cnr_id",)
    assert found.lock.workflows[0].packs == ("alpha",)
    assert found.notices == ()


def test_fifty_packs_are_looked_up_in_two_requests(bench: Bench) -> None:
    classes = []
    for index in range(50):
        bench.world.add(f"pack-{index:02}", "1.0.0", provides=(f"C{index}",))
        classes.append(stamped(f"C{index}", f"pack-{index:02}", "1.0.0"))
    bench(needs(workflow(*classes)))
    lookups = [q for q in bench.world.asked if " packs " in q or " versions " in q]
    assert len(lookups) == 2
    assert len(bench.world.asked) == 2 + 50 * 2


def test_without_a_stamp_the_newest_active_release_is_taken(bench: Bench) -> None:
    bench.world.add("alpha", "2.0.0", "1.0.0", provides=("A",))
    found = bench(needs(workflow(ClassNeed("A", "alpha", "registry"))))
    assert found.lock.packs[0].version == "2.0.0"
    assert found.lock.packs[0].requested is None


def test_prefer_latest_ignores_stamps(bench: Bench) -> None:
    bench.world.add("alpha", "2.0.0", "1.0.0", provides=("A",))
    wanted = needs(workflow(stamped("A", "alpha", "1.0.0")), prefer="latest")
    found = bench(wanted)
    assert found.lock.packs[0].version == "2.0.0"
    assert unsatisfied(found.lock, wanted) == ()


def test_a_stamped_commit_of_a_registry_pack_is_a_git_pin(bench: Bench) -> None:
    bench.world.add("alpha", "2.0.0")
    bench.world.commits[ALPHA] = {"HEAD": "f" * 40, COMMIT: COMMIT}
    wanted = needs(workflow(stamped("A", "alpha", COMMIT)))
    (pin,) = bench(wanted).lock.packs
    assert (pin.name, pin.source, pin.commit, pin.requested) == ("alpha", "git", COMMIT, COMMIT)


def test_a_stamped_commit_that_is_gone_gives_way_with_a_notice(bench: Bench) -> None:
    bench.world.add("alpha", "2.0.0")
    bench.world.commits[ALPHA] = {"HEAD": "f" * 40}
    found = bench(needs(workflow(stamped("A", "alpha", COMMIT))))
    assert found.lock.packs[0].commit == "f" * 40
    assert any(COMMIT in notice.message for notice in found.notices)


def test_a_pack_without_any_release_comes_from_its_repository(bench: Bench) -> None:
    bench.world.packs["alpha"] = RegistryPack("alpha", "active", ALPHA, None)
    bench.world.commits[ALPHA] = {"HEAD": "f" * 40}
    (pin,) = bench(needs(workflow(stamped("A", "alpha", "nightly")))).lock.packs
    assert (pin.source, pin.commit) == ("git", "f" * 40)


def test_git_takes_the_newest_release_tag(bench: Bench) -> None:
    repository = "https://github.com/nobody/knows"
    bench.world.commits[repository] = {"HEAD": "f" * 40}
    bench.world.tags[repository] = {"v1.9": "9" * 40, "v1.10": "a" * 40}
    (pin,) = bench(needs(workflow(ClassNeed("A", "nobody/knows", "aux_id")))).lock.packs
    assert (pin.commit, pin.version) == ("a" * 40, "v1.10")


def test_a_range_in_the_projects_settings_decides(bench: Bench) -> None:
    bench.world.add("alpha", "2.0.0", "1.5.0", "1.0.0", provides=("A",))
    rules = {"alpha": PackRule("alpha", ">=1.2,<2")}
    wanted = needs(workflow(stamped("A", "alpha", "1.0.0")), pack_rules=rules)
    found = bench(wanted)
    assert found.lock.packs[0].version == "1.5.0"
    assert found.lock.packs[0].requested == ">=1.2,<2"
    assert unsatisfied(found.lock, wanted) == ()


def test_within_a_range_the_authors_version_is_preferred(bench: Bench) -> None:
    bench.world.add("alpha", "1.9.0", "1.5.0", provides=("A",))
    rules = {"alpha": PackRule("alpha", ">=1.2,<2")}
    wanted = needs(workflow(stamped("A", "alpha", "1.5.0")), pack_rules=rules)
    assert bench(wanted).lock.packs[0].version == "1.5.0"


def test_class_types_of_nobody_are_looked_up_in_the_registry(bench: Bench) -> None:
    bench.world.add("newcomer", "1.0.0", provides=("New",))
    bench.world.providers["New"] = "newcomer"
    wanted = needs(workflow(ClassNeed("New"), ClassNeed("Lost")))
    found = bench(wanted)
    assert [pin.name for pin in found.lock.packs] == ["newcomer"]
    (gap,) = found.gaps
    assert (gap.kind, gap.name, gap.reason) == ("class-type", "Lost", "unknown")
    assert "[class-types]" in (gap.hint or "")
    assert gap.tried
    assert unsatisfied(found.lock, wanted, allow_unresolved=True) == ()


def test_an_ambiguous_class_type_is_never_guessed(bench: Bench) -> None:
    need = ClassNeed("Two", candidates=("alpha", "beta"), is_ambiguous=True)
    found = bench(needs(workflow(need)))
    assert bench.world.asked == []
    assert found.gaps[0].reason == "ambiguous"
    assert '"Two" = "alpha"' in (found.gaps[0].hint or "")


def test_a_class_type_that_a_version_lacks_is_told_and_recorded(bench: Bench) -> None:
    bench.world.add("alpha", "1.0.0", provides=("Other",))
    found = bench(needs(workflow(stamped("A", "alpha", "1.0.0"))))
    assert found.lock.packs[0].missing == ("A",)
    assert [notice.code for notice in found.notices] == ["not-provided"]
    assert "comfy-registry archive alpha@1.0.0 read" in bench.world.asked


# names


def test_a_renamed_pack_is_one_pin_that_both_names_find(bench: Bench) -> None:
    bench.world.add("today", "2.0.0", "1.0.0", provides=("A", "B"))
    today = RegistryPack("today", "active", None, release("today", "2.0.0"))
    bench.world.packs["former"] = today
    wanted = needs(
        workflow(stamped("A", "former", "1.0.0")),
        workflow(stamped("B", "today", "2.0.0"), path="b.json"),
    )
    found = bench(wanted)
    (pin,) = found.lock.packs
    assert (pin.name, pin.aliases, pin.version) == ("today", ("former",), "2.0.0")
    assert pin.provides == ("A", "B")
    assert [entry.packs for entry in found.lock.workflows] == [("today",), ("today",)]
    assert {notice.code for notice in found.notices} == {"renamed", "stamps-differ"}
    assert unsatisfied(found.lock, wanted) == ()
    assert bench(wanted, found.lock).lock == found.lock
    assert bench.world.asked == []


# stickiness


def locked(bench: Bench, wanted: Requirements) -> Lock:
    found = bench(wanted)
    assert found.gaps == ()
    assert unsatisfied(found.lock, wanted) == ()
    return found.lock


def test_p16_what_is_locked_stays_without_a_question(bench: Bench) -> None:
    bench.world.add("alpha", "1.0.0", provides=("A",))
    bench.world.files[HUB] = ModelFacts(
        "huggingface",
        ONE,
        5,
        "upstream",
        repository="acme/alpha",
        commit=COMMIT,
        path="a.safetensors",
        requested="main",
    )
    model = ModelNeed("a.safetensors", "loras", (Offer(HUB, "node"),))
    wanted = needs(workflow(ClassNeed("A", "alpha", "registry"), models=(model,)))
    old = locked(bench, wanted)
    bench.world.add("alpha", "2.0.0", "1.0.0", provides=("A",))
    again = bench(wanted, old)
    assert again.lock == old
    assert again.kept == 2
    assert bench.world.asked == []


def test_p16_one_pack_moves_alone(bench: Bench) -> None:
    for name in ("alpha", "beta"):
        bench.world.add(name, "1.0.0", provides=(name.upper(),))
    wanted = needs(workflow(stamped("ALPHA", "alpha", "1.0.0"), stamped("BETA", "beta", "1.0.0")))
    old = locked(bench, wanted)
    for name in ("alpha", "beta"):
        bench.world.add(name, "2.0.0", "1.0.0", provides=(name.upper(),))
    moved = bench(wanted, old, Moves(packages={"alpha": None}))
    assert [pin.version for pin in moved.lock.packs] == ["2.0.0", "1.0.0"]
    assert unsatisfied(moved.lock, wanted) == ()
    assert bench(wanted, moved.lock).lock == moved.lock
    everything = bench(wanted, old, Moves(everything=True))
    assert [pin.version for pin in everything.lock.packs] == ["2.0.0", "2.0.0"]


def test_p16_a_pack_moves_to_the_version_asked_for_and_stays_there(bench: Bench) -> None:
    bench.world.add("alpha", "3.0.0", "2.0.0", "1.0.0", provides=("A",))
    wanted = needs(workflow(stamped("A", "alpha", "2.0.0")))
    old = locked(bench, wanted)
    moved = bench(wanted, old, Moves(packages={"alpha": "1.0.0"}))
    assert moved.lock.packs[0].version == "1.0.0"
    assert bench(wanted, moved.lock).lock == moved.lock


def test_a_new_class_type_of_a_locked_pack_is_checked_and_nothing_moves(bench: Bench) -> None:
    bench.world.add("alpha", "1.0.0", provides=("A", "B"))
    old = locked(bench, needs(workflow(stamped("A", "alpha", "1.0.0"))))
    wanted = needs(workflow(stamped("A", "alpha", "1.0.0"), stamped("B", "alpha", "1.0.0")))
    found = bench(wanted, old)
    assert bench.world.asked == ["comfy-registry class-types alpha@1.0.0"]
    assert found.lock.packs[0].provides == ("A", "B")
    assert found.notices == ()


def test_a_pack_that_nobody_needs_any_more_is_gone(bench: Bench) -> None:
    bench.world.add("alpha", "1.0.0", provides=("A",))
    old = locked(bench, needs(workflow(stamped("A", "alpha", "1.0.0"))))
    assert bench(needs(workflow()), old).lock.packs == ()


def test_a_newer_stamp_moves_the_pin(bench: Bench) -> None:
    bench.world.add("alpha", "2.0.0", "1.0.0", provides=("A",))
    old = locked(bench, needs(workflow(stamped("A", "alpha", "1.0.0"))))
    wanted = needs(workflow(stamped("A", "alpha", "2.0.0")))
    assert unsatisfied(old, wanted) != ()
    assert bench(wanted, old).lock.packs[0].version == "2.0.0"


# integrity


def test_p21_other_bytes_under_the_same_version_are_a_mismatch(bench: Bench) -> None:
    bench.world.add("alpha", "1.0.0", provides=("A",))
    wanted = needs(workflow(stamped("A", "alpha", "1.0.0")))
    old = locked(bench, wanted)
    bench.world.digests["alpha@1.0.0"] = TWO
    found = bench(wanted, old, Moves(everything=True))
    (gap,) = found.mismatches
    assert gap.name == "alpha"
    assert TWO in gap.message
    assert "--upgrade-package alpha" in (gap.hint or "")
    by_name = bench(wanted, old, Moves(packages={"alpha": None}))
    assert by_name.mismatches == ()
    assert by_name.lock.packs[0].sha256 == TWO


# services that do not answer


@pytest.mark.parametrize("service", ["comfy-registry", "git", "model"])
def test_a_service_that_is_down_is_named_and_the_others_are_served(
    bench: Bench, service: str
) -> None:
    bench.world.add("alpha", "1.0.0", provides=("A",))
    repository = "https://github.com/nobody/knows"
    bench.world.commits[repository] = {"HEAD": "f" * 40}
    bench.world.files[HUB] = ModelFacts(
        "huggingface",
        ONE,
        5,
        "upstream",
        repository="acme/alpha",
        commit=COMMIT,
        path="a.safetensors",
    )
    model = ModelNeed("a.safetensors", "loras", (Offer(HUB, "node"),))
    classes = (stamped("A", "alpha", "1.0.0"), ClassNeed("B", "nobody/knows", "aux_id"))
    bench.world.down = {service}
    found = bench(needs(workflow(*classes, models=(model,))))
    (failure,) = found.unreachable
    assert failure.service == service
    assert failure.subjects
    assert len(found.lock.packs) + len(found.lock.models) == 2
    assert found.gaps == ()


# gaps


def test_p23_what_cannot_be_pinned_is_written_down_with_its_workflows(bench: Bench) -> None:
    bench.world.files[HUB] = Missing("no-such-file", "acme/alpha has no file `a.safetensors`")
    model = ModelNeed("a.safetensors", "loras", (Offer(HUB, "node"),))
    banned = Missing("banned", "`bad` is banned in the Comfy Registry")
    bench.world.packs["bad"] = banned
    found = bench(needs(workflow(stamped("A", "bad", "1.0.0"), models=(model,))))
    told = [(gap.kind, gap.name, gap.reason, gap.workflows) for gap in found.lock.unresolved]
    assert told == [
        ("model", "loras/a.safetensors", "no-such-file", ("a.json",)),
        ("pack", "bad", "banned", ("a.json",)),
    ]


def test_an_ignored_model_is_in_no_list(bench: Bench) -> None:
    rules = {"a.safetensors": ModelRule("a.safetensors", is_ignored=True)}
    model = ModelNeed("a.safetensors", "loras", (Offer(HUB, "node"),))
    wanted = needs(workflow(models=(model,)), model_rules=rules)
    found = bench(wanted)
    assert found.lock.models == ()
    assert found.lock.workflows[0].models == ()
    assert unsatisfied(found.lock, wanted) == ()


# ComfyUI

HOME = "https://github.com/comfyanonymous/ComfyUI"
FORK = "https://github.com/me/fork"
TAGS = {"v0.3.9": "1" * 40, "v0.3.64": "2" * 40, "v0.3.65": "3" * 40, "v0.4.0": "4" * 40}


@pytest.fixture(name="with_comfyui")
def _with_comfyui(bench: Bench) -> Bench:
    for repository in (HOME, FORK):
        bench.world.tags[repository] = {**TAGS, "v0.5.0-rc1": "5" * 40}
        bench.world.commits[repository] = {"HEAD": "f" * 40, "master": "f" * 40}
    return bench


def both(**more: Any) -> Requirements:
    one, two = workflow(path="a.json", minimum="0.3.9"), workflow(path="b.json", minimum="0.3.64")
    return needs(one, two, comfyui=ComfyuiRule(**more))


def comfyui(found: Resolution) -> ComfyuiPin:
    assert found.lock.comfyui is not None
    return found.lock.comfyui


def test_p2_comfyui_is_the_oldest_release_that_all_workflows_run_on(with_comfyui: Bench) -> None:
    wanted = both()
    found = with_comfyui(wanted)
    assert comfyui(found) == ComfyuiPin(">=0.3.64", "0.3.64", HOME, "2" * 40, "e" * 40)
    assert unsatisfied(found.lock, wanted) == ()
    assert with_comfyui(wanted, found.lock).lock == found.lock
    assert with_comfyui.world.asked == []


@pytest.mark.parametrize(
    ("rule", "version", "commit"),
    [
        ({"version": "0.3.65"}, "0.3.65", "3" * 40),
        ({"version": ">=0.3.60,<0.4"}, "0.3.64", "2" * 40),
        ({"version": ">=0.3.65"}, "0.3.65", "3" * 40),
        ({"revision": "v0.4.0"}, "0.4.0", "4" * 40),
        ({"revision": "master"}, None, "f" * 40),
        ({"repository": FORK}, "0.3.64", "2" * 40),
    ],
)
def test_what_the_project_asks_of_comfyui_decides(
    with_comfyui: Bench, rule: dict[str, str], version: str | None, commit: str
) -> None:
    wanted = both(**rule)
    found = with_comfyui(wanted)
    pin = comfyui(found)
    assert (pin.version, pin.commit) == (version, commit)
    assert pin.repository == rule.get("repository", HOME)
    assert found.gaps == ()
    assert unsatisfied(found.lock, wanted) == ()


def test_comfyui_moves_when_it_is_asked_to(with_comfyui: Bench) -> None:
    old = with_comfyui(both()).lock
    for moves, version in (
        (Moves(everything=True), "0.4.0"),
        (Moves(packages={"comfyui": None}), "0.4.0"),
        (Moves(packages={"comfyui": "0.3.65"}), "0.3.65"),
    ):
        moved = with_comfyui(both(), old, moves)
        assert comfyui(moved).version == version
        assert unsatisfied(moved.lock, both()) == ()
    latest = Requirements(both().workflows, prefer="latest", comfyui=ComfyuiRule())
    assert comfyui(with_comfyui(latest)).version == "0.4.0"


def test_an_older_comfyui_than_a_workflow_needs_is_told(with_comfyui: Bench) -> None:
    found = with_comfyui(both(version="0.3.9"))
    assert comfyui(found).version == "0.3.9"
    assert [(notice.subject, notice.code) for notice in found.notices] == [("comfyui", "doubt")]


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ({"version": "9.9.9"}, "no-such-version"),
        ({"version": ">9"}, "no-such-version"),
        ({"revision": "gone"}, "no-such-revision"),
        ({"repository": "https://github.com/nobody/nothing"}, "private-or-missing"),
    ],
)
def test_a_comfyui_that_is_not_there_is_a_gap(
    with_comfyui: Bench, rule: dict[str, str], reason: str
) -> None:
    wanted = both(**rule)
    found = with_comfyui(wanted)
    assert [(gap.kind, gap.name, gap.reason) for gap in found.gaps] == [
        ("comfyui", "comfyui", reason)
    ]
    assert found.gaps[0].hint
    assert unsatisfied(found.lock, wanted, allow_unresolved=True) == ()


def test_comfyui_is_left_to_whoever_has_it(with_comfyui: Bench) -> None:
    old = with_comfyui(both()).lock
    wanted = needs(*both().workflows)
    assert with_comfyui(wanted, old).lock.comfyui is None
    assert with_comfyui.world.asked == []


def test_a_git_host_that_is_down_leaves_comfyui_unknown(with_comfyui: Bench) -> None:
    with_comfyui.world.down = {"git"}
    found = with_comfyui(both())
    assert [failure.subjects for failure in found.unreachable] == [("comfyui",)]
    assert found.lock.comfyui is None


# what one workflow says of another's class types


def test_a_stamp_in_one_workflow_settles_the_class_type_in_the_others(bench: Bench) -> None:
    bench.world.add("alpha", "1.0.0", provides=("A",))
    doubtful = ClassNeed("A", candidates=("alpha", "beta"), is_ambiguous=True)
    wanted = needs(
        workflow(doubtful, path="a.json"), workflow(stamped("A", "alpha", "1.0.0"), path="b.json")
    )
    found = bench(wanted)
    assert found.gaps == ()
    (pin,) = found.lock.packs
    assert pin.evidence == ("a.json: another workflow", "b.json: cnr_id")
    assert unsatisfied(found.lock, wanted) == ()
    assert bench(wanted, found.lock, Moves(everything=True)).lock == found.lock


def test_two_stamps_that_differ_settle_nothing_for_a_third(bench: Bench) -> None:
    for name in ("alpha", "beta"):
        bench.world.add(name, "1.0.0", provides=("A",))
    wanted = needs(
        workflow(ClassNeed("A", candidates=("alpha", "beta"), is_ambiguous=True), path="a.json"),
        workflow(stamped("A", "alpha"), path="b.json"),
        workflow(stamped("A", "beta"), path="c.json"),
    )
    found = bench(wanted)
    assert [(gap.name, gap.workflows) for gap in found.gaps] == [("A", ("a.json",))]
    again = bench(wanted, found.lock)
    assert again.lock == found.lock


def test_what_a_service_once_said_stays_the_evidence(bench: Bench) -> None:
    bench.world.add("newcomer", "1.0.0", provides=("New",))
    bench.world.providers["New"] = "newcomer"
    wanted = needs(workflow(ClassNeed("New")))
    old = bench(wanted).lock
    bench.world.providers.clear()
    assert bench(wanted, old, Moves(everything=True)).lock == old
