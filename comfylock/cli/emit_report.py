"""What `comfylock emit` says about the files that it made."""

from __future__ import annotations

import hashlib
import sys
from typing import TYPE_CHECKING, Any

from comfylock.cli.text import plural, safe

if TYPE_CHECKING:
    import argparse
    from collections.abc import Collection

    from comfylock.emit.interface import Emitted
    from comfylock.ops.emit import EmitOutcome
    from comfylock.ops.emitted import Placed

ANOTHER_CHOICE = "name the kinds that you want: `kinds` in `[emit]` of comfylock.toml"


def print_written(
    outcome: EmitOutcome,
    places: Collection[Placed],
    changed: Collection[Placed],
    arguments: argparse.Namespace,
) -> None:
    """Say which files were written, and what was not emitted and why."""
    same = len(places) - len(changed)
    if not arguments.quiet:
        for place in places:
            word = "Wrote" if place in changed else "Same "
            sys.stdout.write(f"{word} {safe(place.path)}\n")
        if places and not changed:
            sys.stdout.write(f"nothing to do: {plural(same, 'file')} as the lock gives\n")
    sys.stdout.flush()
    print_notes(outcome, arguments)
    print_refusals(outcome)


def print_notes(outcome: EmitOutcome, arguments: argparse.Namespace) -> None:
    """Say what formats could not hold and what was left out."""
    if arguments.quiet:
        return
    for made in outcome.made:
        for file in made.files:
            for note in file.notes:
                sys.stderr.write(f"note: {made.kind}: {safe(note)}\n")
    for each in outcome.plan.unpinned:
        sys.stderr.write(f"warning: not pinned: {safe(str(each))}\n")


def print_refusals(outcome: EmitOutcome) -> None:
    """Say which kinds there are not, and why."""
    for made in outcome.refusals:
        told = made.refusal
        hint = f" ({told.hint})" if told is not None and told.hint else ""
        sys.stderr.write(f"error: no {made.kind}: {safe(str(told))}{safe(hint)}\n")
    if outcome.refusals:
        sys.stderr.write(f"\nhint: {ANOTHER_CHOICE}\n")


def print_json(
    outcome: EmitOutcome, places: Collection[Placed] | None, changed: Collection[Placed]
) -> None:
    """Write the envelope; without places it holds the files' texts."""
    from comfylock.cli.envelope import success  # noqa: PLC0415

    if places is None:
        files = [
            {**_told(made.kind, file), "text": file.data.decode("utf-8", "replace")}
            for made in outcome.made
            for file in made.files
        ]
    else:
        files = [
            {**_told(place.kind, place.file), "path": place.path, "changed": place in changed}
            for place in places
        ]
    data = {**summary(outcome), "files": files}
    sys.stdout.buffer.write(success("emit", data, ok=not outcome.refusals))
    sys.stdout.flush()


def summary(outcome: EmitOutcome) -> dict[str, Any]:
    """Return what is to be told of every outcome."""
    return {
        "lock": outcome.plan.digest,
        "unpinned": outcome.plan.unpinned,
        "refused": [
            {
                "kind": made.kind,
                "code": made.refusal.code,
                "message": str(made.refusal),
                "hint": made.refusal.hint,
            }
            for made in outcome.refusals
            if made.refusal is not None
        ],
    }


def _told(kind: str, file: Emitted) -> dict[str, Any]:
    return {
        "kind": kind,
        "name": file.name,
        "sha256": hashlib.sha256(file.data).hexdigest(),
        "size": len(file.data),
        "executable": file.is_executable,
        "notes": file.notes,
    }
