from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jinja2
import pytest

from comfylock.emit import quoting, templating
from comfylock.emit.quoting import BashWord, HclString

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def render(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Render a text that stands for a template of the package."""

    def rendered(text: str, *places: type[quoting.Quoted], **values: Any) -> str:
        loader = jinja2.DictLoader({"text": text})
        monkeypatch.setattr(jinja2, "PackageLoader", lambda _: loader)
        templating._environment.cache_clear()
        return templating.render("text", *places, **values)

    yield rendered
    templating._environment.cache_clear()


def test_quoted_values_and_comments_are_printed(render: Callable[..., str]) -> None:
    values = {"name": quoting.bash("a b"), "why": quoting.comment("so\nso")}
    assert (
        render("echo {{ name }} # {{ why }}\n", BashWord, **values) == "echo 'a b' # so\ufffdso\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "{{ raw }}",
        "{{ 1 }}",
        "{{ none }}",
        "{{ 'text' }}",
        "{{ word ~ raw }}",
        "{{ word ~ word }}",
        "{{ word | upper }}",
        "{{ [word, word] | join }}",
        "{{ words | join(' ') }}",
        "{{ word[0] }}",
        "{{ other }}",
        "{{ word.join(['a']) }}",
        "{% for w in words %}{{ loop.index }}{% endfor %}",
        "{% macro m() %}{{ word }}{% endmacro %}{{ m() }}",
    ],
)
def test_nothing_else_is_printed(render: Callable[..., str], text: str) -> None:
    word = quoting.bash("$(x)")
    values = {"raw": "$(x)", "word": word, "words": [word], "other": quoting.hcl("x")}
    with pytest.raises(templating.UnquotedError, match=r"prints a [A-Za-z]+, not BashWord"):
        render(text, BashWord, none=None, **values)


def test_several_places_in_one_file(render: Callable[..., str]) -> None:
    values = {"a": quoting.bash("x y"), "b": quoting.hcl("z")}
    assert render("{{ a }}{{ b }}", BashWord, HclString, **values) == "'x y'\"z\""


def test_a_value_that_is_not_given_is_named(render: Callable[..., str]) -> None:
    with pytest.raises(jinja2.UndefinedError, match="'missing' is undefined"):
        render("{{ missing }}", BashWord)
    with pytest.raises(jinja2.UndefinedError, match="'missing' is undefined"):
        render("{% if missing %}x{% endif %}", BashWord)


def test_bash_that_looks_like_a_template_stays(render: Callable[..., str]) -> None:
    text = '<# for maintainers #>echo "${#list[@]}" "${x##*/}" # {* ## *}\n'
    assert render(text, BashWord) == text.replace("<# for maintainers #>", "")
