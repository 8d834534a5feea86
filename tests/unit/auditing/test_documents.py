"""docs/audit.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from comfylock.config.audit import KINDS
from tests.settings import settings

TEXT = (Path(__file__).parents[3] / "docs" / "audit.md").read_text("utf-8")
ROWS = {
    kind: cells[1].strip()
    for line in TEXT.splitlines()
    if line.startswith("| `") and len(cells := line.strip("|").split("|")) == 3
    for kind in re.findall(r"`([a-z-]+)`", cells[0])
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_row_with_its_severity(kind: str) -> None:
    assert ROWS.get(kind) == KINDS[kind].severity


def test_there_are_no_other_rows() -> None:
    assert ROWS.keys() == KINDS.keys()


def test_the_example_is_a_setting() -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    rules = settings(text).audit
    assert rules is not None
    assert rules.ignores[0].expires == "2027-05-01"
