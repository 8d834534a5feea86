"""The tables `[lock]` and `[groups]`: what is locked, for what, and in which parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfylock.names import leaves_its_folder
from comfylock.patterns import Pattern

if TYPE_CHECKING:
    from comfylock.config.tables import Table

LOCK_KEYS = (
    "workflows",
    "prefer",
    "targets",
    "require-hashes",
    "allow-unresolved",
    "include-inactive",
)
PREFERENCES = ("authored", "latest")
SYSTEMS = ("linux", "windows", "macos")
MACHINES = ("x86_64", "arm64")
GROUP_NAME = Pattern(r"[a-z][a-z0-9-]{0,62}\Z")
"""A group is switched by an environment variable of its name, so it has one spelling."""


def read_lock(table: Table) -> dict[str, Any]:
    """Return the fields of Config that `[lock]` sets."""
    table.refuse_unknown(LOCK_KEYS)
    prefer = table.text("prefer")
    if prefer is not None and prefer not in PREFERENCES:
        table.fault("must be `authored` or `latest`", "prefer")
    return {
        "workflows": _patterns(table, "workflows"),
        "prefer": prefer or "authored",
        "targets": _targets(table),
        "require_hashes": table.flag("require-hashes"),
        "allow_unresolved": table.flag("allow-unresolved"),
        "include_inactive": table.flag("include-inactive"),
    }


def read_groups(table: Table) -> dict[str, tuple[str, ...]]:
    """Return every group with its patterns; a group of packs and models alone has none."""
    groups: dict[str, tuple[str, ...]] = {}
    for name in table.value:
        if GROUP_NAME.match(name):
            groups[name] = _patterns(table, name)
        else:
            what = "must be a name of small letters, digits and `-`, a letter first"
            table.faults.append((table.quoted(name), what))
    return groups


def groups_of(table: Table, known: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the groups that a pack or model says it is in, sorted; all must be there."""
    found: set[str] = set()
    for index, name in table.texts("groups", "names of groups"):
        if name in known:
            found.add(name)
            continue
        import difflib  # noqa: PLC0415 - only mistakes need it

        nearest = difflib.get_close_matches(name, list(known), 1, 0.6)
        advice = f"did you mean `{nearest[0]}`?" if nearest else "add it to `[groups]`"
        table.fault(f"is no group; {advice}", f"groups[{index}]")
    return tuple(sorted(found))


def path_fault(text: str) -> str | None:
    """Say what is wrong with a path or pattern that must stay inside the project."""
    path = text.replace("\\", "/")
    if not all(c.isprintable() for c in text):
        return "must hold no control characters"
    if leaves_its_folder(path) or "://" in path:
        return "must be a path inside the project, relative to this file"
    if path.startswith("-"):
        return "must not start with `-`; write `./-…`"
    return None


def _patterns(table: Table, key: str) -> tuple[str, ...]:
    """Return paths and patterns in their order, each once."""
    found: dict[str, None] = {}
    for index, text in table.texts(key, "paths and patterns"):
        fault = path_fault(text)
        if fault is None:
            found[text.replace("\\", "/")] = None
        else:
            table.fault(fault, f"{key}[{index}]")
    return tuple(found)


def _targets(table: Table) -> tuple[str, ...]:
    known = [f"{system}-{machine}" for system in SYSTEMS for machine in MACHINES]
    found: set[str] = set()
    for index, text in table.texts("targets", "systems, such as `linux-x86_64`"):
        if text in known:
            found.add(text)
        else:
            table.fault(f"must be one of {', '.join(known)}", f"targets[{index}]")
    return tuple(sorted(found))
