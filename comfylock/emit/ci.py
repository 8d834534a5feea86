"""A GitHub workflow that says whether the lock, and what was emitted from it, is current.

Source: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfylock import __version__
from comfylock.emit import quoting
from comfylock.emit.interface import Emitted
from comfylock.emit.quoting import BashWord, YamlString
from comfylock.emit.templating import render
from comfylock.errors import EmitError
from comfylock.lockfile.mark import lock_mark
from comfylock.names import printable
from comfylock.patterns import Pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from comfylock.emit.plan import Plan

NAME = ".github/workflows/comfylock.yml"

ACTIONS = {
    "checkout": ("de0fac2e4500dabe0009e67214ff5f5447ce83dd", "v6.0.2"),
    "setup-python": ("a309ff8b426b58ec0e2a45f0f869d46889d02405", "v6.2.0"),
    "upload-artifact": ("b7c566a772e6b6bfb58ed0dc250532a479d7789f", "v6.0.0"),
}
"""GitHub's own actions, each at the commit of a release."""

_BLANKS = Pattern(r"\A +| +\Z")

OWN_FILES = ("comfy.lock", "comfylock.toml", "pyproject.toml", "pylock*.toml", NAME)


def generate(plan: Plan) -> tuple[Emitted, ...]:
    """Return the workflow; it belongs into the repository's own folder.

    Raises:
        EmitError: a path cannot be told to GitHub.
    """
    output = plan.settings.output
    pins = {
        action.replace("-", "_"): quoting.yaml(f"actions/{action}@{commit}")
        for action, (commit, _) in ACTIONS.items()
    }
    versions = {
        f"{action.replace('-', '_')}_version": quoting.comment(version)
        for action, (_, version) in ACTIONS.items()
    }
    text = render(
        "ci.yml.jinja",
        YamlString,
        BashWord,
        mark=quoting.comment(lock_mark(plan.digest)),
        paths=[quoting.yaml(path) for path in _watched(plan.inputs, output)],
        comfylock=quoting.bash(f"comfylock=={__version__}"),
        has_output=output is not None,
        kept=quoting.yaml_lines(_kept(output)),
        **pins,
        **versions,
    )
    return (Emitted(NAME, text.encode(), notes=tuple(_notes(plan))),)


def _watched(inputs: Iterable[str], output: str | None) -> tuple[str, ...]:
    """Return GitHub's patterns for whatever can make the lock stale, sorted."""
    found = set(OWN_FILES)
    for path in inputs:
        if path == ".":
            return ("**",)
        pattern = _pattern(path.rstrip("/"))
        found |= {pattern, f"{pattern}/**"}
    if output is not None:
        found.add(f"{_pattern(output)}/**")
    return tuple(sorted(found))


def _pattern(path: str) -> str:
    """Return a path or pattern of ours as one of GitHub's.

    `*`, `?` and `[…]` mean much the same there; `?` and `+` repeat the letter before, and `!`
    in front takes back. A file that is watched too much costs a run, so `?` becomes `*`, and so do
    blanks at an end, which GitHub does not take.
    """
    if "${{" in path:
        raise EmitError(f"`{printable(path, 80)}` cannot be told to GitHub: `${{{{` begins a term")
    text = _BLANKS.sub("*", path.replace("?", "*").replace("+", "\\+"))
    return f"\\{text}" if text.startswith("!") else text


def _kept(output: str | None) -> tuple[str, ...]:
    """Return what is offered for download."""
    return ("comfy.lock", "pylock*.toml", *(() if output is None else (f"{output}/", NAME)))


def _notes(plan: Plan) -> Iterator[str]:
    yield "the workflow works where comfy.lock is in the repository's own folder"
    if plan.settings.output is None:
        yield (
            "without `output` in `[emit]` of comfylock.toml it does not check what was emitted: "
            "nobody says where that is"
        )
