from __future__ import annotations

import json
import subprocess

import pytest
import yaml as pyyaml

from comfylock.emit import quoting
from comfylock.errors import EmitError
from tests.locks import SHA

HOSTILE = [
    "plain",
    "with blank",
    "it's",
    'say "so"',
    "$(touch x)",
    "`touch x`",
    "${HOME}",
    "%{ if true }",
    "a;b|c&d>e<f",
    "-rf",
    "*?[x]",
    "~root",
    "\\",
    "ends with \\",
    "\\$HOME",
    "!history",
    "#comment",
    "{{ jinja }}",
    "<<EOF",
    "äöü 模型",
    "",
    "a\N{NO-BREAK SPACE}b",
]
ODD = ["a\nb", "a\rb", "a\0b", "a\x1bb", "a\u2028b", "a\u202eb", "a\x85b"]


@pytest.mark.parametrize("text", HOSTILE)
def test_bash_reads_the_text_and_nothing_else(text: str) -> None:
    script = f"printf '%s' {quoting.bash(text)}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, check=True)
    assert done.stdout.decode() == text
    assert done.stderr == b""


def test_bash_words_are_as_many_as_there_were() -> None:
    script = f"printf '%s\\n' {quoting.bash_words(HOSTILE)}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, check=True)
    assert done.stdout.decode().split("\n")[:-1] == HOSTILE


def expanded(word: str) -> str:
    """What a Dockerfile's reader makes of a word, by its documentation."""
    if not word.startswith('"'):
        assert not set(word) & set("\"'\\$ ")
        return word
    assert word.endswith('"')
    inner, out, escaped = word[1:-1], "", False
    for letter in inner:
        if escaped:
            assert letter in '\\"$'
            out, escaped = out + letter, False
        elif letter == "\\":
            escaped = True
        else:
            assert letter not in '"$'
            out += letter
    assert not escaped
    return out


@pytest.mark.parametrize("text", HOSTILE)
def test_docker_words_expand_to_the_text(text: str) -> None:
    assert expanded(quoting.docker(text)) == text


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_json_and_yaml_reads_back(text: str) -> None:
    assert json.loads(quoting.docker_json(["a", text])) == ["a", text]
    assert pyyaml.safe_load(f"x: {quoting.yaml(text)}") == {"x": text}


@pytest.mark.parametrize(
    "text",
    ["no", "1.5", "1e3", "0x1", "a: b", "- a", "*a", "&a", "!a", "a #b", "a.b", "o/r@v1", "a."],
)
def test_yaml_takes_texts_for_texts(text: str) -> None:
    assert pyyaml.safe_load(f"x: {quoting.yaml(text)}") == {"x": text}


def test_lines_of_yaml() -> None:
    told = quoting.yaml_lines(["a", '"b"'])
    assert pyyaml.safe_load(f"x: {told}") == {"x": 'a\n"b"'}
    with pytest.raises(EmitError):
        quoting.yaml_lines(["a\nb"])


def test_no_template_of_hcl_begins() -> None:
    assert quoting.hcl('a"b\\c') == '"a\\"b\\\\c"'
    assert quoting.hcl("${x} %{y} $x") == '"$${x} %%{y} $x"'
    assert quoting.hcl("$${x}") == '"$$${x}"'


@pytest.mark.parametrize("text", ODD)
@pytest.mark.parametrize(
    "quote",
    [quoting.bash, quoting.docker, quoting.hcl, quoting.yaml, lambda t: quoting.docker_json([t])],
)
def test_what_no_quoting_makes_harmless_is_refused(quote: object, text: str) -> None:
    assert callable(quote)
    with pytest.raises(EmitError, match="holds control characters") as raised:
        quote(text)
    assert str(raised.value).isprintable()


@pytest.mark.parametrize("text", ODD)
def test_a_comment_is_one_line_whatever_it_is_given(text: str) -> None:
    told = quoting.comment(f"{text}\n{'x' * 500}")
    assert told.isprintable()
    assert len(told) <= 300


@pytest.mark.parametrize(
    ("reference", "digest"),
    [
        ("docker.io/library/debian:12 AS x", f"sha256:{SHA}"),
        ("$BASE", f"sha256:{SHA}"),
        ("docker.io/library/debian:12", "latest"),
        ("docker.io/library/debian:12\nRUN x", f"sha256:{SHA}"),
    ],
)
def test_from_takes_images_at_digests_only(reference: str, digest: str) -> None:
    with pytest.raises(EmitError, match="is no image at a digest"):
        quoting.docker_image(reference, digest)


def test_an_image_at_a_digest() -> None:
    told = quoting.docker_image("docker.io/library/debian:12", f"sha256:{SHA}")
    assert told == f"docker.io/library/debian:12@sha256:{SHA}"
