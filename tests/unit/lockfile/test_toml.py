from __future__ import annotations

import pytest

from comfylock.lockfile.toml import parse_regular, parse_toml
from comfylock.lockfile.write import write_lock
from tests.locks import small


def test_a_lock_as_it_is_written_is_read_at_once() -> None:
    text = write_lock(small()).decode()
    document = parse_regular(text)
    assert document is not None
    assert document == parse_toml(text)
    assert document["pack"][0]["size"] == 1234


@pytest.mark.parametrize(
    "text",
    [
        'a = "\\u0041"',
        'a = "tab\there"',
        'a = "x" # why',
        "a = 'x'",
        "a = 1_000",
        "a = -1",
        '[options]\na = [\n    "x"\n]',
        '[options]\na = [\n    "x",',
        "a.b = 1",
        '"a" = 1',
        "a = 1\na = 1",
        "pack = 1\n[[pack]]",
        "pack = []\n[[pack]]",
        "[options]\n[options]",
        "[tool.x]",
        "no key",
    ],
)
def test_whatever_has_more_to_it_is_for_a_whole_parser(text: str) -> None:
    assert parse_regular(text) is None


def test_the_whole_parser_reads_the_same_document() -> None:
    text = write_lock(small()).decode()
    assert parse_toml(text.replace(" = ", "  =  ")) == parse_regular(text)
    with pytest.raises(ValueError, match="pack"):
        parse_toml("pack = []\n[[pack]]")
