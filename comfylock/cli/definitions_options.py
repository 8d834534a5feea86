"""The words with which verbs are told which node definitions to judge by."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from comfylock.definitions.signature import DefinitionSet
    from comfylock.model import Problem
    from comfylock.registry.store import Registry

SET = (
    "a saved set, a saved /object_info, a folder with source, FOLDER@COMMIT, or a server's address"
)

MAX_WARNINGS = 10
"""Problems of a set that are told without -v."""


def known_registry(arguments: argparse.Namespace) -> tuple[Registry, list[Problem]]:
    """Return the project's registry without what is damaged of it, and what that is."""
    from comfylock.model import Problem  # noqa: PLC0415 - help needs none
    from comfylock.ops.registry import usable_registry  # noqa: PLC0415

    registry, faults = usable_registry(arguments.project)
    return registry, [
        Problem(each.file, f"{each.reason}; left out: {each.hint}") for each in faults
    ]


def load(
    arguments: argparse.Namespace,
    sources: Sequence[str],
    registry: Registry,
    *,
    files: bool,
    some_will_do: bool = False,
) -> tuple[DefinitionSet, list[Problem]]:
    """Return the definitions of some sources as one set, and what of them is damaged.

    With `some_will_do` a source of several that is none is damage too: what it would have said is
    not known then. What only running source would tell goes to stderr at once: it is no fault.

    Raises:
        DefinitionsError, UsageError, SourceUnavailableError, RefusedError: there are none.
    """
    from msgspec.structs import replace  # noqa: PLC0415 - help needs none

    from comfylock.definitions.signature import merged  # noqa: PLC0415
    from comfylock.errors import DefinitionsError  # noqa: PLC0415
    from comfylock.model import Problem  # noqa: PLC0415
    from comfylock.ops.definitions import Loaded, load_each  # noqa: PLC0415

    loaded: list[Loaded] = []
    lost: list[DefinitionsError] = []
    for source in sources or [""]:
        try:
            loaded += load_each(
                [source] if sources else [],
                registry,
                project=arguments.project,
                environ=os.environ,
                keep_files=files,
                is_offline=arguments.offline,
            )
        except DefinitionsError as error:
            lost.append(error)
            if not some_will_do or len(lost) == len(sources):
                raise
    unread = [each for found, told in loaded if found.kind == "source" for each in told]
    warn(unread, verbose=arguments.verbose, quiet=arguments.quiet)
    damaged = [
        Problem(f"{found.name}#{each.path}" if each.path else found.name, each.message)
        for found, told in loaded
        if found.kind != "source"
        for each in told
    ]
    whole = merged(tuple(found for found, _ in loaded))
    if not lost:
        return whole, damaged
    missing = [Problem(each.file, each.reason) for each in lost]
    return replace(whole, is_partial=True), [*missing, *damaged]


def print_damaged(problems: Sequence[Problem], *, verbose: bool) -> None:
    """Tell which definitions are damaged, so that nothing is known of them."""
    from comfylock.cli.text import safe  # noqa: PLC0415 - most are not

    shown = problems if verbose else problems[:MAX_WARNINGS]
    for problem in shown:
        sys.stderr.write(f"error: {safe(problem.path)}: {safe(problem.message)}\n")
    if len(problems) > len(shown):
        sys.stderr.write(f"error: {len(problems) - len(shown)} more of these; -v tells all\n")


def warn(problems: Sequence[Problem], *, verbose: bool, quiet: bool) -> None:
    """Tell what could not be read of definitions; all of it with `verbose`."""
    if quiet:
        return
    from comfylock.cli.text import safe  # noqa: PLC0415

    shown = problems if verbose else problems[:MAX_WARNINGS]
    for problem in shown:
        where = f"{safe(problem.path)}: " if problem.path else ""
        sys.stderr.write(f"warning: {where}{safe(problem.message)}\n")
    if len(problems) > len(shown):
        sys.stderr.write(f"warning: {len(problems) - len(shown)} more of these; -v tells all\n")
