"""`comfylock init`: a starting comfylock.toml."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from comfylock.analysis.analyzer import Settings
from comfylock.config import load_config, surroundings
from comfylock.ops import init as ops
from comfylock.ops.registry import project_registry

if TYPE_CHECKING:
    import argparse

EXAMPLES = """\
A starting comfylock.toml, with a line to complete for all that is open.

examples:
  comfylock init
  comfylock init workflows/ --from-snapshot snapshot.json

Without a PATH the folder `workflows` is looked into. A comfylock.toml that is
there is never overwritten. No network.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's words."""
    parser.description = EXAMPLES
    parser.add_argument("paths", nargs="*", metavar="PATH", help="workflows of the project")
    parser.add_argument(
        "--from-snapshot", metavar="FILE", help="pin packs as a ComfyUI-Manager snapshot has them"
    )
    parser.add_argument("--dry-run", action="store_true", help="print it, write nothing")


def run(arguments: argparse.Namespace) -> int:
    """Write or print the file; 0 if done."""
    if not arguments.dry_run:
        ops.refuse_existing(arguments.project)
    config = load_config(arguments.project, surroundings(os.environ))
    settings = Settings(
        class_types=config.class_types, models=config.models, allowed_hosts=config.allowed_hosts
    )
    started = ops.begin(
        arguments.project,
        arguments.paths,
        registry=project_registry(arguments.project),
        settings=settings,
        settled=config.settled_models,
        snapshot=arguments.from_snapshot,
    )
    if not arguments.dry_run:
        ops.write(started)
    _print(started, arguments)
    return 0


def _print(started: ops.Started, arguments: argparse.Namespace) -> None:
    from comfylock.cli.text import plural, safe  # noqa: PLC0415

    if arguments.json:
        from comfylock.cli.envelope import success  # noqa: PLC0415

        data = {
            "file": started.file,
            "written": not arguments.dry_run,
            "text": started.text,
            "class_types": started.class_types,
            "models": started.models,
            "packs": started.packs,
            "problems": started.problems,
        }
        sys.stdout.buffer.write(success("init", data))
        sys.stdout.flush()
    elif arguments.dry_run:
        sys.stdout.write(started.text)
    else:
        classes = plural(started.class_types, "class type")
        counted = [f"{classes} and {plural(started.models, 'model')} to complete"]
        if arguments.from_snapshot:
            counted.append(f"{plural(started.packs, 'pack')} pinned by the snapshot")
        sys.stdout.write(f"Wrote {safe(started.file)}: {'; '.join(counted)}\n")
    for problem in started.problems:
        sys.stderr.write(f"warning: {safe(problem)}\n")
