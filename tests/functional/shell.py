"""Run commands as a user does, in a folder with a home and a cache of its own."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from comfylock.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path


class Ended(Struct, frozen=True):
    """How a command ended."""

    code: int
    out: str
    err: str

    def json(self) -> dict[str, Any]:
        """Its envelope."""
        decoded: dict[str, Any] = json.loads(self.out)
        return decoded


class Shell(Struct, frozen=True):
    """A place to run commands in."""

    home: Any
    capture: Any
    monkeypatch: Any

    @property
    def project(self) -> Path:
        """The project's folder."""
        path: Path = self.home / "project"
        return path

    @property
    def own_layer(self) -> Path:
        """Where the project keeps its packs."""
        return self.project / ".comfylock" / "registry"

    @property
    def updated_layer(self) -> Path:
        """Where refreshed lists are kept."""
        path: Path = self.home / "cache" / "registry"
        return path

    def __call__(self, *words: str, columns: int = 80) -> Ended:
        self.monkeypatch.setenv("COLUMNS", str(columns))
        code = main([*words, "-C", str(self.project)])
        out, err = self.capture.readouterr()
        return Ended(code, out, err)

    def registry(self, *words: str, columns: int = 80) -> Ended:
        """Run `comfylock registry`."""
        return self("registry", *words, columns=columns)

    def pack(self, name: str, files: dict[str, str]) -> str:
        """Write a pack's files and return its folder."""
        folder = self.home / "packs" / name
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        return str(folder)

    def layer_file(self, name: str, content: Any) -> None:
        """Write a file into the project's layer, as it may lie there."""
        self.own_layer.mkdir(parents=True, exist_ok=True)
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        (self.own_layer / name).write_bytes(data)


def everything(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder with its bytes."""
    return {
        os.path.relpath(os.path.join(at, name), folder): (folder / at / name).read_bytes()
        for at, _, names in os.walk(folder)
        for name in names
    }
