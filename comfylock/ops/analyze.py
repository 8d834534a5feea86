"""What do these workflows need? No network; strangers' code is never run."""

from __future__ import annotations

import itertools
import os
from collections import deque
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

import msgspec
from msgspec import Struct

from comfylock.analysis.analyzer import Analyzer, Settings
from comfylock.analysis.summary import Summary
from comfylock.errors import WorkflowError
from comfylock.model import Problem, Report, WorkflowReport
from comfylock.registry.store import Registry, shared_registry
from comfylock.workflow.discover import (
    STANDARD_INPUT,
    Candidate,
    Missing,
    Repeated,
    discover,
    shown_path,
)
from comfylock.workflow.read import read_bytes, read_file, read_standard_input

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from concurrent.futures import Executor, Future

    from comfylock.workflow.reading import InputTables, Reading

CHUNK = 64
"""Files given to a worker at once: enough to make the passing cheap, few enough to share out."""

WINDOW = 16
"""Chunks under way at once, so that memory stays flat however many files there are."""

TOGETHER = 32
"""Workflows that are read before the first is reported on; see `_looked_into`."""

Input = str | os.PathLike[str] | bytes

_Look = tuple[str, int, "list[Reading]"]
"""A file's path as reports show it, its group, and the workflows in it."""


class Outcome(Struct, frozen=True, gc=False):
    """What became of one input file."""

    path: str
    group: int
    """Which of the given inputs it came from, counted from 0."""
    reports: tuple[WorkflowReport, ...] = ()
    problem: str | None = None
    """Why it could not be read."""
    is_repeated: bool = False
    """An earlier input led to this file already."""


class Reporter(Protocol):
    """Is told how far a long run is; the library's own is silent."""

    def advance(self, path: str) -> None:
        """Note that one more file was looked into."""


def analyze(
    inputs: Input | Iterable[Input],
    *,
    registry: Registry | None = None,
    settings: Settings | None = None,
    executor: Executor | None = None,
    reporter: Reporter | None = None,
) -> Report:
    """Return what workflows need: packs, models, input assets, the oldest ComfyUI.

    `inputs` are paths (files, folders, glob patterns) or the bytes of a workflow file. What
    cannot be read is in `Report.problems`; nothing is raised for it. The order of the result
    is that of the inputs, folders in name order, whatever the executor. No network.

    `executor` is any `concurrent.futures.Executor`: processes, threads, or a cluster's that sees
    the same files and has comfylock installed.

    Raises:
        RegistryError: the registry's own data are damaged.
    """
    registry = registry or shared_registry()
    summary = Summary(registry)
    for outcome in analyze_each(
        inputs, registry=registry, settings=settings, executor=executor, reporter=reporter
    ):
        add_outcome(summary, outcome)
    return summary.report()


def add_outcome(summary: Summary, outcome: Outcome) -> None:
    """Add what became of one file to a summary."""
    for report in outcome.reports:
        summary.add(report)
    if outcome.problem is not None:
        summary.add_problem(Problem(outcome.path, outcome.problem))


def analyze_each(
    inputs: Input | Iterable[Input],
    *,
    registry: Registry | None = None,
    settings: Settings | None = None,
    executor: Executor | None = None,
    reporter: Reporter | None = None,
    standard_input: BinaryIO | None = None,
) -> Iterator[Outcome]:
    """Yield what became of each input file, in order, a few at a time.

    Files of a folder that hold no workflow are left out; a folder or pattern without a single
    workflow is a problem of its own.
    """
    registry = registry or shared_registry()
    settings = settings or Settings()
    given: list[Input] = [inputs] if isinstance(inputs, str | bytes | os.PathLike) else list(inputs)
    analyzer = _shared_analyzer(registry, settings)
    fruitful: set[int] = set()
    for outcome in _outcomes(given, analyzer, executor, standard_input):
        if reporter is not None:
            reporter.advance(outcome.path)
        if outcome.is_repeated:
            fruitful.add(outcome.group)
        elif outcome.reports or outcome.problem is not None:
            fruitful.add(outcome.group)
            yield outcome
    for group, item in enumerate(given):
        if group not in fruitful and not isinstance(item, bytes):
            yield Outcome(shown_path(os.fspath(item)), group, problem="holds no workflow")


def _outcomes(
    given: Sequence[Input],
    analyzer: Analyzer,
    executor: Executor | None,
    standard_input: BinaryIO | None,
) -> Iterator[Outcome]:
    candidates = _candidates(given)
    if executor is None:
        yield from _looked_into(candidates, analyzer, standard_input)
        return
    setup = (analyzer.registry.layers, analyzer.settings)
    pending: deque[Future[bytes] | Outcome] = deque()
    for is_file, run in itertools.groupby(candidates, key=_is_plain_file):
        for chunk in _batches(run, CHUNK):
            if is_file:
                pending.append(executor.submit(work, setup, chunk))
            else:
                pending.extend(_looked_into(chunk, analyzer, standard_input))
            while len(pending) > WINDOW:
                yield from _finished(pending.popleft())
    while pending:
        yield from _finished(pending.popleft())


def work(setup: tuple[tuple[str, ...], Settings], candidates: Sequence[Candidate]) -> bytes:
    """Return the outcomes of some files, encoded; what a worker process runs."""
    layers, settings = setup
    analyzer = _shared_analyzer(shared_registry(layers), settings)
    return _ENCODER.encode(list(_looked_into(candidates, analyzer, None)))


def _shared_analyzer(registry: Registry, settings: Settings) -> Analyzer:
    """Return the analyzer of these facts; what it worked out once serves the next call too."""
    key = msgspec.msgpack.encode(settings, order="deterministic")
    if _ANALYZERS.get(key, (None,))[0] is not registry:
        if len(_ANALYZERS) >= MAX_ANALYZERS:
            _ANALYZERS.clear()
        _ANALYZERS[key] = (registry, Analyzer(registry, settings))
    return _ANALYZERS[key][1]


_ANALYZERS: dict[bytes, tuple[Registry, Analyzer]] = {}
MAX_ANALYZERS = 8
_ENCODER = msgspec.msgpack.Encoder()


def _finished(item: Any) -> list[Outcome]:
    if isinstance(item, Outcome):
        return [item]
    return msgspec.msgpack.decode(item.result(), type=list[Outcome])


def _candidates(
    given: Sequence[Input],
) -> Iterator[Candidate | Missing | Repeated | tuple[int, bytes]]:
    """Yield what to look into; bytes stay in their place among the paths."""
    paths: list[tuple[int, str]] = []
    for group, item in enumerate(given):
        if isinstance(item, bytes):
            yield from _discovered(paths)
            paths = []
            yield group, item
        else:
            paths.append((group, os.fspath(item)))
    yield from _discovered(paths)


def _discovered(paths: list[tuple[int, str]]) -> Iterator[Candidate | Missing | Repeated]:
    return discover([path for _, path in paths], [group for group, _ in paths])


def _is_plain_file(item: Any) -> bool:
    return isinstance(item, Candidate) and item.path != STANDARD_INPUT


def _batches(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    iterator = iter(items)
    while batch := list(itertools.islice(iterator, size)):
        yield batch


def _looked_into(
    items: Iterable[Any], analyzer: Analyzer, standard_input: BinaryIO | None
) -> Iterator[Outcome]:
    """Yield what becomes of each candidate, in order.

    Some are read, then reported on: what a step needs stays in the processor's cache, which is
    worth a twentieth of the whole time.
    """
    looks: list[Outcome | _Look] = []
    held = 0
    for item in items:
        look = _read(item, analyzer.registry.tables, standard_input)
        looks.append(look)
        held += 1 if isinstance(look, Outcome) else len(look[2]) or 1
        if held >= TOGETHER:
            yield from _reported(looks, analyzer)
            looks, held = [], 0
    yield from _reported(looks, analyzer)


def _read(item: Any, tables: InputTables, standard_input: BinaryIO | None) -> Outcome | _Look:
    """Return what one candidate holds, or what became of one that cannot be read."""
    if isinstance(item, Missing):
        return Outcome(shown_path(item.path), item.group, problem=item.message)
    if isinstance(item, Repeated):
        return Outcome(shown_path(item.path), item.group, is_repeated=True)
    is_given = isinstance(item, tuple)
    group, name = (item[0], f"<input {item[0] + 1}>") if is_given else (item.group, item.path)
    try:
        if is_given:
            readings = read_bytes(item[1], name, tables)
        elif name == STANDARD_INPUT:
            readings = read_bytes(read_standard_input(standard_input), name, tables)
        else:
            readings = read_file(name, tables, is_named=item.is_named)
    except WorkflowError as error:
        return Outcome(shown_path(name), group, problem=error.reason)
    return shown_path(name), group, readings


def _reported(looks: Iterable[Outcome | _Look], analyzer: Analyzer) -> list[Outcome]:
    """Return what becomes of files that were read."""
    outcomes: list[Outcome] = []
    for look in looks:
        if isinstance(look, Outcome):
            outcomes.append(look)
            continue
        shown, group, readings = look
        reports = tuple([analyzer.report(reading, shown) for reading in readings])
        outcomes.append(Outcome(shown, group, reports))
    return outcomes
