"""`comfylock tree`: which workflow needs which packs and models."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from comfylock.ops.tree import tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.cli.text import Style
    from comfylock.ops.tree import Tree
    from comfylock.resolve.explain import Branch

EXAMPLES = """\
Which workflow needs which packs and models, as comfy.lock has them.

examples:
  comfylock tree
  comfylock tree --invert comfyui-kjnodes

NAME is a workflow, a pack (id, former id, owner/repo, URL), a model
(folder/name or name) or a class type. [brackets] name groups. No network;
nothing is written.
"""

MAX_DEPTH = 9
NARROW = 40
"""Columns below which the branches are drawn short."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's words."""
    parser.description = EXAMPLES
    parser.add_argument("names", nargs="*", metavar="NAME", help="only what has these names")
    parser.add_argument(
        "-i", "--invert", action="store_true", help="from packs and models to workflows"
    )
    parser.add_argument(
        "--depth",
        type=_depth,
        default=1,
        metavar="N",
        help="levels below the roots (0: none; 2: class types too; default: 1)",
    )


def _depth(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 3:
        raise argparse.ArgumentTypeError(f"`{text}` is no number of levels")
    return min(int(text), MAX_DEPTH)


def run(arguments: argparse.Namespace) -> int:
    """Print the tree; 0 if there is a lock, 2 if there is none or it lacks a NAME."""
    found = tree(
        arguments.project,
        tuple(arguments.names),
        is_inverted=arguments.invert,
        depth=arguments.depth,
    )
    if arguments.json:
        from comfylock.cli.envelope import success  # noqa: PLC0415

        data = {
            "inverted": found.is_inverted,
            "comfyui": found.comfyui,
            "unresolved": found.unresolved,
            "roots": found.roots,
        }
        sys.stdout.buffer.write(success("tree", data))
        sys.stdout.flush()
        return 0
    from comfylock.cli.text import Style, width  # noqa: PLC0415

    sys.stdout.write(tree_text(found, Style(arguments.color, sys.stdout), width(sys.stdout)))
    return 0


def tree_text(found: Tree, style: Style, columns: int) -> str:
    """Return the trees with branches drawn, no line wider than so many columns."""
    from comfylock.cli.text import safe, shorten  # noqa: PLC0415

    lines = []
    if found.comfyui is not None and not found.is_inverted:
        pin = found.comfyui
        told = pin.version or (pin.commit or "")[:10] or pin.requested
        lines.append(shorten(f"ComfyUI {safe(told)}", columns))
    for root in found.roots:
        lines += _lines(root, style, columns, "", "")
    if not found.roots:
        lines.append("nothing is locked")
    return "".join(f"{line}\n" for line in lines)


def _lines(branch: Branch, style: Style, columns: int, first: str, rest: str) -> Iterator[str]:
    """Yield a branch's lines, the first after one lead, the others after another."""
    step = 4 if columns >= NARROW else 2
    bar, blank = "│".ljust(step), " " * step
    yield from _own_lines(branch, style, columns, first, rest + (bar if branch.children else blank))
    for child in branch.children[:-1]:
        lead = "├".ljust(step - 1, "─") + " "
        yield from _lines(child, style, columns, rest + lead, rest + bar)
    for child in branch.children[-1:]:
        lead = "└".ljust(step - 1, "─") + " "
        yield from _lines(child, style, columns, rest + lead, rest + blank)


def _own_lines(branch: Branch, style: Style, columns: int, first: str, rest: str) -> Iterator[str]:
    from comfylock.cli.text import safe, wrap  # noqa: PLC0415

    words = [safe(branch.name)]
    words += [safe(branch.pin)] if branch.pin else []
    words += [safe(f"[{', '.join(branch.groups)}]")] if branch.groups else []
    words += [safe(f"({remark})") for remark in branch.remarks]
    is_open = any(remark.startswith("unresolved") for remark in branch.remarks)
    color = "red" if is_open else "bold" if branch.kind in ("workflow", "settings") else ""
    room = columns - max(len(first), len(rest))
    for index, line in enumerate(wrap(words, room, "", separator="")):
        lead = rest if index else first
        yield f"{lead}{style(line, color) if color else line}"
