"""`comfylock definitions`: which class types there are and what they take, kept in a small file."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from comfylock.cli.definitions_options import SET, known_registry, load, print_damaged
from comfylock.cli.options import require_project
from comfylock.errors import UsageError

if TYPE_CHECKING:
    import argparse

    from comfylock.definitions.signature import ClassSignature, DefinitionSet

EXAMPLES = """\
Which class types there are and what they take: saved small enough to be
committed, so that workflows can be checked later without a server.

examples:
  comfylock definitions save --server http://127.0.0.1:8188 -o definitions.json
  comfylock definitions show definitions.json KSampler

subcommands:
  save [SET...] -o FILE   one file from one or several sets; --server URL is one
  show SET [NAME...]      what is in a set, or what class types take

A SET is a saved set, a saved /object_info, a folder with ComfyUI's or a pack's
source (read, never run), FOLDER@COMMIT of a git repository, or a server's
address.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's words."""
    parser.description = EXAMPLES
    parser.add_argument("subcommand", nargs="?", metavar="SUBCOMMAND")
    parser.add_argument("words", nargs="*", metavar="SET", help=SET)
    parser.add_argument("--server", metavar="URL", help="save: a running ComfyUI")
    parser.add_argument("-o", "--output", metavar="FILE", help="save: where to")
    parser.add_argument(
        "--with-files", action="store_true", help="save: keep the names of models and input files"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run a subcommand; 0 if done, 1 if a class type is not in the set, 2 if there is no set."""
    runner = {"save": _save, "show": _show}.get(arguments.subcommand or "")
    if runner is None:
        told = "needs a subcommand: save, show"
        if arguments.subcommand:
            told = f"has no subcommand `{arguments.subcommand}`: there are save and show"
        raise UsageError(f"`definitions` {told}", hint="comfylock definitions --help")
    require_project(arguments)
    return runner(arguments)


def _save(arguments: argparse.Namespace) -> int:
    from comfylock.definitions.set_file import write_set  # noqa: PLC0415
    from comfylock.errors import WriteError  # noqa: PLC0415
    from comfylock.files import write_atomically  # noqa: PLC0415

    sources = [*arguments.words, *([arguments.server] if arguments.server else [])]
    if not sources or not arguments.output:
        raise UsageError(
            "`definitions save` needs a set and a file to write to",
            hint="comfylock definitions save --server http://127.0.0.1:8188 -o definitions.json",
        )
    registry, faults = known_registry(arguments)
    found, damaged = load(arguments, sources, registry, files=arguments.with_files)
    damaged = [*faults, *damaged]
    data = write_set(found)
    path = os.path.join(arguments.project, arguments.output)
    try:
        is_changed = write_atomically(path, data)
    except OSError as error:
        raise WriteError(path, (error.strerror or "cannot be written").lower()) from error
    if arguments.json:
        told = {**_summary(found), "file": path, "bytes": len(data), "written": is_changed}
        _print_json("definitions.save", {**told, "unreadable": damaged}, ok=not damaged)
    else:
        from comfylock.cli.text import plural, safe  # noqa: PLC0415

        what = "Wrote" if is_changed else "Unchanged:"
        counted = f"{plural(len(found.classes), 'class type')}, {len(data):,} bytes"
        sys.stdout.write(f"{what} {safe(path)}: {counted}\n")
    sys.stdout.flush()
    print_damaged(damaged, verbose=arguments.verbose)
    return 2 if damaged else 0


def _show(arguments: argparse.Namespace) -> int:
    if not arguments.words and not arguments.server:
        raise UsageError(
            "`definitions show` needs a set", hint="comfylock definitions show definitions.json"
        )
    source, names = arguments.server, arguments.words
    if source is None:
        source, *names = arguments.words
    registry, faults = known_registry(arguments)
    found, damaged = load(arguments, [source], registry, files=False)
    damaged = [*faults, *damaged]
    known = [found.classes[name] for name in names if name in found.classes]
    missing = [name for name in names if name not in found.classes]
    if arguments.json:
        from comfylock.definitions.set_file import as_document  # noqa: PLC0415

        classes = as_document(known) if names else {}
        told = {**_summary(found), "classes": classes, "missing": missing, "unreadable": damaged}
        _print_json("definitions.show", told, ok=not (missing or damaged))
    else:
        _print_text(found, known, missing, names=bool(names))
    sys.stdout.flush()
    print_damaged(damaged, verbose=arguments.verbose)
    return 2 if damaged else int(bool(missing))


def _print_text(
    found: DefinitionSet, known: list[ClassSignature], missing: list[str], *, names: bool
) -> None:
    from comfylock.cli.definitions_text import class_text, set_text  # noqa: PLC0415
    from comfylock.cli.text import safe, width  # noqa: PLC0415

    columns = width(sys.stdout)
    if not names:
        sys.stdout.write(set_text(found, columns))
    for signature in known:
        sys.stdout.write(class_text(signature, columns))
    sys.stdout.flush()
    for name in missing:
        sys.stderr.write(f"error: there is no class type `{safe(name)}` in this set\n")


def _summary(found: DefinitionSet) -> dict[str, Any]:
    return {
        "name": found.name,
        "kind": found.kind,
        "comfyui": found.comfyui,
        "commit": found.commit,
        "core_only": found.is_core_only,
        "class_types": len(found.classes),
    }


def _print_json(schema: str, data: Any, *, ok: bool) -> None:
    from comfylock.cli.envelope import success  # noqa: PLC0415

    sys.stdout.buffer.write(success(schema, data, ok=ok))
