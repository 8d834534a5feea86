"""Templates that cannot print a value unless it was quoted for its place.

jinja2 costs 20 ms to import: only the kinds that have a template import this module.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import jinja2

from comfylock.emit.quoting import Comment, Quoted

if TYPE_CHECKING:
    from collections.abc import Callable


class UnquotedError(TypeError):
    """A template prints a value that is not quoted, or quoted for another place: a bug in it."""


def render(template: str, *places: type[Quoted], **values: Any) -> str:
    """Return a template of `comfylock/emit/templates` with its values.

    It may print texts quoted for one of these places, and comments; anything else, also what
    a filter or `~` made of quoted ones, is refused. Values that it only asks about may be of
    any type.

    Raises:
        UnquotedError: it prints something else.
        jinja2.UndefinedError: it asks for a value that is not given.
    """
    return _environment((*places, Comment)).get_template(template).render(values)


@cache
def _environment(places: tuple[type[Quoted], ...]) -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("comfylock.emit"),
        undefined=jinja2.StrictUndefined,
        finalize=_only(places),
        autoescape=False,  # noqa: S701 - nothing here is HTML; `finalize` is stricter
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        comment_start_string="<#",  # `{#` is in bash's `${#array[@]}`
        comment_end_string="#>",
    )


def _only(places: tuple[type[Quoted], ...]) -> Callable[[Any], Quoted]:
    def finalize(value: Any) -> Quoted:
        if isinstance(value, places):
            return value
        if isinstance(value, jinja2.Undefined):
            str(value)  # says which name it was
        wanted = " or ".join(place.__name__ for place in places)
        raise UnquotedError(f"a template prints a {type(value).__name__}, not {wanted}")

    return finalize
