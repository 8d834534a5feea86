"""`comfylock verify`: is reality what the lock says?"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from comfylock.cli.forms import FORM_HELP, FORMS, print_sheet
from comfylock.cli.options import require_project
from comfylock.cli.places import model_options
from comfylock.errors import UsageError

if TYPE_CHECKING:
    import argparse

    from comfylock.cli.sheet import Sheet
    from comfylock.ops.verify_request import VerifyOutcome, VerifyRequest

EXAMPLES = """\
Say whether reality is what the lock says, with evidence; changes nothing.

examples:
  comfylock verify
  comfylock verify --installed ComfyUI --python ComfyUI/venv/bin/python
  comfylock verify --upstream --format junit > verify.xml
  comfylock verify --against pod.json worker.json

Without options: the workflows and the files made from the lock, offline. What
else is to be looked at is said by the options; they can be combined. No code of
a pack, a model or an environment is run. Each finding names what mends it.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's words."""
    parser.description = EXAMPLES
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="workflows (default: those of the lock)"
    )
    _disk_options(parser)
    other = parser.add_argument_group("elsewhere")
    other.add_argument(
        "--upstream", action="store_true", help="ask the services: is every pin still there?"
    )
    other.add_argument(
        "--against",
        nargs="+",
        default=[],
        metavar="OTHER",
        help="what differs from this lock, project or inventory, or between two of them",
    )
    report = parser.add_argument_group("the report")
    report.add_argument(
        "--format",
        choices=("text", *FORMS),
        default="text",
        help=FORM_HELP,
    )
    report.add_argument("--strict", action="store_true", help="warnings fail too")


def _disk_options(parser: argparse.ArgumentParser) -> None:
    """Declare what says where things are installed."""
    disk = parser.add_argument_group("what is installed")
    disk.add_argument("--installed", metavar="COMFYUI_DIR", help="ComfyUI, packs and models there")
    model_options(disk)
    disk.add_argument(
        "--group",
        action="append",
        default=[],
        metavar="NAME",
        help="what this group needs must be there too; repeatable; `all`",
    )
    disk.add_argument(
        "--python",
        metavar="EXE",
        help="the packages of this interpreter's environment; it is not run",
    )
    disk.add_argument(
        "--target",
        metavar="NAME",
        help="whose Python packages it has, if the lock is for several: linux-x86_64-…",
    )
    disk.add_argument("--server", metavar="URL", help="a running ComfyUI: http://127.0.0.1:8188")
    disk.add_argument(
        "--inventory", metavar="FILE", help="write what --installed found, to be compared elsewhere"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print what was found; 0 as locked, 1 not, 2 unreadable, 3 away, 4 other bytes."""
    require_project(arguments)
    from comfylock.cli.progress import progress  # noqa: PLC0415 - `--help` needs none of it
    from comfylock.ops.verify import verify  # noqa: PLC0415

    shows = not arguments.quiet and sys.stderr.isatty()
    with progress(enabled=shows, what="files hashed", stride=1) as reporter:
        outcome = verify(_request(arguments), os.environ, progress=reporter)
    return _print(outcome, arguments)


def _request(arguments: argparse.Namespace) -> VerifyRequest:
    from comfylock.ops.verify_request import VerifyRequest  # noqa: PLC0415 - as above

    groups = tuple(arguments.group)
    if arguments.json and arguments.format != "text":
        raise UsageError("--json and --format exclude each other")
    if arguments.offline and (arguments.upstream or arguments.server):
        asked = "--upstream" if arguments.upstream else "--server"
        raise UsageError(f"{asked} needs the network, --offline forbids it")
    return VerifyRequest(
        project=arguments.project,
        paths=tuple(arguments.paths),
        installed=arguments.installed,
        model_roots=tuple(arguments.models_dir),
        path_files=tuple(arguments.extra_model_paths),
        groups=None if "all" in groups else groups,
        python=arguments.python,
        target=arguments.target,
        server=arguments.server,
        is_upstream=arguments.upstream,
        against=tuple(arguments.against),
        inventory=arguments.inventory,
    )


def _print(outcome: VerifyOutcome, arguments: argparse.Namespace) -> int:
    """Print a report in the form that was asked for; return the exit code."""
    code = outcome.exit_code(strict=arguments.strict)
    if arguments.json:
        from comfylock.cli.verify_json import verify_json  # noqa: PLC0415 - one form of several

        sys.stdout.buffer.write(verify_json(outcome, code))
    elif arguments.format != "text":
        print_sheet(_sheet(outcome, strict=arguments.strict), arguments.format)
    else:
        from comfylock.cli.text import Style, width  # noqa: PLC0415 - as above
        from comfylock.cli.verify_text import verify_text  # noqa: PLC0415

        style = Style(arguments.color, sys.stdout)
        columns = width(sys.stdout)
        detail = 2 if arguments.verbose else 0 if arguments.quiet else 1
        sys.stdout.write(verify_text(outcome, style, columns, detail))
    sys.stdout.flush()
    for failure in outcome.unreachable:
        _print_away(failure)
    return code


def _sheet(outcome: VerifyOutcome, *, strict: bool) -> Sheet:
    from comfylock.cli.sheet import Sheet  # noqa: PLC0415 - as above
    from comfylock.cli.verify_text import summary  # noqa: PLC0415
    from comfylock.verifying.kinds import meaning  # noqa: PLC0415

    minded = {"error", "warning"} if strict else {"error"}
    return Sheet(
        "verify",
        outcome.lock,
        summary(outcome),
        outcome.findings,
        meaning,
        lambda finding: finding.severity in minded,
        outcome.items,
        tuple(message for message, _ in outcome.unreachable),
    )


def _print_away(failure: tuple[str, tuple[str, ...]]) -> None:
    from comfylock.cli.text import safe  # noqa: PLC0415 - as above

    message, subjects = failure
    shown = ", ".join(map(safe, subjects[:3]))
    more = f" and {len(subjects) - 3} more" if len(subjects) > 3 else ""
    sys.stderr.write(f"error: {safe(message)} (asked about {shown}{more})\n")
