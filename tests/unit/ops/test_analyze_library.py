from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from comfylock.ops.analyze import CHUNK, TOGETHER, WINDOW, Input, Outcome, analyze, analyze_each
from tests.builders import api, encoded, made_up_registry

if TYPE_CHECKING:
    from pathlib import Path

    from comfylock.registry.store import Registry

ONE = encoded(api(("AlphaNode", {})))


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return made_up_registry(tmp_path / "registry")


class Recorder:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    def advance(self, path: str) -> None:
        self.paths.append(path)


def test_one_input_or_many_of_every_kind(registry: Registry, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(ONE)
    assert analyze(ONE, registry=registry).totals.workflows == 1
    assert analyze(path, registry=registry).totals.workflows == 1
    assert analyze(str(path), registry=registry).totals.workflows == 1
    given = analyze([ONE, path, b"{", "gone"], registry=registry)
    assert [workflow.path for workflow in given.workflows] == ["<input 1>", str(path)]
    assert [problem.path for problem in given.problems] == ["<input 3>", "gone"]


def test_the_bundled_registry_serves_without_another() -> None:
    assert analyze(encoded(api(("KSampler", {})))).class_types[0].kind == "core"


def test_outcomes_come_one_by_one(registry: Registry) -> None:
    outcomes = analyze_each([ONE, b"", ONE], registry=registry)
    assert isinstance(next(outcomes), Outcome)
    assert next(outcomes).problem == "the file is empty"
    assert next(outcomes).group == 2
    assert next(outcomes, None) is None


def test_no_more_is_read_ahead_than_a_few_workflows(registry: Registry, tmp_path: Path) -> None:
    many = tmp_path / "many.json"
    many.write_bytes(b"[" + b",".join([ONE] * TOGETHER) + b"]")
    late = tmp_path / "late.json"
    late.write_bytes(ONE)
    outcomes = analyze_each([many, late], registry=registry)
    assert len(next(outcomes).reports) == TOGETHER
    late.unlink()
    assert next(outcomes).problem == "there is no such file or folder"


def test_standard_input_is_read_where_given(registry: Registry) -> None:
    (first,) = analyze_each("-", registry=registry, standard_input=io.BytesIO(ONE))
    assert (first.path, len(first.reports)) == ("-", 1)
    (second,) = analyze_each("-", registry=registry)
    assert second.problem == "no standard input to read"


def test_a_reporter_is_told_of_every_file(registry: Registry, tmp_path: Path) -> None:
    for name in ("a.json", "b.txt"):
        (tmp_path / name).write_bytes(ONE if name == "a.json" else b"x")
    recorder = Recorder()
    analyze([tmp_path / "a.json", tmp_path / "b.txt"], registry=registry, reporter=recorder)
    assert len(recorder.paths) == 2


def test_more_files_than_are_under_way_at_once_keep_their_order(
    registry: Registry, tmp_path: Path
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    count = CHUNK * (WINDOW + 3)
    for number in range(count):
        (folder / f"{number:05}.json").write_bytes(ONE if number % 7 else b'{"nodes": [')
    inputs: list[Input] = [folder, folder / "00001.json", "gone", ONE]
    with ThreadPoolExecutor(2) as executor:
        given = analyze(inputs, registry=registry, executor=executor)
    assert given == analyze(inputs, registry=registry)
    paths = [workflow.path for workflow in given.workflows]
    assert paths[:-1] == sorted(paths[:-1])
    assert paths[-1] == "<input 4>"
    assert len(given.problems) == len(range(0, count, 7)) + 1
