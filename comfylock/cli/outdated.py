"""`comfylock outdated`: which pins have something newer, and what would moving them break?"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from comfylock.cli.options import require_project

if TYPE_CHECKING:
    import argparse

    from comfylock.ops.outdated import OutdatedOutcome
    from comfylock.resolve.newest import Survey

EXAMPLES = """\
What has something newer: ComfyUI, images, packs, models; and which workflows it
would break. Moves nothing.

examples:
  comfylock outdated
  comfylock outdated comfyui-kjnodes --json

Packs of the Comfy Registry are held against its newest active version, those of
git against the newest release tag, or the branch they were taken from; models
against what their revision, model or release is today; ComfyUI against its
newest release; images against where their tags lead today. To move one:
`comfylock lock --upgrade-package NAME`.

What a move of ComfyUI or of a pack would do to the locked workflows is told by
the source of both versions, which is read, never run, and kept in the cache:
breaks N, changes N (they run, and do something else), safe, or not known, with
the reason below the table. `--newer-only` leaves that out.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's words."""
    parser.description = EXAMPLES
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="packs, models, or workflows with all they need"
    )
    parser.add_argument("--exit-code", action="store_true", help="exit 1 if anything is outdated")
    parser.add_argument(
        "--newer-only",
        action="store_true",
        help="do not read what would break: fewer and smaller requests",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print what is newer; 0, with --exit-code 1 if anything is, 3 if a service is away."""
    require_project(arguments)
    from comfylock.cli.progress import progress  # noqa: PLC0415
    from comfylock.ops.outdated import outdated  # noqa: PLC0415 - `--help` needs no network

    shows = not arguments.quiet and sys.stderr.isatty()
    with progress(enabled=shows, what="facts learnt", stride=1) as reporter:
        outcome = outdated(
            arguments.project,
            tuple(arguments.names),
            os.environ,
            is_offline=arguments.offline,
            reads_definitions=not arguments.newer_only,
            reporter=reporter,
        )
    code = exit_code(outcome.survey, strict=arguments.exit_code)
    if arguments.json:
        _print_json(outcome, code)
    else:
        from comfylock.cli.outdated_text import survey_text  # noqa: PLC0415
        from comfylock.cli.text import Style, width  # noqa: PLC0415

        style = Style(arguments.color, sys.stdout)
        columns, is_verbose = width(sys.stdout), arguments.verbose
        shown = survey_text(outcome.survey, style, columns, outcome.moves, verbose=is_verbose)
        sys.stdout.write(shown)
    sys.stdout.flush()
    _print_unreachable(outcome.survey)
    return code


def exit_code(survey: Survey, *, strict: bool) -> int:
    """Return what a survey means to a shell; a service that is away is the gravest."""
    if survey.unreachable:
        return 3
    return int(strict and any(entry.status == "outdated" for entry in survey.entries))


def _print_json(outcome: OutdatedOutcome, code: int) -> None:
    import msgspec  # noqa: PLC0415 - `--help` needs none

    from comfylock.cli.envelope import success  # noqa: PLC0415
    from comfylock.cli.move_report import move_object  # noqa: PLC0415

    entries = [
        {**msgspec.structs.asdict(each), "move": move_object(move) if move else None}
        for each in outcome.survey.entries
        for move in (outcome.moves.get(each.name),)
    ]
    data = {
        "entries": entries,
        "unreachable": outcome.survey.unreachable,
        "facts": {
            service: {"needed": needed, "asked": asked}
            for service, (needed, asked) in sorted(outcome.asked.items())
        },
    }
    sys.stdout.buffer.write(success("outdated", data, ok=code == 0))


def _print_unreachable(survey: Survey) -> None:
    from comfylock.cli.text import hint_lines, safe  # noqa: PLC0415

    for failure in survey.unreachable:
        subjects = ", ".join(map(safe, failure.subjects[:3]))
        more = f" and {len(failure.subjects) - 3} more" if len(failure.subjects) > 3 else ""
        sys.stderr.write(f"error: {safe(failure.message)} (asked about {subjects}{more})\n")
    for line in hint_lines(each.hint for each in survey.unreachable):
        sys.stderr.write(f"{line}\n")
