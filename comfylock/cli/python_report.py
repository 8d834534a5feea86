"""Python packages that cannot be had together: who disagrees, and what settles it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfylock.cli.text import safe

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from comfylock.python.changes import PackageChange
    from comfylock.resolve.conflicts import Conflict
    from comfylock.resolve.outcome import Resolution
    from comfylock.resolve.python_packages import PythonResolution

MAX_DETAIL = 20
"""Lines of the resolver's own words that are shown with --verbose."""


def package_change(change: PackageChange) -> str:
    """Return `numpy 1.26.4 -> 2.1.0`, `+ einops 0.8` or `- sox 1.5`."""
    if change.old is None:
        return f"+ {change.name} {change.new}"
    if change.new is None:
        return f"- {change.name} {change.old}"
    return f"{change.name} {change.old} -> {change.new}"


def conflict_lines(chosen: PythonResolution, arguments: argparse.Namespace) -> Iterator[str]:
    """Yield what settles each conflict of a target; who disagrees was told with its error."""
    for conflict in chosen.conflicts:
        yield ""
        yield f"{safe(chosen.target.name)}: {safe(conflict.message)}"
        if not conflict.is_smallest:
            yield "  these may be more lines than needed: looking for fewer took too long"
        if not conflict.remedies:
            yield "  nothing that was tried settles it"
        else:
            tried = all(remedy.is_tried for remedy in conflict.remedies)
            yield f"  any of these settles it{', each was tried' if tried else ''}:"
        yield from _remedies(conflict)
        if arguments.verbose and conflict.detail:
            detail = conflict.detail.splitlines()[:MAX_DETAIL]
            yield from (f"  | {safe(line)}" for line in detail)


def _remedies(conflict: Conflict) -> Iterator[str]:
    from comfylock.resolve.python_run import remedy_hint  # noqa: PLC0415 - only conflicts need it

    for remedy in conflict.remedies:
        untried = "" if remedy.is_tried else " (not tried: it runs code)"
        yield f"    {safe(remedy_hint(remedy))}{untried}"


def conflict_objects(resolution: Resolution) -> list[dict[str, Any]]:
    """Return all conflicts as `--json` has them."""
    return [
        _object(chosen.target.name, conflict)
        for chosen in resolution.python
        for conflict in chosen.conflicts
    ]


def _object(target: str, conflict: Conflict) -> dict[str, Any]:
    from comfylock.resolve.python_run import remedy_hint  # noqa: PLC0415 - only conflicts need it

    return {
        "target": target,
        "kind": conflict.kind,
        "message": conflict.message,
        "packs": list(conflict.packs),
        "lines": [
            {"pack": line.pack, "file": line.file, "line": line.line, "text": line.text}
            for line in conflict.lines
        ],
        "limits": list(conflict.limits),
        "smallest": conflict.is_smallest,
        "detail": conflict.detail,
        "remedies": [
            {
                "kind": remedy.kind,
                "value": remedy.value,
                "pack": remedy.pack or None,
                "message": remedy.message,
                "apply": remedy_hint(remedy),
                "tried": remedy.is_tried,
            }
            for remedy in conflict.remedies
        ],
    }
