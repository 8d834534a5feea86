"""`comfylock registry`: what is known about class types, packs and models."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from comfylock.cli.registry_text import found_text, shown_text
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
  update [SOURCE]  refresh from the Manager's lists, or from files, folders, wheels
  build SOURCE...  compile a registry into a folder
"""

SUBCOMMANDS = ("show", "search", "add", "update", "build")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's words."""
    parser.description = EXAMPLES
    parser.add_argument("subcommand", choices=SUBCOMMANDS, metavar="SUBCOMMAND")
    parser.add_argument("words", nargs="*", metavar="WORD")
    parser.add_argument("--limit", type=int, default=20, metavar="N", help="search: at most N")
    parser.add_argument("--user", action="store_true", help="add: for all projects of this user")
    parser.add_argument("--name", metavar="ID", help="add: the pack's name")
    parser.add_argument("--repository", metavar="URL", help="add: where the pack lives")
    parser.add_argument("-o", "--output", metavar="DIR", help="build: where to write")


def run(arguments: argparse.Namespace) -> int:
    """Run a subcommand; 0 if done or found, 1 if nothing is known under that name."""
    return _RUNNERS[arguments.subcommand](arguments)


def _show(arguments: argparse.Namespace) -> int:
    name = _one_word(arguments, "NAME")
    facts = show(ops.project_registry(arguments.project), name)
    if arguments.json:
        _print_json("registry.show", facts, ok=facts.is_known)
    else:
        sys.stdout.write(shown_text(facts, _style(arguments), _width()))
    return 0 if facts.is_known else 1


def _search(arguments: argparse.Namespace) -> int:
    text = _one_word(arguments, "TEXT")
    found = search(ops.project_registry(arguments.project), text, max(arguments.limit, 1))
    if arguments.json:
        _print_json("registry.search", found, ok=bool(found.total))
    else:
        sys.stdout.write(found_text(found, _style(arguments), _width()))
    return 0 if found.total else 1


def _add(arguments: argparse.Namespace) -> int:
    path = _one_word(arguments, "PATH")
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
    sys.stdout.write(f"Added {safe(name)}: {plural(classes, 'class type')}{more}, in {layer}\n")
    for problem in problems:
        sys.stderr.write(f"warning: {safe(problem.path)}: {safe(problem.message)}\n")
    return 0


def _update(arguments: argparse.Namespace) -> int:
    from comfylock import __version__  # noqa: PLC0415

    layer = ops.updated_layer()
    changed = ops.update(
        arguments.words,
        layer,
        offline=arguments.offline,
        user_agent=f"comfylock/{__version__}",
    )
    return _report_changes(arguments, layer, changed)


def _build(arguments: argparse.Namespace) -> int:
    from comfylock.errors import UsageError  # noqa: PLC0415

    if not arguments.words or not arguments.output:
        raise UsageError(
            "`registry build` needs sources and a folder to write to",
            hint="comfylock registry build comfyui_manager-4.3-py3-none-any.whl -o registry",
        )
    changed = ops.build(arguments.words, arguments.output)
    return _report_changes(arguments, arguments.output, changed)


def _report_changes(arguments: argparse.Namespace, folder: str, changed: list[str]) -> int:
    if arguments.json:
        _print_json("registry.update", {"folder": folder, "changed": changed}, ok=True)
    elif changed:
        sys.stdout.write(f"Updated {folder}: {', '.join(changed)}\n")
    else:
        sys.stdout.write(f"{folder} is up to date\n")
    return 0


def _one_word(arguments: argparse.Namespace, what: str) -> str:
    from comfylock.errors import UsageError  # noqa: PLC0415

    if len(arguments.words) != 1:
        command = f"comfylock registry {arguments.subcommand} {what}"
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
