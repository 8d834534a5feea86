"""What `lock --check` prints: whether the lock is current, and every reason why not."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from comfylock.cli.text import plural, safe

if TYPE_CHECKING:
    import argparse

    from comfylock.lockfile.drift import Drift
    from comfylock.lockfile.schema import Lock
    from comfylock.ops.check import CheckOutcome
    from comfylock.ops.places import Place

MAX_REASONS = 10
"""Reasons shown without --verbose."""

MAX_NODES = 8
"""Ids shown of one workflow."""


def print_check(outcome: CheckOutcome, arguments: argparse.Namespace) -> int:
    """Print the outcome; 0 current, 1 stale, 2 where a workflow could not be read."""
    code = 2 if outcome.unreadable else 0 if outcome.is_current else 1
    if arguments.json:
        from comfylock.cli.envelope import success  # noqa: PLC0415

        data = {
            "lock": outcome.path,
            "current": outcome.is_current,
            "reasons": [_reason(outcome, drift) for drift in outcome.drift],
            "unreadable": [{"path": p, "message": m} for p, m in outcome.unreadable],
        }
        sys.stdout.buffer.write(success("lock.check", data, ok=code == 0))
    for path, message in outcome.unreadable:
        sys.stderr.write(f"error: {safe(path)}: {safe(message)}\n")
    if outcome.drift:
        _print_reasons(outcome, verbose=arguments.verbose)
    elif code == 0 and not arguments.json and not arguments.quiet:
        lock = outcome.lock
        counts = f"{plural(len(lock.packs), 'pack')} and {plural(len(lock.models), 'model')}"
        workflows = plural(len(lock.workflows), "workflow")
        sys.stdout.write(f"{safe(outcome.path)} is current: {counts} of {workflows}\n")
    return code


def _print_reasons(outcome: CheckOutcome, *, verbose: bool) -> None:
    shown = outcome.drift if verbose else outcome.drift[:MAX_REASONS]
    lines = [f"error: {safe(outcome.path)} is not current, and --check forbids to write it", ""]
    for drift in shown:
        where = f"{safe(drift.workflow)}: " if drift.workflow else ""
        lines.append(f"  {where}{safe(drift.message)} [{drift.kind}]")
        places = outcome.places.get(drift, ())
        lines += [f"    {nodes_text(place, drift.workflow)}" for place in places]
    if len(outcome.drift) > len(shown):
        lines.append(f"  and {len(outcome.drift) - len(shown)} more (--verbose)")
    sys.stderr.write("\n".join([*lines, "", "hint: comfylock lock", ""]))


def nodes_text(place: Place, workflow: str | None = None) -> str:
    """Return the nodes of a place, with its workflow unless that was just said."""
    ids = [safe(node) for node in place.nodes[:MAX_NODES]]
    more = f" and {len(place.nodes) - MAX_NODES} more" if len(place.nodes) > MAX_NODES else ""
    where = "" if place.workflow == workflow else f"{safe(place.workflow)}: "
    return f"{where}{'node' if len(place.nodes) == 1 else 'nodes'} {', '.join(ids)}{more}"


def _reason(outcome: CheckOutcome, drift: Drift) -> dict[str, Any]:
    return {
        "kind": drift.kind,
        "workflow": drift.workflow,
        "subject": drift.subject,
        "message": drift.message,
        "places": list(outcome.places.get(drift, ())),
    }


def print_exists(lock: Lock, arguments: argparse.Namespace) -> int:
    """Print that there is a lock that can be read."""
    if arguments.json:
        from comfylock.cli.envelope import success  # noqa: PLC0415

        data = {"packs": len(lock.packs), "models": len(lock.models)}
        sys.stdout.buffer.write(success("lock.exists", data))
    elif not arguments.quiet:
        counts = f"{plural(len(lock.packs), 'pack')} and {plural(len(lock.models), 'model')}"
        sys.stdout.write(f"the lock can be read: {counts}\n")
    return 0
