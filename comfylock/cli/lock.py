"""`comfylock lock`: pin what workflows need, or say whether the pins still do."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from comfylock.cli.options import require_project
from comfylock.errors import UsageError

if TYPE_CHECKING:
    import argparse

    from comfylock.ops.lock import LockOutcome
    from comfylock.resolve.outcome import Moves

EXAMPLES = """\
Pin every node pack and model of these workflows in comfy.lock.

examples:
  comfylock lock workflows/
  comfylock lock --check
  comfylock lock --upgrade-package comfyui-kjnodes==1.1.0

What is pinned stays until it is asked to move. Every pin is verified to exist;
no pack's code is run. Nothing is written unless everything could be pinned.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's words."""
    parser.description = EXAMPLES
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="workflow files, folders, patterns (default: those of comfylock.toml, of the lock)",
    )
    parser.add_argument(
        "--check",
        "--locked",
        action="store_true",
        help="only say whether the lock is current: no network, nothing written",
    )
    parser.add_argument(
        "--check-exists",
        "--frozen",
        action="store_true",
        dest="check_exists",
        help="only say whether there is a lock that can be read",
    )
    parser.add_argument("-U", "--upgrade", action="store_true", help="move every pin to the newest")
    parser.add_argument(
        "-P",
        "--upgrade-package",
        action="append",
        default=[],
        metavar="X[==V]",
        help="move one pack or model to the newest, or to V; repeatable",
    )
    parser.add_argument("--dry-run", action="store_true", help="write nothing, say what would be")
    parser.add_argument(
        "--allow-unresolved",
        action="store_true",
        help="write what could not be pinned as [[unresolved]]",
    )
    parser.add_argument("--require-hashes", action="store_true", help="refuse pins without sha256")
    parser.add_argument(
        "--check-definitions",
        action="store_true",
        help="refuse where a move would break a locked workflow (reads both versions' source)",
    )
    parser.add_argument(
        "--allow-breaking",
        action="store_true",
        help="--check-definitions: write all the same, say what breaks",
    )
    parser.add_argument("--strict", action="store_true", help="refuse where there is a warning")
    recording = parser.add_mutually_exclusive_group()
    recording.add_argument("--record", metavar="DIR", help="keep every answer of a service there")
    recording.add_argument("--replay", metavar="DIR", help="take all answers from there")


def run(arguments: argparse.Namespace) -> int:
    """Lock or check; 0 done or current, 1 not so, 2 unreadable, 3 unreachable, 4 mismatch."""
    require_project(arguments)
    if arguments.check or arguments.check_exists:
        return _check(arguments)
    from comfylock.cli.lock_report import print_outcome  # noqa: PLC0415 - a check needs none of it
    from comfylock.cli.progress import progress  # noqa: PLC0415
    from comfylock.ops.lock import LockRequest, lock  # noqa: PLC0415

    request = LockRequest(
        project=arguments.project,
        paths=tuple(arguments.paths),
        moves=_moves(arguments),
        is_offline=arguments.offline,
        is_dry=arguments.dry_run,
        allows_unresolved=arguments.allow_unresolved,
        requires_hashes=arguments.require_hashes,
        is_strict=arguments.strict,
        checks_definitions=arguments.check_definitions or arguments.allow_breaking,
        allows_breaking=arguments.allow_breaking,
        record=arguments.record,
        replay=arguments.replay,
    )
    shows = not arguments.quiet and sys.stderr.isatty()
    with progress(enabled=shows, what="facts learnt", stride=1) as reporter:
        outcome = lock(request, os.environ, reporter=reporter)
    code = exit_code(outcome)
    print_outcome(outcome, arguments, code)
    return code


def exit_code(outcome: LockOutcome) -> int:
    """Return what the outcome means to a shell; the gravest wins."""
    if outcome.resolution.mismatches:
        return 4
    if outcome.resolution.unreachable:
        return 3
    if outcome.needs.unreadable:
        return 2
    return 0 if outcome.is_writable else 1


def _moves(arguments: argparse.Namespace) -> Moves:
    from comfylock.resolve.outcome import Moves  # noqa: PLC0415 - a check moves nothing

    packages: dict[str, str | None] = {}
    for text in arguments.upgrade_package:
        name, equals, version = text.partition("==")
        name, version = name.strip().lower(), version.strip()
        if not name or (equals and not version):
            raise UsageError(f"`{text}` is not NAME or NAME==VERSION")
        packages[name] = version or None
    return Moves(arguments.upgrade, packages)


def _check(arguments: argparse.Namespace) -> int:
    for flag, given in (
        ("--upgrade", arguments.upgrade),
        ("--upgrade-package", arguments.upgrade_package),
        ("--record", arguments.record),
        ("--replay", arguments.replay),
    ):
        if given:
            raise UsageError(f"--check and {flag} exclude each other", hint="comfylock lock --help")
    from comfylock.cli.check_report import print_check, print_exists  # noqa: PLC0415
    from comfylock.ops.check import check, exists  # noqa: PLC0415

    if arguments.check_exists:
        return print_exists(exists(arguments.project), arguments)
    outcome = check(
        arguments.project,
        tuple(arguments.paths),
        os.environ,
        allows_unresolved=arguments.allow_unresolved,
        requires_hashes=arguments.require_hashes,
    )
    return print_check(outcome, arguments)
