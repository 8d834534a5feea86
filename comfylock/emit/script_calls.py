"""What a lock holds as calls of the install script's own commands, each word quoted."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, assert_never

from msgspec import Struct

from comfylock.emit.quoting import BashWord, Comment, bash_words, comment
from comfylock.emit.steps import ArchiveStep, FileStep, GitStep
from comfylock.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from comfylock.emit.plan import Plan
    from comfylock.emit.steps import ModelStep, PackStep

ALWAYS = "-"
"""What stands for no group."""


class Call(Struct, frozen=True):
    """One call, over several lines where it is long."""

    command: BashWord
    remarks: tuple[Comment, ...] = ()
    """What a reviewer should know, above it."""


def call(*lines: Iterable[str], remarks: Iterable[str] = ()) -> Call:
    """Return a call whose words are given line by line."""
    quoted = [bash_words(line) for line in lines]
    return Call(BashWord(" \\\n    ".join(quoted)), tuple(map(comment, remarks)))


def group_switches(groups: Iterable[str]) -> dict[str, str]:
    """Return for each group the word behind `ENABLE_` that switches it.

    Raises:
        UsageError: two groups have one word.
    """
    found: dict[str, str] = {}
    for group in sorted(groups):
        word = group.upper().replace("-", "_").replace(".", "_")
        other = next((each for each, taken in found.items() if taken == word), None)
        if other is not None:
            told = f"the groups `{other}` and `{group}` would both be switched by `ENABLE_{word}`"
            raise UsageError(told, hint="rename one of them in `[groups]` of comfylock.toml")
        found[group] = word
    return found


def pack_calls(plan: Plan, switches: dict[str, str]) -> Iterator[Call]:
    """Yield a call for ComfyUI and for each pack, and for install.py where that is allowed."""
    comfyui = plan.comfyui
    if comfyui is None:
        yield call(("comfyui", "of this machine", "", "", ""))
    else:
        line = ("comfyui", comfyui.version or comfyui.commit[:12], comfyui.repository)
        yield call(line, (comfyui.commit, comfyui.tree or ""))
    if plan.system_packages:
        yield call(("debian_packages", *plan.system_packages))
    for pack in plan.packs:
        yield _pack(pack, _groups(pack.groups, switches))
        if plan.settings.install_scripts and "install.py" in pack.runs_code:
            yield call(("install_script",))


def _pack(pack: PackStep, groups: str) -> Call:
    name = f"{pack.name} {pack.version}" if pack.version else pack.name
    if isinstance(pack, ArchiveStep):
        lines = [("pack_archive", groups, pack.folder, name), (pack.sha256, str(pack.size))]
        return call(*lines, (pack.url,), remarks=pack.remarks)
    if isinstance(pack, FileStep):
        lines = [("pack_file", groups, pack.folder, name), (pack.sha256, str(pack.size))]
        return call(*lines, (pack.url,), remarks=pack.remarks)
    if isinstance(pack, GitStep):
        inner = [(each.path, each.commit, each.url) for each in pack.submodules]
        lines = [("pack_git", groups, pack.folder, name), (pack.commit, pack.tree)]
        return call(*lines, (pack.repository,), *inner, remarks=pack.remarks)
    assert_never(pack)


def model_calls(models: Iterable[ModelStep], switches: dict[str, str]) -> Iterator[Call]:
    """Yield a call for each model; alternatives under one key stand behind their choice."""
    for _, alternatives in groupby(models, key=lambda model: model.key):
        steps = list(alternatives)
        if len(steps) == 1:
            yield _model(steps[0], (), switches)
            continue
        tiers = [(step.tier or "", str(step.vram or 0)) for step in steps]
        yield call(("choose", steps[0].path, *(word for tier in tiers for word in tier)))
        for step in steps:
            yield _model(step, ("if_chosen", step.tier or ""), switches)


def _model(model: ModelStep, before: tuple[str, ...], switches: dict[str, str]) -> Call:
    first = (*before, "model" if model.url else "model_local", _groups(model.groups, switches))
    size = "" if model.size is None else str(model.size)
    pin = (model.sha256 or "", size)
    remarks = ["a token is needed for it"] if model.needs_token else []
    addresses = [(url,) for url in (model.url, *model.mirrors) if url]
    return call((*first, model.path), pin, *addresses, remarks=remarks)


def left_calls(plan: Plan, other: Plan | None) -> Iterator[Call]:
    """Yield a call for the packs that another lock has installed and this one does not have."""
    if other is None:
        return
    kept = {pack.folder for pack in plan.packs}
    gone = [pack.folder for pack in other.packs if pack.folder not in kept]
    if gone:
        yield call(("left", *gone), remarks=["only the other lock has these packs"])


def _groups(groups: tuple[str, ...], switches: dict[str, str]) -> str:
    return ",".join(switches[group] for group in groups) or ALWAYS
