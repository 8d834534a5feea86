"""Members of archives that are run without being pickles: by their names, and by what they say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from comfylock.model_files.dangerous_names import is_dangerous
from comfylock.model_files.facts import Trait
from comfylock.names import leaves_its_folder, printable
from comfylock.patterns import Pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from comfylock.model_files.feed import Feed

MAX_TEXT = 1 << 20
"""Bytes of a text that are read."""

_NATIVE = Pattern(r"(?i)\.(?:so(?:\.\d+)*|dll|dylib|pyd)\Z")
_SCRIPT = Pattern(r"(?:^|/)code/.*\.py\Z")
_SETTINGS = Pattern(r"(?i)\.ya?ml\Z")
_WRITES = re.compile(rb"\b(?:torch|ops\.\w{1,40})\.(?:from_file|save|fopen|system)\(")
_TARGET = re.compile(rb"""_target_["']?\s{0,8}:\s{0,8}["']?([A-Za-z_][\w.]{0,200})""")

_PACKAGED = ("MAR-INF/MANIFEST.json", ".data/extern_modules", ".data/python_version")
"""Members of archives whose Python files their loaders run: TorchServe's, torch.package's."""


def name_traits(name: str) -> Iterator[Trait]:
    """Yield what a member's name alone tells."""
    if leaves_its_folder(name.replace("\\", "/")):
        detail = f"would be unpacked to `{printable(name)}`, outside its folder"
        yield Trait("dangerous", "outside", detail, name)
    if _NATIVE.search(name):
        detail = f"holds native code, `{printable(name)}`, which its loader runs"
        yield Trait("dangerous", "code-file", detail, name)


def package_traits(names: Iterable[str]) -> Iterator[Trait]:
    """Yield a trait if an archive is a package of code, and not of TorchScript."""
    given = list(names)
    if not any(name.endswith(_PACKAGED) for name in given):
        return
    for name in given:
        if name.endswith((".py", ".pyc")) and not _SCRIPT.search(name):
            detail = f"holds Python code, `{printable(name)}`, which its loader runs"
            yield Trait("dangerous", "code-file", detail, name)
            return


def has_text(name: str) -> bool:
    """Say whether a member is to be read as a text that may be run."""
    return bool(_SCRIPT.search(name) or _SETTINGS.search(name))


def text_traits(name: str, feed: Feed) -> Iterator[Trait]:
    """Yield what the text of TorchScript, or of settings that name what is called, reaches for."""
    text = feed.take(MAX_TEXT)
    if _SCRIPT.search(name) and (match := _WRITES.search(text)):
        detail = f"its TorchScript calls `{match[0][:-1].decode()}`, which reaches files"
        yield Trait("dangerous", "code-text", detail, name)
    if _SETTINGS.search(name):
        for match in _TARGET.finditer(text):
            target = match[1].decode()
            if is_dangerous(*target.rpartition(".")[::2]):
                detail = f"its settings have `{target}` called"
                yield Trait("dangerous", "code-text", detail, name)
                return
