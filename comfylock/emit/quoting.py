"""One quoting for each place where a lock's value may stand in what is emitted.

Every value is a stranger's word. A quoted text says by its type where it may stand; templates
print nothing else. What no quoting can make harmless (control characters, line ends) is refused.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from typing import TYPE_CHECKING

from comfylock.errors import EmitError
from comfylock.lockfile.values import image_fault, text_fault
from comfylock.names import printable
from comfylock.patterns import Pattern

if TYPE_CHECKING:
    from collections.abc import Iterable

_PLAIN = Pattern(r"[A-Za-z0-9_%+,./:@-]+\Z")
"""Nothing in it means anything to bash or a Dockerfile."""

_YAML = Pattern(r"[A-Za-z][A-Za-z0-9_-]*[./@][A-Za-z0-9_./@-]*[A-Za-z0-9_]\Z")
"""YAML takes it for a text without quotes: no word such as `no`, no number, no sign."""


class Quoted(str):
    """A text that is safe in one place."""

    __slots__ = ()


class Comment(Quoted):
    """Safe behind `# `, in any language here: one line, nothing that steers a terminal."""

    __slots__ = ()


class BashWord(Quoted):
    """One word of bash, also inside a shell-form RUN of a Dockerfile."""

    __slots__ = ()


class DockerWord(Quoted):
    """One word of ENV, ARG, LABEL, COPY, ADD, USER or WORKDIR: nothing in it is expanded."""

    __slots__ = ()


class DockerImage(Quoted):
    """What FROM takes."""

    __slots__ = ()


class DockerJson(Quoted):
    """The exec form of RUN, CMD, ENTRYPOINT, HEALTHCHECK and SHELL, which expand nothing."""

    __slots__ = ()


class HereLine(Quoted):
    """A line of a here-document whose delimiter is quoted: nothing in it is expanded."""

    __slots__ = ()


class BashText(Quoted):
    """Lines between `<<'END'` and `END`, or the end: nothing in them is expanded."""

    __slots__ = ()


class HclString(Quoted):
    """A string of HCL with its quotes."""

    __slots__ = ()


class YamlString(Quoted):
    """A string of YAML with its quotes."""

    __slots__ = ()


def refuse_odd(text: str, place: str) -> str:
    """Return a text without control characters, line ends and turned-around writing.

    Raises:
        EmitError: it has some; the message shows it without them.
    """
    if text_fault(text) is None:
        return text
    told = printable(text, 80)
    raise EmitError(f"`{told}` holds control characters and cannot stand in {place}")


def comment(text: str) -> Comment:
    """Return a text for a comment: one line, odd characters replaced, at most 300 of them."""
    return Comment(printable(text, 300))


def bash(text: str) -> BashWord:
    """Return a text as one word of bash, in single quotes where it needs any.

    A leading `-` is kept: a command that takes options needs `--` or a folder before it.
    """
    text = refuse_odd(text, "a script")
    return BashWord(shlex.quote(text))


def bash_words(texts: Iterable[str]) -> BashWord:
    """Return texts as words with a blank between them."""
    return BashWord(" ".join(map(bash, texts)))


def docker(text: str) -> DockerWord:
    """Return a text as one word of an instruction that expands variables and strips quotes.

    Source: https://docs.docker.com/reference/dockerfile/#environment-replacement
    """
    text = refuse_odd(text, "a Dockerfile")
    if _PLAIN.match(text):
        return DockerWord(text)
    escaped = "".join(f"\\{letter}" if letter in '\\"$' else letter for letter in text)
    return DockerWord(f'"{escaped}"')


def docker_image(reference: str, digest: str) -> DockerImage:
    """Return an image at a digest for FROM, which knows no quotes.

    Raises:
        EmitError: it is not spelled as an image.
    """
    text = f"{reference}@{digest}"
    if image_fault(text) is not None or "@sha256:" not in text:
        raise EmitError(f"`{printable(text, 80)}` is no image at a digest")
    return DockerImage(text)


def docker_json(words: Iterable[str]) -> DockerJson:
    """Return words in exec form."""
    listed = [refuse_odd(word, "a Dockerfile") for word in words]
    return DockerJson(json.dumps(listed, ensure_ascii=False))


HERE_END = "EOF"
"""The one delimiter of here-documents in templates."""


def here_line(*fields: str) -> HereLine:
    """Return texts as one line, with tabs between them.

    Raises:
        EmitError: it would end the here-document, or a field holds control characters.
    """
    line = "\t".join(refuse_odd(field, "a here-document") for field in fields)
    if line.strip() == HERE_END:
        raise EmitError(f"`{HERE_END}` cannot stand in a here-document")
    return HereLine(line)


def bash_text(text: str) -> BashText:
    """Return a text as a here-document's lines.

    Raises:
        EmitError: a line holds control characters.
    """
    return BashText("\n".join(refuse_odd(line, "a script") for line in text.split("\n")))


def heredoc_end(text: str) -> BashText:
    """Return the line that ends a text; it follows from all of it, so it does not hold it."""
    end = f"END_{hashlib.sha256(text.encode()).hexdigest()[:20]}"
    return BashText(f"{end}_" if end in text else end)


def hcl(text: str) -> HclString:
    """Return a text as a string of HCL in which no template begins.

    Source: https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md#quoted-literals
    """
    text = refuse_odd(text, "HCL").replace("\\", "\\\\").replace('"', '\\"')
    return HclString('"' + text.replace("${", "$${").replace("%{", "%%{") + '"')


def yaml(text: str) -> YamlString:
    """Return a text as a string of YAML: double-quoted, as JSON has it, where it needs quotes.

    Compose and GitHub expand variables in strings; a text that would begin one is refused there
    by those who make such files.
    """
    text = refuse_odd(text, "YAML")
    return YamlString(text if _YAML.match(text) else json.dumps(text, ensure_ascii=False))


def yaml_lines(texts: Iterable[str]) -> YamlString:
    """Return texts as one string of YAML with a line for each."""
    lines = "\n".join(refuse_odd(text, "YAML") for text in texts)
    return YamlString(json.dumps(lines, ensure_ascii=False))
