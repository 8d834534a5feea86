"""Is a value written into JSON text, and nothing else?"""

from __future__ import annotations

import json
from typing import Any

import pytest

from comfylock.upgrade.json_edit import Edit, NotFoundError, edited, path_to, pieces_of


def edit(text: str, *edits: Edit) -> str:
    return edited(text, pieces_of(text, edits))


@pytest.mark.parametrize(
    ("text", "key", "value", "expected"),
    [
        ('{"a": 1}', "b", 2, '{"a": 1, "b": 2}'),
        ('{"a":1}', "b", 2, '{"a":1,"b":2}'),
        ('{\n  "a": 1\n}', "b", True, '{\n  "a": 1,\n  "b": true\n}'),
        ('{\t"a" : 1 }', "b", "x", '{\t"a" : 1,\t"b" : "x" }'),
        ("{}", "b", 2, '{"b": 2}'),
        ("{ }", "b", 2, '{"b": 2 }'),
        ('{"a": 1, "b": [1, {"c": "}"}], "d": 3}', "b", 7, '{"a": 1, "b": 7, "d": 3}'),
        ('{"a": 1, "a": 2}', "a", 3, '{"a": 1, "a": 3}'),
        ('{"\\u0061": 1}', "a", 3, '{"\\u0061": 3}'),
        ('\ufeff{"a": NaN}\r\n', "b", 2, '\ufeff{"a": NaN, "b": 2}\r\n'),
        ('{"a": "é\\"}"}', "b", "é", '{"a": "é\\"}", "b": "\\u00e9"}'),
    ],
)
def test_a_key_is_written(text: str, key: str, value: Any, expected: str) -> None:
    assert edit(text, Edit((), key, value)) == expected


def test_paths_lead_through_objects_and_lists() -> None:
    text = '[{"x": 0}, [1, {"p": {"q": {}}}] , {"p": {"a":1}}]'
    value = json.loads(text)
    assert path_to(value, value[1][1]["p"]["q"]) == (1, 1, "p", "q")
    assert edit(text, Edit((1, 1, "p", "q"), "n", 5)) == text.replace("{}", '{"n": 5}')
    assert edit(text, Edit((2, "p"), "n", 5)) == text.replace('"a":1', '"a":1,"n":5')


def test_several_edits_of_one_object() -> None:
    text = '{"a": 1, "b": 2}'
    edits = (Edit((), "c", 3), Edit((), "a", 9), Edit((), "d", 4))
    assert edit(text, *edits) == '{"a": 9, "b": 2, "c": 3, "d": 4}'
    empty = (Edit((), "c", 3), Edit((), "d", 4))
    assert json.loads(edit("{}", *empty)) == {"c": 3, "d": 4}


@pytest.mark.parametrize("path", [("b",), ("a", "x"), (0,), ("l", 0), ("l", 5)])
def test_what_is_not_there_is_refused(path: Any) -> None:
    with pytest.raises(NotFoundError):
        pieces_of('{"a": 1, "l": [1]}', [Edit(path, "k", 1)])


def test_a_value_that_is_elsewhere_has_no_path() -> None:
    assert path_to({"a": [{}]}, {}) is None
