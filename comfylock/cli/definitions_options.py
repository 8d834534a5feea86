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


def load(
    arguments: argparse.Namespace, sources: Sequence[str], registry: Registry, *, files: bool
) -> DefinitionSet:
    """Return the definitions of some sources as one set; what is wrong in them goes to stderr.

    Raises:
        DefinitionsError, UsageError, SourceUnavailableError, RefusedError: there are none.
    """
    from comfylock.ops.definitions import load_definitions  # noqa: PLC0415 - help needs none

    found, problems = load_definitions(
        sources,
        registry,
        project=arguments.project,
        environ=os.environ,
        keep_files=files,
        is_offline=arguments.offline,
    )
    warn(problems, verbose=arguments.verbose, quiet=arguments.quiet)
    return found


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
