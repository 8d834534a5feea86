"""`comfylock merge-driver`: what git calls to merge two locks."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from comfylock.cli.options import require_project
from comfylock.errors import ComfylockError, UsageError

if TYPE_CHECKING:
    import argparse

    from comfylock.lockfile.merge import Conflict
    from comfylock.ops.merge_driver import Installed, MergeOutcome

EXAMPLES = """\
Merge two comfy.lock files entry by entry, as git asks for it.

examples:
  comfylock merge-driver --install
  comfylock merge-driver %O %A %B --path=%P

--install writes `comfy.lock merge=comfylock` to the project's .gitattributes,
to be committed, and shows the two `git config` commands that each clone needs
once. It does not run them: git lets no repository choose what a clone runs.
Without them git merges line by line, as it does without this.

Both sides' packs, models and workflows are taken together. A pin that both
sides moved, each elsewhere, is a conflict: exit code 1, and the lock has
markers around that entry alone. `comfylock lock --upgrade-package NAME` then
takes both sides and chooses anew; `comfylock lock --check` tells whether the
merged lock is current. A lock that cannot be understood, such as one of a newer
comfylock, is exit code 2 and left as it is.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's words."""
    parser.description = EXAMPLES
    parser.add_argument("base", nargs="?", metavar="BASE", help="%%O: the common ancestor")
    parser.add_argument(
        "ours", nargs="?", metavar="OURS", help="%%A: our side; the result goes there"
    )
    parser.add_argument("theirs", nargs="?", metavar="THEIRS", help="%%B: their side")
    parser.add_argument(
        "name", nargs="?", metavar="NAME", help="%%P: the lock's name, for messages"
    )
    parser.add_argument("--path", metavar="NAME", help="the same, whatever it begins with")
    parser.add_argument("--install", action="store_true", help="let git use this driver")


def run(arguments: argparse.Namespace) -> int:
    """Merge or install; 0 done, 1 there are conflicts, 2 a lock cannot be understood."""
    given = [arguments.base, arguments.ours, arguments.theirs]
    if arguments.install:
        if any(given):
            raise UsageError("--install takes no files", hint="comfylock merge-driver --install")
        return _install(arguments)
    if not all(given):
        told = "`merge-driver` needs three files: %O %A %B"
        raise UsageError(told, hint="comfylock merge-driver --help")
    from comfylock.ops.merge_driver import merge_files  # noqa: PLC0415

    path = arguments.path or arguments.name or "comfy.lock"
    try:
        outcome = merge_files(arguments.base, arguments.ours, arguments.theirs, path)
    except OSError as error:
        told = f"{arguments.ours} cannot be written: {error.strerror}"
        raise ComfylockError(told) from error
    if arguments.json:
        _print_json(outcome)
    _print_conflicts(outcome)
    return 1 if outcome.conflicts else 0


def _print_json(outcome: MergeOutcome) -> None:
    from comfylock.cli.envelope import success  # noqa: PLC0415

    data = {"path": outcome.path, "conflicts": outcome.conflicts}
    sys.stdout.buffer.write(success("merge-driver", data, ok=not outcome.conflicts))
    sys.stdout.flush()


def _print_conflicts(outcome: MergeOutcome) -> None:
    from comfylock.cli.text import safe  # noqa: PLC0415

    for conflict in outcome.conflicts:
        what, told = _told(conflict)
        sys.stderr.write(f"error: {safe(outcome.path)}: {what} `{safe(conflict.name)}` {told}\n")
    names = [c.name for c in outcome.conflicts if c.kind in ("pack", "model")]
    if names:
        words = " ".join(f"-P {_word(name)}" for name in names[:5])
        sys.stderr.write(f"\nhint: comfylock lock {words}\n")
    elif outcome.conflicts:
        sys.stderr.write("\nhint: decide between the markers, then `comfylock lock`\n")


def _told(conflict: Conflict) -> tuple[str, str]:
    if conflict.kind in ("pack", "model") and None in (conflict.ours, conflict.theirs):
        return conflict.kind, "was moved on one side and removed on the other"
    what = {"comfyui": "the pin of", "options": "option", "tool": "table"}
    return what.get(conflict.kind, conflict.kind), "differs on both sides"


def _word(name: str) -> str:
    """Return a name as a word for a shell, safe to show."""
    from shlex import quote  # noqa: PLC0415

    from comfylock.cli.text import safe  # noqa: PLC0415

    return quote(safe(name))


def _install(arguments: argparse.Namespace) -> int:
    from comfylock.ops.merge_driver import install  # noqa: PLC0415

    require_project(arguments)
    try:
        done = install(arguments.project)
    except OSError as error:
        told = f"{arguments.project}: .gitattributes cannot be written: {error.strerror}"
        raise UsageError(told) from error
    if arguments.json:
        from comfylock.cli.envelope import success  # noqa: PLC0415

        sys.stdout.buffer.write(success("merge-driver.install", done))
        sys.stdout.flush()
    else:
        _print_installed(done)
    return 0


def _print_installed(done: Installed) -> None:
    from comfylock.cli.text import safe  # noqa: PLC0415

    did = "Wrote" if done.is_written else "Already in"
    commands = "\n".join(f"  {command}" for command in done.commands)
    sys.stdout.write(
        f"{did} {safe(done.file)}: {done.entry}\n"
        f"Commit it. Then, once in each clone, as git takes no command from a repository:\n\n"
        f"{commands}\n"
    )
