"""`comfylock registry`: what is known about class types, packs and models."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from comfylock.cli.options import require_project
from comfylock.cli.registry_text import found_text, shown_text
from comfylock.errors import UsageError
from comfylock.ops import registry as ops
from comfylock.ops.registry_lookup import search, show

if TYPE_CHECKING:
    import argparse

EXAMPLES = """\
What is known about class types, node packs and model files.

examples:
  comfylock registry show "Any Switch (rgthree)"
  comfylock registry add ../my-private-pack

subcommands:
  show NAME        a class type, pack or model file
  search TEXT      names that contain a text
  add PATH         a local pack, read without running it
  update [SOURCE]  refresh from the Manager's lists, or files, folders, wheels
  build SOURCE...  compile a registry into a folder
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's words."""
    parser.description = EXAMPLES
    parser.add_argument("subcommand", nargs="?", metavar="SUBCOMMAND")
    parser.add_argument("words", nargs="*", metavar="WORD")
    parser.add_argument("--limit", type=int, default=20, metavar="N", help="search: N of each kind")
    parser.add_argument("--user", action="store_true", help="add: for all projects of this user")
    parser.add_argument("--name", metavar="ID", help="add: the pack's name")
    parser.add_argument("--repository", metavar="URL", help="add: where the pack lives")
    parser.add_argument("-o", "--output", metavar="DIR", help="build: where to write")


def run(arguments: argparse.Namespace) -> int:
    """Run a subcommand; 0 if done or found, 1 if nothing is known under that name."""
    if arguments.subcommand is None:
        told = f"`registry` needs a subcommand: {', '.join(_RUNNERS)}"
        raise UsageError(told, hint="comfylock registry --help")
    runner = _RUNNERS.get(arguments.subcommand)
    if runner is None:
        raise _unknown(arguments.subcommand)
    return runner(arguments)


def _unknown(subcommand: str) -> UsageError:
    import difflib  # noqa: PLC0415 - only mistakes need it

    nearest = difflib.get_close_matches(subcommand, _RUNNERS, 1, 0.5)
    hint = f"did you mean `comfylock registry {nearest[0]}`?" if nearest else None
    return UsageError(
        f"`registry` has no subcommand `{subcommand}`", hint=hint or "comfylock registry --help"
    )


def _show(arguments: argparse.Namespace) -> int:
    require_project(arguments)
    name = _one_word(arguments, "NAME")
    facts = show(ops.project_registry(arguments.project), name)
    if arguments.json:
        _print_json("registry.show", facts, ok=facts.is_known)
    else:
        sys.stdout.write(shown_text(facts, _style(arguments), _width()))
    return 0 if facts.is_known else 1


def _search(arguments: argparse.Namespace) -> int:
    text = " ".join(arguments.words).strip()
    if not text:
        raise UsageError("`registry search` needs a TEXT", hint="comfylock registry search TEXT")
    require_project(arguments)
    if arguments.limit < 1:
        raise UsageError("--limit must be at least 1", hint="--limit 20")
    found = search(ops.project_registry(arguments.project), text, arguments.limit)
    if arguments.json:
        _print_json("registry.search", found, ok=bool(found.total))
    else:
        sys.stdout.write(found_text(found, _style(arguments), _width()))
    return 0 if found.total else 1


def _add(arguments: argparse.Namespace) -> int:
    path = _one_word(arguments, "PATH")
    if not arguments.user:
        require_project(arguments)
    layer = ops.user_layer() if arguments.user else ops.project_layer(arguments.project)
    name, classes, scripted, problems = ops.add_pack(
        path, layer, name=arguments.name, repository=arguments.repository
    )
    if arguments.json:
        data = {
            "name": name,
            "class_types": classes,
            "frontend_only": scripted,
            "layer": layer,
            "problems": problems,
        }
        _print_json("registry.add", data, ok=True)
        return 0
    from comfylock.cli.text import plural, safe  # noqa: PLC0415

    more = f" and {plural(scripted, 'frontend-only type')}" if scripted else ""
    counted = f"{plural(classes, 'class type')}{more}"
    sys.stdout.write(f"Added {safe(name)}: {counted}, in {safe(layer)}\n")
    for problem in problems:
        where = f"{safe(problem.path)}: " if problem.path else ""
        sys.stderr.write(f"warning: {where}{safe(problem.message)}\n")
    return 0


def _update(arguments: argparse.Namespace) -> int:
    from comfylock import __version__  # noqa: PLC0415
    from comfylock.config import load_config  # noqa: PLC0415 - only this subcommand asks

    manager = None if arguments.words else load_config(arguments.project).endpoints.get("manager")
    layer = ops.updated_layer()
    changed = ops.update(
        arguments.words,
        layer,
        offline=arguments.offline,
        user_agent=f"comfylock/{__version__}",
        manager=manager,
    )
    return _report_changes(arguments, layer, changed)


def _build(arguments: argparse.Namespace) -> int:
    if not arguments.words or not arguments.output:
        raise UsageError(
            "`registry build` needs sources and a folder to write to",
            hint="comfylock registry build comfyui_manager-4.3-py3-none-any.whl -o registry",
        )
    changed = ops.build(arguments.words, arguments.output)
    return _report_changes(arguments, arguments.output, changed)


def _report_changes(arguments: argparse.Namespace, folder: str, changed: list[str]) -> int:
    if arguments.json:
        data = {"folder": folder, "changed": changed}
        _print_json(f"registry.{arguments.subcommand}", data, ok=True)
        return 0
    from comfylock.cli.text import safe  # noqa: PLC0415

    if changed:
        sys.stdout.write(f"Updated {safe(folder)}: {', '.join(changed)}\n")
    else:
        sys.stdout.write(f"{safe(folder)} is up to date\n")
    return 0


def _one_word(arguments: argparse.Namespace, what: str) -> str:
    if len(arguments.words) != 1 or not arguments.words[0]:
        command = f"comfylock registry {arguments.subcommand} {what}"
        if len(arguments.words) > 1:
            command += ", in quotes where it has spaces"
        raise UsageError(f"`registry {arguments.subcommand}` needs one {what}", hint=command)
    word: str = arguments.words[0]
    return word


def _print_json(schema: str, data: Any, *, ok: bool) -> None:
    from comfylock.cli.envelope import success  # noqa: PLC0415

    sys.stdout.buffer.write(success(schema, data, ok=ok))


def _style(arguments: argparse.Namespace) -> Any:
    from comfylock.cli.text import Style  # noqa: PLC0415

    return Style(arguments.color, sys.stdout)


def _width() -> int:
    from comfylock.cli.text import width  # noqa: PLC0415

    return width(sys.stdout)


_RUNNERS = {
    "show": _show,
    "search": _search,
    "add": _add,
    "update": _update,
    "build": _build,
}
