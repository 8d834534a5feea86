"""Conflicts are explained by the very lines, and every remedy that is offered works."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec import Struct
from msgspec.structs import replace

from comfylock.python.requirement_lines import read_pack
from comfylock.resolve.conflicts import Conflict, Effort, Remedy
from comfylock.resolve.python_packages import PythonRequest, PythonResolution, resolve_python
from comfylock.resolve.python_union import PackageUnion
from comfylock.resolve.remedies import apply_remedy
from tests.functional.python.python_world import (
    CUDA,
    World,
    asking,
    lines,
    python_world,
    readings,
    with_settings,
)
from tests.services.package_index import publish, release

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from comfylock.python.asked import Asked, Reading

BYSTANDERS = {f"bystander-{number}": "einops\nscipy>=1\naccelerate\n" for number in range(12)}


class Case(Struct, frozen=True):
    """Packs that do not go together, and what is to be found out about them."""

    packs: dict[str, str]
    kind: str
    lines: set[tuple[str, int]]
    told: str
    remedies: set[tuple[str, str]]
    """Some that must be offered: kind and value."""
    request: PythonRequest = PythonRequest()
    versions: dict[str, dict[str, str]] = {}
    """Pack to version to its requirements, the best first."""
    limits: tuple[str, ...] = ()


CASES = {
    "numpy": Case(
        packs={"face": "einops\nnumpy<2\n", "video": "scipy\n\nnumpy>=2  # new\n"},
        kind="direct",
        lines={("face", 2), ("video", 3)},
        told="`face` asks for `numpy<2` (requirements.txt:2) and `video` asks for `numpy>=2` "
        "(requirements.txt:3); no version does both",
        remedies={
            ("pack-version", "3.1"),
            ("override", "numpy<2"),
            ("override", "numpy>=2"),
            ("ignore", "numpy<2"),
            ("ignore", "numpy>=2"),
        },
        versions={
            "face": {"3.2": "einops\nnumpy<2\n", "3.1": "numpy", "3.0": "numpy<1"},
            "video": {"2": "numpy>=3"},
        },
    ),
    "transitive": Case(
        packs={"face": "old-tools\n", "video": "deep\n"},
        kind="transitive",
        lines={("face", 1), ("video", 1)},
        told="`face` asks for `old-tools` (requirements.txt:1) and `video` asks for `deep` "
        "(requirements.txt:1); what these need in turn does not go together",
        remedies={("override", "numpy==2.1.0"), ("ignore", "deep")},
    ),
    "one pack": Case(
        packs={"face": "old-tools\nnew-tools\n"},
        kind="transitive",
        lines={("face", 1), ("face", 2)},
        told="`face` asks for `old-tools`",
        remedies={("pack-version", "1.1"), ("ignore", "new-tools")},
        versions={"face": {"1.1": "new-tools"}},
    ),
    "python": Case(
        packs={"face": "late>=1\n"},
        kind="python",
        lines={("face", 1)},
        told="`face` asks for `late>=1` (requirements.txt:1), which has nothing for Python 3.12",
        remedies={("python", "3.13"), ("ignore", "late>=1")},
    ),
    "platform": Case(
        packs={"face": "windows\n"},
        kind="platform",
        lines={("face", 1)},
        told="`face` asks for `windows` (requirements.txt:1), which has no wheel for "
        "`linux-x86_64`",
        remedies={("ignore", "windows"), ("pack-version", "0.9")},
        versions={"face": {"0.9": "windows; sys_platform == 'win32'"}},
    ),
    "torch": Case(
        packs={"face": "xformers==0.0.28\n"},
        kind="torch",
        lines={("face", 1)},
        told="`face` asks for `xformers==0.0.28` (requirements.txt:1), which does not go with "
        "`torch==2.8.0+cu128` of the target `cu128`",
        remedies={
            ("torch", "torch==2.5.1+cu128"),
            ("pack-version", "2"),
            ("ignore", "xformers==0.0.28"),
        },
        versions={"face": {"2": "xformers"}},
        limits=("torch==2.8.0+cu128",),
    ),
    "no wheel": Case(
        packs={"face": "source\n"},
        kind="no-wheel",
        lines={("face", 1)},
        told="`face` asks for `source` (requirements.txt:1), and `source` has no wheel and would "
        "have to be built by code of its own",
        remedies={("allow-build", "source"), ("ignore", "source")},
    ),
    "wheel for another": Case(
        packs={"face": "settled\n"},
        kind="no-wheel",
        lines={("face", 1)},
        told="`face` asks for `settled` (requirements.txt:1), and `settled` has no wheel",
        remedies={("allow-build", "settled"), ("ignore", "settled"), ("python", "3.11")},
    ),
    "nowhere": Case(
        packs={"face": "no-such-thing\n"},
        kind="not-found",
        lines={("face", 1)},
        told="`face` asks for `no-such-thing` (requirements.txt:1), which no package index has",
        remedies={("ignore", "no-such-thing")},
    ),
    "no such version": Case(
        packs={"face": "numpy==5\n"},
        kind="not-found",
        lines={("face", 1)},
        told="`face` asks for `numpy==5` (requirements.txt:1), which no package index has",
        remedies={("ignore", "numpy==5"), ("pack-version", "4")},
        versions={"face": {"5": "numpy==5", "4": "numpy==2.1.0"}},
    ),
    "constraint": Case(
        packs={"face": "numpy>=2\n"},
        kind="direct",
        lines={("face", 1)},
        told="comfylock.toml limits `numpy<2` and `face` asks for `numpy>=2`",
        remedies={("constraint", "numpy<2"), ("ignore", "numpy>=2")},
        request=asking(constraints=("numpy<2", "scipy>1")),
        limits=("numpy<2",),
    ),
    "comfyui": Case(
        packs={"face": "numpy<1.25\n"},
        kind="direct",
        lines={("face", 1), ("comfyui", 5)},
        told="`comfyui` asks for `numpy>=1.25.0` (requirements.txt:5) and `face` asks for",
        remedies={("ignore", "numpy<1.25")},
    ),
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with python_world(str(tmp_path_factory.mktemp("cache"))) as found:
        yield found


def request_of(case: Case, world: World) -> PythonRequest:
    def versions_of(pack: str) -> Sequence[tuple[str, tuple[Asked, ...]]]:
        return [(name, lines(pack, text)) for name, text in case.versions.get(pack, {}).items()]

    return world.settled(replace(case.request, versions_of=versions_of))


def resolve(case: Case, world: World) -> PythonResolution:
    packs = {**BYSTANDERS, **case.packs}
    return resolve_python(readings(packs), CUDA, world.uv, request_of(case, world))


def only(resolution: PythonResolution) -> Conflict:
    assert resolution.compiled is None
    assert len(resolution.conflicts) == 1, [each.message for each in resolution.conflicts]
    return resolution.conflicts[0]


@pytest.mark.parametrize("name", CASES)
def test_the_very_lines_are_named(world: World, name: str) -> None:
    case = CASES[name]
    conflict = only(resolve(case, world))
    assert conflict.kind == case.kind
    assert {(each.pack, each.line) for each in conflict.lines} == case.lines
    assert conflict.packs == tuple(sorted({pack for pack, _ in case.lines}))
    assert conflict.message.startswith(case.told)
    assert conflict.limits == case.limits
    assert conflict.is_smallest
    assert conflict.detail
    offered = {(each.kind, each.value) for each in conflict.remedies}
    assert case.remedies <= offered


def applied(case: Case, world: World, remedy: Remedy) -> PythonResolution:
    """What comes of a project that did as it was told."""
    request = request_of(case, world)
    settings = request.settings
    packs, target = {**BYSTANDERS, **case.packs}, CUDA
    if remedy.kind == "pack-version":
        packs[remedy.pack] = case.versions[remedy.pack][remedy.value]
    elif remedy.kind == "ignore":
        request = with_settings(request, ignored={remedy.pack: (remedy.value,)})
    elif remedy.kind == "override":
        request = with_settings(request, overrides=(*settings.overrides, remedy.value))
    elif remedy.kind == "torch":
        request = with_settings(request, constraints=(*settings.constraints, remedy.value))
    elif remedy.kind == "constraint":
        left = tuple(each for each in settings.constraints if each != remedy.value)
        request = with_settings(request, constraints=left)
    else:
        assert remedy.kind == "python"
        target = replace(CUDA, python=remedy.value)
    return resolve_python(readings(packs), target, world.uv, request)


@pytest.mark.parametrize("name", CASES)
def test_every_remedy_locks(world: World, name: str) -> None:
    case = CASES[name]
    for remedy in only(resolve(case, world)).remedies:
        assert remedy.message
        if remedy.is_tried:
            assert applied(case, world, remedy).compiled is not None, remedy
        else:
            assert remedy.kind == "allow-build"


def test_a_build_that_is_not_allowed_never_runs(world: World) -> None:
    before = len(world.service.asked)
    resolve(CASES["no wheel"], world)
    paths = [request.path for request in world.service.asked[before:]]
    assert not [path for path in paths if path.endswith(".tar.gz")]
    union = PackageUnion(CUDA, asking().settings)
    remedy = Remedy("allow-build", "source", "")
    assert apply_remedy(union, remedy, None).settings.allowed_builds == ("source",)


def test_each_of_several_conflicts_is_found(world: World) -> None:
    packs = {
        "a": "numpy<2\nno-such-thing\n",
        "b": "numpy>=2\n",
        "c": "late\n",
        "d": "windows\neinops\n",
    }
    found = resolve(Case(packs, "", set(), "", set()), world)
    assert sorted(
        (each.kind, tuple((line.pack, line.line) for line in each.lines))
        for each in found.conflicts
    ) == [
        ("direct", (("a", 1), ("b", 1))),
        ("not-found", (("a", 2),)),
        ("platform", (("d", 1),)),
        ("python", (("c", 1),)),
    ]
    assert all(each.remedies for each in found.conflicts)
    ignored: dict[str, tuple[str, ...]] = {}
    for conflict in found.conflicts:
        remedy = next(each for each in conflict.remedies if each.kind == "ignore")
        ignored[remedy.pack] = (*ignored.get(remedy.pack, ()), remedy.value)
    healed = world.resolve({**BYSTANDERS, **packs}, asking(ignored=ignored))
    assert healed.compiled is not None


def test_the_order_of_packs_changes_nothing(world: World) -> None:
    case = CASES["numpy"]
    backwards = replace(case, packs=dict(reversed(case.packs.items())))
    assert resolve(case, world).conflicts == resolve(backwards, world).conflicts


def test_torch_that_no_index_has_is_the_targets_conflict(world: World) -> None:
    conflict = only(world.resolve({"a": "einops"}, asking(constraints=("torch==99",))))
    assert (conflict.lines, conflict.packs, conflict.limits) == ((), (), ("torch==99",))
    assert conflict.message.startswith("comfylock.toml limits `torch==99`")
    assert ("constraint", "torch==99") in {(each.kind, each.value) for each in conflict.remedies}


@pytest.mark.parametrize("runs", range(1, 9))
def test_an_effort_that_ends_says_so(world: World, runs: int) -> None:
    case = CASES["numpy"]
    request = replace(request_of(case, world), effort=Effort(runs=runs))
    packs = {**BYSTANDERS, **case.packs}
    found = resolve_python(readings(packs), CUDA, world.uv, request)
    assert found.compiled is None
    for conflict in found.conflicts:
        named = {(each.pack, each.line) for each in conflict.lines}
        assert named == case.lines if conflict.is_smallest else named >= case.lines


def test_no_time_means_no_question(world: World) -> None:
    case = CASES["numpy"]
    request = replace(request_of(case, world), effort=Effort(seconds=-1))
    crowd = {f"crowd-{number}": "einops\nnumpy\n" for number in range(9)}
    found = resolve_python(readings({**crowd, **case.packs}), CUDA, world.uv, request)
    conflict = only(found)
    assert not conflict.is_smallest
    assert conflict.remedies == ()
    assert {("face", 2), ("video", 3)} <= {(each.pack, each.line) for each in conflict.lines}
    assert conflict.message.endswith("; what these need in turn does not go together")
    assert " and 6 more lines; " in conflict.message
    assert {each.name for each in conflict.lines} == {"numpy"}


def test_a_conflict_is_explained_with_what_the_cache_has(tmp_path: Path) -> None:
    case = CASES["numpy"]
    with python_world(str(tmp_path / "cache")) as other:
        request = request_of(case, other)
        online = resolve(case, other).conflicts
    request = replace(request, offline=True)
    packs = {**BYSTANDERS, **case.packs}
    assert resolve_python(readings(packs), CUDA, other.uv, request).conflicts == online
    request = replace(request, versions_of=lambda _: [("9", lines("face", "never-seen"))])
    conflict = only(resolve_python(readings(packs), CUDA, other.uv, request))
    assert conflict.is_smallest
    assert "pack-version" not in {each.kind for each in conflict.remedies}
    assert ("ignore", "numpy<2") in {(each.kind, each.value) for each in conflict.remedies}


def test_two_addresses_for_one_package_disagree(world: World) -> None:
    place = f"{world.service.url}/files/simple"
    for name in ("one", "two"):
        publish(world.service, [release("forked==1")], name)
    packs = {
        "a": f"einops\nforked @ {place.replace('simple', 'one')}/forked-1-py3-none-any.whl\n",
        "b": f"forked @ {place.replace('simple', 'two')}/forked-1-py3-none-any.whl\n",
    }
    request = asking(hosts=frozenset({world.service.place}))
    conflict = only(world.resolve({**BYSTANDERS, **packs}, request))
    assert conflict.kind == "direct"
    assert {(each.pack, each.line) for each in conflict.lines} == {("a", 2), ("b", 1)}
    assert {each.pack for each in conflict.remedies if each.kind == "ignore"} == {"a", "b"}


def test_limits_of_packs_are_lines_too(world: World) -> None:
    texts = {"requirements.txt": b"-c limits.txt\nnumpy\n", "limits.txt": b"numpy<2\n"}
    all_readings: list[Reading] = [
        *readings({"b": "numpy>=2"}),
        read_pack("a", texts.get),
    ]
    request = world.settled(PythonRequest())
    conflict = only(resolve_python(all_readings, CUDA, world.uv, request))
    assert conflict.message.startswith("`a` limits `numpy<2` (limits.txt:1) and `b` asks for")
