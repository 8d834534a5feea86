"""`comfylock analyze`: what do these workflows need?"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from comfylock.analysis.analyzer import Settings
from comfylock.analysis.summary import Summary
from comfylock.config import Config, load_config, surroundings
from comfylock.errors import ConfigError, UsageError
from comfylock.model import Problem
from comfylock.ops.analyze import Outcome, add_outcome, analyze_each
from comfylock.ops.registry import usable_registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor

    from comfylock.model import Report
    from comfylock.registry.store import Registry

EXAMPLES = """\
What do these workflows need: node packs, models, input files, which ComfyUI.

examples:
  comfylock analyze workflows/
  comfylock analyze render.png --json

Reads UI and API workflows, pictures, videos and sounds with a workflow inside,
and TypeScript, JavaScript and Python that builds API workflows. No network; no
pack's code is run.
"""

MANY = 2000
"""Files from which on a second process pays."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's words."""
    parser.description = EXAMPLES
    parser.add_argument("paths", nargs="+", metavar="PATH", help="file, folder, pattern, or -")
    output = parser.add_mutually_exclusive_group()
    output.add_argument(
        "--jsonl", action="store_true", help="one line of JSON a workflow, streamed"
    )
    output.add_argument(
        "--graph",
        choices=("mermaid", "dot", "graphml", "json"),
        help="workflows, class types, packs and models as a graph",
    )
    parser.add_argument(
        "--strict", action="store_true", help="exit 1 on anything unknown, ambiguous or unread"
    )
    parser.add_argument(
        "--jobs", type=_jobs, default=0, metavar="N", help="processes (0: as many as pay)"
    )
    parser.add_argument("--no-inactive", action="store_true", help="leave out muted nodes")


def _jobs(text: str) -> int:
    if not text.isdigit() or int(text) > 512:
        raise argparse.ArgumentTypeError(f"`{text}` is no number of processes")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Analyze and print; 0 if all is read, 1 if --strict finds something, 2 for bad inputs."""
    if arguments.json and (arguments.jsonl or arguments.graph):
        other = "--jsonl" if arguments.jsonl else "--graph"
        raise UsageError(f"argument {other}: not allowed with argument --json")
    config, faults = _config(arguments.project)
    settings = Settings(
        class_types=config.class_types,
        models=config.models,
        allowed_hosts=config.allowed_hosts,
        include_inactive=not arguments.no_inactive,
    )
    registry, damage = usable_registry(arguments.project)
    keeps = arguments.json or bool(arguments.graph)
    summary = Summary(registry, with_workflows=keeps)
    for error in damage:
        faults.append(Problem(error.file, f"{error.reason}; left out: {error.hint}"))
    for fault in faults:
        summary.add_problem(fault)
    with _outcomes(arguments, registry, settings) as outcomes:
        for outcome in outcomes:
            add_outcome(summary, outcome)
            if arguments.jsonl:
                _print_lines(outcome)
    report = summary.report()
    if any(entry.kind == "unknown" for entry in report.class_types):
        from comfylock.registry.nearest import with_nearest  # noqa: PLC0415

        report = with_nearest(report, registry)
    code = exit_code(report, strict=arguments.strict)
    _print_report(report, arguments, config.settled_models, ok=code == 0)
    return code


def _config(project: str) -> tuple[Config, list[Problem]]:
    """Return the project's settings, the defaults where they have faults, and the faults."""
    problems: list[Problem] = []
    around = None
    try:
        around = surroundings(os.environ)
    except ConfigError as error:
        problems += _told(error)
    try:
        return load_config(project, around), problems
    except ConfigError as error:
        return Config(), problems + _told(error)


def _told(error: ConfigError) -> list[Problem]:
    """Return each fault of a file or of the environment as a problem."""
    told = [f"`{path}`: {text}" if path else text for path, text in error.faults]
    return [Problem(error.file, text) for text in told]


def exit_code(report: Report, *, strict: bool) -> int:
    """Return what the report means to a shell."""
    if report.problems:
        return 2
    return 1 if strict and not report.is_complete else 0


@contextmanager
def _outcomes(
    arguments: argparse.Namespace, registry: Registry, settings: Settings
) -> Iterator[Iterator[Outcome]]:
    """Yield the outcomes, from as many processes as pay, with a progress bar on a terminal."""
    from comfylock.cli.progress import progress  # noqa: PLC0415

    with progress(enabled=not arguments.quiet and sys.stderr.isatty()) as reporter:

        def outcomes(executor: Executor | None, paths: list[Any]) -> Iterator[Outcome]:
            return analyze_each(
                paths,
                registry=registry,
                settings=settings,
                executor=executor,
                reporter=reporter,
                standard_input=sys.stdin.buffer if sys.stdin else None,
            )

        jobs = arguments.jobs or (_cores() if _are_many(arguments.paths) else 1)
        if jobs == 1:
            yield outcomes(None, arguments.paths)
            return
        from comfylock.cli.workers import process_pool  # noqa: PLC0415

        with process_pool(jobs) as executor:
            yield outcomes(executor, arguments.paths)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _are_many(paths: list[str]) -> bool:
    """Say whether the paths hold so many files that processes pay."""
    if len(paths) < MANY and not any(os.path.isdir(path) for path in paths):
        return False
    from comfylock.workflow.discover import discover  # noqa: PLC0415

    return sum(1 for _ in itertools.islice(discover(paths), MANY)) >= MANY


def _print_lines(outcome: Outcome) -> None:
    from comfylock.cli.analyze_json import problem_line, workflow_line  # noqa: PLC0415

    for report in outcome.reports:
        sys.stdout.buffer.write(workflow_line(report))
    if outcome.problem is not None:
        sys.stdout.buffer.write(problem_line(outcome))


def _print_report(
    report: Report, arguments: argparse.Namespace, settled: frozenset[str], *, ok: bool
) -> None:
    from comfylock.cli.text import Style, safe, width  # noqa: PLC0415

    if arguments.graph:
        from comfylock.workflow.graph import render_graph  # noqa: PLC0415

        sys.stdout.buffer.write(render_graph(report, arguments.graph).encode())
    elif arguments.json:
        from comfylock.cli.analyze_json import report_json  # noqa: PLC0415

        sys.stdout.buffer.write(report_json(report, ok=ok))
    elif not arguments.jsonl and report.totals.workflows:
        from comfylock.cli.analyze_text import report_text  # noqa: PLC0415

        style = Style(arguments.color, sys.stdout)
        columns = width(sys.stdout)
        sys.stdout.write(
            report_text(report, style, columns, verbose=arguments.verbose, settled=settled)
        )
    sys.stdout.flush()
    for problem in report.problems:
        sys.stderr.write(f"error: {safe(problem.path)}: {safe(problem.message)}\n")
