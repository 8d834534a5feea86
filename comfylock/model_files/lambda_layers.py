"""Keras' Lambda layers: Python code in a model's configuration."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from comfylock.model_files.dangerous_names import is_dangerous
from comfylock.model_files.facts import Trait

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfylock.model_files.feed import Feed

MAX_SEARCHED = 256 << 20
_STEP = 1 << 18
_OVERLAP = 256
_LAMBDA = re.compile(
    rb'"class_name"\s{0,8}:\s{0,8}"(?:Lambda|TFOpLambda|[\w.]{0,80}>Lambda)"'
    rb'|"class_name"\s{0,8}:\s{0,8}"__lambda__"'
    rb'|"module"\s{0,8}:\s{0,8}"(?!builtins")([A-Za-z_][\w.]{0,120})"'
    rb'|"config"\s{0,8}:\s{0,8}"(?:eval|exec|compile|open|__import__|getattr|breakpoint)"'
)


def lambda_traits(feed: Feed, place: str = "") -> Iterator[Trait]:
    """Yield a trait if a layer holds code; 256 MiB are searched."""
    kept = b""
    while feed.position < MAX_SEARCHED and (data := feed.take(_STEP)):
        for match in _LAMBDA.finditer(kept + data):
            if match[1] is None:
                yield Trait("dangerous", "lambda", "holds a layer that is Python code", place)
                return
            module = match[1].decode()
            if is_dangerous(module, ""):
                detail = f"has a function of Python's module `{module}` called"
                yield Trait("dangerous", "lambda", detail, place)
                return
        kept = data[-_OVERLAP:]
