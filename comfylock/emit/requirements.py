"""A requirements.txt with a digest for everything, for pip and for uv."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock.emit.interface import Emitted
from comfylock.emit.quoting import comment, refuse_odd
from comfylock.errors import EmitError
from comfylock.lockfile.mark import lock_mark
from comfylock.lockfile.python_files import locked_packages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.emit.plan import Plan
    from comfylock.emit.steps import PythonStep
    from comfylock.lockfile.python_files import LockedPackage

NAME = "requirements.txt"

HEADER = """\
# {mark}
# For {target}, written by comfylock emit requirements from {file}.
# pip install --require-hashes --no-deps -r {name}
# uv pip install --require-hashes --no-deps -r {name}
--only-binary :all:
"""


def generate(plan: Plan) -> tuple[Emitted, ...]:
    """Return a file for each target; with one target it is called `requirements.txt`.

    Raises:
        EmitError: the lock has no Python packages, or a pylock is not beside it.
    """
    steps = plan.required_python()
    return tuple(_emitted(plan, step, is_alone=len(steps) == 1) for step in steps)


def _emitted(plan: Plan, step: PythonStep, *, is_alone: bool) -> Emitted:
    name = NAME if is_alone else f"requirements-{step.target.name}.txt"
    packages = locked_packages(step.pylock(), step.file)
    built = sorted({each.name for each in packages if _is_built(each)})
    mark = lock_mark(plan.digest)
    header = HEADER.format(mark=mark, target=step.target.name, file=comment(step.file), name=name)
    header += "".join(f"# {comment(line)}\n" for line in plan.not_pinned("python"))
    lines = [f"--no-binary {package}\n" for package in built]
    lines += [_lines(package) for package in packages]
    notes = tuple(_notes(packages, built, name))
    return Emitted(name, (header + "".join(lines)).encode(), notes=notes)


def _lines(package: LockedPackage) -> str:
    """Return a requirement with the digest of each file that it may be installed from."""
    if package.commit is not None:
        return f"# not here, as no digest of git is checked: {comment(_from_git(package))}\n"
    text = f"{package.name}=={package.version}"
    address = _address(package)
    if address is not None:
        text = f"{package.name} @ {refuse_odd(address, NAME)}"
    elif package.version is None:
        raise EmitError(f"`{package.name}` has neither a version nor an address of its own")
    if package.marker is not None:
        text += f" ; {refuse_odd(package.marker, NAME)}"
    if "${" in text or " #" in text:  # pip would put in a variable, or stop reading
        raise EmitError(f"`{package.name}` has a marker that pip would read as something else")
    digests = sorted({file.sha256 for file in package.files})
    return " \\\n    ".join([text, *(f"--hash=sha256:{digest}" for digest in digests)]) + "\n"


def _address(package: LockedPackage) -> str | None:
    """Return the one address of what the usual index does not have.

    A version with a local part (`2.8.0+cu128`) is on PyTorch's own index alone. To name that
    index instead would let it, or the usual one, offer every other package too.
    """
    is_local = package.version is not None and "+" in package.version
    source = package.archive or (package.files[0] if is_local else None)
    if source is None:
        return None
    below = f"#subdirectory={package.subdirectory}" if package.subdirectory else ""
    return f"{source.url}{below}"


def _from_git(package: LockedPackage) -> str:
    below = f"#subdirectory={package.subdirectory}" if package.subdirectory else ""
    address = (package.repository or "").removeprefix("git+")
    return f"pip install --no-deps '{package.name} @ git+{address}@{package.commit}{below}'"


def _is_built(package: LockedPackage) -> bool:
    return not package.wheels and any(not file.name.endswith(".whl") for file in package.files)


def _notes(packages: tuple[LockedPackage, ...], built: list[str], name: str) -> Iterator[str]:
    if built:
        told = ", ".join(built)
        yield f"whoever installs {name} runs code of packages without a wheel: {told}"
    git = [package.name for package in packages if package.commit is not None]
    if git:
        told = ", ".join(git)
        yield f"{name} leaves out what comes from git, of which no digest is checked: {told}"
