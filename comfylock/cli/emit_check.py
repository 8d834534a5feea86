"""`comfylock emit --check`: are the files that are there what the lock gives?"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from comfylock.cli.emit_report import print_refusals, summary
from comfylock.cli.text import plural, safe
from comfylock.ops.emit import ALL
from comfylock.ops.emitted import differences, placed

if TYPE_CHECKING:
    import argparse

    from comfylock.ops.emit import EmitOutcome


def check_files(outcome: EmitOutcome, kinds: tuple[str, ...], arguments: argparse.Namespace) -> int:
    """Compare and report; 0 if all are the same, 1 if not.

    Kinds that somebody named, here or in comfylock.toml, must be there; of the others those that
    are there must be right.
    """
    is_all = kinds == (ALL,)
    named = outcome.plan.settings.kinds if is_all else kinds
    is_one = not is_all and len(kinds) == 1
    places = placed(outcome, arguments.project, arguments.output, is_one=is_one)
    found = differences(places, outcome.plan.digest, wanted=named, is_all=is_all)
    refused = tuple(made for made in outcome.refusals if made.kind in named)
    there = [place for place in places if os.path.lexists(place.path)]
    is_same = bool(there) and not found and not refused
    if arguments.json:
        from comfylock.cli.envelope import success  # noqa: PLC0415

        data = {
            **summary(outcome),
            "differences": found,
            "checked": [place.path for place in there],
        }
        sys.stdout.buffer.write(success("emit-check", data, ok=is_same))
        sys.stdout.flush()
        return int(not is_same)
    for each in found:
        sys.stdout.write(f"{safe(each.path)} {each.message}\n")
    if not there and not found:
        sys.stdout.write("nothing that was emitted is there\n")
    if is_same and not arguments.quiet:
        sys.stdout.write(f"{plural(len(there), 'file')} as the lock gives\n")
    sys.stdout.flush()
    if refused or any(each.fault == "unchecked" for each in found):
        print_refusals(outcome)
    elif not is_same:
        where = f" -o {arguments.output}" if arguments.output else ""
        sys.stderr.write(f"\nhint: comfylock emit {' '.join(kinds)}{safe(where)}\n")
    return int(not is_same)
