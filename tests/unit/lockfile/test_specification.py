from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from comfylock.lockfile.document import MANY, SINGLE
from comfylock.lockfile.drift import Kind
from comfylock.lockfile.entries import MODEL_SOURCES, PACK_SOURCES
from comfylock.lockfile.read import read_lock
from comfylock.lockfile.schema import ModelSource, PackSource
from comfylock.lockfile.write import write_lock

TEXT = (Path(__file__).parents[3] / "docs" / "lockfile.md").read_text("utf-8")


def test_the_example_of_the_specification_is_canonical() -> None:
    example = TEXT.partition("```toml\n")[2].partition("```")[0].encode()
    assert write_lock(read_lock(example)) == example


@pytest.mark.parametrize("table", [*SINGLE, *MANY])
def test_p1_every_key_is_specified_in_the_order_in_which_it_is_written(table: str) -> None:
    section = re.split(r"\n### \[+(\w+)", TEXT)
    rows = section[section.index(table) + 1].split("\n## ")[0].split("\n| source |")[0]
    told = [
        key
        for row in re.findall(r"^\| (`.*?) \|", rows, re.MULTILINE)
        for key in re.findall(r"`([a-z0-9-]+)`", row)
    ]
    kind = {**SINGLE, **MANY}[table]
    assert set(told) == {field.encode_name for field in msgspec.structs.fields(kind)}
    assert len(told) == len(set(told))


def test_p13_every_reason_is_specified() -> None:
    section = TEXT.partition("## When it is stale")[2].partition("\n## ")[0]
    assert set(re.findall(r"`([A-Z][A-Za-z]+)`", section)) == set(get_args(Kind))


def test_every_source_is_ruled_and_specified() -> None:
    assert set(PACK_SOURCES) == set(get_args(PackSource))
    assert set(MODEL_SOURCES) == set(get_args(ModelSource))
    for source in (*PACK_SOURCES, *MODEL_SOURCES):
        assert f"`{source}`" in TEXT
