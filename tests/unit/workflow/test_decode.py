from __future__ import annotations

import json

import pytest

from comfylock.workflow.decode import MAX_JSON_BYTES, NotJsonError, decode_json, to_text

TEXT = '{"name": "naïve 日本"}'


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_unicode_is_read_without_a_remark(encoding: str) -> None:
    assert decode_json(TEXT.encode(encoding)) == ({"name": "naïve 日本"}, None)


def test_latin_1_is_read_and_named() -> None:
    value, remark = decode_json('{"name": "naïve"}'.encode("latin-1"))
    assert value == {"name": "naïve"}
    assert remark == "is not UTF-8 (byte 12) and was read as Latin-1; save it as UTF-8"


def test_text_of_bytes_that_only_look_like_utf_16() -> None:
    assert to_text(b"\0\0\0\0") == ("\0\0", None)


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_what_javascript_cannot_write_becomes_none(word: str) -> None:
    assert decode_json(f'{{"a": [{word}, 1]}}'.encode()) == ({"a": [None, 1]}, None)


def test_a_number_beyond_floats_is_kept_from_stopping_the_file() -> None:
    value, _ = decode_json(b'{"a": 1e999}')
    assert value == {"a": float("inf")}


def test_control_characters_inside_strings_are_taken() -> None:
    assert decode_json(b'{"a": "x\ny"}') == ({"a": "x\ny"}, None)


def test_integers_of_any_machine_size() -> None:
    assert decode_json(b"[18446744073709551616]") == ([2**64], None)


def test_an_integer_of_thousands_of_digits_is_one_sentence() -> None:
    with pytest.raises(NotJsonError, match=r"^holds a number of thousands of digits$"):
        decode_json(b"[" + b"9" * 5000 + b"]")


@pytest.mark.parametrize("lone", ["\\ud800", "\\udfff", "\\uD83D"])
def test_lone_surrogates_become_a_mark(lone: str) -> None:
    value, _ = decode_json(f'{{"a{lone}": "b{lone}"}}'.encode())
    assert "�" in value.popitem()[1]


def test_paired_surrogates_beside_lone_ones_stay() -> None:
    value, _ = decode_json(b'["\\ud83d\\ude00", "\\ud800", 1.5, null, true]')
    assert value == ["😀", "�", 1.5, None, True]


def test_lone_surrogates_beside_big_numbers() -> None:
    assert decode_json(b'["\\ud800", 18446744073709551616]') == (["�", 2**64], None)


@pytest.mark.parametrize("data", [b"", b"  \n\t", b"\xef\xbb\xbf"])
def test_nothing_is_called_empty(data: bytes) -> None:
    with pytest.raises(NotJsonError, match=r"^the file is empty$"):
        decode_json(data)


@pytest.mark.parametrize("cut", range(1, 30, 4))
def test_a_cut_off_file_says_so_with_its_place(cut: int) -> None:
    data = json.dumps({"nodes": [{"type": "A", "id": 1}]}).encode()
    with pytest.raises(NotJsonError, match=r"ends in the middle .* at line 1, column \d+;"):
        decode_json(data[:-cut])


def test_a_mistake_says_line_and_column() -> None:
    with pytest.raises(NotJsonError, match=r"^is not JSON at line 3, column 8: expecting"):
        decode_json(b'{\n "a": 1,\n "b":  x\n}')


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_a_hundred_thousand_levels_are_refused(opening: bytes) -> None:
    with pytest.raises(NotJsonError, match=r"^nested too deeply to be a workflow$"):
        decode_json(opening * 100_000)


def test_deep_nesting_behind_something_the_fast_decoder_refuses() -> None:
    with pytest.raises(NotJsonError, match=r"^nested too deeply"):
        decode_json(b"[NaN," + b"[" * 100_000)


def test_deep_nesting_around_a_lone_surrogate() -> None:
    with pytest.raises(NotJsonError, match=r"^nested too deeply"):
        decode_json(b"[" * 700 + b'"\\ud800"' + b"]" * 700)


def test_more_bytes_than_any_workflow_has() -> None:
    with pytest.raises(NotJsonError, match=r"^larger than 64 MiB"):
        decode_json(bytes(MAX_JSON_BYTES + 1))


@pytest.mark.parametrize("data", [b"hello", b"\x89PNG\r\n", b"\xff" * 50, bytes(64)])
def test_other_things_are_no_json(data: bytes) -> None:
    with pytest.raises(NotJsonError):
        decode_json(data)
