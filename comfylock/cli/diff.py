"""`comfylock diff`: what differs between two locks, by what they mean."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from comfylock.ops.diff import Difference, difference

if TYPE_CHECKING:
    import argparse

EXAMPLES = """\
What differs between two locks: packs, models, workflows, not lines.

examples:
  comfylock diff
  comfylock diff main --markdown

A and B are files or git revisions (HEAD, main, v1:sub/comfy.lock). Without B it
is the project's lock, without A that of HEAD. A revision without a lock counts
as an empty one. Only what is in the local repository is read; no network.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's words."""
    parser.description = EXAMPLES
    parser.add_argument("old", nargs="?", metavar="A", help="the old lock (default: HEAD's)")
    parser.add_argument("new", nargs="?", metavar="B", help="the new lock (default: the project's)")
    parser.add_argument(
        "--markdown", action="store_true", help="a table, for a comment on a pull request"
    )
    parser.add_argument("--exit-code", action="store_true", help="exit 1 if anything differs")


def run(arguments: argparse.Namespace) -> int:
    """Print the difference; 0, with --exit-code 1 if there is any, 2 if a lock is not readable."""
    found = difference(arguments.project, arguments.old, arguments.new)
    if arguments.json:
        _print_json(found)
    elif arguments.markdown:
        from comfylock.cli.markdown import difference_markdown  # noqa: PLC0415

        sys.stdout.write(difference_markdown(found))
    else:
        _print_text(found, arguments)
    sys.stdout.flush()
    return 1 if arguments.exit_code and not found.changes.is_empty else 0


def _print_json(found: Difference) -> None:
    from comfylock.cli.envelope import success  # noqa: PLC0415

    data = {
        "old": found.old,
        "new": found.new,
        "differs": not found.changes.is_empty,
        "changes": found.changes,
    }
    sys.stdout.buffer.write(success("diff", data))


def _print_text(found: Difference, arguments: argparse.Namespace) -> None:
    from comfylock.cli.change_text import changes_text  # noqa: PLC0415
    from comfylock.cli.text import Style, safe, width  # noqa: PLC0415

    for side in (found.old, found.new):
        if side.is_absent and not arguments.quiet:
            sys.stderr.write(f"note: {safe(side.name)} has no lock\n")
    style = Style(arguments.color, sys.stdout)
    text = changes_text(found.changes, style, width(sys.stdout), verbose=arguments.verbose)
    sys.stdout.write(text or "nothing differs\n")
