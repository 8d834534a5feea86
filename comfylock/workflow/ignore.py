"""Which files .gitignore leaves out, as git itself would say."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from pathspec import GitIgnoreSpec

MAX_RULES_BYTES = 1 << 20


class IgnoreRules:
    """The .gitignore files from the repository's top down to each folder that is entered."""

    def __init__(self, root: str) -> None:
        self._specs: dict[str, list[GitIgnoreSpec]] = {}
        self._loaded: set[str] = set()
        top = _repository_top(os.path.abspath(root))
        if top is not None:
            self._load(top, os.path.join(top, ".git", "info", "exclude"))
            chain = _between(top, os.path.abspath(root))
            for parent in chain[:-1]:
                self._load(parent, os.path.join(parent, ".gitignore"))
            # Who names an ignored folder means it: then only its own rules count.
            if any(self.ignores(folder, is_folder=True) for folder in chain[1:]):
                self._specs.clear()
            self._load(chain[-1], os.path.join(chain[-1], ".gitignore"))

    def enter(self, folder: str, names: Collection[str]) -> None:
        """Take the folder's own .gitignore into account, if it has one among its names."""
        if ".gitignore" in names:
            folder = os.path.abspath(folder)
            self._load(folder, os.path.join(folder, ".gitignore"))

    def ignores(self, path: str, *, is_folder: bool) -> bool:
        """Say whether git would ignore the path; the deepest .gitignore has the last word."""
        if not self._specs:
            return False
        path = os.path.abspath(path)
        folder = os.path.dirname(path)
        while True:
            for spec in reversed(self._specs.get(folder, ())):
                relative = path[len(folder.rstrip(os.sep)) + 1 :].replace(os.sep, "/")
                verdict = spec.check_file(relative + "/" if is_folder else relative).include
                if verdict is not None:
                    return verdict
            parent = os.path.dirname(folder)
            if parent == folder:
                return False
            folder = parent

    def _load(self, folder: str, file: str) -> None:
        if file in self._loaded:
            return
        self._loaded.add(file)
        if not os.path.isfile(file):  # a pipe of this name would be waited for
            return
        try:
            with open(file, "rb") as stream:
                text = stream.read(MAX_RULES_BYTES).decode("utf-8-sig", errors="surrogateescape")
        except OSError:
            return
        # pathspec costs 40 ms to import; most folders have no .gitignore.
        from pathspec import GitIgnoreSpec  # noqa: PLC0415

        rules = GitIgnoreSpec.from_lines(_valid_lines(text))
        self._specs.setdefault(folder, []).append(rules)


def _valid_lines(text: str) -> list[str]:
    """Return the lines that are patterns; git skips those that are not, and so do we."""
    from pathspec import GitIgnoreSpec  # noqa: PLC0415

    lines = []
    for line in text.replace("\r\n", "\n").split("\n"):
        try:
            GitIgnoreSpec.from_lines([line])
        except ValueError:
            continue
        lines.append(line)
    return lines


def _repository_top(folder: str) -> str | None:
    while True:
        if os.path.exists(os.path.join(folder, ".git")):
            return folder
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def _between(top: str, folder: str) -> list[str]:
    """Return the folders from `top` down to `folder`, both included."""
    chain = [folder]
    while chain[-1] != top:
        chain.append(os.path.dirname(chain[-1]))
    return chain[::-1]
