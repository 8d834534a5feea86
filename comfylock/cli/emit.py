"""`comfylock emit`: the files that build what the lock holds."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any

from comfylock.cli.options import require_project
from comfylock.config.emit import BASES, INSTALLERS, LAYOUTS, MODEL_MODES
from comfylock.emit.kinds import TABLE
from comfylock.errors import UsageError

if TYPE_CHECKING:
    from comfylock.ops.emit import EmitOutcome
    from comfylock.ops.emitted import Placed

EXAMPLES = """\
Write what builds the locked environment: from comfy.lock alone, no network.

examples:
  comfylock emit model-paths -o extra_model_paths.yaml
  comfylock emit all -o deploy/
  comfylock emit --check

kinds:
{kinds}
  all            every kind, or those that `[emit]` of comfylock.toml names

The same lock and settings give the same bytes. Options go before `[emit]`.
"""

SINGLE = ("layout", "volume", "comfyui-dir", "models", "base", "image", "installer", "user")
WORDS = {"layout": LAYOUTS, "models": MODEL_MODES, "base": BASES, "installer": INSTALLERS}
HELP = {
    "layout": f"where a volume is mounted: {', '.join(LAYOUTS)}",
    "volume": "where it is mounted instead",
    "comfyui-dir": "ComfyUI's folder",
    "models": f"how models come: {', '.join(MODEL_MODES)}",
    "base": f"what images are built on: {', '.join(BASES)}",
    "image": "the `[[image]]` of the lock to build on",
    "installer": f"who installs packs: {', '.join(INSTALLERS)}",
    "user": "who runs ComfyUI in an image",
    "tier": "which of a model's alternatives is taken",
    "image-name": "what images are called, without a tag",
}
LISTS = {
    "variants": ("--variant", "minimal, standard, full, dev or a group; repeatable"),
    "targets": ("--target", "an accelerator (cu128) or a target; repeatable"),
    "system-packages": ("--system-package", "a further Debian package; repeatable"),
}
FLAGS = {
    "jupyter": "JupyterLab beside ComfyUI",
    "pack-requirements": "without locked Python packages: what packs ask for, unlocked",
    "install-scripts": "run the packs' own install.py",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's words."""
    kinds = "\n".join(f"  {name:<14} {kind.summary}" for name, kind in TABLE.items())
    parser.description = EXAMPLES.format(kinds=kinds)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help="see above")
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE|DIR",
        help="where to (default: one kind to stdout, several where `[emit]` says)",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="only say whether the files are what the lock gives",
    )
    parser.add_argument(
        "--from", metavar="LOCK", dest="previous", help="the lock that is installed now"
    )
    parser.add_argument("--frozen", action="store_true", help="take the lock, stale or not")
    parser.add_argument(
        "--allow-unpinned",
        action="store_true",
        default=None,
        dest="allow-unpinned",
        help="what is not pinned becomes a comment",
    )
    group = parser.add_argument_group("settings, before `[emit]` of comfylock.toml")
    for key in (*SINGLE, "tier", "image-name"):
        group.add_argument(
            f"--{key}", dest=key, metavar="WORD" if key in WORDS else "X", help=HELP[key]
        )
    for key, (flag, text) in LISTS.items():
        group.add_argument(flag, dest=key, action="append", metavar="X", help=text)
    group.add_argument("--port", type=_port, metavar="N", help="where ComfyUI listens")
    for key, text in FLAGS.items():
        group.add_argument(
            f"--{key}", dest=key, action=argparse.BooleanOptionalAction, default=None, help=text
        )


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 5:
        raise argparse.ArgumentTypeError(f"`{text}` is no port")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Write, print or check; 0 done or the same, 1 not so, 2 bad usage or input, 4 mismatch."""
    require_project(arguments)
    if arguments.output == "":
        raise UsageError("`-o` names nothing", hint="comfylock emit --help")
    from comfylock.ops.emit import ALL, EmitRequest, emit_files  # noqa: PLC0415 - `--help` is fast

    kinds = tuple(arguments.kinds) or ((ALL,) if arguments.check else ())
    request = EmitRequest(
        kinds=kinds,
        project=arguments.project,
        settings=_settings(arguments),
        previous=arguments.previous,
        is_frozen=arguments.frozen,
    )
    outcome = emit_files(request, os.environ)
    if arguments.check:
        from comfylock.cli.emit_check import check_files  # noqa: PLC0415

        return check_files(outcome, kinds, arguments)
    is_one = kinds != (ALL,) and len(kinds) == 1
    if arguments.output is None and is_one:
        return _print(outcome, arguments)
    return _write(outcome, arguments, is_one=is_one)


def _settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the settings that were given, by their names in `[emit]`."""
    keys = (*SINGLE, "tier", "image-name", "port", "allow-unpinned", *LISTS, *FLAGS)
    values = vars(arguments)
    return {key: values[key] for key in keys if values[key] is not None}


def _print(outcome: EmitOutcome, arguments: argparse.Namespace) -> int:
    """Write the one file to standard output."""
    from comfylock.cli.emit_report import print_json, print_notes  # noqa: PLC0415

    if arguments.json:
        print_json(outcome, None, ())
        return 0
    if len(outcome.files) != 1:
        names = ", ".join(f"`{file.name}`" for file in outcome.files)
        raise UsageError(f"this gives {names}", hint="give a folder with `-o DIR/`")
    sys.stdout.buffer.write(outcome.files[0].data)
    sys.stdout.flush()
    print_notes(outcome, arguments)
    return 0


def _write(outcome: EmitOutcome, arguments: argparse.Namespace, *, is_one: bool) -> int:
    from comfylock.cli.emit_report import print_json, print_written  # noqa: PLC0415
    from comfylock.ops.emitted import placed, write_emitted  # noqa: PLC0415

    places: tuple[Placed, ...] = placed(outcome, arguments.project, arguments.output, is_one=is_one)
    changed = write_emitted(places)
    if arguments.json:
        print_json(outcome, places, changed)
    else:
        print_written(outcome, places, changed, arguments)
    return int(bool(outcome.refusals))
