"""Chat templates in GGUF files: Jinja, which programs that do not fence it in run as Python.

Source: the GGUF specification; CVE-2024-34359 of llama-cpp-python.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from comfylock.model_files.facts import Trait
from comfylock.names import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.model_files.part import Part

MAX_SEARCHED = 64 << 20
"""Bytes from the begin of a file: its settings and its words."""

MAX_TEMPLATE = 1 << 20
_STEP = 1 << 20
_OVERLAP = 256
_KEY = re.compile(rb"tokenizer\.chat_template[\w.]{0,80}?\x08\x00\x00\x00")
"""A key, and that its value is a text; its length in eight bytes follows."""

_REACHES = re.compile(
    rb"__(?:annotations|bases?|builtins|call|class|closure|code|dict|func|get(?:attr|attribute|item)"
    rb"|globals|import|init|loader|module|mro|new|reduce|reduce_ex|self|spec|subclasses|wrapped)__"
    rb"|\\+x5f|\\+u005f|\\+137|\battr\s{0,8}\(|_TemplateReference__|\['_|\[\"_"
    rb"|(?<![A-Za-z])(?:builtins|cr_frame|func_globals|getattr|gi_frame|globals|importlib|mro|popen"
    rb"|subclasses|subprocess)(?![A-Za-z])"
)
"""What a template needs to get at Python's own attributes, and no chat does."""


def template_traits(part: Part) -> Iterator[Trait]:
    """Yield a trait for each template that reaches for Python itself."""
    for base in range(0, min(part.size, MAX_SEARCHED), _STEP - _OVERLAP):
        data = part.read(base, _STEP)
        for match in _KEY.finditer(data):
            at = base + match.end()
            length = int.from_bytes(part.read(at, 8), "little")
            text = part.read(at + 8, min(length, MAX_TEMPLATE))
            found = _REACHES.search(text)
            if found is not None:
                shown = printable(found[0].decode("utf-8", "replace"))
                detail = f"has a chat template that reaches for Python itself: `{shown}`"
                yield Trait("dangerous", "code-text", detail, f"byte {at + 8 + found.start()}")
                return
            if length > MAX_TEMPLATE:
                detail = "has a chat template too large to be looked into to its end"
                yield Trait("dangerous", "unread", detail, f"byte {at}")
