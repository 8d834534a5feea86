"""The text of a starting `comfylock.toml`: strangers' names stay in their strings and comments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from comfylock.names import printable, quoted

if TYPE_CHECKING:
    from comfylock.model import ClassEntry, ModelEntry, Report

MAX_LINES = 500
"""Lines to complete of one table."""


class Imported(Struct, frozen=True):
    """What a snapshot gives to a settings file."""

    lines: tuple[str, ...] = ()
    """Entries of `[packs]`, each on its line."""
    comments: tuple[str, ...] = ()
    """What the file says of the rest."""
    problems: tuple[str, ...] = ()
    """What could not be taken, a sentence each."""
    names: frozenset[str] = frozenset()
    """The packs that are pinned by it."""


HEAD = """\
# What this project says about its workflows; yours to edit. Every setting is optional.
# What do the workflows need?   comfylock analyze
# Pin it:                       comfylock lock
"""
LOCK = """\
[lock]
# What `comfylock lock` locks when no path is given: files, folders and patterns.
"""
MORE = """\
# Which version of a pack is taken where nothing else decides: "authored" or "latest".
# prefer = "authored"
# The systems that the lock is for.
# targets = ["linux-x86_64"]

[comfyui]
# Which ComfyUI; without a word the oldest release that all workflows run on.
# version = ">=0.3.60"

# [python]
# Python packages of everything, with digests, in pylock.comfy.toml: platform, Python, accelerator.
# targets = ["linux-x86_64-py3.12-cu128"]

# [images]
# Container images to build on, each at its digest; named after the accelerator that they are for.
# cu128 = "nvidia/cuda:12.8.1-cudnn-runtime-ubuntu24.04"
"""
CLASSES = """\
[class-types]
# Which pack provides a class type: a registry id, `owner/repo` or a repository's URL.
"""
PACKS = """\
[packs]
# Which version of a pack, or where to take it from instead.
# "some-pack" = ">=1.2,<2"
# "owner/repo" = { git = "https://github.com/owner/repo", revision = "main" }
"""
MODELS = """\
[models]
# Where a model comes from: `url`, `huggingface` with `path`, `civitai`, or `local`.
"""
UNSETTLED = "# To settle what is open, complete these lines and take the `#` away."
SETTLED = "# Nothing is open."


def starting_text(
    report: Report,
    workflows: tuple[str, ...],
    imported: Imported,
    settled: frozenset[str] = frozenset(),
) -> str:
    """Return the text of a settings file with what is open in an analysis as comments.

    `settled` are the models that the project wants no source for.
    """
    listed = ", ".join(map(quoted, workflows))
    lock = f"workflows = [{listed}]\n" if workflows else '# workflows = ["workflows/"]\n'
    classes = [_class_line(entry, imported.names) for entry in open_classes(report)]
    models = [f'# {quoted(model.path)} = "https://…"' for model in open_models(report, settled)]
    packs = [*(comment(text) for text in imported.comments), *imported.lines]
    sections = [
        HEAD,
        LOCK + lock + MORE,
        CLASSES + _to_complete(classes),
        PACKS + "".join(f"{line}\n" for line in packs),
        MODELS + _to_complete(models),
    ]
    return "\n".join(sections)


def open_classes(report: Report) -> list[ClassEntry]:
    """Return the class types that no pack was found for."""
    return [entry for entry in report.class_types if entry.kind in {"ambiguous", "unknown"}]


def open_models(report: Report, settled: frozenset[str]) -> list[ModelEntry]:
    """Return the models without a source that want one."""
    return [
        model
        for model in report.models
        if not (model.sources or model.inactive or {model.path, model.name} & settled)
    ]


def comment(text: str) -> str:
    """Return a comment of one line, whatever the text holds."""
    return f"# {printable(text, 300)}"


def _class_line(entry: ClassEntry, installed: frozenset[str]) -> str:
    """Return the line that settles a class type; packs of the snapshot are named first."""
    if entry.kind == "ambiguous" and entry.candidates:
        best, *others = sorted(entry.candidates, key=lambda name: name not in installed)
        told = f"or {', '.join(others[:5])}" if others else ""
    else:
        best = "owner/repo"
        told = f"nearest known: {', '.join(entry.candidates[:3])}" if entry.candidates else ""
    line = f"# {quoted(entry.class_type)} = {quoted(best)}"
    return f"{line}  # {printable(told, 300)}" if told else line


def _to_complete(lines: list[str]) -> str:
    if not lines:
        return f"{SETTLED}\n"
    hidden = len(lines) - MAX_LINES
    more = [f"# and {hidden:,} more: comfylock analyze --verbose"] if hidden > 0 else []
    return "\n".join([UNSETTLED, *lines[:MAX_LINES], *more]) + "\n"
