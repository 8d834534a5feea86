"""One requirement in a pack's words: PEP 508, and what people write instead of it."""

from __future__ import annotations

from urllib.parse import SplitResult, unquote, urlsplit

from msgspec.structs import replace
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from comfylock.names import printable
from comfylock.patterns import Pattern
from comfylock.python.asked import Asked
from comfylock.redaction import redact, redact_url

_URL = Pattern(r"(?i)(?:(?:git|hg|svn|bzr)\+)?[a-z][a-z0-9+.-]*://|git@")
_VARIABLE = Pattern(r"\$\{[A-Z0-9_]+\}|%[A-Z0-9_]+%")
_PATH = Pattern(r"(?i)[./~\\]|[a-z]:[\\/]|[^\s;@<>=!~]+\.(?:whl|tar\.gz|zip)\s*(?:;|\Z)|file:")
_PER_LINE = Pattern(r"\s--?[a-z][a-z-]*(?:[ =].*)?\Z")
"""`--hash=…`, `--global-option …`: pip's options for one requirement."""

_CONDA = Pattern(r"([A-Za-z0-9._-]+)\s*=\s*([0-9][0-9A-Za-z.*]*)(?:=\S+)?\Z")
_COMMAND = Pattern(r"(?:python3?\s+-m\s+)?(?:pip3?|uv pip|conda)\s+(?:un)?install\b")
_GLUED = Pattern(r"(?<=[0-9*])\s*(?=[<>=!~]=|[<>](?!=))")
"""A comma that is missing: `>=1.20<2`."""
_STARRED = Pattern(r"(>=|<(?!=))\s*([0-9]+(?:\.[0-9]+)*)\.\*")
"""`>=2.0.*`, which older versions of pip took for `>=2.0`."""
_NAMED_URL = Pattern(
    r"\A([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[([^\]]*)\])?\s*@\s*(\S+)\s*(?:;\s*(.+))?\Z"
)


SHOWN = 160
"""Characters of a line that a message repeats."""


class LineError(ValueError):
    """A line cannot be read, or not be locked; the text says why."""


def read_requirement(text: str) -> Asked:
    """Return what a requirement asks for, without a place; `text` has no comment.

    Raises:
        LineError: with a sentence for a person.
    """
    text = without_quotes(text)
    written = redact(text)
    shown = printable(written, SHOWN)
    _refuse_other_languages(text, shown)
    named = _NAMED_URL.match(text)
    if named is not None and (_URL.match(named[3]) or named[3].startswith("file:")):
        asked = _from_url(named[3], shown, named[1], named[2] or "", named[4] or "")
        return replace(asked, text=written)
    if _URL.match(text):
        url, _, marker = text.partition(" ;")
        return replace(_from_url(url.strip(), shown, "", "", marker.strip()), text=written)
    if _PATH.match(text if named is None else named[3]):
        raise LineError(f"`{shown}` is a path of the author's machine or pack; nothing to lock")
    return replace(_from_text(text, shown), text=written)


def without_quotes(text: str) -> str:
    """Return a text without the quotes around all of it, as shells take them."""
    text = text.strip()
    is_quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
    return text[1:-1].strip() if is_quoted else text


def _refuse_other_languages(text: str, shown: str) -> None:
    if not text.isprintable():
        raise LineError("holds characters that no requirement has")
    if _VARIABLE.search(text):
        raise LineError(f"`{shown}` needs an environment variable, which is never filled in")
    if _COMMAND.match(text):
        raise LineError(f"`{shown}` is a command and no requirement")
    conda = _CONDA.match(text)
    if conda is not None:
        raise LineError(f"`{text}` is conda's way of writing; write `{conda[1]}=={conda[2]}`")


def _from_text(text: str, shown: str) -> Asked:
    """Return what a name with versions asks for; small slips are mended as pip once did."""
    bare = _PER_LINE.sub("", text).rstrip(" ;,")
    mended = _STARRED.sub(r"\1\2", bare)
    requirement = _parsed(mended) or _parsed(_with_commas(mended))
    if requirement is None:
        raise LineError(f"`{shown}` is not a requirement that anybody could read{_reason(mended)}")
    return Asked(
        name=canonicalize_name(requirement.name),
        specifier=_ordered(requirement.specifier),
        extras=_extras(requirement),
        marker=str(requirement.marker or ""),
    )


def _with_commas(text: str) -> str:
    versions, semicolon, marker = text.partition(";")
    return _GLUED.sub(",", versions) + semicolon + marker


def _parsed(text: str) -> Requirement | None:
    try:
        requirement = Requirement(text)
        # The name `x_` is taken by the parser, and is none once it is normalised.
        return requirement if requirement.name[-1:].isalnum() else None
    except (InvalidRequirement, InvalidSpecifier, RecursionError):
        return None


def _reason(text: str) -> str:
    try:
        Requirement(text)
    except RecursionError:
        return " (nested too deeply)"
    except (InvalidRequirement, InvalidSpecifier) as error:
        first = str(error).splitlines()[0].split(":")[0].strip().rstrip(".")
        return f" ({first[:1].lower()}{first[1:]})" if first else ""
    return ""


def _ordered(specifiers: SpecifierSet) -> str:
    return ",".join(sorted(str(each) for each in specifiers))


def _extras(requirement: Requirement) -> tuple[str, ...]:
    return tuple(sorted(canonicalize_name(extra) for extra in requirement.extras))


def _from_url(url: str, shown: str, name: str, extras: str, marker: str) -> Asked:
    """Return what an address asks for; its name may be in the fragment or the wheel's name."""
    if url.startswith("git@"):
        url = "git+ssh://" + url.replace(":", "/", 1)
    parts = _split(url, shown)
    scheme = parts.scheme.lower()
    if scheme == "file":
        raise LineError(f"`{shown}` is a file of the author's machine; nothing to lock")
    if scheme not in {"https", "git+https", "git+ssh", "http", "git+http", "git"}:
        raise LineError(f"`{shown}` is not an address that packages are fetched from")
    fields = dict(_field(each) for each in parts.fragment.split("&"))
    egg = fields.get("egg", "")
    egg_name, _, egg_extras = egg.partition("[")
    name = name or egg_name or _name_of_file(parts.path)
    line = f"{name or 'x'}[{extras or egg_extras.rstrip(']')}] @ https://x/" + _marked(marker)
    checked = _parsed(line.replace("[]", ""))
    if checked is None:
        raise LineError(f"`{shown}` is not a requirement that anybody could read")
    address = redact_url(url) if scheme != "git+ssh" else url.partition("#")[0]
    folder = fields.get("subdirectory", "")
    return Asked(
        name=canonicalize_name(name) if name else "",
        extras=_extras(checked),
        marker=str(checked.marker or ""),
        url=address + (f"#subdirectory={folder}" if folder else ""),
    )


def _split(url: str, shown: str) -> SplitResult:
    try:
        if " " not in url:
            return urlsplit(url)
    except ValueError:
        pass
    raise LineError(f"`{shown}` is not an address")


def _marked(marker: str) -> str:
    return f" ; {marker}" if marker else ""


def _field(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, unquote(value)


def _name_of_file(path: str) -> str:
    file = unquote(path.rpartition("/")[2])
    if not file.endswith(".whl"):
        return ""
    try:
        return str(parse_wheel_filename(file)[0])
    except InvalidWheelFilename:
        return file.partition("-")[0]
