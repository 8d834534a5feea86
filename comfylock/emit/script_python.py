"""The Python packages in the install script: the pylock as it is, and what it holds, readable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.emit.script_calls import Call, call
from comfylock.errors import EmitError
from comfylock.python.pylock import read_pylock

if TYPE_CHECKING:
    from comfylock.emit.plan import Plan
    from comfylock.emit.steps import PythonStep

UNPACKED = 3
"""Bytes that a wheel's files take for each byte of it, about: that much for torch."""


class PythonPart(Struct, frozen=True):
    """What a script holds of Python packages; empty texts where it holds none."""

    calls: tuple[Call, ...] = ()
    target: str = ""
    sha256: str = ""
    """Of the document, if it is a pylock."""
    versions: str = ""
    """`name==version` in each line."""
    document: str = ""
    """The pylock, or requirements that are not locked."""


def python_targets(plan: Plan) -> tuple[PythonStep | None, ...]:
    """Return the targets that a script can be for, one at least: None where there is none.

    A script is bash, so it is for Linux.
    """
    return tuple(s for s in plan.python if s.target.platform.startswith("linux")) or (None,)


def python_part(plan: Plan, step: PythonStep | None) -> PythonPart:
    """Return what is installed of Python packages: those of a target.

    Raises:
        EmitError: the lock has none, and the settings do not do without.
    """
    if step is not None:
        return _locked(step)
    wanted = _requirements(plan)
    if not wanted:
        return PythonPart()
    if not plan.settings.pack_requirements:
        raise EmitError(
            "the lock has no Python packages, and ComfyUI or its packs ask for some",
            hint="add `targets` to `[python]` of comfylock.toml and run `comfylock lock`, or give "
            "`--pack-requirements` to have what they ask for installed unlocked",
        )
    document = "".join(f"{text}\n" for text in wanted)
    return PythonPart((call(("python_requirements", str(len(wanted)))),), document=document)


def earlier_part(plan: Plan, step: PythonStep | None) -> PythonPart:
    """Return the same of a lock to go back to, nothing where its pylock is not at hand."""
    wanted = None if step is None else step.target
    earlier = next((each for each in plan.python if each.target == wanted), None)
    try:
        return python_part(plan, earlier)
    except EmitError:
        return PythonPart()


def _locked(step: PythonStep) -> PythonPart:
    data = step.pylock()
    packages = [each for each in read_pylock(data, step.file) if each.version]
    if not data.endswith(b"\n"):
        raise EmitError(f"`{step.file}` does not end with a line's end", hint="comfylock lock")
    return PythonPart(
        (call(("python_packages", str(len(packages)), str(_room(data)))),),
        step.target.name,
        step.sha256,
        "".join(f"{each.name}=={each.version}\n" for each in packages),
        data.decode(),
    )


def _requirements(plan: Plan) -> list[str]:
    """Return what ComfyUI and the packs ask for, each once, ComfyUI's first."""
    asked = list(plan.comfyui.requirements) if plan.comfyui is not None else []
    asked += [text for pack in plan.packs for text in pack.requirements]
    return list(dict.fromkeys(text for text in asked if text))


def _room(data: bytes) -> int:
    """Return how many bytes the packages may take, as far as the pylock tells sizes."""
    import tomli  # noqa: PLC0415 - as where pylocks are read

    total = 0
    for package in tomli.loads(data.decode()).get("packages", []):
        sizes = [wheel.get("size", 0) for wheel in package.get("wheels", [])]
        total += max(sizes, default=0)
    return total * UNPACKED
