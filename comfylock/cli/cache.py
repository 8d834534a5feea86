"""`comfylock cache`: where services' answers are kept, and making room."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any

from comfylock.errors import UsageError

if TYPE_CHECKING:
    from comfylock.ops.cache import CacheOutcome

EXAMPLES = """\
What comfylock keeps of the services' answers, so that it need not ask again.

examples:
  comfylock cache info
  comfylock cache prune --days 7

subcommands:
  dir     where it is (COMFYLOCK_CACHE_DIR moves it)
  info    how many answers it holds, and how large they are
  prune   delete the answers older than --days
  clean   delete all answers

Only answers are deleted: other files in that folder stay, and so do the lists
that `comfylock registry update` fetched.
"""

DAYS = 30
SUBCOMMANDS = ("dir", "info", "prune", "clean")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's words."""
    parser.description = EXAMPLES
    parser.add_argument("subcommand", nargs="?", metavar="SUBCOMMAND")
    parser.add_argument(
        "--days", type=_days, metavar="N", help=f"prune: keep what is younger (default: {DAYS})"
    )


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 6:
        raise argparse.ArgumentTypeError(f"`{text}` is no number of days")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Run a subcommand; 0 if done."""
    name = arguments.subcommand
    if name not in SUBCOMMANDS:
        told = f"`cache` has no subcommand `{name}`" if name else "`cache` needs a subcommand"
        raise UsageError(f"{told}: {', '.join(SUBCOMMANDS)}", hint="comfylock cache --help")
    if arguments.days is not None and name != "prune":
        raise UsageError(f"--days is for `cache prune`, not for `cache {name}`")
    if name == "dir":
        return _dir(arguments)
    outcome = _outcome(arguments)
    if arguments.json:
        return _print_json(f"cache.{name}", outcome)
    if name != "info" and arguments.quiet:
        return 0
    sys.stdout.write(_text(name, outcome))
    return 0


def _dir(arguments: argparse.Namespace) -> int:
    from comfylock.cli.text import safe  # noqa: PLC0415
    from comfylock.ops.cache import cache_root  # noqa: PLC0415

    folder = cache_root(os.environ)
    if arguments.json:
        return _print_json("cache.dir", {"folder": folder})
    sys.stdout.write(f"{safe(folder)}\n")
    return 0


def _outcome(arguments: argparse.Namespace) -> CacheOutcome:
    from comfylock.ops import cache  # noqa: PLC0415

    if arguments.subcommand == "info":
        return cache.info(os.environ)
    if arguments.subcommand == "clean":
        return cache.clean(os.environ)
    import time  # noqa: PLC0415

    days = DAYS if arguments.days is None else arguments.days
    return cache.prune(os.environ, days, time.time())


def _text(name: str, outcome: CacheOutcome) -> str:
    from comfylock.cli.text import plural, safe  # noqa: PLC0415

    counted = f"{plural(outcome.entries, 'answer')}, {size_text(outcome.bytes)}"
    if name == "info":
        return f"{safe(outcome.folder)}\n{counted}\n"
    return f"Deleted {counted}\n" if outcome.entries or outcome.bytes else "Nothing to delete\n"


def size_text(size: int) -> str:
    """Return a number of bytes for people: `335.3 MB`."""
    number, unit = float(size), "bytes"
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 999.95 or unit == "GB":
            break
        number /= 1000
    return f"{size} bytes" if unit == "bytes" else f"{number:,.1f} {unit}"


def _print_json(schema: str, data: Any) -> int:
    from comfylock.cli.envelope import success  # noqa: PLC0415

    sys.stdout.buffer.write(success(schema, data))
    sys.stdout.flush()
    return 0
