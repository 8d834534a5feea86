from __future__ import annotations

import os
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comfylock.errors import RegistryError
from comfylock.registry.layer import encode_table
from comfylock.registry.store import bundled_folder
from comfylock.registry.tables import MANY, PATIENCE, Layer, Table

ENTRIES = {"b": ["x"], 'a\n"b': ["y"], "é\u2028": [], "last": ["z"]}


def layer(entries: dict[str, Any]) -> Layer[list[str]]:
    return Layer(encode_table(entries), list[str], "file.json")


def test_searching_and_decoding_agree() -> None:
    searched, decoded = Table([layer(ENTRIES)]), Table([layer(ENTRIES)])
    assert decoded.all() == ENTRIES
    for name in [*ENTRIES, "a", "", "las", 'last"', "\udcff", "x\udcff"]:
        assert searched.get(name) == decoded.get(name) == ENTRIES.get(name)


@given(
    st.dictionaries(st.text(max_size=5), st.lists(st.text(max_size=2), max_size=2), max_size=20),
    st.lists(st.text(max_size=5), max_size=5),
)
def test_a_sorted_file_is_searched_by_halves(
    entries: dict[str, list[str]], others: list[str]
) -> None:
    data = encode_table(entries)
    table: Table[list[str]] = Table([Layer(data, list[str], "file.json", is_sorted=True)])
    for name in [*entries, *others]:
        assert table.get(name) == entries.get(name)


def test_a_sorted_file_is_decoded_in_the_end() -> None:
    entries = {f"name{at}": [str(at)] for at in range(MANY + 5)}
    table: Table[list[str]] = Table(
        [Layer(encode_table(entries), list[str], "file.json", is_sorted=True)]
    )
    assert {name: table.get(name) for name in entries} == entries
    assert table.get("nobody") is None


@pytest.mark.parametrize(
    "section",
    ["packs", "aliases", "class_types", "models", "core", "removed", "frontend_only"],
)
def test_the_bundled_files_are_sorted(section: str) -> None:
    with open(os.path.join(bundled_folder(), f"{section}.json"), "rb") as stream:
        lines = stream.read().splitlines()[1:-1]
    assert lines == sorted(lines)
    assert all(line.endswith(b",") for line in lines[:-1])


def test_other_spellings_of_a_file_are_read_too() -> None:
    data = msgspec.json.format(msgspec.json.encode(ENTRIES), indent=2)
    assert Table([Layer(data, list[str], "x")]).get("last") == ["z"]
    assert Table([Layer(b"{}", list[str], "x")]).get("last") is None


def test_the_first_layer_that_has_a_name_decides() -> None:
    layers = [{"a": ["1"]}, {"a": ["2"], "b": ["2"]}, {"b": ["3"], "c": ["3"]}]
    for decoded in (False, True):
        table: Table[list[str]] = Table([layer(each) for each in layers])
        if decoded:
            assert len(table) == 3
        assert [table.get(name) for name in "abcd"] == [["1"], ["2"], ["3"], None]
        assert table.get("d", ()) == ()
        assert "c" in table
        assert "d" not in table
        assert sorted(table) == ["a", "b", "c"]


def test_many_questions_have_the_same_answers() -> None:
    entries = {f"name{at}": [str(at)] for at in range(PATIENCE * 2)}
    table = Table([layer(entries)])
    assert {name: table.get(name) for name in entries} == entries
    assert table.get("name0") == ["0"]


@pytest.mark.parametrize(
    "line", [b'"a":7', b'"a":[7]', b'"a":["\xff"]', b'"a":[', b'"a":' + b"[" * 99_999]
)
def test_damage_is_told_once_it_is_met(line: bytes) -> None:
    table: Table[list[str]] = Table(
        [Layer(b'{\n"ok":["x"],\n' + line + b"\n}\n", list[str], "file.json")]
    )
    assert table.get("ok") == ["x"]
    for question in (lambda: table.get("a"), table.all):
        with pytest.raises(RegistryError, match=r"file\.json: is damaged: "):
            question()


def test_an_empty_table_has_a_form_too() -> None:
    assert encode_table({}) == b"{\n}\n"
    assert Table([layer({})]).all() == {}
    assert Table[str]([]).get("a") is None
