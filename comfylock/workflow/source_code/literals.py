"""The values of string and number literals in Python and JavaScript."""

from __future__ import annotations

import re
from unicodedata import lookup

_ESCAPE = re.compile(
    r"\\(?:(\r\n|[\n\r\u2028\u2029])|x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|u\{([0-9A-Fa-f]{1,6})\}"
    r"|U([0-9A-Fa-f]{8})|N\{([A-Za-z0-9 -]{1,100})\}|([0-7]{1,3})|(.))",
    re.DOTALL,
)
_SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "a": "\a"}
_PYTHON_STRING = re.compile(r"([A-Za-z]{0,3})('''|\"\"\"|'|\")")


def unescape(text: str, *, python: bool) -> str:
    """Return what the inside of a string literal means; a broken escape stays as it is.

    Source: https://docs.python.org/3/reference/lexical_analysis.html#escape-sequences,
    https://tc39.es/ecma262/#sec-literals-string-literals
    """
    if "\\" not in text:
        return text
    plain = _ESCAPE.sub(_python_escape if python else _javascript_escape, text)
    # JavaScript writes what lies beyond 16 bits as two escapes.
    return plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _python_escape(match: re.Match[str]) -> str:
    newline, two, four, braces, eight, name, octal, other = match.groups()
    if braces:
        return match[0]
    if name:
        try:
            return lookup(name)
        except KeyError:
            return match[0]
    if octal:
        return chr(int(octal, 8))
    if digits := two or four or eight:
        return _character(digits, match[0])
    if newline:
        return ""
    return _SIMPLE.get(other, other if other in "\\'\"" else match[0])


def _javascript_escape(match: re.Match[str]) -> str:
    newline, two, four, braces, eight, name, octal, other = match.groups()
    if eight or name:
        return match[0][1:]
    if octal:
        return chr(int(octal, 8))
    if digits := two or four or braces:
        return _character(digits, match[0])
    return "" if newline else ("a" if other == "a" else _SIMPLE.get(other, other))


def _character(digits: str, otherwise: str) -> str:
    code = int(digits, 16)
    return chr(code) if code < 0x110000 else otherwise


class Quotes:
    """How a Python string literal is written: its prefix, and where its inside begins and ends."""

    __slots__ = ("first", "last", "raw", "text")

    def __init__(self, literal: str) -> None:
        match = _PYTHON_STRING.match(literal)
        prefix, quote = match.groups() if match else ("", "")
        self.raw = "r" in prefix.lower()
        self.text = "b" not in prefix.lower() and match is not None
        self.first = len(prefix) + len(quote)
        self.last = len(quote) if literal.endswith(quote) and len(literal) > self.first else 0


def number(text: str) -> int | float | None:
    """Return a number literal's value; None for an imaginary one or one beyond all measure."""
    digits = text.replace("_", "").lower()
    if len(digits) > 400:
        return None
    try:
        if digits.startswith(("0x", "0o", "0b")):
            whole = int(digits.removesuffix("n"), 0)
        elif digits.removesuffix("n").isdecimal():
            whole = int(digits.removesuffix("n"))
        else:
            return float(digits)
    except ValueError:
        return None
    return whole if whole < 1 << 64 else float(whole)
