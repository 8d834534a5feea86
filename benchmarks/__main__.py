"""`python -m benchmarks`: measure, and print one table."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from benchmarks import (
    corpus,
    hook,
    large,
    locking,
    python_packages,
    speed,
    table,
    templates,
    upgrade,
    verifying,
)
from benchmarks.scratch import node_map_path, peer_versions, scratch_folder, template_paths

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.table import Row

    Measure = Callable[[], tuple[list[Row], list[str]]]

NAMES = (
    "templates",
    "api",
    "corpus",
    "start",
    "memory",
    "speed",
    "lock",
    "hook",
    "verify",
    "upgrade",
    "large",
    "python",
)
ON_REQUEST = ("python",)
"""Left out unless they are named: they need the real package index."""


def parse(words: list[str]) -> argparse.Namespace:
    """Return the command line's words by name."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--corpus", metavar="DIR", help="labelled workflows to measure on")
    parser.add_argument("--object-info", metavar="DIR", help="recorded answers of ComfyUI servers")
    parser.add_argument("--only", metavar="NAME,...", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--runs", type=int, default=15, metavar="N", help="rounds of each timing")
    parser.add_argument("--large", action="store_true", help="100,000 workflows; needs 2 GB")
    parser.add_argument("--markdown", metavar="FILE", help="write the table there too")
    parser.add_argument("--verbose", action="store_true", help="list what was not right")
    parser.add_argument("--scratch", metavar="DIR", help="where downloads are kept")
    arguments = parser.parse_args(words)
    arguments.names = chosen(arguments, parser)
    return arguments


def chosen(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> list[str]:
    """Return what is to be measured."""
    if arguments.only:
        names = arguments.only.split(",")
        unknown = [name for name in names if name not in NAMES]
        if unknown:
            parser.error(f"nothing is called {', '.join(unknown)}; there are {', '.join(NAMES)}")
        if "corpus" in names and not arguments.corpus:
            parser.error("corpus needs --corpus DIR")
        if "upgrade" in names and not arguments.object_info:
            parser.error("upgrade needs --object-info DIR")
        return [name for name in NAMES if name in names]
    skipped = {name for name in ("corpus", "large") if not getattr(arguments, name)}
    skipped |= set() if arguments.object_info else {"upgrade"}
    return [name for name in NAMES if name not in skipped and name not in ON_REQUEST]


def main(words: list[str]) -> int:
    """Measure and print; 1 if a target was missed."""
    arguments = parse(words)
    scratch = arguments.scratch or scratch_folder()
    paths = template_paths(scratch)
    runs = arguments.runs
    measures: dict[str, Measure] = {
        "templates": lambda: templates.measure_ui(paths),
        "api": lambda: templates.measure_api(paths),
        "corpus": lambda: corpus.measure(arguments.corpus, node_map_path(scratch)),
        "start": lambda: (speed.measure_start(paths, runs), []),
        "memory": lambda: (speed.measure_memory(paths), []),
        "speed": lambda: (speed.measure_library(paths, scratch, runs), []),
        "lock": lambda: (locking.measure(runs), []),
        "hook": lambda: (hook.measure(runs), []),
        "verify": lambda: (verifying.measure(scratch), []),
        "large": lambda: (large.measure(paths, scratch), []),
        "python": lambda: python_packages.measure(scratch),
        "upgrade": lambda: upgrade.measure(
            arguments.object_info, paths, arguments.corpus, scratch, runs
        ),
    }
    rows: list[Row] = []
    for name in arguments.names:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        more, details = measures[name]()
        rows += more
        for line in details if arguments.verbose else ():
            print(line)
    versions = peer_versions(scratch)
    print(f"{table.machine()}; {', '.join(versions)}")
    print(table.as_text(rows), end="")
    if arguments.markdown:
        command = f"python -m benchmarks {' '.join(_shown(arguments))}".strip()
        table.write(arguments.markdown, table.as_markdown(rows, command, versions))
    return 1 if any(row.met is False for row in rows) else 0


def _shown(arguments: argparse.Namespace) -> list[str]:
    """Return the words that matter to somebody who repeats the run."""
    words = ["--corpus DIR"] if arguments.corpus else []
    words += ["--object-info DIR"] if arguments.object_info else []
    words += [f"--only {arguments.only}"] if arguments.only else []
    return words + (["--large"] if arguments.large else [])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
