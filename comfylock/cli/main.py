"""Which verb is meant, and what its outcome is to the shell: the one boundary for errors.

argparse instead of click: it starts 20 ms sooner, a whole empty Python.
"""

from __future__ import annotations

import errno
import os
import sys
from importlib import import_module

from comfylock.cli.options import VALUE_OPTIONS, VerbParser, wants_json
from comfylock.errors import ComfylockError, UsageError

VERBS = {
    "analyze": "what do these workflows need? (no network)",
    "lock": "pin it all in comfy.lock; is it current? (--check: no network)",
    "emit": "the files that build what the lock holds (no network)",
    "init": "a starting comfylock.toml for these workflows (no network)",
    "tree": "which workflow needs which packs and models (no network)",
    "why": "from a name to its nodes, its evidence and its pin (no network)",
    "diff": "what differs between two locks, or two revisions (no network)",
    "verify": "is reality what the lock says: files, disk, services?",
    "outdated": "which pins have something newer?",
    "audit": "what is risky in what is locked or installed? (no network)",
    "definitions": "what class types take: save, show (network: only a server)",
    "check": "would ComfyUI run these workflows? (no network, or a server)",
    "check-upgrade": "which workflows would an upgrade break? (--fix)",
    "registry": "what is known of packs: show, search, add, update, build",
    "cache": "kept answers of services: dir, info, prune, clean",
    "merge-driver": "for git: two locks as one, entry by entry (no network)",
}
"""Verb to what it answers; each has a module of its name with `configure` and `run`."""

ALIASES = {"explain": "why"}
"""Other names of verbs, by habit from other tools."""

EXIT_BUG = 70
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What a system says of a disk, a quota or a file that is full."""

HELP = """\
From ComfyUI workflows to a locked, verified environment.

examples:
  comfylock analyze workflows/
  comfylock analyze portrait.json --json

usage: comfylock VERB [OPTIONS]

verbs:
{verbs}

options, before or after the verb:
  -C, --project DIR           the project's folder (default: the current one)
  -q, --quiet                 only the result and errors
  -v, --verbose               more detail
  --color auto|always|never   colours (default: auto)
  -h, --help                  this help; `comfylock VERB --help` for a verb's
  -V, --version               the version

exit codes:
  0 yes, done    1 the answer is no    2 bad usage or unreadable input
  3 a service could not be reached     4 integrity mismatch
  70 a bug in comfylock                130 interrupted
"""


def main(argv: list[str]) -> int:
    """Run a command line and return its exit code; errors are printed, never raised."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal that cannot show a letter shows `?`
            stream.reconfigure(errors="replace")
    try:
        return _dispatch(argv)
    except ComfylockError as error:
        return _fail(error, as_json=wants_json(argv))
    except KeyboardInterrupt:
        sys.stderr.write("\nerror: interrupted\n")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader went away (`| head`): not a fault, but the output is not whole either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BROKEN_PIPE
    except Exception as error:  # noqa: BLE001 - the one boundary
        if isinstance(error, OSError) and error.errno in FULL:
            return _full(error)
        return _bug(error, argv)


def _full(error: OSError) -> int:
    """Say that a disk is full: that under the output, unless a file is named."""
    place = f"`{_printable(str(error.filename))}`" if error.filename else "the output"
    sys.stderr.write(f"error: {place} cannot be written: {error.strerror}\n")
    # What could not be written is still waiting, and would be tried again at the end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return UsageError.exit_code


def _dispatch(argv: list[str]) -> int:
    position = _verb_position(argv)
    if position is None:
        if any(word in ("-V", "--version") for word in argv):
            from comfylock import __version__  # noqa: PLC0415

            sys.stdout.write(f"comfylock {__version__}\n")
            return 0
        asked = any(word in ("-h", "--help") for word in argv)
        text = HELP.format(verbs="\n".join(f"  {v:<13} {what}" for v, what in VERBS.items()))
        (sys.stdout if asked else sys.stderr).write(text)
        return 0 if asked else 2
    verb = ALIASES.get(argv[position], argv[position])
    if verb not in VERBS:
        raise UsageError(f"there is no verb `{verb}`", hint=_nearest_verb(verb))
    module = import_module(f"comfylock.cli.{verb.replace('-', '_')}")
    parser = VerbParser(prog=f"comfylock {verb}")
    module.configure(parser)
    arguments = parser.parse_args(argv[:position] + argv[position + 1 :])
    code: int = module.run(arguments)
    sys.stdout.flush()
    return code


def _verb_position(argv: list[str]) -> int | None:
    """Return where the verb stands: the first word that is neither option nor option's value."""
    skip = False
    for position, word in enumerate(argv):
        if skip:
            skip = False
        elif word in VALUE_OPTIONS:
            skip = True
        elif not word.startswith("-"):
            return position
    return None


def _nearest_verb(verb: str) -> str:
    import difflib  # noqa: PLC0415 - only mistakes need it

    nearest = difflib.get_close_matches(verb, (*VERBS, *ALIASES), 1, 0.5)
    if nearest:
        return f"did you mean `comfylock {nearest[0]}`?"
    if os.path.exists(verb):
        return f"comfylock analyze {verb}"
    return "comfylock --help"


def _fail(error: ComfylockError, *, as_json: bool) -> int:
    if as_json:
        from comfylock.cli.envelope import failure  # noqa: PLC0415

        sys.stdout.write(failure(error))
    sys.stderr.write(f"error: {_printable(str(error))}\n")
    if error.hint:
        sys.stderr.write(f"\nhint: {_printable(error.hint)}\n")
    return error.exit_code


def _printable(text: str) -> str:
    """Return an error's text, which may quote strangers, safe for a terminal line by line."""
    from comfylock.cli.text import safe  # noqa: PLC0415

    return "\n".join(map(safe, text.split("\n")))


def _bug(error: Exception, argv: list[str]) -> int:
    """Keep what is needed to report a bug in a file, and say where."""
    import platform  # noqa: PLC0415
    import tempfile  # noqa: PLC0415
    import traceback  # noqa: PLC0415

    from comfylock import __version__  # noqa: PLC0415
    from comfylock.redaction import environment_secrets, redact  # noqa: PLC0415

    secrets = environment_secrets(os.environ)
    text = "\n".join(
        (
            f"comfylock {__version__}, Python {platform.python_version()}, {platform.platform()}",
            f"arguments: {argv}",
            "".join(traceback.format_exception(error)),
        )
    )
    text = redact(text, secrets)
    told = _printable(redact(f"{type(error).__name__}: {error}", secrets)[:500])
    sys.stderr.write(f"error: a bug in comfylock: {told}\n")
    try:
        with tempfile.NamedTemporaryFile(
            "w",
            prefix="comfylock-",
            suffix=".log",
            delete=False,
            encoding="utf-8",
            errors="backslashreplace",
        ) as log:
            log.write(text)
        sys.stderr.write(f"\nhint: please report it with {log.name}\n")
    except OSError:
        sys.stderr.write(_printable(text) + "\n")
    return EXIT_BUG
