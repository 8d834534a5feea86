from __future__ import annotations

import io
import json

import pytest

from comfylock.workflow.embedded import document, read_embedded
from comfylock.workflow.embedded.document import Findings
from comfylock.workflow.embedded.json_text import decode, unquote
from comfylock.workflow.embedded.source import DamagedError, Source
from tests import media
from tests.media import API, PROMPT, UI, VHS_COMMENT, WORKFLOW
from tests.reading import embedded, found


def texts(findings: Findings) -> list[tuple[str, str]]:
    return [(one.key, one.text) for one in findings.result().documents]


def test_workflows_come_first_and_repetitions_go() -> None:
    rows = [
        ("prompt", PROMPT),
        ("workflow", '{"b": 1}'),
        ("workflow", WORKFLOW),
        ("prompt", PROMPT),
    ]
    chunks = b"".join(media.png_text(key, text) for key, text in rows)
    assert found(media.png(chunks)) == [
        ("workflow", '{"b": 1}'),
        ("workflow", WORKFLOW),
        ("prompt", PROMPT),
    ]


def test_at_most_sixteen_of_a_key() -> None:
    chunks = b"".join(media.png_text("workflow", f'{{"{n}": 1}}') for n in range(20))
    result = embedded(media.png(chunks + media.png_text("prompt", PROMPT)))
    assert [one.text for one in result.documents] == [
        *(f'{{"{n}": 1}}' for n in range(16)),
        PROMPT,
    ]
    assert result.problem == "the PNG file holds more than 16 different documents named `workflow`"


@pytest.mark.parametrize("layers", [0, 1, 2, 3])
def test_a_comment_may_be_quoted_several_times(layers: int) -> None:
    text = VHS_COMMENT
    for _ in range(layers):
        text = json.dumps(text)
    findings = Findings()
    findings.tag("comment", text)
    assert texts(findings) == [("workflow", WORKFLOW), ("prompt", PROMPT)]


@pytest.mark.parametrize("prompt", [API, PROMPT, json.dumps(PROMPT)])
def test_a_prompt_in_a_comment_may_be_quoted_or_not(prompt: object) -> None:
    findings = Findings()
    findings.tag("COMMENT", json.dumps({"prompt": prompt, "workflow": UI, "CreationTime": "x"}))
    assert texts(findings) == [("workflow", WORKFLOW), ("prompt", PROMPT)]


@pytest.mark.parametrize("text", ["hello", "[1]", '{"title": 1}', '"quoted"', "", '{"nodes": 1}'])
def test_a_comment_may_be_something_else(text: str) -> None:
    findings = Findings()
    findings.tag("comment", text)
    assert findings.result() == document.Embedded()


def test_a_comment_that_is_cut_short_is_said() -> None:
    findings = Findings()
    findings.tag("comment", VHS_COMMENT[:-1])
    assert findings.result().problem == "holds metadata that is not valid JSON"
    assert findings.result().documents == ()


def test_the_first_problem_stays() -> None:
    findings = Findings()
    findings.note("a")
    findings.note("b")
    assert findings.problem == "a"


def test_padding_around_a_document_goes() -> None:
    findings = Findings()
    findings.tag("workflow", b"\xef\xbb\xbf {}\n\0\0")
    assert texts(findings) == [("workflow", "{}")]


def test_unquoting_ends() -> None:
    text = "{}"
    for _ in range(5):
        text = json.dumps(text)
    assert unquote(text) == '"{}"'
    assert unquote('"cut') == ""


@pytest.mark.parametrize("text", ["[NaN", '["' + '\\"' * 50_000 + "NaN", "[NaN]" + "\ud800", "{"])
def test_text_that_is_no_json_is_none(text: str) -> None:
    assert decode(text, list[object]) is None


def test_an_unknown_container_is_the_callers_fault() -> None:
    with pytest.raises(ValueError, match="unknown container `gif`"):
        read_embedded(io.BytesIO(b""), "gif", 0)


def test_an_error_of_the_stream_passes() -> None:
    class Broken(io.BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        read_embedded(Broken(), "png", 100)


def test_a_source_counts_bytes_and_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("comfylock.workflow.embedded.source.MAX_READ", 10)
    monkeypatch.setattr("comfylock.workflow.embedded.source.MAX_STEPS", 2)
    source = Source(io.BytesIO(bytes(20)), 20)
    assert source.up_to(15, 8) == bytes(5)
    assert source.up_to(25, 8) == b""
    assert source.up_to(-1, 8) == b""
    with pytest.raises(DamagedError, match="holds more than"):
        source.exactly(0, 6)
    source.step()
    source.step()
    with pytest.raises(DamagedError, match="has more than"):
        source.step()


def test_a_source_believes_the_stream_more_than_the_size() -> None:
    source = Source(io.BytesIO(b"abc"), 10)
    assert source.up_to(0, 5) == b"abc"
    with pytest.raises(DamagedError, match="ends too early"):
        source.exactly(0, 5)


def test_a_value_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("comfylock.workflow.embedded.source.MAX_VALUE", 10)
    with pytest.raises(DamagedError, match="a piece of metadata of more than"):
        Source(io.BytesIO(bytes(20)), 20).exactly(0, 11)
