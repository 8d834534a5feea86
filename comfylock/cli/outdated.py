"""`comfylock outdated`: which pins have something newer?"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from comfylock.cli.options import require_project

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from comfylock.cli.text import Style
    from comfylock.ops.outdated import OutdatedOutcome
    from comfylock.resolve.newest import Newer, Survey

EXAMPLES = """\
What has something newer: ComfyUI, images, packs, models. Moves nothing.

examples:
  comfylock outdated
  comfylock outdated comfyui-kjnodes --json

Packs of the Comfy Registry are held against its newest active version, those of
git against the newest release tag, or the branch they were taken from; models
against what their revision, model or release is today; ComfyUI against its
newest release; images against where their tags lead today. To move one:
`comfylock lock --upgrade-package NAME`.
"""

NARROW = 60
"""Columns below which a row's values stand below its name."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's words."""
    parser.description = EXAMPLES
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="packs, models, or workflows with all they need"
    )
    parser.add_argument("--exit-code", action="store_true", help="exit 1 if anything is outdated")


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
            reporter=reporter,
        )
    code = exit_code(outcome.survey, strict=arguments.exit_code)
    if arguments.json:
        _print_json(outcome, code)
    else:
        from comfylock.cli.text import Style, width  # noqa: PLC0415

        style = Style(arguments.color, sys.stdout)
        shown = survey_text(outcome.survey, style, width(sys.stdout), verbose=arguments.verbose)
        sys.stdout.write(shown)
    sys.stdout.flush()
    _print_unreachable(outcome.survey)
    return code


def exit_code(survey: Survey, *, strict: bool) -> int:
    """Return what a survey means to a shell; a service that is away is the gravest."""
    if survey.unreachable:
        return 3
    return int(strict and any(entry.status == "outdated" for entry in survey.entries))


def survey_text(survey: Survey, style: Style, columns: int, *, verbose: bool = False) -> str:
    """Return a row for each pin that has something newer, or of which that is not known."""
    from comfylock.cli.text import plural, safe, wrap  # noqa: PLC0415

    lines: list[str] = []
    old = [entry for entry in survey.entries if entry.status == "outdated"]
    if old:
        lines += _table(old, style, columns)
    unknown = [e for e in survey.entries if e.note and (verbose or e.status == "unknown")]
    for entry in unknown:
        words = f"{safe(entry.name)}: {safe(entry.note or '')}".split(" ")
        lines += wrap(words, columns, "", separator="")
    if not old:
        current = sum(entry.status == "current" for entry in survey.entries)
        lines.append(f"nothing newer for {plural(current, 'pin')}")
    return "".join(f"{line}\n" for line in lines)


def _table(entries: list[Newer], style: Style, columns: int) -> Iterator[str]:
    """Yield the heading and a row for each entry, as wide as it takes or as there is room."""
    from comfylock.cli.text import cells, safe, shorten  # noqa: PLC0415

    rows = [("name", "locked", "newest", "date")]
    rows += [
        (safe(e.name), safe(e.locked), safe(e.newest or ""), safe((e.date or "")[:10]))
        for e in entries
    ]
    if columns < NARROW:
        yield from _stacked(rows[1:], style, columns)
        return
    room = columns - 2 - 2 - 2 - 10
    limits = (room - 2 * (room // 4), room // 4, room // 4, 10)
    widths = [min(limits[i], max(cells(row[i]) for row in rows)) for i in range(4)]
    for number, row in enumerate(rows):
        parts = [shorten(text, limit) for text, limit in zip(row, widths, strict=True)]
        padded = (part + " " * (w - cells(part)) for part, w in zip(parts, widths, strict=True))
        line = "  ".join(padded).rstrip()
        yield line if number else style(line, "bold")


def _stacked(rows: list[tuple[str, str, str, str]], style: Style, columns: int) -> Iterator[str]:
    from comfylock.cli.text import wrap  # noqa: PLC0415

    for name, *values in rows:
        for line in wrap([name], columns, "", separator=""):
            yield style(line, "bold")
        locked, newest, date = values
        words = [locked, "->", newest, *([date] if date else [])]
        yield from wrap(words, columns, "  ", separator="")


def _print_json(outcome: OutdatedOutcome, code: int) -> None:
    from comfylock.cli.envelope import success  # noqa: PLC0415

    data = {
        "entries": outcome.survey.entries,
        "unreachable": outcome.survey.unreachable,
        "facts": {
            service: {"needed": needed, "asked": asked}
            for service, (needed, asked) in sorted(outcome.asked.items())
        },
    }
    sys.stdout.buffer.write(success("outdated", data, ok=code == 0))


def _print_unreachable(survey: Survey) -> None:
    from comfylock.cli.text import safe  # noqa: PLC0415

    for failure in survey.unreachable:
        subjects = ", ".join(map(safe, failure.subjects[:3]))
        more = f" and {len(failure.subjects) - 3} more" if len(failure.subjects) > 3 else ""
        sys.stderr.write(f"error: {safe(failure.message)} (asked about {subjects}{more})\n")
