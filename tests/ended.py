"""Commands run in this process as a user's are, and how they ended."""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import pytest
from msgspec import Struct

from comfylock.cli.main import main


class Ended(Struct, frozen=True):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """What its envelope holds."""
        return json.loads(self.out)["data"]

    @property
    def found(self) -> set[tuple[str, str]]:
        """Kind and subject of each finding."""
        return {(each["kind"], each["subject"]) for each in self.data["findings"]}


def run(*words: str, **environment: str) -> Ended:
    """Run a command line in this process, with so much more in its environment."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        code = main(list(words))
    return Ended(code, _text(out), _text(err))


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode("utf-8", "replace")
