"""`comfylock audit`: what should somebody know before running what is locked?"""

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
    from comfylock.ops.audit import AuditOutcome

EXAMPLES = """\
Say what is risky in what is locked: models that run code when they are loaded,
packs that run code, flagged versions, licences, what is not pinned or hashed.

examples:
  comfylock audit
  comfylock audit --installed ~/ComfyUI
  comfylock audit --models downloads/style.ckpt

From the lock alone a model is judged by its name; with --installed or --models
it is looked into, opcode by opcode, without being loaded. No network. What is
minded, and what is ignored and why, stands under [audit] in comfylock.toml.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's words."""
    parser.description = EXAMPLES
    parser.add_argument(
        "--installed", metavar="COMFYUI_DIR", help="look into all models of this ComfyUI"
    )
    model_options(parser)
    parser.add_argument(
        "--models",
        action="extend",
        nargs="+",
        default=[],
        metavar="PATH",
        help="look into these files and folders; without a lock, into them alone",
    )
    parser.add_argument(
        "--fail-on",
        choices=("note", "warning", "error", "never"),
        metavar="SEVERITY",
        help="exit 1 from here on: note, warning, error, never (default: of comfylock.toml)",
    )
    parser.add_argument("--format", choices=("text", *FORMS), default="text", help=FORM_HELP)


def run(arguments: argparse.Namespace) -> int:
    """Print what was found; 0 nothing that is minded, 1 something, 2 a file cannot be read."""
    require_project(arguments)
    if arguments.json and arguments.format != "text":
        raise UsageError("--json and --format exclude each other")
    from comfylock.cli.progress import progress  # noqa: PLC0415 - `--help` needs none of it
    from comfylock.ops.audit import AuditRequest, audit  # noqa: PLC0415

    request = AuditRequest(
        project=arguments.project,
        installed=arguments.installed,
        model_roots=tuple(arguments.models_dir),
        path_files=tuple(arguments.extra_model_paths),
        models=tuple(arguments.models),
        fail_on=arguments.fail_on,
    )
    shows = not arguments.quiet and sys.stderr.isatty()
    with progress(enabled=shows, what="files looked into", stride=1) as reporter:
        outcome = audit(request, os.environ, reporter=reporter)
    code = exit_code(outcome)
    _print(outcome, arguments, code)
    return code


def exit_code(outcome: AuditOutcome) -> int:
    """Return what an audit means to a shell."""
    if outcome.unreadable:
        return 2
    return 0 if outcome.is_clean else 1


def _print(outcome: AuditOutcome, arguments: argparse.Namespace, code: int) -> None:
    from comfylock.cli.text import Style, safe, width  # noqa: PLC0415

    if arguments.json:
        _print_json(outcome, code)
    elif arguments.format != "text":
        print_sheet(_sheet(outcome), arguments.format)
    else:
        from comfylock.cli.audit_text import audit_text  # noqa: PLC0415 - JSON needs none of it

        style = Style(arguments.color, sys.stdout)
        options = {"verbose": arguments.verbose, "quiet": arguments.quiet}
        sys.stdout.write(audit_text(outcome, style, width(sys.stdout), **options))
    sys.stdout.flush()
    for path, message in outcome.unreadable:
        sys.stderr.write(f"error: {safe(path)}: {safe(message)}\n")


def _sheet(outcome: AuditOutcome) -> Sheet:
    from comfylock.cli.audit_text import summary  # noqa: PLC0415 - as above
    from comfylock.cli.sheet import Sheet  # noqa: PLC0415
    from comfylock.config.audit import KINDS  # noqa: PLC0415

    return Sheet(
        "audit",
        outcome.lock,
        summary(outcome),
        outcome.judged.findings,
        KINDS.__getitem__,
        outcome.minds,
        failures=tuple(f"{path}: {message}" for path, message in outcome.unreadable),
    )


def _print_json(outcome: AuditOutcome, code: int) -> None:
    from comfylock.cli.envelope import success  # noqa: PLC0415
    from comfylock.cli.sheet import finding_json  # noqa: PLC0415

    data = {
        "lock": outcome.lock,
        "packs": outcome.packs,
        "models": outcome.models,
        "files": outcome.files,
        "fail_on": outcome.rules.fail_on,
        "clean": outcome.is_clean,
        "findings": [finding_json(found) for found in outcome.judged.findings],
        "ignored": [finding_json(found) for found in outcome.judged.ignored],
        "unreadable": [{"path": p, "message": m} for p, m in outcome.unreadable],
    }
    sys.stdout.buffer.write(success("audit", data, ok=code == 0))
