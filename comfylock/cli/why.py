"""`comfylock why`: the whole way from workflow nodes to a pin."""

from __future__ import annotations

import os
import shlex
import sys
from typing import TYPE_CHECKING

from comfylock.ops.why import why

if TYPE_CHECKING:
    import argparse

    from comfylock.resolve.chains import Explanation

EXAMPLES = """\
Why something is locked, and as that: workflow, nodes, evidence, pack, pin.

examples:
  comfylock why "Any Switch (rgthree)"
  comfylock why checkpoints/flux1-dev.safetensors

NAME is a class type, a pack (id, former id, owner/repo, URL), a model
(folder/name or name), a Python package, or `comfyui`. No network; nothing is
written. Also called `explain`.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's words."""
    parser.description = EXAMPLES
    parser.add_argument("name", metavar="NAME", help="what to explain")


def run(arguments: argparse.Namespace) -> int:
    """Print what leads to it; 0 if anything here has that name, else 1."""
    found = why(arguments.project, arguments.name, os.environ)
    if arguments.json:
        from comfylock.cli.envelope import success  # noqa: PLC0415

        sys.stdout.buffer.write(success("why", found, ok=found.is_known))
        sys.stdout.flush()
    elif found.is_known:
        from comfylock.cli.text import Style, width  # noqa: PLC0415
        from comfylock.cli.why_text import explanation_text  # noqa: PLC0415

        style = Style(arguments.color, sys.stdout)
        sys.stdout.write(explanation_text(found, style, width(sys.stdout)))
        sys.stdout.flush()
    _print_rest(found, arguments)
    return 0 if found.is_known else 1


def _print_rest(found: Explanation, arguments: argparse.Namespace) -> None:
    from comfylock.cli.text import safe  # noqa: PLC0415

    if not arguments.quiet:
        for path, message in found.unreadable:
            sys.stderr.write(f"warning: {safe(path)}: {safe(message)}\n")
    if found.is_known:
        return
    name = safe(found.asked)
    if found.in_tree:
        sys.stderr.write(f"error: why explains packs, models and the like; `{name}` is none\n")
        sys.stderr.write(f"\nhint: comfylock tree {shlex.quote(name)}\n")
        return
    sys.stderr.write(f"error: nothing in this project is called `{name}`\n")
    if found.is_in_registry:
        sys.stderr.write(f'\nhint: comfylock registry show "{name}"\n')
    elif found.nearest:
        near = "`, `".join(map(safe, found.nearest))
        sys.stderr.write(f"\nhint: did you mean `{near}`?\n")
