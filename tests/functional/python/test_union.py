"""The whole environment's packages: a real uv, an index on the loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from comfylock.errors import OfflineError, SourceUnavailableError
from comfylock.python.wanted import Compiled, Upgrade
from comfylock.resolve.python_packages import PythonRequest, PythonResolution
from tests.functional.python.python_world import ROCM, World, asking, python_world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with python_world(str(tmp_path_factory.mktemp("cache"))) as found:
        yield found


def solved(resolution: PythonResolution) -> Compiled:
    assert resolution.compiled is not None, resolution.conflicts
    return resolution.compiled


TRIO = {"torch": "2.8.0+cu128", "torchaudio": "2.8.0+cu128", "torchvision": "0.23.0+cu128"}


def trio_of(resolution: PythonResolution) -> dict[str, str]:
    versions = solved(resolution).versions
    return {name: versions[name] for name in TRIO}


def test_everything_is_resolved_in_one_go(world: World) -> None:
    found = world.resolve({"one": "numpy<2\neinops\n", "two": "accelerate  # fast\n"})
    assert solved(found).versions == {
        **TRIO,
        "accelerate": "1",
        "einops": "0.8",
        "filelock": "3",
        "numpy": "1.26.4",
        "nvidia-cublas-cu12": "12.8",
        "scipy": "1.14",
        "torchsde": "0.2",
    }
    assert {pack: [each.text for each in asked] for pack, asked in found.asked.items()} == {
        "comfyui": ["torchsde", "numpy>=1.25.0", "einops", "scipy"],
        "one": ["numpy<2", "einops"],
        "two": ["accelerate"],
    }
    assert (found.attempts, found.faults, found.conflicts) == ((), (), ())


@pytest.mark.parametrize(
    "line",
    [
        "torch==2.5.1",
        "torch<2.6",
        "torchvision==0.20.1",
        "nvidia-cublas-cu12==12.1",
        "torch @ git+https://github.com/pytorch/pytorch",
        "--index-url https://h.example/whl",
        "--extra-index-url https://h.example/whl",
        "--pre",
        "triton",
    ],
)
def test_no_pack_moves_the_trio(world: World, line: str) -> None:
    found = world.resolve({"mover": f"{line}\neinops\n"})
    assert trio_of(found) == TRIO
    assert [(each.pack, each.file, each.line) for each in found.attempts] == [
        ("mover", "requirements.txt", 1)
    ]


def test_the_project_moves_the_trio(world: World) -> None:
    found = world.resolve({"one": "torch>=2.7"}, asking(constraints=("torch==2.5.1",)))
    assert trio_of(found)["torchvision"] == "0.20.1+cu128"
    assert [each.message for each in found.attempts] == [
        "asks for `torch>=2.7`; the target has 2.5.1+cu128"
    ]


def test_libraries_that_only_torch_has_come_from_its_index(world: World) -> None:
    versions = solved(world.resolve({"one": "numpy"}, target=ROCM)).versions
    assert versions["torch"] == "2.8.0+rocm6.4"
    assert versions["pytorch-triton-rocm"] == "3.4"
    assert (versions["numpy"], versions["filelock"]) == ("2.1.0", "3")


def test_settings_of_the_project_count(world: World) -> None:
    request = asking(
        overrides=("numpy==2.1.0",), ignored={"one": ("nowhere", "late>=1"), "two": ("source",)}
    )
    packs = {"one": "old-tools\nnowhere==5\nlate>=1\n", "two": "source\n", "three": "einops"}
    found = world.resolve(packs, request)
    assert solved(found).versions["numpy"] == "2.1.0"
    assert [(each.pack, each.text) for each in found.ignored] == [
        ("one", "nowhere==5"),
        ("one", "late>=1"),
        ("two", "source"),
    ]


def test_markers_and_limits_of_packs_count(world: World) -> None:
    text = "late; python_version >= '3.13'\nwindows; sys_platform == 'win32'\n-c limits.txt\nscipy"
    found = world.resolve({"one": text})
    assert "late" not in solved(found).versions
    assert [fault.message for fault in found.faults] == ["`limits.txt` is not in the pack"]


def test_a_marker_that_means_nothing_is_a_fault(world: World) -> None:
    found = world.resolve({"one": "late; platform_machine ~= 'x86'\neinops"})
    assert "late" not in solved(found).versions
    assert [(fault.line, fault.message) for fault in found.faults] == [
        (1, '`platform_machine ~= "x86"` compares what has no order')
    ]


def test_a_bad_line_does_not_stop_the_others(world: World) -> None:
    found = world.resolve({"one": "numpy=1.2\nold-tools\n", "two": "git+https://${X}/y\n"})
    assert solved(found).versions["numpy"] == "1.26.4"
    assert [(fault.pack, fault.line) for fault in found.faults] == [("one", 1), ("two", 1)]


@pytest.mark.parametrize(
    "url",
    [
        "https://h.example/x-1-py3-none-any.whl",
        "git+https://169.254.169.254/a/b",
        "http://github.com/a/b/x-1-py3-none-any.whl",
        "https://github.com:22/a/x-1-py3-none-any.whl",
        "https://github.com.h.example/x-1-py3-none-any.whl",
        "git+ssh://git@internal/a/b",
    ],
)
def test_no_address_is_visited_that_was_not_allowed(world: World, url: str) -> None:
    found = world.resolve({"one": f"einops\n{url}\n"})
    assert solved(found).versions["einops"] == "0.8"
    assert [(fault.line, "not fetched from" in fault.message) for fault in found.faults] == [
        (2, True)
    ]


def test_an_address_on_an_allowed_host_is_locked(world: World) -> None:
    address = f"{world.service.url}/files/simple/old_tools-1-py3-none-any.whl"
    hosts = frozenset({world.service.place})
    found = world.resolve({"one": address}, asking(hosts=hosts))
    package = next(each for each in solved(found).packages if each.name == "old-tools")
    assert package.url == address
    assert len(package.digests) == 1


def test_a_second_run_changes_nothing(world: World) -> None:
    first = solved(world.resolve({"one": "numpy<2"}))
    same = solved(world.resolve({"one": "numpy<2"}, PythonRequest(earlier=first.pylock)))
    assert same.pylock == first.pylock
    kept = solved(world.resolve({"one": "numpy"}, PythonRequest(earlier=first.pylock)))
    assert kept.versions["numpy"] == "1.26.4"
    request = PythonRequest(earlier=first.pylock, upgrade=Upgrade(packages=("numpy",)))
    assert solved(world.resolve({"one": "numpy"}, request)).versions["numpy"] == "2.1.0"


def test_the_order_of_packs_changes_nothing(world: World) -> None:
    packs = {"one": "numpy<2\nscipy", "two": "accelerate", "three": "torch==1"}
    backwards = dict(reversed(packs.items()))
    first, second = world.resolve(packs), world.resolve(backwards)
    assert first == second


def test_the_network_is_not_needed_twice(tmp_path: Path) -> None:
    with python_world(str(tmp_path / "cache")) as world:
        with pytest.raises(OfflineError):
            world.resolve({"one": "scipy"}, PythonRequest(offline=True))
        first = world.resolve({"one": "scipy"})
    again = world.resolve({"one": "scipy"}, PythonRequest(offline=True))
    assert again == first
    cold = World(world.service, world.indexes, world.rocm, type(world.uv)(str(tmp_path / "cold")))
    cold.uv.limits = world.uv.limits
    with pytest.raises(SourceUnavailableError, match="cannot be reached") as raised:
        cold.resolve({"one": "scipy"})
    assert raised.value.exit_code == 3
