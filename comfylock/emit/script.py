"""`script`: one bash file that installs a lock on a machine, and run again does nothing.

Its parts are plain bash in `templates/script/`; from the lock come only the calls of
`present_lock()`, the Python packages and the defaults.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.emit.interface import Emitted
from comfylock.emit.model_paths import folder_places
from comfylock.emit.quoting import (
    BashText,
    BashWord,
    Quoted,
    bash,
    bash_text,
    bash_words,
    comment,
    heredoc_end,
)
from comfylock.emit.script_calls import (
    Call,
    group_switches,
    left_calls,
    model_calls,
    pack_calls,
)
from comfylock.emit.script_python import (
    PythonPart,
    earlier_part,
    python_part,
    python_targets,
)
from comfylock.emit.templating import render
from comfylock.lockfile.mark import lock_mark

if TYPE_CHECKING:
    from comfylock.emit.plan import Plan
    from comfylock.emit.steps import ModelStep, PythonStep

NAME = "install.sh"


class Group(Struct, frozen=True):
    """A group, as the script's environment switches it."""

    name: BashWord
    """`VIDEO` of `ENABLE_VIDEO`."""
    default: BashWord


class Part(Struct, frozen=True):
    """One lock in the script."""

    name: BashWord
    """`present`, or `previous` for the way back."""
    digest: BashWord
    target: BashWord
    python_sha256: BashWord
    calls: tuple[Call, ...]
    versions: BashText
    versions_end: BashText
    document: BashText
    document_end: BashText


def generate(plan: Plan) -> tuple[Emitted, ...]:
    """Return the script; one for each target where the settings leave several.

    Raises:
        EmitError: the lock has no Python packages, and the settings do not do without.
        UsageError: two groups would have one switch.
    """
    targets = python_targets(plan)
    names = [f"install-{step.target.name}.sh" if step else NAME for step in targets]
    if len(targets) == 1:
        names = [NAME]
    return tuple(_script(plan, step, name) for step, name in zip(targets, names, strict=True))


def _script(plan: Plan, step: PythonStep | None, name: str) -> Emitted:
    previous = plan.previous
    switches = group_switches({*plan.groups, *(previous.groups if previous else ())})
    parts = [_part("present", plan, previous, python_part(plan, step), switches)]
    if previous is not None:
        parts.append(_part("previous", previous, plan, earlier_part(previous, step), switches))
    text = render(
        "script.sh.jinja",
        BashWord,
        BashText,
        name=comment(name),
        mark=comment(lock_mark(plan.digest)),
        contents=comment(_contents(plan)),
        head=tuple(map(comment, _head(plan))),
        has_tiers=any(model.tier for model in _models(plan)),
        groups=[
            Group(bash(word), bash("1" if group in plan.variants[0].groups else "0"))
            for group, word in switches.items()
        ],
        parts=parts,
        **_defaults(plan),
    )
    return Emitted(name, text.encode(), is_executable=True, notes=_notes(plan, parts))


def _defaults(plan: Plan) -> dict[str, Quoted]:
    """Return what the script does where its environment says nothing."""
    places, settings = plan.places(in_image=False), plan.settings
    folders = folder_places(_models(plan)).items()
    return {
        "comfyui_shown": comment(places.comfyui),
        "models_shown": comment(places.models),
        "comfyui_dir": bash(places.comfyui),
        "models_dir": bash(places.models if places.volume else ""),
        "volume": bash(places.volume or ""),
        "installer": bash(settings.installer),
        "tier": bash(settings.tier or ""),
        "model_folders": bash_words(f"{key}={place}" for key, place in folders),
    }


def _part(
    name: str, plan: Plan, other: Plan | None, python: PythonPart, switches: dict[str, str]
) -> Part:
    calls = [*pack_calls(plan, switches), *model_calls(_models(plan), switches)]
    versions, document = bash_text(python.versions), bash_text(python.document)
    return Part(
        name=bash(name),
        digest=bash(plan.digest),
        target=bash(python.target),
        python_sha256=bash(python.sha256),
        calls=(*calls, *python.calls, *left_calls(plan, other)),
        versions=versions,
        versions_end=heredoc_end(versions),
        document=document,
        document_end=heredoc_end(document),
    )


def _models(plan: Plan) -> tuple[ModelStep, ...]:
    return plan.models if plan.variants[0].has_models else ()


def _contents(plan: Plan) -> str:
    """Return what is in it, in a few words."""
    parts = [] if plan.comfyui is None else [f"ComfyUI {plan.comfyui.version or ''}".strip()]
    parts += [f"{len(plan.packs)} node packs", f"{len(_models(plan))} models"]
    return ", ".join(parts)


def _head(plan: Plan) -> list[str]:
    """Return what a reviewer should know of the whole."""
    lines = [f"Not pinned and not installed: {each}" for each in plan.unpinned]
    if plan.previous is not None:
        lines.append(f"With --back it leads back to the lock {plan.previous.digest}.")
    return lines


def _notes(plan: Plan, parts: list[Part]) -> tuple[str, ...]:
    notes = [f"not installed, as it is not pinned: {each}" for each in plan.unpinned]
    if not parts[0].python_sha256.strip("'") and parts[0].document:
        notes.append("Python packages are installed as the packs ask for them, unlocked")
    if len(parts) > 1 and plan.python and not parts[1].document:
        told = "its pylock is not beside it"
        notes.append(f"--back leaves the Python packages of the earlier lock out: {told}")
    return tuple(notes)
