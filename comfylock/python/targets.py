"""Where an environment is meant to run: Python, platform and accelerator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.errors import UsageError
from comfylock.names import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

PYTHONS = ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14")
"""Versions of Python that ComfyUI and its packs have been made for, oldest first."""

PYTORCH = "https://download.pytorch.org/whl/"
"""Where PyTorch's own indexes are, one for each accelerator."""

EXAMPLE = "linux-x86_64-py3.12-cu128"

NO_INDEX = "default"
"""The accelerator that takes torch from where every other package comes from."""

CUDA = ("cu118", "cu121", "cu124", "cu126", "cu128", "cu129", "cu130")
ROCM = ("rocm6.1", "rocm6.2", "rocm6.2.4", "rocm6.3", "rocm6.4", "rocm7.0", "rocm7.1")
ACCELERATORS = ("cpu", *CUDA, *ROCM, "xpu", NO_INDEX)
"""What torch may be built for. Source: https://pytorch.org/get-started/previous-versions/"""


class Platform(Struct, frozen=True):
    """What an operating system on a processor is called by those who ask."""

    triple: str
    """As uv calls it. Linux means glibc 2.28, which torch's own wheels ask for."""
    sys_platform: str
    platform_system: str
    machine: str
    os_name: str = "posix"


PLATFORMS = {
    "linux-arm64": Platform("aarch64-manylinux_2_28", "linux", "Linux", "aarch64"),
    "linux-x86_64": Platform("x86_64-manylinux_2_28", "linux", "Linux", "x86_64"),
    "macos-arm64": Platform("aarch64-apple-darwin", "darwin", "Darwin", "arm64"),
    "macos-x86_64": Platform("x86_64-apple-darwin", "darwin", "Darwin", "x86_64"),
    "windows-arm64": Platform("aarch64-pc-windows-msvc", "win32", "Windows", "ARM64", "nt"),
    "windows-x86_64": Platform("x86_64-pc-windows-msvc", "win32", "Windows", "AMD64", "nt"),
}
"""Platforms by the names that `targets` of comfylock.toml uses."""


class Target(Struct, frozen=True, order=True):
    """One place that packages are chosen for; made by `target_of`."""

    platform: str
    python: str
    """`3.12`."""
    accelerator: str

    @property
    def name(self) -> str:
        """`linux-x86_64-py3.12-cu128`."""
        return f"{self.platform}-py{self.python}-{self.accelerator}"

    @property
    def file_name(self) -> str:
        """What its lock is called where a project has several; PEP 751 allows no dot inside."""
        return f"pylock.comfy-{self.name.replace('.', '_')}.toml"

    @property
    def torch_index(self) -> str | None:
        """The index that has torch for it; None: the one of all other packages."""
        return None if self.accelerator == NO_INDEX else f"{PYTORCH}{self.accelerator}"

    @property
    def uv_arguments(self) -> tuple[str, ...]:
        """What tells uv to choose for it, whatever this machine is."""
        triple = PLATFORMS[self.platform].triple
        return ("--python-version", self.python, "--python-platform", triple)

    @property
    def markers(self) -> dict[str, str]:
        """What environment markers are evaluated against.

        Source: https://packaging.python.org/en/latest/specifications/dependency-specifiers/
        """
        platform = PLATFORMS[self.platform]
        return {
            "implementation_name": "cpython",
            "implementation_version": f"{self.python}.0",
            "os_name": platform.os_name,
            "platform_machine": platform.machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": platform.platform_system,
            "platform_version": "",
            "python_full_version": f"{self.python}.0",
            "python_version": self.python,
            "sys_platform": platform.sys_platform,
        }


def target_of(python: str, platform: str, accelerator: str) -> Target:
    """Return the target of these names.

    Raises:
        UsageError: one of them is unknown; the message lists the known ones.
    """
    _require("Python", python, PYTHONS)
    _require("platform", platform, tuple(PLATFORMS))
    _require("accelerator", accelerator, ACCELERATORS)
    system = platform.partition("-")[0]
    if (accelerator in CUDA and system == "macos") or (accelerator in ROCM and system != "linux"):
        raise UsageError(
            f"there is no torch for `{accelerator}` on `{platform}`",
            hint=f"use `{NO_INDEX}` or `cpu` there",
        )
    return Target(platform, python, accelerator)


def parse_target(name: str) -> Target:
    """Return the target of a name such as `linux-x86_64-py3.12-cu128`.

    Raises:
        UsageError: it is none; the message lists what there is.
    """
    platform, mark, rest = name.partition("-py")
    python, dash, accelerator = rest.partition("-")
    if not mark or not dash:
        raise UsageError(
            f"`{printable(name, 80)}` is no target; one is a platform, a Python and an accelerator",
            hint=f"write it as `{EXAMPLE}`; platforms: {_listed(PLATFORMS)}; "
            f"accelerators: {_listed(ACCELERATORS)}",
        )
    return target_of(python, platform, accelerator)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{each}`" for each in names)


def _require(what: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise UsageError(f"there is no {what} `{printable(value, 80)}`; there are {_listed(known)}")
