"""The protected trio: torch, torchvision and torchaudio follow the target, and no pack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from packaging.specifiers import SpecifierSet

from comfylock.patterns import Pattern
from comfylock.python.asked import Asked, Attempt, Option

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TRIO = ("torch", "torchaudio", "torchvision")
"""What is built against an accelerator, and must come from one place together."""

LIBRARIES = Pattern(
    r"(?:nvidia-(?:cublas|cuda|cudnn|cufft|cufile|curand|cusolver|cusparse|cusparselt|nccl|nvjitlink"
    r"|nvshmem|nvtx)(?:-[a-z0-9-]+)?|cuda-(?:bindings|pathfinder|python|toolkit)"
    r"|(?:pytorch-)?triton(?:-rocm|-xpu|-windows)?)\Z"
)
"""What torch brings with it, each in the one version that it was built with."""

_REPOSITORY = Pattern(r"(?i)[/:]pytorch/(pytorch|vision|audio)(?:\.git)?(?:[@#/?]|\Z)")
_REPOSITORIES = {"pytorch": "torch", "vision": "torchvision", "audio": "torchaudio"}
_FILE = Pattern(r"(?i)/(torch|torchvision|torchaudio)-[^/]*\.(?:whl|tar\.gz|zip)(?:[?#]|\Z)")


class Protected(Struct, frozen=True):
    """What is left of what packs ask for, and what was taken out."""

    asked: tuple[Asked, ...]
    taken: tuple[Asked, ...]
    """Lines about the trio and its libraries; `unmet` says which of them matter."""
    attempts: tuple[Attempt, ...]


def protected_name(asked: Asked) -> str | None:
    """Return which protected package a line is about, None if it is about another."""
    if asked.name in TRIO or (asked.name and LIBRARIES.match(asked.name)):
        return asked.name
    if not asked.url:
        return None
    repository = _REPOSITORY.search(asked.url)
    if repository is not None:
        return _REPOSITORIES[repository[1].lower()]
    file = _FILE.search(asked.url)
    return file[1].lower() if file is not None else None


def is_protected(name: str) -> bool:
    """Say whether a normalised name is one of the trio or of its libraries."""
    return name in TRIO or LIBRARIES.match(name) is not None


def protect(asked: Iterable[Asked], options: Iterable[Option]) -> Protected:
    """Return the lines that may take part, and those that would move the trio.

    A version or an address of a protected package counts as an attempt where it leaves no
    choice (`==`, `===`, an address); ranges are judged by `unmet`, once the trio is chosen.
    """
    kept, taken, attempts = [], [], []
    for each in asked:
        name = protected_name(each)
        if name is None:
            kept.append(each)
            continue
        taken.append(each)
        if each.url:
            attempts.append(_attempt(each, f"would take `{name}` from an address of its own"))
        elif "==" in each.specifier:
            attempts.append(_attempt(each, f"would fix `{name}`, which follows the target"))
    attempts += [
        Attempt(each.pack, each.file, each.line, each.text, _option_message(each))
        for each in options
    ]
    return Protected(tuple(kept), tuple(taken), tuple(sorted(attempts)))


def unmet(taken: Iterable[Asked], versions: Mapping[str, str]) -> tuple[Attempt, ...]:
    """Return the lines that the chosen versions (by name) do not satisfy, sorted.

    What `protect` reported already is left out.
    """
    found = []
    for each in taken:
        version = versions.get(each.name)
        if each.url or "==" in each.specifier:
            continue
        if version is None:
            what = f"asks for `{each.name}`, which torch does not bring on this target"
            found.append(_attempt(each, what))
        elif not SpecifierSet(each.specifier).contains(version, prereleases=True):
            what = f"asks for `{each.name}{each.specifier}`; the target has {version}"
            found.append(_attempt(each, what))
    return tuple(sorted(found))


def _attempt(asked: Asked, message: str) -> Attempt:
    return Attempt(asked.pack, asked.file, asked.line, asked.text, message)


def _option_message(option: Option) -> str:
    if option.name in {"--index-url", "--extra-index-url", "--find-links", "--no-index"}:
        return "would take packages from elsewhere; comfylock.toml says where they come from"
    if option.name == "--pre":
        return "would allow pre-releases of every package"
    return "would change how every package is installed"
