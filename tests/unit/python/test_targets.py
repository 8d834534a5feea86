from __future__ import annotations

import pytest
from packaging.markers import Marker

from comfylock.errors import UsageError
from comfylock.python.targets import ACCELERATORS, PLATFORMS, PYTHONS, target_of


def test_a_target_says_where_torch_is_and_what_uv_is_told() -> None:
    target = target_of("3.12", "linux-x86_64", "cu128")
    assert target.torch_index == "https://download.pytorch.org/whl/cu128"
    assert target.uv_arguments == (
        "--python-version",
        "3.12",
        "--python-platform",
        "x86_64-manylinux_2_28",
    )
    assert target.name == "linux-x86_64-py3.12-cu128"


def test_torch_may_come_from_the_index_of_everything_else() -> None:
    assert target_of("3.12", "macos-arm64", "default").torch_index is None


def test_a_file_name_has_the_form_that_installers_look_for() -> None:
    name = target_of("3.12", "linux-x86_64", "rocm6.4").file_name
    assert name == "pylock.comfy-linux-x86_64-py3_12-rocm6_4.toml"
    assert name.count(".") == 2


@pytest.mark.parametrize(
    ("marker", "platform", "holds"),
    [
        ("sys_platform == 'linux'", "linux-x86_64", True),
        ("sys_platform == 'win32'", "linux-x86_64", False),
        ("platform_system == 'Windows' and os_name == 'nt'", "windows-x86_64", True),
        ("platform_machine == 'arm64'", "macos-arm64", True),
        ("platform_machine == 'aarch64'", "linux-arm64", True),
        ("python_version < '3.12'", "linux-x86_64", False),
        ("python_full_version >= '3.12.0'", "linux-x86_64", True),
        ("implementation_name == 'cpython'", "linux-x86_64", True),
    ],
)
def test_markers_hold_for_the_target_and_not_for_this_machine(
    marker: str, platform: str, holds: bool
) -> None:
    environment = target_of("3.12", platform, "cpu").markers
    assert Marker(marker).evaluate(environment) is holds


@pytest.mark.parametrize(
    ("python", "platform", "accelerator", "known"),
    [
        ("2.7", "linux-x86_64", "cpu", PYTHONS),
        ("3.12", "plan9", "cpu", tuple(PLATFORMS)),
        ("3.12", "linux-x86_64", "cu999", ACCELERATORS),
    ],
)
def test_an_unknown_target_lists_the_known_ones(
    python: str, platform: str, accelerator: str, known: tuple[str, ...]
) -> None:
    with pytest.raises(UsageError) as raised:
        target_of(python, platform, accelerator)
    assert all(f"`{each}`" in str(raised.value) for each in known)


@pytest.mark.parametrize(
    ("platform", "accelerator"),
    [("macos-arm64", "cu128"), ("windows-x86_64", "rocm6.4"), ("macos-x86_64", "rocm6.4")],
)
def test_what_torch_is_not_built_for_is_refused(platform: str, accelerator: str) -> None:
    with pytest.raises(UsageError, match=f"no torch for `{accelerator}` on `{platform}`"):
        target_of("3.12", platform, accelerator)
