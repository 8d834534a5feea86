"""The files of the small kinds, as somebody looked at them.

After a change that is meant: `python -m tests.emitting tests/unit/emit/expected`, and look again.
"""

from __future__ import annotations

from pathlib import Path

from comfylock import __version__
from tests.emitting import EXPECTED, reviewed

AS_OF = "0.1.0"
"""The version of comfylock that stands in what was reviewed."""


def test_what_is_emitted_is_what_was_reviewed() -> None:
    now = {Path(file.name).name: file.data.decode() for file in reviewed()}
    then = {path.name: path.read_text("utf-8") for path in EXPECTED.iterdir()}
    version = (f"comfylock=={AS_OF}", f"comfylock=={__version__}")
    assert now == {name: text.replace(*version) for name, text in then.items()}
