"""`comfylock check`: would ComfyUI run these workflows, with these definitions?"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from comfylock.cli.definitions_options import SET, known_registry, load, print_damaged
from comfylock.cli.options import require_project
from comfylock.model import Problem

if TYPE_CHECKING:
    import argparse

    from comfylock.definitions.signature import DefinitionSet
    from comfylock.ops.workflow_check import WorkflowCheck

EXAMPLES = """\
Would ComfyUI run these workflows? Judged as its own /prompt would.

examples:
  comfylock check workflows/ --definitions definitions.json
  comfylock check portrait.json --server http://127.0.0.1:8188

API files are judged as they are, files of the editor as it would send them.
Lists of models and of input files are not judged, as they differ from machine
to machine; with --files they are, by a server or a saved /object_info.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's words."""
    parser.description = EXAMPLES
    parser.add_argument("paths", nargs="+", metavar="WORKFLOW", help="file, folder, pattern, or -")
    parser.add_argument(
        "--definitions", action="append", default=[], metavar="SET", help=f"{SET}; repeatable"
    )
    parser.add_argument("--server", metavar="URL", help="a running ComfyUI")
    parser.add_argument("--files", action="store_true", help="judge lists of files too")
    parser.add_argument(
        "--core-only",
        action="store_true",
        help="the set says nothing of packs: their nodes are not judged",
    )
    parser.add_argument(
        "--strict", action="store_true", help="exit 1 too if something could not be judged"
    )


def run(arguments: argparse.Namespace) -> int:
    """Check; 0 if all work, 1 if one does not, 2 if something could not be read."""
    from comfylock.ops.workflow_check import (  # noqa: PLC0415 - help needs none
        Checker,
        check_workflows,
    )

    require_project(arguments)
    registry, faults = known_registry(arguments)
    sources = [*arguments.definitions, *([arguments.server] if arguments.server else [])]
    definitions, damaged = load(
        arguments, sources, registry, files=arguments.files, some_will_do=True
    )
    damaged = [*faults, *damaged]
    checker = Checker(definitions, registry, core_only=arguments.core_only)
    standard_input = sys.stdin.buffer if sys.stdin else None
    checks: list[WorkflowCheck] = []
    unreadable: list[Problem] = []
    for found in check_workflows(arguments.paths, checker, standard_input):
        if isinstance(found, Problem):
            unreadable.append(found)
        else:
            checks.append(found)
    code = exit_code(checks, [*damaged, *unreadable], strict=arguments.strict)
    if arguments.json:
        _print_json(definitions, checks, [*damaged, *unreadable], code)
    else:
        _print_text(checks, arguments)
    sys.stdout.flush()
    print_damaged(damaged, verbose=arguments.verbose)
    print_unreadable(unreadable)
    return code


def exit_code(checks: list[WorkflowCheck], unreadable: list[Problem], *, strict: bool) -> int:
    """Return what the checks mean to a shell."""
    if unreadable:
        return 2
    bad = {"breaks", "partly"} | ({"unjudged"} if strict else set())
    return int(any(each.verdict in bad for each in checks))


def print_unreadable(problems: list[Problem]) -> None:
    """Tell which inputs could not be read."""
    from comfylock.cli.text import safe  # noqa: PLC0415

    for problem in problems:
        sys.stderr.write(f"error: {safe(problem.path)}: {safe(problem.message)}\n")


def totals(verdicts: list[str]) -> dict[str, int]:
    """Return how many workflows there are of each verdict."""
    return {name: verdicts.count(name) for name in ("works", "partly", "breaks", "unjudged")}


def _print_json(
    definitions: DefinitionSet, checks: list[WorkflowCheck], unreadable: list[Problem], code: int
) -> None:
    from comfylock.cli.envelope import success  # noqa: PLC0415

    data = {
        "definitions": described(definitions),
        "workflows": checks,
        "totals": totals([each.verdict for each in checks]),
        "unreadable": unreadable,
    }
    sys.stdout.buffer.write(success("check", data, ok=code == 0))


def described(definitions: DefinitionSet) -> dict[str, Any]:
    """Return what a set is, for machines."""
    return {
        "name": definitions.name,
        "kind": definitions.kind,
        "comfyui": definitions.comfyui,
        "class_types": len(definitions.classes),
    }


def _print_text(checks: list[WorkflowCheck], arguments: argparse.Namespace) -> None:
    from comfylock.cli.check_text import check_text  # noqa: PLC0415
    from comfylock.cli.text import Style, width  # noqa: PLC0415

    style = Style(arguments.color, sys.stdout)
    told = check_text(checks, style, width(sys.stdout), verbose=arguments.verbose)
    sys.stdout.write(told)
