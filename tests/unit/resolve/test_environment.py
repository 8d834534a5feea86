"""What runs below the packs: images, and the Python packages that everything asks for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from comfylock.lockfile.canonical import lock_faults
from comfylock.lockfile.satisfy import unsatisfied
from comfylock.lockfile.schema import Gap, ImagePin, Lock
from comfylock.requirements import ComfyuiRule, ImageRule, PackRule, PythonRule, Requirements
from comfylock.resolve.engine import resolve
from comfylock.resolve.outcome import Moves, Resolution
from comfylock.sources.interface import SourceFacts
from tests.unit.resolve.test_engine import Bench, stamped, workflow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMFYUI = "https://github.com/comfyanonymous/ComfyUI"
CU128, CPU = "linux-x86_64-py3.12-cu128", "linux-x86_64-py3.12-cpu"
DEBIAN = "docker.io/library/debian:12"


class Environment(Bench):
    """A bench whose ComfyUI and one pack ask for Python packages."""

    def again(
        self, needs: Requirements, before: Resolution | None = None, moves: Moves | None = None
    ) -> Resolution:
        """Resolve with what the last resolution left on the disk."""
        self.world.asked.clear()
        self.world.wanted.clear()
        return resolve(
            needs,
            before.lock if before else Lock(),
            moves or Moves(),
            self.world.sources(),
            self.registry,
            self.executor,
            companions=before.files if before else {},
        )

    def asked_uv(self) -> list[str]:
        return sorted(q for q in self.world.asked if q.startswith("python "))


@pytest.fixture(name="bench")
def _bench(tmp_path: Path) -> Iterator[Environment]:
    with ThreadPoolExecutor(4) as executor:
        bench = Environment(tmp_path, executor)
        world = bench.world
        world.commits[COMFYUI] = {"HEAD": "1" * 40, "v1.0.0": "2" * 40}
        world.tags[COMFYUI] = {"v1.0.0": "2" * 40}
        lines = ("torch # requirements.txt:1", "aiohttp # requirements.txt:2")
        world.contents["2" * 40] = SourceFacts(requirements=lines)
        world.add("alpha", "1.0.0", provides=("A",))
        dependencies = ("numpy<2", "torch==2.0")
        world.releases["alpha"] = [replace(world.releases["alpha"][0], dependencies=dependencies)]
        yield bench


def wanted(*targets: str, **more: Any) -> Requirements:
    """A project of one workflow that wants Python packages for these targets."""
    rule = PythonRule(targets, **more.pop("python", {}))
    values = {"comfyui": ComfyuiRule(version="1.0.0"), "python": rule, **more}
    return Requirements((workflow(stamped("A", "alpha", "1.0.0")),), **values)


def test_everybodys_requirements_are_one_question_for_each_target(bench: Environment) -> None:
    found = bench.again(wanted(CPU, CU128))
    assert [pin.target for pin in found.lock.python] == [CPU, CU128]
    assert [pin.file for pin in found.lock.python] == [
        "pylock.comfy-linux-x86_64-py3_12-cpu.toml",
        "pylock.comfy-linux-x86_64-py3_12-cu128.toml",
    ]
    assert set(found.files) == {pin.file for pin in found.lock.python}
    asked = [set(one.requirements) for one in bench.world.wanted]
    assert asked.count({"aiohttp", "numpy<2", "torch", "torchaudio", "torchvision"}) == 2
    assert found.lock.python[0].packages == 5
    assert found.lock.python[0].torch == "1"
    assert lock_faults(found.lock) == ()


def test_p16_packages_that_are_locked_stay_without_a_question(bench: Environment) -> None:
    needs = wanted(CU128)
    before = bench.again(needs)
    assert [pin.file for pin in before.lock.python] == ["pylock.comfy.toml"]
    after = bench.again(needs, before)
    assert bench.asked_uv() == []
    assert (after.lock, after.files) == (before.lock, before.files)
    assert after.kept == 2
    digests = {pin.file: pin.sha256 for pin in before.lock.python}
    assert unsatisfied(before.lock, needs, digests=digests) == ()


CHANGES = {
    "another constraint": {"python": {"constraints": ("numpy<3",)}},
    "an override": {"python": {"overrides": ("numpy==3",)}},
    "a build": {"python": {"builds": ("numpy",)}},
    "another index": {"python": {"index": "https://other/simple"}},
    "one more index": {"python": {"extra_indexes": ("https://other/simple",)}},
    "another index for torch": {"python": {"torch_index": "https://other/cu128"}},
    "no torchaudio": {"python": {"torch": ("torch",)}},
    "an ignored line": {"pack_rules": {"alpha": PackRule("alpha", ignored=("numpy",))}},
    "no ComfyUI": {"comfyui": None},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_p12_whatever_shapes_the_choice_makes_it_stale(
    bench: Environment, change: dict[str, Any]
) -> None:
    before = bench.again(wanted(CU128))
    needs = wanted(CU128, **change)
    digests = {pin.file: pin.sha256 for pin in before.lock.python}
    drift = unsatisfied(
        replace(before.lock, comfyui=None) if not needs.comfyui else before.lock,
        needs,
        digests=digests,
    )
    assert ("PackagesChanged", CU128) in {(one.kind, one.subject) for one in drift}
    after = bench.again(needs, before)
    assert len(bench.asked_uv()) > 0
    assert {one.earlier for one in bench.world.wanted} == {before.files["pylock.comfy.toml"]}
    assert after.lock.python[0].asked != before.lock.python[0].asked
    assert unsatisfied(after.lock, needs) == ()


def test_a_line_that_is_ignored_is_not_asked_for(bench: Environment) -> None:
    rules = {"alpha": PackRule("alpha", ignored=("numpy",))}
    bench.again(wanted(CU128, pack_rules=rules))
    assert all("numpy" not in text for one in bench.world.wanted for text in one.requirements)


@pytest.mark.parametrize("left", [None, b"edited"], ids=["missing", "changed"])
def test_a_file_that_is_not_as_it_was_locked_is_chosen_anew(
    bench: Environment, left: bytes | None
) -> None:
    needs = wanted(CU128)
    before = bench.again(needs)
    files = {} if left is None else {"pylock.comfy.toml": left}
    after = bench.again(needs, replace(before, files=files))
    assert bench.asked_uv() != []
    assert after.files == before.files
    digests = {} if left is None else {"pylock.comfy.toml": "0" * 64}
    (drift,) = unsatisfied(before.lock, needs, digests=digests)
    assert (drift.kind, drift.subject) == ("PackagesChanged", CU128)
    assert ("missing" if left is None else "changed") in drift.message


def test_packages_move_when_they_are_named_and_packs_do_not(bench: Environment) -> None:
    needs = wanted(CU128)
    before = bench.again(needs)
    bench.again(needs, before, Moves(packages={"numpy": "2.1", "alpha": None}))
    assert {one.upgrade.packages for one in bench.world.wanted} == {("numpy==2.1",)}
    bench.again(needs, before, Moves(everything=True))
    assert all(one.upgrade.everything for one in bench.world.wanted)


def test_targets_that_nobody_asks_for_any_more_are_gone(bench: Environment) -> None:
    before = bench.again(wanted(CPU, CU128))
    needs = wanted(CPU)
    digests = {pin.file: pin.sha256 for pin in before.lock.python}
    kinds = {(one.kind, one.subject) for one in unsatisfied(before.lock, needs, digests=digests)}
    assert kinds == {("OptionChanged", CU128), ("PackagesChanged", CPU)}  # it has another file now
    after = bench.again(needs, before)
    assert [pin.file for pin in after.lock.python] == ["pylock.comfy.toml"]
    nothing = bench.again(wanted(), before)
    assert (nothing.lock.python, nothing.files) == ((), {})
    assert bench.asked_uv() == []


def test_a_conflict_is_a_gap_with_the_packs_their_lines_and_what_helps(bench: Environment) -> None:
    bench.world.refused = {"numpy"}
    found = bench.again(wanted(CU128))
    (gap,) = found.gaps
    assert (gap.kind, gap.name, gap.reason) == ("python", CU128, "conflict")
    assert "`alpha` asks for `numpy<2` (registry:1)" in gap.message
    assert gap.hint == '[packs."alpha"] ignore-requirements = ["numpy<2"]'
    assert found.lock.python == ()
    assert lock_faults(found.lock) == ()
    ((conflict,),) = [one.conflicts for one in found.python]
    assert conflict.packs == ("alpha",)
    assert unsatisfied(found.lock, wanted(CU128), allow_unresolved=True) == ()
    assert {d.kind for d in unsatisfied(found.lock, wanted(CPU), allow_unresolved=True)} == {
        "OrphanGap",
        "TargetMissing",
    }


def test_an_index_that_does_not_answer_is_named(bench: Environment) -> None:
    bench.world.down = {"python"}
    found = bench.again(wanted(CU128))
    assert [failure.service for failure in found.unreachable] == ["python"]
    assert found.unreachable[0].subjects == (CU128,)


def test_nothing_is_chosen_for_what_is_not_all_known(bench: Environment) -> None:
    before = bench.again(wanted(CU128))
    bench.world.down = {"git"}
    needs = wanted(CU128, comfyui=ComfyuiRule(version="2.0.0"))
    found = bench.again(needs, before)
    assert bench.asked_uv() == []
    assert found.lock.python == before.lock.python
    assert found.unreachable


def test_attempts_and_faults_are_told_with_their_places(bench: Environment) -> None:
    lines = ("torch # requirements.txt:1", "what is this # requirements.txt:9")
    bench.world.contents["2" * 40] = SourceFacts(requirements=lines)
    found = bench.again(wanted(CU128))
    told = {(notice.subject, notice.code): notice.message for notice in found.notices}
    assert "registry:2: `torch==2.0`" in told["alpha", "protected"]
    assert told["comfyui", "requirement"].startswith("requirements.txt:9: `what is this`")
    assert found.lock.python[0].packages == 4


# images


def image_needs(*rules: ImageRule) -> Requirements:
    return Requirements(images=rules)


def test_each_image_is_pinned_for_each_platform(bench: Environment) -> None:
    both = ImageRule("base", "debian:12", ("linux/amd64", "linux/arm64"))
    bench.world.images = {f"{DEBIAN} linux/amd64": "a", f"{DEBIAN} linux/arm64": "b"}
    needs = image_needs(both)
    found = bench.again(needs)
    assert found.lock.images == (
        ImagePin(
            "base",
            "linux/amd64",
            "debian:12",
            DEBIAN,
            f"sha256:{'a' * 64}",
            f"sha256:{'9' * 64}",
            7,
        ),
        ImagePin(
            "base",
            "linux/arm64",
            "debian:12",
            DEBIAN,
            f"sha256:{'b' * 64}",
            f"sha256:{'9' * 64}",
            7,
        ),
    )
    assert lock_faults(found.lock) == ()
    assert unsatisfied(found.lock, needs) == ()
    bench.world.images = {}
    again = bench.again(needs, found)
    assert (again.lock, bench.world.asked, again.kept) == (found.lock, [], 2)


def test_p16_an_image_moves_when_it_is_asked_to(bench: Environment) -> None:
    bench.world.images = {f"{DEBIAN} linux/amd64": "a"}
    needs = image_needs(ImageRule("base", "debian:12"))
    before = bench.again(needs)
    bench.world.images = {f"{DEBIAN} linux/amd64": "c"}
    assert bench.again(needs, before).lock == before.lock
    after = bench.again(needs, before, Moves(packages={"base": None}))
    assert after.lock.images[0].digest == f"sha256:{'c' * 64}"


def test_another_reference_or_platform_makes_the_lock_stale(bench: Environment) -> None:
    bench.world.images = {f"{DEBIAN} linux/amd64": "a"}
    before = bench.again(image_needs(ImageRule("base", "debian:12")))
    for rules in (
        (ImageRule("base", "debian:13"),),
        (ImageRule("base", "debian:12", ("linux/arm64",)),),
        (ImageRule("other", "debian:12"),),
        (),
    ):
        found = unsatisfied(before.lock, image_needs(*rules))
        assert {drift.kind for drift in found} == {"ImageChanged"}


def test_an_image_that_is_not_there_is_a_gap(bench: Environment) -> None:
    needs = image_needs(ImageRule("base", "debian:12"))
    found = bench.again(needs)
    assert found.gaps == (
        Gap(
            "image",
            "base linux/amd64",
            "no-such-platform",
            f"`{DEBIAN}` is not made for `linux/amd64`",
            hint="take another",
        ),
    )
    assert unsatisfied(found.lock, needs, allow_unresolved=True) == ()
    other = image_needs(ImageRule("base", "debian:12", ("linux/arm64",)))
    kinds = [drift.kind for drift in unsatisfied(found.lock, other, allow_unresolved=True)]
    assert kinds == ["ImageChanged", "OrphanGap"]


def test_a_registry_that_is_down_is_named(bench: Environment) -> None:
    bench.world.down = {"image"}
    found = bench.again(image_needs(ImageRule("base", "debian:12")))
    assert found.unreachable[0].subjects == ("base linux/amd64",)


def test_a_tag_that_moves_is_told(bench: Environment) -> None:
    bench.world.images = {"docker.io/library/debian:latest linux/amd64": "a"}
    found = bench.again(image_needs(ImageRule("base", "debian")))
    assert [(n.subject, n.code) for n in found.notices] == [("base linux/amd64", "doubt")]
