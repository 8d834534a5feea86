"""`comfylock check-upgrade`: which workflows would an upgrade break?"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from comfylock.cli.check import described, print_unreadable, totals
from comfylock.cli.definitions_options import SET, known_registry, load, print_damaged
from comfylock.cli.options import require_project
from comfylock.errors import UsageError
from comfylock.model import Problem

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from comfylock.ops.upgrade_check import Comparison, UpgradeOutcome
    from comfylock.ops.upgrade_fix import FixedFile
    from comfylock.upgrade.fixes import Fix

EXAMPLES = """\
Which workflows would an upgrade of ComfyUI or of a pack break?

examples:
  comfylock check-upgrade --from old.json --to ../ComfyUI@v0.6.0 workflows/
  comfylock check-upgrade --from old.json --to new.json api/ --fix --dry-run

Differences are graded: breaks (every workflow with the class type), may break
(those with a certain value or link), behaviour (a default, a range), harmless;
for API files and for files of the editor apart, as the editor fills in what is
missing. The matrix says which versions of editor and worker go together, and
in which order to move them.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's words."""
    parser.description = EXAMPLES
    parser.add_argument("paths", nargs="*", metavar="WORKFLOW", help="file, folder or pattern")
    parser.add_argument(
        "--from", action="append", default=[], dest="old", metavar="SET", help=f"before: {SET}"
    )
    parser.add_argument(
        "--to", action="append", default=[], dest="new", metavar="SET", help="after; repeatable"
    )
    parser.add_argument(
        "--fix", action="store_true", help="write what is missing into API files, show a diff"
    )
    parser.add_argument("--dry-run", action="store_true", help="--fix: write nothing, say what")


def run(arguments: argparse.Namespace) -> int:
    """Compare; 0 if nothing breaks, 1 if something does, 2 if something could not be read."""
    if not arguments.old or not arguments.new:
        raise UsageError(
            "an upgrade has two sides: --from SET and --to SET",
            hint="comfylock check-upgrade --from old.json --to new.json workflows/",
        )
    require_project(arguments)
    if arguments.fix and not arguments.paths:
        raise UsageError("--fix needs workflows to write to", hint="comfylock check-upgrade --help")
    if arguments.dry_run and not arguments.fix:
        raise UsageError("--dry-run is about --fix", hint="comfylock check-upgrade --help")
    from comfylock.ops.upgrade_check import (  # noqa: PLC0415 - help needs none
        Comparison,
        check_upgrade,
        refuse_strangers,
    )

    registry, faults = known_registry(arguments)
    some = not arguments.fix
    old, damaged = load(arguments, arguments.old, registry, files=False, some_will_do=some)
    new, more = load(arguments, arguments.new, registry, files=False, some_will_do=some)
    damaged = [*faults, *damaged, *more]
    refuse_strangers(old, new)
    if old.is_core_only != new.is_core_only and not arguments.quiet:
        sys.stderr.write("note: one set says nothing of packs; their class types are left out\n")
    if arguments.fix:
        return _fix(arguments, Comparison(old, new, registry), damaged)
    standard_input = sys.stdin.buffer if sys.stdin else None
    outcome = check_upgrade(
        old,
        new,
        arguments.paths,
        registry,
        standard_input=standard_input,
    )
    code = 2 if damaged or outcome.unreadable else int(not outcome.is_safe)
    if arguments.json:
        _print_json(outcome, damaged, code)
    else:
        _print_text(outcome, arguments)
    sys.stdout.flush()
    print_damaged(damaged, verbose=arguments.verbose)
    print_unreadable(list(outcome.unreadable))
    return code


def _print_json(outcome: UpgradeOutcome, damaged: list[Problem], code: int) -> None:
    from comfylock.cli.envelope import success  # noqa: PLC0415

    data = {
        "from": described(outcome.old),
        "to": described(outcome.new),
        "changes": [
            {
                "class_type": each.class_type,
                "kind": each.kind,
                "input": each.input,
                "message": each.message,
                "grade": each.grade,
                "api": each.api,
                "ui": each.ui,
            }
            for each in outcome.changes
        ],
        "workflows": [
            {
                "path": each.path,
                "format": each.format,
                "from": each.old,
                "to": each.new,
                "broken": each.is_broken,
                "fixed": each.is_fixed,
                "hits": each.hits,
                "fixes": _fixes(each.fixes),
                "doubts": each.doubts,
            }
            for each in outcome.impacts
        ],
        "totals": {
            "from": totals([each.old for each in outcome.impacts]),
            "to": totals([each.new for each in outcome.impacts]),
            "broken": sum(each.is_broken for each in outcome.impacts),
        },
        "matrix": outcome.cells,
        "order": outcome.plan,
        "unreadable": [*damaged, *outcome.unreadable],
    }
    sys.stdout.buffer.write(success("check-upgrade", data, ok=code == 0))


def _fixes(fixes: Sequence[Fix]) -> list[dict[str, Any]]:
    """Return what is written, for machines."""
    return [
        {"node": each.node, "class_type": each.class_type, "input": each.input}
        | {"value": each.value}
        for each in fixes
    ]


def _print_text(outcome: UpgradeOutcome, arguments: argparse.Namespace) -> None:
    from comfylock.cli.text import Style, width  # noqa: PLC0415
    from comfylock.cli.upgrade_text import outcome_text  # noqa: PLC0415

    style = Style(arguments.color, sys.stdout)
    text = outcome_text(outcome, style, width(sys.stdout), verbose=arguments.verbose)
    sys.stdout.write(text)


def _fix(arguments: argparse.Namespace, comparison: Comparison, damaged: list[Problem]) -> int:
    from comfylock.ops.upgrade_fix import fix_files  # noqa: PLC0415

    unreadable: list[Problem] = []
    fixed: list[FixedFile] = []
    for found in fix_files(arguments.paths, comparison, is_dry=arguments.dry_run):
        if isinstance(found, Problem):
            unreadable.append(found)
        else:
            fixed.append(found)
    code = 2 if damaged or unreadable else int(any(each.left for each in fixed))
    if arguments.json:
        from comfylock.cli.envelope import success  # noqa: PLC0415

        data = {
            "files": [
                {
                    "path": each.path,
                    "written": each.is_written,
                    "fixes": _fixes(each.fixes),
                    "left": each.left,
                    "diff": each.diff,
                }
                for each in fixed
            ],
            "unreadable": [*damaged, *unreadable],
        }
        sys.stdout.buffer.write(success("check-upgrade.fix", data, ok=code == 0))
    else:
        from comfylock.cli.upgrade_text import fixed_text  # noqa: PLC0415

        sys.stdout.write(fixed_text(fixed, is_dry=arguments.dry_run))
    sys.stdout.flush()
    print_damaged(damaged, verbose=arguments.verbose)
    print_unreadable(unreadable)
    return code
